"""Random changes to a training image that leave its class as it is."""

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_ROTATION = 10.0  # degrees
MAX_SCALE = 0.1
MAX_SHIFT = 0.05  # of the side
MAX_CONTRAST = 0.15

Image = NDArray[np.uint8]


def augment(pixels: Image, outline: Image | None = None, *, rng: np.random.Generator) -> tuple[Image, Image | None]:
    """Return a square image mirrored, turned, scaled, shifted and changed in contrast, and its outline moved with it.

    ``outline`` is ``(size, size)``, or ``None`` where the case has none.
    """
    size = pixels.shape[0]
    angle, scale = rng.uniform(-MAX_ROTATION, MAX_ROTATION), 1 + rng.uniform(-MAX_SCALE, MAX_SCALE)
    transform = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
    transform[:, 2] += rng.uniform(-MAX_SHIFT, MAX_SHIFT, 2) * size
    mirrored = rng.random() < 0.5
    contrast = 1 + rng.uniform(-MAX_CONTRAST, MAX_CONTRAST)

    def move(image: Image, interpolation: int) -> Image:
        moved = cv2.warpAffine(image, transform, (size, size), flags=interpolation, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(moved[:, ::-1] if mirrored else moved, dtype=np.uint8)

    changed = cv2.convertScaleAbs(move(pixels, cv2.INTER_LINEAR), alpha=contrast)
    return np.asarray(changed, dtype=np.uint8), None if outline is None else move(outline, cv2.INTER_NEAREST)
