"""Components: those of scikit-learn, the same each time, and written beside what the model folder holds."""

from pathlib import Path

import numpy as np
import pytest

from neuroval.model.inference.mc_dropout import Head, read_head, write_head
from neuroval.model.likeness.components import fit, read_components, write_components

RNG = np.random.default_rng(11)


def test_distances_are_those_of_the_embeddings() -> None:
    # Three directions hold all that varies: as many components keep every distance.
    embedding = (RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 40))).astype(np.float32)
    vectors = fit(embedding).project(embedding).astype(np.float64)
    for a, b in ((0, 1), (5, 80), (199, 100)):
        expected = np.linalg.norm(embedding[a] - embedding[b])
        assert np.linalg.norm(vectors[a] - vectors[b]) == pytest.approx(expected, rel=0.01)


def test_there_are_64_at_most_and_no_more_than_the_cases_allow() -> None:
    assert fit(RNG.normal(size=(300, 100))).directions.shape == (64, 100)
    assert fit(RNG.normal(size=(300, 8))).directions.shape == (8, 8)
    assert fit(RNG.normal(size=(2, 8))).directions.shape == (1, 8)


def test_the_order_of_cases_changes_no_sign() -> None:
    embedding = RNG.normal(size=(300, 12)) * np.arange(1, 13)
    one, other = fit(embedding), fit(embedding[::-1])
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-3)


def test_components_are_read_as_written_beside_the_head(tmp_path: Path) -> None:
    head = Head(kernels=(np.ones((4, 2), np.float32),), biases=(np.zeros(2, np.float32),), dropout=0.25)
    components = fit(RNG.normal(size=(50, 4)))
    assert read_components(tmp_path) is None
    write_head(tmp_path, head)
    assert read_components(tmp_path) is None
    write_components(tmp_path, components)
    found = read_components(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.mean, components.mean)
    np.testing.assert_array_equal(found.directions, components.directions)
    assert read_head(tmp_path).dropout == 0.25


def test_a_trained_model_brings_the_components_of_its_training_cases(toy_model: Path) -> None:
    brought = read_components(toy_model)
    assert brought is not None
    assert len(brought.directions) == 35  # of 48 training images, 12 are set aside for tuning


def test_a_row_has_the_same_components_in_any_batch() -> None:
    """Products of matrices round by the number of rows: parts of a journal may not differ by their size."""
    embedding = np.random.default_rng(8).normal(size=(64, 1280)).astype(np.float32)
    components = fit(embedding)
    whole = components.project(embedding)
    for size in (1, 3, 7, 32):
        parts = [components.project(embedding[start : start + size]) for start in range(0, 64, size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
