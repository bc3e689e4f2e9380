"""The one way an image becomes network input: for training, evaluation, the API and the upload page."""

import cv2
import numpy as np
from numpy.typing import NDArray


def preprocess(pixels: NDArray[np.uint8], *, size: int) -> NDArray[np.uint8]:
    """Return an image resized to ``(size, size, 3)``, uint8 RGB 0 to 255.

    The picture is stretched to a square, as the public data set's own 224 x 224 files were. Scaling to what the
    backbone expects happens inside the network.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (size, size):
        return pixels
    shrinking = height > size or width > size
    resized = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.uint8)
