"""Small records worked by hand, and what is found in them for certain."""

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroval.analysis.claims.audit import NOTHING, AuditedClaim, audit_claims
from neuroval.analysis.claims.regions import fraction_of
from neuroval.analysis.claims.rounding import fits
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.dashboard.words.claims import decisive
from neuroval.data.claims.kinds import (
    Claim,
    Claims,
    ClassCounts,
    Correct,
    Errors,
    Excluded,
    Images,
    Imbalance,
    Matrix,
    Rate,
    Score,
    Source,
    SplitShares,
)
from neuroval.data.claims.printed_number import Printed, printed

A, B, C = "abc"


def p(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


def table(*numbers: str, name: str = "table", split: str = "all") -> ClassCounts:
    return ClassCounts(id=name, text="", split=split, counts={c: p(n) for c, n in zip("abc", numbers, strict=False)})


def images(total: str, *, name: str = "images", split: str = "all") -> Images:
    return Images(id=name, text="", total=p(total), split=split)


def correct(*pairs: str) -> Correct:
    right, n = zip(*(pair.split("/") for pair in pairs), strict=True)
    classes = "abc"[: len(pairs)]
    return Correct(
        id="correct",
        text="",
        n={c: p(one) for c, one in zip(classes, n, strict=True)},
        correct={c: p(one) for c, one in zip(classes, right, strict=True)},
    )


def rate(metric: str, value: str | None = None, **parts: str) -> Rate:
    shown: dict[str, Any] = {key: p(number) for key, number in parts.items()}
    return Rate(id=metric, text="", metric=metric, value=None if value is None else p(value), **shown)


def errors(count: str, reference: str = "abc", predicted: str = "abc", above: str | None = None) -> Errors:
    confidence = None if above is None else p(above)
    name = f"{reference} as {predicted}"
    return Errors(
        id=name, text="", count=p(count), reference=tuple(reference), predicted=tuple(predicted), above=confidence
    )


def matrix(*rows: str) -> Matrix:
    return Matrix(id="matrix", text="", rows=tuple(tuple(p(cell) for cell in row.split()) for row in rows))


def audit(*claims: Claim, k: int = 3, negative: str | None = None) -> dict[str, AuditedClaim]:
    source = Source(title="", classes=tuple("abc"[:k]), negative=negative)
    return {one.claim.id: one for one in audit_claims(Claims(source=source, claims=claims))}


def contradicted(*claims: Claim, k: int = 3, negative: str | None = None) -> set[str]:
    found = audit(*claims, k=k, negative=negative)
    return {name for name, one in found.items() if one.verdict == "contradicted_internally"}


# Totals, tables, splits


@pytest.mark.parametrize("total", ["100", "~95", "130", "70"])
def test_a_total_may_be_the_table_with_or_without_the_test_counts(total: str) -> None:
    test = table("10", "10", "10", name="test", split="test")
    assert contradicted(images(total), table("20", "30", "50"), test) == set()


def test_a_total_that_no_reading_of_the_table_gives_contradicts_it() -> None:
    assert contradicted(images("101"), table("20", "30", "50")) == {"images", "table"}
    assert contradicted(images("~115"), table("20", "30", "50")) == {"images", "table"}


def test_what_was_left_out_explains_a_difference_and_no_larger_one() -> None:
    left_out = Excluded(id="left out", text="", total=p("4"))
    accuracy = rate("overall.accuracy", count="90", n="96")
    assert contradicted(images("100", split="test"), accuracy, left_out) == set()
    assert contradicted(images("101", split="test"), accuracy, left_out) == {"images", "overall.accuracy"}
    assert contradicted(images("100", split="test"), accuracy) == {"images", "overall.accuracy"}


def test_numbers_of_different_splits_are_not_compared() -> None:
    accuracy = rate("overall.accuracy", count="90", n="96")
    assert contradicted(images("100", split="train"), accuracy) == set()


@pytest.mark.parametrize(
    ("share", "size", "verdict"),
    [
        ("15%", "857", "consistent"),
        ("15%", "856", "consistent"),
        ("15%", "~860", "consistent"),
        ("15%", "859", "consistent"),  # three classes, each rounded by itself
        ("15%", "800", "consistent"),  # patients kept whole
        ("22.5%", "1,283", "consistent"),
        ("15%", "1,283", "contradicted_internally"),
    ],
)
def test_the_size_of_a_split_follows_from_its_share(share: str, size: str, verdict: str) -> None:
    split = SplitShares(id="split", text="", shares={"test": p(share)}, sizes={"test": p(size)})
    assert audit(images("5,712"), split)["split"].verdict == verdict


def test_shares_beyond_the_whole_are_impossible() -> None:
    split = SplitShares(id="split", text="", shares={"train": p("80%"), "tuning": p("15%"), "test": p("15%")})
    assert contradicted(split) == {"split"}
    thirds = SplitShares(id="split", text="", shares={"train": p("34%"), "tuning": p("33.3%"), "test": p("33.3%")})
    assert contradicted(thirds) == set()  # 33.5% + 33.25% + 33.25% would do


@pytest.mark.parametrize(("ratio", "wrong"), [("1.5:1", False), ("1.49:1", False), ("1.48:1", False), ("1.6:1", True)])
def test_the_imbalance_ratio_follows_from_the_table(ratio: str, wrong: bool) -> None:
    number = p(ratio.removesuffix(":1"))
    claim = Imbalance(id="ratio", text="", ratio=number)
    assert contradicted(claim, table("1,303", "1,500", "1,935")) == ({"ratio", "table"} if wrong else set())


def test_an_empty_class_has_no_ratio() -> None:
    claim = Imbalance(id="ratio", text="", ratio=p("3"))
    assert audit(claim, table("0", "4", "12"))["ratio"].verdict == "not_checkable"


# Rates


def test_a_rate_and_its_counts() -> None:
    found = audit(rate("overall.accuracy", "99.11%", count="1,271", n="1,283"))["overall.accuracy"]
    assert found.verdict == "contradicted_internally"
    assert " ".join(decisive(found)) == (
        "1,271 / 1,283 = 99.0647%, printed 99.11% (no way of rounding gives it). "
        "No whole number out of 1,283 gives 99.11%: the nearest are "
        "1,271 / 1,283 = 99.0647% and 1,272 / 1,283 = 99.1426%."
    )
    assert contradicted(rate("overall.accuracy", "98.99%", count="1,271", n="1,283")) == {"overall.accuracy"}
    assert contradicted(rate("overall.accuracy", count="1,284", n="1,283")) == {"overall.accuracy"}
    assert contradicted(rate("overall.accuracy", "99.11%", n="1,283")) == {"overall.accuracy"}
    assert audit(rate("overall.accuracy", "99.06%", n="1,283"))["overall.accuracy"].verdict == "consistent"


def test_what_is_impossible_by_itself_accuses_nobody_else() -> None:
    more_than_all = correct("9/10", "11/10", "9/10")
    assert contradicted(more_than_all, matrix("9 1 0", "1 9 0", "1 0 9"), errors("3")) == {"correct"}
    assert (
        " ".join(decisive(audit(more_than_all)["correct"])) == "Of b 11 are correct, more than the 10 that there are."
    )
    # The counts beside a value that they do not give are taken at their word, the value is not.
    found = contradicted(rate("a.sensitivity", "0.95", count="9", n="10"), matrix("9 1 0", "1 9 0", "1 0 9"))
    assert found == {"a.sensitivity"}
    found = contradicted(rate("a.sensitivity", "0.90", count="8", n="10"), matrix("9 1 0", "1 9 0", "1 0 9"))
    assert found == {"a.sensitivity", "matrix"}


def test_rates_that_no_number_of_cases_gives_accuse_no_table() -> None:
    # 2 x 0.90 x 0.90 / 1.80 = 0.90, far from 0.70, of however many cases.
    rates = [rate("a.sensitivity", "0.90"), rate("a.ppv", "0.90")]
    f1 = Score(id="f1", text="", metric="a.f1", value=p("0.70"))
    assert contradicted(table("100", "100", "100", split="test"), *rates, f1) == {"a.sensitivity", "a.ppv", "f1"}


def test_a_table_of_correct_cases_and_rates_with_counts_say_the_same() -> None:
    tables = correct("9/10", "9/10", "9/10")
    assert contradicted(tables, rate("a.sensitivity", count="9", n="10")) == set()
    assert contradicted(tables, rate("a.sensitivity", count="8", n="10")) == {"correct", "a.sensitivity"}
    assert contradicted(tables, rate("a.sensitivity", count="9", n="11")) == {"correct", "a.sensitivity"}
    assert contradicted(tables, rate("a.specificity", count="19", n="21")) == {"correct", "a.specificity"}


def test_a_class_cannot_be_called_wrongly_more_often_than_others_are_missed() -> None:
    # Of 20 others two are missed: at most two false positives, at least 18 / 20.
    tables = correct("9/10", "9/10", "9/10")
    assert contradicted(tables, rate("a.specificity", "0.90")) == set()
    assert contradicted(tables, rate("a.specificity", "0.85")) == {"correct", "a.specificity"}


def test_nothing_of_nothing() -> None:
    assert contradicted(rate("a.sensitivity", "0.00", count="0", n="0")) == set()
    assert contradicted(rate("a.sensitivity", "0.00", count="1", n="0")) == {"a.sensitivity"}


def test_a_rate_alone_cannot_be_checked() -> None:
    one = audit(rate("a.sensitivity", "0.97"))["a.sensitivity"]
    assert (one.verdict, one.arithmetic) == ("not_checkable", (NOTHING,))


def test_rates_of_a_class_that_no_counts_give() -> None:
    # 9 of 10 found. PPV 9/10 = 0.90 and 9/11 = 0.82; 0.85 lies between.
    assert contradicted(correct("9/10", "10/10", "10/10"), rate("a.ppv", "0.85")) == {"correct", "a.ppv"}
    # Specificity 0.95 of 20 is one false positive, PPV 0.82 needs two.
    both = (rate("a.specificity", "0.95"), rate("a.ppv", "0.82"))
    assert contradicted(correct("9/10", "8/10", "10/10"), both[0]) == set()
    assert contradicted(correct("9/10", "8/10", "10/10"), both[1]) == set()
    assert contradicted(correct("9/10", "8/10", "10/10"), *both) == {"correct", "a.specificity", "a.ppv"}


def test_only_the_table_of_the_own_class_is_blamed_where_the_others_do_not_matter() -> None:
    own = [rate(f"{name}.sensitivity", count="9", n="10") for name in "abc"]
    assert contradicted(*own, rate("a.ppv", "0.85")) == {"a.sensitivity", "a.ppv"}
    wrong = rate("a.specificity", "0.97")  # 19 / 20 and 20 / 20 are next
    assert contradicted(*own, wrong) == {"b.sensitivity", "c.sensitivity", "a.specificity"}


def test_the_table_that_suits_the_rates_best_is_the_one_they_are_read_by() -> None:
    # Of 11 no count gives 0.90: it is read by the other table. Both tables contradict each other.
    found = contradicted(
        table("11", "10", "10", split="test"), correct("9/10", "9/10", "9/10"), rate("a.sensitivity", "0.90")
    )
    assert found == {"table", "correct"}


def test_any_tumour_is_the_negative_class_seen_from_the_other_side() -> None:
    tables = correct("9/10", "9/10", "9/10")
    same = (rate("any_tumour.sensitivity", "0.95"), rate("c.specificity", "0.95"))
    assert contradicted(tables, *same, negative="c") == set()
    apart = (rate("any_tumour.sensitivity", "0.95"), rate("c.specificity", "0.90"))
    assert contradicted(tables, *apart, negative="c") == {"any_tumour.sensitivity", "c.specificity"}
    assert contradicted(tables, rate("any_tumour.specificity", "0.80"), negative="c") == {
        "correct",
        "any_tumour.specificity",
    }


def test_false_positives_and_false_negatives_must_balance() -> None:
    # Three errors in the table; specificities 20/20, 19/20 and 19/20 leave two false positives.
    rates = [rate("a.specificity", "1.00"), rate("b.specificity", "0.95"), rate("c.specificity", "0.95")]
    found = audit(correct("9/10", "9/10", "9/10"), *rates)
    assert {one.verdict for one in found.values()} == {"contradicted_internally"}
    assert "False negatives of a, b, c: 1 + 1 + 1 = 3." in found["a.specificity"].arithmetic
    assert "False positives of a, b, c: 0 + 1 + 1 = 2." in found["a.specificity"].arithmetic
    assert contradicted(correct("9/10", "9/10", "10/10"), *rates) == set()
    # Without one of the specificities its false positives may be any number.
    assert contradicted(correct("9/10", "9/10", "9/10"), *rates[:2]) == set()


def test_a_balance_may_fail_although_the_sums_could_be_equal() -> None:
    # PPV 0.50 of class a: as many false as true positives, so false positives less false negatives are -2, 0 or 2
    # with two cases. Class b has one false negative and no false positive. -1 and an even number are never 0, though
    # 0 to 2 false positives and 1 to 3 false negatives look as if they could be equal.
    claims = (
        table("2", "3", split="test"),
        rate("a.ppv", "0.50"),
        rate("b.sensitivity", "0.67"),
        rate("b.specificity", "1.00"),
    )
    assert contradicted(*claims, k=2) == {"table", "a.ppv", "b.sensitivity", "b.specificity"}
    assert contradicted(*claims[:3], k=2) == set()
    assert contradicted(*claims[:2], *claims[3:], k=2) == set()


def test_f1_by_hand_from_printed_numbers_is_no_contradiction() -> None:
    # 2 x 0.9706 x 0.9854 / 1.9560 = 0.977944: it says no more than sensitivity and PPV do.
    found = contradicted(
        correct("264/272", "10/10", "10/10"),
        rate("a.sensitivity", "0.9706"),
        rate("a.ppv", "0.9854"),
        Score(id="f1", text="", metric="a.f1", value=p("0.9779")),
    )
    assert found == {"correct", "a.ppv"}
    alone = Score(id="f1", text="", metric="a.f1", value=p("0.9779"))
    assert contradicted(correct("264/272", "10/10", "0/999"), alone) == {"correct", "f1"}


# Errors


def test_all_ways_of_counting_errors_agree() -> None:
    tables = correct("9/10", "8/10", "10/10")
    assert contradicted(tables, errors("3"), rate("overall.accuracy", "90%", n="30")) == set()
    assert contradicted(tables, errors("4")) == {"correct", "abc as abc"}
    assert contradicted(tables, rate("overall.accuracy", "93.3%", n="30")) == {"correct", "overall.accuracy"}
    # 93% of 30 is 28 by rounding and by cutting digits off.
    assert contradicted(errors("3"), rate("overall.accuracy", "93%", n="30")) == {"abc as abc", "overall.accuracy"}


def test_sensitivities_say_how_many_errors_there_are() -> None:
    n = table("10", "10", "10", split="test")
    rates = [rate("a.sensitivity", "0.9"), rate("b.sensitivity", "0.8"), rate("c.sensitivity", "1.0")]
    assert contradicted(n, *rates, errors("3")) == set()
    assert contradicted(n, *rates, errors("4")) == {
        "table",
        "a.sensitivity",
        "b.sensitivity",
        "c.sensitivity",
        "abc as abc",
    }


def test_pairs_are_part_of_all_errors() -> None:
    pairs = (errors("5", "a", "b"), errors("4", "b", "a"), errors("1", "c", "ab"))
    assert contradicted(*pairs, errors("10")) == set()
    assert contradicted(*pairs, errors("8")) == {"a as b", "b as a", "abc as abc"}  # the third is not needed


def test_pairs_that_are_all_there_are_must_suffice() -> None:
    pairs = (errors("5", "a", "bc"), errors("4", "b", "ac"), errors("1", "c", "ab"))
    assert contradicted(*pairs, errors("11")) == {"a as bc", "b as ac", "c as ab", "abc as abc"}
    assert contradicted(*pairs[:2], errors("11")) == set()


def test_pairs_and_the_class_they_come_from_or_go_to() -> None:
    tables = correct("8/10", "9/10", "10/10")
    assert contradicted(tables, errors("3", "a", "b")) == {"correct", "a as b"}
    assert contradicted(tables, errors("1", "a", "bc")) == {"correct", "a as bc"}
    assert contradicted(tables, errors("2", "a", "bc"), errors("0", "a", "c")) == set()
    assert contradicted(tables, rate("b.specificity", "0.95"), errors("2", "a", "b")) == {
        "correct",
        "b.specificity",
        "a as b",
    }


def test_a_zero_is_a_claim_like_any_other() -> None:
    assert contradicted(errors("0", "ab", "c"), errors("1", "a", "c")) == {"ab as c", "a as c"}
    one = audit(errors("0", "ab", "c"), matrix("5 1 0", "0 6 0", "1 1 5"))["ab as c"]
    assert one.verdict == "consistent"


def test_confidence_is_not_in_the_counts() -> None:
    tables = correct("9/10", "9/10", "9/10")
    assert audit(errors("0", above="90%"), tables)["abc as abc"].verdict == "not_checkable"
    assert audit(errors("3", above="90%"), tables)["abc as abc"].verdict == "not_checkable"
    assert contradicted(errors("4", above="90%"), tables) == {"abc as abc", "correct"}


# Matrices


def test_a_matrix_settles_every_other_number() -> None:
    shown = matrix("8 1 1", "0 9 1", "0 0 10")
    claims = {
        "overall.accuracy": (rate("overall.accuracy", "90%"), rate("overall.accuracy", "93%")),
        "a.sensitivity": (rate("a.sensitivity", "0.8"), rate("a.sensitivity", "0.9")),
        "b.ppv": (rate("b.ppv", "0.90", count="9", n="10"), rate("b.ppv", "0.90", count="18", n="20")),
        "any_tumour.npv": (rate("any_tumour.npv", "0.83"), rate("any_tumour.npv", "0.91")),
        "a as c": (errors("1", "a", "c"), errors("0", "a", "c")),
        "abc as abc": (errors("3"), errors("2")),
        "correct": (correct("8/10", "9/10", "10/10"), correct("9/10", "8/10", "10/10")),
        "table": (table("10", "10", "10", split="test"), table("10", "11", "9", split="test")),
    }
    for name, (right, wrong) in claims.items():
        assert contradicted(shown, right, negative="c") == set(), name
        assert contradicted(shown, wrong, negative="c") == {"matrix", name}


# F1 16/18, 18/20 and 20/22, mean 0.899327. Kappa 510 / 600 = 0.85; MCC 510 / sqrt(600 x 592) = 0.855722.
@pytest.mark.parametrize(
    ("metric", "right", "wrong"),
    [
        ("overall.kappa", "0.850", "0.851"),
        ("overall.mcc", "0.856", "0.854"),
        ("overall.balanced_accuracy", "0.900", "0.904"),
        ("overall.macro_f1", "0.899", "0.903"),
        ("a.f1", "0.889", "0.891"),
    ],
)
def test_a_matrix_settles_scores(metric: str, right: str, wrong: str) -> None:
    shown = matrix("8 1 1", "0 9 1", "0 0 10")
    assert contradicted(shown, Score(id="score", text="", metric=metric, value=p(right))) == set()
    assert contradicted(shown, Score(id="score", text="", metric=metric, value=p(wrong))) == {"matrix", "score"}


def test_an_average_of_rounded_numbers_may_be_off_by_a_little() -> None:
    shown = matrix("8 1 1", "0 9 1", "0 0 10")
    # 0.89, 0.90 and 0.91 have the mean 0.900; 0.8 (cut off), 0.9 and 0.9 have 0.87.
    assert contradicted(shown, Score(id="score", text="", metric="overall.macro_f1", value=p("0.900"))) == set()


def test_a_matrix_of_nothing_contradicts_no_rate() -> None:
    empty = matrix("0 0 0", "0 0 0", "0 0 0")
    score = Score(id="score", text="", metric="overall.kappa", value=p("0.9"))
    assert contradicted(empty, rate("a.ppv", "0.9"), score) == set()


def test_two_matrices_of_one_split_are_the_same() -> None:
    one = matrix("8 1 1", "0 9 1", "0 0 10")
    other = Matrix(id="other", text="", rows=matrix("8 2 0", "0 9 1", "0 0 10").rows)
    assert contradicted(one, other) == {"matrix", "other"}
    assert contradicted(one, Matrix(id="other", text="", rows=one.rows)) == set()


# In general


def test_no_claims_and_nothing_to_say() -> None:
    assert audit() == {}


def test_the_order_of_claims_does_not_matter() -> None:
    claims = [
        correct("9/10", "8/10", "10/10"),
        rate("a.specificity", "0.95"),
        rate("a.ppv", "0.82"),
        errors("3", "a", "b"),
        errors("5"),
        matrix("9 1 0", "2 8 0", "0 0 10"),
    ]
    forwards, backwards = audit(*claims), audit(*reversed(claims))
    assert {name: one.verdict for name, one in forwards.items()} == {
        name: one.verdict for name, one in backwards.items()
    }


def test_sentences_are_sentences() -> None:
    found = audit(
        correct("9/10", "9/10", "9/10"), rate("a.ppv", "0.85"), errors("4"), matrix("9 1 0", "1 9 0", "1 0 9")
    )
    for one in found.values():
        assert all(re.fullmatch(r"\S.*\.", line) and "  " not in line for line in one.arithmetic)


metrics = st.sampled_from(["sensitivity", "specificity", "ppv", "npv", "accuracy"])
tenths = st.integers(0, 10).map(lambda tenth: p(f"{tenth / 10:.1f}"))


@settings(max_examples=300)
@given(st.integers(1, 8), st.integers(1, 8), st.dictionaries(metrics, tenths, min_size=1))
def test_rates_of_one_class_are_contradicted_exactly_when_no_counts_give_them(
    positives: int, negatives: int, values: dict[str, Printed]
) -> None:
    possible = any(
        all(
            bottom == 0 or fits(value, Fraction(top, bottom))
            for metric, value in values.items()
            for top, bottom in [fraction_of(metric, TwoByTwo(tp=positives - fn, fp=fp, fn=fn, tn=negatives - fp))]
        )
        for fn in range(positives + 1)
        for fp in range(negatives + 1)
    )
    rates = [Rate(id=metric, text="", metric=f"a.{metric}", value=value) for metric, value in values.items()]
    found = contradicted(table(str(positives), str(negatives), split="test"), *rates, k=2)
    assert bool(found) == (not possible)
