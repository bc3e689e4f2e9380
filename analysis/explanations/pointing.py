"""Whether the evidence lies on the tumour: Grad-CAM of the reference class against the reference outline.

The pointing game (Zhang et al., Top-down neural attention by excitation backprop, IJCV 2018, section 4.2): a map hits
when its maximum lies in the outline, or within a tolerance of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of

TOLERANCE = 7 / 224  # of the image's side


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSaliency:
    """The pointing game of one reference class, over its cases with an outline and a map with evidence.

    ``correct`` and ``wrong`` are of the cases called right and wrong; ``without_evidence`` cases have an empty map
    and are in neither.
    """

    name: str
    correct: Measure
    wrong: Measure
    without_evidence: int


def pointing_game(maps: NDArray[np.floating], outlines: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return per case ``(n,)`` whether the maximum of its map hits its outline.

    ``maps`` ``(n, h, w)`` are enlarged bicubically to the grid of ``outlines`` ``(n, m, m)``, as the authors do: a
    map enlarged bilinearly has its maximum in the centre of a cell, wherever the evidence of the cells around it lies.
    Of equal maxima the first in reading order counts.
    """
    side = outlines.shape[1]
    hits = np.zeros(len(maps), dtype=np.bool_)
    rows, columns = np.indices((side, side))
    for index, (cam, outline) in enumerate(zip(maps, outlines, strict=True)):
        smooth = cv2.resize(cam.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        row, column = divmod(int(np.argmax(smooth)), side)
        inside = outline != 0
        squared = (rows[inside] - row) ** 2 + (columns[inside] - column) ** 2
        hits[index] = squared.min(initial=2 * side**2) <= (TOLERANCE * side) ** 2
    return hits


def saliency(
    maps: NDArray[np.floating],
    outlines: NDArray[np.uint8],
    *,
    reference: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series,
    level: float = 0.95,
) -> tuple[ClassSaliency, ...]:
    """Return the pointing game by class, for cases that all have an outline.

    ``maps`` ``(n, h, w)`` is the reference class's map of each case. Classes without such a case are left out.
    """
    evidence = maps.max(axis=(1, 2), initial=0) > 0
    hits = pointing_game(maps, outlines)
    owner = np.asarray(groups)
    by_class = []
    for index, name in enumerate(classes):
        of_class = reference == index
        if not of_class.any():
            continue
        right = of_class & evidence & (predicted == reference)
        wrong = of_class & evidence & (predicted != reference)
        by_class.append(
            ClassSaliency(
                name=name,
                correct=share_of(hits[right], groups=owner[right], level=level),
                wrong=share_of(hits[wrong], groups=owner[wrong], level=level),
                without_evidence=int((of_class & ~evidence).sum()),
            )
        )
    return tuple(by_class)
