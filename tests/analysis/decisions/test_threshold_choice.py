"""A threshold chosen on tuning cases, by hand and at the edges, and what it does on others."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.decisions.threshold_choice import at_threshold, choose_threshold, operating_point
from neuroval.data.exceptions import InputError

TUNING = np.array([True, True, True, True, True, False, False, False])
TUNING_SCORES = np.array([0.95, 0.9, 0.7, 0.7, 0.2, 0.8, 0.3, 0.1])


@pytest.mark.parametrize(
    ("target", "threshold", "found", "cleared"),
    [
        (0.2, 0.95, 1, 3),  # 1 of 5 is exactly the target
        (0.21, 0.9, 2, 3),
        (0.41, 0.7, 4, 2),  # the third and the fourth tumour have one score: both are called
        (0.6, 0.7, 4, 2),
        (0.8, 0.7, 4, 2),
        (0.81, 0.2, 5, 1),
        (1.0, 0.2, 5, 1),
    ],
)
def test_the_threshold_by_hand(target: float, threshold: float, found: int, cleared: int) -> None:
    chosen = choose_threshold(TUNING, TUNING_SCORES, target=target)
    assert (chosen.value, chosen.target, chosen.reason) == (threshold, target, None)
    assert (chosen.sensitivity.count, chosen.sensitivity.n) == (found, 5)
    assert (chosen.specificity.count, chosen.specificity.n) == (cleared, 3)
    assert chosen.sensitivity.low is None
    assert chosen.sensitivity.reason == chosen.specificity.reason == Reason("chosen_on_these_cases")


@pytest.mark.parametrize(("target", "n", "count"), [(0.07, 100, 7), (0.29, 100, 29), (math.nextafter(2 / 3, 1), 3, 3)])
def test_a_share_that_equals_the_target_is_enough_whatever_the_product_rounds_to(
    target: float, n: int, count: int
) -> None:
    chosen = choose_threshold(np.ones(n, dtype=bool), np.arange(n) / n, target=target)
    assert chosen.sensitivity.count == count


@st.composite
def tuning_cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    cases = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=60))
    positives, scores = zip(*cases, strict=True)
    return np.array(positives), np.array(scores) / 20


@given(tuning_cases(), st.floats(0.01, 1.0))
def test_no_higher_threshold_reaches_the_target(cases: tuple[np.ndarray, np.ndarray], target: float) -> None:
    positives, scores = cases
    chosen = choose_threshold(positives, scores, target=target)
    if not positives.any():
        assert chosen.value is None
        return
    reached = [score for score in scores if (scores[positives] >= score).mean() >= target]
    assert chosen.value == max(reached)
    just_above = np.nextafter(chosen.value, 2)
    assert (scores[positives] >= just_above).mean() < target


def test_the_threshold_is_the_first_point_of_the_roc_curve_that_reaches_the_target() -> None:
    rng = np.random.default_rng(8)
    positives = rng.random(500) < 0.6
    scores = np.round(rng.beta(np.where(positives, 3, 1), np.where(positives, 1, 3)), 2)
    _, sensitivity, thresholds = roc_curve(positives, scores, drop_intermediate=False)
    for target in (0.5, 0.9, 0.98, 1.0):
        expected = thresholds[np.argmax(sensitivity >= target)]
        assert choose_threshold(positives, scores, target=target).value == expected


@given(tuning_cases(), st.randoms())
def test_the_order_of_cases_does_not_matter(cases: tuple[np.ndarray, np.ndarray], random: Any) -> None:
    positives, scores = cases
    order = random.sample(range(len(positives)), len(positives))
    chosen = [choose_threshold(positives[by], scores[by], target=0.9) for by in (np.arange(len(order)), order)]
    assert chosen[0] == chosen[1]


def test_the_point_on_other_cases_by_hand() -> None:
    positives = np.array([True, True, True, False, False, False, False])
    scores = np.array([0.9, 0.7, 0.69, 0.7, 0.5, 0.1, 0.1])
    point = operating_point(
        positives, scores, tuning_positives=TUNING, tuning_scores=TUNING_SCORES, target=0.8, method="jeffreys"
    )
    result = point.result
    assert (point.chosen.value, result.threshold, result.n) == (0.7, 0.7, 7)
    assert result.counts == TwoByTwo(tp=2, fp=1, fn=1, tn=3)
    assert result.sensitivity.plain == proportion(2, 3, method="jeffreys")
    assert result.specificity.plain == proportion(3, 4, method="jeffreys")
    assert result.referred.plain == proportion(3, 7, method="jeffreys")
    assert result.sensitivity.clustered is None


def test_groups_give_the_cluster_adjusted_rates_of_their_own_cases() -> None:
    rng = np.random.default_rng(9)
    positives, groups = rng.random(200) < 0.5, pd.Series(rng.integers(0, 50, size=200), index=range(1000, 1200))
    scores = rng.beta(np.where(positives, 3, 1), np.where(positives, 1, 3))
    result = at_threshold(positives, scores, threshold=0.5, groups=groups, level=0.9)
    codes = groups.to_numpy()
    called = scores >= 0.5
    assert result.sensitivity.clustered == clustered_proportion(called[positives], codes[positives], level=0.9)
    assert result.specificity.clustered == clustered_proportion(~called[~positives], codes[~positives], level=0.9)
    assert result.referred.clustered == clustered_proportion(called, codes, level=0.9)
    assert result.referred.plain == proportion(int(called.sum()), 200, level=0.9)


@pytest.mark.parametrize(
    ("tuning", "reason"), [([], Reason("no_tuning_cases")), ([False, False], Reason("no_tumour_in_tuning"))]
)
def test_without_a_tumour_to_tune_on_nothing_is_estimable(tuning: list[bool], reason: str) -> None:
    point = operating_point(
        TUNING,
        TUNING_SCORES,
        tuning_positives=np.array(tuning, dtype=bool),
        tuning_scores=np.full(len(tuning), 0.5),
        target=0.98,
    )
    assert (point.chosen.value, point.chosen.reason) == (None, reason)
    assert (point.result.threshold, point.result.counts, point.result.n) == (None, None, 8)
    for estimate in (
        point.chosen.sensitivity,
        point.chosen.specificity,
        point.result.sensitivity.plain,
        point.result.specificity.plain,
        point.result.referred.plain,
    ):
        assert (estimate.value, estimate.reason) == (None, reason)


@pytest.mark.parametrize(
    ("positives", "sensitivity", "specificity", "referred"),
    [
        ([], Reason("no_cases"), Reason("no_cases"), Reason("no_cases")),
        ([False, False], Reason("no_reference_cases", of="any tumour"), None, None),
        ([True, True], None, Reason("no_reference_cases_without_tumour"), None),
    ],
)
def test_rates_without_cases_behind_them_are_undefined(
    positives: list[bool], sensitivity: str | None, specificity: str | None, referred: str | None
) -> None:
    result = operating_point(
        np.array(positives, dtype=bool),
        np.linspace(0, 1, len(positives)),
        tuning_positives=TUNING,
        tuning_scores=TUNING_SCORES,
        target=0.8,
        groups=np.zeros(len(positives)),
    ).result
    assert result.sensitivity.plain.reason == sensitivity
    assert result.specificity.plain.reason == specificity
    assert result.referred.plain.reason == referred


def test_tuning_without_negatives_has_no_specificity() -> None:
    chosen = choose_threshold(np.array([True]), np.array([0.4]), target=0.98)
    assert (chosen.value, chosen.specificity.reason) == (0.4, Reason("no_reference_cases_without_tumour"))


def test_equal_scores_call_every_case() -> None:
    result = operating_point(
        TUNING, np.full(8, 0.5), tuning_positives=TUNING, tuning_scores=np.full(8, 0.5), target=0.5
    ).result
    assert result.counts == TwoByTwo(tp=5, fp=3, fn=0, tn=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"target": 0.0}, "target: 0.0 must be above 0 and at most 1"),
        ({"target": 98}, "target: 98"),
        ({"target": math.nan}, "target: nan"),
        ({"scores": TUNING_SCORES[:3]}, "expected booleans"),
        ({"tuning_positives": TUNING.astype(int)}, "expected booleans"),
        ({"scores": np.full(8, np.nan)}, "score of case 0"),
        ({"groups": np.zeros(3)}, "found 3 ids for 8 cases"),
        ({"level": 95}, "level: 95"),
        ({"level": 95, "tuning_positives": ~np.ones(8, dtype=bool)}, "level: 95"),
    ],
)
def test_impossible_input_is_refused(arguments: dict[str, Any], said: str) -> None:
    usable = {
        "positives": TUNING,
        "scores": TUNING_SCORES,
        "tuning_positives": TUNING,
        "tuning_scores": TUNING_SCORES,
        "target": 0.98,
    } | arguments
    with pytest.raises(InputError, match=said):
        operating_point(usable.pop("positives"), usable.pop("scores"), **usable)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="threshold: nan must be finite"):
        at_threshold(TUNING, TUNING_SCORES, threshold=math.nan)


def test_ppv_and_npv_are_of_the_cases_called_and_not_called() -> None:
    found = at_threshold(TUNING, TUNING_SCORES, threshold=0.7, groups=np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert (found.ppv.plain.count, found.ppv.plain.n) == (4, 5)
    assert (found.npv.plain.count, found.npv.plain.n) == (2, 3)
    called = TUNING_SCORES >= 0.7
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    assert found.ppv.clustered == clustered_proportion(TUNING[called], groups[called])
    assert found.npv.clustered == clustered_proportion(~TUNING[~called], groups[~called])


@pytest.mark.parametrize(
    ("threshold", "name", "reason"),
    [(0.99, "ppv", Reason("none_reaches_threshold")), (0.0, "npv", Reason("all_reach_threshold"))],
)
def test_a_call_that_is_never_made_has_no_predictive_value(threshold: float, name: str, reason: str) -> None:
    found = getattr(at_threshold(TUNING, TUNING_SCORES, threshold=threshold), name)
    assert (found.plain.value, found.plain.reason) == (None, reason)
