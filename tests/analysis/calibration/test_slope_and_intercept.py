import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats
from sklearn.linear_model import LogisticRegression

from neuroval.analysis.calibration.slope_and_intercept import CLIP, Recalibration, recalibration, recalibrations
from neuroval.analysis.core import logistic as module
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Measure
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
outcomes = st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=40)


def fit(happened: Any, probability: Any, **options: Any) -> Recalibration:
    return recalibration(np.asarray(happened, dtype=bool), np.asarray(probability), question="it", **options)


def drawn(n: int, *, seed: int, intercept: float = 0.4, slope: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logit = rng.normal(0.5, 2, size=n)
    return rng.random(n) < special.expit(intercept + slope * logit), special.expit(logit)


def measures(found: Recalibration) -> tuple[Measure, Measure, Measure]:
    return found.slope, found.intercept, found.intercept_at_slope_one


def values(found: Recalibration) -> list[float | None]:
    return [measure.plain.value for measure in measures(found)]


def test_slope_and_intercept_are_those_of_scikit_learn_without_penalty() -> None:
    happened, probability = drawn(800, seed=1)
    found = fit(happened, probability)
    theirs = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(special.logit(probability)[:, None], happened)
    assert found.slope.plain.value == pytest.approx(theirs.coef_[0, 0], abs=1e-6)
    assert found.intercept.plain.value == pytest.approx(theirs.intercept_[0], abs=1e-6)
    assert found.clipped == 0


def test_the_wald_interval_rests_on_the_curvature_of_the_likelihood() -> None:
    happened, probability = drawn(300, seed=2)
    logit = special.logit(probability)

    def loss(coefficients: np.ndarray) -> float:
        linear = coefficients[0] + coefficients[1] * logit
        return float(np.logaddexp(0, linear).sum() - linear[happened].sum())

    found = fit(happened, probability, level=0.9)
    point = np.array([found.intercept.plain.value, found.slope.plain.value])
    assert loss(point) == pytest.approx(optimize.minimize(loss, [0, 1], method="Nelder-Mead").fun, abs=1e-6)
    step = 1e-3 * np.eye(2)
    curvature = [
        [(loss(point + a + b) - loss(point + a - b) - loss(point - a + b) + loss(point - a - b)) / 4e-6 for b in step]
        for a in step
    ]
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    z = stats.norm.ppf(0.95)
    for one, value, error in zip((found.intercept, found.slope), point, errors, strict=True):
        assert (one.plain.low, one.plain.high) == pytest.approx((value - z * error, value + z * error), abs=1e-4)
        assert (one.plain.level, one.plain.n) == (0.9, 300)
        assert one.plain.method == Method("wald", clip=1e-07)


def test_two_probabilities_worked_by_hand() -> None:
    # At 0.2 happened 3 of 10, at 0.8 happened 6 of 8: the fit goes through both log-odds.
    happened = [True] * 3 + [False] * 7 + [True] * 6 + [False] * 2
    found = fit(happened, [0.2] * 10 + [0.8] * 8)
    x = math.log(4)
    slope = (math.log(6 / 2) - math.log(3 / 7)) / (2 * x)
    error = math.sqrt(1 / 3 + 1 / 7 + 1 / 6 + 1 / 2) / (2 * x)  # Woolf's variance of a log odds ratio
    z = stats.norm.ppf(0.975)
    assert found.slope.plain.value == pytest.approx(slope, abs=1e-9)
    assert (found.slope.plain.low, found.slope.plain.high) == pytest.approx((slope - z * error, slope + z * error))
    assert found.intercept.plain.value == pytest.approx((math.log(3) + math.log(3 / 7)) / 2, abs=1e-9)


def test_the_intercept_at_slope_one_worked_by_hand() -> None:
    found = fit([True] * 6 + [False] * 2, [0.5] * 8).intercept_at_slope_one.plain
    half = stats.norm.ppf(0.975) / math.sqrt(8 * 0.75 * 0.25)
    assert found.value == pytest.approx(math.log(3), abs=1e-9)
    assert (found.low, found.high) == pytest.approx((math.log(3) - half, math.log(3) + half))


def test_at_slope_one_the_mean_of_the_shifted_probabilities_is_the_observed_share() -> None:
    happened, probability = drawn(400, seed=3)
    shift = fit(happened, probability).intercept_at_slope_one.plain.value
    assert special.expit(special.logit(probability) + shift).mean() == pytest.approx(happened.mean(), abs=1e-12)


def test_the_sandwich_worked_by_hand() -> None:
    # All at 0.5, 6 of 8: residuals 1/4 and -3/4. Groups of 3, 3, 2 with 3, 2, 1 happened: sums 3/4, -1/4, -1/2.
    happened = [True, True, True, True, True, False, True, False]
    found = fit(happened, [0.5] * 8, groups=np.array([*"aaabbbcc"])).intercept_at_slope_one.clustered
    variance = 3 / 2 * (9 / 16 + 1 / 16 + 1 / 4) / (8 * 3 / 16) ** 2
    half = stats.t.ppf(0.975, 2) * math.sqrt(variance)
    assert (found.low, found.high) == pytest.approx((math.log(3) - half, math.log(3) + half))
    assert found.method == Method("wald_sandwich", clip=1e-07, groups=3)


def test_cases_counted_twice_are_not_believed() -> None:
    happened, probability = drawn(400, seed=4, intercept=0, slope=1)
    once = fit(happened, probability)
    twice = fit(np.repeat(happened, 2), np.repeat(probability, 2), groups=np.arange(800) // 2)
    assert values(twice) == pytest.approx(values(once))
    for one, two in zip(measures(once), measures(twice), strict=True):
        assert two.clustered.width == pytest.approx(one.plain.width, rel=0.1)
        assert two.plain.width == pytest.approx(one.plain.width / math.sqrt(2), rel=1e-6)
        assert two.headline is two.clustered


def test_groups_of_one_case_change_nothing() -> None:
    happened, probability = drawn(60, seed=5)
    assert fit(happened, probability, groups=np.arange(60)) == fit(happened, probability)


@pytest.mark.parametrize(
    ("happened", "probability", "reason"),
    [
        ([False, False, True, True], [0.1, 0.2, 0.3, 0.4], "separated"),
        ([False, False, True, True], [0.1, 0.3, 0.3, 0.4], "separated"),
        ([True, True, False, False], [0.1, 0.2, 0.3, 0.4], "separated"),
        ([True, False, True, True], [0.3, 0.3, 0.3, 0.3], "equal_probabilities"),
    ],
)
def test_without_overlap_there_is_no_slope_but_an_intercept(
    happened: list[bool], probability: list[float], reason: str
) -> None:
    found = fit(happened, probability)
    for one in (found.slope, found.intercept):
        assert (one.plain.value, one.plain.n) == (None, 4)
        assert one.plain.reason.code == reason
    assert found.intercept_at_slope_one.plain.low is not None


def test_the_smallest_overlap_gives_a_slope() -> None:
    found = fit([False, True, False, True], [0.1, 0.2, 0.3, 0.4])
    assert found.slope.plain.value > 0
    assert found.slope.plain.low < 0


@pytest.mark.parametrize(("happened", "name"), [(True, "right"), (False, "wrong")])
def test_one_outcome_leaves_all_undefined(happened: bool, name: str) -> None:
    found = fit([happened] * 5, [0.5, 0.6, 0.7, 0.8, 0.9], names=("right", "wrong"))
    assert values(found) == [None] * 3
    assert {one.plain.reason for one in measures(found)} == {Reason("outcomes_alike", cases=5, are=name)}


def test_no_cases_leave_all_undefined() -> None:
    found = fit([], np.zeros(0), groups=np.zeros(0))
    assert {one.plain.reason for one in measures(found)} == {Reason("no_cases")}


def test_certain_probabilities_are_clipped_and_counted() -> None:
    happened, probability = drawn(200, seed=6)
    probability[:3] = [0.0, 1.0, 1e-9]
    moved = probability.copy()
    moved[:3] = [CLIP, 1 - CLIP, CLIP]
    found, same = fit(happened, probability), fit(happened, moved)
    assert (found.clipped, same.clipped) == (3, 0)
    assert measures(found) == measures(same)


def test_a_few_groups_are_not_enough_for_the_sandwich() -> None:
    happened, probability = drawn(40, seed=7)
    two = fit(happened, probability, groups=np.arange(40) % 2)
    assert two.slope.clustered.low is None
    assert two.slope.clustered.reason == Reason("more_groups_needed", more_than=2, found=2)
    assert two.slope.headline is two.slope.clustered
    assert two.intercept_at_slope_one.clustered.low is not None
    one = fit(happened, probability, groups=np.zeros(40)).intercept_at_slope_one.clustered
    assert one.reason == Reason("more_groups_needed", more_than=1, found=1)


def test_groups_that_balance_show_no_variation() -> None:
    balanced = fit([True, True, False] * 4, [0.5] * 12, groups=np.arange(12) // 3).intercept_at_slope_one.clustered
    assert (balanced.value, balanced.reason) == (pytest.approx(math.log(2)), Reason("equal_groups"))


def test_a_fit_that_does_not_converge_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEPS", 1)
    found = fit(*drawn(50, seed=8))
    assert {one.plain.reason for one in measures(found)} == {Reason("not_converged")}


@pytest.mark.parametrize("certain", [1e-3, 1e-7, 0.0])
def test_extreme_probabilities_still_converge(certain: float) -> None:
    # On each side 1,000 are sure and right and one is sure and wrong: Newton's full steps would overshoot.
    happened = np.array([True] * 1000 + [False] + [False] * 1000 + [True])
    found = fit(happened, np.repeat([1 - certain, certain], 1001))
    x = -special.logit(max(certain, CLIP))
    assert found.slope.plain.value == pytest.approx(math.log(1000) / x, rel=1e-8)
    assert found.intercept_at_slope_one.plain.value == pytest.approx(0, abs=1e-9)


@given(outcomes, st.randoms())
def test_an_interval_contains_its_value_whatever_the_order(cases: list[tuple[bool, int, int]], random: Any) -> None:
    def fitted(these: list[tuple[bool, int, int]]) -> Recalibration:
        happened, twelfths, groups = (np.array(column) for column in zip(*these, strict=True))
        return fit(happened, twelfths / 12, groups=groups)

    one, other = fitted(cases), fitted(random.sample(cases, len(cases)))
    for a, b in zip(measures(one), measures(other), strict=True):
        assert a.plain.reason == b.plain.reason
        if a.plain.value is not None:
            assert a.plain.low < a.plain.value < a.plain.high
            assert (a.plain.low, a.plain.high) == pytest.approx((b.plain.low, b.plain.high), abs=1e-6, rel=1e-6)


@given(outcomes)
def test_swapping_the_outcomes_keeps_the_slope_and_turns_the_intercept(cases: list[tuple[bool, int, int]]) -> None:
    happened, eighths = np.array([h for h, _, _ in cases]), np.array([p for _, p, _ in cases]) / 12
    one, other = values(fit(happened, eighths)), values(fit(~happened, 1 - eighths))
    for sign, a, b in zip((1, -1, -1), one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a == pytest.approx(sign * b, abs=1e-5, rel=1e-5)


def test_both_questions_are_asked_of_the_golden_cases(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    groups = four_class["patient_id"]
    found = recalibrations(reference, probabilities, classes=CLASSES, negative="notumor", groups=groups)
    right = probabilities.argmax(axis=1) == reference
    top = recalibration(right, probabilities.max(axis=1), question="top label", names=("right", "wrong"), groups=groups)
    assert found.top_label == top
    tumour = recalibration(
        reference != 2,
        1 - probabilities[:, 2],
        question="any tumour",
        names=("tumours", "free of tumour"),
        groups=groups,
    )
    assert found.any_tumour == tumour
    assert "80 groups" in in_words(tumour.slope.clustered.method)
    assert recalibrations(reference, probabilities, classes=CLASSES, negative=None).any_tumour is None


def test_perfect_prediction_says_why_there_is_no_slope() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]])
    found = recalibrations(np.array([0, 0, 1, 1]), probabilities, classes=("a", "b"), negative="b")
    assert found.top_label.slope.plain.reason == Reason("outcomes_alike", cases=4, are="right")
    assert found.any_tumour.slope.plain.reason == (Reason("separated", yes="tumours", no="free of tumour"))


def test_input_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(InputError, match="level: 95"):
        fit([True, False], [0.5, 0.6], level=95)
    with pytest.raises(InputError, match="found 3 ids for 2 cases"):
        fit([True, False], [0.5, 0.6], groups=np.arange(3))
    with pytest.raises(InputError, match="negative: 'c'"):
        recalibrations(np.array([0]), np.array([[0.5, 0.5]]), classes=("a", "b"), negative="c")


def holds(measure: Measure, truth: float, *, kind: str = "plain") -> bool:
    one = getattr(measure, kind)
    return bool(one.low <= truth <= one.high)


@pytest.mark.slow
def test_wald_intervals_cover_slope_and_intercept() -> None:
    rng = np.random.default_rng(9)
    covered = np.zeros(2)
    for _ in range(2000):
        logit = rng.normal(0.5, 2, size=300)
        happened = rng.random(300) < special.expit(0.4 + 0.7 * logit)
        found = fit(happened, special.expit(logit))
        covered += [holds(found.slope, 0.7), holds(found.intercept, 0.4)]
    assert (covered / 2000 >= 0.935).all(), covered
    assert (covered / 2000 <= 0.965).all(), covered


@pytest.mark.slow
def test_sandwich_intervals_cover_where_plain_ones_do_not() -> None:
    rng = np.random.default_rng(10)
    groups = np.repeat(np.arange(60), 8)
    robust, plain = np.zeros(3), np.zeros(3)
    for _ in range(1500):
        # Calibrated: each outcome follows its probability, but those of one group are correlated by 0.6.
        logit = rng.normal(1, 1.5, size=(60, 1)) + rng.normal(0, 0.5, size=(60, 8))
        shared = math.sqrt(0.6) * rng.standard_normal((60, 1)) + math.sqrt(0.4) * rng.standard_normal((60, 8))
        happened = (stats.norm.cdf(shared) < special.expit(logit)).ravel()
        found = fit(happened, special.expit(logit).ravel(), groups=groups)
        truths = list(zip(measures(found), (1, 0, 0), strict=True))
        robust += [holds(measure, truth, kind="clustered") for measure, truth in truths]
        plain += [holds(measure, truth) for measure, truth in truths]
    assert (robust / 1500 >= 0.92).all(), robust
    assert (robust / 1500 <= 0.97).all(), robust
    assert (plain / 1500 < 0.9).all(), plain
