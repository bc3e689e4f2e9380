"""A decoded image, grey values as 8 bits, and room in memory for the images of all workers together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError

MAX_PIXELS: Final = 50_000_000
AT_ONCE: Final = 1 << 20  # grey values that are scaled at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanImage:
    """One decoded image: ``pixels`` uint8 (height, width, 3), RGB, upright; ``file_format`` as Pillow names it."""

    pixels: NDArray[np.uint8]
    file_format: str


class Room:
    """Room for so many pixels: images beyond it wait, so memory does not grow with the number of workers."""

    def __init__(self, pixels: int) -> None:
        self._pixels = self._free = pixels
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Wait for room for an image and hold it. An image larger than all the room has it alone."""
        pixels = min(pixels, self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: pixels <= self._free)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


room = Room(MAX_PIXELS)  # of the whole process: one image of the largest size, or hundreds of usual ones


def spread(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return grey values spread over 0..255, from the smallest to the largest.

    Piece by piece: a whole copy in float64 would take 8 bytes a pixel. Raises ``ImageError`` if one is not finite.
    """
    low, high = float(grey.min()), float(grey.max())
    if not np.isfinite([low, high]).all():
        raise ImageError("grey values are not finite")
    spread = np.zeros(grey.shape, dtype=np.uint8)
    if low == high:
        return spread
    values, out = grey.reshape(-1), spread.reshape(-1)
    for start in range(0, values.size, AT_ONCE):
        piece = values[start : start + AT_ONCE].astype(np.float64)
        out[start : start + AT_ONCE] = np.rint((piece - low) * (255.0 / (high - low)))
    return spread
