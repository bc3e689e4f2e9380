"""How the head lies in the picture: turned, shifted, zoomed. What comes in from outside has the grey of the edge."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def turned(grey: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Return the picture turned about its middle, counter-clockwise."""
    return warped(grey, turning(grey.shape, degrees))


def turning(shape: tuple[int, ...], degrees: float) -> NDArray[np.float64]:
    """Return the affine map (2, 3) that turns a picture (h, w) about its middle, counter-clockwise."""
    height, width = shape
    return np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), dtype=np.float64)


def shifted(grey: NDArray[np.uint8], *, right: int, down: int) -> NDArray[np.uint8]:
    """Return the picture shifted by whole pixels."""
    return warped(grey, shifting(right=right, down=down))


def shifting(*, right: int, down: int) -> NDArray[np.float64]:
    """Return the affine map (2, 3) that shifts a picture by whole pixels."""
    return np.array([[1, 0, right], [0, 1, down]], dtype=np.float64)


def zoomed(grey: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Return the middle of the picture, enlarged to its size: what lies farther out is cut off."""
    height, width = grey.shape
    return warped(grey, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, scale))


def warped(grey: NDArray[np.uint8], matrix: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the picture under an affine map ``(2, 3)``, filled up with the median of its edge: usually black."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    size, background = (grey.shape[1], grey.shape[0]), float(np.median(edge))
    moved = cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR, borderValue=background)
    return np.asarray(moved, dtype=np.uint8)
