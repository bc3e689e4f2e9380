"""Prediction sets that hold the reference class with a chosen probability, class by class.

Split-conformal: limits are set on the tuning cases of each class and used on other cases. The promise rests on tuning
and other cases being exchangeable, which they are not exactly: the tuning split also chose the network's weights, so
its probabilities are a little too good, and cases of one patient or group resemble each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from neuroval.analysis.calibration.proper_scores import mean_of
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import Predictions, group_numbers, read_predictions
from neuroval.analysis.core.proportions import RateMethod, share_of
from neuroval.data.exceptions import InputError

ALPHA: Final = 0.10
BETA_FROM: Final = 10_000  # cases: from there on the scatter of the cases themselves is nothing
CAVEATS: Final = (
    "The tuning split that sets the limits also chose the network's weights, so tuning and test cases are not exactly "
    "exchangeable and coverage can fall short.",
    "Cases of one patient or group resemble each other, which exchangeability of single cases does not allow for.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLimits:
    """The smallest probability at which each class enters a prediction set, in the order of ``classes``.

    A limit is undefined for a class with too few tuning cases; ``n`` of a limit is their number. ``alpha`` is the
    share of a class's cases that its sets may miss; ``caveats`` say what keeps this from being exact.
    """

    classes: tuple[str, ...]
    alpha: float
    limits: tuple[Estimate, ...]
    caveats: tuple[str, ...] = CAVEATS

    @property
    def missing(self) -> tuple[str, ...]:
        """The classes without a limit."""
        return tuple(name for name, limit in zip(self.classes, self.limits, strict=True) if not limit.defined)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCoverage:
    """Where the coverage of a class lies in 95% of studies of this size when the sets do as they should.

    Both the tuning cases that set the limit and the cases here are few, so it scatters. ``too_seldom`` says that the
    class was held less often than that.
    """

    low: float
    high: float
    too_seldom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSets:
    """How the sets do on cases that did not set the limits; ``coverage`` is per class, in the order of the classes.

    Coverage is the share of a class's cases whose set holds it; ``overall_coverage`` is of all cases. The numbers over
    all cases are undefined when a class has no limit, because then a set cannot say whether it holds that class.
    ``expected`` is per class, none without a limit or a case.
    """

    limits: ClassLimits
    coverage: tuple[Measure, ...]
    expected: tuple[ExpectedCoverage | None, ...]
    overall_coverage: Measure
    mean_size: Measure
    empty: Measure
    single: Measure
    multiple: Measure


def class_limits(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    alpha: float = ALPHA,
) -> ClassLimits:
    """Return the limits that tuning cases set: ``reference`` (n,) class indices, ``probabilities`` (n, k).

    The score of a case is 1 - p with the probability p of its reference class. The limit of a class with m cases is
    their score number ceil((m + 1)(1 - alpha)), counted from the smallest, stated as a probability; ``alpha`` counts
    as the decimal it is written as. A class needs at least ceil(1 / alpha) - 1 cases, else its limit is not estimable.
    Raises ``InputError`` as ``read_predictions`` does and for an ``alpha`` outside (0, 1).

    Sources: Sadinle, Lei & Wasserman, J Am Stat Assoc 2019;114:223-234 (score, class by class); Vovk, ACML 2012, PMLR
    25:475-490 (conditional on the class).
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha: {alpha} must be above 0 and below 1, for example 0.1.")
    cases = read_predictions(reference, probabilities, classes=classes)
    exact = Fraction(repr(float(alpha)))  # 0.1 is meant as one tenth, which no binary number is
    needed = math.ceil(1 / exact) - 1
    limits = []
    for index, name in enumerate(classes):
        of_class = np.sort(cases.probabilities[cases.reference == index, index])
        m = len(of_class)
        if m < needed:
            reason = Reason("tuning_cases_needed", of=name, cases=m, needed=needed)
            limits.append(Estimate.undefined(reason=reason, n=m))
            continue
        # The r-th smallest score is the r-th largest probability; m - r = floor((m + 1) alpha) - 1.
        value = float(of_class[math.floor((m + 1) * exact) - 1])
        limits.append(Estimate(value=value, method=Method("split_conformal"), n=m, reason=Reason("a_limit")))
    return ClassLimits(classes=tuple(classes), alpha=alpha, limits=tuple(limits))


def prediction_sets(probabilities: NDArray[np.floating[Any]], *, limits: ClassLimits) -> NDArray[np.bool_]:
    """Return per case and class (n, k) whether the set holds the class, for ``probabilities`` (n, k).

    A class without a limit is held by every set: nothing allows to leave it out. Raises ``InputError`` as
    ``read_predictions`` does.
    """
    nobody = np.zeros(len(probabilities), dtype=np.int64)
    return _sets(read_predictions(nobody, probabilities, classes=limits.classes), limits=limits)


def evaluate_sets(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    limits: ClassLimits,
    groups: NDArray[Any] | pd.Series | None = None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> PredictionSets:
    """Return coverage and size of the sets on cases other than those that set the limits.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). Shares carry
    the interval ``method``, the mean size that of ``mean_of``; where groups hold several cases the cluster-adjusted
    one stands beside it. Intervals are for these cases with the limits as they are. Undefined without cases, or
    without a limit. Raises ``InputError`` as ``read_predictions`` does.
    """
    cases = read_predictions(reference, probabilities, classes=limits.classes)
    numbers = group_numbers(groups, n=cases.n)
    held = _sets(cases, limits=limits)
    covered = held[np.arange(cases.n), cases.reference]
    size = held.sum(axis=1)

    def share(happened: NDArray[np.bool_], among: NDArray[np.bool_]) -> Measure:
        owner = None if numbers is None else numbers[among]
        return share_of(happened[among], groups=owner, method=method, level=level)

    coverage = tuple(
        share(covered, cases.reference == index) if limit.defined else _not_estimable((name,), n=limit.n)
        for index, (name, limit) in enumerate(zip(limits.classes, limits.limits, strict=True))
    )
    if limits.missing:
        overall = mean_size = empty = single = multiple = _not_estimable(limits.missing, n=cases.n)
    else:
        everything = np.ones(cases.n, dtype=np.bool_)
        overall, empty, single, multiple = (
            share(happened, everything) for happened in (covered, size == 0, size == 1, size > 1)
        )
        mean_size = mean_of(size.astype(np.float64), groups=numbers, ceiling=float(cases.k), level=level)
    return PredictionSets(
        limits=limits,
        coverage=coverage,
        expected=tuple(
            _expected(held_of, limit, alpha=limits.alpha)
            for held_of, limit in zip(coverage, limits.limits, strict=True)
        ),
        overall_coverage=overall,
        mean_size=mean_size,
        empty=empty,
        single=single,
        multiple=multiple,
    )


def expected_coverage(tuning: int, cases: int, *, alpha: float, level: float = 0.95) -> tuple[float, float]:
    """Return between which shares the coverage of ``cases`` lies when ``tuning`` cases of the class set the limit.

    With l = floor((m + 1) alpha) of the m tuning cases below the limit, the number held is beta-binomial with the
    parameters m + 1 - l and l; beyond 10,000 cases their share is beta. Raises ``InputError`` where the tuning cases
    give no limit.

    Source: Vovk, ACML 2012, PMLR 25:475-490.
    """
    below = math.floor((tuning + 1) * Fraction(repr(float(alpha))))
    if below < 1 or cases < 1:
        raise InputError(f"expected coverage: {tuning} tuning cases give no limit, or there are no cases ({cases}).")
    a, b, tails = tuning + 1 - below, below, ((1 - level) / 2, (1 + level) / 2)
    if cases > BETA_FROM:
        low, high = (float(special.betaincinv(a, b, tail)) for tail in tails)
        return low, high
    low, high = (float(stats.betabinom.ppf(tail, cases, a, b)) / cases for tail in tails)
    return low, high


def _expected(coverage: Measure, limit: Estimate, *, alpha: float) -> ExpectedCoverage | None:
    held = coverage.headline
    if not limit.defined or limit.n is None or held.value is None or not held.n:
        return None
    worth = held.n if coverage.clustered is None else coverage.clustered.effective_n or held.n
    low, high = expected_coverage(limit.n, max(1, round(worth)), alpha=alpha)
    return ExpectedCoverage(low=low, high=high, too_seldom=held.value < low)


def _sets(cases: Predictions, *, limits: ClassLimits) -> NDArray[np.bool_]:
    smallest = np.array([0.0 if limit.value is None else limit.value for limit in limits.limits])
    return cases.probabilities >= smallest


def _not_estimable(names: tuple[str, ...], *, n: int | None) -> Measure:
    return Measure(plain=Estimate.undefined(reason=Reason("too_few_tuning_cases", of=names), n=n))
