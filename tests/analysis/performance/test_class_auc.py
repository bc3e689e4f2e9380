from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import roc_auc_score

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.performance.auc_estimate import auc, newcombe
from neuroval.analysis.performance.class_auc import ClassAucs, class_aucs
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

Z = 1.959963984540054
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
labelled = st.lists(
    st.tuples(st.integers(0, 2), *[st.integers(0, 5)] * 3, st.integers(0, 8)), min_size=3, max_size=40
).map(np.array)


def triple(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def half_width(estimate: Estimate) -> float:
    assert estimate.low is not None
    assert estimate.high is not None
    return (estimate.high - estimate.low) / 2


def golden(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return table["reference"].to_numpy(), table[[f"p_{name}" for name in CLASSES]].to_numpy()


def simulated(
    rng: np.random.Generator, *, support: tuple[int, ...], separation: float, group: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return classes, probabilities and groups of ``group`` cases of one class each, correlation 0.6 within a group."""
    reference = np.repeat(np.arange(len(support)), support)
    groups = np.arange(len(reference)) // group
    k = len(support)
    shared = rng.normal(size=(groups.max() + 1, k))[groups] if group > 1 else 0.0
    scores = np.sqrt(0.6) * shared + np.sqrt(0.4 if group > 1 else 1.0) * rng.normal(size=(len(reference), k))
    scores[np.arange(len(reference)), reference] += separation
    odds = np.exp(scores)
    return reference, odds / odds.sum(axis=1, keepdims=True), groups


def test_the_golden_cases_give_the_values_of_proc_and_sklearn(
    oracles: dict[str, Any], four_class: pd.DataFrame
) -> None:
    reference, probabilities = golden(four_class)
    result = class_aucs(reference, probabilities, classes=CLASSES, negative="notumor", groups=four_class["patient_id"])
    for name, expected in oracles["four_class_160"]["ovr_auc_delong"].items():
        assert triple(result.classes[CLASSES.index(name)].plain) == pytest.approx(tuple(expected[:3]), abs=1e-11)
    macro = roc_auc_score(reference, probabilities, multi_class="ovr", average="macro")
    hand_till = roc_auc_score(reference, probabilities, multi_class="ovo", average="macro")
    assert result.macro_ovr.plain.value == pytest.approx(macro, abs=1e-12)
    assert result.hand_till.plain.value == pytest.approx(hand_till, abs=1e-12)
    # R 4.2.2, pROC 1.18.0: multiclass.roc (Hand and Till); roc and ci.auc of 1 - P(notumor).
    assert result.hand_till.plain.value == pytest.approx(0.8836548821549, abs=1e-12)
    assert result.any_tumour is not None
    assert triple(result.any_tumour.plain) == pytest.approx(
        (0.9132727272727, 0.8700444289236, 0.9565010256219), abs=1e-12
    )
    assert result.macro_ovr.plain.method == Method("delong_over_classes")
    assert result.hand_till.clustered is not None
    assert result.hand_till.clustered.method == Method(
        "obuchowski_over_classes", groups=80, freedom=_fewest(four_class) - 1
    )


def _fewest(table: pd.DataFrame) -> int:
    """Return the patients of the class that has fewest."""
    return int(table.groupby("reference")["patient_id"].nunique().min())


def test_each_class_and_any_tumour_are_the_auc_of_that_question(four_class: pd.DataFrame) -> None:
    reference, probabilities = golden(four_class)
    groups = four_class["patient_id"]
    result = class_aucs(reference, probabilities, classes=CLASSES, negative="notumor", groups=groups, level=0.9)
    for index, measure in enumerate(result.classes):
        assert measure == auc(reference == index, probabilities[:, index], groups=groups, level=0.9)
    assert result.any_tumour == auc(reference != 2, 1 - probabilities[:, 2], groups=groups, level=0.9)


def test_a_study_without_negative_class_has_no_any_tumour_question(four_class: pd.DataFrame) -> None:
    assert class_aucs(*golden(four_class), classes=CLASSES, negative=None).any_tumour is None


def test_any_tumour_is_what_the_negative_class_leaves_and_is_not_renormalised() -> None:
    probabilities = np.array([[0.2, 0.3, 0.495], [0.1, 0.1, 0.8]])
    assert any_tumour_score(probabilities, negative=2) == pytest.approx([0.505, 0.2])


def leave_one_out(statistic: Callable[[np.ndarray], float], reference: np.ndarray) -> float:
    """Return the variance by leaving out each case in turn, within its class."""
    total = 0.0
    for stratum in np.unique(reference):
        members = np.flatnonzero(reference == stratum)
        values = [statistic(np.delete(np.arange(len(reference)), case)) for case in members]
        total += (len(members) - 1) / len(members) * float(np.sum((values - np.mean(values)) ** 2))
    return total


def test_the_variance_of_hand_till_is_that_of_leaving_out_each_case() -> None:
    # Each part is linear in what one case adds, so the two are one number.
    reference, probabilities, _ = simulated(np.random.default_rng(4), support=(9, 14, 11), separation=1.0)

    def statistic(kept: np.ndarray) -> float:
        return float(roc_auc_score(reference[kept], probabilities[kept], multi_class="ovo"))

    result = class_aucs(reference, probabilities, classes="abc", negative=None)
    assert (half_width(result.hand_till.plain) / Z) ** 2 == pytest.approx(leave_one_out(statistic, reference), rel=1e-9)


def test_the_variance_of_the_macro_average_is_that_of_leaving_out_each_case_but_for_small_numbers() -> None:
    reference, probabilities, _ = simulated(np.random.default_rng(5), support=(40, 60, 50), separation=0.8)
    n = len(reference)

    def statistic(kept: np.ndarray) -> float:
        return float(roc_auc_score(reference[kept], probabilities[kept], multi_class="ovr"))

    left_out = np.array([statistic(np.delete(np.arange(n), case)) for case in range(n)])
    variance = (n - 1) / n * float(np.sum((left_out - left_out.mean()) ** 2))
    result = class_aucs(reference, probabilities, classes="abc", negative=None)
    assert (half_width(result.macro_ovr.plain) / Z) ** 2 == pytest.approx(variance, rel=0.04)


def test_the_macro_average_has_the_covariance_of_the_components_by_definition(four_class: pd.DataFrame) -> None:
    reference, probabilities = golden(four_class)
    added = np.zeros(len(reference))
    for index in range(4):
        own = reference == index
        scores = probabilities[:, index]
        wins = (scores[own][:, None] > scores[~own]) + 0.5 * (scores[own][:, None] == scores[~own])
        added[own] += (wins.mean(axis=1) - wins.mean()) / own.sum() / 4
        added[~own] += (wins.mean(axis=0) - wins.mean()) / (~own).sum() / 4
    support = np.bincount(reference)
    variance = sum(size / (size - 1) * np.sum(added[reference == i] ** 2) for i, size in enumerate(support))
    result = class_aucs(reference, probabilities, classes=CLASSES, negative=None)
    assert half_width(result.macro_ovr.plain) == pytest.approx(Z * np.sqrt(variance), abs=1e-12)


def test_with_two_classes_both_averages_are_the_one_auc_there_is() -> None:
    rng = np.random.default_rng(6)
    reference = (np.arange(60) < 25).astype(np.int64)
    second = (rng.normal(size=60) + reference).round(1)  # P and its complement keep their ties: they are not sums
    groups = np.arange(60) // 3
    result = class_aucs(reference, np.column_stack([-second, second]), classes="ab", negative="a", groups=groups)
    one = auc(reference == 1, second, groups=groups)
    for measure in (*result.classes, result.any_tumour, result.macro_ovr, result.hand_till):
        assert triple(measure.plain) == pytest.approx(triple(one.plain))
        assert triple(measure.clustered) == pytest.approx(triple(one.clustered))


def test_cases_counted_twice_are_worth_half_as_many(four_class: pd.DataFrame) -> None:
    reference, probabilities = golden(four_class)
    once = class_aucs(reference, probabilities, classes=CLASSES, negative=None)
    twice = class_aucs(
        np.repeat(reference, 2),
        np.repeat(probabilities, 2, axis=0),
        classes=CLASSES,
        negative=None,
        groups=np.repeat(np.arange(160), 2),
    )
    for name in ("macro_ovr", "hand_till"):
        plain = getattr(once, name).plain
        error = (plain.high - plain.low) / (2 * special.ndtri(0.975))
        fewest = min(np.bincount(reference))
        half = stats.t.ppf(0.975, fewest - 1) * error / (plain.value * (1 - plain.value))
        bounds = [special.expit(special.logit(plain.value) + side * half) for side in (-1, 1)]
        assert triple(getattr(twice, name).clustered) == pytest.approx((plain.value, *bounds))
        assert getattr(twice, name).plain.width < 0.75 * getattr(once, name).plain.width


def test_perfect_ranking_gives_no_interval_of_width_zero() -> None:
    reference = np.repeat([0, 1, 2], [10, 20, 30])
    probabilities = np.eye(3)[reference] * 0.6 + 0.2
    result = class_aucs(reference, probabilities, classes="abc", negative="c", groups=np.arange(60) // 5)
    lows = [newcombe(1.0, positives=own, negatives=60 - own).low for own in (10, 20, 30)]
    assert triple(result.macro_ovr.plain) == pytest.approx((1.0, np.mean(lows), 1.0))
    lows = [newcombe(1.0, positives=a, negatives=b).low for a, b in ((10, 20), (10, 30), (20, 30))]
    assert triple(result.hand_till.plain) == pytest.approx((1.0, np.mean(lows), 1.0))
    assert result.hand_till.plain.method == (Method("delong_over_classes_with_newcombe_5", replaced=6, parts=6))
    lows = [newcombe(1.0, positives=own, negatives=12 - own).low for own in (2, 4, 6)]
    assert triple(result.macro_ovr.clustered) == pytest.approx((1.0, np.mean(lows), 1.0))
    assert result.macro_ovr.clustered.method == Method(
        "obuchowski_over_classes_with_newcombe_5", replaced=3, parts=3, groups=12, freedom=1
    )


def test_a_class_that_is_ranked_perfectly_still_adds_what_it_may_miss() -> None:
    rng = np.random.default_rng(7)
    reference, probabilities, _ = simulated(rng, support=(30, 30, 30), separation=1.0)
    probabilities[:, 2] = np.where(reference == 2, 0.9, 0.1) + 0.01 * rng.random(90)
    result = class_aucs(reference, probabilities, classes="abc", negative=None)
    assert [measure.plain.value == 1 for measure in result.classes] == [False, False, True]
    assert "with Newcombe method 5 for 1 of 3 parts" in in_words(result.macro_ovr.plain.method)
    least = (1 - newcombe(1.0, positives=30, negatives=60).low) / 3
    assert result.macro_ovr.plain.value - result.macro_ovr.plain.low > least
    assert result.macro_ovr.plain.high < 1


def test_an_empty_class_leaves_the_averages_undefined_and_says_why() -> None:
    reference = np.array([0, 0, 1, 1, 1])
    probabilities = np.random.default_rng(1).random((5, 4))
    result = class_aucs(reference, probabilities, classes=CLASSES, negative="notumor")
    assert [measure.headline.defined for measure in result.classes] == [True, True, False, False]
    assert result.classes[2].headline.reason == Reason("no_reference_cases", of="notumor")
    assert result.any_tumour is not None
    assert result.any_tumour.headline.reason == Reason("no_reference_cases", of="notumor")
    for measure in (result.macro_ovr, result.hand_till):
        assert (measure.headline.value, measure.headline.n) == (None, 5)
        assert measure.headline.reason == Reason("no_reference_cases", of=("notumor", "pituitary"))


def test_one_class_only_says_that_the_others_are_missing() -> None:
    result = class_aucs(np.array([1, 1]), np.array([[0.4, 0.6], [0.2, 0.8]]), classes="ab", negative="b")
    assert result.classes[1].headline.reason == Reason("no_reference_cases", of="another class")
    assert result.any_tumour is not None
    assert result.any_tumour.headline.reason == Reason("no_reference_cases", of="any tumour")


def test_no_cases_leave_everything_undefined() -> None:
    none = np.array([], dtype=np.int64)
    result = class_aucs(none, np.empty((0, 4)), classes=CLASSES, negative="notumor", groups=none)
    measures = (*result.classes, result.any_tumour, result.macro_ovr, result.hand_till)
    assert {measure.headline.reason for measure in measures} == {Reason("no_cases")}


def test_equal_probabilities_are_one_half_without_interval() -> None:
    result = class_aucs(np.arange(12) % 3, np.full((12, 3), 1 / 3), classes="abc", negative="a")
    for measure in (*result.classes, result.any_tumour, result.macro_ovr, result.hand_till):
        assert (measure.headline.value, measure.headline.low) == (0.5, None)
        assert measure.headline.reason == Reason("equal_scores")


def test_a_class_with_a_single_case_makes_the_averages_uncertain() -> None:
    reference, probabilities, _ = simulated(np.random.default_rng(3), support=(1, 30, 30), separation=1.5)
    result = class_aucs(reference, probabilities, classes="abc", negative=None)
    assert "with Newcombe method 5 for 3 of 3 parts" in in_words(result.macro_ovr.plain.method)
    assert "with Newcombe method 5 for 6 of 6 parts" in in_words(result.hand_till.plain.method)
    assert result.macro_ovr.plain.width > 0.2


def test_averages_close_to_one_take_the_wider_interval_and_say_so() -> None:
    reference, probabilities, _ = simulated(np.random.default_rng(6), support=(80, 80, 80), separation=3.0)
    result = class_aucs(reference, probabilities, classes="abc", negative=None, groups=np.arange(240) // 2)
    for measure, parts in ((result.macro_ovr, 3), (result.hand_till, 6)):
        assert 0.95 <= measure.plain.value < 1
        assert measure.plain.method.code == "lower_and_upper"
        assert dict(measure.plain.method.facts)["lower"] == Method("mean_newcombe_5", parts=parts)
        assert in_words(measure.plain.method).split("; ")[1].startswith("upper bound: DeLong, covariance over classes")
        assert f"Newcombe method 5 on n / design effect, mean of {parts} parts" in in_words(measure.clustered.method)
    reaches = [newcombe(one.plain.value, positives=80, negatives=160) for one in result.classes]
    assert result.macro_ovr.plain.low == pytest.approx(np.mean([one.low for one in reaches]))
    assert result.macro_ovr.plain.high >= np.mean([one.high for one in reaches])


@settings(max_examples=40, deadline=None)
@given(labelled, st.permutations(range(3)), st.randoms())
def test_the_order_of_cases_and_classes_does_not_matter(rows: np.ndarray, order: list[int], random: Any) -> None:
    def result(table: np.ndarray, columns: list[int]) -> ClassAucs:
        place = np.argsort(columns)
        return class_aucs(
            place[table[:, 0]],
            table[:, 1:4][:, columns] / 5,
            classes=["abc"[i] for i in columns],
            negative="b",
            groups=table[:, 4],
        )

    one = result(rows, [0, 1, 2])
    other = result(np.array(random.sample(rows.tolist(), len(rows))), order)
    pairs = [(one.any_tumour, other.any_tumour), (one.macro_ovr, other.macro_ovr), (one.hand_till, other.hand_till)]
    pairs += [(one.classes[index], other.classes[place]) for place, index in enumerate(order)]
    for before, after in pairs:
        for first, second in ((before.plain, after.plain), (before.clustered, after.clustered)):
            assert (first is None) == (second is None)
            if first is not None:
                assert triple(first) == pytest.approx(triple(second), abs=1e-9)
                assert first.low is None or 0 <= first.low <= first.value <= first.high <= 1


@settings(max_examples=40, deadline=None)
@given(labelled)
def test_the_averages_are_those_of_sklearn(rows: np.ndarray) -> None:
    reference, scores = rows[:, 0], rows[:, 1:4] + 1
    result = class_aucs(reference, scores, classes="abc", negative=None)
    if len(np.unique(reference)) < 3:
        assert not result.macro_ovr.headline.defined
        return
    macro = np.mean([roc_auc_score(reference == c, scores[:, c]) for c in range(3)])
    assert result.macro_ovr.plain.value == pytest.approx(macro)
    parts = []
    for first in range(3):
        for second in {0, 1, 2} - {first}:
            both = np.isin(reference, [first, second])
            parts.append(roc_auc_score(reference[both] == first, scores[both, first]))
    assert result.hand_till.plain.value == pytest.approx(np.mean(parts))


@pytest.mark.parametrize(
    ("reference", "probabilities", "negative", "said"),
    [
        (np.array([0, 1]), np.ones((2, 3)), "a", r"expected shape \(2, 2\).*found \(2, 3\)"),
        (np.array([0, 1]), np.ones((3, 2)), "a", r"expected shape \(2, 2\).*found \(3, 2\)"),
        (np.array([0.0, 1.0]), np.ones((2, 2)), "a", "reference: expected class indices"),
        (np.array([0, 2]), np.ones((2, 2)), "a", "expected indices from 0 to 1, found 0 to 2"),
        (np.array([-1, 1]), np.ones((2, 2)), "a", "found -1 to 1"),
        (np.array([0, 1]), np.ones((2, 2)), "c", r"negative: 'c' is not a class; expected one of \['a', 'b'\]"),
        (np.array([0, 1]), np.array([[0.5, np.nan], [0.5, 0.5]]), "a", "nan of case 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(reference: Any, probabilities: Any, negative: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        class_aucs(reference, probabilities, classes="ab", negative=negative)


def coverage(*, support: tuple[int, ...], separation: float, group: int = 1, runs: int = 1000) -> dict[str, float]:
    """Return how often each interval holds the value that very many cases of the same kind give."""
    rng = np.random.default_rng(51)
    k = len(support)

    def computed(sizes: tuple[int, ...], size: int) -> ClassAucs:
        reference, probabilities, groups = simulated(rng, support=sizes, separation=separation, group=size)
        return class_aucs(reference, probabilities, classes=range(k), negative=None, groups=groups)

    many = tuple(200_000 * own // sum(support) for own in support)
    truth = [computed(many, 1) for _ in range(4)]
    held: dict[str, float] = {}
    results = [computed(support, group) for _ in range(runs)]
    for name in ("macro_ovr", "hand_till"):
        true = np.mean([getattr(one, name).plain.value for one in truth])
        for kind in ("plain", "clustered") if group > 1 else ("plain",):
            intervals = [getattr(getattr(one, name), kind) for one in results]
            held[f"{name} {kind}"] = float(np.mean([one.low <= true <= one.high for one in intervals]))
    return held


@pytest.mark.slow
def test_the_averages_cover_when_cases_are_independent() -> None:
    assert all(0.93 <= held <= 0.97 for held in coverage(support=(60, 80, 100, 70), separation=1.5).values())


@pytest.mark.slow
def test_the_averages_cover_close_to_one() -> None:
    # The DeLong covariance alone holds the macro average of 0.998 in 87% of samples.
    assert all(held >= 0.95 for held in coverage(support=(100, 100, 100, 100), separation=3.2, runs=400).values())


@pytest.mark.slow
def test_the_averages_cover_when_parts_are_perfect() -> None:
    assert all(held >= 0.95 for held in coverage(support=(40, 40, 40, 40), separation=4.5).values())


@pytest.mark.slow
def test_the_clustered_averages_cover_where_the_plain_ones_do_not() -> None:
    held = coverage(support=(200, 200, 200, 200), separation=1.5, group=4)
    for name in ("macro_ovr", "hand_till"):
        assert 0.925 <= held[f"{name} clustered"] <= 0.97
        assert held[f"{name} plain"] < 0.85


def test_one_class_is_not_enough() -> None:
    with pytest.raises(InputError, match=r"expected shape \(2, 2\).*at least 2, found \(2, 1\)"):
        class_aucs(np.array([0, 0]), np.ones((2, 1)), classes="a", negative=None)
