"""Random changes to a training image that leave its class as it is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far an image is changed; each change is drawn evenly from -limit to +limit.

    ``rotation`` in degrees, ``scale`` and ``shift`` as shares of the side, ``contrast`` as a share of the intensity.
    ``gamma`` is the limit of the logarithm of the exponent, ``blur`` the largest width of a Gaussian in pixels, and
    ``noise`` the largest standard deviation of added noise in grey levels. Half of the images are mirrored.
    """

    rotation: float = 10.0
    scale: float = 0.1
    shift: float = 0.05
    contrast: float = 0.15
    gamma: float = 0.0
    blur: float = 0.0
    noise: float = 0.0


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
