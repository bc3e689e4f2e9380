"""Proper scores of the probabilities: Brier score with its parts, and log-loss. Lower is better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.bootstrap import SAME
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import BINS, assign_bins, group_numbers, read_predictions
from neuroval.analysis.core.proportions import check_level

TOO_FEW: Final = 2  # cases or groups: from here on a spread can be estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierParts:
    """The five parts of a Brier score; ``score`` adds them up to it exactly.

    Reliability (lower is better) and resolution (higher is better) see each bin as one probability. The two
    within-bin terms are what that leaves out: how far the probabilities of one bin spread, and how far that spread
    follows the outcome.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def score(self) -> float:
        return (
            self.reliability
            - self.resolution
            + self.uncertainty
            + self.within_bin_variance
            - self.within_bin_covariance
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrierScore:
    """The multi-class Brier score, from 0 to 2, and that of any tumour against none, from 0 to 1.

    ``parts`` sums up ``class_parts``, which are in the order of the classes; with two classes the multi-class score
    is twice the two-class one. Parts are none without cases, any tumour also without a negative class.
    """

    score: Measure
    parts: BrierParts | None
    class_parts: tuple[BrierParts, ...] | None
    any_tumour: Measure | None
    any_tumour_parts: BrierParts | None
    bins: int


def brier_score(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    bins: int = BINS,
    level: float = 0.95,
) -> BrierScore:
    """Return the Brier scores with their intervals and parts.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). The
    multi-class score is the mean over cases of the squared differences between probability and outcome (1 for the
    reference class, 0 for the others), summed over classes and not halved. The two-class score is the mean squared
    difference between P(any tumour) = 1 - P(negative class) and the outcome. Intervals as ``mean_of``. Parts are on
    equal-width bins of each class's probability. Undefined without cases. Raises ``InputError`` as
    ``read_predictions`` and ``assign_bins`` do.

    Sources: Brier, Mon Weather Rev 1950;78:1-3 (score); Murphy, J Appl Meteorol 1973;12:595-600 (parts).
    """
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    numbers = group_numbers(groups, n=cases.n)
    outcome = cases.reference[:, None] == np.arange(cases.k)
    class_parts = None
    if cases.n:
        columns = zip(outcome.T, cases.probabilities.T, strict=True)
        class_parts = tuple(brier_parts(happened, column, bins=bins) for happened, column in columns)
    any_tumour, any_tumour_parts = None, None
    of_tumour, tumour = cases.any_tumour_probability, cases.tumour
    if of_tumour is not None and tumour is not None:
        any_tumour = mean_of((of_tumour - tumour) ** 2, groups=numbers, ceiling=1.0, level=level)
        any_tumour_parts = brier_parts(tumour, of_tumour, bins=bins) if cases.n else None
    return BrierScore(
        score=mean_of(((cases.probabilities - outcome) ** 2).sum(axis=1), groups=numbers, ceiling=2.0, level=level),
        parts=None if class_parts is None else _added(class_parts),
        class_parts=class_parts,
        any_tumour=any_tumour,
        any_tumour_parts=any_tumour_parts,
        bins=bins,
    )


def log_loss(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> Measure:
    """Return the mean over cases of minus the natural logarithm of the reference class's probability.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). Nothing is
    clipped: a reference class with probability 0 makes the score infinite, so it is undefined then, with the number
    of such cases as the reason. Undefined without cases too. Intervals as ``mean_of``. Raises ``InputError`` as
    ``read_predictions`` does.

    Source: Good, J R Stat Soc B 1952;14:107-114.
    """
    cases = read_predictions(reference, probabilities, classes=classes)
    numbers = group_numbers(groups, n=cases.n)
    given = cases.probabilities[np.arange(cases.n), cases.reference]
    impossible = int((given == 0).sum())
    if impossible:
        return Measure(plain=Estimate.undefined(reason=Reason("infinite_loss", cases=impossible), n=cases.n))
    return mean_of(np.abs(np.log(given)), groups=numbers, level=level)


def mean_of(
    values: NDArray[np.float64],
    *,
    groups: NDArray[Any] | pd.Series | None,
    floor: float = 0.0,
    ceiling: float = math.inf,
    level: float = 0.95,
) -> Measure:
    """Return the mean of ``values`` (n,) with its t interval, and a cluster-robust one where groups hold several.

    The plain interval is mean +- t(n - 1) s / sqrt(n). The cluster-robust variance is G / (G - 1) times the sum over
    the G groups of the squared sum of a group's deviations from the mean, over n^2, with t(G - 1); groups of one case
    give the plain interval. Bounds are cut at ``floor`` and ``ceiling``. No interval for one case, one group, or
    without variation; undefined without cases.

    Sources: Liang & Zeger, Biometrika 1986;73:13-22; Cameron & Miller, J Hum Resour 2015;50:317-372 (t with G - 1).
    """
    check_level(level)
    n = len(values)
    if n == 0:
        return Measure(plain=Estimate.undefined(reason=Reason("no_cases"), n=0))
    mean = float(values.mean())
    limits = (min(floor, mean), max(ceiling, mean))
    deviations = values - mean
    plain = _t_interval(mean, deviations, n=n, unit="case", limits=limits, level=level)
    numbers = group_numbers(groups, n=n)
    if numbers is None or numbers.max() == n - 1:
        return Measure(plain=plain)
    by_group = np.bincount(numbers, weights=deviations).astype(np.float64)
    return Measure(plain=plain, clustered=_t_interval(mean, by_group, n=n, unit="group", limits=limits, level=level))


def brier_parts(happened: NDArray[np.bool_], probability: NDArray[np.float64], *, bins: int = BINS) -> BrierParts:
    """Return the parts of the two-class Brier score on equal-width bins, of one case or more.

    ``happened`` (n,) is the outcome, ``probability`` (n,) what was predicted for it. With n_b cases in bin b, mean
    probability f_b, observed share o_b and share o over all: reliability is sum n_b (f_b - o_b)^2 / n, resolution
    sum n_b (o_b - o)^2 / n, uncertainty o (1 - o), within-bin variance the mean of (f - f_b)^2 and within-bin
    covariance twice the mean of (f - f_b)(outcome - o_b). Reliability and resolution grow with the number of bins
    by chance alone.

    Source: Stephenson, Coelho & Jolliffe, Weather Forecast 2008;23:752-757, equation 7.
    """
    bin_of, _ = assign_bins(probability, bins=bins)
    n, outcome = len(happened), happened.astype(np.float64)
    size = np.bincount(bin_of, minlength=bins)
    filled = np.maximum(size, 1)
    f_bin = np.bincount(bin_of, weights=probability, minlength=bins) / filled
    o_bin = np.bincount(bin_of, weights=outcome, minlength=bins) / filled
    overall = float(outcome.mean())
    f_within, o_within = probability - f_bin[bin_of], outcome - o_bin[bin_of]
    return BrierParts(
        reliability=float(size @ (f_bin - o_bin) ** 2) / n,
        resolution=float(size @ (o_bin - overall) ** 2) / n,
        uncertainty=overall * (1 - overall),
        within_bin_variance=float(f_within @ f_within) / n,
        within_bin_covariance=2 * float(f_within @ o_within) / n,
    )


def _added(parts: Sequence[BrierParts]) -> BrierParts:
    return BrierParts(
        reliability=math.fsum(part.reliability for part in parts),
        resolution=math.fsum(part.resolution for part in parts),
        uncertainty=math.fsum(part.uncertainty for part in parts),
        within_bin_variance=math.fsum(part.within_bin_variance for part in parts),
        within_bin_covariance=math.fsum(part.within_bin_covariance for part in parts),
    )


def _t_interval(
    mean: float,
    deviations: NDArray[np.float64],
    *,
    n: int,
    unit: str,
    limits: tuple[float, float],
    level: float,
) -> Estimate:
    units = len(deviations)
    method = Method("t") if unit == "case" else Method("t_clustered", groups=units)
    if units < TOO_FEW:
        return Estimate(value=mean, method=method, n=n, reason=Reason("one_case" if unit == "case" else "one_group"))
    error = math.sqrt(units / (units - 1) * float(deviations @ deviations)) / n
    if error <= SAME:
        equal = Reason("equal_cases" if unit == "case" else "equal_groups")
        return Estimate(value=mean, method=method, n=n, reason=equal)
    half = float(special.stdtrit(units - 1, (1 + level) / 2)) * error
    low, high = max(limits[0], mean - half), min(limits[1], mean + half)
    return Estimate(value=mean, low=low, high=high, level=level, method=method, n=n)
