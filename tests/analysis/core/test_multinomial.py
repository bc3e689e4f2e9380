from typing import Any

import numpy as np
import pytest
from scipy import sparse, stats

from neuroval.analysis.core import bootstrap, multinomial
from neuroval.analysis.core.bootstrap import resample
from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.multinomial import drawn_totals


def drawn(number: list[int], *, size: int, seed: int = 0) -> np.ndarray:
    identity = sparse.csr_array(np.eye(len(number), dtype=np.int64))
    return drawn_totals(np.array(number), identity, size=size, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("number", [[1], [1, 1], [3, 0, 5], [1] * 40 + [2] * 9, [5000, 1, 70, 3]])
def test_as_many_groups_are_drawn_as_there_are(number: list[int]) -> None:
    counts = drawn(number, size=500)
    assert counts.shape == (500, len(number))
    assert (counts.sum(axis=1) == sum(number)).all()
    assert counts.min() >= 0
    assert (counts[:, np.array(number) == 0] == 0).all()


@pytest.mark.parametrize("number", [[1, 2, 3], [30, 4, 1, 1], [900, 60, 40]])
def test_counts_have_the_multinomial_distribution(number: list[int]) -> None:
    n, size = sum(number), 40_000
    counts, p = drawn(number, size=size, seed=3), np.array(number) / n
    for place, share in enumerate(p):
        held = np.bincount(counts[:, place], minlength=n + 1)
        expected = size * stats.binom.pmf(np.arange(n + 1), n, share)
        usual = expected >= 5
        seen = np.append(held[usual], held[~usual].sum())
        wanted = np.append(expected[usual], expected[~usual].sum())
        kept = wanted > 0
        assert stats.chisquare(seen[kept], wanted[kept]).pvalue > 1e-4
    covariance = n * (np.diag(p) - np.outer(p, p))
    assert np.cov(counts.T) == pytest.approx(covariance, abs=4 * n / np.sqrt(size))


def test_the_same_seed_gives_the_same_draws() -> None:
    assert np.array_equal(drawn([4, 3, 2], size=50, seed=7), drawn([4, 3, 2], size=50, seed=7))
    assert not np.array_equal(drawn([4, 3, 2], size=50, seed=7), drawn([4, 3, 2], size=50, seed=8))


def test_groups_of_many_types_have_the_intervals_of_those_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, types = np.random.default_rng(5), 150
    cells = rng.poisson(0.5, size=(types, 16))
    found = GroupTypes(k=4, cells=sparse.csr_array(cells), number=rng.integers(1, 8, size=types))
    many = resample(found, rng=np.random.default_rng(1), resamples=20_000).matrices
    monkeypatch.setattr(bootstrap, "FEW_TYPES", types)
    few = resample(found, rng=np.random.default_rng(1), resamples=20_000).matrices
    assert not np.array_equal(many, few)
    assert many.mean(axis=0) == pytest.approx(few.mean(axis=0), rel=0.01)
    assert many.std(axis=0) == pytest.approx(few.std(axis=0), rel=0.05)


def test_what_is_drawn_too_often_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    poisson, sizes = multinomial._poisson, []

    def first_too_many(number: np.ndarray, *, size: int, **given: Any) -> np.ndarray:
        """Of the first call only three columns can be used."""
        sizes.append(size)
        counts = poisson(number, size=size, **given)
        counts[:, 3 if len(sizes) == 1 else size :] = number.sum() + 1
        return counts

    monkeypatch.setattr(multinomial, "_poisson", first_too_many)
    counts = drawn([30, 4, 1], size=50)
    assert sizes == [50 + 50 // 12 + 10, 47 + 47 // 12 + 10]  # three are kept, or fewer where they were too many
    assert counts.shape == (50, 3)
    assert (counts.sum(axis=1) == 35).all()


@pytest.mark.parametrize("mean", [0.01, 0.3, 4.0, 900.0])
def test_no_number_that_can_occur_is_left_out(mean: float) -> None:
    lowest, quantiles = multinomial._quantiles(mean)
    assert stats.poisson.cdf(lowest - 1, mean) < 1e-14
    assert stats.poisson.sf(lowest + len(quantiles) - 2, mean) < 1e-14  # what the last one stands for beside itself
