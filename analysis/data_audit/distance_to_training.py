"""Accuracy by how far a case lies from the nearest one that the network was fitted on, as the network sees them.

Test scans that look like a training scan are called rightly by recognition. Whether accuracy lasts farther out is seen
where the evaluated cases are put in order of that distance. It is the Euclidean distance of the embeddings that a study
keeps: the principal components of the last layer before the classes.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of

QUARTERS: Final = 4
AT_ONCE: Final = 2**24  # distances in memory
TYPICAL_OF: Final = 256  # cases, spread evenly, that the typical distance is taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """The cases whose distance lies from ``low`` to ``high``, as shares of the typical distance, and their accuracy."""

    low: float
    high: float
    n: int
    accuracy: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDistance:
    """The evaluated cases in quarters by their distance to the nearest training case, the nearest quarter first.

    ``typical`` is the median distance of an evaluated case to any training case; ``without_embedding`` cases are left
    out. Where there is nothing to tell, ``quarters`` is empty and ``reason`` says why. Cases of equal distance are in
    one quarter, so that quarters may differ in size, or be fewer.
    """

    quarters: tuple[Quarter, ...]
    typical: float | None
    without_embedding: int
    reason: Reason | None


def nothing(reason: Reason) -> ByDistance:
    """Return that there is nothing to tell, and why."""
    return ByDistance(quarters=(), typical=None, without_embedding=0, reason=reason)


def accuracy_by_distance(
    vectors: NDArray[np.floating[Any]],
    training: NDArray[np.floating[Any]],
    right: NDArray[np.bool_],
    *,
    groups: NDArray[np.int64],
    without_embedding: int = 0,
    level: float = 0.95,
) -> ByDistance:
    """Return the accuracy by quarter of the distance to the nearest training case.

    ``vectors`` (n, c) are the embeddings of evaluated cases, ``training`` (m, c) those of the cases that the network
    was fitted on; ``right`` (n,) says whether the call is right, ``groups`` (n,) are the groups of the cases.
    """
    if not len(training):
        return nothing(Reason("no_training_cases"))
    if not len(vectors):
        return nothing(Reason("no_cases"))
    distance, typical = distances(vectors, training)
    edges = np.unique(np.quantile(distance, np.arange(1, QUARTERS) / QUARTERS))
    place = np.searchsorted(edges, distance, side="left")
    scale = typical or 1.0
    quarters = [
        Quarter(
            low=float(distance[among].min()) / scale,
            high=float(distance[among].max()) / scale,
            n=int(among.sum()),
            accuracy=share_of(right[among], groups=groups[among], level=level),
        )
        for number in range(QUARTERS)
        if (among := place == number).any()
    ]
    return ByDistance(quarters=tuple(quarters), typical=typical, without_embedding=without_embedding, reason=None)


def distances(
    vectors: NDArray[np.floating[Any]], training: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float64], float]:
    """Return the distance (n,) of each vector (n, c) to the nearest of ``training`` (m, c), and the typical one.

    The typical distance is the median over some of the vectors, spread evenly, of the median distance to all training
    cases. The nearest case is sought in float32 by |a|^2 - 2ab + |b|^2; its distance is then computed exactly, so that
    copies are 0 apart.
    """
    known, wanted = training.astype(np.float32), vectors.astype(np.float32)
    squares = np.einsum("ij,ij->i", known, known)
    nearest = np.empty(len(wanted), dtype=np.int64)
    rows = max(1, AT_ONCE // len(known))
    for start in range(0, len(wanted), rows):
        part = wanted[start : start + rows]
        nearest[start : start + rows] = (squares - 2 * (part @ known.T)).argmin(axis=1)
    spread = wanted[:: max(1, len(wanted) // TYPICAL_OF)]
    middle = [np.median(squares - 2 * (known @ vector)) + vector @ vector for vector in spread]
    apart = vectors.astype(np.float64) - training[nearest].astype(np.float64)
    return np.linalg.norm(apart, axis=1), float(np.sqrt(max(0.0, float(np.median(middle)))))
