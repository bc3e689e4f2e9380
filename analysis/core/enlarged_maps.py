"""Maps of a coarse grid as an overlay shows them: enlarged bilinearly, by one matrix for each axis."""

import numpy as np
from numpy.typing import NDArray


def enlarging(small: int, large: int) -> NDArray[np.float64]:
    """Return the weights (large, small) of bilinear enlargement along one axis, cell centres aligned as in OpenCV."""
    at = (np.arange(large) + 0.5) * small / large - 0.5
    return np.stack([np.interp(at, np.arange(small), unit) for unit in np.eye(small)], axis=1)
