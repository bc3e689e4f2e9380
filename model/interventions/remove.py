"""Taking a tumour out: the hole is filled from its rim in two unlike ways, or from the other side of the head."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from neuroval.model.interventions.head import Midline
from neuroval.model.interventions.outline import feather, level_of, surroundings

REACH: Final = 5  # pixels around each point that Telea's method looks at
GRAIN: Final = 1.0  # pixels: finer than this is grain, not anatomy


def filled_telea(grey: NDArray[np.uint8], hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the picture with the hole filled by fast marching from its rim, which continues edges.

    Telea 2004, "An image inpainting technique based on the fast marching method", J Graphics Tools 9(1), 23-34.
    """
    return np.asarray(cv2.inpaint(grey, hole.astype(np.uint8), REACH, cv2.INPAINT_TELEA), dtype=np.uint8)


def filled_harmonic(grey: NDArray[np.uint8], hole: NDArray[np.bool_], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture with the hole filled by the smoothest surface through its rim, and grain as around it.

    The surface solves Laplace's equation with the rim as boundary (membrane interpolation; Perez et al. 2003, "Poisson
    image editing", doi 10.1145/882262.882269, with zero guidance). Normal grain of the spread that the ring around
    the hole has about its own blurred copy keeps the patch from being smoother than any tissue.
    """
    filled = _membrane(grey.astype(np.float64), hole)
    fine = np.abs(filled - cv2.GaussianBlur(filled, (0, 0), GRAIN))
    grain = 1.4826 * float(np.median(fine[surroundings(hole, np.ones_like(hole))]))
    filled[hole] += rng.normal(0, grain, int(hole.sum()))
    return np.clip(np.rint(filled), 0, 255).astype(np.uint8)


def filled_from_other_side(
    grey: NDArray[np.uint8],
    hole: NDArray[np.bool_],
    *,
    tumour: NDArray[np.bool_],
    head: NDArray[np.bool_],
    midline: Midline,
) -> NDArray[np.uint8] | None:
    """Return the picture with the hole filled from the other hemisphere, its grey level matched at the rim.

    ``None`` where the other side of the hole reaches the hole itself, as it crosses the midline, or the tumour, or
    where it is not head.
    """
    opposite = midline.mirrored(hole.astype(np.uint8)).astype(np.bool_)
    if (opposite & (hole | tumour)).any() or (opposite & head).sum() < 0.9 * hole.sum():
        return None
    other = midline.mirrored(grey)
    ring = surroundings(hole, head)
    shift = level_of(grey, ring).middle - level_of(other, ring).middle
    seen = feather(hole)
    mixed = seen * (other + shift) + (1 - seen) * grey
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)


def _membrane(values: NDArray[np.float64], hole: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the values with each pixel of the hole the mean of its four neighbours; rims of the picture count less."""
    number = np.full(hole.shape, -1)
    inside = np.argwhere(hole)
    number[hole] = np.arange(len(inside))
    rows, columns, weights = [], [], []
    known, neighbours = np.zeros(len(inside)), np.zeros(len(inside))
    for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        place = inside + step
        there = np.asarray(((place >= 0) & (place < hole.shape)).all(axis=1), dtype=np.bool_)
        neighbours += there
        place = np.where(there[:, None], place, 0)
        other = number[tuple(place.T)]
        unknown = there & (other >= 0)
        rows.append(np.flatnonzero(unknown))
        columns.append(other[unknown])
        weights.append(np.full(int(unknown.sum()), -1.0))
        outside = there & (other < 0)
        known[outside] += values[tuple(place[outside].T)]
    diagonal = np.arange(len(inside))
    matrix = coo_array(
        (
            np.concatenate([*weights, neighbours]),
            (np.concatenate([*rows, diagonal]), np.concatenate([*columns, diagonal])),
        )
    ).tocsc()
    filled = values.copy()
    filled[hole] = spsolve(matrix, known)
    return filled
