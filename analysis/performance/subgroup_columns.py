"""What a study records beside the label, as levels: sex, age in bins, site, scanner, plane, tumour size and more."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import levels
from neuroval.data.exceptions import InputError
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.folder import Study
from neuroval.data.study.gradcam import GradCams

FIXED: Final = ("plane", "source", "site", "file_format")  # of every table of cases
TUMOUR_SIZE, IMAGE_SIZE = "tumour_size", "image_size"  # made of the outline, and of width and height
DISTINCT: Final = 8  # numbers that are levels themselves, such as field strengths; more are put into bins
AGES: Final = (18, 40, 60, 80)  # years at which a bin begins: children, then steps of twenty years
AGE_NAME: Final = re.compile(r"(^|[ _-])age([ _-]|$)")
ASKED_FIRST: Final = (  # parts of names, in the order in which a clinic asks
    ("sex", "gender"),
    ("age",),
    ("site", "centre", "center", "hospital"),
    ("scanner", "manufacturer", "vendor", "model"),
    ("field", "tesla"),
    ("plane",),
    (TUMOUR_SIZE,),
    ("source",),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """The ``levels`` of a column in their order, and per case (n,) the index of its level, -1 where not known."""

    name: str
    levels: tuple[str, ...]
    codes: NDArray[np.int64]


def column_names(study: Study) -> tuple[str, ...]:
    """Return the columns that a study records for any of its cases, those that a clinic asks for first in front."""
    cases = study.cases
    held = [name for name in (*FIXED, *study.manifest.data.columns) if name in cases and cases[name].notna().any()]
    if cases["width"].notna().any() and cases["height"].notna().any():
        held.append(IMAGE_SIZE)
    if study.gradcam is not None and study.gradcam.has_mask.any():
        held.append(TUMOUR_SIZE)
    return tuple(sorted(held, key=_place))


def column(study: Study, name: str, *, rows: NDArray[np.int64]) -> Column:
    """Return a recorded column of the cases in ``rows`` (n,) of the study's table.

    Text has a level a value. So have numbers of up to 8 different values; with more they are put into bins: ages at
    18, 40, 60 and 80 years, others at the quartiles of all cases of the study. Tumour size is the share of the image
    inside the reference outline, in thirds. Edges do not depend on ``rows``. Raises ``InputError`` for a column that
    the study does not record, naming those that it does.
    """
    known = column_names(study)
    if name not in known:
        raise InputError(f"{study.manifest.about.name}: no column {name!r} is recorded; there are {list(known)}.")
    if name == TUMOUR_SIZE and study.gradcam is not None:
        return _tumour_size(study, study.gradcam, rows=rows)
    values = study.cases[name] if name != IMAGE_SIZE else _pixels(study.cases)
    if name == IMAGE_SIZE and values.nunique() <= DISTINCT:
        width, height = (study.cases[side].astype("Int64").astype("str") for side in ("width", "height"))
        values = width + " x " + height
        values = values.where(_pixels(study.cases).notna())
    if not pd.api.types.is_numeric_dtype(values):
        names, codes = levels(values)
        return Column(name=name, levels=names, codes=codes[rows])
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    distinct = np.unique(numbers[~np.isnan(numbers)])
    if AGE_NAME.search(name.casefold()) and len(distinct) > DISTINCT:
        names, codes = _ages(numbers)
    elif len(distinct) <= DISTINCT:
        names = tuple(f"{value:g}" for value in distinct.tolist())
        codes = np.where(np.isnan(numbers), -1, np.searchsorted(distinct, numbers))
    else:
        names, codes = _bins(numbers, at=(0.25, 0.5, 0.75))
    return Column(name=name, levels=names, codes=codes[rows].astype(np.int64))


def crossed(columns: Sequence[Column]) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.int64]]:
    """Return the combinations of levels that occur, and per case (n,) the index of its own, -1 where one is not known.

    Combinations are in the order of the levels, the first column first.
    """
    code, known = np.zeros(len(columns[0].codes), dtype=np.int64), np.ones(len(columns[0].codes), dtype=np.bool_)
    for part in columns:
        code = code * len(part.levels) + np.maximum(part.codes, 0)
        known &= part.codes >= 0
    size = int(np.prod([len(part.levels) for part in columns], dtype=np.int64))
    held = np.flatnonzero(np.bincount(code[known], minlength=size))
    place = np.full(size, -1, dtype=np.int64)
    place[held] = np.arange(len(held))
    parts = np.unravel_index(held, [len(part.levels) for part in columns])
    names = tuple(
        tuple(part.levels[index] for part, index in zip(columns, indices, strict=True))
        for indices in zip(*(part.tolist() for part in parts), strict=True)
    )
    return names, np.where(known, place[code], -1)


def _place(name: str) -> tuple[int, str]:
    words = set(re.split(r"[ _-]+", name.casefold()))
    for place, parts in enumerate(ASKED_FIRST):
        if name in parts or words & set(parts):
            return place, name
    return len(ASKED_FIRST) + (name in (*FIXED, IMAGE_SIZE)), name


def _pixels(cases: pd.DataFrame) -> pd.Series:
    return cases["width"].astype("Float64") * cases["height"].astype("Float64")


def _ages(years: NDArray[np.float64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    starts = (0, *AGES)
    names = [f"{first} to {after - 1}" for first, after in zip(starts, AGES, strict=False)]
    codes = np.searchsorted(np.array(AGES), years, side="right")
    return (*names, f"{AGES[-1]} and over"), np.where(np.isnan(years), -1, codes).astype(np.int64)


def _bins(
    numbers: NDArray[np.float64], *, at: Sequence[float], percent: bool = False
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return bins that end at quantiles of the known numbers, each end within its bin."""
    known = numbers[~np.isnan(numbers)]
    ends = np.unique(np.quantile(known, at, method="inverted_cdf"))
    ends = ends[ends < known.max()]
    shown = _told_apart(ends.tolist(), percent=percent)
    names = [f"up to {shown[0]}"] if shown else ["all"]
    names += [f"above {low} to {high}" for low, high in pairwise(shown)]
    names += [f"above {shown[-1]}"] if shown else []
    codes = np.searchsorted(ends, numbers, side="left")
    return tuple(names), np.where(np.isnan(numbers), -1, codes).astype(np.int64)


def _told_apart(ends: Iterable[float], *, percent: bool) -> list[str]:
    """Return numbers with as few digits as tell them apart, three at least."""
    values = [100 * end if percent else end for end in ends]
    for digits in range(3, 17):
        shown = [f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}" for value in values]
        if len(set(shown)) == len(shown):
            break
    return [f"{text}%" if percent else text for text in shown] if values else []


def _tumour_size(study: Study, gradcam: GradCams, *, rows: NDArray[np.int64]) -> Column:
    outlined = np.flatnonzero(gradcam.has_mask)
    share = np.full(len(gradcam.case_ids), np.nan)
    share[outlined] = gradcam.masks[outlined].mean(axis=(1, 2))
    names, codes = _bins(share, at=(1 / 3, 2 / 3), percent=True)
    places = positions(study.cases["case_id"].iloc[rows], among=gradcam.case_ids.to_series())
    return Column(
        name=TUMOUR_SIZE,
        levels=tuple(f"{name} of the image" for name in names),
        codes=np.append(codes, -1)[places],
    )
