"""The p-value of a difference is that of its interval: checked against the interval itself, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.comparison import difference_of
from neuroval.analysis.performance.two_rates import p_values


def p_of(count: int, n: int, other: int, other_n: int) -> float:
    rates = (np.array([value]) for value in (count / n, float(n), other / other_n, float(other_n)))
    return float(p_values(*rates)[0])


def test_the_interval_at_one_less_the_p_value_just_reaches_0() -> None:
    p = p_of(56, 70, 48, 80)  # Newcombe 1998, table II (a): 0.2, method 10 0.0524 to 0.3339
    level = 1 - p
    difference = difference_of(proportion(56, 70, level=level), proportion(48, 80, level=level))
    assert difference.low == pytest.approx(0, abs=1e-9)
    assert 0.007 < p < 0.01


def test_equal_rates_have_the_p_value_1() -> None:
    assert p_of(5, 10, 10, 20) == 1
    assert p_of(0, 10, 0, 30) == 1


@given(
    st.tuples(st.integers(0, 40), st.integers(0, 60)),
)
def test_it_is_below_5_percent_where_the_95_percent_interval_leaves_out_0(counts: tuple[int, int]) -> None:
    difference = difference_of(proportion(counts[0], 40), proportion(counts[1], 60))
    low, high = difference.low or 0.0, difference.high or 0.0
    if min(abs(low), abs(high)) > 1e-9:
        assert (p_of(counts[0], 40, counts[1], 60) < 0.05) == (low > 0 or high < 0)
    assert p_of(counts[0], 40, counts[1], 60) == pytest.approx(p_of(counts[1], 60, counts[0], 40))
