"""The test of heterogeneity against other implementations, a variance written out case by case, and by simulation."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse, stats

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.performance.heterogeneity import Heterogeneity, heterogeneity
from neuroval.data.exceptions import InputError


def judged(right: NDArray[np.int64], sizes: NDArray[np.int64], *, seed: int = 0) -> Heterogeneity:
    """Return the test of groups, a row each: successes and cases (g, l)."""
    number = np.ones(len(sizes), dtype=np.int64)
    tables = (sparse.csc_array(right), sparse.csc_array(sizes), number)
    rng = np.random.default_rng(seed)
    return heterogeneity(right.sum(axis=0), sizes.sum(axis=0), rng=rng, by_group=tables)


def test_independent_cases_give_pearsons_chi_square() -> None:
    successes, sizes = np.array([80, 60, 90]), np.array([100, 100, 110])
    expected = stats.chi2_contingency(np.stack([successes, sizes - successes]), correction=False)
    result = heterogeneity(successes, sizes, rng=np.random.default_rng(0))
    assert result.chi_square == pytest.approx(expected.statistic)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert not result.exact
    assert result.clustered is None


def test_small_counts_are_referred_to_drawn_tables() -> None:
    successes, sizes = np.array([1, 0]), np.array([20, 1280])
    result = heterogeneity(successes, sizes, rng=np.random.default_rng(0))
    # The single success falls into the small level in 20 of 1,300 draws; chi-square would say 1e-15.
    assert result.exact
    assert result.p_value == pytest.approx(20 / 1300, abs=0.004)
    assert stats.chi2.sf(result.chi_square, 1) < 1e-10


def test_twice_the_same_cases_tell_no_more_than_once() -> None:
    rng = np.random.default_rng(4)
    level = np.arange(400) % 4
    right = rng.random(400) < np.array([0.7, 0.8, 0.85, 0.6])[level]
    sizes = np.eye(4, dtype=np.int64)[level]
    once = judged(sizes * right[:, None], sizes)
    twice = judged(2 * sizes * right[:, None], 2 * sizes)
    assert twice.chi_square == pytest.approx(2 * (once.chi_square or 0))
    assert twice.design_effect == pytest.approx(2 * once.design_effect, rel=0.1)
    assert twice.clustered == pytest.approx(once.clustered, rel=0.15)
    assert twice.p_value == twice.clustered


def test_the_design_effects_are_those_of_the_variance_written_out() -> None:
    rng = np.random.default_rng(7)
    sizes = rng.integers(0, 4, size=(60, 3))
    right = rng.binomial(sizes, rng.beta(3, 1, size=(60, 1)))
    n, p = sizes.sum(axis=0), right.sum() / sizes.sum()
    scores = []
    for of_group, cases in zip(right, sizes, strict=True):
        score = of_group - p * cases
        scores.append(score - n / n.sum() * score.sum())
    groups = int((sizes.sum(axis=1) > 0).sum())
    variance = groups / (groups - 1) * sum(np.outer(score, score) for score in scores)
    scale = np.diag(1 / np.sqrt(n))
    effects = np.linalg.eigvalsh(scale @ variance @ scale / (p * (1 - p)))
    result = judged(right, sizes)
    assert result.design_effect == pytest.approx(max(1, effects.sum() / 2))
    freedom = effects.sum() ** 2 / (effects**2).sum()
    assert result.freedom == pytest.approx(freedom)
    statistic = (result.chi_square or 0) / max(2, effects.sum())
    assert result.clustered == pytest.approx(stats.f.sf(statistic, freedom, freedom * (groups - 1)))


def test_what_cannot_be_tested_says_why() -> None:
    rng = np.random.default_rng(0)
    assert heterogeneity(np.array([5]), np.array([9]), rng=rng).reason == Reason("one_level")
    assert heterogeneity(np.array([9, 4]), np.array([9, 4]), rng=rng).reason == Reason("equal_cases")
    one = judged(np.array([[30, 20]]), np.array([[40, 40]]))
    assert one.reason == Reason("one_group")
    assert one.p_value is None
    with pytest.raises(InputError, match="no more successes than cases"):
        heterogeneity(np.array([3, 2]), np.array([2, 2]), rng=rng)
