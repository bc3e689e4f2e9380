"""Which known cases look most alike to the network: nearest neighbours among its embeddings."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError

SPARE: Final = 32  # more candidates than asked for, before distances are computed exactly


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchSpace:
    """The cases that can be found: ``rows (m,)`` of a table of embeddings, made ready for one search after another.

    ``vectors (m, c)`` and their ``squares (m,)``, the squared lengths, are float32; all read-only.
    """

    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]
    squares: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """The nearest cases, nearest first: their ``rows (k,)`` in the table of embeddings and their ``distances (k,)``.

    ``typical`` is the median distance to all cases that could be found, and gives the distances a scale; none when
    there is no such case. Arrays are read-only.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    typical: float | None

    @property
    def relative(self) -> tuple[float, ...]:
        """Each distance as a share of the typical one: 0 is the same image to the network, 1 an ordinary one.

        With a typical distance of 0, where most cases are the same image to it, all are 0 or infinite.
        """
        return tuple(
            0.0 if not distance else distance / self.typical if self.typical else float("inf")
            for distance in self.distances.tolist()
        )


def search_space(vectors: NDArray[np.floating[Any]], *, among: NDArray[np.bool_]) -> SearchSpace:
    """Return the search space of the embeddings ``vectors (n, c)`` that are ``among (n,)`` the cases to be found.

    Raises ``InputError`` for lengths that differ.
    """
    if vectors.ndim != 2 or among.shape != vectors.shape[:1]:
        raise InputError(f"embeddings: expected (n, c) and a mask (n,), found {vectors.shape} and {among.shape}.")
    rows = np.flatnonzero(among).astype(np.int64)
    chosen = vectors[rows].astype(np.float32)
    squares = np.einsum("ij,ij->i", chosen, chosen)
    for array in (rows, chosen, squares):
        array.setflags(write=False)
    return SearchSpace(rows=rows, vectors=chosen, squares=squares)


def nearest(space: SearchSpace, query: NDArray[np.floating[Any]], *, k: int, leave_out: int | None = None) -> Nearest:
    """Return the ``k`` nearest cases of a search space to the embedding ``query (c,)`` by Euclidean distance.

    Fewer where the space holds fewer. ``leave_out`` is the row of the case itself. Equal distances are in order of
    their rows. The distance of principal components is that of the embeddings, but for what the components leave
    out. One search is one matrix-vector product: time grows with m c.
    """
    if query.shape != space.vectors.shape[1:]:
        raise InputError(f"query: expected a vector of {space.vectors.shape[1]}, found shape {query.shape}.")
    wanted = query.astype(np.float32)
    squared = space.squares - 2 * (space.vectors @ wanted) + wanted @ wanted
    itself = np.searchsorted(space.rows, -1 if leave_out is None else leave_out)
    kept = len(squared)
    if leave_out is not None and itself < len(space.rows) and space.rows[itself] == leave_out:
        squared[itself], kept = np.inf, kept - 1
    first = np.argpartition(squared, min(k + SPARE, len(squared) - 1))[: k + SPARE] if len(squared) else np.arange(0)
    first = first[np.isfinite(squared[first])]
    exact = np.linalg.norm(space.vectors[first].astype(np.float64) - query.astype(np.float64), axis=1)
    order = np.lexsort((space.rows[first], exact))[: min(k, kept)]
    rows, distances = space.rows[first[order]], exact[order]
    middle = (kept - 1) // 2
    typical = float(np.sqrt(max(0.0, np.partition(squared, middle)[middle]))) if kept else None
    for array in (rows, distances):
        array.setflags(write=False)
    return Nearest(rows=rows, distances=distances, typical=typical)
