"""The threshold on P(any tumour): chosen on tuning cases for a target sensitivity, then reported on other cases."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import RateMethod, check_level, group_codes, share_of
from neuroval.data.exceptions import InputError

CHOSEN_HERE: Final = Reason("chosen_on_these_cases")
NO_CASES: Final = Reason("no_cases")
NO_TUMOUR: Final = Reason("no_reference_cases", of="any tumour")
NO_NEGATIVES: Final = Reason("no_reference_cases_without_tumour")
NONE_CALLED: Final = Reason("none_reaches_threshold")
ALL_CALLED: Final = Reason("all_reach_threshold")

Bools = NDArray[np.bool_]
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenThreshold:
    """The highest threshold whose sensitivity on the tuning cases reaches ``target``; none with the reason.

    ``sensitivity`` and ``specificity`` are those on the tuning cases, without interval: they were looked at to choose.
    """

    target: float
    value: float | None
    reason: Reason | None
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class AtThreshold:
    """What calling every case with a score at or above ``threshold`` does; ``referred`` is the share that is called.

    PPV and NPV hold at the share of tumours in these cases. ``counts`` is none without a threshold.
    """

    threshold: float | None
    n: int
    counts: TwoByTwo | None
    sensitivity: Measure
    specificity: Measure
    ppv: Measure
    npv: Measure
    referred: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A threshold chosen on tuning cases and what it does on cases that had no part in the choice."""

    chosen: ChosenThreshold
    result: AtThreshold


def operating_point(
    positives: Bools,
    scores: Scores,
    *,
    tuning_positives: Bools,
    tuning_scores: Scores,
    target: float,
    groups: NDArray[Any] | pd.Series | None = None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> OperatingPoint:
    """Return the threshold chosen on the tuning cases and what it does on the others.

    ``positives`` (n,) says which cases have a tumour and ``scores`` (n,) is their P(any tumour); the tuning cases
    likewise. ``groups`` (n,) are those of the cases reported on. See ``choose_threshold`` and ``at_threshold``, which
    say when numbers are undefined and what is raised. Without a threshold every number has the reason for that.
    """
    chosen = choose_threshold(tuning_positives, tuning_scores, target=target)
    if chosen.value is None:
        check_level(level)
        _check(positives, scores)
        n = len(positives)
        nothing = Measure(plain=Estimate.undefined(reason=chosen.reason or Reason("no_threshold"), n=n))
        result = AtThreshold(
            threshold=None,
            n=n,
            counts=None,
            sensitivity=nothing,
            specificity=nothing,
            ppv=nothing,
            npv=nothing,
            referred=nothing,
        )
    else:
        result = at_threshold(positives, scores, threshold=chosen.value, groups=groups, method=method, level=level)
    return OperatingPoint(chosen=chosen, result=result)


def choose_threshold(positives: Bools, scores: Scores, *, target: float) -> ChosenThreshold:
    """Return the highest threshold at which the share of tumours called, as observed, is ``target`` or more.

    ``positives`` (n,) and ``scores`` (n,) are of the tuning cases; a case is called when its score is at or above the
    threshold, and ``target`` lies above 0 and is at most 1. The point value of the sensitivity is compared, not a
    bound. The threshold is the score of a tumour: the c-th largest, where c is the smallest count with c / tumours
    at or above the target. It is compared as it is, never rounded. None without tuning cases and without a tumour
    among them. Raises ``InputError`` for arrays or a target that cannot be used.
    """
    _check(positives, scores)
    if not 0 < target <= 1:
        raise InputError(f"target: {target} must be above 0 and at most 1, for example 0.98.")
    tumours = np.sort(scores[positives])[::-1]
    if len(tumours) == 0:
        reason = Reason("no_tumour_in_tuning" if len(positives) else "no_tuning_cases")
        nothing = Estimate.undefined(reason=reason, n=len(positives))
        return ChosenThreshold(target=target, value=None, reason=reason, sensitivity=nothing, specificity=nothing)
    # Each share is compared as it would be shown: target * tumours could be rounded past a whole number.
    enough = np.arange(1, len(tumours) + 1) / len(tumours) >= target
    threshold = float(tumours[np.argmax(enough)])
    point = at_threshold(positives, scores, threshold=threshold)
    return ChosenThreshold(
        target=target,
        value=threshold,
        reason=None,
        sensitivity=_without_interval(point.sensitivity.plain),
        specificity=_without_interval(point.specificity.plain),
    )


def at_threshold(
    positives: Bools,
    scores: Scores,
    *,
    threshold: float,
    groups: NDArray[Any] | pd.Series | None = None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> AtThreshold:
    """Return the rates, PPV, NPV and the share referred when scores at or above ``threshold`` are called.

    ``positives`` (n,) says which cases have a tumour, ``scores`` (n,) is P(any tumour), ``groups`` a group id per
    case (n,). Rates carry the interval ``method`` and, where groups hold several cases, the cluster-adjusted one
    beside it. A rate without cases behind it is undefined. A threshold picked by looking at these same cases makes
    the numbers exploratory; ``choose_threshold`` picks one on others. Raises ``InputError`` for arrays, a threshold,
    method or level that cannot be used.
    """
    _check(positives, scores)
    check_level(level)
    if not math.isfinite(threshold):
        raise InputError(f"threshold: {threshold} must be finite.")
    called = scores >= threshold
    owner = None if groups is None else group_codes(groups, n=len(positives))[0]
    tp, called_positive = int((called & positives).sum()), int(called.sum())
    with_tumour = int(positives.sum())

    def rate(happened: Bools, among: Bools, reason: Reason) -> Measure:
        if not among.any():
            return Measure(plain=Estimate.undefined(reason=reason if len(among) else NO_CASES, n=0))
        inside = None if owner is None else owner[among]
        return share_of(happened[among], groups=inside, method=method, level=level)

    return AtThreshold(
        threshold=float(threshold),
        n=len(positives),
        counts=TwoByTwo(
            tp=tp, fp=called_positive - tp, fn=with_tumour - tp, tn=len(positives) - called_positive - with_tumour + tp
        ),
        sensitivity=rate(called, positives, NO_TUMOUR),
        specificity=rate(~called, ~positives, NO_NEGATIVES),
        ppv=rate(positives, called, NONE_CALLED),
        npv=rate(~positives, ~called, ALL_CALLED),
        referred=rate(called, np.ones_like(positives), NO_CASES),
    )


def _without_interval(estimate: Estimate) -> Estimate:
    if estimate.value is None:
        return estimate
    return Estimate(
        value=estimate.value, method=Method("as_observed"), n=estimate.n, count=estimate.count, reason=CHOSEN_HERE
    )


def _check(positives: Bools, scores: Scores) -> None:
    if positives.dtype != np.bool_ or positives.ndim != 1 or scores.shape != positives.shape:
        raise InputError(
            f"operating point: expected booleans (n,) and as many scores, found {positives.dtype} {positives.shape} "
            f"and scores {scores.shape}."
        )
    finite = np.isfinite(scores)
    if not finite.all():
        raise InputError(f"scores: the score of case {int(np.argmin(finite))} (counted from 0) is not finite.")
