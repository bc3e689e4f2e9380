from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.data.claims.printed_number import printed


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("1,283", Fraction(1283), Fraction(1)),
        ("1283", Fraction(1283), Fraction(1)),
        ("0.9706", Fraction(9706, 10000), Fraction(1, 10000)),
        ("0.970", Fraction(97, 100), Fraction(1, 1000)),
        (".97", Fraction(97, 100), Fraction(1, 100)),
        ("99.11%", Fraction(9911, 10000), Fraction(1, 10000)),
        ("70 %", Fraction(7, 10), Fraction(1, 100)),
        ("-0.25", Fraction(-1, 4), Fraction(1, 100)),
        ("\N{MINUS SIGN}0.25", Fraction(-1, 4), Fraction(1, 100)),
        (" 0 ", Fraction(0), Fraction(1)),
    ],
)
def test_a_number_is_exact_and_knows_its_digits(text: str, value: Fraction, step: Fraction) -> None:
    number = printed(text)
    assert number is not None
    assert (number.value, number.step, number.about) == (value, step, False)
    assert number.text == text.strip()
    assert number.percent == ("%" in text)


@pytest.mark.parametrize("text", ["~857", "~ 857", "\N{ALMOST EQUAL TO}857"])
def test_a_tilde_makes_a_number_approximate(text: str) -> None:
    number = printed(text)
    assert number is not None
    assert (number.value, number.about) == (857, True)


@pytest.mark.parametrize(
    "text",
    [
        *("", "%", ".", "-", "~", "about 5", "1,28", "12,3456", "1.283,5", "1.", "0,97", "1e3", "nan", "inf", "1_000"),
        *("0.9.7", "97%%", "\N{ARABIC-INDIC DIGIT THREE}", "1" * 13, "0." + "1" * 12),
    ],
)
def test_what_is_no_printed_number(text: str) -> None:
    assert printed(text) is None


@given(st.integers(0, 10**6), st.integers(0, 5))
def test_every_decimal_is_read_as_it_is(digits: int, places: int) -> None:
    text = f"{digits // 10**places:,}" + (f".{digits % 10**places:0{places}d}" if places else "")
    number = printed(text)
    assert number is not None
    assert number.value == Fraction(digits, 10**places)


@given(st.text(max_size=12))
def test_no_text_is_an_error(text: str) -> None:
    number = printed(text)
    assert number is None or number.step > 0
