import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.stats import contingency

from neuroval.analysis.core.clusters import GroupTypes, group_types, single_cases
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix, TwoByTwo, any_tumour, two_by_two
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import clustered_proportion
from neuroval.analysis.performance.likelihood_ratios import Ratios, koopman, ratios
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

NAMES = ("lr_pos", "lr_neg", "dor", "youden")
POSITIVE = np.array([True, False])
Z = 1.959963984540054
cells = st.integers(0, 60)
tables = st.builds(lambda tp, fp, fn, tn: TwoByTwo(tp=tp, fp=fp, fn=fn, tn=tn), cells, cells, cells, cells)
grouped = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 6)), min_size=1, max_size=40)


def triple(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def of_groups(reference: Any, predicted: Any, groups: Any, *, level: float = 0.95) -> Ratios:
    """Class 0 is positive."""
    reference, predicted = np.asarray(reference), np.asarray(predicted)
    counts = np.bincount(reference * 2 + predicted, minlength=4)
    table = TwoByTwo(tp=int(counts[0]), fn=int(counts[1]), fp=int(counts[2]), tn=int(counts[3]))
    types = group_types(reference, predicted, np.asarray(groups), k=2)
    return ratios(table, types=types, positive=POSITIVE, level=level)


def test_the_ratios_give_the_values_of_epir(oracles: dict[str, Any]) -> None:
    expected = oracles["epi_tests_670_202_74_640"]["exact"]
    result = ratios(TwoByTwo(tp=670, fp=202, fn=74, tn=640))
    for name in ("lr_pos", "lr_neg", "dor"):
        assert triple(getattr(result, name).plain) == pytest.approx(expected[name], abs=1e-9)
    # epiR adds the exact bounds of the two rates, which is wider than an interval of their sum.
    value, low, high = triple(result.youden.plain)
    assert value == pytest.approx(expected["youden"][0], abs=1e-12)
    assert expected["youden"][1] < low < value < high < expected["youden"][2]


def test_youden_gives_the_published_values_of_square_and_add() -> None:
    # Newcombe, Stat Med 1998;17:873-890, Table II, method 10: the difference of two proportions.
    published = {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (6, 7, 2, 7): (0.0582, 0.8062),
        (5, 56, 0, 29): (-0.0381, 0.1926),
        (0, 10, 0, 20): (-0.1611, 0.2775),
        (0, 10, 0, 10): (-0.2775, 0.2775),
        (10, 10, 0, 20): (0.6791, 1.0000),
        (10, 10, 0, 10): (0.6075, 1.0000),
    }
    for (tp, positives, fp, negatives), bounds in published.items():
        youden = ratios(TwoByTwo(tp=tp, fn=positives - tp, fp=fp, tn=negatives - fp)).youden.plain
        assert youden.value == pytest.approx(tp / positives - fp / negatives)
        assert (youden.low, youden.high) == pytest.approx(bounds, abs=5.1e-5)
        assert youden.method == Method("square_and_add_of_rates")


def test_the_geometric_mean_worked_by_hand() -> None:
    # Sensitivity 56/70 = 0.8, specificity 48/80 = 0.6; Wilson 0.6918 to 0.8769 and 0.4904 to 0.7004.
    # log(0.8 / 0.6918) = 0.1453, log(0.6 / 0.4904) = 0.2017: 0.2486 below; 0.0918 and 0.1547: 0.1799 above.
    mean = ratios(TwoByTwo(tp=56, fn=14, fp=32, tn=48)).geometric_mean.plain
    assert mean.value == pytest.approx(math.sqrt(0.48))
    assert (mean.low, mean.high) == pytest.approx((0.69282 * math.exp(-0.1243), 0.69282 * math.exp(0.08995)), abs=2e-4)


def test_the_geometric_mean_is_zero_without_interval_where_a_rate_is() -> None:
    mean = ratios(TwoByTwo(tp=0, fn=5, fp=1, tn=9)).geometric_mean.plain
    assert triple(mean) == (0.0, None, None)
    assert mean.reason == Reason("no_log_interval", empty=("tp",))


@given(table=tables)
def test_the_geometric_mean_lies_in_its_interval(table: TwoByTwo) -> None:
    mean = ratios(table).geometric_mean.plain
    if mean.low is not None:
        assert 0 < mean.low <= mean.value <= mean.high <= 1


def test_a_table_worked_by_hand() -> None:
    # Sensitivity 8/10, specificity 12/15: LR+ 0.8 / 0.2, LR- 0.2 / 0.8, odds ratio 8 * 12 / (3 * 2).
    result = ratios(TwoByTwo(tp=8, fp=3, fn=2, tn=12))
    for name, value, variance in (
        ("lr_pos", 4.0, 1 / 8 - 1 / 10 + 1 / 3 - 1 / 15),
        ("lr_neg", 0.25, 1 / 2 - 1 / 10 + 1 / 12 - 1 / 15),
        ("dor", 16.0, 1 / 8 + 1 / 3 + 1 / 2 + 1 / 12),
    ):
        factor = np.exp(Z * np.sqrt(variance))
        assert triple(getattr(result, name).plain) == pytest.approx((value, value / factor, value * factor))
    assert result.youden.plain.value == pytest.approx(0.6)
    assert [getattr(result, name).plain.n for name in NAMES] == [25] * 4
    assert result.lr_pos.plain.method == Method("log_simel")
    assert result.dor.plain.method == Method("log_woolf")


@given(tables.filter(lambda t: min(t.tp, t.fp, t.fn, t.tn) > 0), st.floats(0.5, 0.999))
def test_the_log_methods_agree_with_scipy(table: TwoByTwo, level: float) -> None:
    result = ratios(table, level=level)
    positives, negatives = table.tp + table.fn, table.fp + table.tn
    risk = contingency.relative_risk(table.tp, positives, table.fp, negatives)
    bounds = risk.confidence_interval(level)
    assert triple(result.lr_pos.plain) == pytest.approx((risk.relative_risk, *bounds), rel=1e-9)
    risk = contingency.relative_risk(table.fn, positives, table.tn, negatives)
    bounds = risk.confidence_interval(level)
    assert triple(result.lr_neg.plain) == pytest.approx((risk.relative_risk, *bounds), rel=1e-9)
    odds = contingency.odds_ratio(np.array([[table.tp, table.fn], [table.fp, table.tn]]), kind="sample")
    bounds = odds.confidence_interval(level)
    assert triple(result.dor.plain) == pytest.approx((odds.statistic, *bounds), rel=1e-9)


def test_the_published_matrix_has_ratios_where_no_cell_is_empty(oracles: dict[str, Any]) -> None:
    published = oracles["published_confusion_matrix"]
    rows = np.array(published["rows_true_glioma_mening_notumor_pituitary"])
    matrix = ConfusionMatrix(classes=("glioma", "meningioma", "notumor", "pituitary"), counts=rows)
    for index, name in enumerate(matrix.classes):
        expected = published["per_class"][name]
        result = ratios(two_by_two(matrix, index=index))
        assert result.lr_pos.plain.value == pytest.approx(expected["se"][0] / (1 - expected["sp"][0]), rel=1e-5)
        assert result.lr_neg.plain.value == pytest.approx((1 - expected["se"][0]) / expected["sp"][0], rel=1e-5)
        assert result.youden.plain.value == pytest.approx(expected["se"][0] + expected["sp"][0] - 1, abs=2e-8)
        assert all(getattr(result, ratio).plain.low is not None for ratio in NAMES)
    tumour = ratios(any_tumour(matrix, negative=2))
    sensitivity, specificity = published["any_tumour"]["sens"][2], published["any_tumour"]["spec"][2]
    assert tumour.lr_pos.plain.value == pytest.approx(sensitivity / (1 - specificity), rel=1e-7)


@pytest.mark.parametrize(
    ("table", "values", "reasons"),
    [
        (
            TwoByTwo(tp=5, fp=0, fn=3, tn=9),
            (None, 3 / 8, None),
            ("infinite_ratio", None, "infinite_ratio"),
        ),
        (
            TwoByTwo(tp=5, fp=2, fn=0, tn=8),
            (5.0, 0.0, None),
            (None, None, "infinite_ratio"),
        ),
        (
            TwoByTwo(tp=0, fp=2, fn=6, tn=8),
            (0.0, 1.25, 0.0),
            (None, None, "no_log_interval"),
        ),
        (
            TwoByTwo(tp=4, fp=10, fn=6, tn=0),
            (0.4, None, 0.0),
            (None, "infinite_ratio", "no_log_interval"),
        ),
        (
            TwoByTwo(tp=0, fp=0, fn=6, tn=8),
            (None, 1.0, None),
            (
                "zero_by_zero",
                None,
                "zero_by_zero",
            ),
        ),
        (
            TwoByTwo(tp=6, fp=8, fn=0, tn=0),
            (1.0, None, None),
            (None, "zero_by_zero", "zero_by_zero"),
        ),
        (
            TwoByTwo(tp=6, fp=0, fn=0, tn=8),
            (None, 0.0, None),
            ("infinite_ratio", None, "infinite_ratio"),
        ),
    ],
)
def test_an_empty_cell_leaves_the_value_where_there_is_one_and_the_reason(
    table: TwoByTwo, values: tuple[float | None, ...], reasons: tuple[str | None, ...]
) -> None:
    result = ratios(table)
    for name, value, reason in zip(("lr_pos", "lr_neg", "dor"), values, reasons, strict=True):
        estimate = getattr(result, name).plain
        assert estimate.value == (None if value is None else pytest.approx(value))
        if reason is None:  # the score interval has one
            assert estimate.method == Method("koopman_score")
            assert estimate.low <= estimate.value < estimate.high
            continue
        assert estimate.low is None
        assert estimate.reason.code == reason
    assert result.youden.plain.low < result.youden.plain.high


def test_without_cases_of_one_side_nothing_is_estimable() -> None:
    for table, reason in (
        (TwoByTwo(tp=0, fp=2, fn=0, tn=5), Reason("no_reference_cases", of="glioma")),
        (TwoByTwo(tp=3, fp=0, fn=1, tn=0), Reason("no_reference_cases", of="another class")),
        (TwoByTwo(tp=0, fp=0, fn=0, tn=0), Reason("no_cases")),
    ):
        result = ratios(table, name="glioma", other="another class")
        assert [getattr(result, name).headline.reason for name in NAMES] == [reason] * 4
        assert not any(getattr(result, name).headline.defined for name in NAMES)


@given(tables.filter(lambda t: t.tp + t.fn > 0 and t.fp + t.tn > 0), st.floats(0.5, 0.999))
def test_youden_lies_in_its_interval_between_minus_one_and_one(table: TwoByTwo, level: float) -> None:
    youden = ratios(table, level=level).youden.plain
    assert -1 <= youden.low <= youden.value <= youden.high <= 1


@given(tables.filter(lambda t: min(t.tp, t.fp, t.fn, t.tn) > 0))
def test_asking_for_the_other_side_turns_one_likelihood_ratio_into_the_inverse_of_the_other(table: TwoByTwo) -> None:
    one, other = ratios(table), ratios(TwoByTwo(tp=table.tn, fp=table.fn, fn=table.fp, tn=table.tp))
    value, low, high = triple(one.lr_neg.plain)
    assert triple(other.lr_pos.plain) == pytest.approx((1 / value, 1 / high, 1 / low))
    assert triple(other.dor.plain) == pytest.approx(triple(one.dor.plain))
    assert triple(other.youden.plain) == pytest.approx(triple(one.youden.plain))


def test_groups_of_one_case_leave_nothing_to_adjust() -> None:
    matrix = ConfusionMatrix(classes=("a", "b"), counts=np.array([[8, 2], [3, 12]]))
    result = ratios(two_by_two(matrix, index=0), types=single_cases(matrix), positive=POSITIVE)
    assert all(getattr(result, name).clustered is None for name in NAMES)


def test_cases_counted_twice_are_worth_half_as_many() -> None:
    cell_of = np.repeat([0, 1, 2, 3], [80, 20, 30, 120])
    once = ratios(TwoByTwo(tp=80, fn=20, fp=30, tn=120))
    twice = of_groups(np.repeat(cell_of // 2, 2), np.repeat(cell_of % 2, 2), np.repeat(np.arange(250), 2))
    for name in ("lr_pos", "lr_neg", "dor"):
        clustered, half = getattr(twice, name).clustered, getattr(once, name).plain
        spread, expected = np.log(clustered.high / clustered.low), np.log(half.high / half.low)
        # Within each side G / (G - 1) groups and (n - 1) / n cases; t in the place of the normal distribution.
        assert spread**2 / expected**2 == pytest.approx((stats.t.ppf(0.975, 190) / Z) ** 2, rel=0.015)
        assert clustered.value == pytest.approx(half.value)
        assert getattr(twice, name).headline is clustered
    assert twice.youden.clustered.width == pytest.approx(once.youden.plain.width, rel=0.01)
    facts = dict(twice.lr_pos.clustered.method.facts)
    assert (facts["method"], facts["groups"]) == (Method("log_simel"), 250)
    assert 99 <= facts["freedom"] <= 248


def test_the_variance_between_groups_of_a_table_worked_by_hand() -> None:
    # Group a: 3 of 3 positives found; b: 1 of 3 found; c: 3 of 4 negatives called positive; d: 1 of 4.
    # Sensitivity 2/3, 1 - specificity 1/2. Added to log LR+: a (3 - 2) / 4, b (1 - 2) / 4, c -(3 - 2) / 4,
    # d -(1 - 2) / 4. Variance of the positives 2/1 * 5/6 * 2/16, of the negatives 2/1 * 7/8 * 2/16; Satterthwaite's
    # degrees of freedom (0.2083 + 0.2188)^2 / (0.2083^2 / 1 + 0.2188^2 / 1).
    reference = [0] * 6 + [1] * 8
    predicted = [0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1]
    lr_pos = of_groups(reference, predicted, [*"aaabbbccccdddd"]).lr_pos
    found, cleared = 2 * 5 / 6 / 8, 2 * 7 / 8 / 8
    freedom = (found + cleared) ** 2 / (found**2 + cleared**2)
    factor = np.exp(stats.t.ppf(0.975, freedom) * np.sqrt(found + cleared))
    assert triple(lr_pos.clustered) == pytest.approx((4 / 3, 4 / 3 / factor, 4 / 3 * factor))
    assert in_words(lr_pos.clustered.method).endswith("between groups, t on 2.0 df, 4 groups")


def test_a_variance_below_that_of_independent_cases_is_taken_as_that_one() -> None:
    result = of_groups(np.tile([0, 0, 1, 1], 30), np.tile([0, 1, 0, 1], 30), np.repeat(np.arange(30), 4))
    for name in ("lr_pos", "lr_neg", "dor"):
        measure = getattr(result, name)
        reach = stats.t.ppf(0.975, dict(measure.clustered.method.facts)["freedom"]) / Z
        expected = np.log(measure.plain.high / measure.plain.low) * reach
        assert np.log(measure.clustered.high / measure.clustered.low) == pytest.approx(expected)


def test_youden_of_groups_that_hold_one_class_each_adds_the_cluster_adjusted_rates() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(40), 5)
    reference = groups % 2
    predicted = np.where(rng.random(200) < 0.8, reference, 1 - reference)
    youden = of_groups(reference, predicted, groups).youden.clustered
    right = predicted == reference
    se, sp = (clustered_proportion(right[reference == side], groups[reference == side]) for side in (0, 1))
    below = np.hypot(se.value - se.low, sp.value - sp.low)
    above = np.hypot(se.high - se.value, sp.high - sp.value)
    assert triple(youden) == pytest.approx((se.value + sp.value - 1, youden.value - below, youden.value + above))
    assert youden.method == Method("square_and_add_of_adjusted_rates", groups=40)


def test_youden_is_less_certain_when_both_rates_rise_and_fall_with_the_group() -> None:
    # Half of the groups are all right, half are all wrong on one in two: both rates move together, correlation 1.
    reference = np.tile([0, 0, 1, 1], 40)
    easy = np.repeat(np.arange(40) % 2 == 0, 4)
    predicted = np.where(easy, reference, np.tile([0, 1, 1, 0], 40))
    youden = of_groups(reference, predicted, np.repeat(np.arange(40), 4)).youden.clustered
    rate = clustered_proportion((predicted == reference)[reference == 0], np.repeat(np.arange(40), 2))
    assert youden.value - youden.low == pytest.approx(2 * (rate.value - rate.low))
    assert youden.high - youden.value == pytest.approx(2 * (rate.high - rate.value))


def test_one_group_gives_ratios_no_interval_and_says_why() -> None:
    result = of_groups([0] * 10 + [1] * 10, [0] * 8 + [1] * 2 + [0] * 3 + [1] * 7, np.zeros(20))
    for name in ("lr_pos", "lr_neg", "dor"):
        estimate = getattr(result, name).headline
        assert estimate.value == pytest.approx(getattr(result, name).plain.value)
        assert (estimate.low, estimate.reason) == (None, Reason("no_variance_between_groups"))
    assert result.youden.clustered.low < result.youden.plain.low
    assert in_words(result.youden.clustered.method).endswith("(Zou and Donner), 1 group")


def test_koopman_gives_the_published_interval() -> None:
    """Koopman's example: 36 of 40 against 16 of 80, ratio 4.5."""
    assert koopman((36, 40), (16, 80)) == pytest.approx((2.94, 7.15), abs=0.005)


@pytest.mark.parametrize(("first", "second"), [((0, 50), (45, 60)), ((3, 30), (20, 20)), ((7, 9), (2, 31))])
def test_koopman_is_where_the_score_chi_square_of_the_constrained_fit_meets_its_quantile(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    """The rates at a given ratio by maximising the likelihood numerically, Pearson's chi-square of them."""
    (x, n), (y, m) = first, second
    for ratio in koopman(first, second):
        if ratio in (0, None):
            continue

        def loss(q: float, ratio: float = ratio) -> float:
            p = ratio * q
            return -(x * np.log(p) + (n - x) * np.log1p(-p) + y * np.log(q) + (m - y) * np.log1p(-q))

        most = min(1, 1 / ratio) * (1 - 1e-12)
        q = optimize.minimize_scalar(loss, bounds=(1e-12, most), method="bounded", options={"xatol": 1e-14}).x
        p = ratio * q
        pearson = (x - n * p) ** 2 / (n * p * (1 - p)) + (y - m * q) ** 2 / (m * q * (1 - q))
        assert pearson == pytest.approx(Z**2, rel=1e-3)


def test_koopman_wants_a_success() -> None:
    with pytest.raises(InputError, match="koopman: expected successes among cases, some of either"):
        koopman((0, 5), (0, 5))


def test_nothing_missed_has_an_upper_bound_and_no_false_alarm_a_least_ratio() -> None:
    missed_none = ratios(TwoByTwo(tp=100, fp=30, fn=0, tn=70)).lr_neg.plain
    assert (missed_none.value, missed_none.low) == (0, 0)
    assert missed_none.high == pytest.approx(koopman((0, 100), (70, 100))[1])
    no_alarm = ratios(TwoByTwo(tp=50, fp=0, fn=10, tn=70)).lr_pos.plain
    least = koopman((50, 60), (0, 70))[0]
    assert no_alarm.reason == Reason("infinite_ratio", empty=("fp",), least=least)


@pytest.mark.slow
@pytest.mark.parametrize(("se", "sp"), [(0.99, 0.8), (0.97, 0.95), (0.9, 0.99)])
@pytest.mark.parametrize("n", [30, 100])
def test_ratios_cover_whatever_cell_is_empty(se: float, sp: float, n: int) -> None:
    rng = np.random.default_rng(3)
    covered = {"lr_pos": [], "lr_neg": []}
    truth = {"lr_pos": se / (1 - sp), "lr_neg": (1 - se) / sp}
    for tp, tn in zip(rng.binomial(n, se, 2000).tolist(), rng.binomial(n, sp, 2000).tolist(), strict=True):
        result = ratios(TwoByTwo(tp=tp, fn=n - tp, fp=n - tn, tn=tn))
        for name, held in covered.items():
            estimate = getattr(result, name).plain
            if estimate.value is None:
                held.append(truth[name] >= dict(estimate.reason.facts)["least"])
            else:
                held.append(estimate.low <= truth[name] <= estimate.high)
    assert all(np.mean(held) >= 0.93 for held in covered.values())


@pytest.mark.slow
@pytest.mark.parametrize("patients", [(5, 5), (10, 10), (20, 20), (5, 40), (60, 60)])
def test_the_ratios_of_few_patients_cover(patients: tuple[int, int]) -> None:
    """Correlation 0.4 within patients of 8 scans, sensitivity 0.85, specificity 0.8."""
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(sum(patients)), 8)
    reference = np.repeat([0, 1], patients)[groups]
    held, n = 0, 0
    for _ in range(500):
        rates = np.concatenate(
            [rng.beta(1.5 * p, 1.5 * (1 - p), size) for p, size in zip((0.85, 0.8), patients, strict=True)]
        )
        right = rng.random(len(groups)) < rates[groups]
        lr_pos = of_groups(reference, np.where(right, reference, 1 - reference), groups).lr_pos
        if lr_pos.headline.low is not None:
            held += lr_pos.headline.low <= 0.85 / 0.2 <= lr_pos.headline.high
            n += 1
    assert held / n >= 0.93


def test_an_empty_cell_in_groups_takes_the_score_interval_on_the_effective_sizes() -> None:
    result = of_groups([0] * 10 + [1] * 10, [0] * 10 + [0] * 3 + [1] * 7, np.repeat(np.arange(10), 2))
    cleared = clustered_proportion(np.array([False] * 3 + [True] * 7), np.repeat(np.arange(5), 2))
    low, high = koopman((5, 5), (0.3 * cleared.effective_n, cleared.effective_n))
    assert triple(result.lr_pos.clustered) == pytest.approx((1 / 0.3, low, high))
    assert result.lr_pos.clustered.width > result.lr_pos.plain.width
    assert result.dor.clustered is None
    assert result.youden.clustered.low < result.youden.plain.low


@settings(deadline=None)
@given(grouped, st.randoms())
def test_the_order_of_cases_does_not_matter(cases: list[tuple[int, int, int]], random: Any) -> None:
    one = of_groups(*np.array(cases).T)
    other = of_groups(*np.array(random.sample(cases, len(cases))).T)
    for name in NAMES:
        first, second = getattr(one, name), getattr(other, name)
        assert first.plain == second.plain
        assert (first.clustered is None) == (second.clustered is None)
        if first.clustered is not None:
            assert triple(first.clustered) == pytest.approx(triple(second.clustered))
            assert first.clustered.reason == second.clustered.reason


def test_types_of_another_number_of_classes_can_be_read_for_one_class_against_the_rest() -> None:
    reference, predicted = np.array([0, 0, 1, 1, 2, 2, 2, 0]), np.array([0, 1, 1, 2, 2, 0, 2, 0])
    groups = np.array([1, 1, 2, 2, 3, 3, 4, 4])
    matrix = ConfusionMatrix(classes=("a", "b", "c"), counts=np.array([[2, 1, 0], [0, 1, 1], [1, 0, 2]]))
    types: GroupTypes = group_types(reference, predicted, groups, k=3)
    result = ratios(two_by_two(matrix, index=0), types=types, positive=np.array([True, False, False]))
    same = of_groups((reference != 0).astype(np.int64), (predicted != 0).astype(np.int64), groups)
    assert triple(result.lr_pos.clustered) == pytest.approx(triple(same.lr_pos.clustered))
    assert triple(result.youden.clustered) == pytest.approx(triple(same.youden.clustered))


def test_groups_that_do_not_belong_to_the_table_are_refused() -> None:
    types = group_types(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 1, 2]), k=2)
    with pytest.raises(InputError, match=r"the groups hold \[1, 2, 1, 1\].*the table \[2, 2, 1, 1\]"):
        ratios(TwoByTwo(tp=2, fp=0, fn=0, tn=1), types=types, positive=POSITIVE)
    for positive, found in ((None, "none"), (np.array([True]), r"shape \(1,\)")):
        with pytest.raises(InputError, match=rf"expected one value per class.*found {found}"):
            ratios(TwoByTwo(tp=1, fp=0, fn=1, tn=1), types=types, positive=positive)


def test_a_level_in_percent_is_refused() -> None:
    with pytest.raises(InputError, match="level: 95"):
        ratios(TwoByTwo(tp=1, fp=1, fn=1, tn=1), level=95)


def coverage(*, spread: bool, size: int, runs: int = 2000) -> tuple[dict[str, float], dict[str, float]]:
    """Return how often the plain and the clustered intervals hold the truth: sensitivity 0.8, specificity 0.85."""
    rng = np.random.default_rng(21)
    truth = {"lr_pos": 0.8 / 0.15, "lr_neg": 0.2 / 0.85, "dor": 0.8 * 0.85 / (0.2 * 0.15), "youden": 0.65}
    plain, clustered = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    reference = np.repeat([0, 1], [60 * size, 80 * size])
    groups = np.repeat(np.arange(140), size)
    chance = np.where(reference == 0, 0.8, 0.85)
    for _ in range(runs):
        right = chance
        if spread:  # beta-binomial with correlation 1/11 within a group
            right = np.repeat(rng.beta(10 * chance[::size], 10 * (1 - chance[::size])), size)
        predicted = np.where(rng.random(len(reference)) < right, reference, 1 - reference)
        result = of_groups(reference, predicted, groups)
        for name in NAMES:
            measure = getattr(result, name)
            plain[name] += measure.plain.low <= truth[name] <= measure.plain.high
            clustered[name] += measure.headline.low <= truth[name] <= measure.headline.high
    return {n: c / runs for n, c in plain.items()}, {n: c / runs for n, c in clustered.items()}


@pytest.mark.slow
def test_the_plain_intervals_cover_when_cases_are_independent() -> None:
    plain, _ = coverage(spread=False, size=1)
    assert all(0.935 <= held <= 0.97 for held in plain.values())


@pytest.mark.slow
def test_the_clustered_intervals_cover_where_the_plain_ones_do_not() -> None:
    plain, clustered = coverage(spread=True, size=8)
    assert all(0.93 <= held <= 0.97 for held in clustered.values())
    assert all(held < 0.91 for held in plain.values())
