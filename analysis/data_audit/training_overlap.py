"""Whether the evaluated cases are new to the model: what they share with the data it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import proportion
from neuroval.data.dataset.splits import connected, pair_rows

SHARED_GROUPS: Final = "shared_groups"
FITTED_ON: Final = ("train", "tuning")
NOTHING_TO_COMPARE: Final = Reason("nothing_known_on_both_sides")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How many of ``n`` evaluated cases share something with the data the model was fitted on.

    ``group`` is the share of all cases whose group reaches across, undefined when none of them can be compared;
    ``patient`` is of the cases whose patient is known, ``copy`` of the cases whose file hash is known; both are
    undefined when that is none. ``known_patient`` is the share of cases whose patient is known at all, ``compared``
    the share that can be compared: by patient or hash, known on both sides, or by a group found otherwise.
    """

    name: str
    n: int
    group: Estimate
    patient: Estimate
    copy: Estimate
    known_patient: Estimate
    compared: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """What the cases of ``split`` share with those of ``against``: over all, and by reference class.

    ``reason`` says why nothing can be said, none when something can. ``groups`` is the number of groups in the whole
    table, ``largest_group`` the cases of the largest: a wrong near-duplicate pair chains groups together, and shows
    here.
    """

    split: str
    against: tuple[str, ...]
    reason: Reason | None
    overall: Shared
    classes: tuple[Shared, ...]
    groups: int
    largest_group: int


def leakage(
    cases: pd.DataFrame,
    *,
    classes: Sequence[str],
    pairs: pd.DataFrame | None = None,
    images: NDArray[np.int64] | None = None,
    split: str = "test",
    level: float = 0.95,
) -> Leakage:
    """Return how many cases of ``split`` share a group, a patient or a copy with train or tuning.

    ``cases`` is the study's cases table, all splits; ``pairs`` its table of copies, without which only exact copies
    are known; ``images`` what ``shown_images`` makes of both, if that is there already. The tuning split itself is
    compared with train only. Shares are Wilson intervals, undefined when the split is empty, when there are no
    training cases, and when nothing is known to compare by.
    """
    against = against_of(split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    shown = shown_images(cases, pairs) if images is None else images
    facts = pd.DataFrame(
        {
            "label": cases["label"],
            "group": also_in(fitted, codes_of(cases["group_id"])),
            "patient": also_in(fitted, codes_of(cases["patient_id"])),
            "copy": also_in(fitted, shown),
            "known_patient": cases["patient_id"].notna(),
            "known_copy": cases["sha256"].notna(),
            "compared": _comparable(cases, against=against),
        }
    )[evaluated]
    sizes = cases.groupby("group_id").size()
    return Leakage(
        split=split,
        against=against,
        reason=_not_comparable(cases, facts, against=against),
        overall=_shared(facts, name="all", level=level),
        classes=tuple(_shared(facts[facts["label"] == name], name=name, level=level) for name in classes),
        groups=len(sizes),
        largest_group=int(sizes.max()) if len(sizes) else 0,
    )


def shared_with_training(cases: pd.DataFrame, *, split: str = "test") -> dict[str, bool | None]:
    """Return by case id of ``split`` whether its group reaches into train or tuning; none when it is not known.

    Numbers on the cases that do not are what they would be without the leak.
    """
    known, reaches = compared_with_training(cases, split=split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    rows = zip(cases.loc[evaluated, "case_id"], known[evaluated].tolist(), reaches[evaluated].tolist(), strict=True)
    return {case_id: shared if comparable else None for case_id, comparable, shared in rows}


def compared_with_training(cases: pd.DataFrame, *, split: str = "test") -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return per row (n,) whether it can be compared with train and tuning, and whether its group reaches there.

    What is fitted on when cases of ``split`` are judged: for the tuning split, train only.
    """
    against = against_of(split)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    return _comparable(cases, against=against), also_in(fitted, codes_of(cases["group_id"]))


def within_one_fold(groups: NDArray[Any] | pd.Series, folds: NDArray[Any] | pd.Series) -> NDArray[np.bool_]:
    """Return a mask over the rows (n,): those whose group lies in a single fold, as grouped cross-validation asks."""
    group, fold = codes_of(groups), codes_of(folds)
    last = np.zeros(group.max(initial=-1) + 1, dtype=np.int64)
    last[group] = fold
    return ~also_in(fold != last[group], group)


def shown_images(cases: pd.DataFrame, pairs: pd.DataFrame | None = None) -> NDArray[np.int64]:
    """Return per row (n,) the number of the image it shows: equal for exact copies and for cases tied by pairs.

    ``pairs`` is the study's table of copies. Patients have no part in it.
    """
    tied = np.zeros((2, 0), dtype=np.int64) if pairs is None else pair_rows(cases["case_id"], pairs)
    return connected(codes_of(cases["sha256"]), tied)


def also_in(rows: NDArray[np.bool_], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return per row (n,) whether one of the ``rows`` (n,) carries its number in ``codes`` (n,); -1 is not known."""
    held = np.zeros(codes.max(initial=-1) + 2, dtype=np.bool_)  # the last place is that of -1
    held[codes[rows]] = True
    held[-1] = False
    return held[codes]


def against_of(split: str) -> tuple[str, ...]:
    """Return the splits that cases of ``split`` are compared with: what the model was fitted on."""
    return tuple(name for name in FITTED_ON if name != split) if split == "tuning" else FITTED_ON


def _comparable(cases: pd.DataFrame, *, against: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return per row whether something is known by which it can be compared with the ``against`` splits."""
    fitted = cases["split"].isin(against)
    comparable = cases["group_id"].duplicated(keep=False).to_numpy(dtype=np.bool_) & bool(fitted.any())
    for column in ("patient_id", "sha256"):
        known = cases[column].notna()
        if bool((known & fitted).any()):
            comparable |= known.to_numpy(dtype=np.bool_)
    return comparable


def _not_comparable(cases: pd.DataFrame, facts: pd.DataFrame, *, against: tuple[str, ...]) -> Reason | None:
    if not len(facts):
        return Reason("no_cases")
    if not cases["split"].isin(against).any():
        return Reason("no_training_cases")
    return None if facts["compared"].any() else NOTHING_TO_COMPARE


def _shared(facts: pd.DataFrame, *, name: str, level: float) -> Shared:
    n, compared = len(facts), int(facts["compared"].sum())
    shared = proportion(int(facts["group"].sum()), n, level=level)
    return Shared(
        name=name,
        n=n,
        group=shared if compared or not n else Estimate.undefined(reason=Reason("nothing_to_compare_by"), n=n),
        patient=_of_known(facts, "patient", reason=Reason("no_patient_ids"), level=level),
        copy=_of_known(facts, "copy", reason=Reason("no_file_hashes"), level=level),
        known_patient=proportion(int(facts["known_patient"].sum()), n, level=level),
        compared=proportion(compared, n, level=level),
    )


def _of_known(facts: pd.DataFrame, column: str, *, reason: Reason, level: float) -> Estimate:
    known = int(facts[f"known_{column}"].sum())
    if known == 0:
        return Estimate.undefined(reason=reason, n=0)
    return proportion(int(facts[column].sum()), known, level=level)


def shared_groups(found: Leakage) -> Finding | None:
    """Return how many cases share a group with training, none when no case does."""
    shared = found.overall.group
    if not shared.count:
        return None
    return Finding(
        code=SHARED_GROUPS,
        severity="critical",
        check="training_overlap",
        page="data_set",
        count=shared.count,
        n=found.overall.n,
        facts={"split": found.split, "share": shared.value},
    )


def unchecked(found: Leakage) -> Finding | None:
    """Return for how many cases it cannot be said what they share with training, none when it can for all."""
    n, compared = found.overall.n, found.overall.compared.count or 0
    if compared == n:
        return None
    return Finding(
        code="leakage_unchecked",
        severity="warning",
        check="training_overlap",
        page="data_set",
        count=n - compared,
        n=n,
        facts={"split": found.split, "reason": found.reason},
    )
