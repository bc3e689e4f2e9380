"""Reading image files: headers before pixels, and a reason for everything that cannot be used."""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from neuroval.data.exceptions import ImageError
from neuroval.data.storage.files import file_sha256

MAX_PIXELS = 50_000_000
MAX_BYTES = 100_000_000

# Pillow checks the size in the header before it allocates: beyond the limit it warns, and far beyond it raises.
# Both mean "rejected" here.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Blocks of 64 MB (16 by default) go back to the system when freed; smaller ones the C library keeps for each thread.
Image.core.set_block_size(1 << 26)  # type: ignore[attr-defined]  # it has no types

FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
SEVERAL = ("MPO",)  # a camera's JPEG with a preview behind it: its first picture is the picture
MAX_SCANS = 100  # passes over the pixels of a progressive JPEG; encoders make about ten
NEXT_SCAN = b"\xff\xda"
DAMAGED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, struct.error, zlib.error)
AT_ONCE = 1 << 20  # grey values that are scaled at a time


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


def decode(content: bytes) -> ScanImage:
    """Return the decoded image of an encoded file's bytes.

    Raises ``ImageError`` with the reason when the bytes are empty, no image, truncated or too large.
    """
    return _scan(io.BytesIO(content), len(content))


def read_image(path: Path) -> ScanImage:
    """Return the decoded image of a file; ``ImageError`` with the reason when it cannot be used."""
    with _opened(path) as (file, size):
        return _scan(file, size)


def describe(path: Path) -> FileFacts:
    """Return size, format, intensities and content hash of an image file; ``ImageError`` when it cannot be used."""
    with _opened(path) as (file, size), _decoded(file, size) as (image, file_format):
        grey = image.convert("L")
        counts, levels = np.array(grey.histogram()), np.arange(256)
        mean = float(counts @ levels / counts.sum())
        return FileFacts(
            width=image.width,
            height=image.height,
            file_format=file_format,
            file_bytes=size,
            mean_intensity=mean,
            sd_intensity=float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())),
            sha256=file_sha256(path),
            phash=perceptual_hash(np.asarray(grey)),
        )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Yield the open file and its size in bytes."""
    try:
        with path.open("rb") as file:
            yield file, path.stat().st_size
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from None


def _scan(file: BinaryIO, size: int) -> ScanImage:
    with _decoded(file, size) as (image, file_format):
        return ScanImage(pixels=np.asarray(image.convert("RGB")), file_format=file_format)


@contextmanager
def _decoded(file: BinaryIO, size: int) -> Iterator[tuple[Image.Image, str]]:
    """Yield the image, upright, grey or RGB, and its format; while it is used it takes its share of the room."""
    if not size:
        raise ImageError("empty file (0 bytes)")
    if size > MAX_BYTES:
        raise ImageError(f"file of {size:,} bytes, the limit is {MAX_BYTES:,}")
    with _reasons(), Image.open(file, formats=FORMATS) as header, room.taken(header.width * header.height):
        file_format = str(header.format)
        if getattr(header, "is_animated", False) and file_format not in SEVERAL:
            raise ImageError("holds several pictures; expected a single one")
        if header.format in ("JPEG", *SEVERAL):
            _check_scans(file)
        yield _upright(header), file_format


def _check_scans(file: BinaryIO) -> None:
    """Refuse a JPEG that would be gone over again and again: a few bytes ask for as much work as the whole picture."""
    place = file.tell()
    file.seek(0)
    scans = file.read().count(NEXT_SCAN)
    file.seek(place)
    if scans > MAX_SCANS:
        raise ImageError(f"JPEG with {scans:,} passes over its pixels, the limit is {MAX_SCANS:,}")


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what Pillow's decoders raise on broken data into ``ImageError``."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"image too large, the limit is {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise ImageError("not an image of a known format (JPEG, PNG, BMP, TIFF, WebP)") from None
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(f"cannot be decoded: {error}") from None
    except DAMAGED:
        raise ImageError("cannot be decoded: it is damaged") from None


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(("I", "F")):  # 16-bit and float greys: spread over 0..255, Pillow would clip them
        return Image.fromarray(spread(np.asarray(image)))
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


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


def perceptual_hash(grey: NDArray[np.uint8]) -> str:
    """Return the 64-bit DCT hash of a grey image as 16 hex digits: encodings of one image differ in few bits.

    The 8 x 8 lowest frequencies of the 32 x 32 image, each above their median or not (Zauner 2010, "Implementation
    and benchmarking of perceptual image hash functions", section 3.2.1).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8]
    return np.packbits(low > np.median(low)).tobytes().hex()
