"""Random changes to a training image that leave its class as it is."""

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_ROTATION = 10.0  # degrees
MAX_SCALE = 0.1
MAX_SHIFT = 0.05  # of the side
MAX_CONTRAST = 0.15


def augment(pixels: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the square image mirrored, turned, scaled, shifted and changed in contrast, all at random."""
    size = pixels.shape[0]
    angle, scale = rng.uniform(-MAX_ROTATION, MAX_ROTATION), 1 + rng.uniform(-MAX_SCALE, MAX_SCALE)
    transform = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
    transform[:, 2] += rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * size
    moved = cv2.warpAffine(pixels, transform, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    if rng.random() < 0.5:
        moved = moved[:, ::-1]
    contrast = 1 + rng.uniform(-MAX_CONTRAST, MAX_CONTRAST)
    return np.asarray(cv2.convertScaleAbs(moved, alpha=contrast), dtype=np.uint8)
