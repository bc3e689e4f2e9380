"""The shape of a tumour at another place: elsewhere in its own head, or at the same place of another head."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.outline import grown

CLEAR: Final = 0.03  # of the longer side that stays between the tumour and a control elsewhere
SCALP: Final = 0.06  # of the longer side: skin and skull, which a control elsewhere leaves alone if it can
OUTSIDE: Final = 0.05  # part of a shape that may lie outside of another head, as a tumour at the skull does


def elsewhere(
    hole: NDArray[np.bool_], *, head: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_] | None:
    """Return the same shape elsewhere in the head, clear of itself, at a place drawn evenly from all that fit.

    Below skin and skull if it fits there, else anywhere in the head, else mirrored or turned; ``None`` where it fits
    nowhere, as for tumours that fill much of the slice.
    """
    shape, forbidden = _cut(hole), grown(hole, by=CLEAR)
    below_skull = ~grown(~head, by=SCALP)
    for tried in (shape, shape[:, ::-1], shape[::-1], shape.T, shape.T[::-1]):
        for allowed in (below_skull & ~forbidden, head & ~forbidden):
            rows, columns = np.nonzero(_under(~allowed, tried) == 0)
            if len(rows):
                place = int(rng.integers(len(rows)))
                return _put(tried, int(rows[place]), int(columns[place]), hole.shape)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Where a shape of one head comes to lie in another.

    ``matrix`` ``(2, 3)`` takes points (x, y) of one picture to the other; ``outline`` is the shape there.
    """

    matrix: NDArray[np.float64]
    outline: NDArray[np.bool_]

    def carried(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture of the first head in the frame of the other."""
        size = (self.outline.shape[1], self.outline.shape[0])
        return np.asarray(cv2.warpAffine(image, self.matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)

    def back(self, outline: NDArray[np.bool_]) -> "Transfer":
        """Return the way back, on which ``outline`` is the shape as it was."""
        return Transfer(matrix=np.asarray(cv2.invertAffineTransform(self.matrix), dtype=np.float64), outline=outline)


def transferred(
    outline: NDArray[np.bool_], *, head: NDArray[np.bool_], other_head: NDArray[np.bool_]
) -> Transfer | None:
    """Return the shape at the same place of another head: as far along its box, as large beside it.

    Where it would leave the other head it is moved by as little as keeps it inside; ``None`` where it does not fit.
    """
    if not (outline.any() and head.any() and other_head.any()):
        return None
    (x, y, width, height), (other_x, other_y, other_width, other_height) = _box(head), _box(other_head)
    scale = float(np.sqrt(other_width * other_height / (width * height)))
    centre = np.argwhere(outline).mean(axis=0)[::-1]
    wanted = np.array([other_x, other_y]) + (centre - (x, y)) / (width, height) * (other_width, other_height)
    matrix = np.array([[scale, 0, wanted[0] - scale * centre[0]], [0, scale, wanted[1] - scale * centre[1]]])
    size = (other_head.shape[1], other_head.shape[0])
    shape = cv2.warpAffine(outline.astype(np.uint8), matrix, size, flags=cv2.INTER_NEAREST).astype(np.bool_)
    if not shape.any():
        return None
    cut, (row, column) = _cut(shape), np.argwhere(shape).min(axis=0)
    rows, columns = np.nonzero(_under(~other_head, cut) <= OUTSIDE * cut.sum())
    if not len(rows):
        return None
    nearest = int(np.argmin((rows - row) ** 2 + (columns - column) ** 2))
    matrix[:, 2] += (columns[nearest] - column, rows[nearest] - row)
    return Transfer(matrix=matrix, outline=_put(cut, int(rows[nearest]), int(columns[nearest]), other_head.shape))


def _box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return x, y, width, height


def _cut(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    x, y, width, height = _box(mask)
    return mask[y : y + height, x : x + width]


def _put(shape: NDArray[np.bool_], row: int, column: int, size: tuple[int, ...]) -> NDArray[np.bool_]:
    placed = np.zeros(size, dtype=np.bool_)
    placed[row : row + shape.shape[0], column : column + shape.shape[1]] = shape
    return placed


def _under(mask: NDArray[np.bool_], shape: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each place of the shape's upper left corner how many true pixels of the mask lie under the shape.

    Only places at which the shape lies wholly in the picture.
    """
    counts = cv2.filter2D(mask.astype(np.float32), -1, shape.astype(np.float32), anchor=(0, 0))
    rows, columns = mask.shape[0] - shape.shape[0] + 1, mask.shape[1] - shape.shape[1] + 1
    return np.rint(counts[: max(rows, 0), : max(columns, 0)]).astype(np.int64)
