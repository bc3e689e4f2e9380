"""A sample of errors and right calls alike."""

import numpy as np
import pytest

from neuroval.analysis.readers.sample import stratified

REFERENCE = np.repeat([0, 1, 2], [50, 30, 20])
WRONG = np.zeros(100, dtype=bool)
WRONG[[0, 1, 2, 3, 4, 50, 51, 80]] = True  # five errors of class 0, two of class 1, one of class 2


def drawn(size: int, seed: int = 0) -> np.ndarray:
    return stratified(REFERENCE, WRONG, size=size, rng=np.random.default_rng(seed))


def test_errors_and_right_calls_and_classes_are_alike() -> None:
    rows = drawn(12)
    assert np.bincount(REFERENCE[rows][WRONG[rows]]).tolist() == [3, 2, 1]
    assert np.bincount(REFERENCE[rows][~WRONG[rows]]).tolist() == [2, 2, 2]


@pytest.mark.parametrize(("size", "errors"), [(10, 5), (40, 8), (100, 8), (500, 8), (0, 0)])
def test_what_is_lacking_the_others_give(size: int, errors: int) -> None:
    rows = drawn(size)
    assert len(rows) == min(size, 100)
    assert WRONG[rows].sum() == errors
    assert len(set(rows.tolist())) == len(rows)


def test_the_seed_decides() -> None:
    assert drawn(20).tolist() == drawn(20).tolist() != drawn(20, seed=1).tolist()


def test_without_cases_there_is_no_sample() -> None:
    assert stratified(REFERENCE[:0], WRONG[:0], size=5, rng=np.random.default_rng(0)).tolist() == []
