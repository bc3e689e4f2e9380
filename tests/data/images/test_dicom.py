"""DICOM: what a viewer would show, worked by hand; every refusal; and nothing of the patient anywhere."""

import io
import logging
import struct
import warnings
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MRImageStorage,
)

from neuroval.data.exceptions import ImageError
from neuroval.data.images.dicom import keep_silent, open_dicom
from neuroval.data.images.signatures import is_dicom

NAME, BIRTH, NUMBER = "Dickinson^Emily", "18301210", "AMHERST-1886"


def dicom(stored: np.ndarray, *, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> bytes:
    """A DICOM file of grey values (rows, columns), frames (n, rows, columns) or RGB (rows, columns, 3), of a patient.

    An element that is none is left out.
    """
    colour = stored.ndim == 3 and stored.shape[-1] == 3
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = syntax
    file.file_meta.MediaStorageSOPClassUID = MRImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.PatientName, file.PatientBirthDate, file.PatientID, file.Modality = NAME, BIRTH, NUMBER, "MR"
    file.Rows, file.Columns = stored.shape[:2] if colour or stored.ndim == 2 else stored.shape[1:]
    if not colour and stored.ndim == 3:
        file.NumberOfFrames = len(stored)
    file.SamplesPerPixel, file.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        file.PlanarConfiguration = 0
    file.BitsAllocated = file.BitsStored = 8 * stored.dtype.itemsize
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(stored.dtype.kind == "i")
    file.PixelData = stored.tobytes()
    for name, value in elements.items():
        if value is None:
            del file[name]
        else:
            setattr(file, name, value)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def grey(content: bytes, **options: Any) -> list[list[int]]:
    pixels = open_dicom(content).picture(**options).pixels
    assert (pixels == pixels[:, :, :1]).all()
    return pixels[:, :, 0].tolist()


RAMP = np.array([[0, 100], [200, 500]], dtype=np.uint16)


def test_without_a_window_values_are_spread() -> None:
    assert grey(dicom(RAMP)) == [[0, 51], [102, 255]]
    assert grey(dicom(RAMP.astype(np.int16) - 300)) == [[0, 51], [102, 255]]
    assert grey(dicom(np.full((2, 2), 7, np.uint16))) == [[0, 0], [0, 0]]


def test_a_window_is_that_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1 with centre 200.5 and width 201: black to 100, white above 300, linear between.
    content = dicom(RAMP, WindowCenter="200.5", WindowWidth="201")
    assert grey(content) == [[0, 0], [round(255 * 0.5), 255]]
    assert grey(dicom(RAMP, WindowCenter="200", WindowWidth="200", VOILUTFunction="LINEAR_EXACT"))[1][0] == 128


def test_a_window_applies_to_rescaled_values() -> None:
    # 2 v - 200: -200, 0, 200, 800; the window is black to 0 and white above 400.
    content = dicom(RAMP, RescaleSlope="2", RescaleIntercept="-200", WindowCenter="200.5", WindowWidth="401")
    assert grey(content) == [[0, 0], [128, 255]]


def test_the_first_of_several_windows_is_used() -> None:
    several = dicom(RAMP, WindowCenter=["200.5", "50"], WindowWidth=["201", "10"])
    assert grey(several) == grey(dicom(RAMP, WindowCenter="200.5", WindowWidth="201"))


@pytest.mark.parametrize(("centre", "width"), [("100", "0"), ("100", None), (None, "100")])
def test_a_window_that_is_none_is_left_out(centre: str | None, width: str | None) -> None:
    given = {"WindowCenter": centre, "WindowWidth": width}
    assert grey(dicom(RAMP, **{name: value for name, value in given.items() if value})) == grey(dicom(RAMP))


def test_monochrome1_is_the_other_way_round() -> None:
    assert grey(dicom(RAMP, PhotometricInterpretation="MONOCHROME1")) == [[255, 204], [153, 0]]


def test_padding_is_black() -> None:
    stored = np.array([[-2000, 100], [200, 600]], dtype=np.int16)
    assert grey(dicom(stored, PixelPaddingValue=-2000)) == [[0, 0], [51, 255]]
    assert grey(dicom(stored, PixelPaddingValue=-2000, PhotometricInterpretation="MONOCHROME1")) == [[0, 255], [204, 0]]
    assert grey(dicom(stored, PixelPaddingValue=100, PixelPaddingRangeLimit=-2000)) == [[0, 0], [0, 255]]
    window = {"WindowCenter": "-900", "WindowWidth": "3001"}
    assert grey(dicom(stored, PixelPaddingValue=600, **window))[1] == [221, 0]
    assert grey(dicom(np.full((2, 2), 7, np.int16), PixelPaddingValue=7)) == [[0, 0], [0, 0]]


def test_colour_is_kept_and_other_colour_refused() -> None:
    rgb = np.array([[[255, 10, 0], [1, 2, 3]]], dtype=np.uint8)
    assert open_dicom(dicom(rgb)).picture().pixels.tolist() == rgb.tolist()
    with pytest.raises(ImageError, match="not 8-bit RGB"):
        open_dicom(dicom(rgb.astype(np.uint16))).picture()


def test_a_frame_is_chosen() -> None:
    frames = np.stack([np.full((2, 4), 0), np.array([[0, 50, 20, 250]] * 2), np.full((2, 4), 9)]).astype(np.uint16)
    content = dicom(frames)
    assert open_dicom(content).frames == 3
    assert grey(content, frame=2) == [[0, 51, 20, 255]] * 2
    with pytest.raises(ImageError, match="3 frames; choose one of them, from 1"):
        open_dicom(content).picture()
    for frame in (0, 4):
        with pytest.raises(ImageError, match=f"3 frames; there is no frame {frame}"):
            open_dicom(content).picture(frame)


def test_enhanced_files_have_a_window_for_each_frame() -> None:
    def group(centre: str) -> Dataset:
        window, whole = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "201"
        whole.FrameVOILUTSequence = Sequence([window])
        return whole

    frames = np.stack([RAMP, RAMP])
    content = dicom(frames, PerFrameFunctionalGroupsSequence=Sequence([group("200.5"), group("300.5")]))
    assert grey(content, frame=1) == [[0, 0], [128, 255]]
    assert grey(content, frame=2) == [[0, 0], [0, 255]]
    shared = dicom(frames, SharedFunctionalGroupsSequence=Sequence([group("200.5")]))
    assert grey(shared, frame=2) == [[0, 0], [128, 255]]


def table(entries: list[int], *, first: int, bits: int, kind: str = "US", order: str = "<u2") -> Dataset:
    """A VOI table; ``kind`` is how its entries are kept."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    data: Any = entries
    if kind != "US":
        data = np.array(entries, np.uint8 if kind == "bytes" else order).tobytes()
    item.add_new("LUTData", "US" if kind == "US" else "OW", data)
    return item


def test_a_voi_table_is_applied() -> None:
    # PS3.3 C.11.2.1.1: 100, 101, 102 are 0, 1000 and 4095 of 12 bits; below and above as the first and the last.
    stored = np.array([[0, 100, 101], [102, 103, 60000]], dtype=np.uint16)
    for kind in ("US", "OW"):
        content = dicom(stored, VOILUTSequence=Sequence([table([0, 1000, 4095], first=100, bits=12, kind=kind)]))
        assert grey(content) == [[0, 0, 62], [255, 255, 255]]


def test_entries_of_eight_bits_are_two_to_a_word_and_values_may_be_negative() -> None:
    stored = np.array([[-3, -2, -1], [0, 1, 2]], dtype=np.int16)
    item = table([10, 20, 30, 40], first=-2, bits=8, kind="bytes")
    assert grey(dicom(stored, VOILUTSequence=Sequence([item]))) == [[10, 10, 20], [30, 40, 40]]


def test_a_window_applies_to_a_negative_slope_too() -> None:
    content = dicom(RAMP, RescaleSlope="-1", RescaleIntercept="500", WindowCenter="350.5", WindowWidth="201")
    assert grey(content) == [[255, 191], [64, 0]]  # of the values 500, 400, 300 and 0, between 250 and 450


@pytest.mark.parametrize("kind", ["US", "OW"])
def test_a_modality_table_is_applied_before_the_window(kind: str) -> None:
    item = table([0, 10, 20, 30], first=100, bits=16, kind=kind)
    item.ModalityLUTType = "US"
    stored = np.array([[99, 100, 101], [102, 103, 104]], dtype=np.uint16)
    content = dicom(stored, ModalityLUTSequence=Sequence([item]), WindowCenter="15.5", WindowWidth="31")
    assert grey(content) == [[0, 0, 85], [170, 255, 255]]


@pytest.mark.parametrize("kind", ["US", "OW"])
def test_tables_of_big_endian_files_are_read(kind: str) -> None:
    stored = np.array([[100, 101, 102]], dtype=np.uint16)
    content = dicom(
        stored.byteswap(),
        syntax=ExplicitVRBigEndian,
        VOILUTSequence=Sequence([table([0, 1000, 4095], first=100, bits=12, kind=kind, order=">u2")]),
    )
    assert grey(content) == [[0, 62, 255]]


def test_a_voi_table_maps_rescaled_values_and_goes_before_the_window() -> None:
    stored = np.array([[0, 1, 2]], dtype=np.uint16)
    content = dicom(
        stored,
        RescaleSlope="10",
        RescaleIntercept="-10",
        WindowCenter="100",
        WindowWidth="50",
        VOILUTSequence=Sequence([table(list(range(0, 210, 10)), first=-10 + (1 << 16), bits=8)]),
        PixelRepresentation=1,
    )
    assert grey(content) == [[0, 100, 200]]


@pytest.mark.parametrize("item", [Dataset(), table([1, 2], first=0, bits=24)])
def test_a_voi_table_that_is_none_is_left_out(item: Dataset) -> None:
    assert grey(dicom(RAMP, VOILUTSequence=Sequence([item]))) == grey(dicom(RAMP))


def test_an_inverse_presentation_is_the_other_way_round_once() -> None:
    assert grey(dicom(RAMP, PresentationLUTShape="INVERSE")) == [[255, 204], [153, 0]]
    both = dicom(RAMP, PresentationLUTShape="INVERSE", PhotometricInterpretation="MONOCHROME1")
    assert grey(both) == [[255, 204], [153, 0]]  # a digital X-ray says the one inversion twice
    assert grey(dicom(RAMP, PresentationLUTShape="IDENTITY")) == grey(dicom(RAMP))


SCAN = np.random.default_rng(4).integers(-900, 900, (24, 16)).astype(np.int16)


def compressed(stored: np.ndarray, *, syntax: str, bits: int) -> bytes:
    """A DICOM file whose samples of ``bits`` bits are compressed as the syntax says."""
    whole = stored.view(f"u{stored.itemsize}")
    samples = whole & ((1 << bits) - 1)
    if syntax in (JPEGLSLossless, JPEGLSNearLossless):
        frame = imagecodecs.jpegls_encode(whole)  # writes whole words
    else:
        frame = imagecodecs.jpeg_encode(samples, lossless=syntax != JPEGExtended12Bit, bitspersample=bits, level=99)
    file = pydicom.dcmread(io.BytesIO(dicom(stored, BitsStored=bits, HighBit=bits - 1)))
    file.PixelData = encapsulate([frame])
    file.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    file.save_as(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1, JPEGLSLossless])
@pytest.mark.parametrize("stored", [SCAN, (SCAN + 900).astype(np.uint16), (SCAN & 255).astype(np.uint8)])
def test_what_archives_compress_without_loss_is_read_without_loss(stored: np.ndarray, syntax: str, bits: int) -> None:
    bits = min(bits, 8 * stored.itemsize)
    whole = dicom(stored, BitsStored=bits, HighBit=bits - 1)
    assert grey(compressed(stored, syntax=syntax, bits=bits)) == grey(whole)


@pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
def test_the_sign_of_samples_of_fewer_bits_than_the_file_says_is_kept(syntax: str) -> None:
    file = pydicom.dcmread(io.BytesIO(compressed(SCAN, syntax=syntax, bits=12)))
    file.BitsStored, file.HighBit = 16, 15  # the file counts the words, the JPEG the samples
    buffer = io.BytesIO()
    file.save_as(buffer)
    assert grey(buffer.getvalue()) == grey(dicom(SCAN))


def test_colour_compressed_without_loss_is_kept() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    file = pydicom.dcmread(io.BytesIO(dicom(rgb)))
    kept = imagecodecs.jpeg_encode(rgb, lossless=True, colorspace="RGB", outcolorspace="RGB")
    file.PixelData = encapsulate([kept])
    file.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    buffer = io.BytesIO()
    file.save_as(buffer)
    assert open_dicom(buffer.getvalue()).picture().pixels.tolist() == rgb.tolist()


def test_twelve_bit_jpeg_is_read() -> None:
    y, x = np.mgrid[:64, :64]
    stored = (30 * (x + y)).astype(np.uint16)
    found = np.array(grey(compressed(stored, syntax=JPEGExtended12Bit, bits=12)))
    assert np.abs(found - np.array(grey(dicom(stored)))).max() <= 2


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless])
def test_a_compressed_picture_of_another_size_than_the_file_says_is_refused(syntax: str) -> None:
    content = bytearray(compressed(SCAN.astype(np.uint16), syntax=syntax, bits=16))
    place = content.index(b"\xff\xf7" if syntax == JPEGLSLossless else b"\xff\xc3") + 5  # rows and columns
    content[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(ImageError, match="cannot be decoded"):
        open_dicom(bytes(content)).picture()


def test_files_of_other_programs_are_read() -> None:
    reference = open_dicom(Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()).picture()
    assert reference.pixels.shape == (64, 64, 3)
    of_one = ("RLE", "bigendian", "implicit", "jp2klossless", "jpeg_ls_lossless")
    for name in (f"MR_small_{kind}" for kind in of_one):
        other = open_dicom(Path(str(get_testdata_file(f"{name}.dcm"))).read_bytes()).picture()
        np.testing.assert_array_equal(other.pixels, reference.pixels)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (dicom(RAMP, PhotometricInterpretation="PALETTE COLOR"), "palette"),
        (dicom(RAMP, PhotometricInterpretation=None), "PhotometricInterpretation is missing"),
        (dicom(RAMP, Rows=None, PixelRepresentation=None), "PixelRepresentation, Rows is missing"),
        (dicom(RAMP, PixelData=None), "cannot be decoded"),
        (dicom(RAMP, Rows=300), "cannot be decoded"),
        (dicom(RAMP, Rows=60_000, Columns=60_000), "too large, the limit is 16,777,216 pixels"),
        (dicom(RAMP, Rows=0), "holds no pixels"),
        (dicom(RAMP, NumberOfFrames=1_000_000), "1,000,000 frames, the limit is 2,000"),
        (dicom(RAMP, NumberOfFrames=-1), "-1 frames"),
        (dicom(RAMP)[:-4], "cannot be decoded"),
        (dicom(RAMP)[:200], "is missing"),
        (b"\0" * 128 + b"DICM", "is missing"),
        (b"\0" * 128 + b"DICM" + b"\xff" * 64, "cannot be decoded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_used_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        open_dicom(content).picture()


def test_unsupported_files_are_one_clear_line() -> None:
    with pytest.raises(ImageError, match="palette or unknown colours"):
        open_dicom(Path(str(get_testdata_file("examples_palette.dcm"))).read_bytes()).picture()


def test_a_deflated_file_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    content = dicom(np.zeros((1000, 1000), np.uint16), syntax=DeflatedExplicitVRLittleEndian)
    assert len(content) < 20_000

    def inflate(*_: object) -> bytes:
        raise AssertionError("inflated")

    monkeypatch.setattr("zlib.decompress", inflate)
    with pytest.raises(ImageError, match="Deflated"):
        open_dicom(content).picture()


def test_a_compressed_frame_larger_than_it_says_is_refused() -> None:
    file = pydicom.dcmread(str(get_testdata_file("MR_small_jp2klossless.dcm")))
    stream = bytearray(file.PixelData)
    place = stream.index(b"\xff\x51") + 6  # SIZ: the size of the picture
    stream[place : place + 8] = struct.pack(">II", 60_000, 60_000)
    file.PixelData = bytes(stream)
    buffer = io.BytesIO()
    file.save_as(buffer)
    with pytest.raises(ImageError, match="cannot be decoded"):
        open_dicom(buffer.getvalue()).picture()


def test_run_lengths_that_are_more_than_the_picture_are_refused() -> None:
    """They would be unpacked whole before anyone sees that they do not fit."""
    file = pydicom.dcmread(str(get_testdata_file("MR_small_RLE.dcm")))
    file.PixelData = encapsulate([struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 1_000_000])
    buffer = io.BytesIO()
    file.save_as(buffer)
    with pytest.raises(ImageError, match="more than its compressed pixels can need"):
        open_dicom(buffer.getvalue())


def element(group: int, number: int, kind: bytes) -> bytes:
    return struct.pack("<HH2sH", group, number, kind, 0)


EMPTY_SEQUENCE = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
ITEMS, END = struct.pack("<HHI", 0xFFFE, 0xE000, 0), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@pytest.mark.parametrize(
    ("place", "more", "reason"),
    [
        (b"\x08\x00\x60\x00", EMPTY_SEQUENCE + ITEMS * 60_000 + END, "more than 50,000 items"),
        (b"\x08\x00\x60\x00", element(8, 0x16, b"UI") * 20_000, "more than 10,000 elements"),
        (b"\x02\x00\x02\x00", element(2, 2, b"UI") * 20_000, "more than 10,000 elements"),
    ],
    ids=["items", "elements", "meta"],
)
def test_a_header_that_would_take_long_to_read_is_refused(place: bytes, more: bytes, reason: str) -> None:
    content = dicom(RAMP)
    at = content.index(place)
    with pytest.raises(ImageError, match=reason):
        open_dicom(content[:at] + more + content[at:])


def test_an_unknown_encoding_is_not_named_by_the_files_words() -> None:
    content = dicom(RAMP).replace(ExplicitVRLittleEndian.encode() + b"\0", b"1.2.3.4.1830121.886\0")
    with pytest.raises(ImageError) as caught:
        open_dicom(content).picture()
    assert "1830121" not in str(caught.value)


def test_what_is_dicom() -> None:
    assert is_dicom(dicom(RAMP))
    assert is_dicom(b"\x08\x00\x05\x00")
    assert not is_dicom(b"\x89PNG\r\n\x1a\n")
    assert not is_dicom(b"")


def test_the_modality_is_a_short_code_or_nothing() -> None:
    assert open_dicom(dicom(RAMP)).modality == "MR"
    assert open_dicom(dicom(RAMP, Modality="DICKINSON EMILY")).modality is None
    assert open_dicom(dicom(RAMP, Modality=None)).modality is None


def test_nothing_of_the_patient_is_said(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """Not in the picture, not in a message, a warning or a log, for whole files and for broken ones."""
    warnings.simplefilter("always")
    keep_silent()
    caplog.set_level(logging.DEBUG)
    odd = {"SpecificCharacterSet": NAME, "PatientBirthDate": "Dickinson", "PatientAge": NUMBER}
    odd |= {"WindowCenter": "200", "WindowWidth": "100"}
    whole = dicom(RAMP, **odd)
    said = [repr(open_dicom(whole).picture())]
    for content in (whole[:-4], whole[:300], whole.replace(b"MONOCHROME2", b"Dickinson^E"), dicom(RAMP, Rows=None)):
        with pytest.raises(ImageError) as caught:
            open_dicom(content).picture()
        said += [str(caught.value), repr(caught.value.__cause__)]
    said += [str(one.message) for one in recwarn.list]
    heard = " ".join([*said, caplog.text, *capfd.readouterr()])
    for secret in (NAME, "Dickinson", BIRTH, NUMBER):
        assert secret not in heard


@pytest.mark.filterwarnings("ignore", "error::PIL.Image.DecompressionBombWarning")
@given(st.data())
def test_any_change_of_a_file_gives_a_picture_or_a_reason(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    try:
        pixels = open_dicom(bytes(content)).picture(1).pixels
    except ImageError:
        return
    assert (pixels.dtype, pixels.shape[2]) == (np.uint8, 3)


FRAMES = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
SEEDS = [
    dicom(RAMP, WindowCenter="200", WindowWidth="100", RescaleSlope="2", RescaleIntercept="-3"),
    dicom(FRAMES),
    dicom(np.zeros((3, 4, 3), np.uint8)),
    *(Path(str(get_testdata_file(f"MR_small_{kind}.dcm"))).read_bytes() for kind in ("RLE", "jp2klossless")),
    *(compressed(SCAN, syntax=syntax, bits=16) for syntax in (JPEGLosslessSV1, JPEGLSLossless)),
    compressed((SCAN & 4095).astype(np.uint16), syntax=JPEGExtended12Bit, bits=12),
    dicom(RAMP, VOILUTSequence=Sequence([table([0, 1000, 4095], first=100, bits=12, kind="OW")])),
]
