"""The bootstrap of anything that is a function of the confusion matrix: it resamples counts, not cases."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.multinomial import drawn_totals
from neuroval.analysis.core.proportions import check_level
from neuroval.data.exceptions import InputError

RESAMPLES: Final = 2000
STRATIFY_BELOW: Final = 20  # a class with fewer cases would be missing from too many resamples
FEW_TYPES: Final = 100  # up to as many are drawn one by one
FEWEST_GROUPS: Final = 4  # of three, one group alone is drawn in 1 of 27 resamples: more often than a tail of 2.5%
DROPPED_LIMIT: Final = 0.01
SAME: Final = 1e-12  # replicates closer than this differ by rounding only
_DRAWS_AT_ONCE: Final = 10_000_000  # bounds the memory of one block of draws to about 80 MB


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resamples:
    """Resampled confusion matrices (b, k, k), read-only, and how they were made; ``reason`` when of too few groups."""

    matrices: NDArray[np.int64]
    method: Method
    reason: Reason | None = None


def resample(types: GroupTypes, *, rng: np.random.Generator, resamples: int = RESAMPLES) -> Resamples:
    """Return confusion matrices of resampled groups: a multinomial over the types of groups.

    When every case is a group of its own this is the bootstrap of cases exactly, drawn as a multinomial on the
    k x k counts. When a class has fewer than 20 cases the draw is stratified by class (a group counts for its
    majority class, ties for the lower index). A class of a single case or group is then drawn each time, so it cannot
    vary, which the method says. The method holds the number of resamples and the seed of
    ``rng``. Raises ``InputError`` for fewer than 1 resample.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6, 8 and 13.
    """
    if resamples < 1:
        raise InputError(f"resamples: {resamples} must be 1 or more.")
    support = types.support
    in_class = types.number @ support
    stratified = bool(((in_class > 0) & (in_class < STRATIFY_BELOW)).any())
    strata = np.argmax(support, axis=1) if stratified else np.zeros(len(types.number), dtype=np.int64)
    flat = np.zeros((resamples, types.k * types.k), dtype=np.int64)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        number, cells = types.number[members], types.cells[members]
        block = max(1, _DRAWS_AT_ONCE // len(members))
        for start in range(0, resamples, block):
            rows = min(block, resamples - start)
            flat[start : start + rows] += _drawn(number, cells, size=rows, rng=rng)
    matrices = flat.reshape(resamples, types.k, types.k)
    matrices.setflags(write=False)
    method = Method(
        "stratified_percentile_bootstrap" if stratified else "percentile_bootstrap",
        groups=None if types.groups == types.cases else types.groups,
        resamples=resamples,
        seed=seed_of(rng),
    )
    alone = sum(int(types.number[strata == stratum].sum()) == 1 for stratum in np.unique(strata)) if stratified else 0
    if alone:
        method = Method("strata_of_one", method=method, strata=alone)
    reason = None if types.groups == types.cases else too_few(types.groups)
    return Resamples(matrices=matrices, method=method, reason=reason)


def too_few(groups: int) -> Reason | None:
    """Return that so few groups give no interval when they are resampled; None for ``FEWEST_GROUPS`` and more."""
    return None if groups >= FEWEST_GROUPS else Reason("too_few_groups", groups=groups)


def _drawn(
    number: NDArray[np.int64], cells: sparse.csr_array, *, size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the cells of ``size`` resamples, (size, k * k), of ``number`` (t,) groups of each type."""
    groups = int(number.sum())
    if len(number) > max(FEW_TYPES, math.sqrt(groups)):
        return drawn_totals(number, cells, size=size, rng=rng)
    drawn: NDArray[np.int64] = rng.multinomial(groups, number / groups, size=size) @ cells
    return drawn


def percentile_interval(
    value: float,
    replicates: NDArray[np.float64],
    *,
    method: Method,
    n: int,
    level: float = 0.95,
    reason: Reason | None = None,
) -> Estimate:
    """Return ``value`` with the percentile interval of its bootstrap ``replicates`` (b,), NaN where undefined.

    Undefined replicates are dropped and counted in the method; with more than 1% of them dropped the
    interval is not estimable, and when all replicates are equal the bootstrap cannot give one: the value then
    stands without interval, with the reason; so it does with a ``reason`` given. The interval is widened to enclose
    the value where bias moved it off.
    """
    check_level(level)
    if reason is not None:
        return Estimate(value=value, method=method, n=n, reason=reason)
    kept = replicates[np.isfinite(replicates)]
    dropped = len(replicates) - len(kept)
    if dropped > DROPPED_LIMIT * len(replicates):
        reason = Reason("undefined_in_resamples", undefined=dropped, resamples=len(replicates))
        return Estimate(value=value, method=method, n=n, reason=reason)
    if np.ptp(kept) <= SAME:
        reason = Reason("no_error_observed" if abs(value - 1) <= SAME else "equal_resamples")
        return Estimate(value=value, method=method, n=n, reason=reason)
    if dropped:
        method = Method("undefined_dropped", method=method, undefined=dropped)
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(
        value=value, low=min(float(low), value), high=max(float(high), value), level=level, method=method, n=n
    )


def seed_of(rng: np.random.Generator) -> int | None:
    """Return the seed of a generator, none when it is not known."""
    seed: int | None = getattr(rng.bit_generator.seed_seq, "entropy", None)
    return seed
