"""What kind of image file bytes are, by how they begin: DICOM, and the kinds of JPEG."""

from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"DICM"
PREAMBLE: Final = 128
HEAD: Final = PREAMBLE + len(MAGIC)  # bytes that tell DICOM from other formats
BARE: Final = (b"\x02\x00", b"\x08\x00")  # groups that DICOM files without a preamble begin with

JPEG: Final = b"\xff\xd8"
LOSSLESS, LS = 0xC3, 0xF7
# Start of frame by its marker (ITU-T T.81, table B.1; T.87 for JPEG-LS). Others are hierarchical: nobody writes them.
PROCESSES: Final = {
    0xC0: "baseline JPEG",
    0xC1: "extended JPEG",
    0xC2: "progressive JPEG",
    LOSSLESS: "JPEG Lossless",
    0xC9: "arithmetic JPEG",
    0xCA: "arithmetic JPEG",
    0xCB: "JPEG Lossless, arithmetic",
    LS: "JPEG-LS",
}
SCAN: Final = 0xDA
ALONE: Final = (0x01, *range(0xD0, 0xD8))  # markers without a segment behind them


def is_dicom(content: bytes) -> bool:
    """Return whether bytes look like a DICOM file: with its preamble, or beginning with an element of a header."""
    return content[PREAMBLE:HEAD] == MAGIC or content[:2] in BARE


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegFrame:
    """How a JPEG says that its picture is kept: the marker of its process, bits a sample, size in pixels, samples."""

    marker: int
    bits: int
    rows: int
    columns: int
    samples: int

    @property
    def name(self) -> str:
        return f"{self.bits}-bit {PROCESSES[self.marker]}"

    @property
    def usual(self) -> bool:
        """Whether programs that show photographs read it."""
        return self.bits == 8 and self.marker in (0xC0, 0xC1, 0xC2)


def jpeg_frame(content: bytes) -> JpegFrame | None:
    """Return what the header of a JPEG says; none for other files, and for one that ends before it says so."""
    place = 2 if content.startswith(JPEG) else len(content)
    while place + 9 < len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in PROCESSES:
            rows, columns = (int.from_bytes(content[place + at : place + at + 2], "big") for at in (5, 7))
            return JpegFrame(
                marker=marker, bits=content[place + 4], rows=rows, columns=columns, samples=content[place + 9]
            )
        if marker == SCAN:
            return None
        fill, alone = marker == 0xFF, marker in ALONE
        place += 1 if fill else 2 if alone else 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return None
