"""The map of cases: neighbours counted by hand, and polygons against their areas."""

import numpy as np
import pytest

from neuroval.analysis.data_audit.case_map import inside, neighbours_alike


def test_neighbours_that_share_a_value_are_counted() -> None:
    left, right = (
        np.column_stack([np.arange(12) / 100, np.zeros(12)]),
        np.column_stack([9 + np.arange(12) / 100, np.zeros(12)]),
    )
    places, codes = np.concatenate([left, right]), np.repeat([0, 1], 12)
    alike = neighbours_alike(places, codes, np.arange(24), rng=np.random.default_rng(0))
    assert alike is not None
    assert (alike.share, alike.by_chance, alike.n) == (1.0, 0.5, 24)
    mixed = neighbours_alike(places, np.tile([0, 1], 12), np.arange(24), rng=np.random.default_rng(0))
    assert mixed is not None
    assert mixed.share == pytest.approx(5 / 11, abs=0.06)  # of 11 others on one's side five share the value


def test_slices_of_one_group_are_no_neighbours() -> None:
    places = np.column_stack([np.repeat(np.arange(8), 4) + np.tile(np.arange(4) / 1000, 8), np.zeros(32)])
    codes, groups = np.repeat(np.arange(8) % 2, 4), np.repeat(np.arange(8), 4)
    alike = neighbours_alike(places, codes, groups, rng=np.random.default_rng(0))
    alone = neighbours_alike(places, codes, np.arange(32), rng=np.random.default_rng(0))
    assert alike is not None
    assert alone is not None
    assert alike.share < 0.3 < alone.share


def test_without_two_values_there_is_nothing_to_count() -> None:
    places, groups = np.zeros((5, 2)), np.arange(5)
    assert neighbours_alike(places, np.zeros(5, int), groups, rng=np.random.default_rng(0)) is None
    assert neighbours_alike(places, -np.ones(5, int), groups, rng=np.random.default_rng(0)) is None
    assert neighbours_alike(places, np.arange(5) % 2, np.zeros(5, int), rng=np.random.default_rng(0)) is None


def test_of_many_cases_a_sample_is_asked() -> None:
    rng = np.random.default_rng(1)
    places, codes = rng.normal(size=(20_000, 2)), rng.integers(0, 4, 20_000)
    alike = neighbours_alike(places, codes, np.arange(20_000), rng=rng)
    assert alike is not None
    assert alike.n == 5000
    assert alike.share == pytest.approx(alike.by_chance, abs=0.01)


def test_a_polygon_holds_what_is_in_it() -> None:
    places = np.random.default_rng(2).uniform(0, 1, (40_000, 2))
    square = np.array([[0.2, 0.2], [0.7, 0.2], [0.7, 0.7], [0.2, 0.7]])
    exact = ((places > 0.2) & (places < 0.7)).all(axis=1)
    np.testing.assert_array_equal(inside(places, square), exact)
    np.testing.assert_array_equal(inside(places, square[::-1]), exact)
    notched = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.4], [0.0, 1.0]])
    assert inside(places, notched).mean() == pytest.approx(0.7, abs=0.01)
    assert not inside(places, square[:2]).any()
