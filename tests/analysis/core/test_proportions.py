from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.proportions import RateMethod, clustered_proportion, clustered_totals, proportion, wilson
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

METHODS = get_args(RateMethod)
levels = st.floats(0.01, 0.9999)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 100_000))
    return draw(st.integers(0, n)), n


def test_wilson_gives_the_published_and_the_full_precision_values(oracles: dict[str, Any]) -> None:
    for case in oracles["wilson_no_cc"]["cases"]:
        estimate = proportion(case["x"], case["n"])
        assert 0 <= estimate.low <= estimate.high <= 1
        if "full" in case:
            assert (estimate.low, estimate.high) == pytest.approx(case["full"], abs=1e-10)
        if "published" in case:
            assert (estimate.low, estimate.high) == pytest.approx(case["published"], abs=5.1e-5)


def test_clopper_pearson_gives_the_values_of_r(oracles: dict[str, Any]) -> None:
    for case in oracles["clopper_pearson"]["cases"]:
        estimate = proportion(case["x"], case["n"], method="clopper-pearson")
        assert (estimate.low, estimate.high) == pytest.approx(case["ci"], abs=5.1e-7)


@pytest.mark.parametrize(("method", "group"), [("wilson", "wilson"), ("clopper-pearson", "exact")])
def test_rates_of_a_two_by_two_table_give_the_values_of_epir(
    oracles: dict[str, Any], method: RateMethod, group: str
) -> None:
    tp, fp, fn, tn = 670, 202, 74, 640
    n = tp + fp + fn + tn
    rates = {
        "se": (tp, tp + fn),
        "sp": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "acc": (tp + tn, n),
        "ap": (tp + fp, n),
        "tp_prev": (tp + fn, n),
    }
    for name, (count, of) in rates.items():
        estimate = proportion(count, of, method=method)
        expected = oracles["epi_tests_670_202_74_640"][group][name]
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, abs=1e-9)


def test_jeffreys_gives_the_quantiles_of_its_beta_distribution() -> None:
    estimate = proportion(15, 148, method="jeffreys")
    assert (estimate.low, estimate.high) == pytest.approx(stats.beta(15.5, 133.5).ppf([0.025, 0.975]), abs=1e-12)


def test_agresti_coull_adds_two_successes_and_two_failures_when_z_is_two() -> None:
    level = float(stats.norm.cdf(2) - stats.norm.cdf(-2))
    estimate = proportion(18, 36, method="agresti-coull", level=level)
    assert (estimate.low, estimate.high) == pytest.approx((0.5 - 2 * np.sqrt(0.25 / 40), 0.5 + 2 * np.sqrt(0.25 / 40)))


@given(counts(), levels)
def test_wilson_and_clopper_pearson_agree_with_scipy(case: tuple[int, int], level: float) -> None:
    test = stats.binomtest(*case)
    for method, theirs in (("wilson", "wilson"), ("clopper-pearson", "exact")):
        estimate = proportion(*case, method=method, level=level)
        expected = test.proportion_ci(confidence_level=level, method=theirs)
        assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(counts(), levels, st.sampled_from(METHODS))
def test_bounds_lie_in_zero_to_one_and_enclose_the_value(
    case: tuple[int, int], level: float, method: RateMethod
) -> None:
    estimate = proportion(*case, method=method, level=level)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(counts(), levels, levels, st.sampled_from(METHODS))
def test_a_higher_level_gives_no_narrower_interval(
    case: tuple[int, int], one: float, other: float, method: RateMethod
) -> None:
    narrow, wide = (proportion(*case, method=method, level=level) for level in sorted((one, other)))
    assert wide.low <= narrow.low + 1e-12
    assert wide.high >= narrow.high - 1e-12


@given(counts(), st.sampled_from(METHODS))
def test_counting_failures_instead_of_successes_mirrors_the_interval(case: tuple[int, int], method: RateMethod) -> None:
    count, n = case
    successes, failures = proportion(count, n, method=method), proportion(n - count, n, method=method)
    assert (1 - failures.high, 1 - failures.low) == pytest.approx((successes.low, successes.high), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 7, 38, 77, 1311])
def test_none_and_all_have_their_closed_end_exactly(method: RateMethod, n: int) -> None:
    none, every = proportion(0, n, method=method), proportion(n, n, method=method)
    assert none.low == 0.0
    assert every.high == 1.0
    assert 0 < none.high < 1
    assert 0 < every.low < 1


def test_no_cases_is_undefined() -> None:
    estimate = proportion(0, 0)
    assert (estimate.value, estimate.n, estimate.reason) == (None, 0, Reason("no_cases"))


def test_counts_and_the_method_travel_with_the_rate() -> None:
    estimate = proportion(np.int64(263), np.int64(272), method="agresti-coull", level=0.9)
    assert (estimate.count, estimate.n, estimate.method, estimate.level) == (263, 272, Method("agresti-coull"), 0.9)
    assert type(estimate.count) is int


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"count": 5, "n": 4}, "count 5 must be at least 0 and at most n, which is 4"),
        ({"count": -1, "n": 4}, "count -1"),
        ({"count": 0, "n": -1}, "n -1"),
        ({"count": 1, "n": 4, "method": "wald"}, r"method 'wald' is not known; expected one of \['wilson'"),
        ({"count": 1, "n": 4, "level": 95}, "level: 95 must be above 0 and below 1"),
        ({"count": 1, "n": 4, "level": 1.0}, "level: 1.0"),
    ],
)
def test_errors_name_the_argument_the_value_and_what_is_allowed(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        proportion(arguments.pop("count"), arguments.pop("n"), **arguments)


def test_a_fraction_is_no_count() -> None:
    with pytest.raises(TypeError):
        proportion(0.5, 4)


@given(counts().filter(lambda case: case[1] <= 500), levels)
def test_groups_of_one_case_give_plain_wilson(case: tuple[int, int], level: float) -> None:
    count, n = case
    clustered = clustered_proportion(np.arange(n) < count, np.arange(n), level=level)
    plain = proportion(count, n, level=level)
    assert (clustered.low, clustered.high) == pytest.approx((plain.low, plain.high), abs=1e-9)
    assert (clustered.count, clustered.n) == (count, n)


def test_cases_counted_twice_are_worth_half_as_many() -> None:
    once = np.arange(400) < 300
    clustered = clustered_proportion(np.repeat(once, 2), np.repeat(np.arange(400), 2))
    half = proportion(300, 400)
    assert (clustered.low, clustered.high) == pytest.approx((half.low, half.high), abs=2e-4)
    assert (clustered.count, clustered.n) == (600, 800)
    assert clustered.method == Method("wilson_on_design_effect", groups=400)


def test_the_design_effect_of_a_table_worked_by_hand() -> None:
    # Groups of sizes 2, 3, 1, 4 with 2, 1, 0, 3 successes: p = 0.6, residuals 0.8, -0.8, -0.6, 0.6.
    # Variance 4/3 * 2 / 100 = 2/75; independent cases 0.24 / 9 = 2/75; so the design effect seen is exactly 1. Failures
    # are in 3 of 4 groups: it is taken as (3 * 1 + 10 / 4) / 4 = 1.375.
    successes = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1, 0], dtype=bool)
    clustered = clustered_proportion(successes, np.array([*"aabbbcdddd"]))
    assert clustered.effective_n == pytest.approx(10 / 1.375, abs=1e-12)
    assert (clustered.low, clustered.high) == pytest.approx(wilson(6 / 1.375, 10 / 1.375, level=0.95), abs=1e-12)
    # Groups of 2 and 2 of one kind each: variance 2 * 2 / 16 = 1/4, independent 1/12, design effect 3, n 4/3.
    clustered = clustered_proportion(np.array([True, True, False, False]), np.array([*"aabb"]))
    n, z = 4 / 3, 1.959963984540054
    half = z / (1 + z * z / n) * np.sqrt(0.25 / n + z * z / (4 * n * n))
    assert (clustered.low, clustered.high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-12)


def test_a_design_effect_below_one_is_taken_as_one() -> None:
    """Each pair holds a success and a failure; with the one group more it is (50 * 1 + 2) / 51."""
    clustered = clustered_proportion(np.tile([True, False], 50), np.repeat(np.arange(50), 2))
    assert clustered.effective_n == pytest.approx(100 * 51 / 52, abs=1e-12)


def test_one_error_more_does_not_make_an_interval_out_of_nothing() -> None:
    """A single error shows a design effect of 1 by construction: 405 cases of 182 patients stay far from 405."""
    groups = np.sort(np.arange(405) % 182)
    none, one, two = (clustered_proportion(np.arange(405) >= errors, groups) for errors in (0, 1, 2))
    assert none.effective_n == 182
    assert one.effective_n == pytest.approx(405 / ((1 + 405 / 182) / 2), rel=0.01)
    assert one.low < none.low + 0.002
    assert two.low < one.low


@pytest.mark.parametrize("success", [False, True])
def test_when_all_cases_agree_groups_are_counted_and_the_method_says_so(success: bool) -> None:
    clustered = clustered_proportion(np.full(60, success), np.repeat(np.arange(20), 3))
    by_group = proportion(20 * success, 20)
    assert (clustered.low, clustered.high) == pytest.approx((by_group.low, by_group.high), abs=1e-12)
    assert clustered.method == Method("wilson_on_groups", groups=20)


def test_one_group_counts_as_one_case() -> None:
    clustered = clustered_proportion(np.arange(50) < 40, np.zeros(50, dtype=int))
    assert clustered.value == 0.8
    assert in_words(clustered.method).endswith("(design effect not estimable), 1 group")
    assert clustered.width > 0.75


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60), st.randoms())
def test_the_order_of_cases_and_the_names_of_groups_do_not_matter(cases: list[tuple[bool, int]], random: Any) -> None:
    shuffled = random.sample(cases, len(cases))
    one = clustered_proportion(np.array([s for s, _ in cases]), np.array([g for _, g in cases]))
    other = clustered_proportion(np.array([s for s, _ in shuffled]), pd.Series([f"p{g}" for _, g in shuffled]))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert one.method == other.method
    assert 0 <= one.low <= one.value <= one.high <= 1


def test_groups_that_hold_no_case_of_the_denominator_are_not_counted() -> None:
    successes, sizes = np.array([3, 1, 0]), np.array([4, 2, 0])
    clustered = clustered_totals(successes, sizes, number=np.array([5, 7, 1000]))
    assert "12 groups" in in_words(clustered.method)
    assert (clustered.count, clustered.n) == (22, 34)


def test_no_cases_in_groups_is_undefined() -> None:
    assert clustered_proportion(np.array([], dtype=bool), np.array([])).reason == Reason("no_cases")


def test_a_missing_group_is_refused() -> None:
    with pytest.raises(InputError, match="case 1 "):
        clustered_proportion(np.array([True, False]), pd.Series(["a", None]))


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="found 1 ids for 2 cases"):
        clustered_proportion(np.array([True, False]), np.array(["a"]))


def exact_coverage(method: RateMethod, *, n: int = 60, level: float = 0.95) -> np.ndarray:
    """Return the probability, at each of 199 true proportions, that the interval holds it: no simulation needed."""
    truth = np.linspace(0.005, 0.995, 199)
    intervals = [proportion(count, n, method=method, level=level) for count in range(n + 1)]
    holds = np.array([[one.low <= p <= one.high for p in truth] for one in intervals])
    return (stats.binom.pmf(np.arange(n + 1)[:, None], n, truth) * holds).sum(axis=0)


def test_clopper_pearson_never_covers_less_than_its_level() -> None:
    assert exact_coverage("clopper-pearson").min() >= 0.95


@pytest.mark.parametrize("method", ["wilson", "jeffreys", "agresti-coull"])
def test_the_other_methods_cover_their_level_on_average(method: RateMethod) -> None:
    assert 0.945 <= exact_coverage(method).mean() <= 0.97
    assert 0.895 <= exact_coverage(method, level=0.9).mean() <= 0.93


@pytest.mark.slow
def test_the_clustered_interval_covers_where_plain_wilson_does_not() -> None:
    rng = np.random.default_rng(12)
    groups = np.repeat(np.arange(60), 8)
    clustered, plain = 0, 0
    for _ in range(2000):
        successes = rng.random(480) < np.repeat(rng.beta(7, 3, size=60), 8)  # p 0.7, correlation 1/11 within a group
        by_group = clustered_proportion(successes, groups)
        by_case = proportion(int(successes.sum()), 480)
        clustered += by_group.low <= 0.7 <= by_group.high
        plain += by_case.low <= 0.7 <= by_case.high
    assert 0.93 <= clustered / 2000 <= 0.97
    assert plain / 2000 < 0.90


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.95, 0.98, 0.995])
@pytest.mark.parametrize(("number", "size"), [(58, 5), (282, 3), (30, 10), (182, 2)])
@pytest.mark.parametrize("correlation", [0.1, 0.3, 0.6])
def test_the_clustered_interval_covers_near_1_too(share: float, number: int, size: int, correlation: float) -> None:
    rng, left = np.random.default_rng(5), (1 - correlation) / correlation
    chances = rng.beta(share * left, (1 - share) * left, size=(2000, number))
    counts, groups = rng.binomial(size, chances), np.ones(number, dtype=np.int64)
    found = [clustered_totals(one, np.full(number, size), number=groups) for one in counts]
    assert np.mean([one.low <= share <= one.high for one in found]) >= 0.92
    assert np.mean([one.low > share for one in found]) <= 0.03
