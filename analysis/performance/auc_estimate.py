"""The area under the ROC curve of one question."""

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.estimate import Estimate, Measure, enclosing
from neuroval.analysis.core.proportions import check_level, group_codes
from neuroval.data.exceptions import InputError

NEAR_ONE: Final = 0.95  # from here on, and up to 0.05, DeLong's interval is too short whatever the number of cases
NO_SPREAD: Final = 1e-30  # below any variance of a million cases, above what rounding leaves of none
CANCELLED: Final = 1e-12  # of two sums that cancel, what is left by rounding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """How scores order the positive and the negative cases, (n,), of which there is at least one each.

    ``deviations`` (n,) say how far each case moves the AUC: its structural component (the share of the other side
    that it is ordered rightly against) less the AUC, over the number of cases on its side. ``order`` (n,) sorts the
    cases by score, lowest first; ``constant`` means one score for all cases.
    """

    auc: float
    deviations: NDArray[np.float64]
    positive: NDArray[np.bool_]
    order: NDArray[np.intp]
    constant: bool

    @property
    def perfect(self) -> bool:
        """Whether the AUC is exactly 0 or 1, so that all components are equal and show no variance."""
        return self.auc in (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """What is taken as independent: the cases, or the groups whose number stands in ``codes`` (n,)."""

    codes: NDArray[np.int64] | None
    total: int

    def holding(self, cases: NDArray[np.bool_]) -> int:
        """Return how many units hold any of the cases."""
        if self.codes is None:
            return int(cases.sum())
        return int(np.count_nonzero(np.bincount(self.codes[cases], minlength=self.total)))

    def variance(self, deviations: NDArray[np.float64], strata: NDArray[np.integer[Any]]) -> float | None:
        """Return the variance of the sum of ``deviations`` (n,); none when a stratum holds fewer than two units.

        ``strata`` (n,) are numbered from 0. Over cases, with positives and negatives as strata, this is DeLong's
        variance; over groups it is Obuchowski's: within a stratum the squared sums of the I units that hold its cases,
        times I / (I - 1), and the products between strata of one unit, times I / (I - 1) over all units. These can be
        negative; a total that is not positive is given as 0.
        """
        within, sums, squares = 0.0, np.zeros(self.total), np.zeros(self.total)
        for stratum in range(int(strata.max()) + 1):
            in_stratum = strata == stratum
            units = self.holding(in_stratum)
            if units < 2:
                return None
            added = deviations[in_stratum]
            if self.codes is not None:
                added = np.bincount(self.codes[in_stratum], weights=added, minlength=self.total)
                sums += added
                squares += added**2
            within += units / (units - 1) * float(added @ added)
        variance = within + self.total / (self.total - 1) * float(np.sum(sums**2 - squares))
        return variance if variance > CANCELLED * within else 0.0

    def freedom(self, strata: NDArray[np.integer[Any]]) -> int | None:
        """Return the units of the smallest stratum less 1, the degrees of freedom of groups; none for cases."""
        if self.codes is None:
            return None
        return min(self.holding(strata == stratum) for stratum in range(int(strata.max()) + 1)) - 1


def auc(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    groups: NDArray[Any] | pd.Series | None = None,
    name: str = "the positive class",
    other: str = "the negative class",
    level: float = 0.95,
) -> Measure:
    """Return the AUC: the chance that a positive case has a higher score than a negative one, ties counting half.

    ``positive`` (n,) is boolean, ``scores`` (n,) are finite and only their order counts, ``groups`` (n,) holds a group
    id per case; ``name`` and ``other`` are what the two sides are called in reasons. Undefined when a side has no
    cases. When all scores are equal the AUC is 0.5 without interval. Raises ``InputError`` for lengths that differ,
    scores that are not finite, a missing group id, or a level outside (0, 1). Takes O(n log n).

    - Plain: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845, from ranks (Sun & Xu, IEEE Signal Process
      Lett 2014;21:1389-1393), cut at 0 and 1.
    - Beside it where groups hold several cases: Obuchowski, Biometrics 1997;53:567-578, on the logit scale (Pepe, The
      Statistical Evaluation of Medical Tests, 2003, 5.2) and with the t distribution, whose degrees of freedom are the
      groups of the smaller side less 1: of few patients the variance is itself a guess.
    - From 0.95 on (and up to 0.05) DeLong's is too short: at 0.99 with 100 positive and 300 negative cases its 95%
      interval holds the truth in 89% of samples. There the lowest low and the highest high of it and ``newcombe`` are
      taken, which the method says; for groups with both numbers of cases over the design effect, Obuchowski's variance
      over DeLong's, at least 1. Threshold and rules come from simulation; the README of this folder has the coverage.
    - At an AUC of 0 or 1, and with fewer than two cases (or groups) on a side, that variance is 0 or does not exist:
      ``newcombe`` takes its place. For groups it counts groups instead of cases, which is as few as identical cases
      within groups would leave. The method says so.
    """
    check_level(level)
    ranking = ranked(positive, scores)
    return auc_measure(ranking, positive, grouped(groups, n=len(positive)), name=name, other=other, level=level)


def near_one(value: float) -> bool:
    """Return whether an AUC is so close to 1, or to 0, that DeLong's interval alone is too short."""
    return max(value, 1 - value) >= NEAR_ONE


def newcombe(value: float, *, positives: float, negatives: float, level: float = 0.95) -> Estimate:
    """Return an AUC that is known by its value and the two numbers of cases, with Newcombe's interval.

    The bounds are the AUCs from which ``value`` is z standard errors away, with Hanley and McNeil's variance at the
    bound, in which both class sizes less 1 are replaced by (m + n) / 2 - 1. It has a width at 0 and at 1 too.
    Effective numbers of cases need not be whole. Raises ``InputError`` for a value outside 0 to 1, fewer than one case
    on a side, or a level outside (0, 1).

    Source: Newcombe, Stat Med 2006;25:559-573 (part 2), method 5.
    """
    check_level(level)
    if not 0 <= value <= 1 or positives < 1 or negatives < 1:
        raise InputError(
            f"newcombe: expected an AUC from 0 to 1 and at least one case on each side, found {value} with "
            f"{positives} positive and {negatives} negative."
        )
    m, n, z = positives, negatives, normal_quantile(level)
    # The variance is the same at 1 - AUC, so the upper bound is the lower one of the opposite question.
    low, high = _newcombe_low(value, m, n, z=z), 1 - _newcombe_low(1 - value, m, n, z=z)
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        level=level,
        method=Method("newcombe_5"),
        n=round(m + n),
    )


def check_scores(positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]]) -> None:
    """Raise ``InputError`` unless ``positive`` (n,) is boolean and ``scores`` (n,) are finite numbers."""
    if positive.ndim != 1 or positive.dtype != np.bool_ or positive.shape != scores.shape:
        raise InputError(
            f"scores: expected one per case and true or false for each case, found shapes {scores.shape} and "
            f"{positive.shape}, the latter of type {positive.dtype}."
        )
    finite = np.isfinite(scores)
    if not finite.all():
        first = int(np.argmin(finite))
        raise InputError(f"scores: {scores[first]} of case {first} (counted from 0) is not a finite number.")


def ranked(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], *, order: NDArray[np.intp] | None = None
) -> Ranking | None:
    """Return how ``scores`` (n,) order the cases that are ``positive`` (n,) and the others; none without both sides.

    ``order`` (n,) sorts the scores, lowest first, if that is known already. Wins are counted in halves as whole
    numbers, so an AUC of 1 is 1 exactly. Raises ``InputError`` for arrays that do not fit or scores that are not
    finite.
    """
    check_scores(positive, scores)
    m = int(positive.sum())
    n = len(positive) - m
    if m == 0 or n == 0:
        return None
    order = np.argsort(scores) if order is None else order  # equal scores in any order
    ordered, side = scores[order], positive[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    sizes = np.diff(starts, append=len(ordered))
    tied_positive = np.add.reduceat(side, starts, dtype=np.int64)
    tied_negative = sizes - tied_positive
    half_below = 2 * np.cumsum(tied_negative) - tied_negative  # negatives below, and half of those beside
    half_above = 2 * (m - np.cumsum(tied_positive)) + tied_positive
    auc_value = int(tied_positive @ half_below) / (2 * m * n)
    on_positive, on_negative = (half_below / (2 * n) - auc_value) / m, (half_above / (2 * m) - auc_value) / n
    deviations = np.empty(len(scores))
    deviations[order] = np.where(side, np.repeat(on_positive, sizes), np.repeat(on_negative, sizes))
    return Ranking(auc=auc_value, deviations=deviations, positive=positive, order=order, constant=len(starts) == 1)


def grouped(groups: NDArray[Any] | pd.Series | None, *, n: int) -> Units | None:
    """Return the groups of ``n`` cases as units; none without groups and when each holds a single case."""
    if groups is None:
        return None
    codes, labels = group_codes(groups, n=n)
    return None if len(labels) == n else Units(codes=codes, total=len(labels))


def auc_measure(
    ranking: Ranking | None,
    positive: NDArray[np.bool_],
    groups: Units | None,
    *,
    name: str,
    other: str,
    level: float,
) -> Measure:
    """Return the AUC of a ranking of the cases that are ``positive`` (n,), as ``auc`` does."""
    if ranking is None:
        side = other if positive.any() else name
        reason = Reason("no_reference_cases", of=side) if len(positive) else Reason("no_cases")
        return Measure(plain=Estimate.undefined(reason=reason, n=len(positive)))
    plain = _interval(ranking, Units(codes=None, total=len(positive)), level=level)
    return Measure(plain=plain, clustered=None if groups is None else _interval(ranking, groups, level=level))


def design_effect(
    deviations: NDArray[np.float64], strata: NDArray[np.integer[Any]], variance: float, *, units: Units
) -> float:
    """Return how many times the ``variance`` between units is that between cases: at least 1, and 1 without groups."""
    if units.codes is None:
        return 1.0
    alone = Units(codes=None, total=len(deviations)).variance(deviations, strata)
    return max(1.0, variance / alone) if alone else 1.0


def quantile(level: float, *, freedom: int | None) -> float:
    """Return how many standard errors an interval reaches either way: of t with ``freedom``, of the normal without."""
    return normal_quantile(level) if freedom is None else float(special.stdtrit(freedom, (1 + level) / 2))


def reaches(value: float, variance: float, *, freedom: int | None, level: float) -> tuple[float, float]:
    """Return how far the interval of an AUC reaches below and above: on the logit scale, by t, where ``freedom`` is."""
    half = quantile(level, freedom=freedom) * math.sqrt(variance)
    if freedom is None or not 0 < value < 1:
        return half, half
    centre, half = float(special.logit(value)), half / (value * (1 - value))
    return value - float(special.expit(centre - half)), float(special.expit(centre + half)) - value


def _interval(ranking: Ranking, units: Units, *, level: float) -> Estimate:
    n, value, positive = len(ranking.positive), ranking.auc, ranking.positive
    strata = positive.astype(np.int8)
    freedom = units.freedom(strata)
    method = Method("delong") if freedom is None else Method("obuchowski", groups=units.total, freedom=freedom)
    if ranking.constant:
        return Estimate(value=value, method=method, n=n, reason=Reason("equal_scores"))
    variance = units.variance(ranking.deviations, strata)
    if variance is not None and variance > NO_SPREAD:
        below, above = reaches(value, variance, freedom=freedom, level=level)
        low, high = max(0.0, value - below), min(1.0, value + above)
        estimate = Estimate(value=value, low=low, high=high, level=level, method=method, n=n)
        if not near_one(value):
            return estimate
        effect = design_effect(ranking.deviations, strata, variance, units=units)
        m = int(positive.sum())
        bounds = newcombe(value, positives=max(1.0, m / effect), negatives=max(1.0, (n - m) / effect), level=level)
        if units.codes is not None:
            bounds = replace(bounds, method=Method("newcombe_5_on_design_effect", groups=units.total))
        return enclosing(estimate, replace(bounds, n=n))
    bounds = newcombe(value, positives=units.holding(positive), negatives=units.holding(~positive), level=level)
    method = Method("newcombe_5_without_delong")
    if units.codes is not None:
        method = Method("newcombe_5_without_obuchowski", groups=units.total)
    return Estimate(value=value, low=bounds.low, high=bounds.high, level=level, method=method, n=n)


def _newcombe_low(value: float, m: float, n: float, *, z: float) -> float:
    if value == 0:
        return 0.0
    size = (m + n) / 2 - 1

    def excess(bound: float) -> float:
        spread = bound * (1 - bound) / (m * n) * (1 + size * ((1 - bound) / (2 - bound) + bound / (1 + bound)))
        return value - bound - z * math.sqrt(spread)

    # At 1 the bound 1 is a root too, of no interest: the search ends just below it.
    return float(optimize.brentq(excess, 0.0, min(value, math.nextafter(1.0, 0.0)), xtol=1e-15))
