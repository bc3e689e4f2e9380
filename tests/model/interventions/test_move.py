"""A pasted tumour: where it belongs, as bright beside its new surroundings as beside the old ones."""

import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.move import pasted
from neuroval.model.interventions.outline import grown
from neuroval.model.interventions.placing import transferred

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def test_a_tumour_keeps_its_contrast_to_its_surroundings(scan: Grey, healthy: Grey, head: Mask, outline: Mask) -> None:
    darker = (healthy // 2).astype(np.uint8)
    transfer = transferred(grown(outline), head=head, other_head=head)
    assert transfer is not None
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 6, scan.shape)
    noisy, host = np.clip(scan + noise, 0, 255).astype(np.uint8), np.clip(darker + noise / 2, 0, 255).astype(np.uint8)
    moved = pasted(noisy, host, transfer=transfer, head=head, host_head=head)
    assert (moved[~transfer.outline] == host[~transfer.outline]).all()
    assert abs(float(moved[outline].mean()) - (45 + (230 - 90) / 2)) < 12


def test_a_scan_pasted_into_itself_is_itself(healthy: Grey, head: Mask, outline: Mask) -> None:
    transfer = transferred(outline, head=head, other_head=head)
    assert transfer is not None
    moved = pasted(healthy, healthy, transfer=transfer, head=head, host_head=head)
    assert np.abs(moved.astype(int) - healthy).max() <= 1


def test_heads_without_contrast_are_pasted_as_they_are(head: Mask, outline: Mask) -> None:
    flat = np.where(head, 100, 0).astype(np.uint8)
    tumour = np.where(outline, 150, flat).astype(np.uint8)
    transfer = transferred(outline, head=head, other_head=head)
    assert transfer is not None
    assert pasted(tumour, flat, transfer=transfer, head=head, host_head=head)[86, 46] in (125, 150)
