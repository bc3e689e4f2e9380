"""Shapes at other places: elsewhere in the head, and at the same place of another head."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from neuroval.model.interventions.outline import grown
from neuroval.model.interventions.placing import elsewhere, transferred

Mask = NDArray[np.bool_]


@pytest.mark.parametrize("seed", range(20))
def test_the_same_shape_lies_elsewhere_in_the_head_and_clear_of_the_tumour(
    seed: int, outline: Mask, head: Mask
) -> None:
    other = elsewhere(outline, head=head, rng=np.random.default_rng(seed))
    assert other is not None
    assert other.sum() == outline.sum()
    assert not (other & ~head).any()
    assert not (other & grown(outline, by=0.03)).any()


def test_places_are_drawn_from_all_over_the_head_and_repeat_with_the_seed(outline: Mask, head: Mask) -> None:
    places = [elsewhere(outline, head=head, rng=np.random.default_rng(seed)) for seed in (1, 1, *range(2, 30))]
    rows = [float(np.nonzero(place)[0].mean()) for place in places if place is not None]
    assert len(rows) == 30
    assert rows[0] == rows[1]
    assert max(rows) - min(rows) > 50


def test_a_shape_that_fills_the_head_has_no_other_place(head: Mask) -> None:
    assert elsewhere(head, head=head, rng=np.random.default_rng(0)) is None


def test_a_shape_lies_at_the_same_place_of_a_smaller_head(outline: Mask, head: Mask) -> None:
    smaller = cv2.warpAffine(head.astype(np.uint8), np.array([[0.5, 0, 10], [0, 0.5, 20]]), (100, 110)).astype(bool)
    transfer = transferred(outline, head=head, other_head=smaller)
    assert transfer is not None
    assert transfer.outline.shape == (110, 100)
    row, column = np.argwhere(transfer.outline).mean(axis=0)
    assert (row, column) == pytest.approx((20 + 86 / 2, 10 + 46 / 2), abs=1.5)
    assert transfer.outline.sum() == pytest.approx(outline.sum() / 4, rel=0.15)


def test_a_shape_that_would_leave_the_other_head_is_moved_into_it(head: Mask) -> None:
    corner = np.zeros_like(head)
    corner[20:32, 24:36] = True
    transfer = transferred(corner, head=np.ones_like(head), other_head=head)
    assert transfer is not None
    assert (transfer.outline & ~head).sum() <= 0.05 * transfer.outline.sum()
    carried = transfer.carried((corner * 200).astype(np.uint8))
    assert (carried[transfer.outline] > 100).all()


def test_the_way_back_undoes_the_transfer(outline: Mask, head: Mask) -> None:
    smaller = cv2.warpAffine(head.astype(np.uint8), np.array([[0.7, 0, 10], [0, 0.7, 5]]), (128, 128)).astype(bool)
    transfer = transferred(outline, head=head, other_head=smaller)
    assert transfer is not None
    again = transfer.back(outline).carried((transfer.outline * 255).astype(np.uint8)) > 127
    assert (again & outline).sum() / (again | outline).sum() > 0.85


def test_no_place_is_no_transfer(outline: Mask, head: Mask) -> None:
    assert transferred(outline, head=head, other_head=np.zeros_like(head)) is None
    line = np.zeros_like(head)
    line[64] = True
    assert transferred(outline, head=head, other_head=line) is None
