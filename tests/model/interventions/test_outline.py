"""Outlines: grown by a part of the picture, their ring, soft edges, grey levels."""

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.outline import feather, grown, level_of, surroundings

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def test_an_outline_grows_by_a_part_of_the_longer_side() -> None:
    point = np.zeros((100, 200), dtype=np.bool_)
    point[50, 60] = True
    wide = grown(point, by=0.05)
    assert (np.flatnonzero(wide[50])[[0, -1]].tolist(), np.flatnonzero(wide[:, 60])[[0, -1]].tolist()) == (
        [50, 70],
        [40, 60],
    )
    assert (grown(point, by=0) == point).all()


def test_the_ring_lies_around_and_in_the_head(outline: Mask, head: Mask) -> None:
    ring = surroundings(outline, head)
    assert ring.any()
    assert not (ring & outline).any()
    assert not (ring & ~head).any()
    assert surroundings(outline, np.zeros_like(head)).sum() >= ring.sum()  # nowhere a head: the whole ring


def test_a_patch_is_whole_in_the_middle_and_fades_to_its_edge(outline: Mask) -> None:
    seen = feather(outline)
    assert seen[86, 46] == 1
    assert (seen[~outline] == 0).all()
    edge = seen[86][outline[86]]
    assert 0 < edge[0] < 1


def test_the_level_of_a_region_is_its_median_and_spread() -> None:
    grey = np.array([[1, 2, 3, 4, 100]], dtype=np.uint8)
    level = level_of(grey, np.ones_like(grey, dtype=np.bool_))
    assert (level.middle, round(level.spread, 4)) == (3, 1.4826)
