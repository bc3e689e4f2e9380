"""The outline of a tumour: grown so that nothing of it stays, its surroundings, and shapes of it at other places."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

GROWN: Final = 0.025  # of the picture's longer side: see ``grown``
SURROUNDINGS: Final = 0.04  # of the longer side: width of the ring that grey levels are matched in


def grown(outline: NDArray[np.bool_], *, by: float = GROWN) -> NDArray[np.bool_]:
    """Return the outline grown on all sides by a part of the picture's longer side.

    Readers draw outlines along the middle of a tumour's enhancing rim, and resizing and JPEG spread that rim by two or
    three pixels of 224. Without growing a bright ring is left that still shows where the tumour was. 0.025 is 6 pixels
    of 224: the least after which no rim was seen in sheets of scans of each class.
    """
    return _dilated(outline, round(by * max(outline.shape)))


def surroundings(outline: NDArray[np.bool_], head: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the ring around an outline, inside the head; the whole ring where none of it is inside."""
    ring = _dilated(outline, round(SURROUNDINGS * max(outline.shape))) & ~outline
    return ring & head if (ring & head).any() else ring


def feather(outline: NDArray[np.bool_], *, within: float = 0.01) -> NDArray[np.float32]:
    """Return how much of a patch is seen at each pixel, 0 to 1: 1 inside, falling softly to 0 at the outline."""
    width = max(1.0, within * max(outline.shape))
    distance = cv2.distanceTransform(outline.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(np.clip(distance / (2 * width), 0, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Grey level and spread of a region: median, and 1.4826 times the median distance from it."""

    middle: float
    spread: float


def level_of(grey: NDArray[np.uint8], region: NDArray[np.bool_]) -> Level:
    """Return grey level and spread of a region that is not empty."""
    values = grey[region].astype(np.float64)
    middle = float(np.median(values))
    return Level(middle=middle, spread=1.4826 * float(np.median(np.abs(values - middle))))


def _dilated(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    if radius < 1:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(np.bool_)
