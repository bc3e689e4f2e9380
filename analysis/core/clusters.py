"""Groups of cases seen as confusion matrices: groups with the same matrix are one type.

A cluster-adjusted number needs to know how many groups there are of each type, and nothing else about them. There
are few types even when there are many groups, so what follows costs no more than it would for cells.
"""

from dataclasses import dataclass
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
    # Comparing a million sparse matrices: a group's key is the sum of random 64-bit numbers, one per cell, modulo
    # 2^64. Equal matrices have equal keys; unequal ones collide once in 10^7 data sets of a million groups.
    keys = np.zeros(len(labels), dtype=np.uint64)
    cell_keys = np.random.default_rng(0).integers(2**64, size=k * k, dtype=np.uint64)
    np.add.at(keys, codes, cell_keys[cells])
    _, first, number = np.unique(keys, return_index=True, return_counts=True)
    type_of_group = np.full(len(labels), -1, dtype=np.int64)
    type_of_group[first] = np.arange(len(first))
    case_type = type_of_group[codes]
    shown = case_type >= 0
    held = sparse.coo_array(
        (np.ones(int(shown.sum()), dtype=np.int64), (case_type[shown], cells[shown])), shape=(len(first), k * k)
    )
    return GroupTypes(k=k, cells=held.tocsr(), number=number.astype(np.int64))
