"""Twelve corruptions of MR images at five severities, and repeats that should change nothing.

Severity 0 is the image itself, to the bit; 5 is worse than what a radiologist would report on, so that every curve
ends. In between the steps grow, as in Hendrycks & Dietterich 2019, "Benchmarking neural network robustness to common
corruptions and perturbations" (arXiv 1903.12261). Noise of severity 1 to 3 spans what BrainWeb simulates as usual
(Cocosco 1997, 3% to 9%), and so does the bias field (20% and 40% from end to end).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions import framing, grey_levels, k_space

SEVERITIES: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "rician_noise": (0.03, 0.05, 0.09, 0.15, 0.25),  # SD, of the brightest tissue
        "bias_field": (0.1, 0.2, 0.35, 0.5, 0.7),  # each way, of the grey level
        "ghosting": (0.15, 0.3, 0.45, 0.6, 0.8),  # signal that the damped lines lose
        "motion": (1.0, 2.0, 3.5, 6.0, 10.0),  # degrees, and hundredths of the longer side
        "low_resolution": (0.7, 0.5, 0.35, 0.25, 0.18),  # of the lines that are kept
        "blur": (0.25, 0.5, 0.8, 1.2, 1.8),  # SD, hundredths of the longer side
        "gamma": (1.2, 1.5, 1.9, 2.4, 3.0),  # power, or its inverse
        "low_contrast": (0.8, 0.6, 0.45, 0.3, 0.2),  # of the contrast that is kept
        "turn": (3.0, 6.0, 10.0, 15.0, 25.0),  # degrees, either way
        "shift": (2.0, 4.0, 7.0, 11.0, 16.0),  # hundredths of the side, in a direction of chance
        "zoom_crop": (1.05, 1.12, 1.22, 1.35, 1.55),  # scale of what stays in the picture
        "jpeg": (50, 30, 18, 10, 5),  # quality
    }
)
REPEATS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {"repeat_shift": (1, 2, 3, 4), "repeat_turn": (2.0, -2.0)}  # pixels in a direction of chance; degrees
)
AROUND: Final = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))  # directions of a shift


def levels(name: str) -> int:
    """Return how many levels a corruption or repeat has, from 1 on."""
    return len({**SEVERITIES, **REPEATS}[name])


def corrupted(grey: NDArray[np.uint8], name: str, level: int, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture under a corruption or repeat of this level; at level 0 the picture itself.

    Raises ``KeyError`` for a name that is none.
    """
    steps = {**SEVERITIES, **REPEATS}[name]
    if level == 0:
        return grey
    amount = steps[level - 1]
    match name:
        case "rician_noise":
            return k_space.rician_noise(grey, amount, rng=rng)
        case "bias_field":
            return grey_levels.bias_field(grey, amount, rng=rng)
        case "ghosting":
            return k_space.ghosting(grey, amount, rng=rng)
        case "motion":
            return k_space.motion(grey, amount, rng=rng)
        case "low_resolution":
            return k_space.low_resolution(grey, amount)
        case "blur":
            return grey_levels.blur(grey, amount)
        case "gamma":
            return grey_levels.gamma(grey, amount, rng=rng)
        case "low_contrast":
            return grey_levels.low_contrast(grey, amount)
        case "turn":
            return framing.turned(grey, amount if rng.integers(2) else -amount)
        case "shift":
            return framing.shifted(grey, **_step(amount / 100 * min(grey.shape), rng=rng))
        case "zoom_crop":
            return framing.zoomed(grey, amount)
        case "jpeg":
            return grey_levels.jpeg(grey, round(amount))
        case _:
            return framing.warped(grey, repetition(grey.shape, name, level, rng=rng))


def repetition(shape: tuple[int, ...], name: str, level: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the affine map (2, 3) of a repeat, which takes places of the picture (h, w) to those where they go."""
    amount = REPEATS[name][level - 1]
    if name == "repeat_turn":
        return framing.turning(shape, amount)
    return framing.shifting(**_step(amount, rng=rng))


def _step(pixels: float, *, rng: np.random.Generator) -> dict[str, int]:
    right, down = AROUND[int(rng.integers(len(AROUND)))]
    return {"right": round(pixels * right), "down": round(pixels * down)}
