from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.performance.per_class import Performance, performance
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
grouped = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=40)
RATES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")


def of_matrix(counts: list[list[int]], **options: Any) -> Performance:
    rows, columns = np.indices(np.shape(counts))
    flat = np.ravel(counts)
    settings_ = {"classes": CLASSES[: len(counts)], "negative": None, "rng": np.random.default_rng(5)}
    return performance(np.repeat(rows.ravel(), flat), np.repeat(columns.ravel(), flat), **(settings_ | options))


def triple(measure: Measure) -> tuple[float | None, float | None, float | None]:
    return measure.plain.value, measure.plain.low, measure.plain.high


def test_the_published_matrix_gives_the_values_of_epir_and_caret(oracles: dict[str, Any]) -> None:
    published = oracles["published_confusion_matrix"]
    result = of_matrix(published["rows_true_glioma_mening_notumor_pituitary"], negative="notumor")
    for one in result.classes:
        expected = published["per_class"][one.name]
        for name, key in (("sensitivity", "se"), ("specificity", "sp"), ("ppv", "ppv"), ("npv", "npv")):
            assert triple(getattr(one, name)) == pytest.approx(tuple(expected[key]), abs=5.1e-9)
        assert one.f1.plain.value == pytest.approx(expected["f1"], abs=5.1e-9)
    assert result.any_tumour is not None
    sensitivity, specificity = result.any_tumour.sensitivity, result.any_tumour.specificity
    assert triple(sensitivity) == pytest.approx(tuple(published["any_tumour"]["sens"][2:]), abs=1e-10)
    assert triple(specificity) == pytest.approx(tuple(published["any_tumour"]["spec"][2:]), abs=1e-10)
    assert (sensitivity.plain.count, sensitivity.plain.n) == (876, 878)
    assert (result.any_tumour.name, result.any_tumour.support) == ("any tumour", 878)
    overall = result.overall
    assert triple(overall.accuracy) == pytest.approx((published["accuracy"], *published["acc_wilson"]), abs=1e-10)
    for name, key in (
        ("balanced_accuracy", "balanced_acc"),
        ("macro_f1", "macro_f1"),
        ("weighted_f1", "weighted_f1"),
        ("mcc", "mcc"),
        ("kappa", "kappa"),
    ):
        estimate = getattr(overall, name).headline
        assert estimate.value == pytest.approx(published[key], abs=1e-11)
        assert 0.95 < estimate.low < estimate.value < estimate.high < 1
        averages = name in ("balanced_accuracy", "macro_sensitivity", "macro_ppv")
        assert averages or in_words(estimate.method) == "Wilson on the effective n (linearised variance)"


def test_the_golden_cases_give_the_values_of_caret(oracles: dict[str, Any], four_class: pd.DataFrame) -> None:
    caret = oracles["four_class_160"]["caret"]
    result = performance(
        four_class["reference"].to_numpy(),
        four_class["predicted"].to_numpy(),
        classes=CLASSES,
        negative="notumor",
        groups=four_class["patient_id"],
        method="clopper-pearson",
        rng=np.random.default_rng(1),
    )
    assert triple(result.overall.accuracy) == pytest.approx((caret["accuracy"], *caret["acc_CP"]), abs=1e-11)
    assert result.overall.kappa.plain.value == pytest.approx(caret["kappa"], abs=1e-11)
    assert result.groups == 80
    right = (four_class["reference"] == four_class["predicted"]).to_numpy()
    clustered = clustered_proportion(right, four_class["patient_id"])
    ours = result.overall.accuracy.clustered
    assert (ours.low, ours.high, ours.method) == (
        pytest.approx(clustered.low),
        pytest.approx(clustered.high),
        clustered.method,
    )
    assert clustered.method == Method("wilson_on_design_effect", groups=80)


def test_each_clustered_rate_is_the_clustered_proportion_of_its_cases(four_class: pd.DataFrame) -> None:
    reference, predicted = four_class["reference"].to_numpy(), four_class["predicted"].to_numpy()
    groups = four_class["patient_id"]
    result = performance(
        reference, predicted, classes=CLASSES, negative="notumor", groups=groups, rng=np.random.default_rng(1)
    )
    questions = [(one, reference == i, predicted == i) for i, one in enumerate(result.classes)]
    assert result.any_tumour is not None
    questions.append((result.any_tumour, reference != 2, predicted != 2))
    for one, has, called in questions:
        expected = {
            "sensitivity": clustered_proportion(called[has], groups[has]),
            "specificity": clustered_proportion(~called[~has], groups[~has]),
            "ppv": clustered_proportion(has[called], groups[called]),
            "npv": clustered_proportion(~has[~called], groups[~called]),
            "accuracy": clustered_proportion(has == called, groups),
        }
        for name, ours in expected.items():
            clustered = getattr(one, name).clustered
            assert (clustered.low, clustered.high) == pytest.approx((ours.low, ours.high), abs=1e-12)
            assert (clustered.count, clustered.n, clustered.method) == (ours.count, ours.n, ours.method)
        of_jaccard = clustered_proportion((has & called)[has | called], groups[has | called])
        assert one.f1.clustered.low == pytest.approx(2 * of_jaccard.low / (1 + of_jaccard.low))


def test_cases_counted_twice_are_not_believed() -> None:
    counts = [[30, 5], [8, 40]]
    once = of_matrix(counts)
    n = sum(map(sum, counts))
    twice = of_matrix((2 * np.array(counts)).tolist(), groups=np.arange(2 * n) // 2)  # cells are even: pairs agree
    assert twice.groups == n
    assert twice.overall.accuracy.plain.width < 0.75 * once.overall.accuracy.plain.width
    assert twice.overall.accuracy.headline.width == pytest.approx(once.overall.accuracy.headline.width, rel=0.01)
    assert twice.overall.mcc.headline.width == pytest.approx(once.overall.mcc.headline.width, rel=0.08)


def test_groups_of_one_case_leave_nothing_to_adjust() -> None:
    result = of_matrix([[30, 5], [8, 40]], groups=np.arange(83))
    assert result.groups == 83
    assert result.overall.accuracy.clustered is None
    assert result.overall.mcc.clustered is None


def test_giving_groups_does_not_change_the_plain_intervals() -> None:
    alone = of_matrix([[30, 5], [8, 40]], rng=np.random.default_rng(2))
    grouped = of_matrix([[30, 5], [8, 40]], rng=np.random.default_rng(2), groups=np.arange(83) // 3)
    assert grouped.overall.macro_f1.plain == alone.overall.macro_f1.plain
    assert grouped.classes[0].sensitivity.plain == alone.classes[0].sensitivity.plain


def test_no_error_gives_rates_and_averages_an_interval() -> None:
    result = of_matrix([[30, 0], [0, 40]])
    assert result.classes[0].sensitivity.headline.low == proportion(30, 30).low
    for name in ("macro_f1", "weighted_f1", "mcc", "kappa"):
        estimate = getattr(result.overall, name).headline
        assert (estimate.value, estimate.reason) == (1.0, None)
        assert 0.85 < estimate.low < estimate.high == 1
    # Square-and-add: each class reaches as far down as its own interval.
    below = np.hypot(1 - proportion(30, 30).low, 1 - proportion(40, 40).low) / 2
    for name in ("balanced_accuracy", "macro_ppv"):
        estimate = getattr(result.overall, name).headline
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx((1.0, 1 - below, 1.0), abs=1e-12)


def test_averages_in_groups_are_made_of_the_rates_in_groups() -> None:
    """All right, patients of two and of three scans: each class reaches down as far as its interval over patients."""
    result = of_matrix([[30, 0], [0, 48]], groups=np.concatenate([np.arange(30) // 2, 50 + np.arange(48) // 3]))
    assert result.groups == 15 + 16
    for name, rate in (("balanced_accuracy", "sensitivity"), ("macro_ppv", "ppv")):
        average = getattr(result.overall, name)
        below = np.hypot(*(1 - getattr(one, rate).clustered.low for one in result.classes)) / 2
        assert average.clustered.low == pytest.approx(1 - below, abs=1e-12)
        assert average.headline is average.clustered
        assert average.clustered.low < average.plain.low


def test_a_class_without_errors_is_not_taken_as_certain() -> None:
    """Five of five: the bootstrap would give balanced accuracy 0.959 to 0.996 here, the sum of squares less above."""
    found = of_matrix([[213, 6, 0, 0], [0, 17, 0, 0], [0, 0, 5, 0], [4, 0, 0, 77]]).overall.balanced_accuracy.plain
    assert found.low < 0.87
    assert in_words(found.method).startswith(
        "lower bound: square-and-add of the class intervals (Zou and Donner); upper"
    )


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(219, 17, 5, 81), (300, 306, 405, 300)])
def test_balanced_accuracy_covers_with_small_classes_too(sizes: tuple[int, ...]) -> None:
    rng, truth = np.random.default_rng(8), np.array([0.97, 0.95, 0.96, 0.95])
    covered = above = 0
    for _ in range(400):
        right = rng.binomial(sizes, truth)
        counts = np.diag(right) + np.roll(np.diag(np.array(sizes) - right), 1, axis=1)
        found = of_matrix(counts.tolist()).overall.balanced_accuracy.plain
        covered += found.low <= truth.mean() <= found.high
        above += found.low > truth.mean()
    assert covered / 400 >= 0.93
    assert above / 400 <= 0.04


def test_an_empty_class_is_not_estimable_and_says_why() -> None:
    result = of_matrix([[0, 0, 0], [1, 30, 2], [0, 3, 40]], negative="notumor")
    glioma = result.classes[0]
    assert glioma.sensitivity.headline.reason == Reason("no_reference_cases", of="glioma")
    assert glioma.f1.headline.reason == Reason("no_reference_cases", of="glioma")
    assert (glioma.ppv.headline.value, glioma.specificity.headline.n) == (0.0, 76)
    for name in ("balanced_accuracy", "macro_sensitivity", "macro_f1"):
        assert getattr(result.overall, name).headline.reason == Reason("no_reference_cases", of=("glioma",))
    for name in ("accuracy", "weighted_f1", "mcc", "kappa", "macro_ppv"):
        assert getattr(result.overall, name).headline.defined


def test_a_class_never_predicted_is_not_estimable_and_says_why() -> None:
    result = of_matrix([[0, 20], [0, 40]], negative="meningioma")
    assert result.classes[0].ppv.headline.reason == Reason("never_predicted", name="glioma")
    assert result.classes[1].npv.headline.reason == Reason("never_predicted", name="another class")
    assert result.classes[0].f1.headline.value == 0
    assert result.overall.macro_ppv.headline.reason == Reason("classes_never_predicted", of=("glioma",))
    assert result.overall.mcc.headline.reason == Reason("one_predicted_class")
    assert result.any_tumour is not None
    assert result.any_tumour.ppv.headline.reason == Reason("never_predicted", name="any tumour")


def test_one_reference_class_leaves_specificity_mcc_and_kappa_undefined() -> None:
    result = of_matrix([[20, 0], [0, 0]], negative="meningioma")
    assert result.overall.mcc.headline.reason == Reason("one_reference_class")
    reason = result.overall.kappa.headline.reason
    assert reason == Reason("always_one_class")
    assert result.any_tumour is not None
    assert result.any_tumour.specificity.headline.reason == Reason("no_reference_cases", of="meningioma")
    assert result.classes[0].specificity.headline.reason == Reason("no_reference_cases", of="another class")


def test_no_cases_at_all_leave_everything_undefined() -> None:
    none = np.array([], dtype=np.int64)
    result = performance(none, none, classes=CLASSES, negative="notumor", groups=none, rng=np.random.default_rng(1))
    measures = [getattr(result.overall, field.name) for field in fields(result.overall)]
    assert not any(measure.headline.defined for measure in measures)
    assert {measure.headline.reason for measure in measures} == {Reason("no_cases")}
    assert not any(one.f1.headline.defined for one in result.classes)


def test_a_single_case_can_be_looked_at() -> None:
    result = performance(
        np.array([1]), np.array([0]), classes=CLASSES, negative="notumor", rng=np.random.default_rng(1)
    )
    assert result.overall.accuracy.headline.value == 0
    assert result.overall.accuracy.headline.high == proportion(0, 1).high


def test_a_study_without_negative_class_has_no_any_tumour_question() -> None:
    assert of_matrix([[3, 1], [0, 4]]).any_tumour is None


def test_a_negative_class_that_is_no_class_is_refused() -> None:
    with pytest.raises(InputError, match="'normal' is not a class"):
        of_matrix([[3, 1], [0, 4]], negative="normal")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=40), st.randoms()
)
def test_the_order_of_cases_does_not_matter(cases: list[tuple[int, int, int]], random: Any) -> None:
    def result(rows: list[tuple[int, int, int]]) -> Performance:
        reference, predicted, groups = np.array(rows).T
        rng = np.random.default_rng(1)
        return performance(reference, predicted, classes="abc", negative="c", groups=groups, rng=rng, resamples=50)

    one, other = result(cases), result(random.sample(cases, len(cases)))
    assert one.overall == other.overall
    assert one.classes == other.classes
    assert one.any_tumour == other.any_tumour


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40), st.permutations(range(3)))
def test_reordering_classes_gives_each_class_its_own_rates(cases: list[tuple[int, int]], order: list[int]) -> None:
    reference, predicted = np.array(cases).T
    place = np.argsort(order)
    rng = np.random.default_rng(1)
    one = performance(reference, predicted, classes="abc", negative="b", rng=rng, resamples=20)
    names = ["abc"[i] for i in order]
    other = performance(place[reference], place[predicted], classes=names, negative="b", rng=rng, resamples=20)
    for after in other.classes:
        before = one.classes["abc".index(after.name)]
        assert all(getattr(before, name) == getattr(after, name) for name in RATES)
    assert one.any_tumour is not None
    assert other.any_tumour is not None
    assert one.any_tumour.counts == other.any_tumour.counts
