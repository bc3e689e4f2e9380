"""What the images are like by class and by source: size, format, file size, grey values; and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import levels
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.composition import UNKNOWN_SOURCE
from neuroval.data.exceptions import InputError
from neuroval.data.schema import CASES

MEASURED: Final = ("width", "height", "file_bytes", "mean_intensity", "sd_intensity")
METADATA: Final = tuple(field.name for field in CASES if field.nullable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Smallest, quartiles and largest of the ``known`` values among ``n`` cases; all none when none is known."""

    n: int
    known: int
    smallest: float | None = None
    lower_quartile: float | None = None
    median: float | None = None
    upper_quartile: float | None = None
    largest: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A file format and the cases that have it."""

    name: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """The images of one class or one source.

    Width and height are in pixels, the file size in bytes, the grey values' mean and standard deviation within an
    image as the study keeps them. ``formats`` come most frequent first and leave out cases without a known format.
    """

    name: str
    n: int
    width: Spread
    height: Spread
    file_bytes: Spread
    mean_intensity: Spread
    sd_intensity: Spread
    formats: tuple[Format, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingColumn:
    """A metadata column, the share of cases without a value in it, and their number per class, (k,)."""

    name: str
    share: Estimate
    by_class: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What is known of the images of ``n`` cases: by class in the given order, by source sorted, and what is not."""

    n: int
    classes: tuple[ImageContent, ...]
    sources: tuple[ImageContent, ...]
    missing: tuple[MissingColumn, ...]


def describe_images(cases: pd.DataFrame, *, classes: Sequence[str]) -> Images:
    """Return size, file format, file size and grey values of the images by class and source, and missing metadata.

    ``cases`` is a study's cases table, any splits; a nullable column that is absent counts as null. Cases without a
    source are together under "unknown". A missing value is left out of its spread, and a spread without any value is
    none, with the reason. Quartiles interpolate linearly between order statistics. The shares describe these cases
    and carry no interval; they are undefined without cases. Raises ``InputError`` for a label that is not a class.

    Source: Hyndman & Fan, Am Stat 1996;50:361-365, definition 7 (quartiles).
    """
    columns = {name: _numbers(cases, name) for name in MEASURED}
    labels, label = levels(cases["label"])
    unknown = sorted(set(labels) - set(classes))
    if unknown or (label < 0).any():
        raise InputError(f"label: found {unknown or 'none'} in the cases, expected one of {list(classes)}.")
    label = np.array([list(classes).index(name) for name in labels], dtype=np.int64)[label]
    sources, source = levels(_column(cases, "source"), missing=UNKNOWN_SOURCE)
    formats = levels(_column(cases, "file_format"))
    return Images(
        n=len(cases),
        classes=_by(label, tuple(classes), columns, formats),
        sources=_by(source, sources, columns, formats),
        missing=tuple(_missing(cases, name, label, k=len(classes)) for name in METADATA),
    )


def _by(
    owner: NDArray[np.int64],
    names: tuple[str, ...],
    columns: dict[str, NDArray[np.float64]],
    formats: tuple[tuple[str, ...], NDArray[np.int64]],
) -> tuple[ImageContent, ...]:
    """Return the content of each of ``names``, whose cases are those with its index in ``owner`` (n,)."""
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(names)))
    starts = ends - np.bincount(owner, minlength=len(names))
    return tuple(
        _content(name, order[start:end], columns, formats)
        for name, start, end in zip(names, starts.tolist(), ends.tolist(), strict=True)
    )


def _content(
    name: str,
    rows: NDArray[np.intp],
    columns: dict[str, NDArray[np.float64]],
    formats: tuple[tuple[str, ...], NDArray[np.int64]],
) -> ImageContent:
    kinds, kind = formats
    counts = np.bincount(kind[rows][kind[rows] >= 0], minlength=len(kinds))
    # Formats are sorted by name: a stable sort leaves equal counts in that order.
    ranked = [index for index in np.argsort(-counts, kind="stable").tolist() if counts[index]]
    return ImageContent(
        name=name,
        n=len(rows),
        formats=tuple(Format(name=kinds[index], n=int(counts[index])) for index in ranked),
        **{column: _spread(values[rows]) for column, values in columns.items()},
    )


def _spread(values: NDArray[np.float64]) -> Spread:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Spread(n=len(values), known=0, reason=Reason("not_recorded" if len(values) else "no_cases"))
    smallest, lower, median, upper, largest = np.quantile(known, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return Spread(
        n=len(values),
        known=len(known),
        smallest=smallest,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        largest=largest,
    )


def _missing(cases: pd.DataFrame, name: str, label: NDArray[np.int64], *, k: int) -> MissingColumn:
    n = len(cases)
    absent = cases[name].isna().to_numpy(dtype=np.bool_) if name in cases else np.ones(n, dtype=np.bool_)
    count = int(absent.sum())
    share = Estimate.undefined(reason=Reason("no_cases"), n=0)
    if n:
        share = Estimate(
            value=count / n,
            method=Method("without_value"),
            n=n,
            count=count,
            reason=Reason("a_description"),
        )
    return MissingColumn(name=name, share=share, by_class=tuple(np.bincount(label[absent], minlength=k).tolist()))


def _numbers(cases: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in cases:
        return np.full(len(cases), np.nan)
    return np.asarray(pd.to_numeric(cases[name]).to_numpy(dtype=np.float64, na_value=np.nan))


def _column(cases: pd.DataFrame, name: str) -> pd.Series:
    return cases[name] if name in cases else pd.Series(None, index=cases.index, dtype="object")
