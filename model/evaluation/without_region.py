"""What a network says of one scan once a region is taken out of it: the question of a trial, asked of a single scan."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.model.inference.scan_reader import Reader
from neuroval.model.interventions.outline import grown
from neuroval.model.interventions.remove import filled_harmonic, filled_telea

SEED = 0  # of the grain of the smooth filling: the same scan and region give the same picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WithoutRegion:
    """A scan with a region filled in one way: ``pixels`` uint8 (h, w, 3), and the ``probabilities`` (k,) float32."""

    intervention: str
    pixels: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def without_region(reader: Reader, pixels: NDArray[np.uint8], region: NDArray[np.bool_]) -> tuple[WithoutRegion, ...]:
    """Return a scan (h, w, 3) without a ``region`` (h, w), filled from its rim in two unlike ways.

    The region is grown by a rim as in a trial, since an edge of the tumour would tell of it. Empty where the region is
    empty, or where nothing of the picture would be left to fill it from.
    """
    hole = grown(region) if region.any() else region
    if not hole.any() or hole.all():
        return ()
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    filled = {
        "remove_telea": filled_telea(grey, hole),
        "remove_harmonic": filled_harmonic(grey, hole, rng=np.random.default_rng(SEED)),
    }
    shown = {name: np.repeat(picture[:, :, None], 3, axis=2) for name, picture in filled.items()}
    return tuple(
        WithoutRegion(intervention=name, pixels=picture, probabilities=reader.read(picture).probabilities)
        for name, picture in shown.items()
    )


def region_of(cells: NDArray[np.generic], *, at_least: float, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where a coarse map (h, w), an outline or evidence, reaches a share of its peak, at the ``size`` of a scan.

    Nowhere where the map is 0 everywhere.
    """
    fine = cv2.resize(np.asarray(cells, dtype=np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
    peak = float(fine.max(initial=0.0))
    return np.asarray(fine >= at_least * peak, dtype=np.bool_) if peak > 0 else np.zeros(size, dtype=np.bool_)
