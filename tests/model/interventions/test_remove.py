"""A removed tumour is gone, the rest stays to the bit, and both fillings meet their rim."""

import numpy as np
import pytest
from numpy.typing import NDArray

from neuroval.model.interventions.head import Midline, midline
from neuroval.model.interventions.outline import grown
from neuroval.model.interventions.remove import filled_from_other_side, filled_harmonic, filled_telea

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def filled(name: str, grey: Grey, hole: Mask) -> Grey:
    return filled_telea(grey, hole) if name == "telea" else filled_harmonic(grey, hole, rng=np.random.default_rng(1))


@pytest.mark.parametrize("name", ["telea", "harmonic"])
def test_the_hole_takes_the_grey_of_its_rim_and_the_rest_stays(name: str, scan: Grey, outline: Mask) -> None:
    hole = grown(outline)
    removed = filled(name, scan, hole)
    assert (removed[~hole] == scan[~hole]).all()
    assert np.abs(removed[hole].astype(int) - 90).max() <= 2
    assert scan[hole].max() == 230


def test_the_harmonic_surface_is_a_plane_where_the_rim_is_one() -> None:
    plane = np.add.outer(np.arange(0, 80, 2), np.arange(0, 40)).astype(np.uint8)
    hole = np.zeros_like(plane, dtype=np.bool_)
    hole[10:25, 8:30] = True
    spoilt = np.where(hole, 255, plane).astype(np.uint8)
    ring_is_smooth = filled_harmonic(spoilt, hole, rng=np.random.default_rng(0)).astype(float)
    assert np.abs(ring_is_smooth - plane)[hole].mean() < 1


def test_a_hole_at_the_edge_of_the_picture_is_filled_from_the_sides_it_has() -> None:
    grey = np.full((30, 30), 70, dtype=np.uint8)
    hole = np.zeros_like(grey, dtype=np.bool_)
    hole[:8, :8] = True
    grey[hole] = 255
    assert (filled_harmonic(grey, hole, rng=np.random.default_rng(0)) == 70).all()


def test_grain_is_that_of_the_surroundings(healthy: Grey, outline: Mask) -> None:
    noisy = np.clip(healthy + np.random.default_rng(2).normal(0, 8, healthy.shape), 0, 255).astype(np.uint8)
    hole = grown(outline)
    grain = filled_harmonic(noisy, hole, rng=np.random.default_rng(1))[hole].std()
    assert 5 < grain < 11


def test_the_other_side_takes_the_place_of_the_tumour(scan: Grey, healthy: Grey, head: Mask, outline: Mask) -> None:
    middle = midline(scan, head)
    assert middle is not None
    hole = grown(outline)
    removed = filled_from_other_side(scan, hole, tumour=hole, head=head, midline=middle)
    assert removed is not None
    assert np.abs(removed[outline].astype(int) - healthy[outline]).mean() < 3
    assert (removed[~hole] == scan[~hole]).all()


def test_nothing_is_taken_from_a_tumour_or_across_the_midline(scan: Grey, head: Mask, outline: Mask) -> None:
    across = Midline(mirror=np.array([[-1.0, 0, 127], [0, 1, 0]]), correlation=1)
    opposite = outline[:, ::-1]
    assert filled_from_other_side(scan, opposite, tumour=outline, head=head, midline=across) is None
    middle = np.zeros_like(outline)
    middle[60:70, 55:75] = True
    assert filled_from_other_side(scan, middle, tumour=middle, head=head, midline=across) is None
    assert filled_from_other_side(scan, outline, tumour=outline, head=outline, midline=across) is None  # no head there
