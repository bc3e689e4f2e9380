"""Groups of cases seen as confusion matrices: groups with the same matrix are one type.

A cluster-adjusted number needs to know how many groups there are of each type, and nothing else about them. There
are few types even when there are many groups, so what follows costs no more than it would for cells.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.proportions import group_codes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupTypes:
    """``number`` (t,) groups of each type; row t of ``cells`` (t, k * k) is the flat k x k matrix of such a group."""

    k: int
    cells: sparse.csr_array
    number: NDArray[np.int64]

    @property
    def groups(self) -> int:
        return int(self.number.sum())

    @property
    def cases(self) -> int:
        return int(self.number @ self.cells.sum(axis=1))

    def totals(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return per type (t,) the number of a group's cases in the cells where ``mask`` (k, k) is true."""
        totals: NDArray[np.int64] = self.cells @ mask.ravel().astype(np.int64)
        return totals

    @property
    def support(self) -> NDArray[np.int64]:
        """Cases of a group per reference class, (t, k)."""
        rows = np.repeat(np.eye(self.k, dtype=np.int64), self.k, axis=0)
        support: NDArray[np.int64] = self.cells @ rows
        return support


def single_cases(matrix: ConfusionMatrix) -> GroupTypes:
    """Return the types when every case is a group of its own: the cells of the matrix that hold a case."""
    flat = matrix.counts.ravel()
    held = np.flatnonzero(flat)
    cells = sparse.csr_array(
        (np.ones(len(held), dtype=np.int64), (np.arange(len(held)), held)), shape=(len(held), flat.size)
    )
    return GroupTypes(k=len(matrix.classes), cells=cells, number=flat[held])


def _alike(
    codes: NDArray[np.int64], cells: NDArray[np.int64], *, groups: int, size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first group of each type, (t,), and how many groups are like it.

    A million sparse matrices are compared by keys: the sum of random 64-bit numbers, one per cell, modulo 2^64. Equal
    matrices have equal keys. That groups of one key have equal matrices is looked at, and other numbers are drawn
    where they have not.
    """
    ordered = np.sort(codes * size + cells)  # case by case within each group, in the order of the cells
    sizes = np.bincount(codes, minlength=groups)
    starts = np.cumsum(sizes) - sizes
    held = ordered - np.repeat(np.arange(groups) * size, sizes)
    for seed in count():
        keys = np.zeros(groups, dtype=np.uint64)
        cell_keys = np.random.default_rng(seed).integers(2**64, size=size, dtype=np.uint64)
        np.add.at(keys, codes, cell_keys[cells])
        _, first, type_of, number = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        like = first[type_of]
        if (sizes == sizes[like]).all():
            places = np.arange(len(held)) + np.repeat(starts[like] - starts, sizes)  # of the same case of that group
            if (held == held[places]).all():
                return first, number
    raise AssertionError("unreachable")


def group_types(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    groups: NDArray[Any] | pd.Series,
    *,
    k: int,
) -> GroupTypes:
    """Return the types of the groups that the cases come in.

    ``reference`` and ``predicted`` are class indices (n,) below ``k``, ``groups`` a group id per case (n,).
    The order of cases has no influence. Raises ``InputError`` as ``group_codes`` does.
    """
    codes, labels = group_codes(groups, n=len(reference))
    cells = reference.astype(np.int64) * k + predicted
    held, number = types_of_cells(codes, cells, groups=len(labels), size=k * k)
    return GroupTypes(k=k, cells=held, number=number)


def types_of_cells(
    codes: NDArray[np.int64], cells: NDArray[np.int64], *, groups: int, size: int
) -> tuple[sparse.csr_array, NDArray[np.int64]]:
    """Return the cases per cell of a group of each type, (t, size), and how many groups there are of it, (t,).

    ``codes`` (n,) number the groups from 0 without a gap, ``cells`` (n,) are below ``size``.
    """
    first, number = _alike(codes, cells, groups=groups, size=size)
    type_of_group = np.full(groups, -1, dtype=np.int64)
    type_of_group[first] = np.arange(len(first))
    case_type = type_of_group[codes]
    shown = case_type >= 0
    held = sparse.coo_array(
        (np.ones(int(shown.sum()), dtype=np.int64), (case_type[shown], cells[shown])), shape=(len(first), size)
    )
    return held.tocsr(), number.astype(np.int64)
