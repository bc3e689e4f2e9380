"""Intervals of F1, macro F1, MCC and kappa: Wilson's, on the number of cases that their variance amounts to."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Method
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import check_level, wilson

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Slopes = Callable[[Counts], Floats]

NO_SPREAD: Final = 1e-18  # below any variance of a million cases, above what rounding leaves of none


def f1_of_jaccard(shares: Estimate) -> Estimate:
    """Return F1 from J = tp / (tp + fp + fn), a proportion of cases, and its interval: F1 = 2 J / (1 + J).

    The cases that are neither in the class nor called so say nothing of F1, so J is a binomial proportion of the others
    and keeps the interval of one; F1 rises with J, so the bounds go along. Undefined and without interval as J is.

    J is the index of Jaccard (New Phytol 1912;11:37-50); the interval of J: Wilson, J Am Stat Assoc 1927;22:209-212.
    """
    if shares.value is None:
        return shares

    def turned(share: float | None) -> float | None:
        return None if share is None else 2 * share / (1 + share)

    return replace(
        shares,
        value=turned(shares.value),
        low=turned(shares.low),
        high=turned(shares.high),
        count=None,
        effective_n=None,
        method=Method("f1_of_jaccard", method=shares.method),
    )


def linearised(
    value: float,
    counts: Counts,
    slopes: Floats,
    *,
    types: GroupTypes | None = None,
    signed: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Return a number of the confusion matrix ``counts`` (k, k) with Wilson's interval on its effective size.

    ``slopes`` (k, k) say how the number changes with each cell. They give its variance over cases, or over groups where
    ``types`` are given; the effective size is what a proportion of this value would need for this variance. A number
    from -1 to 1 (``signed``) is taken as the proportion (1 + value) / 2. Without any variance (no error) the size is
    what it is in the limit of few errors, of the kind that costs most. Between groups the design effect is taken as
    ``clustered_totals`` does, as if one more group of identical cases had been seen; without any variance the size
    counts groups in the place of cases. Coverage is simulated in ``analysis/README.md``.

    Sources: the variance: Efron, Biometrika 1981;68:589-599 (infinitesimal jackknife); the interval: Korn & Graubard,
    Surv Methodol 1998;24:193-201, with Wilson, J Am Stat Assoc 1927;22:209-212.
    """
    check_level(level)
    n = int(counts.sum())
    scale = 2 if signed else 1
    share = (1 + value) / 2 if signed else value
    spread = float((counts * slopes**2).sum()) * n / (n - 1) / scale**2 if n > 1 else 0.0
    method = Method("wilson_on_linearised")
    effect = 1.0
    if types is not None:
        method = Method("wilson_on_linearised_between_groups", groups=types.groups)
        effect = _design_effect(slopes / scale, spread, types)
    if spread > NO_SPREAD and 0 < share < 1:
        size = share * (1 - share) / spread
    else:
        size = scale / max(_costliest(counts, slopes), scale / n)
    size /= effect
    low, high = wilson(share * size, size, level=level)
    low, high = max(0.0, min(low, share)), min(1.0, max(high, share))
    if signed:
        low, high = min(2 * low - 1, value), max(2 * high - 1, value)
    return Estimate(value=value, low=low, high=high, level=level, method=method, n=n)


def _design_effect(slopes: Floats, spread: float, types: GroupTypes) -> float:
    groups, n = types.groups, types.cases
    if spread <= NO_SPREAD or groups < 2:
        return n / groups
    moved = types.cells @ slopes.ravel()
    between = groups / (groups - 1) * float(types.number @ moved**2)
    seen = max(1.0, between / spread)
    wrong = types.totals(~np.eye(types.k, dtype=np.bool_))
    right = types.totals(np.eye(types.k, dtype=np.bool_))
    rarer = wrong if types.number @ wrong <= types.number @ right else right
    holding = int(types.number @ (rarer > 0))
    return max(seen, (holding * seen + n / groups) / (holding + 1))


def _costliest(counts: Counts, slopes: Floats) -> float:
    """Return by how much the number changes at most when a case is called another class."""
    held = np.where(counts > 0, slopes, np.nan)[counts.any(axis=1)]
    others = slopes[counts.any(axis=1)]
    return float(
        max(
            np.max(np.nanmax(held, axis=1) - others.min(axis=1)),
            np.max(others.max(axis=1) - np.nanmin(held, axis=1)),
        )
    )


def macro_f1_slopes(counts: Counts) -> Floats:
    """Return how the mean F1 over classes changes with each cell, (k, k)."""
    k, both = len(counts), counts.sum(axis=1) + counts.sum(axis=0)
    f1 = 2 * np.diagonal(counts) / both
    slopes: Floats = -(f1 / both)[:, None] - (f1 / both)[None, :] + np.diag(2 / both)
    return slopes / k


def weighted_f1_slopes(counts: Counts) -> Floats:
    """Return how the mean F1 weighted by support changes with each cell, (k, k); an empty class has no weight."""
    n, support = counts.sum(), counts.sum(axis=1)
    both = np.maximum(support + counts.sum(axis=0), 1)
    f1 = np.where(support > 0, 2 * np.diagonal(counts) / both, 0.0)
    mean = float(support @ f1) / n
    by_row, by_column = f1 - support * f1 / both, -support * f1 / both
    slopes: Floats = (by_row[:, None] + by_column[None, :] + np.diag(2 * support / both) - mean) / n
    return slopes


def kappa_slopes(counts: Counts) -> Floats:
    """Return how Cohen's kappa changes with each cell, (k, k)."""
    n, support, predicted = int(counts.sum()), counts.sum(axis=1), counts.sum(axis=0)
    observed, chance = float(np.trace(counts)) / n, float(support @ predicted) / n**2
    by_observed = (np.eye(len(counts)) - observed) / n
    by_chance = (predicted[:, None] + support[None, :]) / n**2 - 2 * chance / n
    slopes: Floats = by_observed / (1 - chance) - by_chance * (1 - observed) / (1 - chance) ** 2
    return slopes


def mcc_slopes(counts: Counts) -> Floats:
    """Return how the Matthews correlation coefficient changes with each cell, (k, k)."""
    cells = counts.astype(np.float64)
    n, right, support, predicted = cells.sum(), np.trace(cells), cells.sum(axis=1), cells.sum(axis=0)
    of_reference, of_calls = n**2 - support @ support, n**2 - predicted @ predicted
    root = math.sqrt(of_reference) * math.sqrt(of_calls)
    value = (n * right - support @ predicted) / root
    covariance = right + n * np.eye(len(cells)) - predicted[:, None] - support[None, :]
    spreads = 2 * (n - support)[:, None] / of_reference + 2 * (n - predicted)[None, :] / of_calls
    slopes: Floats = covariance / root - value / 2 * spreads
    return slopes
