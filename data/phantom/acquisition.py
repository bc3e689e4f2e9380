"""The scanner: what coil, noise and file format make of a slice."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from neuroval.data.phantom.fields import Floats

SIZE = 224  # pixels along an edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """How a site's images look. Brightness is in units of white matter."""

    white: float  # grey value, 0 to 255, of white matter
    noise: float
    bias: float
    blur: float  # pixels
    gamma: float
    zoom: float
    thickness: float  # mm
    quality: int  # of the JPEG file
    floor: float  # grey value of air


def acquire(rng: np.random.Generator, brightness: Floats, *, scanner: Scanner) -> NDArray[np.uint8]:
    """Return the image, uint8 (224, 224), that a scanner makes of a slice's true brightness.

    Receive coils brighten it unevenly, the point spread blurs it, and magnitude images carry Rician noise
    (Gudbjartsson and Patz 1995, Magnetic Resonance in Medicine 34, 910-914).
    """
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    tilt_x, tilt_y, bowl, twist = rng.normal(0, 1, size=4) * np.array([1.0, 1.0, 0.8, 0.5])
    field = tilt_x * x + tilt_y * y + (bowl + 0.8) * (x * x + y * y - 0.6) + twist * x * y
    seen = ndimage.gaussian_filter(brightness * np.exp(scanner.bias * field), sigma=scanner.blur)
    grain = ndimage.gaussian_filter(rng.normal(size=(2, SIZE, SIZE)), sigma=(0, 0.45, 0.45))
    real, imaginary = grain * (scanner.noise / grain.std())
    magnitude = np.sqrt((seen + real) ** 2 + imaginary**2)
    shown = scanner.white * magnitude**scanner.gamma + scanner.floor
    grey: NDArray[np.uint8] = np.rint(np.clip(shown, 0, 255)).astype(np.uint8)
    return grey


def jpeg(pixels: NDArray[np.uint8], *, quality: int) -> bytes:
    """Return a JPEG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="JPEG", quality=quality)
    return stream.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a PNG file's bytes."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", compress_level=6)
    return stream.getvalue()
