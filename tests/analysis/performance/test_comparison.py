from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from scipy.special import gammaln

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.comparison import (
    Comparison,
    PairedCounts,
    clustered_mcnemar,
    compare,
    compare_shares,
    difference_of,
    holm,
    mcnemar,
    net_benefit_difference,
    paired_difference,
)
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")

# Newcombe, Stat Med 1998;17:2635-2650, Table III, method 10: cells e, f, g, h and the printed bounds of (f - g) / n.
TABLE_III = [
    ((36, 12, 2, 0), (0.0569, 0.3404)),
    ((20, 12, 2, 16), (0.0562, 0.3292)),
    ((18, 12, 2, 18), (0.0562, 0.3290)),
    ((36, 14, 0, 0), (0.1528, 0.4167)),
    ((35, 14, 0, 1), (0.1461, 0.4175)),
    ((18, 14, 0, 18), (0.1441, 0.3963)),
    ((2, 97, 1, 0), (0.8721, 0.9854)),
    ((1, 97, 1, 1), (0.8736, 0.9850)),
    ((0, 29, 1, 0), (0.6666, 0.9882)),
    ((2, 98, 0, 0), (0.9178, 0.9945)),
    ((1, 98, 0, 1), (0.9171, 0.9916)),
    ((0, 30, 0, 0), (0.8395, 1.0000)),
    ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ((53, 0, 0, 1), (-0.0729, 0.0729)),
    ((30, 0, 0, 24), (-0.0358, 0.0358)),
    ((29, 0, 0, 25), (-0.0354, 0.0354)),
    ((28, 0, 0, 26), (-0.0352, 0.0352)),
    ((27, 0, 0, 27), (-0.0351, 0.0351)),
]

# Newcombe, Stat Med 1998;17:873-890, Table II, method 10, contrasts (a) to (h).
TABLE_II = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]

cells = st.tuples(*[st.integers(0, 3000)] * 4).filter(any)
levels = st.floats(0.5, 0.999)


def paired(both: int, only_a: int, only_b: int, neither: int, *, level: float = 0.95) -> Estimate:
    counts = PairedCounts(both=both, only_a=only_a, only_b=only_b, neither=neither)
    return paired_difference(counts, level=level)


def compared(reference: Any, a: Any, b: Any, **options: Any) -> Comparison:
    options = {"classes": CLASSES, "negative": "notumor", **options}
    return compare(np.asarray(reference, dtype=int), np.asarray(a, dtype=int), np.asarray(b, dtype=int), **options)


@pytest.mark.parametrize(("table", "printed"), TABLE_III)
def test_paired_intervals_are_those_that_newcombe_printed(
    table: tuple[int, int, int, int], printed: tuple[float, float]
) -> None:
    found = paired(*table)
    # He cuts 0.87367 to 0.8736; everywhere else the printed digits are rounded.
    tolerance = 1e-4 if table == (1, 97, 1, 1) else 5.1e-5
    assert (found.low, found.high) == pytest.approx(printed, abs=tolerance)
    assert found.value == pytest.approx((table[1] - table[2]) / sum(table))


def test_paired_intervals_are_those_of_fagerland_lydersen_and_laake() -> None:
    # Stat Med 2014;33:2850-2875 (airway hyper-responsiveness, 3 digits); contingencytables 3.0 (complete response).
    airway, response = paired(1, 1, 7, 12), paired(59, 6, 16, 80)
    assert (airway.low, airway.high) == pytest.approx((-0.507, -0.026), abs=5.1e-4)
    assert (response.value, response.low, response.high) == pytest.approx((-0.0621, -0.1186, -0.0046), abs=5.1e-5)


@pytest.mark.parametrize(("table", "printed"), TABLE_II)
def test_unpaired_intervals_are_those_that_newcombe_printed(
    table: tuple[int, int, int, int], printed: tuple[float, float]
) -> None:
    found = difference_of(proportion(*table[:2]), proportion(*table[2:]))
    assert (found.low, found.high) == pytest.approx(printed, abs=5.1e-5)
    assert found.value == pytest.approx(table[0] / table[1] - table[2] / table[3])


def test_the_unpaired_interval_at_full_precision() -> None:
    # statsmodels 0.15.0, confint_proportions_2indep(56, 70, 48, 80, compare="diff", method="newcomb").
    found = difference_of(proportion(56, 70), proportion(48, 80))
    assert (found.low, found.high) == pytest.approx((0.05243147240236498, 0.33387265403690614), abs=1e-12)
    assert found.method == Method("of_sizes", method=Method("newcombe_unpaired"), a=70, b=80)


def test_a_correlation_of_zero_gives_the_unpaired_interval() -> None:
    # 10 * 3 - 5 * 5 = 5 is not above n / 2, so the corrected correlation is 0; both rates are 15/23.
    found, apart = paired(10, 5, 5, 3), difference_of(proportion(15, 23), proportion(15, 23))
    assert (found.low, found.high) == pytest.approx((apart.low, apart.high), abs=1e-12)
    assert (found.method, found.n) == (Method("newcombe_paired"), 23)


@given(cells, levels)
def test_paired_intervals_enclose_the_difference_and_turn_with_the_models(
    table: tuple[int, int, int, int], level: float
) -> None:
    both, only_a, only_b, neither = table
    found, turned = paired(*table, level=level), paired(both, only_b, only_a, neither, level=level)
    assert -1 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert (-turned.high, -turned.low) == pytest.approx((found.low, found.high), abs=1e-9)
    errors = paired(neither, only_b, only_a, both, level=level)  # counting errors instead of successes
    assert (-errors.high, -errors.low) == pytest.approx((found.low, found.high), abs=1e-9)


@given(cells, levels, levels)
def test_a_higher_level_gives_no_narrower_interval(table: tuple[int, int, int, int], one: float, other: float) -> None:
    narrow, wide = (paired(*table, level=level) for level in sorted((one, other)))
    assert wide.low <= narrow.low + 1e-9
    assert wide.high >= narrow.high - 1e-9


@given(st.tuples(st.integers(1, 2000), st.integers(1, 2000), st.floats(0, 1), st.floats(0, 1)), levels)
def test_unpaired_intervals_enclose_the_difference_and_turn(case: tuple[int, int, float, float], level: float) -> None:
    n, m, p, q = case
    a, b = proportion(round(p * n), n, level=level), proportion(round(q * m), m, level=level)
    found, turned = difference_of(a, b), difference_of(b, a)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (-turned.high, -turned.low) == pytest.approx((found.low, found.high), abs=1e-12)


def test_a_difference_from_other_intervals_says_from_which() -> None:
    published = Estimate(value=0.97, low=0.946, high=0.985, level=0.95, method=Method("given"), n=272)
    found = difference_of(published, proportion(250, 300, method="clopper-pearson"))
    assert found.method == Method(
        "of_sizes", method=Method("mover", a=Method("given"), b=Method("clopper-pearson")), a=272, b=300
    )
    ours = proportion(250, 300, method="clopper-pearson")
    assert found.low == pytest.approx(0.97 - 250 / 300 - np.hypot(0.97 - 0.946, ours.high - 250 / 300))
    assert found.high == pytest.approx(0.97 - 250 / 300 + np.hypot(0.985 - 0.97, 250 / 300 - ours.low))


def test_a_difference_needs_both_values_both_intervals_and_one_level() -> None:
    known, bare = proportion(3, 4), Estimate(value=0.5, method=Method("given"), reason=Reason("no_interval_given"))
    for one, other in ((known, proportion(0, 0)), (proportion(0, 0), known)):
        assert (difference_of(one, other).value, difference_of(one, other).reason) == (None, Reason("no_cases"))
        assert difference_of(one, other).method == Method("not_estimable")
    for found in (difference_of(known, bare), difference_of(bare, known)):
        assert (abs(found.value), found.low, found.reason) == (0.25, None, Reason("no_interval_given"))
    with pytest.raises(InputError, match=r"one level, found 0\.95 and 0\.9"):
        difference_of(known, proportion(3, 4, level=0.9))


def test_mcnemar_by_hand() -> None:
    # 1 and 7 discordant of 8: tail (1 + 8) / 256; point probability 8 / 256; chi-square 36 / 8, corrected 25 / 8.
    found = mcnemar(1, 7)
    assert found.exact == pytest.approx(18 / 256)
    assert found.mid_p == pytest.approx(10 / 256)
    assert (found.chi_square, found.chi_square_corrected) == (4.5, 3.125)
    # The example of Fagerland, Lydersen & Laake, BMC Med Res Methodol 2013;13:91; p-values from statsmodels 0.15.0.
    assert (found.asymptotic, found.corrected) == pytest.approx((0.033894853524689295, 0.07709987174354202), abs=1e-12)


def test_mcnemar_gives_the_values_of_contingencytables() -> None:
    found = mcnemar(6, 16)  # complete response before and after therapy, R package contingencytables 3.0
    assert (found.exact, found.mid_p, found.asymptotic, found.corrected) == pytest.approx(
        (0.052479, 0.034690, 0.033006, 0.055009), abs=5.1e-7
    )


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test_and_does_not_mind_the_order(only_a: int, only_b: int) -> None:
    found = mcnemar(only_a, only_b)
    assert found == mcnemar(only_b, only_a)
    if only_a + only_b:
        test = stats.binomtest(only_a, only_a + only_b)
        assert found.exact == pytest.approx(test.pvalue, rel=1e-9)
        assert found.asymptotic == pytest.approx(stats.chi2.sf(found.chi_square, 1), rel=1e-9)
    assert 0 <= found.mid_p <= found.exact <= 1
    assert found.asymptotic <= found.corrected <= 1


def test_without_a_discordant_case_every_p_value_is_one() -> None:
    found = mcnemar(0, 0)
    assert (found.exact, found.mid_p, found.asymptotic, found.corrected) == (1, 1, 1, 1)
    assert (found.chi_square, found.chi_square_corrected) == (0, 0)


def test_as_many_on_either_side_by_hand() -> None:
    found = mcnemar(3, 3)
    assert (found.exact, found.asymptotic, found.corrected) == (1, 1, 1)
    assert found.mid_p == pytest.approx(1 - 20 / 64 / 2)


def test_two_models_by_hand() -> None:
    # Six gliomas, four meningiomas, three without a tumour.
    reference = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]
    a = [0, 0, 0, 0, 1, 2, 1, 1, 0, 2, 2, 2, 2]
    b = [0, 0, 1, 2, 0, 2, 1, 0, 1, 1, 2, 0, 2]
    found = {one.name: one for one in compared(reference, a, b).numbers}
    assert list(found) == [
        "accuracy",
        "any_tumour.sensitivity",
        "any_tumour.specificity",
        "glioma.sensitivity",
        "meningioma.sensitivity",
        "notumor.sensitivity",
        "pituitary.sensitivity",
        "glioma.specificity",
        "meningioma.specificity",
        "notumor.specificity",
        "pituitary.specificity",
    ]
    expected = {
        "accuracy": (5, 4, 3, 1),
        "any_tumour.sensitivity": (7, 1, 1, 1),  # a glioma called meningioma is found
        "any_tumour.specificity": (2, 1, 0, 0),
        "glioma.sensitivity": (2, 2, 1, 1),
        "meningioma.sensitivity": (1, 1, 2, 0),
        "notumor.sensitivity": (2, 1, 0, 0),
        "glioma.specificity": (4, 2, 1, 0),  # wrong where glioma is said of another class
        "meningioma.specificity": (7, 1, 1, 0),
        "notumor.specificity": (7, 1, 1, 1),
        "pituitary.specificity": (13, 0, 0, 0),
    }
    for name, (both, only_a, only_b, neither) in expected.items():
        one = found[name]
        assert one.counts == PairedCounts(both=both, only_a=only_a, only_b=only_b, neither=neither), name
        n = both + only_a + only_b + neither
        assert (one.a.plain, one.b.plain) == (proportion(both + only_a, n), proportion(both + only_b, n))
        assert one.difference.plain == paired(both, only_a, only_b, neither)
        assert one.difference.clustered is None
        assert one.test == mcnemar(only_a, only_b)
        assert one.counts.discordant == only_a + only_b


def test_an_empty_class_is_undefined_with_the_reason() -> None:
    found = next(
        one for one in compared([0, 1, 2], [0, 1, 2], [0, 0, 2]).numbers if one.name == "pituitary.sensitivity"
    )
    assert (found.name, found.counts.n, found.test) == ("pituitary.sensitivity", 0, None)
    for measure in (found.a, found.b, found.difference):
        assert (measure.headline.value, measure.headline.reason) == (None, Reason("no_reference_cases", of="pituitary"))


def test_only_one_class_leaves_the_others_undefined() -> None:
    found = {one.name: one.difference.plain for one in compared([2, 2], [2, 2], [2, 0]).numbers}
    assert found["any_tumour.sensitivity"].reason == Reason("no_reference_cases", of="any tumour")
    assert found["any_tumour.specificity"].value == 0.5
    tumours = {one.name: one.difference.plain for one in compared([0, 0], [0, 0], [0, 2]).numbers}
    assert tumours["any_tumour.specificity"].reason == Reason("no_reference_cases", of="notumor")
    assert tumours["glioma.specificity"].reason == Reason("no_reference_cases_of_others", than="glioma")


def test_no_cases_and_one_case() -> None:
    nothing = compared([], [], [])
    assert nothing.n == 0
    assert {one.difference.plain.value for one in nothing.numbers} == {None}
    assert nothing.numbers[0].difference.plain.reason == Reason("no_cases")
    single = compared([0], [0], [1], groups=np.array(["p"])).numbers[0]
    assert (single.difference.plain.value, single.difference.clustered, single.test.exact) == (1.0, None, 1.0)


def test_two_equal_models_have_p_one_and_an_interval() -> None:
    reference = np.repeat([0, 1, 2, 3], 10)
    for one in compared(reference, reference, reference).numbers:
        assert one.test.exact == one.test.mid_p == one.test.asymptotic == 1
        assert one.difference.plain.low < 0 < one.difference.plain.high
        assert one.difference.plain.value == 0


def test_without_a_negative_class_there_is_no_any_tumour() -> None:
    names = [one.name for one in compared([0, 1], [0, 1], [1, 1], negative=None).numbers]
    rates = ("sensitivity", "specificity")
    assert names == ["accuracy", *(f"{name}.{rate}" for rate in rates for name in CLASSES)]


def test_more_classes_than_outcomes() -> None:
    classes = tuple(f"c{i:02d}" for i in range(12))
    reference = np.repeat(np.arange(12), 5)
    a, b = reference.copy(), reference.copy()
    b[55], a[0] = 0, 3
    groups = np.repeat(np.arange(30), 2)
    found = compared(reference, a, b, classes=classes, negative="c11", groups=groups)
    by_name = {one.name: one for one in found.numbers}
    assert by_name["c11.sensitivity"].counts == PairedCounts(both=4, only_a=1, only_b=0, neither=0)
    assert by_name["any_tumour.specificity"].counts == PairedCounts(both=4, only_a=1, only_b=0, neither=0)
    assert by_name["any_tumour.sensitivity"].counts == PairedCounts(both=55, only_a=0, only_b=0, neither=0)
    assert by_name["accuracy"].difference.clustered.n == 60


def some_cases(seed: int, *, n: int = 240, k: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return reference, two predictions and groups of about four cases, each group of one class."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, n // 4, n)
    reference = rng.integers(0, k, n // 4)[groups]
    skill = rng.beta(6, 1, size=n // 4)[groups]
    a, b = (np.where(rng.random(n) < skill - less, reference, rng.integers(0, k, n)) for less in (0, 0.1))
    return reference, a, b, groups


def test_groups_of_one_case_change_nothing() -> None:
    reference, a, b, _ = some_cases(1)
    alone = compared(reference, a, b, groups=np.arange(len(reference)))
    assert alone.groups == len(reference)
    assert alone.numbers == compared(reference, a, b).numbers
    assert compared(reference, a, b).groups is None


def test_the_design_effect_of_a_difference_by_hand() -> None:
    # Four patients of two scans: p both only A, q one only A, r one only B, s none. Difference (3 - 1) / 8.
    reference = np.zeros(8, dtype=int)
    a, b = np.array([0, 0, 0, 0, 1, 0, 0, 0]), np.array([1, 1, 1, 0, 0, 0, 0, 0])
    found = compared(reference, a, b, groups=np.repeat([*"pqrs"], 2)).numbers[0].difference
    # Gained less what is expected (0.5 a patient): 1.5, 0.5, -1.5, -0.5; 4/3 * 5 / 64 over (4/8 - 1/16) / 7.
    effect = (4 / 3 * 5 / 64) / ((0.5 - 0.0625) / 7)
    expected = paired(4, 3, 1, 0)
    assert found.clustered.value == pytest.approx(0.25)
    assert found.clustered.method == Method("newcombe_paired_on_design_effect", groups=4)
    assert found.clustered.width > found.plain.width == pytest.approx(expected.width)
    # As many cases at 8 / effect of the same shares, by the formula in the paper.
    scale, z = 1 / effect, special.ndtri(0.975)
    n = 8 * scale
    low, high = {}, {}
    for name, share in (("a", 7 / 8), ("b", 5 / 8)):
        roots = np.roots([1 + z**2 / n, -(2 * share + z**2 / n), share**2]).real
        low[name], high[name] = min(roots), max(roots)
    phi = -(3 * 1) / np.sqrt(7 * 1 * 5 * 3)
    below = np.sqrt(
        (7 / 8 - low["a"]) ** 2 - 2 * phi * (7 / 8 - low["a"]) * (high["b"] - 5 / 8) + (high["b"] - 5 / 8) ** 2
    )
    assert found.clustered.low == pytest.approx(0.25 - below)


def test_cases_counted_twice_leave_the_clustered_interval_as_wide_as_before() -> None:
    reference, a, b, _ = some_cases(3, n=400)
    once = compared(reference, a, b).numbers[0].difference.plain
    twice = compared(*(np.repeat(part, 2) for part in (reference, a, b)), groups=np.repeat(np.arange(400), 2))
    doubled = twice.numbers[0]
    assert doubled.difference.clustered.width == pytest.approx(once.width, rel=0.1)
    assert doubled.difference.plain.width == pytest.approx(once.width / np.sqrt(2), rel=0.05)
    assert doubled.difference.headline is doubled.difference.clustered
    assert doubled.a.clustered.width > doubled.a.plain.width


def test_without_a_discordant_case_groups_are_counted_and_the_method_says_so() -> None:
    reference = np.repeat([0, 1, 2, 3], 12)
    groups = np.repeat(np.arange(16), 3)
    found = compared(reference, reference, reference, groups=groups).numbers[0].difference
    assert found.clustered.method == Method("newcombe_paired_on_groups", groups=16)
    assert (found.clustered.low, found.clustered.high) == pytest.approx(
        (paired(16, 0, 0, 0).low, paired(16, 0, 0, 0).high)
    )
    assert found.headline is found.clustered
    glioma = compared(reference, reference, reference, groups=groups).numbers[3].difference.clustered
    assert in_words(glioma.method).endswith("on the number of groups, 4 groups")  # the others hold no glioma
    one_group = compared(reference, reference, reference, groups=np.zeros(48)).numbers[0].difference.clustered
    assert in_words(one_group.method).endswith("on the number of groups, 1 group")
    assert one_group.width > 1


def test_a_class_of_two_groups_has_a_wide_clustered_interval() -> None:
    # All but one of 24 gliomas come from one of 40 groups.
    reference = np.concatenate([np.zeros(24), np.repeat(np.ones(39), 2)])
    groups = np.concatenate([np.zeros(24), np.repeat(np.arange(1, 40), 2)])
    groups[0] = 1
    a, b = reference.copy(), reference.copy()
    a[0], b[5] = 1, 1
    found = {one.name: one.difference for one in compared(reference, a, b, groups=groups).numbers}
    glioma = found["glioma.sensitivity"].clustered
    assert glioma.method == Method("newcombe_paired_on_design_effect", groups=2)
    assert glioma.width >= found["glioma.sensitivity"].plain.width


@given(st.integers(0, 10_000))
def test_the_order_of_cases_and_the_names_of_groups_do_not_matter(seed: int) -> None:
    reference, a, b, groups = some_cases(seed, n=60)
    order = np.random.default_rng(seed).permutation(60)
    one = compared(reference, a, b, groups=groups)
    other = compared(reference[order], a[order], b[order], groups=[f"p{g}" for g in groups[order]])
    assert one == other


def test_permuting_the_classes_permutes_the_numbers() -> None:
    reference, a, b, _ = some_cases(4)
    turned = np.array([3, 0, 1, 2])
    one = {x.name: x for x in compared(reference, a, b).numbers}
    other = compared(turned[reference], turned[a], turned[b], classes=("meningioma", "notumor", "pituitary", "glioma"))
    assert {x.name: x for x in other.numbers} == one


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="negative: 'healthy' is not a class"):
        compared([0], [0], [0], negative="healthy")
    with pytest.raises(InputError, match="index 4 of case 1"):
        compared([0, 1], [0, 1], [0, 4])
    with pytest.raises(InputError, match="found 1 indices for 2 reference labels"):
        compared([0, 1], [0], [0, 1])
    with pytest.raises(InputError, match="groups: found 1 ids for 2 cases"):
        compared([0, 1], [0, 1], [0, 1], groups=np.array(["p"]))
    with pytest.raises(InputError, match="level: 95"):
        compared([0], [0], [0], level=95)
    with pytest.raises(InputError, match="counts must be 0 or more, found -1 and 2"):
        mcnemar(-1, 2)
    with pytest.raises(InputError, match=r"counts must be 0 or more, found \(3, -1, 0, 0\)"):
        paired(3, -1, 0, 0)
    with pytest.raises(InputError, match="level: 0"):
        paired(3, 1, 0, 0, level=0)


def test_no_pairs_at_all_is_undefined() -> None:
    assert paired(0, 0, 0, 0).reason == Reason("no_cases")


def test_the_paired_interval_covers_its_level_on_average() -> None:
    # Exact: all 1,771 tables of 20 pairs under 300 true probabilities of the four cells.
    n = 20
    tables = np.array(
        [(a, b, c, n - a - b - c) for a in range(n + 1) for b in range(n + 1 - a) for c in range(n + 1 - a - b)]
    )
    intervals = [paired(*table) for table in tables.tolist()]
    low, high = np.array([one.low for one in intervals]), np.array([one.high for one in intervals])
    ways = gammaln(n + 1) - gammaln(tables + 1).sum(axis=1)
    covered = []
    for p in np.random.default_rng(5).dirichlet(np.ones(4), 300):
        truth = p[1] - p[2]
        covered.append(np.exp(ways + tables @ np.log(p))[(low <= truth) & (truth <= high)].sum())
    assert 0.945 <= np.mean(covered) <= 0.965
    assert min(covered) >= 0.91


def test_the_unpaired_interval_covers_its_level_on_average() -> None:
    # Exact: all outcomes of 30 and 50 cases under 200 pairs of true proportions.
    found = [[difference_of(proportion(a, 30), proportion(b, 50)) for b in range(51)] for a in range(31)]
    low, high = (np.array([[getattr(one, bound) for one in row] for row in found]) for bound in ("low", "high"))
    covered = []
    for p, q in np.random.default_rng(6).random((200, 2)):
        chance = np.outer(stats.binom.pmf(np.arange(31), 30, p), stats.binom.pmf(np.arange(51), 50, q))
        covered.append(chance[(low <= p - q) & (p - q <= high)].sum())
    assert 0.945 <= np.mean(covered) <= 0.965
    assert min(covered) >= 0.87


def test_mcnemar_between_groups_by_hand() -> None:
    # Shares 2/4, 1/2, -1/4 and 0 of two groups: sum 3/4, squares 9/16; chi-square 1.
    found = clustered_mcnemar(np.array([2, 1, -1, 0]), np.array([4, 2, 4, 3]), number=np.array([1, 1, 1, 2]))
    assert found == pytest.approx(stats.chi2.sf(1.0, 1))
    single = clustered_mcnemar(np.array([1, -1, 0]), np.array([1, 1, 1]), number=np.array([9, 3, 50]))
    assert single == pytest.approx(mcnemar(9, 3).asymptotic)
    assert clustered_mcnemar(np.array([0, 0]), np.array([3, 0]), number=np.array([4, 1])) == 1


def test_holm_by_hand() -> None:
    """Holm: the smallest times 4, the next times 3, and never below one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@pytest.mark.slow
@pytest.mark.parametrize("patients", [10, 20, 60])
def test_mcnemar_between_groups_holds_its_level(patients: int) -> None:
    rng = np.random.default_rng(9)
    groups = np.repeat(np.arange(patients), 8)
    by_case = by_group = 0
    for _ in range(1000):
        p = rng.dirichlet(1.5 * np.array([0.7, 0.1, 0.1, 0.1]), patients)
        outcome = (rng.random((len(groups), 1)) > np.repeat(p, 8, axis=0).cumsum(axis=1)).sum(axis=1)
        a, b = np.isin(outcome, [2, 3]).astype(int), np.isin(outcome, [1, 3]).astype(int)
        found = compare(np.zeros(len(groups), dtype=int), a, b, classes=("x", "y"), negative=None, groups=groups)
        by_group += found.numbers[0].clustered_p_value < 0.05
        by_case += found.numbers[0].test.mid_p < 0.05
    assert by_group / 1000 <= 0.065
    assert by_case / 1000 > 0.1


def test_the_difference_of_net_benefit_by_hand() -> None:
    # Of 40 positive cases the first finds 38, the second 35 (34 both); of 60 negative 50 and 54 (48 both) are cleared.
    sensitivity, specificity = (
        Measure(plain=paired_difference(PairedCounts(both=both, only_a=a, only_b=b, neither=neither)))
        for both, a, b, neither in ((34, 4, 1, 1), (48, 2, 6, 4))
    )
    found = net_benefit_difference(sensitivity, specificity, prevalence=0.4, threshold=0.2).plain
    assert found.value == pytest.approx(0.4 * 3 / 40 - 0.25 * 0.6 * 4 / 60)
    down = np.hypot(
        0.4 * (sensitivity.plain.value - sensitivity.plain.low),
        0.15 * (specificity.plain.value - specificity.plain.low),
    )
    assert found.low == pytest.approx(found.value - down)
    with pytest.raises(InputError, match=r"net benefit: prevalence 0\.4 must lie between 0 and 1, threshold 1\.0"):
        net_benefit_difference(sensitivity, specificity, prevalence=0.4, threshold=1.0)


@pytest.mark.slow
def test_the_paired_interval_covers_its_level_where_models_are_good() -> None:
    rng = np.random.default_rng(7)
    p = np.array([0.93, 0.035, 0.015, 0.02])
    covered = 0
    for table in rng.multinomial(1311, p, size=4000).tolist():
        found = paired(*table)
        covered += found.low <= 0.02 <= found.high
    assert 0.94 <= covered / 4000 <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("shares", [(0.7, 0.14, 0.06, 0.1), (0.93, 0.035, 0.015, 0.02)])
@pytest.mark.parametrize("patients", [4, 5, 10, 20, 60])
def test_the_paired_interval_of_groups_covers(patients: int, shares: tuple[float, ...]) -> None:
    """Correlation 0.4 within patients of 8 scans; the interval that takes scans as independent covers too little."""
    rng = np.random.default_rng(8)
    groups = np.repeat(np.arange(patients), 8)
    reference, truth = np.zeros(len(groups), dtype=int), shares[1] - shares[2]
    clustered = plain = 0
    for _ in range(600):
        p = rng.dirichlet(1.5 * np.array(shares), patients)  # of each patient: both right, only a, only b, neither
        outcome = (rng.random((len(groups), 1)) > np.repeat(p, 8, axis=0).cumsum(axis=1)).sum(axis=1)
        a, b = np.isin(outcome, [2, 3]).astype(int), np.isin(outcome, [1, 3]).astype(int)
        found = compare(reference, a, b, classes=("x", "y"), negative=None, groups=groups).numbers[0].difference
        clustered += found.clustered.low <= truth <= found.clustered.high
        plain += found.plain.low <= truth <= found.plain.high
    assert clustered / 600 >= 0.925
    assert plain / 600 < 0.93


@pytest.mark.parametrize("counts", [(-1, 0), (0, -1)])
def test_counts_below_0_cannot_be_compared(counts: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"counts must be 0 or more, found {counts[0]} and {counts[1]}"):
        mcnemar(*counts)


def test_shares_of_the_same_cases_are_compared_as_two_models_are() -> None:
    """36 cases of both, 12 of the first alone, 2 of the second alone: Newcombe's Table III, first row."""
    first = np.arange(50) < 48
    second = (np.arange(50) < 36) | (np.arange(50) >= 48)
    found = compare_shares(first, second, name="need")
    assert found.counts == PairedCounts(both=36, only_a=12, only_b=2, neither=0)
    assert (found.a.plain.count, found.b.plain.count) == (48, 38)
    assert found.difference.plain == paired(36, 12, 2, 0)
    assert found.difference.clustered is None
    in_pairs = compare_shares(first, second, name="need", groups=np.arange(50) // 2)
    assert in_pairs.difference.clustered is not None
    assert in_pairs.a.clustered is not None


def test_shares_of_no_cases_are_undefined_and_lengths_must_agree() -> None:
    nothing = np.zeros(0, dtype=np.bool_)
    found = compare_shares(nothing, nothing, name="need")
    assert found.difference.plain.reason == Reason("no_cases")
    with pytest.raises(InputError, match="found 2 and 3 cases"):
        compare_shares(np.ones(2, dtype=bool), np.ones(3, dtype=bool), name="need")
