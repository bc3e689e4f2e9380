"""What happens to grey levels: a coil that sees one side better, windows, export as JPEG, a soft reconstruction."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

TERMS: Final = [(across, down) for across in range(4) for down in range(4 - across) if across + down]


def bias_field(grey: NDArray[np.uint8], amount: float, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture times a smooth field that runs from 1 - ``amount`` to 1 + ``amount``.

    A polynomial of third degree in both directions with normal coefficients: how surface coils and B1 shade a slice
    (Sled et al. 1998, doi 10.1109/42.668698; Van Leemput et al. 1999, doi 10.1109/42.811270).
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in grey.shape), indexing="ij")
    field = sum(weight * x**across * y**down for weight, (across, down) in zip(rng.normal(size=9), TERMS, strict=True))
    spread = (field - field.min()) / (field.max() - field.min())
    shaded = np.clip(np.rint(grey * (1 + amount * (2 * spread - 1))), 0, 255)
    return np.asarray(shaded, dtype=np.uint8)


def blur(grey: NDArray[np.uint8], width: float) -> NDArray[np.uint8]:
    """Return the picture blurred by a Gaussian of SD ``width``, in hundredths of the longer side."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), width * max(grey.shape) / 100), dtype=np.uint8)


def gamma(grey: NDArray[np.uint8], power: float, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return grey levels, as parts of 255, to ``power`` or to its inverse, as chance has it: darker or brighter."""
    exponent = power if rng.integers(2) else 1 / power
    return np.asarray(np.rint(255 * (np.arange(256) / 255) ** exponent)[grey], dtype=np.uint8)


def low_contrast(grey: NDArray[np.uint8], kept: float) -> NDArray[np.uint8]:
    """Return grey levels drawn together about their mean to ``kept`` of their distance: a window set too wide."""
    mean = float(grey.mean())
    return np.asarray(np.rint(np.clip((np.arange(256) - mean) * kept + mean, 0, 255))[grey], dtype=np.uint8)


def jpeg(grey: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return the picture saved as JPEG at this quality, 1 to 100, and read again."""
    _, content = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
