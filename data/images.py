"""Reading image files: headers before pixels, and a reason for everything that cannot be used."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from data.errors import ImageError

MAX_PIXELS = 50_000_000
MAX_BYTES = 100_000_000

# Pillow checks the size in the header before it allocates: beyond the limit it warns, and far beyond it raises.
# Both mean "rejected" here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanImage:
    """One decoded image: ``pixels`` uint8 (height, width, 3), RGB, upright; ``file_format`` as Pillow names it."""

    pixels: NDArray[np.uint8]
    file_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is recorded of an image file. Intensities are of the grey values, 0 to 255."""

    width: int
    height: int
    file_format: str
    file_bytes: int
    mean_intensity: float
    sd_intensity: float
    sha256: str
    phash: str


def decode(content: bytes) -> ScanImage:
    """Return the decoded image of an encoded file's bytes.

    Raises ``ImageError`` with the reason when the bytes are empty, no image, truncated or too large.
    """
    if not content:
        raise ImageError("empty file (0 bytes)")
    if len(content) > MAX_BYTES:
        raise ImageError(f"file of {len(content):,} bytes, the limit is {MAX_BYTES:,}")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            file_format = str(image.format)
            pixels = _to_rgb(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"image too large, the limit is {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise ImageError("not an image of a known format (JPEG, PNG, BMP, TIFF, WebP)") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow's decoders raise on broken data
        raise ImageError(f"cannot be decoded: {error}") from None
    return ScanImage(pixels=pixels, file_format=file_format)


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):  # 16-bit and float greys: spread over 0..255, Pillow would clip them
        grey = np.asarray(image, dtype=np.float64)
        if not np.isfinite(grey).all():
            raise ImageError("grey values are not finite")
        low, high = grey.min(), grey.max()
        scaled = np.zeros_like(grey) if high == low else (grey - low) * (255.0 / (high - low))
        return np.repeat(np.rint(scaled).astype(np.uint8)[:, :, None], 3, axis=2)
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes; ``ImageError`` when it cannot be read or is larger than ``MAX_BYTES``."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ImageError(f"file of {size:,} bytes, the limit is {MAX_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from None


def read_image(path: Path) -> ScanImage:
    """Return the decoded image of a file; ``ImageError`` with the reason when it cannot be used."""
    return decode(read_bytes(path))


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes; ``ImageError`` when it cannot be read."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def perceptual_hash(grey: NDArray[np.uint8]) -> str:
    """Return the 64-bit DCT hash of a grey image as 16 hex digits: encodings of one image differ in few bits.

    The 8 x 8 lowest frequencies of the 32 x 32 image, each above their median or not (Zauner 2010, "Implementation
    and benchmarking of perceptual image hash functions", section 3.2.1).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8]
    return np.packbits(low > np.median(low)).tobytes().hex()


def describe(path: Path) -> FileFacts:
    """Return size, format, intensities and content hash of an image file; ``ImageError`` when it cannot be used."""
    content = read_bytes(path)
    image = decode(content)
    pixels = image.pixels
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return FileFacts(
        width=pixels.shape[1],
        height=pixels.shape[0],
        file_format=image.file_format,
        file_bytes=len(content),
        mean_intensity=float(grey.mean()),
        sd_intensity=float(grey.std()),
        sha256=hashlib.sha256(content).hexdigest(),
        phash=perceptual_hash(grey),
    )


def is_hidden(name: str) -> bool:
    """Whether a file or folder name is one that operating systems leave behind."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")
