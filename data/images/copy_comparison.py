"""Whether two images are copies, and of which kind: they are laid on each other, and their fine structure compared."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.data.images.copy_views import FORMS, FRAME, SIDE, STEPS, UNTEXTURED, Floats, Grey, Small

SAME: Final = 0.84  # correlation of fine structure from which two images are copies
SAME_HEAD: Final = 0.97  # the same for images of one patient, whose slices are alike, and which are tied anyway
ALIKE: Final = 0.65  # correlation around the centre, after the best turn, from which two images are laid on each other
SURE: Final = 0.93  # correlation of fine structure from which the alignment is not made better
ENOUGH: Final = 0.06  # of the picture: so much structure must be in both
DIRECTIONS: Final = 128  # turns that are tried, mirrored and not
STRETCH, SHEAR = 1.4, 1.25  # how far the alignment may go from the turn that was found
TURNED: Final = 2.0  # degrees from which a copy is turned
IN_PLACE: Final = 0.03  # how much less the images may agree without any move
CHANGED: Final = 2.5  # grey levels, root mean square, from which a copy is filtered

_CENTRE: Final = (SIDE - 1) / 2
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
_FROM_B: Final = cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """How each of m pairs of circles agrees best.

    ``agreement`` (m,) is below 0 when one of the two is inverted; ``steps`` (m,) of 128 make the turn from one to the
    other, ``mirrored`` (m,) or not.
    """

    agreement: Floats
    steps: NDArray[np.int64]
    mirrored: NDArray[np.bool_]


def best_turns(first: NDArray[np.float16], second: NDArray[np.float16]) -> Turns:
    """Return how circles agree, by the harmonics of their rings (m, rings, harmonics, 2)."""
    a, b = _of_length_1(first), _of_length_1(second)
    spectrum = np.stack([(a * b.conj()).sum(axis=1), (a * b).sum(axis=1)], axis=1)
    curves = np.fft.irfft(spectrum, n=DIRECTIONS, axis=2).reshape(len(a), -1) * DIRECTIONS
    best = np.abs(curves).argmax(axis=1)
    return Turns(
        agreement=np.asarray(curves[np.arange(len(a)), best], dtype=np.float32),
        steps=best % DIRECTIONS,
        mirrored=best >= DIRECTIONS,
    )


def _of_length_1(harmonics: NDArray[np.float16]) -> NDArray[np.complex64]:
    parts = harmonics.astype(np.float32)
    parts[:, :, 0] = 0  # brighter rings are no structure
    length = np.sqrt(2 * (parts**2).sum(axis=(1, 2, 3), keepdims=True))
    parts /= np.maximum(length, 1e-6)
    return np.asarray(parts[..., 0] + 1j * parts[..., 1], dtype=np.complex64)


def placed(forms: tuple[int, int], *, step: int, mirrored: bool) -> Floats:
    """Return the map (2, 3) from places of the first view to places of the second, by the turn that was found."""
    angle = 2 * np.pi * step / DIRECTIONS
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [sin, -cos]] if mirrored else [[cos, sin], [-sin, cos]])
    linear = turn * (FORMS[forms[1]][1] / FORMS[forms[0]][1])
    centre = np.full(2, _CENTRE)
    return np.asarray(np.column_stack([linear, centre - linear @ centre]), dtype=np.float32)


def aligned(
    coarse: tuple[Small, Small], fine: tuple[Small, Small], start: Floats, *, inverted: bool
) -> tuple[float, Floats]:
    """Return the correlation of fine structure of two views and the map under which it is reached.

    From the map ``start`` the coarse structure is aligned by the enhanced correlation coefficient (Evangelidis and
    Psarakis, IEEE PAMI 2008;30:1858-1865), unless the fine structure agrees as it is.
    """
    before = _correlation(*fine, start, inverted=inverted)
    if before >= SURE:
        return before, start
    a, b = (np.asarray(picture, dtype=np.float32) / STEPS for picture in coarse)
    try:
        _, warp = cv2.findTransformECC(a, -b if inverted else b, start.copy(), cv2.MOTION_AFFINE, _STOP)
    except cv2.error:  # raised where the iteration does not converge
        return before, start
    better = np.asarray(warp, dtype=np.float32)
    wide, narrow = np.linalg.svd(better[:, :2] @ np.linalg.inv(start[:, :2]), compute_uv=False)
    if wide > STRETCH or narrow < 1 / STRETCH or wide > SHEAR * narrow:
        return before, start
    after = _correlation(*fine, better, inverted=inverted)
    return (after, better) if after > before else (before, start)


def _correlation(first: Small, second: Small, warp: Floats, *, inverted: bool) -> float:
    """Return the correlation where both have structure; 0 where that is too little."""
    size = (SIDE, SIDE)
    both = (first != UNTEXTURED) & (
        cv2.warpAffine(np.asarray(second != UNTEXTURED, np.uint8), warp, size, flags=cv2.INTER_NEAREST | _FROM_B) > 0
    )
    if np.count_nonzero(both) < ENOUGH * first.size:
        return 0.0
    plain = np.where(second == UNTEXTURED, 0, second).astype(np.float32)
    moved = cv2.warpAffine(plain, warp, size, flags=cv2.INTER_LINEAR | _FROM_B)
    x, y = first[both].astype(np.float32), np.asarray(moved, dtype=np.float32)[both]
    x, y = x - x.mean(), y - y.mean()
    length = float(np.linalg.norm(x) * np.linalg.norm(y))
    correlation = float(x @ y) / length if length > 0 else 0.0
    return -correlation if inverted else correlation


def of_frames(warp: Floats, view: int, heads: tuple[Floats, Floats]) -> Floats:
    """Return the map between whole images, of one between views: of the frames, or of the squares around the heads."""
    if view == FRAME:
        return warp
    first, between, second = (np.vstack([part, [0.0, 0.0, 1.0]]) for part in (heads[0], warp, heads[1]))
    return np.asarray((np.linalg.inv(second) @ between @ first)[:2], dtype=np.float32)


def kind_of(warp: Floats, grey: tuple[Grey, Grey], fine: tuple[Small, Small], *, score: float, inverted: bool) -> str:
    """Return the kind of a copy by the map between whole images, and these in small with their fine structure.

    Place goes before content: ``mirrored`` (with or without a turn), else ``turned``, else ``cropped`` (another scale,
    place or border: as they are, the images agree less than by ``score``), else ``filtered`` (other grey values), else
    ``reencoded``.
    """
    linear = warp[:, :2].astype(np.float64)
    if np.linalg.det(linear) < 0:
        return "mirrored"
    if abs(np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))) > TURNED:
        return "turned"
    if _correlation(*fine, np.eye(2, 3, dtype=np.float32), inverted=inverted) < score - IN_PLACE:
        return "cropped"
    difference = grey[0].astype(np.float32) - grey[1].astype(np.float32)
    return "filtered" if float(np.sqrt((difference**2).mean())) > CHANGED else "reencoded"
