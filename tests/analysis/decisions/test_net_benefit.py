"""Net benefit and expected harm: worked by hand, computed directly, and covered by simulation."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import confusion_matrix as sklearn_matrix

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.proportions import clustered_proportion, clustered_totals, proportion
from neuroval.analysis.core.proportions import wilson as wilson_ends
from neuroval.analysis.decisions.net_benefit import DecisionCurve, decision_curve, expected_harm
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

Z = 1.959963984540054
POSITIVES = np.array([True, True, True, False, False, True, False, False, False, False])
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1, 0.1, 0.05])
THRESHOLDS = np.array([0.2, 0.5, 0.75])


def values(curve: DecisionCurve) -> list[float | None]:
    return [one.plain.value for one in curve.model]


def mover(
    true: tuple[float, float], false: tuple[float, float], *, gain: float, loss: float, correlation: float
) -> tuple[float, float]:
    """Return gain * p1 - loss * p2 less and plus its distances, from the rates and effective sizes of two Wilsons."""

    def wilson(p: float, n: float) -> tuple[float, float]:
        centre, half = p + Z**2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
        return (centre - half) / (1 + Z**2 / n), (centre + half) / (1 + Z**2 / n)

    (low1, high1), (low2, high2) = wilson(*true), wilson(*false)
    middle = gain * true[0] - loss * false[0]
    down, up = (
        (gain * (true[0] - low1), loss * (high2 - false[0])),
        (gain * (high1 - true[0]), loss * (false[0] - low2)),
    )
    below, above = (math.sqrt(a**2 + b**2 - 2 * correlation * a * b) for a, b in (down, up))
    return middle - below, middle + above


def test_a_curve_worked_by_hand() -> None:
    # At 0.2: 4 of 4 tumours, 3 false alarms, weight 1/4. At 0.5: 3 and 1, weight 1. At 0.75: 2 and 0, weight 3.
    curve = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS)
    assert curve.called.tolist() == [7, 4, 2]
    assert values(curve) == pytest.approx([0.4 - 0.3 / 4, 0.3 - 0.1, 0.2], abs=1e-12)
    assert curve.call_all.tolist() == pytest.approx([0.4 - 0.6 / 4, 0.4 - 0.6, 0.4 - 1.8], abs=1e-12)
    assert curve.call_none.tolist() == [0, 0, 0]
    assert (curve.n, curve.prevalence.plain, curve.standardised) == (10, proportion(4, 10), False)
    assert curve.thresholds.tolist() == THRESHOLDS.tolist()


def test_at_another_prevalence_by_hand() -> None:
    # Sensitivity 1, 3/4, 1/2; false alarm rate 1/2, 1/6, 0; one scan in ten has the condition.
    curve = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS, prevalence=0.1)
    assert values(curve) == pytest.approx([0.1 - 0.9 / 8, 0.075 - 0.15, 0.05], abs=1e-12)
    assert curve.call_all.tolist() == pytest.approx([0.1 - 0.9 / 4, 0.1 - 0.9, 0.1 - 2.7], abs=1e-12)
    assert (curve.prevalence.plain.value, curve.prevalence.plain.method) == (0.1, Method("given"))


def test_standardised_by_hand() -> None:
    curve = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS, standardised=True)
    assert values(curve) == pytest.approx([0.325 / 0.4, 0.2 / 0.4, 0.2 / 0.4], abs=1e-12)
    assert curve.call_all.tolist() == pytest.approx([0.25 / 0.4, -0.2 / 0.4, -1.4 / 0.4], abs=1e-12)
    perfect = decision_curve(POSITIVES, POSITIVES * 1.0, thresholds=THRESHOLDS, standardised=True, prevalence=0.1)
    assert values(perfect) == pytest.approx([1, 1, 1], abs=1e-12)


def test_a_score_at_the_threshold_is_called() -> None:
    curve = decision_curve(
        np.array([True, False]), np.array([0.5, 0.5]), thresholds=np.array([0.5, np.nextafter(0.5, 1)])
    )
    assert curve.called.tolist() == [2, 0]
    assert values(curve) == [0.0, 0.0]


def test_net_benefit_agrees_with_scikit_learn_at_every_threshold() -> None:
    rng = np.random.default_rng(3)
    positives = rng.random(400) < 0.7
    scores = np.round(rng.beta(np.where(positives, 4, 1), np.where(positives, 1, 3)), 2)  # with ties
    thresholds = np.linspace(0, 0.99, 100)
    curve = decision_curve(positives, scores, thresholds=thresholds)
    for threshold, called, found in zip(thresholds, curve.called, values(curve), strict=True):
        _, fp, _, tp = sklearn_matrix(positives, scores >= threshold, labels=[False, True]).ravel()
        assert called == tp + fp
        assert found == pytest.approx(tp / 400 - fp / 400 * threshold / (1 - threshold), abs=1e-12)


def test_the_interval_by_hand() -> None:
    # At 0.5: rates 0.3 and 0.1 of 10, two cells of one multinomial, so correlated by -sqrt(0.3 * 0.1 / (0.7 * 0.9)).
    one = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS).model[1].plain
    expected = mover((0.3, 10), (0.1, 10), gain=1, loss=1, correlation=-math.sqrt(0.03 / 0.63))
    assert (one.low, one.high) == pytest.approx(expected, abs=1e-12)
    assert (one.method, one.level, one.n) == (Method("mover_on_wilson"), 0.95, 10)
    # With a given prevalence the two rates come from different cases: 3 of 4 and 1 of 6, not correlated.
    other = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS, prevalence=0.1).model[1].plain
    expected = mover((0.75, 4), (1 / 6, 6), gain=0.1, loss=0.9, correlation=0)
    assert (other.low, other.high) == pytest.approx(expected, abs=1e-12)


def test_the_difference_to_calling_every_case_by_hand() -> None:
    """Of 10 cases, 4 positive, 1 positive and 3 negative ones lie below 0.25: w 3/10 - 1/10 with w = 1/3."""
    positives = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    scores = np.array([0.9, 0.8, 0.7, 0.1, 0.9, 0.6, 0.3, 0.2, 0.1, 0.05])
    curve = decision_curve(positives, scores, thresholds=np.array([0.25]))
    over = curve.over_call_all[0].plain
    assert over.value == pytest.approx(3 / 10 / 3 - 1 / 10, abs=1e-12)
    assert over.value == pytest.approx(curve.model[0].plain.value - curve.call_all[0])
    (low_tn, high_tn), (low_fn, high_fn) = wilson_ends(3, 10, level=0.95), wilson_ends(1, 10, level=0.95)
    correlation = -np.sqrt(0.3 * 0.1 / (0.7 * 0.9))
    down, up = (0.3 - low_tn) / 3, high_fn - 0.1
    assert over.low == pytest.approx(over.value - np.sqrt(down**2 + up**2 - 2 * correlation * down * up))
    down, up = (high_tn - 0.3) / 3, 0.1 - low_fn
    assert over.high == pytest.approx(over.value + np.sqrt(down**2 + up**2 - 2 * correlation * down * up))


@pytest.mark.parametrize("prevalence", [None, 0.2])
def test_the_difference_to_calling_every_case_is_that_difference_at_every_threshold(prevalence: float | None) -> None:
    rng = np.random.default_rng(3)
    positives, scores = rng.random(90) < 0.4, rng.random(90)
    groups = np.arange(90) // 3
    limits = np.linspace(0, 0.95, 20)
    curve = decision_curve(positives, scores, thresholds=limits, groups=groups, prevalence=prevalence)
    for over, one, everyone in zip(curve.over_call_all, curve.model, curve.call_all, strict=True):
        assert over.plain.value == pytest.approx(one.plain.value - everyone, abs=1e-12)
        assert over.clustered.low <= over.clustered.value <= over.clustered.high


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "size"), [(300, 1), (20, 8), (60, 8)])
def test_the_claim_of_doing_better_is_false_as_seldom_as_it_should_be(groups: int, size: int) -> None:
    """Scores that say nothing, 30% of groups positive: acting on a threshold is worse than calling all below 0.3."""
    rng = np.random.default_rng(4)
    owner, limits = np.repeat(np.arange(groups), size), np.array([0.1, 0.2, 0.25, 0.28])
    held = np.zeros(len(limits))
    shares = limits  # of the cases below a threshold, as scores are uniform
    truth = limits / (1 - limits) * 0.7 * shares - 0.3 * shares
    for _ in range(1500):
        positives = np.repeat(rng.random(groups) < 0.3, size)
        mixed = 0.6 * np.repeat(rng.normal(size=groups), size) + 0.8 * rng.normal(size=len(owner))
        curve = decision_curve(positives, special.ndtr(mixed), thresholds=limits, groups=owner)
        ends = np.array([(one.headline.low, one.headline.high) for one in curve.over_call_all])
        held += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    assert held.min() / 1500 >= 0.93


def test_calling_every_case_gives_the_wilson_interval_of_the_prevalence() -> None:
    # Net benefit is then p - w (1 - p) = (1 + w) p - w: a straight line in p, and so is its interval.
    curve = decision_curve(POSITIVES, np.ones(10), thresholds=THRESHOLDS)
    wilson = proportion(4, 10)
    for threshold, measure, everyone in zip(THRESHOLDS, curve.model, curve.call_all, strict=True):
        weight = threshold / (1 - threshold)
        expected = [(1 + weight) * number - weight for number in (wilson.value, wilson.low, wilson.high)]
        plain = measure.plain
        assert (plain.value, plain.low, plain.high) == pytest.approx(tuple(expected), abs=1e-12)
        assert everyone == pytest.approx(plain.value, abs=1e-12)


def test_a_threshold_of_zero_gives_the_clustered_interval_of_the_prevalence() -> None:
    groups = np.array([0, 0, 0, 1, 1, 0, 1, 2, 2, 2])
    clustered = decision_curve(POSITIVES, SCORES, thresholds=np.array([0.0]), groups=groups).model[0].clustered
    expected = clustered_proportion(POSITIVES, groups)
    assert (clustered.low, clustered.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert clustered.method == Method("mover_on_wilson_adjusted", groups=3)


def directly(
    positives: np.ndarray, called: np.ndarray, groups: np.ndarray, *, weight: float, prevalence: float | None
) -> tuple[float, float]:
    """Return the clustered interval at one threshold from the totals of each group."""
    tp, fp = (np.bincount(groups, weights=called & kind) for kind in (positives, ~positives))
    of_tp, of_fp = (
        np.bincount(groups, weights=np.ones_like(positives) if prevalence is None else kind)
        for kind in (positives, ~positives)
    )
    residuals, rates = [], []
    for hits, of in ((tp, of_tp), (fp, of_fp)):
        p = hits.sum() / of.sum()
        residuals.append(hits - p * of)
        number = np.ones(len(of), dtype=int)
        rates.append((p, clustered_totals(hits.astype(int), of.astype(int), number=number).effective_n))
    spread = math.sqrt((residuals[0] ** 2).sum() * (residuals[1] ** 2).sum())
    return mover(
        *rates,
        gain=1 if prevalence is None else prevalence,
        loss=weight * (1 if prevalence is None else 1 - prevalence),
        correlation=(residuals[0] * residuals[1]).sum() / spread if spread > 0 else 0,
    )


@pytest.mark.parametrize("prevalence", [None, 0.1])
def test_one_sort_gives_the_clustered_interval_that_the_totals_of_the_groups_give(prevalence: float | None) -> None:
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 40, size=300)
    positives = rng.random(300) < 0.6
    scores = np.round(special.expit(rng.normal(np.where(positives, 2, -2), 1) + rng.normal(0, 1, size=40)[groups]), 2)
    thresholds = np.linspace(0.01, 0.99, 50)
    curve = decision_curve(positives, scores, thresholds=thresholds, groups=groups, prevalence=prevalence)
    for threshold, measure in zip(thresholds, curve.model, strict=True):
        weight = threshold / (1 - threshold)
        expected = directly(positives, scores >= threshold, groups, weight=weight, prevalence=prevalence)
        assert (measure.clustered.low, measure.clustered.high) == pytest.approx(expected, abs=1e-9)


def test_cases_counted_twice_are_worth_half_as_many() -> None:
    rng = np.random.default_rng(5)
    positives = rng.random(500) < 0.5
    scores = rng.beta(np.where(positives, 3, 1), np.where(positives, 1, 3))
    once = decision_curve(positives, scores, thresholds=THRESHOLDS)
    twice = decision_curve(
        np.repeat(positives, 2), np.repeat(scores, 2), thresholds=THRESHOLDS, groups=np.repeat(np.arange(500), 2)
    )
    for one, other in zip(once.model, twice.model, strict=True):
        assert (other.clustered.low, other.clustered.high) == pytest.approx((one.plain.low, one.plain.high), abs=5e-4)
        assert other.headline is other.clustered


def test_groups_of_one_case_need_no_second_interval() -> None:
    curve = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS, groups=np.arange(10))
    assert [one.clustered for one in curve.model] == [None, None, None]


def test_one_group_counts_as_one_case() -> None:
    clustered = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS, groups=np.zeros(10)).model[1].clustered
    plain = decision_curve(POSITIVES, SCORES, thresholds=THRESHOLDS).model[1].plain
    assert in_words(clustered.method).endswith("1 group")
    assert clustered.width > 1.5 * plain.width


def test_no_false_positive_and_nobody_called_still_have_an_interval() -> None:
    curve = decision_curve(POSITIVES, SCORES, thresholds=np.array([0.75, 0.95]), groups=np.repeat(np.arange(5), 2))
    for measure in curve.model:
        for estimate in (measure.plain, measure.clustered):
            assert estimate.low < estimate.value < estimate.high
    assert curve.model[1].plain.value == 0
    assert curve.model[1].plain.low == pytest.approx(-19 * proportion(0, 10).high, abs=1e-12)


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cases = draw(
        st.lists(
            st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.integers(0, 5)),
            min_size=1,
            max_size=40,
        )
    )
    positives, scores, groups = zip(*cases, strict=True)
    return np.array(positives), np.array(scores), np.array(groups)


@given(scored(), st.randoms(), st.sampled_from([None, 0.02, 0.6]), st.booleans())
def test_the_interval_contains_the_value_and_the_order_of_cases_does_not_matter(
    cases: tuple[np.ndarray, ...], random: Any, prevalence: float | None, standardised: bool
) -> None:
    positives, scores, groups = cases
    thresholds = np.array([0.0, 0.1, 0.3, 0.5, 0.95])
    order = random.sample(range(len(positives)), len(positives))
    chosen = {"thresholds": thresholds, "prevalence": prevalence, "standardised": standardised}
    one = decision_curve(positives, scores, groups=groups, **chosen)
    other = decision_curve(
        positives[order], scores[order], groups=pd.Series([f"p{g}" for g in groups[order]]), **chosen
    )
    for left, right in zip(one.model, other.model, strict=True):
        assert left.plain == right.plain
        if left.clustered is not None:
            assert left.clustered.low <= left.clustered.value <= left.clustered.high
            assert (left.clustered.low, left.clustered.high) == pytest.approx(
                (right.clustered.low, right.clustered.high), abs=1e-9
            )


@given(scored())
def test_no_net_benefit_is_above_the_prevalence(cases: tuple[np.ndarray, ...]) -> None:
    positives, scores, _ = cases
    curve = decision_curve(positives, scores, thresholds=np.array([0.0, 0.2, 0.8]))
    assert max(values(curve)) <= positives.mean() + 1e-12


@pytest.mark.parametrize(
    ("positives", "prevalence", "standardised", "reason"),
    [
        ([], None, False, Reason("no_cases")),
        ([], 0.1, True, Reason("no_cases")),
        ([False, False], 0.1, False, Reason("no_reference_cases_with_condition")),
        ([False, False], None, True, Reason("no_reference_cases_with_condition")),
        ([True, True], 0.1, False, Reason("no_reference_cases_without_condition")),
    ],
)
def test_without_the_cases_it_needs_the_net_benefit_is_undefined(
    positives: list[bool], prevalence: float | None, standardised: bool, reason: str
) -> None:
    curve = decision_curve(
        np.array(positives, dtype=bool),
        np.full(len(positives), 0.5),
        thresholds=THRESHOLDS,
        prevalence=prevalence,
        standardised=standardised,
        groups=np.zeros(len(positives)),
    )
    assert [one.plain.reason for one in curve.model] == [reason] * 3
    assert values(curve) == [None] * 3
    assert (curve.call_all is None) == (prevalence is None)


def test_one_kind_of_case_has_a_net_benefit_at_its_own_prevalence() -> None:
    tumours = decision_curve(np.array([True, True]), np.array([0.9, 0.1]), thresholds=np.array([0.5]))
    assert (tumours.model[0].plain.value, tumours.call_all.tolist()) == (0.5, [1.0])
    none = decision_curve(np.array([False, False]), np.array([0.9, 0.1]), thresholds=np.array([0.5]))
    assert (none.model[0].plain.value, none.call_all.tolist()) == (-0.5, [-1.0])


def test_a_curve_is_read_only_and_leaves_the_thresholds_alone() -> None:
    thresholds = THRESHOLDS.copy()
    curve = decision_curve(POSITIVES, SCORES, thresholds=thresholds)
    with pytest.raises(ValueError, match="read-only"):
        curve.thresholds[0] = 0.3
    thresholds[0] = 0.3
    assert curve.thresholds[0] == 0.2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"thresholds": np.array([0.5, 1.0])}, "thresholds: expected an array"),
        ({"thresholds": np.array([-0.1])}, "thresholds: expected an array"),
        ({"thresholds": np.array([np.nan])}, "thresholds: expected an array"),
        ({"prevalence": 1.0}, "prevalence: 1.0 must be above 0 and below 1"),
        ({"level": 95}, "level: 95"),
        ({"scores": SCORES[:3]}, "expected booleans"),
        ({"positives": POSITIVES.astype(int)}, "expected booleans"),
        ({"scores": np.where(SCORES > 0.85, np.nan, SCORES)}, "score of case 0"),
        ({"groups": np.zeros(3)}, "found 3 ids for 10 cases"),
    ],
)
def test_impossible_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    given_ = {"positives": POSITIVES, "scores": SCORES, "thresholds": THRESHOLDS} | arguments
    with pytest.raises(InputError, match=said):
        decision_curve(given_.pop("positives"), given_.pop("scores"), **given_)


# Expected harm -------------------------------------------------------------------------------------------------------

CLASSES = ("glioma", "meningioma", "notumor")
HARM = np.array([[0, 1, 4], [1, 0, 4], [2, 2, 0]])


def test_the_mean_harm_by_hand() -> None:
    # Eight cases: harms 0 0 0 1 4 0 2 0. Mean 7/8, variance (21 - 49/8) / 7.
    reference, predicted = np.array([0, 0, 1, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 0, 2, 2, 0, 2])
    found = expected_harm(reference, predicted, harm=HARM, classes=CLASSES)
    plain = found.mean.plain
    half = stats.t.ppf(0.975, 7) * math.sqrt((21 - 49 / 8) / 7 / 8)
    assert plain.value == pytest.approx(0.875)
    assert (plain.low, plain.high) == pytest.approx((0, 0.875 + half), abs=1e-12)
    assert (plain.method, plain.n, found.mean.clustered) == (Method("t_of_mean"), 8, None)
    assert found.parts.tolist() == [[0, 0, 0], [0.125, 0, 0.5], [0.25, 0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        found.parts[0, 0] = 1


def test_the_interval_is_that_of_scipy() -> None:
    rng = np.random.default_rng(6)
    reference, predicted = rng.integers(0, 3, size=(2, 500))
    harms = HARM[reference, predicted]
    plain = expected_harm(reference, predicted, harm=HARM, classes=CLASSES, level=0.9).mean.plain
    expected = stats.ttest_1samp(harms, 0).confidence_interval(0.9)
    assert (plain.low, plain.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_cluster_robust_interval_by_hand() -> None:
    # Harms 1 1 | 0 0 | 0 4 | 0 2, mean 1: sums of residuals 0, -2, 2, 0. Variance 4/3 * 8 / 64 = 1/6 on 3 degrees;
    # independent cases would show 14 / 7 / 8 = 1/4, so that is taken.
    reference, predicted = np.array([0, 0, 0, 0, 0, 0, 2, 2]), np.array([1, 1, 0, 0, 0, 2, 2, 0])
    groups = np.array([*"aabbccdd"])
    found = expected_harm(reference, predicted, harm=HARM, classes=CLASSES, groups=groups).mean.clustered
    assert found.high == pytest.approx(1 + stats.t.ppf(0.975, 3) * math.sqrt(1 / 4), abs=1e-12)
    assert found.method == Method("t_of_mean_clustered", groups=4)
    # Harms 2 2 | 0 0 | 2 2 | 0 0, mean 1: residuals 2, -2, 2, -2. Variance 4/3 * 16 / 64 = 1/3.
    reference, predicted = np.array([2, 2, 0, 0, 2, 2, 0, 0]), np.array([0, 0, 0, 0, 1, 1, 0, 0])
    found = expected_harm(reference, predicted, harm=HARM, classes=CLASSES, groups=groups, level=0.5).mean.clustered
    half = stats.t.ppf(0.75, 3) * math.sqrt(1 / 3)
    assert (found.low, found.high) == pytest.approx((1 - half, 1 + half), abs=1e-12)


@pytest.mark.parametrize(
    ("reference", "predicted", "value", "reason"),
    [
        ([0, 1, 2], [0, 1, 2], 0.0, Reason("no_harm_observed")),
        ([0, 0], [2, 2], 4.0, Reason("equal_harm")),
        ([0], [2], 4.0, Reason("one_case")),
    ],
)
def test_without_a_spread_there_is_no_interval(
    reference: list[int], predicted: list[int], value: float, reason: str
) -> None:
    found = expected_harm(np.array(reference), np.array(predicted), harm=HARM, classes=CLASSES).mean.plain
    assert (found.value, found.low, found.reason) == (value, None, reason)


def test_one_group_gives_no_clustered_interval() -> None:
    found = expected_harm(np.array([0, 0]), np.array([0, 2]), harm=HARM, classes=CLASSES, groups=np.zeros(2)).mean
    assert (found.clustered.low, found.clustered.reason) == (None, Reason("one_group"))
    assert found.headline is found.clustered


def test_no_cases_have_no_harm_to_speak_of() -> None:
    nothing = np.array([], dtype=int)
    found = expected_harm(nothing, nothing, harm=HARM, classes=CLASSES, groups=nothing)
    assert (found.mean.plain.value, found.mean.plain.reason, found.parts) == (None, Reason("no_cases"), None)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 6)), min_size=1), st.randoms())
def test_the_harm_is_that_of_the_cases_in_any_order(cases: list[tuple[int, int, int]], random: Any) -> None:
    reference, predicted, groups = np.array(cases).T
    order = random.sample(range(len(cases)), len(cases))
    one = expected_harm(reference, predicted, harm=HARM, classes=CLASSES, groups=groups)
    other = expected_harm(reference[order], predicted[order], harm=HARM, classes=CLASSES, groups=groups[order])
    assert one.mean.plain == other.mean.plain
    assert one.mean.plain.value == pytest.approx(HARM[reference, predicted].mean(), abs=1e-12)
    assert one.parts.sum() == pytest.approx(one.mean.plain.value, abs=1e-12)
    if one.mean.clustered is not None and one.mean.clustered.low is not None:
        assert one.mean.clustered.width == pytest.approx(other.mean.clustered.width, abs=1e-9)
        assert one.mean.headline is one.mean.clustered or one.mean.plain.width == one.mean.clustered.width


@pytest.mark.parametrize(
    "harm",
    [np.ones((3, 3)), HARM[:2], -1.0 * HARM, np.where(HARM > 3, np.nan, HARM)],
    ids=["diagonal", "k", "-", "nan"],
)
def test_a_harm_matrix_that_cannot_be_is_refused(harm: np.ndarray) -> None:
    with pytest.raises(InputError, match="harm: expected 3 x 3 finite numbers of 0 or more with 0 on the diagonal"):
        expected_harm(np.array([0]), np.array([1]), harm=harm, classes=CLASSES)


# Coverage ------------------------------------------------------------------------------------------------------------

COVERED_AT = np.array([0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95])


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "size", "separation"), [(100, 1, 2.0), (300, 1, 3.0), (60, 8, 2.0), (150, 5, 3.0)])
def test_intervals_of_net_benefit_cover_their_level(groups: int, size: int, separation: float) -> None:
    rng = np.random.default_rng(31)
    noise, weights = math.hypot(1.2, 1.0), COVERED_AT / (1 - COVERED_AT)
    sensitivity, false_alarms = (
        stats.norm.sf((special.logit(COVERED_AT) - sign * separation) / noise) for sign in (1, -1)
    )
    truths = {None: (0.7, 0.3), 0.1: (0.1, 0.9)}
    held = {(prevalence, kind): np.zeros(len(COVERED_AT)) for prevalence in truths for kind in ("plain", "headline")}
    owner = np.repeat(np.arange(groups), size)
    for _ in range(3000):
        positives = np.repeat(rng.random(groups) < 0.7, size)
        shared = np.repeat(rng.normal(0, 1.2, size=groups), size)
        scores = special.expit(np.where(positives, separation, -separation) + shared + rng.normal(size=len(owner)))
        for prevalence, (of_true, of_false) in truths.items():
            truth = of_true * sensitivity - of_false * weights * false_alarms
            curve = decision_curve(positives, scores, thresholds=COVERED_AT, groups=owner, prevalence=prevalence)
            for kind in ("plain", "headline"):
                bounds = np.array([(getattr(one, kind).low, getattr(one, kind).high) for one in curve.model])
                held[prevalence, kind] += (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
    own, given_ = held[None, "headline"] / 3000, held[0.1, "headline"] / 3000
    assert own.min() >= 0.93
    # At a given prevalence all rests on the false alarms of 18 to 90 groups: too few for every threshold to do well.
    assert given_.min() >= 0.89
    assert given_.mean() >= 0.92
    if size > 1:
        assert (held[None, "plain"] / 3000)[:5].max() < 0.75


@pytest.mark.slow
@pytest.mark.parametrize(
    ("groups", "size", "rate", "least"),
    [(300, 1, 0.05, 0.92), (100, 1, 0.2, 0.92), (1311, 1, 0.005, 0.87), (60, 8, 0.15, 0.93), (200, 5, 0.05, 0.91)],
)
def test_intervals_of_the_mean_harm_cover_their_level_where_errors_are_not_rare(
    groups: int, size: int, rate: float, least: float
) -> None:
    rng = np.random.default_rng(32)
    truth = rate * (2 / 3 * 2.5 + 1 / 3 * 2)
    held, plain, given_ = 0, 0, 0
    owner = np.repeat(np.arange(groups), size)
    for _ in range(2000):
        chance = rng.beta(rate * 9, (1 - rate) * 9, size=groups) if size > 1 else np.full(groups, rate)
        reference = np.repeat(rng.integers(0, 3, size=groups), size)
        wrong = rng.random(len(owner)) < np.repeat(chance, size)
        predicted = np.where(wrong, (reference + rng.integers(1, 3, size=len(owner))) % 3, reference)
        mean = expected_harm(reference, predicted, harm=HARM, classes=CLASSES, groups=owner).mean
        if mean.headline.low is None:
            continue
        given_ += 1
        held += mean.headline.low <= truth <= mean.headline.high
        plain += mean.plain.low <= truth <= mean.plain.high
    assert given_ >= 1990
    assert least <= held / given_ <= 0.97
    if size > 1:
        assert plain / given_ < 0.90
