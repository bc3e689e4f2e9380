"""Fewer points for the same line: what a figure needs of a curve with many corners."""

import heapq
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError

MOST: Final = 300  # points of a curve
UNSEEN: Final = 5e-4  # of an axis from 0 to 1: a quarter of a pixel in a figure of 500


def thinned(
    x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], *, most: int = MOST, tolerance: float = UNSEEN
) -> NDArray[np.intp]:
    """Return the indices, rising, of the points of a line ``x``, ``y`` (p,) that suffice to draw it.

    Both ends are kept. Of all points the one farthest from the line drawn so far is added, until none is farther than
    ``tolerance`` in either direction, or ``most`` points (2 or more) are kept. Raises ``InputError`` for lengths that
    differ and for fewer than 2 points to keep.

    Source: Douglas & Peucker, Cartographica 1973;10:112-122, the farthest point of all segments first.
    """
    if x.ndim != 1 or x.shape != y.shape or most < 2:
        raise InputError(f"thinned: expected points (p,) and 2 or more to keep, found {x.shape}, {y.shape} and {most}.")
    n = len(x)
    if n <= 2:
        return np.arange(n)
    kept = {0, n - 1}
    segments = [_farthest(x, y, 0, n - 1)]
    while segments and len(kept) < most:
        negative_distance, first, middle, last = heapq.heappop(segments)
        if -negative_distance <= tolerance:
            break
        kept.add(middle)
        for start, end in ((first, middle), (middle, last)):
            if end - start > 1:
                heapq.heappush(segments, _farthest(x, y, start, end))
    return np.array(sorted(kept), dtype=np.intp)


def _farthest(
    x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], first: int, last: int
) -> tuple[float, int, int, int]:
    """Return minus the distance of the inner point farthest from the chord, and first, that point, last."""
    run, rise = float(x[last] - x[first]), float(y[last] - y[first])
    right, up = x[first + 1 : last] - x[first], y[first + 1 : last] - y[first]
    length = run * run + rise * rise
    along = np.clip((right * run + up * rise) / length, 0.0, 1.0) if length else np.zeros(len(right))
    distance = np.hypot(right - along * run, up - along * rise)
    middle = int(np.argmax(distance))
    return -float(distance[middle]), first, first + 1 + middle, last
