import math

import numpy as np
import pytest
from scipy import stats

from neuroval.analysis.core.combining import normal_quantile, square_and_add


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_the_quantile_is_that_of_both_tails(level: float) -> None:
    assert normal_quantile(level) == pytest.approx(stats.norm.ppf(1 - (1 - level) / 2), abs=1e-14)


def test_reaches_are_joined_by_their_squares() -> None:
    assert square_and_add(3.0, 4.0, correlation=0.0) == 5.0
    assert square_and_add(3.0, 4.0, correlation=1.0) == 1.0  # what moves together leaves the difference of the reaches
    assert square_and_add(3.0, 4.0, correlation=-1.0) == 7.0
    assert square_and_add(0.1, 0.1, correlation=1.0 + 1e-12) == 0.0  # not the root of a negative number
    assert isinstance(square_and_add(3.0, 4.0, correlation=0.5), float)


def test_arrays_are_joined_as_numbers_are() -> None:
    one, other, correlation = np.array([3.0, 1.0]), np.array([4.0, 2.0]), np.array([0.5, -0.5])
    joined = square_and_add(one, other, correlation=correlation)
    assert joined.tolist() == [math.sqrt(13), math.sqrt(7)]
