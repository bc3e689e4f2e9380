from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.claims.printed_intervals import intervals
from neuroval.dashboard.words.claims import decisive
from neuroval.data.claims.kinds import Claims, IntervalMethod, Rate, Source
from neuroval.data.claims.printed_number import Printed, printed

METHODS = get_args(IntervalMethod)


def as_printed(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


def audit(level: str | None = None, **parts: Any) -> AuditedClaim:
    numbers = {key: value if key == "method" else as_printed(value) for key, value in parts.items()}
    rate = Rate(id="rate", text="", metric="overall.accuracy", **numbers)
    source = Source(title="", classes=("a", "b"), level=None if level is None else as_printed(level))
    return audit_claims(Claims(source=source, claims=(rate,)))[0]


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95]))
def test_wilson_clopper_pearson_and_the_corrected_wilson_are_those_of_scipy(
    case: tuple[int, int], level: float
) -> None:
    test = stats.binomtest(*case)
    for method, theirs in (("wilson", "wilson"), ("wilson", "wilsoncc"), ("clopper-pearson", "exact")):
        expected = test.proportion_ci(level, method=theirs)
        found = intervals(*case, method=method, level=level)
        assert any((low, high) == pytest.approx((expected.low, expected.high), abs=1e-9) for low, high in found), theirs


# 81 of 263: Newcombe, Stat Med 1998;17:857-872, Table I: Wald, Wilson, Wilson with continuity correction.
@pytest.mark.parametrize(
    ("low", "high", "name"),
    [
        ("0.2522", "0.3638", "Wald"),
        ("0.2553", "0.3662", "Wilson"),
        ("0.2535", "0.3682", "Wilson"),
        ("0.2527", "0.3676", "Clopper-Pearson"),
    ],
)
def test_published_intervals_are_found_by_their_method(low: str, high: str, name: str) -> None:
    one = audit(count="81", n="263", low=low, high=high)
    assert one.verdict == "consistent"
    assert f"follows from 81 of 263 by {name}." in one.arithmetic[-1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("count", "n"), [(0, 20), (1, 29), (15, 148), (29, 29), (1271, 1283)])
def test_an_interval_by_its_named_method_is_no_contradiction(method: IntervalMethod, count: int, n: int) -> None:
    for low, high in intervals(count, n, method=method, level=0.95):
        shown = {"low": f"{low:.3f}", "high": f"{high:.3f}"}
        assert audit(count=str(count), n=str(n), method=method, **shown).verdict == "consistent"


def test_bounds_beyond_0_and_1_are_what_wald_gives() -> None:
    # 1 of 29: 0.0345 +/- 1.96 x 0.0339.
    assert audit(count="1", n="29", low="-0.0319", high="0.1009").verdict == "consistent"
    assert audit(count="1", n="29", low="0.0000", high="0.1009").verdict == "consistent"


def test_only_a_named_method_is_contradicted_by_what_it_gives() -> None:
    shown = {"count": "404", "n": "405", "low": "0.991", "high": "0.999"}
    unnamed = audit(**shown)
    assert unnamed.verdict == "not_checkable"
    assert "The source names no method" in " ".join(decisive(unnamed))
    named = audit(method="wilson", **shown)
    assert named.verdict == "contradicted_internally"
    assert " ".join(decisive(named)) == (
        "From 404 of 405: Wilson (0.9861, 0.9996). Printed is (0.991, 0.999). "
        "The source names Wilson, which does not give it."
    )


def test_the_level_is_that_of_the_source() -> None:
    shown = {"count": "296", "n": "306", "low": "0.946", "high": "0.980"}  # Wilson at 90%: 0.94608 to 0.98037
    assert audit(level="90%", **shown).verdict == "consistent"
    assert audit(**shown).verdict == "not_checkable"


def test_every_count_that_a_value_stands_for_is_tried() -> None:
    # 0.97 of 272 is 263, 264 or 265, and 266 with digits cut off; only 263 has the Wilson interval 0.938 to 0.982.
    one = audit(value="0.97", n="272", low="0.938", high="0.982", method="wilson")
    assert one.verdict == "consistent"
    assert "follows from 263 of 272 by Wilson." in one.arithmetic[-1]


def test_an_interval_that_ends_before_it_begins_is_impossible() -> None:
    assert audit(value="0.97", low="0.98", high="0.94").verdict == "contradicted_internally"


def test_without_counts_an_interval_is_left_alone() -> None:
    one = audit(value="0.97", low="0.94", high="0.98")
    assert one.verdict == "not_checkable"
    assert "no count and n are known" in " ".join(decisive(one))


def test_so_many_possible_counts_are_not_tried() -> None:
    one = audit(value="0.97", n="1,000,000", low="0.94", high="0.98", method="wilson")
    assert one.verdict == "consistent"  # the rate is; of the interval nothing is said
    assert "no count and n are known" in one.arithmetic[-1]
