"""Whether the evaluated cases are new to the model: what they share with the data it was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate import Estimate
from analysis.proportions import proportion

FITTED_ON: Final = ("train", "tuning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How many of ``n`` evaluated cases share something with the data the model was fitted on.

    ``group`` is the share of all cases whose group reaches across; ``patient`` is of the cases whose patient is
    known, ``copy`` of the cases whose file hash is known; both are undefined when that is none.
    ``known_patient`` is the share of cases whose patient is known at all.
    """

    name: str
    n: int
    group: Estimate
    patient: Estimate
    copy: Estimate
    known_patient: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """What the cases of ``split`` share with those of ``against``: over all, and by reference class.

    ``groups`` is the number of groups in the whole table, ``largest_group`` the cases of the largest: a wrong
    near-duplicate pair chains groups together, and shows here.
    """

    split: str
    against: tuple[str, ...]
    overall: Shared
    classes: tuple[Shared, ...]
    groups: int
    largest_group: int


def leakage(cases: pd.DataFrame, *, classes: Sequence[str], split: str = "test", level: float = 0.95) -> Leakage:
    """Return how many cases of ``split`` share a group, a patient or an exact copy with train or tuning.

    ``cases`` is the study's cases table, all splits. The tuning split itself is compared with train only. Shares
    are Wilson intervals, undefined when the split is empty or nothing is known.
    """
    against = _against(split)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    facts = pd.DataFrame(
        {
            "label": cases["label"],
            "group": _reaches(cases, "group_id", against=against),
            "patient": _reaches(cases, "patient_id", against=against),
            "copy": _reaches(cases, "sha256", against=against),
            "known_patient": cases["patient_id"].notna(),
            "known_copy": cases["sha256"].notna(),
        }
    )[evaluated]
    sizes = cases.groupby("group_id").size()
    return Leakage(
        split=split,
        against=against,
        overall=_shared(facts, name="all", level=level),
        classes=tuple(_shared(facts[facts["label"] == name], name=name, level=level) for name in classes),
        groups=len(sizes),
        largest_group=int(sizes.max()) if len(sizes) else 0,
    )


def without_shared(cases: pd.DataFrame, *, split: str = "test") -> NDArray[np.bool_]:
    """Return a mask over the rows of ``cases``: those of ``split`` whose group has no member in train or tuning.

    Numbers computed on these cases alone are what they would be without the leak.
    """
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    return evaluated & ~_reaches(cases, "group_id", against=_against(split))


def _against(split: str) -> tuple[str, ...]:
    return tuple(name for name in FITTED_ON if name != split) if split == "tuning" else FITTED_ON


def _reaches(cases: pd.DataFrame, column: str, *, against: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return per row whether its value in ``column`` also stands in a row of the ``against`` splits."""
    fitted = cases.loc[cases["split"].isin(against), column].dropna().unique()
    return (cases[column].notna() & cases[column].isin(fitted)).to_numpy(dtype=np.bool_)


def _shared(facts: pd.DataFrame, *, name: str, level: float) -> Shared:
    n = len(facts)
    return Shared(
        name=name,
        n=n,
        group=proportion(int(facts["group"].sum()), n, level=level),
        patient=_of_known(facts, "patient", reason="no case has a patient id", level=level),
        copy=_of_known(facts, "copy", reason="no case has a file hash", level=level),
        known_patient=proportion(int(facts["known_patient"].sum()), n, level=level),
    )


def _of_known(facts: pd.DataFrame, column: str, *, reason: str, level: float) -> Estimate:
    known = int(facts[f"known_{column}"].sum())
    if known == 0:
        return Estimate.undefined(reason=reason, n=0)
    return proportion(int(facts[column].sum()), known, level=level)
