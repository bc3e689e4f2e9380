"""The areas under the ROC curves of two scores on the same cases, and how far they are apart."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import square_and_add
from neuroval.analysis.core.estimate import Estimate, Measure, enclosing, reach, widest
from neuroval.analysis.core.proportions import check_level
from neuroval.analysis.performance.auc_estimate import (
    NO_SPREAD,
    Ranking,
    Units,
    auc_measure,
    grouped,
    near_one,
    quantile,
    ranked,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """The AUCs of two scores on the same cases, and how far the first is above the second.

    The p-values are two-sided, of no difference between the AUCs; a p-value has no interval.
    """

    a: Measure
    b: Measure
    difference: Measure
    p_value: Estimate
    clustered_p_value: Estimate | None

    @property
    def headline_p_value(self) -> Estimate:
        """The p-value that belongs to the interval shown first."""
        plain, clustered = self.difference.plain, self.difference.clustered
        if self.clustered_p_value is None or clustered is None or widest(plain, clustered) is plain:
            return self.p_value
        return self.clustered_p_value


def paired_delong(
    reference: NDArray[np.bool_],
    scores_a: NDArray[np.floating[Any]],
    scores_b: NDArray[np.floating[Any]],
    *,
    groups: NDArray[Any] | pd.Series | None = None,
    name: str = "the positive class",
    other: str = "the negative class",
    level: float = 0.95,
) -> AucDifference:
    """Return the AUCs of two scores on the same cases, the first less the second, and the p-value of no difference.

    ``reference`` (n,) is true for positive cases; the scores (n,) may be on different scales; the rest as in ``auc``.
    Interval and p-value rest on the variance of the difference between the components of the two scores, between
    cases (DeLong) and between groups (Obuchowski, with the t distribution on the groups of the smaller side less 1),
    cut at -1 and 1. Where an AUC is 0.95 or more (or 0.05 or less), this interval is too short once the AUCs differ:
    the lowest low and the highest high of it and of the intervals of the two AUCs, combined by square-and-add with the
    correlation of the components, are taken; the p-value, which holds its level, stays. Where
    the variance does not exist because an AUC is 0 or 1,
    or a side holds fewer than two cases or groups, the intervals of the two AUCs are combined by square-and-add with
    a correlation of 0, which is wide, and there is no p-value. When both scores order all cases alike the difference
    is 0, without interval. Undefined when a side has no cases. Raises ``InputError`` as ``auc`` does.

    Sources: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845; Obuchowski, Biometrics 1997;53:567-578;
    square-and-add: Zou & Donner, Stat Med 2008;27:1693-1702.
    """
    check_level(level)
    n, a, b = len(reference), ranked(reference, scores_a), ranked(reference, scores_b)
    by_group = grouped(groups, n=n)
    first, second = (
        auc_measure(ranking, reference, by_group, name=name, other=other, level=level) for ranking in (a, b)
    )
    if a is None or b is None:
        return AucDifference(a=first, b=second, difference=first, p_value=first.plain, clustered_p_value=None)
    plain, p_value = _difference(a, b, first.plain, second.plain, units=Units(codes=None, total=n), level=level)
    clustered, clustered_p_value = None, None
    if by_group is not None and first.clustered is not None and second.clustered is not None:
        clustered, clustered_p_value = _difference(a, b, first.clustered, second.clustered, units=by_group, level=level)
    return AucDifference(
        a=first,
        b=second,
        difference=Measure(plain=plain, clustered=clustered),
        p_value=p_value,
        clustered_p_value=clustered_p_value,
    )


def _difference(
    a: Ranking, b: Ranking, first: Estimate, second: Estimate, *, units: Units, level: float
) -> tuple[Estimate, Estimate]:
    """Return the difference of two AUCs, whose estimates are ``first`` and ``second``, and its p-value."""
    n, value = len(a.positive), a.auc - b.auc
    strata = a.positive.astype(np.int8)
    freedom = units.freedom(strata)
    method = Method("delong_paired")
    if freedom is not None:
        method = Method("obuchowski_paired", groups=units.total, freedom=freedom)
    if a.auc == b.auc and np.array_equal(a.deviations, b.deviations) and not a.perfect:
        reason = Reason("same_order")
        return Estimate(value=0.0, method=method, n=n, reason=reason), Estimate.undefined(reason=reason, n=n)
    variance = units.variance(a.deviations - b.deviations, strata)
    if variance is None or variance <= NO_SPREAD or a.perfect or b.perfect:
        reason = Reason("auc_at_an_end" if a.perfect or b.perfect else "no_variance_of_difference")
        below, above = _combined(first, second, correlation=0.0)
        method = Method("square_and_add_uncorrelated", reason=reason)
        p_value = Estimate.undefined(reason=Reason("no_p_value", reason=reason), n=n)
    else:
        below = above = quantile(level, freedom=freedom) * math.sqrt(variance)
        errors = -abs(value) / math.sqrt(variance)
        p = 2 * float(special.ndtr(errors) if freedom is None else special.stdtr(freedom, errors))
        test = Method("z_test" if freedom is None else "t_test", method=method)
        p_value = Estimate(value=p, method=test, n=n, reason=Reason("a_p_value"))
    between = _between(value, below, above, level=level, method=method, n=n)
    if not p_value.defined or not (near_one(a.auc) or near_one(b.auc)):
        return between, p_value
    below, above = _combined(first, second, correlation=_correlation(a, b, units=units))
    combined = Method("square_and_add_correlated")
    return enclosing(between, _between(value, below, above, level=level, method=combined, n=n)), p_value


def _between(value: float, below: float, above: float, *, level: float, method: Method, n: int) -> Estimate:
    low, high = max(-1.0, value - below), min(1.0, value + above)
    return Estimate(value=value, low=low, high=high, level=level, method=method, n=n)


def _combined(first: Estimate, second: Estimate, *, correlation: float) -> tuple[float, float]:
    """Return how far the difference reaches below and above its value."""
    (below_a, above_a), (below_b, above_b) = reach(first), reach(second)
    below = square_and_add(below_a, above_b, correlation=correlation)
    return below, square_and_add(above_a, below_b, correlation=correlation)


def _correlation(a: Ranking, b: Ranking, *, units: Units) -> float:
    """Return the correlation of two AUCs by their components; 0 where one shows no variance."""
    strata = a.positive.astype(np.int8)
    of_a, of_b, of_difference = (
        units.variance(deviations, strata) or 0.0
        for deviations in (a.deviations, b.deviations, a.deviations - b.deviations)
    )
    spread = 2 * math.sqrt(of_a * of_b)
    return min(1.0, max(-1.0, (of_a + of_b - of_difference) / spread)) if spread > 0 else 0.0
