"""Where the head is in a slice, and the line about which it is symmetric."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

LOOKED_AT: Final = 64  # pixels a side at which the symmetry is looked for
LEANS: Final = range(-15, 16, 3)  # degrees by which a head may lean
ASIDE: Final = range(-6, 7)  # of the same pixels, by which the midline may miss the middle of the head, times two
SYMMETRIC: Final = 0.75  # correlation with its own mirror image from which a head counts as symmetric


def head_mask(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the head ``(h, w)``: the largest bright part against the dark background, its holes filled.

    The threshold is half of Otsu's (1979, doi 10.1109/TSMC.1979.4310076), so that dark tissue and skin count. A picture
    without a dark background is head all over.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), max(grey.shape) / 150)
    level, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = (smooth > level / 2).astype(np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = np.zeros(grey.shape, dtype=np.uint8)
    if contours:
        cv2.drawContours(mask, [max(contours, key=cv2.contourArea)], -1, 1, thickness=cv2.FILLED)
    return mask.astype(np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Midline:
    """The line about which a head is symmetric: ``mirror`` ``(2, 3)`` takes each point (x, y) to its other side.

    ``correlation`` is that of the head with its mirror image, -1 to 1.
    """

    mirror: NDArray[np.float64]
    correlation: float

    def mirrored(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture with its sides exchanged; what lies outside of it is 0."""
        size = (image.shape[1], image.shape[0])
        return np.asarray(cv2.warpAffine(image, self.mirror, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)

    def left(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return which pixels of a picture ``(h, w)`` lie to the left of the line."""
        y, x = np.mgrid[: shape[0], : shape[1]]
        return np.asarray(self.mirror[0, 0] * x + self.mirror[0, 1] * y + self.mirror[0, 2] > x, dtype=np.bool_)


def midline(grey: NDArray[np.uint8], head: NDArray[np.bool_]) -> Midline | None:
    """Return the midline of a slice; ``None`` where no upright line makes it symmetric, as in sagittal slices.

    Of the lines near the middle of the head that lean by 15 degrees at most, it is the one about which the picture and
    its mirror image correlate best. A head is symmetric from a correlation of 0.75 on.
    """
    rows, columns = np.nonzero(head)
    if not len(rows):
        return None
    centre, scale = np.array([columns.mean(), rows.mean()]), LOOKED_AT / max(grey.shape)
    seen = np.where(head, grey, 0).astype(np.uint8)
    best = Midline(mirror=np.eye(2, 3), correlation=-1.0)
    for lean in LEANS:
        upright = np.asarray(cv2.getRotationMatrix2D(centre.tolist(), lean, scale), dtype=np.float64)
        upright[:, 2] += LOOKED_AT / 2 - centre
        small = cv2.warpAffine(seen, upright, (LOOKED_AT, LOOKED_AT)).astype(np.float64)
        small = small - small.mean()
        for aside in ASIDE:
            correlation = float((small * np.roll(small[:, ::-1], aside, axis=1)).sum() / max((small**2).sum(), 1e-9))
            if correlation > best.correlation:
                best = Midline(mirror=_mirror(centre, lean, (aside - 1) / 2 / scale), correlation=correlation)
    return best if best.correlation >= SYMMETRIC else None


def _mirror(centre: NDArray[np.float64], lean: float, distance: float) -> NDArray[np.float64]:
    """Return the reflection (2, 3) about the line that leans so many degrees and misses the centre by ``distance``."""
    normal = np.array([np.cos(np.deg2rad(lean)), np.sin(np.deg2rad(lean))])
    linear = np.eye(2) - 2 * np.outer(normal, normal)
    return np.column_stack([linear, 2 * (centre @ normal + distance) * normal])
