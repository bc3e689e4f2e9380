"""Random changes to a training image that leave its class as it is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.model.recipe import Augmentation

Image = NDArray[np.uint8]


def augment(
    pixels: Image, outline: Image | None = None, *, settings: Augmentation, rng: np.random.Generator
) -> tuple[Image, Image | None]:
    """Return a square image ``(size, size, 3)`` changed at random, and its outline moved with it.

    ``outline`` is ``(size, size)``, or ``None`` where the case has none.
    """
    size = pixels.shape[0]
    angle = rng.uniform(-settings.rotation, settings.rotation)
    scale = 1 + rng.uniform(-settings.scale, settings.scale)
    transform = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
    transform[:, 2] += rng.uniform(-settings.shift, settings.shift, 2) * size
    mirrored = rng.random() < 0.5
    contrast = 1 + rng.uniform(-settings.contrast, settings.contrast)
    exponent = float(np.exp(rng.uniform(-settings.gamma, settings.gamma)))

    def move(image: Image, interpolation: int) -> Image:
        moved = cv2.warpAffine(image, transform, (size, size), flags=interpolation, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(moved[:, ::-1] if mirrored else moved, dtype=np.uint8)

    levels = np.clip(contrast * 255 * (np.arange(256) / 255) ** exponent, 0, 255)
    changed = cv2.LUT(move(pixels, cv2.INTER_LINEAR), np.rint(levels).astype(np.uint8))
    width = rng.uniform(0, settings.blur)
    if width > 0.3:  # a narrower Gaussian changes nothing
        changed = cv2.GaussianBlur(changed, (0, 0), width)
    if settings.noise:
        grain = rng.standard_normal((size, size, 1), dtype=np.float32) * rng.uniform(0, settings.noise)
        changed = np.clip(np.rint(changed + grain), 0, 255)  # the same in all channels: scans are grey
    return np.asarray(changed, dtype=np.uint8), None if outline is None else move(outline, cv2.INTER_NEAREST)
