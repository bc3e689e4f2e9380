"""What somebody uploads: bytes of an image or a DICOM file, read in memory, or refused with one reason."""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import decode
from neuroval.data.images.dicom import open_dicom
from neuroval.data.images.signatures import is_dicom

MAX_UPLOAD_BYTES: Final = 20_000_000
MIN_SIDE: Final = 32  # pixels: below it there is nothing to judge
PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!")  # how programs begin, which the preamble of a DICOM file has room for
WEB_PAGE: Final = re.compile(rb"<(html|script|\?php)\b", re.IGNORECASE)
PDF_BEGINS_WITHIN: Final = 1024  # bytes, for the programs that open PDF


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upload:
    """One picture of an uploaded file: ``pixels`` uint8 (height, width, 3), RGB, upright.

    ``sha256`` is that of the whole file and all that may be kept of it. ``frame`` counts from 1 to ``frames``.
    ``modality`` is the code that a DICOM file gives, such as ``MR``.
    """

    sha256: str
    pixels: NDArray[np.uint8]
    file_format: str
    frame: int = 1
    frames: int = 1
    modality: str | None = None


def read_upload(content: bytes, *, frame: int | None = None, limit: int = MAX_UPLOAD_BYTES) -> Upload:
    """Return the picture in an uploaded file's bytes, and of several frames in DICOM the ``frame`` asked for.

    The same pixels as ``data.images.read_image`` gives of an image file. Nothing is written anywhere. Raises
    ``ImageError`` with the reason when the bytes are empty, too many, no image, damaged, of too many or too few
    pixels, or another kind of file as well.
    """
    if len(content) > limit:
        raise ImageError(f"file of {len(content):,} bytes, the limit is {limit:,}")
    _check_single_kind(content)
    if is_dicom(content):
        file = open_dicom(content)
        picture, frames, modality = file.picture(frame), file.frames, file.modality
    else:
        if frame not in (None, 1):
            raise ImageError(f"a single image; there is no frame {frame:,}")
        picture, frames, modality = decode(content), 1, None
    height, width = picture.pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ImageError(
            f"image of {width} x {height} pixels, too small to judge; expected {MIN_SIDE} or more each way"
        )
    return Upload(
        sha256=hashlib.sha256(content).hexdigest(),
        pixels=picture.pixels,
        file_format=picture.file_format,
        frame=frame or 1,
        frames=frames,
        modality=modality,
    )


def frames_in(content: bytes) -> int:
    """Return how many frames there are to choose from; 1 for all but DICOM, and for what cannot be read."""
    try:
        return open_dicom(content).frames if is_dicom(content) else 1
    except ImageError:
        return 1


def _check_single_kind(content: bytes) -> None:
    """Refuse a file that other programs would open as something else: only what is an image alone is judged."""
    for recognised, kind in (
        (content.startswith(PROGRAMS), "a program"),
        (zipfile.is_zipfile(io.BytesIO(content)), "a ZIP archive"),
        (b"%PDF-" in content[:PDF_BEGINS_WITHIN], "a PDF"),
        (WEB_PAGE.search(content) is not None, "a web page"),
    ):
        if recognised:
            raise ImageError(f"holds {kind}; expected an image alone")
