"""The number of cases a criterion takes: exact, against trying every number in turn."""

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import RateMethod, proportion
from neuroval.analysis.decisions import sample_size as required
from neuroval.analysis.decisions.sample_size import required_cases
from neuroval.data.exceptions import InputError

METHODS = get_args(RateMethod)
Z2 = 1.959963984540054**2


def tried_in_turn(count: int, n: int, *, limit: float, method: RateMethod, level: float, most: int) -> int | None:
    for size in range(1, most + 1):
        if proportion(size * count // n, size, method=method, level=level).low >= limit:
            return size
    return None


def test_without_an_error_wilson_has_a_closed_form() -> None:
    # n / (n + z^2) >= 0.98 from n = 0.98 z^2 / 0.02 on, which is 188.2.
    found = required_cases(50, 50, limit=0.98)
    assert (found.n, found.independent, found.rate, found.reason) == (math.ceil(0.98 * Z2 / 0.02), 189, 1.0, None)


def test_at_whole_multiples_wilson_is_the_score_test_turned_round() -> None:
    # 9 of 10 against 0.8: n = z^2 * 0.16 / 0.01 = 61.5, and 70 is the first multiple of 10 from there on.
    assert proportion(63, 70).low >= 0.8 > proportion(54, 60).low
    found = required_cases(9, 10, limit=0.8).n
    assert math.ceil(Z2 * 0.16 / 0.01) == 62
    assert found == tried_in_turn(9, 10, limit=0.8, method="wilson", level=0.95, most=70)
    assert 62 <= found <= 70


def test_the_bound_moves_in_steps_and_the_first_that_reaches_the_limit_counts() -> None:
    found = required_cases(263, 272, limit=0.95).n
    reached = [proportion(size * 263 // 272, size).low >= 0.95 for size in range(1, 1001)]
    assert reached.index(True) + 1 == found
    assert not all(reached[found:])  # a larger number may fall short again
    assert proportion(found * 263 // 272, found).low >= 0.95


@given(
    st.integers(1, 400),
    st.data(),
    st.floats(0, 1),
    st.sampled_from(METHODS),
    st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99]),
)
def test_no_smaller_number_of_cases_does(n: int, data: Any, limit: float, method: RateMethod, level: float) -> None:
    count = data.draw(st.integers(0, n))
    found = required_cases(count, n, limit=limit, method=method, level=level)
    assume(found.n is not None and found.n <= 1500)
    assert tried_in_turn(count, n, limit=limit, method=method, level=level, most=found.n) == found.n


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("count", "n"), [(263, 272), (97, 100), (1, 3), (1299, 1311), (7, 7)])
def test_rates_like_ours_agree_with_trying_in_turn(method: RateMethod, count: int, n: int) -> None:
    for below in (0.3, 0.05, 0.015, 0.01):
        limit = max(0.0, count / n - below)
        found = required_cases(count, n, limit=limit, method=method).n
        assert found == tried_in_turn(count, n, limit=limit, method=method, level=0.95, most=20_000)


def test_the_observed_number_is_enough_where_the_bound_already_holds() -> None:
    low = proportion(263, 272).low
    assert required_cases(263, 272, limit=low).n <= 272
    assert required_cases(263, 272, limit=math.nextafter(low, 1)).n > 272


@given(st.integers(1, 300), st.data(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_limit_takes_no_fewer_cases(n: int, data: Any, one: float, other: float) -> None:
    count = data.draw(st.integers(0, n))
    easy, hard = (required_cases(count, n, limit=limit) for limit in sorted((one, other)))
    if easy.n is None:
        assert hard.n is None
    else:
        assert hard.n is None or hard.n >= easy.n


def test_the_design_effect_multiplies_the_number_and_rounds_up() -> None:
    alone = required_cases(97, 100, limit=0.95)
    grouped = required_cases(97, 100, limit=0.95, design_effect=2.5)
    assert (grouped.independent, grouped.n) == (alone.n, math.ceil(alone.n * 2.5))
    ten = required_cases(1, 1, limit=10 / (10 + Z2))
    assert ten.n == 10
    assert required_cases(1, 1, limit=10 / (10 + Z2), design_effect=1.1).n == 11  # not 12 for 11.000000000000002


@pytest.mark.parametrize(
    ("count", "n", "limit"), [(98, 100, 0.98), (97, 100, 0.98), (0, 5, 0.0), (5, 5, 1.0), (0, 5, 0.5)]
)
def test_a_rate_at_or_below_the_limit_cannot_be_mended_by_more_cases(count: int, n: int, limit: float) -> None:
    found = required_cases(count, n, limit=limit)
    assert (found.n, found.independent, found.rate) == (None, None, count / n)
    assert found.reason == Reason("rate_below_limit", rate=count / n, limit=limit)


def test_no_cases_say_nothing() -> None:
    found = required_cases(0, 0, limit=0.9)
    assert (found.n, found.rate, found.reason) == (None, None, Reason("no_cases"))


def test_a_limit_of_zero_is_met_at_once() -> None:
    assert required_cases(1, 100, limit=0.0).n == 1


def test_a_number_beyond_all_measure_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert required_cases(980_001, 1_000_000, limit=0.98).reason == Reason("too_many_cases_needed", cases=10_000_000)
    monkeypatch.setattr(required, "LARGEST", 189)
    assert required_cases(50, 50, limit=0.98).n == 189
    monkeypatch.setattr(required, "LARGEST", 188)
    assert required_cases(50, 50, limit=0.98).n is None


def test_the_search_calls_for_few_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(count: int, n: int, **chosen: Any) -> Any:
        asked.append(n)
        return proportion(count, n, **chosen)

    monkeypatch.setattr(required, "proportion", counted)
    found = required_cases(980_601, 1_000_003, limit=0.98)
    assert found.n > 200_000
    assert len(asked) < 1000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"limit": 98}, "limit: 98 must be from 0 to 1"),
        ({"limit": math.nan}, "limit: nan"),
        ({"limit": 0.9, "design_effect": 0.5}, "design effect: 0.5 must be 1 or more"),
        ({"limit": 0.9, "design_effect": math.inf}, "design effect: inf"),
        ({"limit": 0.9, "count": 101}, "count 101"),
        ({"limit": 0.9, "method": "wald"}, "method 'wald' is not known"),
        ({"limit": 0.9, "level": 95}, "level: 95"),
    ],
)
def test_impossible_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        required_cases(arguments.pop("count", 97), 100, **arguments)


def test_the_chance_of_passing_by_every_number_of_errors() -> None:
    """95 of 100 against a limit of 0.9: all numbers of errors, each by its binomial probability."""
    found = required_cases(95, 100, limit=0.9)
    assert found.independent is not None
    m = found.independent
    passing = [errors for errors in range(m + 1) if proportion(m - errors, m).low >= 0.9]
    assert found.chance == pytest.approx(stats.binom.pmf(passing, m, 0.05).sum())
    assert 0.5 < found.chance < 0.75


@pytest.mark.parametrize(("count", "n", "limit"), [(95, 100, 0.9), (49, 50, 0.95), (9, 10, 0.6)])
def test_the_cases_for_80_and_90_percent_are_the_first_that_give_this_chance(count: int, n: int, limit: float) -> None:
    found = required_cases(count, n, limit=limit)

    def chance(m: int) -> float:
        allowed = sum(proportion(m - errors, m).low >= limit for errors in range(m // 2)) - 1
        return float(stats.binom.cdf(allowed, m, 1 - count / n))

    for cases, target in ((found.for_80, 0.8), (found.for_90, 0.9)):
        assert chance(cases) >= target
        assert all(chance(m) < target for m in range(1, cases))


def test_the_cases_for_80_percent_pass_in_80_percent() -> None:
    cases = required_cases(97, 100, limit=0.95).for_80
    assert cases is not None
    right = np.random.default_rng(1).binomial(cases, 0.97, 4000).tolist()
    passed = np.mean([proportion(count, cases).low >= 0.95 for count in right])
    assert 0.78 <= passed <= 0.85


def test_a_design_effect_multiplies_the_planned_cases_too() -> None:
    once, twice = required_cases(95, 100, limit=0.9), required_cases(95, 100, limit=0.9, design_effect=2.0)
    assert (twice.for_80, twice.for_90, twice.chance) == (2 * once.for_80, 2 * once.for_90, once.chance)
    assert required_cases(80, 100, limit=0.9).for_80 is None
