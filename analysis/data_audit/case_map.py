"""A map of the cases: the two directions in which the network's view of them varies most, and who lies beside whom."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

NEIGHBOURS: Final = 10
LOOKED_AT: Final = 30  # nearest points among which those of other groups are sought
SAMPLED: Final = 5000  # cases whose neighbours are counted, of more


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """How often the nearest cases of other groups share a value: ``share`` of them, and ``by_chance``.

    ``by_chance`` is the probability that two cases drawn at random share it. Of ``n`` cases neighbours were counted.
    """

    share: float
    by_chance: float
    n: int


def neighbours_alike(
    places: NDArray[np.floating[Any]],
    codes: NDArray[np.integer[Any]],
    groups: NDArray[np.integer[Any]],
    *,
    rng: np.random.Generator,
) -> Alike | None:
    """Return how often the ten nearest cases on a map ``(n, 2)`` share a value, none where there is nothing to count.

    ``codes`` (n,) are the values, -1 where unknown: such cases are left out. ``groups`` (n,) are those whose own cases
    do not count as neighbours, since slices of one patient lie together whatever the network sees. Of more than 5,000
    cases a random sample is asked; neighbours are sought among all, the thirty nearest at most.
    """
    known = np.flatnonzero(codes >= 0)
    values, owners, points = codes[known], groups[known], np.asarray(places, dtype=np.float64)[known]
    counts = np.bincount(values) if len(known) else np.zeros(0, dtype=np.int64)
    if (counts > 0).sum() < 2:
        return None
    asked = np.arange(len(known)) if len(known) <= SAMPLED else rng.choice(len(known), SAMPLED, replace=False)
    nearest = cKDTree(points).query(points[asked], k=min(LOOKED_AT + 1, len(known)))[1]
    strange = owners[nearest] != owners[asked][:, None]
    counted = strange & (np.cumsum(strange, axis=1) <= NEIGHBOURS)
    if not counted.any():
        return None
    same = values[nearest] == values[asked][:, None]
    shares = counts / len(known)
    return Alike(share=float(same[counted].mean()), by_chance=float((shares**2).sum()), n=len(asked))


def inside(places: NDArray[np.floating[Any]], corners: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return which places ``(n, 2)`` lie in the polygon with those corners ``(m, 2)``.

    A ray to the right of such a place crosses the edges an odd number of times. Fewer than three corners hold nothing.
    Source: Shimrat, Algorithm 112, Commun ACM 1962;5:434.
    """
    x, y = np.asarray(places, dtype=np.float64).T
    within = np.zeros(len(x), dtype=np.bool_)
    if len(corners) < 3:
        return within
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            within ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return within
