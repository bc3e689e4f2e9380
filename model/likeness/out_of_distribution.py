"""Whether an image is like anything the network was trained on: two distances, and the limit that tuning images set.

An embedding alone does not tell: a network takes a scan with black and white exchanged, or a drawn figure, for
something it knows. So the image is looked at as well. The two distances from the training images are

- of the embedding: the length of what its principal components leave out, which is where features fire that do not
  fire on training images (Jackson and Mudholkar, Technometrics 1979;21:341-349);
- of the image: the Mahalanobis distance of its grey levels, its colour and its fine structure, with a shrunken
  covariance (Ledoit and Wolf, J Multivar Anal 2004;88:365-411).

Each is put on a scale by the tuning images: logarithm, less their mean, over their standard deviation. The score is
the larger of the two, and its limit the value that 5% of the tuning images exceed.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.model.card import REFERENCE
from neuroval.model.likeness import components as reference
from neuroval.model.likeness.components import Components

FLAGGED: Final = 0.05  # share of the tuning images
BINS: Final = 16  # of grey levels
SCALES: Final = 5  # of fine structure, each half as fine as the one before
SIDE: Final = 256  # pixels on which fine structure is measured
PREFIX: Final = "unlike_"  # of the arrays in the model folder
MEASURES: Final = BINS + 1 + SCALES
LEAST: Final = 1e-6  # below, a distance is none: it has a logarithm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Likeness:
    """What training images look like: ``mean (m,)``, ``scale (m,)`` and ``precision (m, m)`` of ``measures``.

    ``centre (2,)`` and ``spread (2,)`` put the logarithms of the two distances on their scale; ``limit (1,)`` is the
    score above which an image is called unlike them. All float32.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    precision: NDArray[np.float32]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    limit: NDArray[np.float32]

    def score(
        self, embedding: NDArray[np.floating], measured: NDArray[np.floating], components: Components
    ) -> NDArray[np.float64]:
        """Return how unlike images are, ``(n,)``, from embeddings ``(n, d)`` and their ``measures (n, m)``."""
        distances = _distances(embedding, measured, components, self.mean, self.scale, self.precision)
        scores: NDArray[np.float64] = ((np.log(distances) - self.centre) / self.spread).max(axis=1)
        return scores

    def unlike(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which scores ``(n,)`` are above the limit."""
        return scores > float(self.limit[0])


def measures(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 22 numbers about an image ``(h, w, 3)`` as the network gets it: grey levels, colour, fine structure.

    The square roots of the shares of 16 ranges of grey, the logarithm of the mean difference of the colours, and the
    logarithms of how much is lost when the image is smoothed, once and then four times at half the size.
    """
    # Channel by channel: to the bit what reductions over the last axis give, in a fifth of the time.
    red, green, blue = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    grey = (red.astype(np.float32) + green + blue) / np.float32(3)
    in_range = (grey * np.float32(BINS / 256)).astype(np.intp)  # a power of 2: exact
    levels = np.sqrt(np.bincount(in_range.ravel(), minlength=BINS) / grey.size)
    apart = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    colour = np.log1p(float(apart.mean()))
    structure = []
    shrinking = max(grey.shape) > SIDE
    left = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    for _ in range(SCALES):
        smooth = cv2.GaussianBlur(left, (0, 0), 1)
        structure.append(np.log1p(float((left - smooth).std())))
        left = cv2.resize(smooth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.array([*levels, colour, *structure], dtype=np.float32)


def fit(
    train: NDArray[np.floating],
    tuning: tuple[NDArray[np.floating], NDArray[np.floating]],
    components: Components,
) -> Likeness:
    """Return what training images look like, from their measures ``(n, m)``.

    ``tuning`` are embeddings ``(t, d)`` and measures ``(t, m)`` of images that nothing was fitted on. ``components``
    are those of the training images.
    """
    from sklearn.covariance import LedoitWolf

    scale = train.std(axis=0) + 0.02  # a measure that never varies, such as colour, is not worth infinitely much
    mean = train.mean(axis=0)
    precision = LedoitWolf().fit((train - mean) / scale).precision_
    known = [array.astype(np.float32) for array in (mean, scale, precision)]
    logs = np.log(_distances(*tuning, components, *known))
    centre, spread = logs.mean(axis=0).astype(np.float32), (logs.std(axis=0) + LEAST).astype(np.float32)
    scores = ((logs - centre) / spread).max(axis=1)
    limit = np.quantile(scores, 1 - FLAGGED, keepdims=True).astype(np.float32)
    return Likeness(mean=known[0], scale=known[1], precision=known[2], centre=centre, spread=spread, limit=limit)


def _distances(
    embedding: NDArray[np.floating],
    measured: NDArray[np.floating],
    components: Components,
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
    precision: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the distances ``(n, 2)`` of embeddings and of images from the training images."""
    directions = components.directions[: max(1, components.directions.shape[1] // 2)].astype(np.float64)
    from_mean = embedding.astype(np.float64) - components.mean
    left_out = np.linalg.norm(from_mean - from_mean @ directions.T @ directions, axis=1)
    off = (measured.astype(np.float64) - mean) / scale
    squared = np.einsum("ij,jk,ik->i", off, precision.astype(np.float64), off)
    distances: NDArray[np.float64] = np.maximum(np.column_stack([left_out, np.sqrt(np.maximum(squared, 0))]), LEAST)
    return distances


def write_likeness(folder: Path, likeness: Likeness) -> None:
    """Write it into a model folder, beside what ``reference.npz`` holds."""
    reference.add(folder, {f"{PREFIX}{field.name}": getattr(likeness, field.name) for field in fields(likeness)})


def read_likeness(folder: Path) -> Likeness | None:
    """Return what the training images of a model look like; none when its folder does not say."""
    arrays: dict[str, Any] = reference.read(folder)
    names = [field.name for field in fields(Likeness)]
    if not all(f"{PREFIX}{name}" in arrays for name in names):
        return None
    dimensions = {f"{PREFIX}{name}": 2 if name == "precision" else 1 for name in names}
    checked = reference.numbers(folder, arrays, **dimensions)
    likeness = Likeness(**{name: checked[f"{PREFIX}{name}"] for name in names})
    wanted = {"mean": (MEASURES,), "scale": (MEASURES,), "precision": (MEASURES, MEASURES)}
    wanted |= {"centre": (2,), "spread": (2,), "limit": (1,)}
    for name, shape in wanted.items():
        if getattr(likeness, name).shape != shape:
            where = f"{folder / REFERENCE}: {PREFIX}{name}"
            raise InputError(f"{where} is of {getattr(likeness, name).shape}, expected {shape}.")
    return likeness
