"""Uploads: the pixels are those of the data set's reader, and every odd file is read rightly or refused in one line."""

import hashlib
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from pydicom.data import get_testdata_file

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import read_image
from neuroval.data.images.uploads import MAX_UPLOAD_BYTES, MIN_SIDE, frames_in, read_upload

SIDE = 48
MR = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
FRAMES = Path(str(get_testdata_file("examples_ybr_color.dcm"))).read_bytes()


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def picture(mode: str = "L") -> Image.Image:
    """A ramp from dark to bright with some structure, so that a wrong turn or a wrong scale shows."""
    y, x = np.mgrid[:SIDE, :SIDE]
    rough = np.random.default_rng(4).integers(0, 20, size=(SIDE, SIDE))
    return Image.fromarray((x * 3 + 60 * (y > 30) + rough).astype(np.uint8)).convert(mode)


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("hidden.txt", "hidden")
    return buffer.getvalue()


def huge_tiff() -> bytes:
    """A TIFF of which the header promises 100,000 x 100,000 pixels."""
    entries = [(256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 100_000), (279, 4, 1, 10)]
    rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4)


def text_bomb() -> bytes:
    """A PNG with a compressed note of 64 million letters."""
    note = b"note\0\0" + zlib.compress(bytes(64_000_000), 9)
    chunk = struct.pack(">I", len(note)) + b"zTXt" + note + struct.pack(">I", zlib.crc32(b"zTXt" + note))
    content = encoded(picture())
    return content[:33] + chunk + content[33:]


def test_the_pixels_are_those_of_a_file_on_disk(tmp_path: Path, draw: Callable[..., Path]) -> None:
    for name, options in (("a.png", {}), ("a.jpg", {"quality": 90}), ("a.bmp", {}), ("a.webp", {}), ("a.tif", {})):
        file = draw(tmp_path / name, seed=2, **options)
        found = read_upload(file.read_bytes())
        np.testing.assert_array_equal(found.pixels, read_image(file).pixels)
        assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (found.frame, found.frames, found.modality) == (1, 1, None)


def test_a_dicom_file_is_read_and_a_frame_chosen() -> None:
    found = read_upload(MR)
    assert (found.file_format, found.modality, found.pixels.shape) == ("DICOM", "MR", (64, 64, 3))
    assert frames_in(FRAMES) == 30
    first, last = (read_upload(FRAMES, frame=frame) for frame in (1, 30))
    assert (last.frame, last.frames, last.sha256) == (30, 30, first.sha256)
    assert not np.array_equal(first.pixels, last.pixels)


def test_a_single_image_has_one_frame() -> None:
    assert frames_in(encoded(picture())) == frames_in(b"nothing") == frames_in(MR[:200]) == 1
    assert read_upload(encoded(picture()), frame=1).frame == 1
    with pytest.raises(ImageError, match="there is no frame 2"):
        read_upload(encoded(picture()), frame=2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"\0" * (MAX_UPLOAD_BYTES + 1), "file of 20,000,001 bytes, the limit is 20,000,000"),
        (b"Dear colleague", "not an image of a known format"),
        (encoded(picture("RGB"))[:300], "cannot be decoded"),
        (encoded(picture("RGB"), "JPEG")[:-200], "cannot be decoded"),
        (encoded(picture())[:200] + bytes(600), "cannot be decoded"),
        (huge_tiff(), "image too large, the limit is 50,000,000 pixels"),
        (text_bomb(), "cannot be decoded"),
        (encoded(Image.new("L", (1, 1))), "image of 1 x 1 pixels, too small to judge"),
        (encoded(Image.new("L", (4000, MIN_SIDE - 1))), "too small to judge"),
        (encoded(picture(), save_all=True, append_images=[picture("L").rotate(90)]), "holds several pictures"),
        (encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)]), "holds several pictures"),
        (encoded(picture(), "TIFF", save_all=True, append_images=[picture()]), "holds several pictures"),
        (encoded(picture(), "GIF", save_all=True, append_images=[picture().rotate(90)]), "not an image of a known"),
        (zipped(encoded(picture())), "holds a ZIP archive"),
        (zipped(MR), "holds a ZIP archive"),
        (zipped(b""), "holds a ZIP archive"),
        (encoded(picture(), "JPEG", comment=b"%PDF-1.7"), "holds a PDF"),
        (encoded(picture()) + b"<SCRIPT>alert(1)</SCRIPT>", "holds a web page"),
        (b"MZ" + bytes(126) + MR[128:], "holds a program"),
        (MR[:-200], "cannot be decoded"),
    ],
    ids=str.split("empty large text cut-png cut-jpeg torn-png huge-tiff text-bomb one-pixel thin animated-png "
                  "animated-webp pages-tiff gif zip-png zip-dicom zip pdf-jpeg html-png program-dicom cut-dicom"),
)  # fmt: skip
def test_what_cannot_be_used_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        read_upload(content)


def test_a_bomb_takes_no_memory() -> None:
    bombs = (huge_tiff(), text_bomb())
    tracemalloc.start()
    try:
        for content in bombs:
            with pytest.raises(ImageError):
                read_upload(content)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_odd_but_whole_files_show_the_same_picture() -> None:
    plain = np.asarray(picture()).astype(int)
    deep = Image.fromarray((plain * 257).astype(np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "saved by a viewer")
    files = {
        "CMYK": (encoded(picture("CMYK"), "JPEG", quality=100), 12),
        "grey with alpha": (encoded(picture("LA")), 0),
        "palette": (encoded(picture("P")), 0),
        "note": (encoded(picture(), pnginfo=note), 0),
        "EXIF": (encoded(picture().rotate(90, expand=True), exif=turned), 0),
    }
    for name, (content, apart) in files.items():
        assert np.abs(read_upload(content).pixels.mean(axis=2) - plain).max() <= apart, name
    spread = np.rint((plain - plain.min()) * (255 / np.ptp(plain)))
    assert np.abs(read_upload(encoded(deep)).pixels[:, :, 0] - spread).max() <= 1


def test_a_camera_picture_with_a_preview_is_its_first_picture() -> None:
    content = encoded(picture("RGB"), "MPO", save_all=True, append_images=[Image.new("RGB", (SIDE, SIDE))])
    assert np.abs(read_upload(content).pixels[:, :, 0].astype(int) - np.asarray(picture())).mean() < 8


SEEDS = [encoded(picture("RGB"), kind) for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP")] + [MR]


@pytest.mark.filterwarnings("ignore", "error::PIL.Image.DecompressionBombWarning")
@given(st.data())
def test_any_change_of_a_file_gives_a_picture_or_a_reason(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    try:
        found = read_upload(bytes(content), frame=1)
    except ImageError:
        return
    assert (found.pixels.dtype, found.pixels.ndim) == (np.uint8, 3)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ImageError):
        read_upload(content)
