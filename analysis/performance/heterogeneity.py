"""Whether a rate differs between subgroups at all: one test over all levels, which respects groups."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from neuroval.analysis.core.codes import Reason
from neuroval.data.exceptions import InputError

EXPECTED: Final = 5.0  # cases of either outcome in each level; with fewer the chi-square distribution is too kind
DRAWS: Final = 9_999  # of tables with the same margins, where it is
FEWEST_GROUPS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """The test that a rate is the same in ``levels`` levels; ``p_value`` is none with the reason.

    ``chi_square`` is Pearson's, ``plain`` its p-value for independent cases. ``clustered`` is the p-value between
    groups, none where each case is a group, with ``design_effect``, the mean of the generalised design effects (at
    least 1), and ``freedom``, the degrees of freedom left by those. ``exact`` says that the distribution was drawn.
    """

    levels: int
    chi_square: float | None = None
    freedom: float | None = None
    design_effect: float = 1.0
    plain: float | None = None
    clustered: float | None = None
    exact: bool = False
    reason: Reason | None = None

    @property
    def p_value(self) -> float | None:
        """The p-value that counts: the larger of the two."""
        known = [value for value in (self.plain, self.clustered) if value is not None]
        return max(known, default=None)


def heterogeneity(
    successes: NDArray[np.int64],
    sizes: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    by_group: tuple[sparse.csc_array, sparse.csc_array, NDArray[np.int64]] | None = None,
) -> Heterogeneity:
    """Return the test that the rate ``successes / sizes`` (l,) is the same in all levels.

    Pearson's chi-square with l - 1 degrees of freedom. Where an expected count lies below 5 it is referred to 9,999
    tables with the same margins, drawn with ``rng``, in place of chi-square. ``by_group`` holds the successes (t, l)
    and sizes (t, l) of types of groups, and how many groups there are of each (t,); a group may lie in several
    levels. Then the second-order correction of Rao and Scott comes beside it: the statistic over the sum of the
    generalised design effects is referred to F with d and d (G - 1) degrees of freedom, G groups, where d is the
    square of that sum over the sum of the squares. The variance between groups is that of the scores about the common
    rate, G / (G - 1) * sum z z', so groups of one case give the plain test but for chance; a mean design effect below
    1 is taken as 1. Undefined with fewer than two levels or two groups, and where no case or every case is a success.
    Raises ``InputError`` for counts that do not fit.

    Sources: Rao & Scott, Ann Stat 1984;12:46-60; Thomas & Rao, J Am Stat Assoc 1987;82:630-636 (F).
    """
    if successes.shape != sizes.shape or (successes < 0).any() or (successes > sizes).any() or (sizes < 1).any():
        raise InputError("heterogeneity: expected in each level at least one case and no more successes than cases.")
    levels, n, count = len(sizes), int(sizes.sum()), int(successes.sum())
    if levels < 2:
        return Heterogeneity(levels=levels, reason=Reason("one_level"))
    if count in (0, n):
        return Heterogeneity(levels=levels, reason=Reason("equal_cases"))
    p = count / n
    statistic = float(((successes - p * sizes) ** 2 / sizes).sum() / (p * (1 - p)))
    exact = bool(sizes.min() * min(p, 1 - p) < EXPECTED)
    drawn = _drawn(sizes, count, rng=rng) if exact else None
    plain = _beyond(statistic, drawn) if drawn is not None else float(stats.chi2.sf(statistic, levels - 1))
    if by_group is None:
        return Heterogeneity(levels=levels, chi_square=statistic, freedom=levels - 1, plain=plain, exact=exact)
    total, squares, groups = _design_effects(*by_group, sizes=sizes, p=p)
    if groups < FEWEST_GROUPS:
        return Heterogeneity(levels=levels, chi_square=statistic, reason=Reason("one_group"))
    effect = max(1.0, total / (levels - 1))
    freedom = total**2 / squares if squares > 0 else float(levels - 1)
    if drawn is not None:
        clustered = _beyond(statistic / effect, drawn)
    else:
        corrected = statistic / (effect * (levels - 1))
        clustered = float(stats.f.sf(corrected, freedom, freedom * (groups - 1)))
    return Heterogeneity(
        levels=levels,
        chi_square=statistic,
        freedom=freedom,
        design_effect=effect,
        plain=plain,
        clustered=clustered,
        exact=exact,
    )


def _design_effects(
    successes: sparse.csc_array, sizes_of: sparse.csc_array, number: NDArray[np.int64], *, sizes: NDArray[Any], p: float
) -> tuple[float, float, int]:
    """Return the sum of the generalised design effects, that of their squares, and how many groups there are."""
    held = np.asarray(sizes_of.sum(axis=1)).ravel() > 0
    groups = int(number[held].sum())
    scores = sparse.csc_array(successes.astype(np.float64) - sizes_of.astype(np.float64) * p)  # (t, l)
    share = sizes / sizes.sum()
    of_group = np.asarray(scores.sum(axis=1)).ravel()
    weighted = sparse.csc_array(
        (scores.data * number[scores.indices], scores.indices, scores.indptr), shape=scores.shape
    )
    between = np.asarray((scores.T @ weighted).todense())
    with_all = np.asarray(weighted.T @ of_group).ravel()
    of_all = float(number @ of_group**2)
    between = between - np.outer(with_all, share) - np.outer(share, with_all) + of_all * np.outer(share, share)
    between *= groups / max(groups - 1, 1)
    root = np.sqrt(sizes)
    effects = between / np.outer(root, root) / (p * (1 - p))
    return float(np.trace(effects)), float((effects * effects.T).sum()), groups


def _drawn(sizes: NDArray[np.int64], count: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the statistic of tables with these margins in which the rate is the same in all levels."""
    n = int(sizes.sum())
    p = count / n
    rarer = min(count, n - count)
    tables = rng.multivariate_hypergeometric(sizes, rarer, size=DRAWS, method="marginals")
    rare = min(p, 1 - p)
    statistics: NDArray[np.float64] = ((tables - rare * sizes) ** 2 / sizes).sum(axis=1) / (p * (1 - p))
    return statistics


def _beyond(statistic: float, drawn: NDArray[np.float64]) -> float:
    return (1 + int((drawn >= statistic - 1e-9).sum())) / (len(drawn) + 1)
