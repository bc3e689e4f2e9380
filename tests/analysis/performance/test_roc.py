from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.auc_estimate import auc
from neuroval.analysis.performance.roc import average_precision, curves, precision_recall_curve, roc_curve
from neuroval.data.exceptions import InputError

cases = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=60)
Z = 1.959963984540054


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in rows]), np.array([s for _, s in rows], dtype=np.float64)


def test_the_curves_of_an_example_worked_by_hand() -> None:
    # From the highest score: + + - then a tie of + and -, then -.
    positive = np.array([True, True, False, True, False, False])
    scores = np.array([0.9, 0.8, 0.7, 0.4, 0.4, 0.1])
    roc = roc_curve(positive, scores)
    assert roc.thresholds.tolist() == [np.inf, 0.8, 0.7, 0.4, 0.1]
    assert roc.sensitivity == pytest.approx([0, 2 / 3, 2 / 3, 1, 1])
    assert roc.false_positive_rate == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    curve = precision_recall_curve(positive, scores)
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7, 0.4, 0.1]
    assert curve.precision == pytest.approx([1, 1, 2 / 3, 3 / 5, 1 / 2])
    assert curve.recall == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1, 1])
    assert curve.prevalence == 0.5
    assert average_precision(positive, scores).plain.value == pytest.approx((1 + 1 + 3 / 5) / 3)


@given(cases)
def test_the_roc_curve_is_that_of_sklearn_without_the_points_on_straight_lines(rows: list[tuple[bool, int]]) -> None:
    positive, scores = arrays(rows)
    assume(0 < positive.sum() < len(rows))
    ours = roc_curve(positive, scores)
    theirs = np.column_stack(metrics.roc_curve(positive, scores, drop_intermediate=False))
    points = np.column_stack([ours.false_positive_rate, ours.sensitivity, ours.thresholds])
    kept = [int(np.flatnonzero((theirs == point).all(axis=1))[0]) for point in points]
    assert kept[0] == 0
    assert kept[-1] == len(theirs) - 1
    for first, last in pairwise(kept):
        (x, y), (dx, dy) = theirs[first, :2], theirs[last, :2] - theirs[first, :2]
        between = theirs[first + 1 : last, :2] - (x, y)
        assert np.abs(between[:, 0] * dy - between[:, 1] * dx).max(initial=0) < 1e-12
    steps = np.diff(points[:, :2], axis=0)
    turns = steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0]
    assert np.abs(turns).min(initial=1) > 1e-9  # no point is left on a straight line
    assert metrics.auc(ours.false_positive_rate, ours.sensitivity) == pytest.approx(auc(positive, scores).plain.value)


@given(cases)
def test_the_precision_recall_curve_and_its_area_are_those_of_sklearn(rows: list[tuple[bool, int]]) -> None:
    positive, scores = arrays(rows)
    assume(0 < positive.sum() < len(rows))
    ours = precision_recall_curve(positive, scores)
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores, drop_intermediate=True)
    assert ours.thresholds[::-1].tolist() == thresholds.tolist()
    assert ours.precision[::-1] == pytest.approx(precision[:-1])
    assert ours.recall[::-1] == pytest.approx(recall[:-1])
    area = average_precision(positive, scores).plain
    assert area.value == pytest.approx(metrics.average_precision_score(positive, scores))
    assert area.low is None or 0 < area.low < area.value <= area.high <= 1


def test_the_golden_cases_give_the_curves_of_sklearn(four_class: pd.DataFrame) -> None:
    positive = (four_class["true"] == "glioma").to_numpy()
    scores = four_class["p_glioma"].to_numpy()
    roc = roc_curve(positive, scores)
    assert metrics.auc(roc.false_positive_rate, roc.sensitivity) == pytest.approx(0.8761200716846, abs=1e-12)
    area = average_precision(positive, scores, groups=four_class["patient_id"], name="glioma")
    expected = metrics.average_precision_score(positive, scores)
    half = Z / np.sqrt(36 * expected * (1 - expected))
    middle = special.logit(expected)
    bounds = (expected, special.expit(middle - half), special.expit(middle + half))
    assert (area.plain.value, area.plain.low, area.plain.high) == pytest.approx(bounds, abs=1e-12)
    assert (area.plain.method, area.plain.n) == (Method("logit_boyd"), 160)
    held = four_class["patient_id"][positive].nunique()
    assert area.clustered is not None
    assert area.clustered.method == Method("logit_boyd_on_groups", of="glioma", holding=held, groups=80)
    half = Z / np.sqrt(held * expected * (1 - expected))
    assert (area.clustered.low, area.clustered.high) == pytest.approx(
        (special.expit(middle - half), special.expit(middle + half))
    )
    assert area.headline is area.clustered


@given(cases, st.randoms())
def test_the_order_of_cases_does_not_matter(rows: list[tuple[bool, int]], random: Any) -> None:
    one, other = arrays(rows), arrays(random.sample(rows, len(rows)))
    first, second = roc_curve(*one), roc_curve(*other)
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.sensitivity, second.sensitivity)
    assert np.array_equal(first.false_positive_rate, second.false_positive_rate)
    assert np.array_equal(precision_recall_curve(*one).precision, precision_recall_curve(*other).precision)
    assert average_precision(*one) == average_precision(*other)


@settings(max_examples=30)
@given(cases)
def test_each_point_is_what_its_threshold_calls(rows: list[tuple[bool, int]]) -> None:
    positive, scores = arrays(rows)
    assume(0 < positive.sum() < len(rows))
    roc, curve = roc_curve(positive, scores), precision_recall_curve(positive, scores)
    for threshold, sensitivity, false_alarms in zip(
        roc.thresholds, roc.sensitivity, roc.false_positive_rate, strict=True
    ):
        assert sensitivity == np.mean(scores[positive] >= threshold)
        assert false_alarms == np.mean(scores[~positive] >= threshold)
    for threshold, precision in zip(curve.thresholds, curve.precision, strict=True):
        assert precision == np.mean(positive[scores >= threshold])


def test_perfect_scores_turn_once_and_average_precision_has_the_interval_of_a_rate() -> None:
    positive, scores = np.arange(50) >= 30, np.arange(50.0)
    roc = roc_curve(positive, scores)
    assert (roc.thresholds.tolist(), roc.sensitivity.tolist()) == ([np.inf, 30, 0], [0, 1, 1])
    assert roc.false_positive_rate.tolist() == [0, 0, 1]
    area = average_precision(positive, scores, groups=np.arange(50) // 5)
    for estimate, size in ((area.plain, 20), (area.clustered, 4)):
        assert (estimate.value, estimate.low, estimate.high) == (1.0, pytest.approx(proportion(size, size).low), 1.0)


def test_equal_scores_are_one_diagonal_and_the_prevalence() -> None:
    positive, scores = np.arange(10) < 3, np.full(10, 0.4)
    roc = roc_curve(positive, scores)
    assert (roc.thresholds.tolist(), roc.sensitivity.tolist()) == ([np.inf, 0.4], [0, 1])
    area = average_precision(positive, scores).plain
    assert (area.value, area.low, area.reason) == (pytest.approx(0.3), None, Reason("equal_scores"))


@pytest.mark.parametrize(
    ("positive", "reason"),
    [
        ([], Reason("no_cases")),
        ([True], Reason("no_reference_cases", of="another class")),
        ([False], Reason("no_reference_cases", of="glioma")),
        ([True, True], Reason("no_reference_cases", of="another class")),
    ],
)
def test_without_cases_of_a_side_there_is_no_curve_and_the_reason(positive: list[bool], reason: str) -> None:
    truth, scores = np.array(positive, dtype=bool), np.linspace(0.1, 0.9, len(positive))
    roc = roc_curve(truth, scores, name="glioma", other="another class")
    curve = precision_recall_curve(truth, scores, name="glioma", other="another class")
    area = average_precision(truth, scores, name="glioma", other="another class").headline
    assert (len(roc.thresholds), len(roc.sensitivity), roc.reason) == (0, 0, reason)
    assert (len(curve.thresholds), curve.prevalence, curve.reason) == (0, None, reason)
    assert (area.value, area.reason) == (None, reason)


def test_curves_cannot_be_written_to() -> None:
    positive, scores = np.array([True, False]), np.array([0.9, 0.2])
    for points in (roc_curve(positive, scores).sensitivity, precision_recall_curve(positive, scores).precision):
        with pytest.raises(ValueError, match="read-only"):
            points[0] = 0.5


def test_scores_that_cannot_be_ranked_are_refused() -> None:
    for make in (roc_curve, precision_recall_curve, average_precision):
        with pytest.raises(InputError, match="nan of case 1"):
            make(np.array([True, False]), np.array([0.1, np.nan]))
    with pytest.raises(InputError, match="level: 95"):
        average_precision(np.array([True, False]), np.array([0.1, 0.2]), level=95)


@pytest.mark.slow
def test_the_interval_of_average_precision_covers_and_is_wide() -> None:
    rng = np.random.default_rng(61)
    for shift, m, n in ((1.0, 100, 300), (2.0, 40, 160)):
        many = np.arange(800_000) < 800_000 * m // (m + n)
        truth = metrics.average_precision_score(many, rng.normal(size=800_000) + shift * many)
        positive = np.arange(m + n) < m
        areas = [average_precision(positive, rng.normal(size=m + n) + shift * positive).plain for _ in range(1000)]
        assert 0.94 <= np.mean([area.low is not None and area.low <= truth <= area.high for area in areas]) <= 1


@pytest.mark.slow
def test_the_clustered_interval_of_average_precision_covers_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(62)
    many = np.arange(800_000) < 200_000
    shift = np.sqrt(2) * stats.norm.ppf(0.85)
    truth = metrics.average_precision_score(many, rng.normal(size=800_000) + shift * many)
    groups = np.repeat(np.arange(160), 4)
    positive = groups < 40
    plain, clustered = 0, 0
    for _ in range(1000):
        noise = np.sqrt(0.5) * (rng.normal(size=160)[groups] + rng.normal(size=640))
        area = average_precision(positive, noise + shift * positive, groups=groups)
        plain += area.plain.low <= truth <= area.plain.high
        clustered += area.clustered.low <= truth <= area.clustered.high
    assert clustered / 1000 >= 0.95
    assert plain / 1000 < 0.90


def test_curves_for_drawing_are_the_curves_with_fewer_points() -> None:
    rng = np.random.default_rng(11)
    positive = rng.random(5000) < 0.3
    scores = rng.normal(positive * 1.0, 1.0)
    found = curves(positive, scores, groups=np.arange(5000) // 2)
    whole, recall = roc_curve(positive, scores), precision_recall_curve(positive, scores)
    assert len(found.roc.thresholds) <= 300 < len(whole.thresholds)
    assert set(found.roc.thresholds) <= set(whole.thresholds)
    assert set(found.precision_recall.thresholds) <= set(recall.thresholds)
    drawn = np.trapezoid(found.roc.sensitivity, found.roc.false_positive_rate)
    assert drawn == pytest.approx(np.trapezoid(whole.sensitivity, whole.false_positive_rate), abs=5e-4)
    assert found.average_precision == average_precision(positive, scores, groups=np.arange(5000) // 2)


def test_curves_of_one_side_say_why_there_are_none() -> None:
    found = curves(np.ones(3, dtype=bool), np.arange(3.0), other="none")
    reason = Reason("no_reference_cases", of="none")
    assert found.roc.reason == found.precision_recall.reason == found.average_precision.plain.reason == reason
    assert len(found.roc.thresholds) == 0
