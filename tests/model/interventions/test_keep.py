"""The tumour alone, and all but the tumour."""

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.keep import blanked, kept_only

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def test_only_the_tumour_stays_on_the_background(scan: Grey, head: Mask, outline: Mask) -> None:
    kept = kept_only(scan + 10, outline, head=head)  # a background of 10
    assert kept[86, 46] == 240
    far = np.ones_like(outline)
    far[66:106, 26:66] = False
    assert (kept[far] == 10).all()


def test_a_picture_that_is_head_all_over_gets_a_black_background(scan: Grey, outline: Mask) -> None:
    assert kept_only(scan, outline, head=np.ones_like(outline))[64, 64] == 0


def test_the_blank_has_the_mean_of_the_rest_of_the_head(scan: Grey, head: Mask, outline: Mask) -> None:
    blank = blanked(scan, outline, head=head)
    assert set(blank[outline]) == {round(float(scan[head & ~outline].mean()))}
    assert (blank[~outline] == scan[~outline]).all()
