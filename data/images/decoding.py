"""Reading image files: headers before pixels, and a reason for everything that cannot be used."""

import io
import struct
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
from neuroval.data.images.pixels import MAX_PIXELS, ScanImage, room, spread
from neuroval.data.images.signatures import HEAD, is_dicom, jpeg_frame
from neuroval.data.storage.files import file_sha256

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
    head = file.read(HEAD)
    file.seek(0)
    if is_dicom(head):
        from neuroval.data.images.dicom import open_dicom  # loads pydicom, which other images need not wait for

        picture = open_dicom(file.read()).picture()
        yield Image.fromarray(picture.pixels), picture.file_format
        return
    with _reasons(file), Image.open(file, formats=FORMATS) as header, room.taken(header.width * header.height):
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
def _reasons(file: BinaryIO) -> Iterator[None]:
    """Turn what Pillow's decoders raise on broken data into ``ImageError``."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(f"image too large, the limit is {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise ImageError(_unknown(file)) from None
    except ImageError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(f"cannot be decoded: {error}") from None
    except DAMAGED:
        raise ImageError("cannot be decoded: it is damaged") from None


def _unknown(file: BinaryIO) -> str:
    """Return what a file is that Pillow does not know: kinds of JPEG that only DICOM uses are named."""
    file.seek(0)
    frame = jpeg_frame(file.read())
    if frame is not None and not frame.usual:
        return f"{frame.name}, which is read in DICOM files only; save it as an 8-bit JPEG or as PNG"
    return "not an image of a known format (JPEG, PNG, BMP, TIFF, WebP, DICOM)"


def _upright(image: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith(("I", "F")):  # 16-bit and float greys: spread over 0..255, Pillow would clip them
        return Image.fromarray(spread(np.asarray(image)))
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def perceptual_hash(grey: NDArray[np.uint8]) -> str:
    """Return the 64-bit DCT hash of a grey image as 16 hex digits: encodings of one image differ in few bits.

    The 8 x 8 lowest frequencies of the 32 x 32 image, each above their median or not (Zauner 2010, "Implementation
    and benchmarking of perceptual image hash functions", section 3.2.1).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8]
    return np.packbits(low > np.median(low)).tobytes().hex()
