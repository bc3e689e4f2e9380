"""The head and its midline, on heads of which both are known."""

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.head import head_mask, midline

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def test_the_head_is_found_with_its_dark_parts(scan: Grey, head: Mask) -> None:
    found = head_mask(scan)
    assert (found & head).sum() / (found | head).sum() > 0.95
    assert found[58, 52]  # a ventricle, as dark as the background nearly


def test_a_black_picture_has_no_head() -> None:
    assert not head_mask(np.zeros((40, 50), dtype=np.uint8)).any()
    assert midline(np.zeros((40, 50), dtype=np.uint8), np.zeros((40, 50), dtype=np.bool_)) is None


def test_the_midline_of_a_leaning_head_takes_each_side_to_the_other(healthy: Grey) -> None:
    leaning = cv2.warpAffine(healthy, cv2.getRotationMatrix2D((60, 66), 9, 1.0), (128, 128))
    found = midline(leaning, head_mask(leaning))
    assert found is not None
    assert found.correlation > 0.9
    mirrored = found.mirrored(leaning).astype(float)
    assert np.corrcoef(mirrored.ravel(), leaning.ravel())[0, 1] > 0.95
    back = found.mirrored(found.mirrored(leaning)).astype(float)
    assert np.abs(back - leaning).mean() < 4
    left = found.left(leaning.shape)
    assert (left[64, 20], left[64, 100]) == (True, False)
    assert (left & found.mirrored(left.astype(np.uint8)).astype(np.bool_)).sum() < 200  # the line itself


def test_a_head_without_two_like_sides_has_no_midline(healthy: Grey) -> None:
    lopsided = healthy.copy()
    lopsided[:, 64:][lopsided[:, 64:] > 0] = 255
    lopsided[:, :64] //= 4
    assert midline(lopsided, np.ones_like(lopsided, dtype=np.bool_)) is None
