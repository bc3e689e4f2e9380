"""A thinned line looks the same: no point of the curve lies farther from it than is allowed."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.performance.roc import precision_recall_curve, roc_curve
from neuroval.analysis.performance.thinning import MOST, UNSEEN, thinned
from neuroval.data.exceptions import InputError


def farthest(x: np.ndarray, y: np.ndarray, kept: np.ndarray) -> float:
    """The largest distance of a point from the piece of the thinned line that stands for it."""
    worst = 0.0
    for first, last in itertools.pairwise(kept):
        start, chord = np.array([x[first], y[first]]), np.array([x[last] - x[first], y[last] - y[first]])
        points = np.column_stack([x[first : last + 1], y[first : last + 1]]) - start
        length = chord @ chord
        along = np.clip(points @ chord / length, 0, 1) if length else np.zeros(len(points))
        worst = max(worst, float(np.linalg.norm(points - along[:, None] * chord, axis=1).max()))
    return worst


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=80))
def test_no_point_lies_off_the_line(points: list[tuple[int, int]]) -> None:
    x, y = (np.array(column) / 50 for column in zip(*points, strict=True))
    kept = thinned(x, y)
    assert (kept[0], kept[-1]) == (0, len(x) - 1)
    assert (np.diff(kept) > 0).all()
    assert farthest(x, y, kept) <= UNSEEN


def test_points_on_a_straight_line_are_left_out() -> None:
    x = np.linspace(0, 1, 101)
    assert thinned(x, x).tolist() == [0, 100]
    corner = np.maximum(x - 0.5, 0)
    assert thinned(x, corner).tolist() == [0, 50, 100]


@pytest.mark.parametrize("curve", ["roc", "precision_recall"])
def test_a_curve_of_many_cases_is_some_hundred_points_and_looks_the_same(curve: str) -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(100_000) < 0.3
    scores = rng.normal(positive * 1.5, 1.0)
    if curve == "roc":
        found = roc_curve(positive, scores)
        x, y = found.false_positive_rate, found.sensitivity
    else:
        other = precision_recall_curve(positive, scores)
        x, y = other.recall, other.precision
    started = time.perf_counter()
    kept = thinned(x, y)
    assert time.perf_counter() - started < 2
    assert len(x) > 20_000
    assert len(kept) <= MOST
    assert farthest(x, y, kept) < 0.002  # a pixel in a figure of 500


def test_no_more_points_than_asked_for_and_the_farthest_first() -> None:
    x = np.arange(7.0)
    y = np.array([0, 1, 0, 5, 0, 1, 0.0])
    assert thinned(x, y, most=3).tolist() == [0, 3, 6]
    assert thinned(x[:1], y[:1]).tolist() == [0]
    assert thinned(x[:0], y[:0]).tolist() == []


@pytest.mark.parametrize(("x", "y", "most"), [(np.zeros(3), np.zeros(2), 9), (np.zeros(3), np.zeros(3), 1)])
def test_what_is_no_line_is_refused(x: np.ndarray, y: np.ndarray, most: int) -> None:
    with pytest.raises(InputError, match="thinned: expected points"):
        thinned(x, y, most=most)


def test_past_the_end_of_the_line_the_distance_is_that_from_the_end() -> None:
    """By hand, from (0, 0) to (1, 1): (0.9, 2) lies 1.005 from the end, and only 0.778 from the line drawn on; the
    other point lies 0.9 from the line.
    """
    x, y = np.array([0, 0.1, 0.9, 1]), np.array([0, 1.373, 2, 1])
    assert thinned(x, y, most=3).tolist() == [0, 2, 3]
