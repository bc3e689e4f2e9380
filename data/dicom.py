"""DICOM files: one frame as a viewer shows it, and nothing of the patient.

Only the elements that the pixels need are read (``ELEMENTS``): names, dates and numbers of a patient are skipped
unread, so that they can neither be shown nor logged nor kept. Messages hold no value of the file for the same reason.
Source: DICOM PS3.3, C.7.6.3 (image pixel), C.7.6.16 (frames), C.11.1 and C.11.2 (rescale and window).
"""

import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.config import IGNORE
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from data.errors import ImageError
from data.images import ScanImage, room, spread

# A value that pydicom finds odd would be quoted in its warnings and in its log.
pydicom.config.settings.reading_validation_mode = IGNORE
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)

FORMAT: Final = "DICOM"
MAGIC: Final = b"DICM"
PREAMBLE: Final = 128
BARE: Final = (b"\x02\x00", b"\x08\x00")  # groups that files without a preamble begin with
MAX_FRAME_PIXELS: Final = 4096 * 4096
MAX_FRAMES: Final = 10_000
BYTES_A_PIXEL: Final = 8  # of the largest copy, as many places as this are taken in the room for pixels
GREY: Final = ("MONOCHROME1", "MONOCHROME2")
COLOUR: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
VALUES: Final = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
)
FUNCTIONAL: Final = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
ELEMENTS: Final = (
    "Modality",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    *VALUES,
    *FUNCTIONAL,
)
# What pydicom and the decoders behind it raise on broken files.
BROKEN: Final = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
)


def is_dicom(content: bytes) -> bool:
    """Return whether bytes look like a DICOM file: with its preamble, or beginning with an element of a header."""
    return content[PREAMBLE : PREAMBLE + len(MAGIC)] == MAGIC or content[:2] in BARE


def frames_of(content: bytes) -> int:
    """Return how many frames a DICOM file holds. Raises ``ImageError`` when it cannot be used."""
    return _frames(_header(content))


def decode_dicom(content: bytes, *, frame: int | None = None) -> ScanImage:
    """Return a frame (from 1) of a DICOM file as a viewer shows it: rescaled, windowed, 0 black and 255 white.

    Without a window the values are spread from the smallest to the largest, padding left out. ``frame`` may be left
    out where there is one. Raises ``ImageError`` with the reason when the file cannot be used.
    """
    header = _header(content)
    number = _frames(header)
    if frame is None and number > 1:
        raise ImageError(f"DICOM file with {number:,} frames; choose one of them, from 1")
    if frame is not None and not 1 <= frame <= number:
        raise ImageError(f"DICOM file with {number:,} frame{'s' * (number != 1)}; there is no frame {frame:,}")
    index = (frame or 1) - 1
    with room.taken(BYTES_A_PIXEL * int(header.Rows) * int(header.Columns)), _reasons():
        stored = pixel_array(io.BytesIO(content), index=index)
        shown = _grey(stored, _of_frame(header, index)) if header.PhotometricInterpretation in GREY else stored
    pixels = np.repeat(shown[:, :, None], 3, axis=2) if shown.ndim == 2 else shown
    if pixels.dtype != np.uint8 or pixels.shape != (header.Rows, header.Columns, 3):
        raise ImageError("DICOM colour image that is not 8-bit RGB; expected that or grey values")
    return ScanImage(pixels=np.ascontiguousarray(pixels), file_format=FORMAT)


def modality_of(content: bytes) -> str | None:
    """Return the code of the modality, such as ``MR``; none when it is not a short code. Raises ``ImageError``."""
    code = str(_header(content).get("Modality", ""))
    return code if re.fullmatch(r"[A-Z]{2,4}", code) else None


def _header(content: bytes) -> pydicom.Dataset:
    """Return the elements that pixels need, checked."""
    _check_syntax(content)
    with _reasons():
        header = pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True, specific_tags=list(ELEMENTS))
        kind, samples = str(header.get("PhotometricInterpretation", "")), header.get("SamplesPerPixel")
        needed = {"Rows", "Columns", "BitsAllocated", "PixelRepresentation", "SamplesPerPixel"}
        missing = sorted(name for name in needed if header.get(name) is None)
        if not kind or missing:
            names = ", ".join([*missing, *([] if kind else ["PhotometricInterpretation"])])
            raise ImageError(f"DICOM file without an image: {names} is missing")
        if kind not in (*GREY, *COLOUR) or (kind in GREY) != (int(samples or 0) == 1):
            raise ImageError("DICOM image with a palette or unknown colours; expected grey values or 8-bit RGB")
        pixels = int(header.Rows) * int(header.Columns)
        if not pixels:
            raise ImageError("DICOM image holds no pixels")
        if pixels > MAX_FRAME_PIXELS:
            raise ImageError(f"DICOM image too large, the limit is {MAX_FRAME_PIXELS:,} pixels")
    return header


def _check_syntax(content: bytes) -> None:
    """Refuse what is compressed in a way that cannot be read, and a whole file that is: it may be of any size."""
    with _reasons():
        file = io.BytesIO(content)
        read_preamble(file, force=True)
        meta = read_dataset(file, False, True, stop_when=lambda tag, *_: tag >> 16 != 2)
        syntax = UID(str(meta.get("TransferSyntaxUID", "") or ""))
        if not syntax:
            return  # pydicom tells the encoding from the first elements
        name = syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "an unknown encoding"
        if syntax == DeflatedExplicitVRLittleEndian or (syntax.is_compressed and not _readable(syntax)):
            raise ImageError(f"DICOM file in {name}, which is not read here; save it without compression")


def _readable(syntax: UID) -> bool:
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _frames(header: pydicom.Dataset) -> int:
    with _reasons():
        number = int(header.get("NumberOfFrames", 1) or 1)
    if not 1 <= number <= MAX_FRAMES:
        raise ImageError(f"DICOM file with {number:,} frames, the limit is {MAX_FRAMES:,}")
    return number


def _of_frame(header: pydicom.Dataset, index: int) -> pydicom.Dataset:
    """Return the header with rescale and window of one frame, which enhanced files keep in sequences of their own."""
    for name, place in zip(FUNCTIONAL, (index, 0), strict=True):
        groups = header.get(name) or []
        if place >= len(groups):
            continue
        for sequence in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            for item in (groups[place].get(sequence) or [])[:1]:
                for element in item:
                    if element.keyword in VALUES and element.keyword not in header:
                        header.add(element)
    return header


def _grey(stored: NDArray[Any], header: pydicom.Dataset) -> NDArray[np.uint8]:
    values = apply_modality_lut(stored, header)
    if (ends := _window(header)) is not None:
        low, high = ends
        seen = np.clip((apply_windowing(values, header) - low) / (high - low), 0, 1)
        grey = np.rint(seen * 255).astype(np.uint8)
    else:
        grey = spread(_without_padding(values, stored, header))
    return 255 - grey if header.PhotometricInterpretation == "MONOCHROME1" else grey


def _window(header: pydicom.Dataset) -> tuple[float, float] | None:
    """Return the values that the window makes black and white; none without a window that can be used."""
    if header.get("WindowCenter") is None or header.get("WindowWidth") is None:
        return None
    try:
        with np.errstate(over="ignore"):  # of a sigmoid
            low, high = apply_windowing(np.array([-1e12, 1e12]), header)
    except (TypeError, ValueError, IndexError):
        return None
    return (float(low), float(high)) if np.isfinite([low, high]).all() and low < high else None


def _without_padding(values: NDArray[Any], stored: NDArray[Any], header: pydicom.Dataset) -> NDArray[Any]:
    """Return the values with those outside the picture as dark as its darkest."""
    padding = header.get("PixelPaddingValue")
    outside = np.zeros(stored.shape, np.bool_) if padding is None else stored == int(padding)
    if not outside.any() or outside.all():
        return values
    return np.where(outside, values[~outside].min(), values)


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what a broken file raises into ``ImageError``; its words are left out, for they may quote the file."""
    try:
        yield
    except ImageError:
        raise
    except BROKEN:
        raise ImageError(
            "DICOM file cannot be decoded: it is damaged, cut off, or written in a way that is not read here"
        ) from None
