"""How much of the evidence lies on the tumour: the share of the positive Grad-CAM inside the reference outline.

The energy-based pointing game (Wang et al., Score-CAM, CVPR Workshops 2020:111-119, section 4.3), with an outline in
place of a box. Unlike the pointing game in ``saliency`` it sees the whole map, not its maximum only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.calibration.proper_scores import mean_of
from neuroval.analysis.core.enlarged_maps import enlarging
from neuroval.analysis.core.estimate import Measure
from neuroval.data.exceptions import InputError

_AT_ONCE: Final = 4096  # cases: bounds the memory of outlines as floating point numbers to about 100 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassEvidence:
    """The mean share of one reference class, over its cases with an outline and a map with evidence.

    ``correct`` and ``wrong`` are of the cases called right and wrong; ``without_evidence`` cases have an empty map and
    are in neither. ``area`` is the mean share of the image inside the outline, over the same cases: what a map
    without any preference would score.
    """

    name: str
    correct: Measure
    wrong: Measure
    area: Measure
    without_evidence: int


def evidence_inside(maps: NDArray[np.floating[Any]], outlines: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return per case (n,) the share of the map's positive evidence inside the outline; NaN for a map without any.

    ``maps`` (n, h, w) are seen as the overlay shows them, enlarged bilinearly to the grid of ``outlines`` (n, m, m),
    non-zero inside. Enlarging is linear, so each outline is brought down to the map's grid with the transposed
    weights instead: the sums are the same, without enlarging a map. Negative values count as none. Raises
    ``InputError`` for shapes that do not fit or a map that is finer than the outlines.
    """
    if maps.ndim != 3 or outlines.ndim != 3 or len(maps) != len(outlines):
        raise InputError(f"maps: expected (n, h, w) and outlines (n, m, m), found {maps.shape} and {outlines.shape}.")
    if maps.shape[1] > outlines.shape[1] or maps.shape[2] > outlines.shape[2]:
        raise InputError(f"maps: the grid {maps.shape[1:]} is finer than that of the outlines, {outlines.shape[1:]}.")
    rows, columns = (enlarging(*sides) for sides in zip(maps.shape[1:], outlines.shape[1:], strict=True))
    share = np.full(len(maps), np.nan)
    for start in range(0, len(maps), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        positive = np.maximum(maps[part].astype(np.float64), 0.0)
        within = rows.T @ (outlines[part] != 0).astype(np.float64) @ columns
        total = np.einsum("nij,i,j->n", positive, rows.sum(axis=0), columns.sum(axis=0))
        inside = np.einsum("nij,nij->n", positive, within)
        np.divide(inside, total, out=share[part], where=total > 0)
    capped: NDArray[np.float64] = np.minimum(share, 1.0)  # the two sums are rounded apart
    return capped


def evidence_share(
    maps: NDArray[np.floating[Any]],
    outlines: NDArray[np.uint8],
    *,
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> tuple[ClassEvidence, ...]:
    """Return the mean share of evidence inside the outline by class, for cases that all have an outline.

    ``maps`` (n, h, w) is the reference class's map of each case, ``outlines`` (n, m, m) non-zero inside,
    ``reference`` and ``predicted`` class indices (n,), ``groups`` a group id per case (n,). Means carry the t
    interval and, where groups hold several cases, the cluster-robust one beside it. Maps without evidence are
    counted apart; classes without a case are left out. Raises ``InputError`` as ``evidence_inside`` does and for
    lengths that differ.
    """
    if not len(reference) == len(predicted) == len(maps):
        raise InputError(
            f"reference and predicted: expected {len(maps)} class indices each, one per map, found {len(reference)} "
            f"and {len(predicted)}."
        )
    share = evidence_inside(maps, outlines)
    area = (outlines != 0).mean(axis=(1, 2))
    evidence = np.isfinite(share)
    owner = None if groups is None else np.asarray(groups)

    def mean(values: NDArray[np.float64], selected: NDArray[np.bool_]) -> Measure:
        return mean_of(values[selected], groups=None if owner is None else owner[selected], ceiling=1.0, level=level)

    shares = []
    for index, name in enumerate(classes):
        of_class = reference == index
        if of_class.any():
            right = predicted == reference
            shares.append(
                ClassEvidence(
                    name=name,
                    correct=mean(share, of_class & evidence & right),
                    wrong=mean(share, of_class & evidence & ~right),
                    area=mean(area, of_class & evidence),
                    without_evidence=int((of_class & ~evidence).sum()),
                )
            )
    return tuple(shares)
