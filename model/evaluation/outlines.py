"""Reference outlines as a study keeps them: small, beside the maps that are held against them."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import read_image
from neuroval.data.schema import MASK_SIZE


def outlines_of(cases: pd.DataFrame, folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the outlines of cases, uint8 ``(n, 56, 56)``, 1 inside, and where one is known, bool ``(n,)``."""
    outlines = [_outline(folder, path) for path in cases["mask_path"]]
    empty = np.zeros((MASK_SIZE, MASK_SIZE), np.uint8)
    known = np.array([outline is not None for outline in outlines], dtype=np.bool_)
    return np.stack([empty if outline is None else outline for outline in outlines]), known


def _outline(folder: Path, path: Any) -> NDArray[np.uint8] | None:
    """Return an outline on the study's grid; ``None`` where there is none or it cannot be read."""
    if not isinstance(path, str):
        return None
    try:
        grey = read_image(folder / path).pixels[:, :, 0]
    except ImageError:
        return None
    small = cv2.resize((grey > 0).astype(np.float32), (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(small >= 0.5, dtype=np.uint8)
