"""Similar cases: worked by hand, the same as scikit-learn, and the search at scale."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from neuroval.analysis.explanations.nearest_cases import nearest, search_space
from neuroval.data.exceptions import InputError

VECTORS = np.array([[0, 0], [3, 4], [0, 1], [6, 8], [0, 1]], dtype=np.float16)
ALL = np.ones(5, dtype=np.bool_)


def test_distances_by_hand() -> None:
    found = nearest(search_space(VECTORS, among=ALL), VECTORS[0], k=3, leave_out=0)
    assert found.rows.tolist() == [2, 4, 1]  # the two at the same place in order of their rows
    assert found.distances.tolist() == [1.0, 1.0, 5.0]
    assert found.typical == 1.0  # of 1, 1, 5, 10: the lower of the middle two
    assert found.relative == (1.0, 1.0, 5.0)


def test_only_the_cases_of_the_space_are_found() -> None:
    among = np.array([False, True, False, True, False])
    found = nearest(search_space(VECTORS, among=among), VECTORS[0], k=8, leave_out=0)
    assert found.rows.tolist() == [1, 3]
    assert found.distances.tolist() == [5.0, 10.0]


def test_a_case_is_not_its_own_neighbour_but_its_copy_is() -> None:
    found = nearest(search_space(VECTORS, among=ALL), VECTORS[2], k=1, leave_out=2)
    assert (found.rows.tolist(), found.distances.tolist(), found.relative) == ([4], [0.0], (0.0,))


def test_without_a_case_to_find_nothing_is_typical() -> None:
    for among, leave_out in ((np.zeros(5, dtype=np.bool_), None), (np.arange(5) == 1, 1)):
        found = nearest(search_space(VECTORS, among=among), VECTORS[1], k=3, leave_out=leave_out)
        assert (found.rows.tolist(), found.typical, found.relative) == ([], None, ())


def test_where_most_are_the_same_image_the_others_are_far() -> None:
    vectors = np.array([[1.0], [1.0], [1.0], [2.0]])
    found = nearest(search_space(vectors, among=np.ones(4, dtype=np.bool_)), vectors[0], k=3, leave_out=0)
    assert found.relative == (0.0, 0.0, float("inf"))


@given(seed=st.integers(0, 10_000), n=st.integers(1, 300), k=st.integers(1, 12))
def test_the_same_neighbours_as_scikit_learn(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 6)).astype(np.float16)
    query = rng.normal(size=6).astype(np.float16)
    found = nearest(search_space(vectors, among=np.ones(n, dtype=np.bool_)), query, k=k)
    search = NearestNeighbors(n_neighbors=min(k, n), algorithm="brute").fit(vectors.astype(np.float64))
    distances, rows = search.kneighbors(query.astype(np.float64)[None])
    np.testing.assert_allclose(found.distances, distances[0], rtol=1e-6)
    assert found.rows.tolist() == rows[0].tolist()
    assert found.typical is not None
    assert found.typical >= 0


def test_close_neighbours_far_from_the_origin_are_told_apart() -> None:
    vectors = (1000 + np.arange(40) / 2)[:, None].astype(np.float64)
    found = nearest(search_space(vectors, among=np.ones(40, dtype=np.bool_)), vectors[20], k=2, leave_out=20)
    assert found.rows.tolist() == [19, 21]
    assert found.distances.tolist() == [0.5, 0.5]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="expected \\(n, c\\)"):
        search_space(VECTORS, among=ALL[:3])
    with pytest.raises(InputError, match="expected a vector of 2"):
        nearest(search_space(VECTORS, among=ALL), np.zeros(3), k=1)


@pytest.mark.slow
def test_a_search_among_a_million_cases_takes_milliseconds() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((1_000_000, 64), dtype=np.float32).astype(np.float16)
    space = search_space(vectors, among=np.ones(len(vectors), dtype=np.bool_))
    times = []
    for row in range(5):
        start = time.perf_counter()
        nearest(space, vectors[row], k=8, leave_out=row)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5  # about 0.05 s on two free cores
