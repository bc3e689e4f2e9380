"""Calibration errors: one number for how far predicted probabilities are from observed shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from neuroval.analysis.core.bootstrap import RESAMPLES, SAME, seed_of, too_few
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import BINS, Predictions, Scheme, assign_bins, group_numbers, read_predictions
from neuroval.analysis.core.proportions import check_level
from neuroval.data.exceptions import InputError

NOTE: Final = (
    "An expected calibration error is biased upwards: chance alone makes it larger than 0, the more so with few cases "
    "and many bins. Its bootstrap interval covers less than its level when the classifier is close to perfectly "
    "calibrated."
)
RESAMPLED_UP_TO: Final = 2_000  # cases or groups; sums over more of them are normally distributed
FEWEST: Final = 50  # cases: with fewer, 15 bins hold too few for an interval
KINDS: Final = 4  # that have an interval
_DRAWS_AT_ONCE: Final = 100_000  # one block of resampling weights stays in the processor's cache
_ROWS_AT_ONCE: Final = 10_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByChance:
    """What an error would be if every probability were right: on average, and at most in 95 of 100 samples."""

    usual: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationErrors:
    """Calibration errors by name; ``note`` says what all of them suffer from.

    ``by_chance`` is of ``ece_top_label_15``; none without cases.

    The last number of a name is the number of bins. ``mce_top_label_15`` is the largest gap of any bin, however few
    cases it holds, and has no interval.
    """

    ece_top_label_15: Measure
    ece_top_label_10: Measure
    ece_class_wise_15: Measure
    ece_adaptive_15: Measure
    mce_top_label_15: Estimate
    by_chance: ByChance | None = None
    note: str = NOTE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Gaps:
    """What one kind of error is summed from: case i adds ``values[c, i]`` to bin ``bins[c, i]`` of column c.

    Both are (columns, n), with bins from 0 to ``per_column`` - 1. A value is the outcome minus the probability, divided
    by the number of columns; the error is the sum of the bins' absolute ``totals``, divided by the number of cases.
    """

    values: Floats
    bins: NDArray[np.int64]
    per_column: int

    @property
    def totals(self) -> Floats:
        """The sum in each bin of each column, (columns * per_column,)."""
        columns = zip(self.bins, self.values, strict=True)
        return np.concatenate([np.bincount(bins, values, minlength=self.per_column) for bins, values in columns])


def calibration_errors(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    rng: np.random.Generator,
    groups: NDArray[Any] | pd.Series | None = None,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> CalibrationErrors:
    """Return the expected calibration errors with bootstrap intervals, over cases and over groups.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,).

    - top label: the mean over cases of the absolute difference between mean confidence and accuracy of their
      equal-width bin (Guo et al., ICML 2017, PMLR 70:1321-1330; Naeini et al., AAAI 2015:2901-2907).
    - class-wise: the same for each class's probability and share, averaged over classes (Kull et al., NeurIPS
      2019;32).
    - adaptive: the same as class-wise with bins of equal mass (Nixon et al., CVPR Workshops 2019:38-41). Bins count
      by their number of cases, which is what their mean over bins is when all hold equally many.

    The interval is the basic one, [2 e - q(97.5%), 2 e - q(2.5%)] for the level 0.95, cut at 0 and 1 and widened to
    enclose the value e, because a resample repeats the upward bias that the sample has; bins stay as they are
    (Davison & Hinkley, Bootstrap Methods and Their Application, 1997, section 5.2; used for calibration errors by
    Kumar, Liang & Ma, NeurIPS 2019;32). Up to 2,000 cases or groups are resampled one by one; with more,
    the resampled sums are drawn from their limit, a normal distribution with the same mean and covariance. No
    interval when all resamples agree, nor over fewer than four groups, nor with fewer than 50 cases, of which a bin
    holds three or four: the error is then mostly chance; undefined without cases. What chance alone would give is drawn
    from the normal distribution of the bins' totals around 0, with their covariance over groups, or cases. Raises
    ``InputError`` as ``read_predictions`` does, and for fewer than 1 resample.
    """
    check_level(level)
    if resamples < 1:
        raise InputError(f"resamples: {resamples} must be 1 or more.")
    cases = read_predictions(reference, probabilities, classes=classes)
    numbers = group_numbers(groups, n=cases.n)
    if cases.n == 0:
        undefined = Estimate.undefined(reason=Reason("no_cases"), n=0)
        return _named_errors([Measure(plain=undefined)] * KINDS, largest=undefined)
    kinds = _kinds(cases)
    values = [float(np.abs(gaps.totals).sum()) / cases.n for gaps in kinds]
    seed = seed_of(rng)

    def intervals(replicates: Sequence[Floats], units: int, unit: str) -> list[Estimate]:
        limit = units > RESAMPLED_UP_TO
        how = {"resamples": resamples, "seed": seed, "unit": unit, "units": units, "normal_limit": limit}
        method = Method("basic_bootstrap", **how)
        reason = too_few(units) if unit == "group" else None
        if cases.n < FEWEST:
            reason = Reason("too_few_in_bins", cases=cases.n, needed=FEWEST)
        if reason is not None:
            return [Estimate(value=value, method=method, n=cases.n, reason=reason) for value in values]
        return [
            _basic_interval(value, drawn, method=method, n=cases.n, level=level)
            for value, drawn in zip(values, replicates, strict=True)
        ]

    plain = intervals(_by_case(kinds, rng=rng, resamples=resamples), cases.n, "case")
    clustered: Sequence[Estimate | None] = [None] * KINDS
    held = cases.n if numbers is None else int(numbers.max()) + 1
    if numbers is not None and held < cases.n:
        clustered = intervals(_by_group(kinds, numbers, rng=rng, resamples=resamples), held, "group")
    measures = [Measure(plain=estimate, clustered=other) for estimate, other in zip(plain, clustered, strict=True)]
    errors = _named_errors(measures, largest=_largest_gap(kinds[0], n=cases.n))
    return replace(
        errors, by_chance=_by_chance(kinds[0], numbers if held < cases.n else None, rng=rng, resamples=resamples)
    )


def _named_errors(measures: Sequence[Measure], *, largest: Estimate) -> CalibrationErrors:
    """Return the errors, in the order of ``_kinds``, by their names."""
    top_15, top_10, class_wise, adaptive = measures
    return CalibrationErrors(
        ece_top_label_15=top_15,
        ece_top_label_10=top_10,
        ece_class_wise_15=class_wise,
        ece_adaptive_15=adaptive,
        mce_top_label_15=largest,
    )


def _kinds(cases: Predictions) -> tuple[_Gaps, ...]:
    top = (cases.correct - cases.confidence)[None, :]
    columns = np.ascontiguousarray(cases.probabilities.T)
    by_class = ((cases.reference == np.arange(cases.k)[:, None]) - columns) / cases.k

    def binned(scheme: Scheme) -> NDArray[np.int64]:
        return np.stack([assign_bins(column, scheme=scheme)[0] for column in columns])

    return (
        _Gaps(values=top, bins=assign_bins(cases.confidence)[0][None, :], per_column=BINS),
        _Gaps(values=top, bins=assign_bins(cases.confidence, bins=10)[0][None, :], per_column=10),
        _Gaps(values=by_class, bins=binned("equal-width"), per_column=BINS),
        _Gaps(values=by_class, bins=binned("equal-mass"), per_column=BINS),
    )


def _largest_gap(gaps: _Gaps, *, n: int) -> Estimate:
    size = np.bincount(gaps.bins[0], minlength=gaps.per_column)
    largest = float((np.abs(gaps.totals) / np.maximum(size, 1)).max())
    return Estimate(value=largest, method=Method("largest_gap"), n=n, reason=Reason("single_bin"))


def _by_case(kinds: Sequence[_Gaps], *, rng: np.random.Generator, resamples: int) -> list[Floats]:
    """Return each kind's error in each resample of the cases, (resamples,)."""
    n = kinds[0].values.shape[1]
    if n <= RESAMPLED_UP_TO:
        return _errors(_resampled([_rows(gaps) for gaps in kinds], rng=rng, resamples=resamples))
    return [
        np.abs(_limit(gaps.totals, _products(gaps), units=n, rng=rng, resamples=resamples)).sum(axis=0) / n
        for gaps in kinds
    ]


def _by_chance(gaps: _Gaps, numbers: NDArray[np.int64] | None, *, rng: np.random.Generator, resamples: int) -> ByChance:
    """Return what the error would be if each bin's total were 0 on average and spread as it is over the groups."""
    n = gaps.values.shape[1]
    if numbers is None:
        products = _products(gaps)
    else:
        order, ends = np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))
        products = _moments(gaps, numbers, order=order, ends=ends)[1][:-1, :-1]
    totals = _limit(np.zeros(len(products)), products, units=1, rng=rng, resamples=resamples)
    drawn = np.abs(totals).sum(axis=0) / n
    return ByChance(usual=float(drawn.mean()), most=float(np.quantile(drawn, 0.95)))


def _by_group(
    kinds: Sequence[_Gaps], numbers: NDArray[np.int64], *, rng: np.random.Generator, resamples: int
) -> list[Floats]:
    """Return each kind's error in each resample of the groups, (resamples,)."""
    n, held = len(numbers), int(numbers.max()) + 1
    if held <= RESAMPLED_UP_TO:
        of_group = sparse.csr_array((np.ones(n), (numbers, np.arange(n))), shape=(held, n))
        rows = [(of_group @ _rows(gaps)).tocsr() for gaps in kinds]
        return _errors(_resampled(rows, rng=rng, resamples=resamples))
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    sums = []
    for gaps in kinds:
        totals, products = _moments(gaps, numbers, order=order, ends=ends)
        sums.append(_limit(totals, products, units=held, rng=rng, resamples=resamples))
    return _errors(sums)


def _moments(
    gaps: _Gaps, numbers: NDArray[np.int64], *, order: NDArray[np.intp], ends: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the sum over groups of what each adds to the bins and of their products, cases counted in a last bin.

    ``order`` (n,) puts the cases in that of their groups, ``ends`` (G,) are the places at which those of a group end.
    """
    columns, per = len(gaps.values), gaps.per_column
    width, held = columns * per + 1, len(ends)
    totals, products = np.zeros(width), np.zeros((width, width))
    for start in range(0, held, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, held - start)
        cases = order[ends[start - 1] if start else 0 : ends[start + rows - 1]]
        group = numbers[cases] - start
        block = np.empty((rows, width))
        for column in range(columns):
            cell = group * per + gaps.bins[column, cases]
            sums = np.bincount(cell, weights=gaps.values[column, cases], minlength=rows * per)
            block[:, column * per : (column + 1) * per] = sums.reshape(rows, per)
        block[:, -1] = np.bincount(group, minlength=rows)
        totals = np.vstack([totals, block]).sum(axis=0)
        products += block.T @ block
    return totals, products


def _errors(sums: Sequence[Floats]) -> list[Floats]:
    return [np.abs(cells[:-1]).sum(axis=0) / cells[-1] for cells in sums]


def _rows(gaps: _Gaps) -> sparse.csr_array:
    """Return what each case adds to each bin, (n, bins), and 1 in a last column."""
    columns, n = gaps.values.shape
    width = columns + 1
    values, where = np.ones((n, width)), np.full((n, width), gaps.per_column * columns)
    values[:, :columns], where[:, :columns] = gaps.values.T, gaps.bins.T + gaps.per_column * np.arange(columns)
    shape = (n, gaps.per_column * columns + 1)
    return sparse.csr_array((values.ravel(), where.ravel(), np.arange(n + 1) * width), shape=shape)


def _products(gaps: _Gaps) -> Floats:
    """Return the sum over cases of the products of what each adds to two bins, (bins, bins)."""
    columns, per = len(gaps.values), gaps.per_column
    products = np.zeros((columns, per, columns, per))
    for first, other in combinations_with_replacement(range(columns), 2):
        cell = gaps.bins[first] * per + gaps.bins[other]
        weights = gaps.values[first] * gaps.values[other]
        block = np.bincount(cell, weights=weights, minlength=per * per).reshape(per, per)
        products[first, :, other, :], products[other, :, first, :] = block, block.T
    return products.reshape(columns * per, columns * per)


def _resampled(rows: Sequence[sparse.csr_array], *, rng: np.random.Generator, resamples: int) -> list[Floats]:
    """Return the sums (columns, resamples) over as many rows as there are, drawn with replacement."""
    units = rows[0].shape[0]
    # The order of the cases must not matter: rows are put in the order of a fixed random projection.
    directions = [np.random.default_rng(0).random(sums_of_bins.shape[1]) for sums_of_bins in rows]
    turned = [
        sums_of_bins[np.argsort(sums_of_bins @ direction)].T.tocsr()
        for sums_of_bins, direction in zip(rows, directions, strict=True)
    ]
    sums = [np.empty((cells.shape[0], resamples)) for cells in turned]
    block = max(1, _DRAWS_AT_ONCE // units)
    for start in range(0, resamples, block):
        width = min(block, resamples - start)
        draws = rng.integers(units, size=(units, width)) * width + np.arange(width)
        weights = np.bincount(draws.ravel(), minlength=units * width).reshape(units, width).astype(np.float64)
        for cells, into in zip(turned, sums, strict=True):
            into[:, start : start + width] = cells @ weights
    return sums


def _limit(totals: Floats, products: Floats, *, units: int, rng: np.random.Generator, resamples: int) -> Floats:
    """Return draws (columns, resamples) from the normal distribution that resampled sums of many rows follow."""
    variances, directions = np.linalg.eigh(products - np.outer(totals, totals) / units)
    spread = directions * np.sqrt(np.maximum(variances, 0.0))
    return np.asarray(totals[:, None] + spread @ rng.standard_normal((len(totals), resamples)))


def _basic_interval(value: float, replicates: Floats, *, method: Method, n: int, level: float) -> Estimate:
    if np.ptp(replicates) <= SAME:
        return Estimate(value=value, method=method, n=n, reason=Reason("equal_resamples"))
    small, large = (float(bound) for bound in np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2]))
    low, high = max(0.0, min(value, 2 * value - large)), min(1.0, max(value, 2 * value - small))
    if high - low <= SAME:  # resampled errors are never smaller than 0, so the interval of an error of 0 has no width
        return Estimate(value=value, method=method, n=n, reason=Reason("error_of_zero"))
    return Estimate(value=value, low=low, high=high, level=level, method=method, n=n)
