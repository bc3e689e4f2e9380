"""DICOM files: one frame as a viewer shows it, and nothing of the patient.

Only the elements that the pixels need are read (``ELEMENTS``): names, dates and numbers of a patient are skipped
unread, so that they can neither be shown nor logged nor kept. Messages hold no value of the file for the same reason.
Source: DICOM PS3.3, C.7.6.3 (image pixel), C.7.6.16 (frames), C.11.1 and C.11.2 (rescale and window).
"""

import io
import logging
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.config import IGNORE
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial, read_preamble
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.pixels.utils import pixel_array
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from neuroval.data.exceptions import ImageError
from neuroval.data.images import jpeg_decoder
from neuroval.data.images.pixels import ScanImage, room, spread

FORMAT: Final = "DICOM"
MAX_FRAME_PIXELS: Final = 4096 * 4096
MAX_FRAMES: Final = 2_000
MAX_ELEMENTS: Final = 10_000  # of the header; reading takes a fraction of a millisecond for each
MAX_ITEMS: Final = 50_000  # of all sequences, and frames
ITEM: Final = b"\xfe\xff\x00\xe0"
COMPRESSED_SPARE: Final = 1_000_000  # bytes of a compressed file that are not its pixels, and for each frame
FRAME_SPARE: Final = 10_000
BYTES_A_PIXEL: Final = 8  # of the largest copy, as many places as this are taken in the room for pixels
GREY: Final = ("MONOCHROME1", "MONOCHROME2")
COLOUR: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")
META_GROUP: Final = 2
PIXEL_TAGS: Final = tuple(pydicom.tag.Tag(name) for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
VALUES: Final = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "PresentationLUTShape",
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
    "PixelPaddingRangeLimit",
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


def keep_silent() -> None:
    """Let pydicom say nothing: its warnings and its log quote the values that it finds odd."""
    pydicom.config.settings.reading_validation_mode = IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")


keep_silent()
jpeg_decoder.register()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Dicom:
    """A DICOM file whose header has been read and checked; ``modality`` is its code, such as ``MR``, if it has one."""

    content: bytes
    header: pydicom.Dataset
    frames: int
    modality: str | None

    def picture(self, frame: int | None = None) -> ScanImage:
        """Return a frame (from 1) as a viewer shows it: rescaled, windowed, 0 black and 255 white, padding black.

        Without a window the values are spread from the smallest to the largest, padding left out. ``frame`` may be
        left out where there is one. Raises ``ImageError`` with the reason when it cannot be shown.
        """
        if frame is None and self.frames > 1:
            raise ImageError(f"DICOM file with {self.frames:,} frames; choose one of them, from 1")
        if frame is not None and not 1 <= frame <= self.frames:
            frames = f"{self.frames:,} frame{'s' * (self.frames != 1)}"
            raise ImageError(f"DICOM file with {frames}; there is no frame {frame:,}")
        header, index = pydicom.Dataset(self.header), (frame or 1) - 1
        header.set_original_encoding(*self.header.original_encoding)  # of the words of a table
        with room.taken(BYTES_A_PIXEL * int(header.Rows) * int(header.Columns)), _reasons():
            stored = pixel_array(io.BytesIO(self.content), index=index)
            shown = _grey(stored, _of_frame(header, index)) if header.PhotometricInterpretation in GREY else stored
        pixels = np.repeat(shown[:, :, None], 3, axis=2) if shown.ndim == 2 else shown
        if pixels.dtype != np.uint8 or pixels.shape != (header.Rows, header.Columns, 3):
            raise ImageError("DICOM colour image that is not 8-bit RGB; expected that or grey values")
        return ScanImage(pixels=np.ascontiguousarray(pixels), file_format=FORMAT)


def open_dicom(content: bytes) -> Dicom:
    """Return a DICOM file, its header read. Raises ``ImageError`` with the reason when it cannot be used."""
    if content.count(ITEM) > MAX_ITEMS:
        raise ImageError(f"DICOM file with more than {MAX_ITEMS:,} items in its sequences")
    compressed = _check_syntax(content)
    header = _header(content)
    frames, code = _frames(header), str(header.get("Modality", ""))
    if compressed:
        _check_size(len(content), header, frames)
    modality = code if re.fullmatch(r"[A-Z]{2,4}", code) else None
    return Dicom(content=content, header=header, frames=frames, modality=modality)


def _header(content: bytes) -> pydicom.Dataset:
    """Return the elements that pixels need, checked."""
    with _reasons():
        elements = (pydicom.tag.Tag(name) for name in ELEMENTS)
        file = io.BytesIO(content)
        header = read_partial(file, _Counted(), force=True, specific_tags=list(elements))
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


class _Counted:
    """Tells a reader where to stop: before the pixels, and at more elements than a header has."""

    def __init__(self, *, meta: bool = False) -> None:
        self.meta = meta
        self.seen = 0

    def __call__(self, tag: BaseTag, _vr: str | None, _length: int) -> bool:
        self.seen += 1
        if self.seen > MAX_ELEMENTS:
            raise ImageError(f"DICOM file with more than {MAX_ELEMENTS:,} elements")
        return tag.group != META_GROUP if self.meta else tag in PIXEL_TAGS


def _check_syntax(content: bytes) -> bool:
    """Return whether the pixels are compressed.

    Refuses a way of it that cannot be read, and a whole file that is compressed: it may be of any size.
    """
    with _reasons():
        file = io.BytesIO(content)
        read_preamble(file, force=True)
        meta = read_dataset(file, False, True, stop_when=_Counted(meta=True))
        syntax = UID(str(meta.get("TransferSyntaxUID", "") or ""))
        if not syntax:
            return False  # pydicom tells the encoding from the first elements
        name = syntax.name if syntax.is_transfer_syntax and not syntax.is_private else "an unknown encoding"
        if syntax == DeflatedExplicitVRLittleEndian or (syntax.is_compressed and not _readable(syntax)):
            raise ImageError(f"DICOM file in {name}, which is not read here; save it without compression")
        return bool(syntax.is_compressed)


def _check_size(size: int, header: pydicom.Dataset, frames: int) -> None:
    """Refuse compressed pixels of more bytes than they can need: run lengths make of them what they like."""
    with _reasons():
        bits = int(header.Rows) * int(header.Columns) * int(header.SamplesPerPixel) * int(header.BitsAllocated)
    if size > 2 * frames * bits // 8 + frames * FRAME_SPARE + COMPRESSED_SPARE:
        raise ImageError(f"DICOM file of {size:,} bytes, more than its compressed pixels can need")


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
    values, outside = apply_modality_lut(stored, header), _padding(stored, header)
    if (table := _table(header)) is not None:
        grey = table.shown(values)
    elif (ends := _window(header)) is not None:
        low, high = ends
        seen = np.clip((apply_windowing(values, header) - low) / (high - low), 0, 1)
        grey = np.rint(seen * 255).astype(np.uint8)
    else:
        grey = spread(np.where(outside, values[~outside].min(), values) if outside.any() else values)
    return np.where(outside, np.uint8(0), 255 - grey if _white_is_low(header) else grey)


def _white_is_low(header: pydicom.Dataset) -> bool:
    """Whether low values are shown white: said once, by the photometric interpretation or by the presentation."""
    return bool(header.PhotometricInterpretation == "MONOCHROME1" or header.get("PresentationLUTShape") == "INVERSE")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """A VOI table: the value that its first entry is for, and the grey value of each entry from there on."""

    first: int
    grey: NDArray[np.uint8]

    def shown(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Return grey values; what lies before the first entry is shown as it, what lies beyond the last as that."""
        places = np.clip(np.rint(values) - self.first, 0, len(self.grey) - 1).astype(np.int64)
        return np.asarray(self.grey[places], dtype=np.uint8)


def _table(header: pydicom.Dataset) -> _Table | None:
    """Return the first VOI table; none without one that can be used.

    A file may have a window as well: the table, which its maker drew for it, goes first, as pydicom has it.
    Source: PS3.3 C.11.2.1.1.
    """
    items = header.get("VOILUTSequence") or []
    if not items or items[0].get("LUTDescriptor") is None or items[0].get("LUTData") is None:
        return None
    length, first, bits = (int(value) for value in items[0].LUTDescriptor)
    length = length or 1 << 16
    if first >= 1 << 15 and header.PixelRepresentation:
        first -= 1 << 16
    entries = _entries(items[0].LUTData, length, little=header.original_encoding[1] is not False)
    if not 8 <= bits <= 16 or len(entries) < length:
        return None
    grey = np.clip(entries[:length].astype(np.float64) / ((1 << bits) - 1), 0, 1)
    return _Table(first=first, grey=np.rint(255 * grey).astype(np.uint8))


def _entries(data: Any, length: int, *, little: bool) -> NDArray[np.unsignedinteger[Any]]:
    """Return the entries of a table, which are kept as words, or as bytes, two to a word."""
    kind = "<u2" if little else ">u2"
    words = data if isinstance(data, bytes) else np.atleast_1d(np.asarray(data, kind)).tobytes()
    return np.frombuffer(words, np.uint8 if len(words) - length in (0, 1) else kind)


def _window(header: pydicom.Dataset) -> tuple[float, float] | None:
    """Return the values that the window makes black and white; none without a window that can be used.

    With a negative slope the range of values, which the window is stretched over, runs from high to low.
    """
    if header.get("WindowCenter") is None or header.get("WindowWidth") is None:
        return None
    try:
        with np.errstate(over="ignore"):  # of a sigmoid
            low, high = apply_windowing(np.array([-1e12, 1e12]), header)
    except (TypeError, ValueError, IndexError):
        return None
    return (float(low), float(high)) if np.isfinite([low, high]).all() and low != high else None


def _padding(stored: NDArray[Any], header: pydicom.Dataset) -> NDArray[np.bool_]:
    """Return which pixels lie outside the picture: those of the padding value, or of its range; not all of them."""
    value = header.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, np.bool_)
    low, high = sorted((int(value), int(header.get("PixelPaddingRangeLimit", value))))
    outside = (stored >= low) & (stored <= high)
    return outside & (not outside.all())


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
