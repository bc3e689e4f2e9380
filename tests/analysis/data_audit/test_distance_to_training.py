"""Accuracy by distance to training: against scikit-learn, by hand, and where there is nothing to tell."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.data_audit import distance_to_training as module
from neuroval.analysis.data_audit.distance_to_training import accuracy_by_distance, distances


def test_distances_are_those_of_scikit_learn_in_parts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    training, vectors = rng.normal(size=(200, 8)).astype(np.float16), rng.normal(size=(50, 8)).astype(np.float16)
    vectors[:5] = training[10:15]
    expected = NearestNeighbors(n_neighbors=200).fit(training.astype(float)).kneighbors(vectors.astype(float))[0]
    for at_once in (module.AT_ONCE, 7 * len(training)):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
        nearest, typical = distances(vectors, training)
        np.testing.assert_allclose(nearest, expected[:, 0], atol=1e-9)
        assert nearest[:5].tolist() == [0.0] * 5  # copies
        middle = np.median(np.median(expected**2, axis=1))
        assert typical == pytest.approx(np.sqrt(middle), rel=1e-3)


def test_quarters_by_hand() -> None:
    training = np.zeros((3, 2))
    vectors = np.array([[place, 0.0] for place in (1, 2, 3, 4, 5, 6, 7, 8)])[::-1]
    right = np.array([True] * 6 + [False, True])  # the second nearest is called wrongly
    told = accuracy_by_distance(vectors, training, right, groups=np.arange(8))
    assert told.typical == pytest.approx(4.5, rel=0.2)
    scale = told.typical or 1.0
    assert [(quarter.n, round(quarter.low * scale), round(quarter.high * scale)) for quarter in told.quarters] == [
        (2, 1, 2),
        (2, 3, 4),
        (2, 5, 6),
        (2, 7, 8),
    ]
    assert [quarter.accuracy.plain.count for quarter in told.quarters] == [1, 2, 2, 2]
    assert [quarter.accuracy.plain.n for quarter in told.quarters] == [2, 2, 2, 2]


def test_cases_of_equal_distance_are_in_one_quarter_and_groups_are_kept() -> None:
    training, vectors = np.zeros((3, 2)), np.zeros((8, 2))
    vectors[6:] = 2.0
    told = accuracy_by_distance(vectors, training, np.ones(8, np.bool_), groups=np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert [quarter.n for quarter in told.quarters] == [6, 2]
    assert told.quarters[0].accuracy.clustered is not None


def test_what_a_study_lacks_is_said() -> None:
    nobody, three = np.zeros((0, 2)), np.zeros((3, 2))
    right, groups = np.ones(3, np.bool_), np.arange(3)
    assert accuracy_by_distance(three, nobody, right, groups=groups).reason == Reason("no_training_cases")
    assert accuracy_by_distance(nobody, three, right[:0], groups=groups[:0]).reason == Reason("no_cases")
