"""Two rates of different cases: the p-value that goes with the interval of their difference."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

LARGEST: Final = 38.0  # standard errors: beyond, a p-value is 0 in double precision
STEPS: Final = 45  # halvings: to 1e-12 standard errors


def p_values(
    rate: NDArray[np.float64],
    size: NDArray[np.float64],
    other: NDArray[np.float64],
    other_size: NDArray[np.float64],
    *,
    correlation: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return for pairs of rates (m,) one less the level at which the interval of their difference just reaches 0.

    The interval is that of ``comparison.difference_of``: Wilson's for each rate on its ``size``, which need not be
    whole, joined by squares with their ``correlation``. So the p-value is below 0.05 where the 95% interval leaves out
    0, and only there. Equal rates have the p-value 1. Sizes are above 0.

    Sources: Newcombe, Stat Med 1998;17:873-890, method 10; Zou & Donner, Stat Med 2008;27:1693-1702 (MOVER).
    """
    larger = rate >= other
    high, high_size = np.where(larger, rate, other), np.where(larger, size, other_size)
    low, low_size = np.where(larger, other, rate), np.where(larger, other_size, size)
    near, far = np.zeros(len(rate)), np.full(len(rate), LARGEST)
    for _ in range(STEPS):
        middle = (near + far) / 2
        below = high - _wilson(high, high_size, middle)[0]
        above = _wilson(low, low_size, middle)[1] - low
        reaches = below**2 + above**2 - 2 * correlation * below * above >= (high - low) ** 2
        near, far = np.where(reaches, near, middle), np.where(reaches, middle, far)
    values: NDArray[np.float64] = np.where(high == low, 1.0, 2 * special.ndtr(-far))
    return values


def _wilson(p: NDArray[np.float64], n: NDArray[np.float64], z: NDArray[np.float64]) -> tuple[Any, Any]:
    """Return the ends of Wilson's interval ``z`` standard errors wide, the value within."""
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.clip(np.minimum(centre - half, p), 0, 1), np.clip(np.maximum(centre + half, p), 0, 1)
