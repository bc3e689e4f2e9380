"""Whether the evaluated cases are new to the model: what they share with the data it was fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import proportion
from neuroval.data.dataset.splits import connected, pair_rows

SHARED_GROUPS: Final = "shared_groups"
FITTED_ON: Final = ("train", "tuning")
COMPARED_BY: Final = {"patient_id": "patient", "sha256": "hash"}  # the column, and what the reasons call it
NO_TRAINING: Final = Reason("no_training_cases")
NOTHING_TO_COMPARE: Final = Reason("nothing_known_on_both_sides")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How many of ``n`` evaluated cases share something with the data the model was fitted on.

    ``group`` is the share of all cases whose group reaches across, ``patient`` of the cases whose patient is known,
    ``copy`` of the cases whose file hash is known. Each is undefined when that is none, and when it cannot be told
    for all of them: the count is then the least that it can be. ``known_patient`` is the share of cases whose patient
    is known at all, ``compared`` the share that can be compared: see ``compared_with_training``.
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
    training cases, and when some cases cannot be compared: a case without an id is nobody's copy until it is known.
    """
    against = against_of(split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    shown = shown_images(cases, pairs) if images is None else images
    group = also_in(fitted, codes_of(cases["group_id"]))
    facts = pd.DataFrame(
        {
            "label": cases["label"],
            "group": group,
            "patient": also_in(fitted, codes_of(cases["patient_id"])),
            "copy": also_in(fitted, shown),
            "known_patient": cases["patient_id"].notna(),
            "known_copy": cases["sha256"].notna(),
            "compared": group | comparable(cases, against=against),
        }
    )[evaluated]
    lacking = {column: lacking_in_training(cases, column, against=against) for column in COMPARED_BY}
    sizes = cases.groupby("group_id").size()
    return Leakage(
        split=split,
        against=against,
        reason=_notcomparable(cases, facts, against=against),
        overall=_shared(facts, name="all", lacking=lacking, level=level),
        classes=tuple(
            _shared(facts[facts["label"] == name], name=name, lacking=lacking, level=level) for name in classes
        ),
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

    What is fitted on when cases of ``split`` are judged: for the tuning split, train only. A case whose group reaches
    there is known to be shared. Any other case can be compared by its patient id when every case that was fitted on
    has one, and by its file hash likewise: among cases without an id may be its own patient.
    """
    against = against_of(split)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    reaches = also_in(fitted, codes_of(cases["group_id"]))
    return reaches | comparable(cases, against=against), reaches


def lacking_in_training(cases: pd.DataFrame, column: str, *, against: Sequence[str]) -> Reason | None:
    """Return why cases cannot be compared by a column with those of the ``against`` splits; none when they can."""
    if not (cases["split"] == "train").any():
        return NO_TRAINING
    known = cases.loc[cases["split"].isin(against), column].notna()
    if known.all():
        return None
    count, what = int(known.sum()), COMPARED_BY[column]
    return Reason("few_training_cases_have", known_by=what, count=count, cases=len(known))


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


def comparable(cases: pd.DataFrame, *, against: Sequence[str]) -> NDArray[np.bool_]:
    """Return per row (n,) whether it has an id or a hash, and every case of the ``against`` splits has one too."""
    known = np.zeros(len(cases), dtype=np.bool_)
    for column in COMPARED_BY:
        if lacking_in_training(cases, column, against=against) is None:
            known |= cases[column].notna().to_numpy(dtype=np.bool_)
    return known


def _notcomparable(cases: pd.DataFrame, facts: pd.DataFrame, *, against: Sequence[str]) -> Reason | None:
    if not len(facts):
        return Reason("no_cases")
    if facts["compared"].any():
        return None
    if not (cases["split"] == "train").any():
        return NO_TRAINING
    return not_on_both_sides(cases, split=cases.loc[facts.index[0], "split"], against=against)


def not_on_both_sides(cases: pd.DataFrame, *, split: str, against: Sequence[str]) -> Reason:
    """Return what is known of too few training cases, as a reason why none of ``split`` can be compared."""
    evaluated = cases["split"] == split
    lacking = [
        lacking_in_training(cases, column, against=against)
        for column in COMPARED_BY
        if all(cases.loc[side, column].notna().any() for side in (evaluated, cases["split"].isin(against)))
    ]
    reasons = [reason for reason in lacking if reason is not None]
    if len(reasons) > 1:
        return Reason("and", first=reasons[0], second=reasons[1])
    return reasons[0] if reasons else NOTHING_TO_COMPARE


def _shared(facts: pd.DataFrame, *, name: str, lacking: Mapping[str, Reason | None], level: float) -> Shared:
    n, compared = len(facts), int(facts["compared"].sum())
    return Shared(
        name=name,
        n=n,
        group=_share(facts, "group", lacking=_not_compared(n - compared, n), level=level),
        patient=_of_known(facts, "patient", Reason("no_patient_ids"), lacking=lacking["patient_id"], level=level),
        copy=_of_known(facts, "copy", Reason("no_file_hashes"), lacking=lacking["sha256"], level=level),
        known_patient=proportion(int(facts["known_patient"].sum()), n, level=level),
        compared=proportion(compared, n, level=level),
    )


def _not_compared(number: int, n: int) -> Reason | None:
    if not number:
        return None
    if number == n:
        return Reason("nothing_to_compare_by")
    return Reason("some_cannot_be_compared", number=number, cases=n)


def _of_known(
    facts: pd.DataFrame, column: str, nothing_known: Reason, *, lacking: Reason | None, level: float
) -> Estimate:
    known = facts[facts[f"known_{column}"]]
    if known.empty:
        return Estimate.undefined(reason=nothing_known, n=0)
    return _share(known, column, lacking=None if known[column].all() else lacking, level=level)


def _share(facts: pd.DataFrame, column: str, *, lacking: Reason | None, level: float) -> Estimate:
    """Return the share of cases of which a fact holds; undefined, with its least count, where that is ``lacking``."""
    count, n = int(facts[column].sum()), len(facts)
    if lacking is None:
        return proportion(count, n, level=level)
    reason = Reason("at_least_shared", reason=lacking, count=count, cases=n) if count else lacking
    return Estimate(value=None, method=Method("not_estimable"), n=n, count=count or None, reason=reason)


def shared_groups(leakage: Leakage) -> Finding | None:
    """Return how many cases share a group with training, none when no case does."""
    shared = leakage.overall.group
    if not shared.count:
        return None
    return Finding(
        code=SHARED_GROUPS,
        severity="critical",
        check="training_overlap",
        page="data_set",
        count=shared.count,
        n=leakage.overall.n,
        facts={"split": leakage.split, "share": shared.value},
    )


def unchecked(leakage: Leakage) -> Finding | None:
    """Return for how many cases it cannot be said what they share with training, none when it can for all."""
    n, compared = leakage.overall.n, leakage.overall.compared.count or 0
    if compared == n:
        return None
    return Finding(
        code="leakage_unchecked",
        severity="warning",
        check="training_overlap",
        page="data_set",
        count=n - compared,
        n=n,
        facts={"split": leakage.split, "reason": leakage.reason},
    )
