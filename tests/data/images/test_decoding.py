import io
import resource
import struct
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import decode, describe, perceptual_hash, read_image
from neuroval.data.images.pixels import MAX_PIXELS, Room
from neuroval.data.images.uploads import read_upload


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(side: int) -> bytes:
    """A valid grey PNG of side x side black pixels, made row by row: a small file of many pixels."""
    packer = zlib.compressobj(9)
    rows = [packer.compress(bytes(side + 1)) for _ in range(side)]
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = b"".join(rows) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_huge_png_is_rejected_and_not_decoded(tmp_path: Path) -> None:
    content = huge_png(20_000)
    assert len(content) < 1_000_000
    (tmp_path / "huge.png").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="image too large, the limit is 50,000,000 pixels"):
            read_image(tmp_path / "huge.png")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000  # kB; the pixels alone would be 400,000


def test_a_large_16_bit_image_is_scaled_without_large_copies(tmp_path: Path) -> None:
    grey = np.arange(2000 * 2000, dtype=np.uint32).reshape(2000, 2000) % 60_000
    Image.fromarray(grey.astype(np.uint16)).save(tmp_path / "a.png")
    tracemalloc.start()
    try:
        describe(tmp_path / "a.png")
        assert tracemalloc.get_traced_memory()[1] < 10 * grey.size  # bytes; a float64 copy alone takes 8
    finally:
        tracemalloc.stop()


def test_images_beyond_the_room_wait() -> None:
    room, lock, held = Room(100), threading.Lock(), 0
    most = 0

    def use(pixels: int) -> None:
        nonlocal held, most
        with room.taken(pixels):
            with lock:
                held += pixels
                most = max(most, held)
            with lock:
                held -= pixels

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, [10, 60, 40, 100, 5] * 40))
        assert most <= 100
        pool.submit(use, 500).result(timeout=10)  # larger than the room: alone, but not for ever
    assert held == 0


def test_the_huge_png_is_otherwise_a_good_file() -> None:
    image = decode(huge_png(200))
    assert image.pixels.shape == (200, 200, 3)
    assert MAX_PIXELS < 20_000**2 / 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file (0 bytes)"),
        (b"this is a text, not an image\n", "not an image of a known format"),
        (encoded(Image.new("L", (64, 64), 90), "JPEG")[:200], "cannot be decoded"),
        (encoded(Image.effect_noise((64, 64), 50), "JPEG")[:-400], "cannot be decoded: image file is truncated"),
        (encoded(Image.effect_noise((64, 64), 50))[:-600], "cannot be decoded"),
        (encoded(Image.new("L", (8, 8)), "GIF"), "not an image of a known format"),
    ],
    ids=["empty", "text", "cut header", "truncated JPEG", "truncated PNG", "unlisted format"],
)
def test_what_cannot_be_used_has_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "scan.jpg").write_bytes(content)
    with pytest.raises(ImageError) as caught:
        describe(tmp_path / "scan.jpg")
    assert reason in str(caught.value)


def test_a_missing_file_has_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read: No such file"):
        read_image(tmp_path / "gone.png")


def test_a_16_bit_image_is_spread_over_the_grey_range() -> None:
    grey = np.array([[1000, 2000], [3000, 5000]], dtype=np.uint16)
    image = decode(encoded(Image.fromarray(grey)))
    assert image.pixels.dtype == np.uint8
    assert image.pixels[:, :, 0].tolist() == [[0, 64], [128, 255]]
    np.testing.assert_array_equal(image.pixels[:, :, 0], image.pixels[:, :, 2])


def test_a_flat_16_bit_image_is_black() -> None:
    assert decode(encoded(Image.fromarray(np.full((3, 3), 700, dtype=np.uint16)))).pixels.max() == 0


def test_a_float_image_that_is_not_finite_is_rejected() -> None:
    grey = np.array([[0.0, np.nan]], dtype=np.float32)
    with pytest.raises(ImageError, match="grey values are not finite"):
        decode(encoded(Image.fromarray(grey), "TIFF"))


def test_grey_palette_and_transparent_images_become_rgb() -> None:
    grey = Image.fromarray(np.array([[0, 100], [200, 255]], dtype=np.uint8))
    for image in (grey, grey.convert("P"), grey.convert("RGBA"), grey.convert("LA"), grey.convert("RGB")):
        pixels = decode(encoded(image)).pixels
        assert pixels.shape == (2, 2, 3)
        assert pixels[:, :, 1].tolist() == [[0, 100], [200, 255]]
    assert decode(encoded(Image.new("1", (2, 2), 1))).pixels.tolist() == np.full((2, 2, 3), 255).tolist()


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the top of the scene is on the right of the stored pixels
    stored = Image.fromarray(np.array([[10, 20, 30]], dtype=np.uint8))
    assert decode(encoded(stored, exif=exif)).pixels[:, :, 0].tolist() == [[10], [20], [30]]


def test_the_channels_are_red_green_blue() -> None:
    assert decode(encoded(Image.new("RGB", (1, 1), (255, 10, 0)))).pixels[0, 0].tolist() == [255, 10, 0]


def test_the_facts_of_a_file(tmp_path: Path) -> None:
    grey = np.array([[0, 100, 200]] * 2, dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    facts = describe(tmp_path / "a.png")
    assert (facts.width, facts.height, facts.file_format) == (3, 2, "PNG")
    assert facts.file_bytes == (tmp_path / "a.png").stat().st_size
    assert facts.mean_intensity == pytest.approx(100)
    assert facts.sd_intensity == pytest.approx(np.std([0, 100, 200]))
    assert len(facts.sha256) == 64
    assert len(facts.phash) == 16


def bits_apart(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def test_the_perceptual_hash_sees_through_encodings_but_not_images(tmp_path: Path, draw: Callable[..., Path]) -> None:
    original = describe(draw(tmp_path / "a.png", seed=1, size=256)).phash
    jpeg = describe(draw(tmp_path / "a.jpg", seed=1, size=256, quality=60)).phash
    with Image.open(tmp_path / "a.png") as image:
        image.resize((160, 160), Image.Resampling.BICUBIC).save(tmp_path / "small.png")
    assert bits_apart(original, jpeg) <= 4
    assert bits_apart(original, describe(tmp_path / "small.png").phash) <= 4
    for seed in range(2, 12):
        assert bits_apart(original, describe(draw(tmp_path / "b.png", seed=seed, size=256)).phash) > 12


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_the_perceptual_hash_is_16_hex_digits_for_any_size(height: int, width: int, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, size=(height, width), dtype=np.uint8)
    assert len(perceptual_hash(grey)) == 16
    assert int(perceptual_hash(grey), 16) >= 0


def progressive(passes: int) -> bytes:
    """A JPEG that goes over its pixels so many times, the last pass again and again."""
    content = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * (passes - content.count(b"\xff\xda") + 1) + content[-2:]


def test_a_jpeg_of_very_many_passes_is_refused() -> None:
    assert decode(progressive(90)).pixels.shape == (64, 64, 3)
    with pytest.raises(ImageError, match="JPEG with 12,000 passes over its pixels, the limit is 100"):
        decode(progressive(12_000))


@pytest.mark.parametrize("error", [struct.error("x"), TypeError("x"), KeyError("x"), ZeroDivisionError(), zlib.error()])
def test_whatever_a_decoder_stumbles_over_is_a_reason(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", stumble)
    with pytest.raises(ImageError, match="cannot be decoded: it is damaged"):
        decode(encoded(Image.new("L", (40, 40))))


def test_16_bit_greys_are_turned_upright_too() -> None:
    grey = Image.fromarray(np.arange(12, dtype=np.uint16).reshape(3, 4) * 1000)
    exif = grey.getexif()
    exif[0x0112] = 6
    turned = decode(encoded(grey, exif=exif)).pixels
    assert turned.shape == (4, 3, 3)
    np.testing.assert_array_equal(turned, np.rot90(decode(encoded(grey)).pixels, -1))


@pytest.mark.parametrize(
    ("encode", "named"),
    [
        (lambda grey: imagecodecs.jpeg_encode(grey >> 4, bitspersample=12), "12-bit extended JPEG"),
        (lambda grey: imagecodecs.jpeg_encode(grey, lossless=True, bitspersample=16), "16-bit JPEG Lossless"),
        (imagecodecs.jpegls_encode, "16-bit JPEG-LS"),
    ],
)
def test_kinds_of_jpeg_that_only_dicom_holds_are_named(
    tmp_path: Path, encode: Callable[[np.ndarray], bytes], named: str
) -> None:
    grey = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    (tmp_path / "a.jpg").write_bytes(encode(grey))
    with pytest.raises(ImageError, match=f"{named}, which is read in DICOM files only; save it as an 8-bit JPEG"):
        read_image(tmp_path / "a.jpg")


def test_dicom_is_read_wherever_images_are(tmp_path: Path) -> None:
    content = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
    (tmp_path / "scan").write_bytes(content)
    expected = read_upload(content).pixels
    assert (read_image(tmp_path / "scan").pixels == expected).all()
    assert (decode(content).pixels == expected).all()
    facts = describe(tmp_path / "scan")
    assert (facts.width, facts.height, facts.file_format, facts.file_bytes) == (64, 64, "DICOM", len(content))
    assert facts.mean_intensity == pytest.approx(expected.mean())
    (tmp_path / "cut.dcm").write_bytes(content[:-5000])
    with pytest.raises(ImageError, match="DICOM file cannot be decoded"):
        describe(tmp_path / "cut.dcm")
