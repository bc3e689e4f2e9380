"""Proportions with their intervals, for independent cases and for cases that come in groups."""

import math
import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.data.exceptions import InputError

RateMethod = Literal["wilson", "clopper-pearson", "jeffreys", "agresti-coull"]

METHODS: Final[Mapping[RateMethod, Method]] = {name: Method(name) for name in get_args(RateMethod)}


def proportion(count: int, n: int, *, method: RateMethod = "wilson", level: float = 0.95) -> Estimate:
    """Return ``count / n`` with its two-sided interval; undefined when ``n`` is 0.

    Bounds lie in [0, 1] and enclose the value; 0/n has the lower bound 0 and n/n the upper bound 1, exactly.
    Raises ``InputError`` for a count outside 0 to n, an unknown method, or a level outside (0, 1).

    - ``wilson``: score interval without continuity correction (Wilson, J Am Stat Assoc 1927;22:209-212;
      Newcombe, Stat Med 1998;17:857-872, method 3).
    - ``clopper-pearson``: exact, coverage at least the level (Clopper & Pearson, Biometrika 1934;26:404-413).
    - ``jeffreys``: equal-tailed Bayesian interval with the Beta(1/2, 1/2) prior, lower bound 0 at 0/n and
      upper bound 1 at n/n (Brown, Cai & DasGupta, Stat Sci 2001;16:101-133).
    - ``agresti-coull``: Wald interval about the Wilson midpoint, clipped to [0, 1] (Agresti & Coull,
      Am Stat 1998;52:119-126).
    """
    count, n = operator.index(count), operator.index(n)
    if n < 0:
        raise InputError(f"proportion: n {n} must be 0 or more.")
    if not 0 <= count <= n:
        raise InputError(f"proportion: count {count} must be at least 0 and at most n, which is {n}.")
    if method not in get_args(RateMethod):
        raise InputError(f"proportion: method {method!r} is not known; expected one of {list(get_args(RateMethod))}.")
    check_level(level)
    if n == 0:
        return Estimate.undefined(reason=Reason("no_cases"), n=0)
    if method == "wilson":
        low, high = wilson(count, n, level=level)
    elif method == "clopper-pearson":
        low, high = _clopper_pearson(count, n, level=level)
    elif method == "jeffreys":
        low, high = _jeffreys(count, n, level=level)
    else:
        low, high = _agresti_coull(count, n, level=level)
    return _enclosing(count / n, low, high, level=level, method=METHODS[method], n=n, count=count)


def clustered_proportion(
    successes: NDArray[np.bool_], groups: NDArray[Any] | pd.Series, *, level: float = 0.95
) -> Estimate:
    """Return the share of successes with an interval that allows for cases of one group being alike.

    ``successes`` (n,) is boolean, ``groups`` (n,) holds a group id per case. See ``clustered_totals`` for the
    method. Undefined when n is 0. Raises ``InputError`` for lengths that differ or a missing group id.
    """
    codes, labels = group_codes(groups, n=len(successes))
    sizes = np.bincount(codes, minlength=len(labels))
    positives = np.bincount(codes[np.asarray(successes, dtype=np.bool_)], minlength=len(labels))
    return clustered_totals(positives, sizes, number=np.ones(len(labels), dtype=np.int64), level=level)


def share_of(
    happened: NDArray[np.bool_],
    *,
    groups: NDArray[Any] | pd.Series | None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> Measure:
    """Return the share of cases ``(n,)`` for which something is so, cluster-adjusted too where groups hold several."""
    n = len(happened)
    plain = proportion(int(happened.sum()), n, method=method, level=level)
    if groups is None:
        return Measure(plain=plain)
    codes, labels = group_codes(groups, n=n)
    if len(labels) == n:
        return Measure(plain=plain)
    return Measure(plain=plain, clustered=clustered_proportion(happened, codes, level=level))


def clustered_totals(
    successes: NDArray[np.int64], sizes: NDArray[np.int64], *, number: NDArray[np.int64], level: float = 0.95
) -> Estimate:
    """Return the cluster-adjusted Wilson interval from totals: ``number[t]`` groups of ``sizes[t]`` cases each.

    All three are (t,). The Wilson interval is taken at the effective sample size n / D. D, the design effect, is
    the variance of the ratio estimator over groups, G / (G - 1) * sum (y_g - p m_g)^2 / n^2, divided by the
    variance that n independent cases would show, p (1 - p) / (n - 1); so groups of one case give exactly 1. D
    below 1 is taken as 1. With a single group, or when p is 0 or 1, D is not estimable; the effective sample size
    is then the number of groups, which is as few as identical cases within groups would leave, and the method
    says so. The rarer outcome in e groups tells little of D while e is small (in one group D is about 1 by
    construction), so D is not taken below (e D + n / G) / (e + 1): as if one more group had been seen, of identical
    cases. Without it the intervals of rates near 0 and 1 cover too little (``analysis/README.md``). ``n`` and
    ``count`` of the result are cases, ``effective_n`` is n / D. Undefined without cases.

    Source: Rao & Scott, Biometrics 1992;48:577-585.
    """
    check_level(level)
    number = np.where(sizes > 0, number, 0)  # a group without a case in the denominator says nothing about it
    groups, n, count = int(number.sum()), int(number @ sizes), int(number @ successes)
    if n == 0:
        return Estimate.undefined(reason=Reason("no_cases"), n=0)
    p = count / n
    if groups < 2 or count in (0, n):
        effective = float(groups)
        method = Method("wilson_on_groups", groups=groups)
    else:
        variance = groups / (groups - 1) * float(number @ (successes - p * sizes) ** 2) / n**2
        seen = max(1.0, variance / (p * (1 - p) / (n - 1)))
        holding = int(number @ ((successes if 2 * count <= n else sizes - successes) > 0))
        effective = n / max(seen, (holding * seen + n / groups) / (holding + 1))
        method = Method("wilson_on_design_effect", groups=groups)
    low, high = wilson(p * effective, effective, level=level)
    estimate = _enclosing(p, low, high, level=level, method=method, n=n, count=count)
    return replace(estimate, effective_n=effective)


def group_codes(groups: NDArray[Any] | pd.Series, *, n: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return a number from 0 per case for its group, (n,), and the distinct group ids.

    Raises ``InputError`` when there are not ``n`` ids or one is missing.
    """
    if len(groups) != n:
        raise InputError(f"groups: found {len(groups)} ids for {n} cases, expected one per case.")
    if isinstance(groups, np.ndarray) and groups.dtype == np.int64 and _numbered(groups):
        return groups, np.arange(groups.max(initial=-1) + 1)
    codes, labels = pd.factorize(np.asarray(groups))
    if (codes < 0).any():
        raise InputError(f"groups: the id of case {int(np.argmax(codes < 0))} (counted from 0) is missing.")
    return codes.astype(np.int64), np.asarray(labels)


def _numbered(groups: NDArray[np.int64]) -> bool:
    """Return whether groups are numbered from 0 without a gap already: then nothing need be looked up."""
    if groups.min(initial=0) < 0 or groups.max(initial=-1) >= len(groups):
        return False
    return bool(np.bincount(groups).all())


def check_level(level: float) -> None:
    """Raise ``InputError`` unless ``level`` is a confidence level: above 0 and below 1."""
    if not 0 < level < 1:
        raise InputError(f"level: {level} must be above 0 and below 1, for example 0.95.")


def _enclosing(p: float, low: float, high: float, *, level: float, method: Method, n: int, count: int) -> Estimate:
    # Enclosing p does three things: 0/n and n/n get their closed end exactly, rounding in the last digit never
    # puts a bound on the wrong side, and Jeffreys at levels below about 0.15 still contains what it is about.
    low, high = max(0.0, min(low, p)), min(1.0, max(high, p))
    return Estimate(value=p, low=low, high=high, level=level, method=method, n=n, count=count)


def wilson(count: float, n: float, *, level: float) -> tuple[float, float]:
    """Return the ends of the Wilson interval; count and n need not be whole numbers."""
    z = normal_quantile(level)
    p = count / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def _clopper_pearson(count: int, n: int, *, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, tail))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 1 - tail))
    return low, high


def _jeffreys(count: int, n: int, *, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(special.betaincinv(count + 0.5, n - count + 0.5, tail))
    high = 1.0 if count == n else float(special.betaincinv(count + 0.5, n - count + 0.5, 1 - tail))
    return low, high


def _agresti_coull(count: int, n: int, *, level: float) -> tuple[float, float]:
    z = normal_quantile(level)
    size = n + z * z
    centre = (count + z * z / 2) / size
    half = z * math.sqrt(centre * (1 - centre) / size)
    return centre - half, centre + half
