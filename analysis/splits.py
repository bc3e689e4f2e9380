"""Whether the evaluated cases are new to the model: what they share with the data it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate import Estimate
from analysis.proportions import proportion
from data.splits import group_ids

FITTED_ON: Final = ("train", "tuning")
NOTHING_TO_COMPARE: Final = "no patient id and no file hash is known on both sides"


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
    reason: str | None
    overall: Shared
    classes: tuple[Shared, ...]
    groups: int
    largest_group: int


def leakage(
    cases: pd.DataFrame,
    *,
    classes: Sequence[str],
    pairs: pd.DataFrame | None = None,
    split: str = "test",
    level: float = 0.95,
) -> Leakage:
    """Return how many cases of ``split`` share a group, a patient or a copy with train or tuning.

    ``cases`` is the study's cases table, all splits; ``pairs`` its table of copies, without which only exact copies
    are known. The tuning split itself is compared with train only. Shares
    are Wilson intervals, undefined when the split is empty, when there are no training cases, and when nothing is
    known to compare by.
    """
    against = against_of(split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    shown = cases.assign(image=copies(cases, pairs).to_numpy())
    facts = pd.DataFrame(
        {
            "label": cases["label"],
            "group": _reaches(cases, "group_id", against=against),
            "patient": _reaches(cases, "patient_id", against=against),
            "copy": _reaches(shown, "image", against=against),
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
    against = against_of(split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    known = _comparable(cases, against=against)[evaluated].tolist()
    reaches = _reaches(cases, "group_id", against=against)[evaluated].tolist()
    ids = cases.loc[evaluated, "case_id"]
    return {
        case_id: shared if comparable else None for case_id, comparable, shared in zip(ids, known, reaches, strict=True)
    }


def within_one_fold(groups: pd.Series, folds: pd.Series) -> NDArray[np.bool_]:
    """Return a mask over the rows: those whose group lies in a single fold, as grouped cross-validation asks."""
    number: pd.Series = folds.groupby(groups).transform("nunique")
    return (number == 1).to_numpy(dtype=np.bool_)


def copies(cases: pd.DataFrame, pairs: pd.DataFrame | None = None) -> pd.Series:
    """Return by case id which image a case shows: equal for exact copies and for cases tied by pairs, patients apart.

    ``pairs`` is the study's table of copies.
    """
    tied = pd.DataFrame({"case_a": [], "case_b": []}) if pairs is None else pairs
    same = group_ids(cases.assign(patient_id=cases["sha256"]), tied)
    return pd.Series(same.to_numpy(), index=cases["case_id"].to_numpy())


def against_of(split: str) -> tuple[str, ...]:
    """Return the splits that cases of ``split`` are compared with: what the model was fitted on."""
    return tuple(name for name in FITTED_ON if name != split) if split == "tuning" else FITTED_ON


def _reaches(cases: pd.DataFrame, column: str, *, against: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return per row whether its value in ``column`` also stands in a row of the ``against`` splits."""
    codes, values = pd.factorize(cases[column].to_numpy(dtype=object))
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_) & (codes >= 0)
    held = np.zeros(len(values), dtype=np.bool_)
    held[codes[fitted]] = True
    known = codes >= 0
    reached = np.zeros(len(codes), dtype=np.bool_)
    reached[known] = held[codes[known]]
    return reached


def _comparable(cases: pd.DataFrame, *, against: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return per row whether something is known by which it can be compared with the ``against`` splits."""
    fitted = cases["split"].isin(against)
    comparable = cases["group_id"].duplicated(keep=False).to_numpy(dtype=np.bool_) & bool(fitted.any())
    for column in ("patient_id", "sha256"):
        known = cases[column].notna()
        if bool((known & fitted).any()):
            comparable |= known.to_numpy(dtype=np.bool_)
    return comparable


def _not_comparable(cases: pd.DataFrame, facts: pd.DataFrame, *, against: tuple[str, ...]) -> str | None:
    if not len(facts):
        return "no cases"
    if not cases["split"].isin(against).any():
        return "the study holds no training cases"
    return None if facts["compared"].any() else NOTHING_TO_COMPARE


def _shared(facts: pd.DataFrame, *, name: str, level: float) -> Shared:
    n, compared = len(facts), int(facts["compared"].sum())
    shared = proportion(int(facts["group"].sum()), n, level=level)
    return Shared(
        name=name,
        n=n,
        group=shared if compared or not n else Estimate.undefined(reason="nothing known to compare by", n=n),
        patient=_of_known(facts, "patient", reason="no case has a patient id", level=level),
        copy=_of_known(facts, "copy", reason="no case has a file hash", level=level),
        known_patient=proportion(int(facts["known_patient"].sum()), n, level=level),
        compared=proportion(compared, n, level=level),
    )


def _of_known(facts: pd.DataFrame, column: str, *, reason: str, level: float) -> Estimate:
    known = int(facts[f"known_{column}"].sum())
    if known == 0:
        return Estimate.undefined(reason=reason, n=0)
    return proportion(int(facts[column].sum()), known, level=level)
