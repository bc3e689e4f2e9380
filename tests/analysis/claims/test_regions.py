from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.claims.regions import everything, fraction_of, of_counts, of_value
from neuroval.analysis.claims.rounding import fits
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.data.claims.printed_number import Printed, printed

METRICS = ("sensitivity", "specificity", "accuracy", "ppv", "npv", "f1")


def as_printed(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


sizes = st.integers(0, 12)
shares = st.sampled_from([0, 1, 2]).flatmap(
    lambda places: st.integers(0, 10**places).map(lambda digits: as_printed(f"{digits / 10**places:.{places}f}"))
)


def pairs(counts: Sequence[TwoByTwo]) -> list[tuple[int, int]]:
    return [(one.fn, one.fp) for one in counts]


def all_counts(positives: int, negatives: int) -> list[TwoByTwo]:
    return [
        TwoByTwo(tp=positives - fn, fp=fp, fn=fn, tn=negatives - fp)
        for fn in range(positives + 1)
        for fp in range(negatives + 1)
    ]


@given(st.sampled_from(METRICS), shares, sizes, sizes)
def test_a_printed_value_leaves_exactly_the_counts_that_give_it(
    metric: str, number: Printed, positives: int, negatives: int
) -> None:
    region = of_value(metric, number, positives=positives, negatives=negatives)
    expected = []
    for counts in all_counts(positives, negatives):
        top, bottom = fraction_of(metric, counts)
        if bottom == 0 or fits(number, Fraction(top, bottom)):
            expected.append(counts)
    assert pairs(list(region.members())) == pairs(expected)
    assert region.possible == bool(expected)
    assert region.size == len(expected)


@given(st.sampled_from(METRICS[:-1]), st.none() | sizes, st.integers(0, 24), sizes, sizes)
def test_printed_counts_leave_exactly_the_counts_that_give_them(
    metric: str, count: int | None, n: int, positives: int, negatives: int
) -> None:
    region = of_counts(metric, count, n, positives=positives, negatives=negatives)
    expected = [
        counts
        for counts in all_counts(positives, negatives)
        for top, bottom in [fraction_of(metric, counts)]
        if bottom == n and count in (None, top)
    ]
    assert pairs(list(region.members())) == pairs(expected)


@given(st.lists(st.tuples(st.sampled_from(METRICS), shares), max_size=4), sizes, sizes)
def test_what_several_numbers_leave_is_what_each_of_them_leaves(
    numbers: list[tuple[str, Printed]], positives: int, negatives: int
) -> None:
    regions = [of_value(metric, one, positives=positives, negatives=negatives) for metric, one in numbers]
    together = everything(positives, negatives)
    for region in regions:
        together &= region
    kept = set(pairs(all_counts(positives, negatives))).intersection(*(pairs(list(one.members())) for one in regions))
    assert set(pairs(list(together.members()))) == kept


def test_a_rate_without_a_denominator_may_be_printed_as_anything() -> None:
    never_called = of_value("ppv", as_printed("0.73"), positives=3, negatives=5)
    assert (3, 0) in pairs(list(never_called.members()))  # no true and no false positive
    assert of_value("sensitivity", as_printed("0.73"), positives=0, negatives=5).size == 6


def test_large_numbers_are_exact() -> None:
    # 199,999 of 200,000 and one of them wrongly called: 0.9999950000 and its neighbours differ in the tenth digit.
    region = of_value("ppv", as_printed("0.9999950000"), positives=200_000, negatives=10**9)
    assert [counts.fp for counts in region.members() if counts.fn == 0] == [1]


def test_a_number_of_too_many_digits_rules_nothing_out() -> None:
    assert of_value("ppv", as_printed("0.12345678901"), positives=4, negatives=4).size == 25


@pytest.mark.parametrize("metric", METRICS)
def test_shares_of_nothing_and_of_all(metric: str) -> None:
    assert of_value(metric, as_printed("1.000"), positives=7, negatives=9).counts(0, 0).n == 16
    assert (0, 0) in pairs(list(of_value(metric, as_printed("1.000"), positives=7, negatives=9).members()))
    assert (7, 9) in pairs(list(of_value(metric, as_printed("0.000"), positives=7, negatives=9).members()))
