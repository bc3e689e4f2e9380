"""What the model was fitted and tested on: counts, shares, sizes and labels that contradict each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import class_codes, codes_of, levels
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit.training_overlap import also_in, shown_images
from neuroval.data.schema import SPLITS

UNKNOWN_SOURCE = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitContent:
    """Cases of one split by class (k,), as counts and as shares of the split; largest over smallest class."""

    name: str
    n: int
    counts: tuple[int, ...]
    shares: tuple[Estimate, ...]
    imbalance_ratio: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassContent:
    """Cases, groups and known patients of one class, over all splits."""

    name: str
    n: int
    share: Estimate
    groups: int
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Image sizes in pixels over the ``known`` cases that have one: (smallest, median, largest)."""

    known: int
    distinct: int
    width: tuple[float, float, float]
    height: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConflict:
    """Copies of one image that carry different labels, by case id."""

    case_ids: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """A data set in counts. ``source_counts`` (s, k) holds cases by source and class; read-only."""

    n: int
    rejected: int
    groups: int
    patients: int
    splits: tuple[SplitContent, ...]
    classes: tuple[ClassContent, ...]
    sources: tuple[str, ...]
    source_counts: NDArray[np.int64]
    sizes: Sizes | None
    label_conflicts: tuple[LabelConflict, ...]


def describe(
    cases: pd.DataFrame,
    *,
    classes: Sequence[str],
    pairs: pd.DataFrame | None = None,
    images: NDArray[np.int64] | None = None,
    rejected: int = 0,
    level: float = 0.95,
) -> Dataset:
    """Return the data set's counts by split, class, source and group, its image sizes and label conflicts.

    ``cases`` is the study's cases table, all splits, ``pairs`` its table of copies, ``images`` what
    ``analysis.splits.shown_images`` makes of both, if that is there already; ``rejected`` the number of files that
    could not be used. Splits without cases are left out. Shares are Wilson intervals; an imbalance ratio is undefined
    when a class of the split is empty. Sizes are none when no case has one.
    """
    label = class_codes(cases["label"], classes)
    splits, split_counts = _by_class(*levels(cases["split"]), label, k=len(classes))
    sources, source_counts = _by_class(*levels(cases["source"], missing=UNKNOWN_SOURCE), label, k=len(classes))
    return Dataset(
        n=len(cases),
        rejected=rejected,
        groups=cases["group_id"].nunique(),
        patients=cases["patient_id"].nunique(),
        splits=tuple(
            _split_content(name, split_counts[splits.index(name)].tolist(), classes=classes, level=level)
            for name in SPLITS
            if name in splits
        ),
        classes=tuple(_class_content(cases, name, level=level) for name in classes),
        sources=sources,
        source_counts=source_counts,
        sizes=_sizes(cases),
        label_conflicts=_label_conflicts(cases, shown_images(cases, pairs) if images is None else images),
    )


def _by_class(
    names: tuple[str, ...], row: NDArray[np.int64], label: NDArray[np.int64], *, k: int
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names and the cases of each by class, read-only; ``row`` and ``label`` (n,) are those of a case."""
    counts = np.bincount(row * k + label, minlength=len(names) * k).astype(np.int64).reshape(len(names), k)
    counts.setflags(write=False)
    return names, counts


def _split_content(name: str, counts: list[int], *, classes: Sequence[str], level: float) -> SplitContent:
    n = sum(counts)
    empty = [label for label, count in zip(classes, counts, strict=True) if count == 0]
    if empty:
        ratio = Estimate.undefined(reason=Reason("no_cases_of", of=tuple(empty)), n=n)
    else:
        ratio = Estimate(
            value=max(counts) / min(counts),
            method=Method("largest_over_smallest"),
            n=n,
            reason=Reason("a_description"),
        )
    return SplitContent(
        name=name,
        n=n,
        counts=tuple(counts),
        shares=tuple(proportion(count, n, level=level) for count in counts),
        imbalance_ratio=ratio,
    )


def _class_content(cases: pd.DataFrame, name: str, *, level: float) -> ClassContent:
    of_class = cases.loc[cases["label"] == name, ["group_id", "patient_id"]]
    return ClassContent(
        name=name,
        n=len(of_class),
        share=proportion(len(of_class), len(cases), level=level),
        groups=of_class["group_id"].nunique(),
        patients=of_class["patient_id"].nunique(),
    )


def _sizes(cases: pd.DataFrame) -> Sizes | None:
    known = cases[["width", "height"]].dropna().astype(np.float64)
    if known.empty:
        return None
    smallest, median, largest = known.min(), known.median(), known.max()
    return Sizes(
        known=len(known),
        distinct=len(known.drop_duplicates()),
        width=(float(smallest["width"]), float(median["width"]), float(largest["width"])),
        height=(float(smallest["height"]), float(median["height"]), float(largest["height"])),
    )


def _label_conflicts(cases: pd.DataFrame, images: NDArray[np.int64]) -> tuple[LabelConflict, ...]:
    label = codes_of(cases["label"])
    last = np.zeros(images.max(initial=-1) + 1, dtype=np.int64)
    last[images] = label
    contradicted = also_in(label != last[images], images)
    conflicting = cases.loc[contradicted, ["case_id", "label"]].assign(image=images[contradicted])
    conflicting = conflicting.sort_values("case_id")
    return tuple(
        LabelConflict(case_ids=tuple(same["case_id"]), labels=tuple(same["label"]))
        for _, same in conflicting.groupby("image", sort=False)
    )


def rejected_files(dataset: Dataset) -> Finding | None:
    """Return how many files could not be used, none when all could."""
    if not dataset.rejected:
        return None
    return Finding(
        code="rejected_files",
        severity="warning",
        check="composition",
        page="data_set",
        count=dataset.rejected,
        n=dataset.n + dataset.rejected,
    )
