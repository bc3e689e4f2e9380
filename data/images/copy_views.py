"""What is kept of an image to look for its copies: small pictures of its structure, and how they look all around.

A filter changes grey values, not their order: so grey values are replaced by their rank, and the structure is what a
wide blur takes away, divided by its local strength (Jarrett et al., ICCV 2009, local contrast normalisation). Inverted
images have the structure with the other sign. A turn or a mirror moves it along circles: so it is sampled on rings and
kept as harmonics of the angle, whose sizes neither turn nor mirror changes (Sheng and Shen, J Opt Soc Am A
1994;11:1748).
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE: Final = 96  # pixels of the square pictures that are compared
FRAME, HEAD = 0, 1  # the two views of an image: all of it, and a square around the head
AROUND: Final = 1.3  # half of the square around the head, in radii of the head
# Circles, by their share of a view: cropped copies show the middle of the frame.
FORMS: Final = ((FRAME, 1.0), (FRAME, 0.91), (FRAME, 0.83), (FRAME, 0.76), (HEAD, 1 / AROUND))
RINGS, HARMONICS = 16, 24
ANGLES: Final = 64
SKETCH: Final = 112  # pixels of the longer side on which margins and head are looked for
STRETCHED: Final = 3.0  # at most: how much wider than high a head may be
UNIFORM: Final = 6.0  # standard deviation, grey levels, up to which a line of pixels at the edge is margin
COARSE: Final = (1.0, 5.0)  # pixels: what lies between two Gaussians of this width aligns two images
FINE: Final = (0.5, 2.0)  # what lies between these tells copies from similar heads
TEXTURED: Final = 0.4  # of the strength that a fifth of the pixels exceed
STEPS: Final = 40.0  # of the pictures in 8 bits, for 1 of normalised contrast
UNTEXTURED: Final = -128  # in the fine picture: too even, saturated or at the edge, not compared

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Small = NDArray[np.int8]
Box = tuple[int, int, int, int]  # first row, row after the last, first column, column after the last

_CENTRE: Final = (SIDE - 1) / 2
_RADII = (np.arange(RINGS, dtype=np.float32) + 1) / RINGS
_TURNS = 2 * np.pi * np.arange(ANGLES, dtype=np.float32) / ANGLES
_X = np.asarray(_RADII[:, None] * np.cos(_TURNS), dtype=np.float32)
_Y = np.asarray(_RADII[:, None] * np.sin(_TURNS), dtype=np.float32)
_WEIGHTS = np.sqrt(_RADII)[:, None]  # a ring counts as its length
_INNER = np.zeros((SIDE, SIDE), dtype=np.uint8)
_INNER[3:-3, 3:-3] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One image as it is compared.

    ``grey`` (side, side) is the whole image in small. ``coarse`` and ``fine`` (2, side, side) are its structure, of
    the frame and of the head. ``harmonics`` (forms, rings, harmonics, 2) hold real and imaginary parts. ``head``
    (2, 3) maps places of the small image to places of the head's square.
    """

    grey: Grey
    coarse: Small
    fine: Small
    harmonics: NDArray[np.float16]
    head: Floats


def look_at(image: Grey) -> Look:
    """Return how a grey image (height, width) is compared with others."""
    frame, scale, corner = _fitted(image)
    to_image, within = _head(image)
    views = (frame, _around(image, to_image, within))
    textured = [_textured(view) for view in views]
    ranks = [_ranks(view, mask) for view, mask in zip(views, textured, strict=True)]
    coarse = np.stack([_structure(view, COARSE) for view in ranks])
    fine = np.stack([_structure(view, FINE) for view in ranks])
    rings = np.stack([_rings(coarse[view], share) for view, share in FORMS])
    spectrum = np.fft.rfft(rings, axis=2)[..., :HARMONICS]
    to_frame = scale * to_image
    to_frame[:, 2] += (scale - 1) / 2 + np.asarray(corner)  # places are centres of pixels
    return Look(
        grey=frame,
        coarse=_in_8_bits(coarse),
        fine=np.where(np.stack(textured) > 0, _in_8_bits(fine), np.int8(UNTEXTURED)),
        harmonics=np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float16),
        head=np.asarray(cv2.invertAffineTransform(to_frame), dtype=np.float32),
    )


def _fitted(image: Grey) -> tuple[Grey, float, tuple[int, int]]:
    """Return the whole image in small, its scale, and where its corner lies: shorter sides are filled up evenly."""
    height, width = image.shape
    scale = SIDE / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    if (left, top) == (0, 0):
        return small, scale, (0, 0)
    frame = np.full((SIDE, SIDE), _ground(small), dtype=np.uint8)
    frame[top : top + size[1], left : left + size[0]] = small
    return frame, scale, (left, top)


def _ground(image: Grey) -> int:
    """Return the usual grey value along the edge of an image."""
    return int(np.median(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])))


def _head(image: Grey) -> tuple[NDArray[np.float64], Box]:
    """Return the map (2, 3) from the square around the head to the image, and the box within the margins.

    The head is the largest part that differs from the ground, dark or bright, within even margins of any grey value;
    without one it is all of the image within its margins. The square is stretched so that the convex hull of the head
    spreads alike in all directions: images of one slice whose sides were stretched differ by a turn only (Rothe et al.,
    IEEE Trans Image Process 1996;5:3, normalisation by moments).
    """
    scale = min(1.0, SKETCH / max(image.shape))
    sketch = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    sketch = np.asarray(cv2.medianBlur(np.ascontiguousarray(sketch), 3), dtype=np.uint8)
    top, bottom, left, right = _within_margins(sketch)
    content = sketch[top:bottom, left:right]
    contrast = cv2.absdiff(content, np.full_like(content, _ground(content)))
    hundredth = max(1, contrast.size // 100)
    bright = float(np.partition(contrast.ravel(), -hundredth)[-hundredth])
    mask = np.asarray(contrast > max(12.0, 0.15 * bright), dtype=np.uint8)
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    centre = np.array([right - left - 1, bottom - top - 1]) / 2
    spread = np.eye(2) * (max(content.shape) / 4) ** 2
    if count > 1:
        largest = np.asarray(parts == 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA])), dtype=np.uint8)
        moments = cv2.moments(cv2.convexHull(cv2.findNonZero(largest)))
        area = moments["m00"]
        if area >= 0.1 * content.size:
            centre = np.array([moments["m10"], moments["m01"]]) / area
            spread = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]) / area
    variances, axes = np.linalg.eigh(spread)
    deviations = np.sqrt(np.maximum(variances, variances.max() / STRETCHED**2))
    linear = (axes * deviations) @ axes.T * (4 * AROUND / SIDE / scale)  # a disc's radius is twice its deviation
    centre = (centre + np.array([left + 0.5, top + 0.5])) / scale - 0.5
    within = tuple(round(place / scale) for place in (top, bottom, left, right))
    return np.column_stack([linear, centre - linear @ np.full(2, _CENTRE)]), (
        within[0],
        within[1],
        within[2],
        within[3],
    )


def _within_margins(image: Grey) -> Box:
    """Return the box of what lies within even lines at the edges."""
    height, width = image.shape
    top, bottom, left, right = 0, height, 0, width
    while True:
        before = (top, bottom, left, right)
        content = image[top:bottom, left:right].astype(np.float32)
        rows, columns = content.std(axis=1) > UNIFORM, content.std(axis=0) > UNIFORM
        if not rows.any() or not columns.any():
            break
        even = [int(np.argmax(lines)) for lines in (rows, rows[::-1], columns, columns[::-1])]
        even = [lines + (lines > 0) for lines in even]  # a border's last line is a mixture, and rings in JPEG
        top, bottom, left, right = top + even[0], bottom - even[1], left + even[2], right - even[3]
        if (top, bottom, left, right) == before:
            break
    if bottom - top < 0.3 * height or right - left < 0.3 * width:
        return 0, height, 0, width
    return top, bottom, left, right


def _around(image: Grey, to_image: NDArray[np.float64], within: Box) -> Grey:
    """Return the square around the head by its map to the image; beyond the margins it is as even as the ground."""
    top, bottom, left, right = within
    content = np.ascontiguousarray(image[top:bottom, left:right])
    pixels = float(np.sqrt(np.linalg.det(to_image[:, :2])))
    smooth = cv2.GaussianBlur(content, (0, 0), 0.4 * pixels) if pixels > 1.2 else content
    warp = to_image - np.array([[0, 0, left], [0, 0, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(smooth, warp, (SIDE, SIDE), flags=flags, borderValue=float(_ground(content)))
    return np.asarray(square, dtype=np.uint8)


def _textured(view: Grey) -> NDArray[np.uint8]:
    """Return where a view has structure, 0 or 1: not where it is even, nor where its grey values end."""
    floats = cv2.GaussianBlur(view.astype(np.float32), (0, 0), 1.0)
    band = floats - cv2.GaussianBlur(floats, (0, 0), 5.0)
    strength = np.asarray(cv2.GaussianBlur(band * band, (0, 0), 2.5))
    fifth = strength.size // 5
    strong = strength > TEXTURED**2 * np.partition(strength.ravel(), -fifth)[-fifth]
    within = np.asarray((view > int(view.min()) + 3) & (view < int(view.max()) - 3), dtype=np.uint8)
    return np.asarray(strong & _INNER & cv2.erode(within, np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _ranks(view: Grey, mask: NDArray[np.uint8]) -> Floats:
    """Return a view whose grey values are replaced by their rank, 0 to 255, among those where it has structure."""
    counts = np.bincount(view[mask > 0], minlength=256)
    ranks = (np.cumsum(counts) - counts / 2) * (255 / max(1, counts.sum()))
    return np.asarray(ranks, dtype=np.float32)[view]


def _structure(ranks: Floats, widths: tuple[float, float]) -> Floats:
    """Return what lies between two Gaussians, divided by its local strength."""
    inner, outer = widths
    smooth = cv2.GaussianBlur(ranks, (0, 0), inner)
    band = smooth - cv2.GaussianBlur(smooth, (0, 0), outer)
    strength = np.sqrt(cv2.GaussianBlur(band * band, (0, 0), outer))
    return np.asarray(band / (strength + 0.5 * float(strength.mean()) + 1e-6), dtype=np.float32)


def _rings(picture: Floats, share: float) -> Floats:
    """Return a square picture around its centre (rings, angles)."""
    radius = share * SIDE / 2
    rings = cv2.remap(picture, _CENTRE + radius * _X, _CENTRE + radius * _Y, cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(rings * _WEIGHTS, dtype=np.float32)


def _in_8_bits(pictures: Floats) -> Small:
    return np.asarray(np.clip(np.rint(pictures * STEPS), -127, 127), dtype=np.int8)
