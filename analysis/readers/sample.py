"""A sample of cases to be read: errors and right calls alike, classes alike, by a seed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stratified(
    reference: NDArray[np.integer[Any]], wrong: NDArray[np.bool_], *, size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the rows of a sample in increasing order, of ``size`` where there are as many.

    Half are errors and half right calls, within each half as many of each class as of the others; what a stratum lacks
    the others give. ``reference`` (n,) are class indices, ``wrong`` (n,) says which calls are errors. Rates on such a
    sample are none of all cases: it holds more errors.
    """
    halves = [np.flatnonzero(wrong), np.flatnonzero(~wrong)]
    chosen = []
    for rows, number in zip(halves, _alike([len(rows) for rows in halves], size), strict=True):
        classes = np.unique(reference[rows])
        strata = [rows[reference[rows] == index] for index in classes]
        for stratum, part in zip(strata, _alike([len(stratum) for stratum in strata], number), strict=True):
            chosen.append(rng.permutation(stratum)[:part])
    return np.sort(np.concatenate(chosen)).astype(np.int64) if chosen else np.zeros(0, dtype=np.int64)


def _alike(available: list[int], total: int) -> list[int]:
    """Return how many to take of each: as equal as possible, no more than there are, ``total`` where possible."""
    taken = [0] * len(available)
    for _ in range(min(total, sum(available))):
        place = min((place for place in range(len(taken)) if taken[place] < available[place]), key=taken.__getitem__)
        taken[place] += 1
    return taken
