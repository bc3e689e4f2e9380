"""Likelihood ratios, the diagnostic odds ratio, Youden's index and the geometric mean of a two-by-two table."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile, square_and_add
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level, clustered_totals, proportion
from neuroval.data.exceptions import InputError

SIMEL: Final = Method("log_simel")
WOOLF: Final = Method("log_woolf")
CELLS: Final = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """What joins sensitivity and specificity of one question: likelihood and odds ratios, Youden, geometric mean."""

    lr_pos: Measure
    lr_neg: Measure
    dor: Measure
    youden: Measure
    geometric_mean: Measure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """The cases of a group of each type (t,), by reference and by what they were called; ``number`` (t,) groups."""

    positives: NDArray[np.int64]
    detected: NDArray[np.int64]
    negatives: NDArray[np.int64]
    cleared: NDArray[np.int64]
    number: NDArray[np.int64]

    @property
    def total(self) -> int:
        return int(self.number.sum())

    @property
    def single(self) -> Reason | None:
        """Why the variance between groups is not known: a side has a single one; None when both have several."""
        if self.total == 1:
            return Reason("no_variance_between_groups")
        sides = ((self.positives, "with"), (self.negatives, "without"))
        return next(
            (Reason("one_group_on_a_side", side=side) for cases, side in sides if int(self.number @ (cases > 0)) < 2),
            None,
        )

    def influence(self, counts: TwoByTwo) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what a group of each type adds to sensitivity and specificity, less what is expected of it."""
        n, m = counts.tp + counts.fn, counts.tn + counts.fp
        return (self.detected - counts.tp / n * self.positives) / n, (self.cleared - counts.tn / m * self.negatives) / m


def ratios(
    counts: TwoByTwo,
    *,
    types: GroupTypes | None = None,
    positive: NDArray[np.bool_] | None = None,
    name: str = "the positive class",
    other: str = "the negative class",
    level: float = 0.95,
) -> Ratios:
    """Return LR+, LR-, the diagnostic odds ratio and Youden's index of a two-by-two table, with intervals.

    ``types`` are the groups behind the table and ``positive`` (k,) says which of their classes count as positive;
    where groups hold several cases the cluster-adjusted interval stands beside the plain one. ``name`` and ``other``
    are what the two sides are called in reasons. Without cases of either side everything is undefined. A ratio is
    undefined, with the reason, when it is infinite or 0/0. When any cell is 0 it stands without interval: sensitivity
    or specificity is then 0 or 1, and the log method gives it no variance. Raises ``InputError`` for groups without
    ``positive``, groups that do not add up to the table, or a level outside (0, 1).

    - LR+ and LR-: log method (Simel, Samsa & Matchar, J Clin Epidemiol 1991;44:763-770).
    - Diagnostic odds ratio: log method (Woolf, Ann Hum Genet 1955;19:251-253; Glas et al., J Clin Epidemiol
      2003;56:1129-1135).
    - Youden's index: square-and-add of the Wilson intervals of sensitivity and specificity (Newcombe, Stat Med
      1998;17:873-890, method 10; Shan, PLoS One 2015;10:e0127272).
    - Geometric mean of sensitivity and specificity (Kubat & Matwin, ICML 1997): square-and-add of the logs of the
      Wilson bounds (Zou & Donner, as below), half of each; without interval where a rate is 0.
    - Cluster-adjusted ratios: the log ratio is linearised and its variance taken between groups, G / (G - 1) times
      the sum of squares, as for a ratio estimator (Rao & Scott, Biometrics 1992;48:577-585); times (n - 1) / n, so
      that groups of one case give the plain interval exactly. A variance below that of independent cases is taken
      as that one. A single group gives no interval, nor does a side whose cases are all of one group: its own
      variance would count as 0.
    - Cluster-adjusted Youden and geometric mean: square-and-add of the cluster-adjusted Wilson intervals, with the
      correlation of the two rates between groups (Zou & Donner, Stat Med 2008;27:1693-1702), 0 where it is not
      estimable.
    """
    check_level(level)
    groups = _groups(counts, types, positive)
    tp, fp, fn, tn = counts.tp, counts.fp, counts.fn, counts.tn
    if tp + fn == 0 or fp + tn == 0:
        side = name if tp + fn == 0 else other
        reason = Reason("no_reference_cases", of=side) if counts.n else Reason("no_cases")
        nothing = Measure(plain=Estimate.undefined(reason=reason, n=counts.n))
        return Ratios(lr_pos=nothing, lr_neg=nothing, dor=nothing, youden=nothing, geometric_mean=nothing)

    def ratio(top: int, bottom: int, *, se: float, sp: float, method: Method) -> Measure:
        return _log_ratio(counts, groups, top=top, bottom=bottom, slopes=(se, sp), method=method, level=level)

    # The slopes are the derivatives of the log ratio by sensitivity and by specificity; with an empty cell one of
    # them does not exist, and the ratio has no interval.
    by_found, by_missed, by_cleared, by_alarm = (
        total / cell if cell else 0.0 for total, cell in ((tp + fn, tp), (tp + fn, fn), (fp + tn, tn), (fp + tn, fp))
    )
    return Ratios(
        lr_pos=ratio(tp * (fp + tn), fp * (tp + fn), se=by_found, sp=by_alarm, method=SIMEL),
        lr_neg=ratio(fn * (fp + tn), tn * (tp + fn), se=-by_missed, sp=-by_cleared, method=SIMEL),
        dor=ratio(tp * tn, fp * fn, se=by_found + by_missed, sp=by_cleared + by_alarm, method=WOOLF),
        youden=_youden(counts, groups, level=level),
        geometric_mean=_geometric_mean(counts, groups, level=level),
    )


def _groups(counts: TwoByTwo, types: GroupTypes | None, positive: NDArray[np.bool_] | None) -> _Groups | None:
    if types is None:
        return None
    if positive is None or positive.shape != (types.k,):
        given = "none" if positive is None else f"shape {positive.shape}"
        raise InputError(f"positive: expected one value per class of the groups, shape ({types.k},), found {given}.")
    has, called = np.broadcast_arrays(positive[:, None], positive[None, :])
    groups = _Groups(
        positives=types.totals(has),
        detected=types.totals(has & called),
        negatives=types.totals(~has),
        cleared=types.totals(~has & ~called),
        number=types.number,
    )
    added = [int(types.number @ part) for part in (groups.detected, groups.positives, groups.cleared, groups.negatives)]
    expected = [counts.tp, counts.tp + counts.fn, counts.tn, counts.tn + counts.fp]
    if added != expected:
        raise InputError(
            f"types: the groups hold {added} found, positive, cleared and negative cases, the table {expected}."
        )
    return None if types.groups == types.cases else groups


def _log_ratio(
    counts: TwoByTwo,
    groups: _Groups | None,
    *,
    top: int,
    bottom: int,
    slopes: tuple[float, float],
    method: Method,
    level: float,
) -> Measure:
    n = counts.n
    empty = tuple(cell for cell in CELLS if getattr(counts, cell) == 0)
    if bottom == 0:
        reason = Reason("infinite_ratio" if top else "zero_by_zero", empty=empty)
        return Measure(plain=Estimate.undefined(reason=reason, n=n))
    value = top / bottom

    def interval(variance: float | None, *, called: Method, reason: Reason | None = None) -> Estimate:
        if variance is None:
            return Estimate(value=value, method=called, n=n, reason=reason)
        factor = math.exp(normal_quantile(level) * math.sqrt(variance))
        return Estimate(value=value, low=value / factor, high=value * factor, level=level, method=called, n=n)

    between = None if groups is None else Method("between_groups", method=method, groups=groups.total)
    if empty:
        reason = Reason("no_log_interval", empty=empty)
        plain = interval(None, called=method, reason=reason)
        clustered = None if between is None else interval(None, called=between, reason=reason)
        return Measure(plain=plain, clustered=clustered)
    by_se, by_sp = slopes
    independent = by_se**2 * _binomial(counts.tp, counts.fn) + by_sp**2 * _binomial(counts.tn, counts.fp)
    plain = interval(independent, called=method)
    if groups is None or between is None:
        return Measure(plain=plain)
    if groups.single is not None:
        return Measure(plain=plain, clustered=interval(None, called=between, reason=groups.single))
    se, sp = groups.influence(counts)
    spread = float(groups.number @ (by_se * se + by_sp * sp) ** 2)
    variance = groups.total / (groups.total - 1) * (n - 1) / n * spread
    return Measure(plain=plain, clustered=interval(max(variance, independent), called=between))


def _youden(counts: TwoByTwo, groups: _Groups | None, *, level: float) -> Measure:
    value = counts.tp / (counts.tp + counts.fn) + counts.tn / (counts.tn + counts.fp) - 1

    def joined(se: Estimate, sp: Estimate, correlation: float, method: Method) -> Estimate:
        (low_se, high_se), (low_sp, high_sp) = _reach(se), _reach(sp)
        low = value - square_and_add(low_se, low_sp, correlation=-correlation)  # a sum
        high = value + square_and_add(high_se, high_sp, correlation=-correlation)
        low, high = max(-1.0, low), min(1.0, high)  # they can pass the ends by rounding only
        return Estimate(value=value, low=low, high=high, level=level, method=method, n=counts.n)

    return _of_both_rates(counts, groups, joined, level=level)


def _geometric_mean(counts: TwoByTwo, groups: _Groups | None, *, level: float) -> Measure:
    value = math.sqrt(counts.tp / (counts.tp + counts.fn) * counts.tn / (counts.tn + counts.fp))

    def joined(se: Estimate, sp: Estimate, correlation: float, method: Method) -> Estimate:
        if value == 0:
            empty = tuple(cell for cell in ("tp", "tn") if getattr(counts, cell) == 0)
            return Estimate(value=value, method=method, n=counts.n, reason=Reason("no_log_interval", empty=empty))
        (low_se, high_se), (low_sp, high_sp) = _log_reach(se), _log_reach(sp)
        low = value * math.exp(-square_and_add(low_se, low_sp, correlation=-correlation) / 2)
        high = value * math.exp(square_and_add(high_se, high_sp, correlation=-correlation) / 2)
        return Estimate(value=value, low=low, high=min(1.0, high), level=level, method=method, n=counts.n)

    return _of_both_rates(counts, groups, joined, level=level)


def _of_both_rates(
    counts: TwoByTwo,
    groups: _Groups | None,
    joined: Callable[[Estimate, Estimate, float, Method], Estimate],
    *,
    level: float,
) -> Measure:
    """Return what ``joined`` makes of sensitivity and specificity, their correlation and the method's name."""
    plain = joined(
        proportion(counts.tp, counts.tp + counts.fn, level=level),
        proportion(counts.tn, counts.tn + counts.fp, level=level),
        0.0,
        Method("square_and_add_of_rates"),
    )
    if groups is None:
        return Measure(plain=plain)
    by_se, by_sp = groups.influence(counts)
    scale = math.sqrt(float(groups.number @ by_se**2) * float(groups.number @ by_sp**2))
    clustered = joined(
        clustered_totals(groups.detected, groups.positives, number=groups.number, level=level),
        clustered_totals(groups.cleared, groups.negatives, number=groups.number, level=level),
        float(groups.number @ (by_se * by_sp)) / scale if scale > 0 else 0.0,
        Method("square_and_add_of_adjusted_rates", groups=groups.total),
    )
    return Measure(plain=plain, clustered=clustered)


def _bounds(rate: Estimate) -> tuple[float, float, float]:
    if rate.value is None or rate.low is None or rate.high is None:
        raise InputError(f"rates: expected an interval, found {rate}.")
    return rate.low, rate.value, rate.high


def _reach(rate: Estimate) -> tuple[float, float]:
    """Return how far the interval reaches below and above the value."""
    low, value, high = _bounds(rate)
    return value - low, high - value


def _log_reach(rate: Estimate) -> tuple[float, float]:
    """Return the same of the log of a rate above 0."""
    low, value, high = _bounds(rate)
    return math.log(value / low), math.log(high / value)


def _binomial(successes: int, failures: int) -> float:
    n = successes + failures
    return successes * failures / n**3
