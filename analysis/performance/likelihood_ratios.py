"""Likelihood ratios, the diagnostic odds ratio, Youden's index and the geometric mean of a two-by-two table."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile, square_and_add
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level, clustered_totals, proportion
from neuroval.data.exceptions import InputError

SIMEL: Final = Method("log_simel")
WOOLF: Final = Method("log_woolf")
KOOPMAN: Final = Method("koopman_score")
CELLS: Final = ("tp", "fp", "fn", "tn")
FARTHEST: Final = 60.0  # of the log of a ratio: further than any table can tell from 0 or infinity


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

    def variance(self, by_se: float, by_sp: float, counts: TwoByTwo) -> tuple[float, float, float]:
        """Return the variance of ``by_se`` sensitivity + ``by_sp`` specificity between groups: by side, and in all.

        Within a side it is G / (G - 1) times the sum of squares over the G groups that hold its cases, never below
        that of independent cases; the products of both sides within a group are added with G / (G - 1) over all groups.
        """
        se, sp = self.influence(counts)
        n, m = counts.tp + counts.fn, counts.tn + counts.fp
        sides = []
        for slope, moved, cases, size, alone in (
            (by_se, se, self.positives, n, _binomial(counts.tp, counts.fn)),
            (by_sp, sp, self.negatives, m, _binomial(counts.tn, counts.fp)),
        ):
            groups = int(self.number @ (cases > 0))
            between = groups / (groups - 1) * (size - 1) / size * float(self.number @ moved**2)
            sides.append(slope**2 * max(between, alone))
        both = 2 * by_se * by_sp * self.total / (self.total - 1) * float(self.number @ (se * sp))
        return sides[0], sides[1], max(sum(sides) + both, _independent(by_se, by_sp, counts))

    def freedom(self, of_positives: float, of_negatives: float) -> float:
        """Return Satterthwaite's degrees of freedom of the sum of two variances, each with its own number of groups."""
        parts = ((of_positives, self.positives), (of_negatives, self.negatives))
        spread = sum(part**2 / (int(self.number @ (cases > 0)) - 1) for part, cases in parts)
        return (of_positives + of_negatives) ** 2 / spread if spread > 0 else float(self.total - 1)

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
    undefined, with the reason, when it is infinite or 0/0; how large an infinite likelihood ratio is at least, the
    reason says. Raises ``InputError`` for groups without ``positive``, groups that do not add up to the table, or a
    level outside (0, 1).

    - LR+ and LR-: log method (Simel, Samsa & Matchar, J Clin Epidemiol 1991;44:763-770). With an empty cell the log
      method gives a rate of 0 or 1 no variance: there the score interval (Koopman, Biometrics 1984;40:513-517) takes
      its place, which has an upper bound where nothing was missed.
    - Diagnostic odds ratio: log method (Woolf, Ann Hum Genet 1955;19:251-253; Glas et al., J Clin Epidemiol
      2003;56:1129-1135); with an empty cell no interval.
    - Youden's index: square-and-add of the Wilson intervals of sensitivity and specificity (Newcombe, Stat Med
      1998;17:873-890, method 10; Shan, PLoS One 2015;10:e0127272).
    - Geometric mean of sensitivity and specificity (Kubat & Matwin, ICML 1997): square-and-add of the logs of the
      Wilson bounds (Zou & Donner, as below), half of each; without interval where a rate is 0.
    - Cluster-adjusted ratios: the log ratio is linearised and its variance taken between the groups of each side, as
      for a ratio estimator (Rao & Scott, Biometrics 1992;48:577-585), with the t distribution and Satterthwaite's
      degrees of freedom (Biometrics Bull 1946;2:110-114): of few patients the variance is itself a guess. A variance
      below that of independent cases is taken as that one. A single group gives no interval, nor does a side whose
      cases are all of one group: its own variance would count as 0. With an empty cell the score interval is taken on
      the effective number of cases of each side, as ``clustered_totals`` gives it.
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

    def likelihood(first: int, second: int, *, se: float, sp: float) -> Measure:
        if first + second and 0 in (tp, fp, fn, tn):
            return _score_ratio(counts, groups, first=first, second=second, level=level)
        return ratio(first * (fp + tn), second * (tp + fn), se=se, sp=sp, method=SIMEL)

    # The slopes are the derivatives of the log ratio by sensitivity and by specificity; with an empty cell one of
    # them does not exist, and the log method has no interval.
    by_found, by_missed, by_cleared, by_alarm = (
        total / cell if cell else 0.0 for total, cell in ((tp + fn, tp), (tp + fn, fn), (fp + tn, tn), (fp + tn, fp))
    )
    return Ratios(
        lr_pos=likelihood(tp, fp, se=by_found, sp=by_alarm),
        lr_neg=likelihood(fn, tn, se=-by_missed, sp=-by_cleared),
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
        reason = Reason("infinite_ratio", empty=empty, least=None) if top else Reason("zero_by_zero", empty=empty)
        return Measure(plain=Estimate.undefined(reason=reason, n=n))
    value = top / bottom

    if empty:
        return Measure(plain=Estimate(value=value, method=method, n=n, reason=Reason("no_log_interval", empty=empty)))

    def interval(variance: float, *, called: Method, reach: float) -> Estimate:
        factor = math.exp(reach * math.sqrt(variance))
        return Estimate(value=value, low=value / factor, high=value * factor, level=level, method=called, n=n)

    by_se, by_sp = slopes
    plain = interval(_independent(by_se, by_sp, counts), called=method, reach=normal_quantile(level))
    if groups is None:
        return Measure(plain=plain)
    if groups.single is not None:
        between = Method("between_groups", method=method, groups=groups.total, freedom=0.0)
        return Measure(plain=plain, clustered=Estimate(value=value, method=between, n=n, reason=groups.single))
    of_positives, of_negatives, variance = groups.variance(by_se, by_sp, counts)
    freedom = groups.freedom(of_positives, of_negatives)
    between = Method("between_groups", method=method, groups=groups.total, freedom=freedom)
    reach = float(special.stdtrit(freedom, (1 + level) / 2))
    return Measure(plain=plain, clustered=interval(variance, called=between, reach=reach))


def _score_ratio(counts: TwoByTwo, groups: _Groups | None, *, first: int, second: int, level: float) -> Measure:
    """Return the ratio of ``first`` among the positive to ``second`` among the negative cases, by score."""
    n, m = counts.tp + counts.fn, counts.tn + counts.fp
    plain = _by_score(counts, first / n, second / m, sizes=(n, m), method=KOOPMAN, level=level)
    if groups is None:
        return Measure(plain=plain)
    sides = ((groups.detected, groups.positives), (groups.cleared, groups.negatives))
    totals = [clustered_totals(right, cases, number=groups.number, level=level) for right, cases in sides]
    positives, negatives = (total.effective_n or 0.0 for total in totals)
    method = Method("on_effective_sizes", method=KOOPMAN, positives=positives, negatives=negatives)
    sizes = positives, negatives
    clustered = _by_score(counts, first / n, second / m, sizes=sizes, method=method, level=level)
    if clustered.value is None:  # infinite: the lower of the two least values is told
        return Measure(plain=min(plain, clustered, key=_least))
    return Measure(plain=plain, clustered=clustered)


def _least(infinite: Estimate) -> float:
    least = dict(infinite.reason.facts)["least"] if infinite.reason is not None else None
    return least if isinstance(least, float) else 0.0


def _by_score(
    counts: TwoByTwo, p: float, q: float, *, sizes: tuple[float, float], method: Method, level: float
) -> Estimate:
    low, high = koopman((p * sizes[0], sizes[0]), (q * sizes[1], sizes[1]), level=level)
    if q == 0 or high is None:
        empty = tuple(cell for cell in CELLS if getattr(counts, cell) == 0)
        return Estimate.undefined(reason=Reason("infinite_ratio", empty=empty, least=low), n=counts.n)
    value = p / q
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, method=method, n=counts.n)


def koopman(
    first: tuple[float, float], second: tuple[float, float], *, level: float = 0.95
) -> tuple[float, float | None]:
    """Return the score interval of the ratio of two independent rates, each given as successes and cases.

    The bounds are the ratios at which the score chi-square, with both rates at their maximum likelihood given the
    ratio, equals the quantile; the lower one is 0 without a success of the first, the upper one none (infinite)
    without one of the second. Cases need not be whole. Raises ``InputError`` without any success.

    Source: Koopman, Biometrics 1984;40:513-517; the rates in closed form: Miettinen & Nurminen, Stat Med
    1985;4:213-226.
    """
    check_level(level)
    (x, n), (y, m) = first, second
    if not (0 <= x <= n and 0 <= y <= m and x + y > 0):
        raise InputError(f"koopman: expected successes among cases, some of either, found {first} and {second}.")
    z = normal_quantile(level)

    def apart(log_ratio: float) -> float:
        """Return by how many standard errors the rates are apart from the ratio, less those of the interval."""
        ratio = math.exp(log_ratio)
        b = ratio * (n + y) + x + m
        p = 2 * ratio * (x + y) / (b + math.sqrt(max(b * b - 4 * ratio * (n + m) * (x + y), 0.0)))
        q = p / ratio
        spread = max(p * (1 - p), 0.0) / n + ratio**2 * max(q * (1 - q), 0.0) / m
        distance = abs(x / n - ratio * y / m)
        return (distance / math.sqrt(spread) if spread > 0 else 0.0) - z

    estimate = math.log(x * m / (n * y)) if x and y else (-FARTHEST if y else FARTHEST)
    low = 0.0 if x == 0 else _root(apart, -FARTHEST, estimate)
    high = None if y == 0 else _root(apart, FARTHEST, estimate)
    return low, high


def _root(apart: Callable[[float], float], outside: float, inside: float) -> float:
    return math.exp(float(optimize.brentq(apart, outside, inside, xtol=1e-13)))


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


def _independent(by_se: float, by_sp: float, counts: TwoByTwo) -> float:
    """Return the variance of a log ratio with these slopes when cases are independent."""
    return by_se**2 * _binomial(counts.tp, counts.fn) + by_sp**2 * _binomial(counts.tn, counts.fp)


def _binomial(successes: int, failures: int) -> float:
    n = successes + failures
    return successes * failures / n**3
