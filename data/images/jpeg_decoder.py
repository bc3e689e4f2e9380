"""The kinds of JPEG that scanners and archives write and photographs do not: a decoder for pydicom.

JPEG Lossless and 12-bit JPEG by libjpeg-turbo, JPEG-LS by CharLS, both as ``imagecodecs`` carries them. pydicom asks a
plug-in for ``is_available`` and for a function that returns the bytes of a frame.
"""

from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder
from pydicom.uid import (
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from neuroval.data.images.signatures import LS, JpegFrame, jpeg_frame

NAME: Final = "neuroval"
SYNTAXES: Final = (JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless)


def is_available(uid: str) -> bool:
    """Whether frames of a transfer syntax are decoded here."""
    return uid in SYNTAXES


def register() -> None:
    """Let pydicom decode these kinds here; done once."""
    for syntax in SYNTAXES:
        decoder = get_decoder(syntax)
        if NAME not in decoder.available_plugins:
            decoder.add_plugin(NAME, (__name__, "decode_frame"))


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Return the samples of a frame, colour by pixel, in as many bits as the file allocates.

    Raises ``ValueError`` when the JPEG's own header is missing or says another size than the file: it would be
    unpacked whole before anyone sees that it does not fit.
    """
    frame = jpeg_frame(src)
    size = (runner.rows, runner.columns, runner.samples_per_pixel)
    if frame is None or (frame.rows, frame.columns, frame.samples) != size:
        raise ValueError("the header of the JPEG does not fit that of the file")
    runner.set_option("planar_configuration", 0)
    bits = 8 if frame.bits <= 8 else 16
    runner.set_option("bits_allocated", bits)
    return _samples(src, frame, signed=bool(runner.pixel_representation)).astype(f"<u{bits // 8}").tobytes()


def _samples(src: bytes, frame: JpegFrame, *, signed: bool) -> NDArray[np.unsignedinteger]:
    if frame.marker == LS:
        return np.asarray(imagecodecs.jpegls_decode(src))  # pydicom puts the sign right
    kept = "RGB" if frame.samples == 3 else None  # as it is: what the samples mean, the file says
    samples = np.asarray(imagecodecs.jpeg_decode(src, colorspace=kept, outcolorspace=kept))
    spare = 8 * samples.itemsize - frame.bits
    if signed and spare:  # a JPEG knows no sign: the highest bit of the sample is it
        shifted = (samples << spare).view(f"i{samples.itemsize}") >> spare
        return shifted.view(samples.dtype)
    return samples
