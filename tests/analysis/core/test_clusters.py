from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.clusters import GroupTypes, group_types, single_cases
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.data.exceptions import InputError

grouped = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=60)


def as_counter(types: GroupTypes) -> Counter[tuple[int, ...]]:
    return Counter({tuple(row): int(n) for row, n in zip(types.cells.toarray().tolist(), types.number, strict=True)})


@given(grouped)
def test_types_are_the_distinct_matrices_of_the_groups(cases: list[tuple[int, int, int]]) -> None:
    reference, predicted, groups = np.array(cases).T
    expected: Counter[tuple[int, ...]] = Counter()
    for group in np.unique(groups):
        own = groups == group
        expected[tuple(np.bincount(reference[own] * 3 + predicted[own], minlength=9).tolist())] += 1
    assert as_counter(group_types(reference, predicted, groups, k=3)) == expected


@given(grouped, st.randoms())
def test_the_order_of_cases_does_not_matter(cases: list[tuple[int, int, int]], random: Any) -> None:
    one = group_types(*np.array(cases).T, k=3)
    other = group_types(*np.array(random.sample(cases, len(cases))).T, k=3)
    assert np.array_equal(one.cells.toarray(), other.cells.toarray())
    assert np.array_equal(one.number, other.number)


def test_single_cases_are_the_cells_that_hold_a_case() -> None:
    matrix = ConfusionMatrix(classes=("a", "b"), counts=np.array([[5, 0], [2, 7]]))
    types = single_cases(matrix)
    assert as_counter(types) == {(1, 0, 0, 0): 5, (0, 0, 1, 0): 2, (0, 0, 0, 1): 7}
    assert types.groups == types.cases == 14


def test_totals_and_support_are_per_group_of_a_type() -> None:
    types = group_types(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.array(["p", "p", "p", "q"]), k=2)
    order = np.argsort(types.cells.sum(axis=1))
    assert types.support[order].tolist() == [[0, 1], [2, 1]]
    assert types.totals(np.eye(2, dtype=bool))[order].tolist() == [1, 2]
    assert (types.groups, types.cases) == (2, 4)


def test_a_missing_group_is_refused() -> None:
    with pytest.raises(InputError, match="case 0"):
        group_types(np.array([0]), np.array([0]), np.array([None]), k=2)


class Colliding:
    """A generator whose numbers are all the same."""

    def integers(self, *_: Any, size: int, dtype: Any) -> Any:
        return np.ones(size, dtype=dtype)


def test_groups_whose_keys_collide_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, predicted = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 1, 1, 1, 0, 1])
    groups = np.array(["p", "p", "q", "q", "r", "r"])
    expected = as_counter(group_types(reference, predicted, groups, k=2))
    assert len(expected) == 3
    default_rng, seeds = np.random.default_rng, []

    def drawn(seed: int) -> Any:
        seeds.append(seed)
        return Colliding() if seed < 2 else default_rng(seed)

    monkeypatch.setattr(np.random, "default_rng", drawn)
    assert as_counter(group_types(reference, predicted, groups, k=2)) == expected
    assert seeds == [0, 1, 2]
