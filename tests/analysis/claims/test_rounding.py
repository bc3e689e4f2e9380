from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.claims.rounding import allowed, counts_that_fit, decimals, fits, nearly_fits, quotient, roundings
from neuroval.data.claims.printed_number import Printed, printed


def as_printed(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


@pytest.mark.parametrize(
    ("text", "exact", "ways"),
    [
        ("0.97", Fraction(264, 272), ("rounded", "cut off")),  # 0.970588
        ("0.971", Fraction(264, 272), ("rounded",)),
        ("0.9705", Fraction(264, 272), ("cut off",)),
        ("0.9707", Fraction(264, 272), ()),
        ("97%", Fraction(264, 272), ("rounded", "cut off")),
        ("0.12", Fraction(1, 8), ("rounded half even", "rounded half down", "cut off")),
        ("0.13", Fraction(1, 8), ("rounded half up",)),
        ("0.38", Fraction(3, 8), ("rounded half up", "rounded half even")),
        ("0.37", Fraction(3, 8), ("rounded half down", "cut off")),
        ("99.11%", Fraction(1271, 1283), ()),
        ("99.06%", Fraction(1271, 1283), ("rounded", "cut off")),
        ("-0.12", Fraction(-1, 8), ("rounded half up", "rounded half even", "cut off")),
        ("~857", Fraction(4284, 5), ("rounded", "roughly")),
        ("~857", Fraction(900), ("roughly",)),
        ("~857", Fraction(1283), ()),
    ],
)
def test_the_ways_in_which_a_number_is_written(text: str, exact: Fraction, ways: tuple[str, ...]) -> None:
    assert roundings(as_printed(text), exact) == ways


numbers = st.builds(
    lambda digits, places, percent: as_printed(f"{digits / 10**places:.{places}f}{'%' if percent else ''}"),
    st.integers(0, 999),
    st.integers(0, 5),
    st.booleans(),
)


rough = st.integers(0, 2).map(lambda number: as_printed(f"~{number}"))


@given(numbers | rough, st.integers(0, 400), st.integers(1, 400))
def test_a_share_fits_exactly_within_its_bounds(number: Printed, count: int, n: int) -> None:
    low, high = allowed(number)
    assert fits(number, Fraction(count, n)) == (low <= Fraction(count, n) < high)


@given(numbers, st.integers(1, 400))
def test_counts_that_fit_are_those_that_fit(number: Printed, n: int) -> None:
    assert list(counts_that_fit(number, n)) == [count for count in range(n + 1) if fits(number, Fraction(count, n))]


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 6))
def test_every_way_of_rounding_a_share_is_allowed(count: int, n: int, places: int) -> None:
    scaled = Fraction(min(count, n), n) * 10**places
    for digits in (floor(scaled), round(scaled), floor(scaled + Fraction(1, 2)), ceil(scaled - Fraction(1, 2))):
        number = as_printed(f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits))
        assert min(count, n) in counts_that_fit(number, n)


def test_of_no_cases_no_count_fits() -> None:
    assert len(counts_that_fit(as_printed("0.50"), 0)) == 0


@given(numbers, st.floats(0, 1))
def test_floating_point_fits_like_exact_numbers(number: Printed, computed: float) -> None:
    near = min(abs(Fraction(computed) - bound) for bound in allowed(number)) < Fraction(1, 10**9)
    assert near or nearly_fits(number, computed) == fits(number, Fraction(computed))


def test_a_bound_that_was_cut_at_one_is_exact() -> None:
    assert nearly_fits(as_printed("1.000"), 1.0)
    assert not nearly_fits(as_printed("0.999"), 1.0)
    assert nearly_fits(as_printed("0.999"), 1 - 1e-9)
    assert nearly_fits(as_printed("-0.01"), -0.0149)
    assert not nearly_fits(as_printed("-0.01"), 0.01)
    assert nearly_fits(as_printed("0.00"), -0.0049)


def test_numbers_are_shown_with_two_more_digits_than_printed() -> None:
    assert decimals(Fraction(1271, 1283), as_printed("99.11%")) == "99.0647%"
    assert decimals(Fraction(264, 272), as_printed("0.9706")) == "0.970588"
    assert decimals(Fraction(264, 272), as_printed("97%")) == "97.06%"
    assert decimals(Fraction(264, 272), as_printed("1")) == "0.97"
    assert quotient(264, 272) == "264 / 272 = 0.970588"
    assert quotient(0, 0) == "0 / 0, which has no value"
