"""What intervals are made of: the quantile of the normal distribution, and joining two intervals into one."""

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from scipy import special


def normal_quantile(level: float) -> float:
    """Return how many standard errors an interval of the ``level`` reaches either way."""
    return float(special.ndtri((1 + level) / 2))


@overload
def square_and_add(first: float, other: float, *, correlation: float) -> float: ...


@overload
def square_and_add(
    first: NDArray[np.float64], other: NDArray[np.float64], *, correlation: float | NDArray[np.float64]
) -> NDArray[np.float64]: ...


def square_and_add(first: Any, other: Any, *, correlation: Any) -> Any:
    """Return how far the interval of a difference reaches, from the reaches of the intervals of its two numbers.

    ``sqrt(one^2 + other^2 - 2 correlation one other)``, numbers or arrays (m,), ``correlation`` being that of the two
    numbers. Of a sum it is the same with the correlation's sign turned.

    Sources: Newcombe, Stat Med 1998;17:873-890, method 10; Zou & Donner, Stat Med 2008;27:1693-1702 (MOVER).
    """
    root = np.sqrt(np.maximum(first * first + other * other - 2 * correlation * first * other, 0.0))
    return root if isinstance(root, np.ndarray) else float(root)
