"""A drawn head: an ellipse of tissue with a bright skull, the two sides alike, and a bright tumour in one of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

SIDE = 128


def ellipse(row: float, column: float, high: float, wide: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[:SIDE, :SIDE]
    return ((y - row) / high) ** 2 + ((x - column) / wide) ** 2 < 1


@pytest.fixture
def healthy() -> NDArray[np.uint8]:
    grey = np.zeros((SIDE, SIDE), dtype=np.uint8)
    grey[ellipse(64, 64, 55, 45)] = 200
    grey[ellipse(64, 64, 50, 40)] = 90
    for column in (52, 76):
        grey[ellipse(58, column, 14, 5)] = 30
    return grey


@pytest.fixture
def outline() -> NDArray[np.bool_]:
    return ellipse(86, 46, 8, 7)


@pytest.fixture
def scan(healthy: NDArray[np.uint8], outline: NDArray[np.bool_]) -> NDArray[np.uint8]:
    grey = healthy.copy()
    grey[outline] = 230
    return grey


@pytest.fixture
def head() -> NDArray[np.bool_]:
    return ellipse(64, 64, 55, 45)
