"""The tumour alone, and everything but the tumour."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.outline import feather, grown

MARGIN: Final = 0.025  # of the picture's longer side around the hole, in which the edge falls off


def kept_only(grey: NDArray[np.uint8], hole: NDArray[np.bool_], *, head: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return what ``blanked`` takes away, with a little around it, on the background of the picture."""
    outside = ~head
    background = float(np.median(grey[outside])) if outside.any() else 0.0
    seen = feather(grown(hole, by=MARGIN))
    return np.clip(np.rint(seen * grey + (1 - seen) * background), 0, 255).astype(np.uint8)


def blanked(grey: NDArray[np.uint8], hole: NDArray[np.bool_], *, head: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the picture with the hole set to the mean grey of the rest of the head.

    Not to black: a black hole in tissue is a sign of its own, such as a cyst.
    """
    rest = head & ~hole
    blank = grey.copy()
    blank[hole] = round(float(grey[rest].mean())) if rest.any() else 0
    return blank
