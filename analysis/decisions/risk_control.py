"""A threshold under which at most so many tumours are missed, with a guarantee, by patient: conformal risk control.

The threshold is fixed on the tuning cases. What it promises rests on tuning and other patients being exchangeable,
which they are not exactly where the tuning split also chose the network's weights. So it is looked at on the judged
cases too.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import check_level, group_codes, wilson
from neuroval.analysis.decisions.threshold_choice import NO_TUMOUR, AtThreshold, at_threshold
from neuroval.data.exceptions import InputError

MISSED: Final = 0.01  # of a patient's tumours, in the mean over patients
ROUNDING: Final = 1e-9  # shares of a third add up to 1 but for the last digit


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledThreshold:
    """The highest threshold that promises to miss at most ``alpha``; none with the reason.

    ``groups`` of the tuning cases have a tumour; at least ``needed`` are.
    """

    alpha: float
    value: float | None
    groups: int
    needed: int
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskControl:
    """The threshold, and what it does on cases that had no part in the choice; none without a threshold.

    ``missed`` is the mean over the groups with a tumour of the share of their tumours that is missed. ``broken`` says
    that its whole interval lies above ``alpha``: the promise does not hold for these patients.
    """

    chosen: ControlledThreshold
    missed: Estimate | None
    result: AtThreshold | None

    @property
    def broken(self) -> bool:
        low = None if self.missed is None else self.missed.low
        return low is not None and low > self.chosen.alpha


def controlled_threshold(
    positives: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    groups: NDArray[Any] | pd.Series,
    *,
    alpha: float = MISSED,
) -> ControlledThreshold:
    """Return the highest threshold t with (sum over groups of the share missed at t + 1) / (groups + 1) <= alpha.

    ``positives`` (n,) says which tuning cases have a tumour, ``scores`` (n,) are their P(any tumour), ``groups`` a
    group id per case (n,): a patient, with the copies of its images. A tumour is missed when its score is below the
    threshold. Of a new group, exchangeable with these, the expected share of missed tumours is then at most ``alpha``,
    which counts as the decimal it is written as. That takes at least 1 / alpha - 1 groups with a tumour, else there is
    no threshold. Raises ``InputError`` for lengths that differ and for an ``alpha`` outside (0, 1).

    Source: Angelopoulos, Bates, Fisch, Lei & Schuster, ICLR 2024, arXiv 2208.02814 (theorem 1, losses up to 1).
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha: {alpha} must be above 0 and below 1, for example 0.01.")
    if len(scores) != len(positives):
        raise InputError(f"risk control: {len(scores)} scores for {len(positives)} cases, expected one per case.")
    exact = Fraction(repr(float(alpha)))
    needed = math.ceil(1 / exact) - 1
    owner, labels = group_codes(np.asarray(groups)[positives], n=int(positives.sum()))
    number = len(labels)
    allowed = exact * (number + 1) - 1
    if allowed < 0:
        reason = Reason("tuning_groups_needed", groups=number, needed=needed)
        return ControlledThreshold(alpha=alpha, value=None, groups=number, needed=needed, reason=reason)
    weights = 1 / np.bincount(owner, minlength=number)[owner]
    order = np.argsort(scores[positives], kind="stable")
    ranked = scores[positives][order]
    below = np.concatenate([[0.0], np.cumsum(weights[order])])  # missed when so many of the lowest lie below
    missed = below[np.searchsorted(ranked, ranked, side="left")]
    last = int(np.flatnonzero(missed <= float(allowed) + ROUNDING)[-1])
    return ControlledThreshold(alpha=alpha, value=float(ranked[last]), groups=number, needed=needed, reason=None)


def risk_control(
    chosen: ControlledThreshold,
    positives: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    groups: NDArray[Any] | pd.Series,
    *,
    level: float = 0.95,
) -> RiskControl:
    """Return what a threshold does on cases other than those that set it.

    Arrays as for ``controlled_threshold``. The interval of the share missed is Wilson's on the number of groups: a mean
    of shares from 0 to 1 varies no more than a rate does, so that it is wide enough or too wide, and it does not shrink
    to a point where nothing is missed. Undefined without a tumour.
    """
    check_level(level)
    if chosen.value is None:
        return RiskControl(chosen=chosen, missed=None, result=None)
    result = at_threshold(positives, scores, threshold=chosen.value, groups=groups, level=level)
    return RiskControl(chosen=chosen, missed=_missed(positives, scores < chosen.value, groups, level), result=result)


def _missed(
    positives: NDArray[np.bool_], below: NDArray[np.bool_], groups: NDArray[Any] | pd.Series, level: float
) -> Estimate:
    owner, labels = group_codes(np.asarray(groups)[positives], n=int(positives.sum()))
    number = len(labels)
    if not number:
        return Estimate.undefined(reason=NO_TUMOUR, n=0)
    sizes = np.bincount(owner, minlength=number)
    share = float((np.bincount(owner, weights=below[positives], minlength=number) / sizes).mean())
    low, high = wilson(share * number, number, level=level)
    return Estimate(
        value=share,
        low=max(0.0, min(low, share)),
        high=min(1.0, max(high, share)),
        level=level,
        method=Method("wilson_on_group_means", groups=number),
        n=number,
    )
