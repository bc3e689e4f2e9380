"""The overlay: warm where the evidence is, nothing where there is none."""

import numpy as np

from neuroval.model.inference.gradcam_overlay import COLOURS, has_evidence, outlined, overlay

GREY = np.full((64, 64, 3), 80, np.uint8)


def test_no_evidence_leaves_the_image_as_it_is() -> None:
    assert not has_evidence(np.zeros((7, 7)))
    np.testing.assert_array_equal(overlay(GREY, np.zeros((7, 7)), top=1.0), GREY)
    np.testing.assert_array_equal(overlay(GREY, np.ones((7, 7)), top=0.0), GREY)


def test_high_evidence_is_the_warm_end_in_rgb() -> None:
    cam = np.zeros((7, 7))
    cam[1, 5] = 1.0
    shown = overlay(GREY, cam, top=1.0, opacity=1.0).astype(int)
    row, column = np.unravel_index(shown.sum(axis=2).argmax(), shown.shape[:2])
    assert (row * 7 // 64, column * 7 // 64) == (1, 5)
    red, green, blue = shown[row, column]
    assert red > blue
    assert green > blue
    np.testing.assert_array_equal(shown[60, 2], [80, 80, 80])


def test_weak_evidence_is_faint() -> None:
    change = [np.abs(overlay(GREY, np.full((7, 7), v), top=1.0).astype(int) - 80).mean() for v in (0.05, 0.5, 1.0)]
    assert change[0] < change[1] < change[2]
    assert change[0] < 8


def test_colours_grow_in_lightness() -> None:
    luminance = COLOURS.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1.5).all()
    assert luminance[-1] > luminance[0] + 150


def test_the_outline_follows_the_mask_and_leaves_the_rest() -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2:6, 3:7] = 1
    shown = outlined(GREY, mask)
    changed = np.argwhere((shown != GREY).any(axis=2))
    np.testing.assert_allclose(changed.min(axis=0), [16, 24], atol=3)
    np.testing.assert_allclose(changed.max(axis=0), [47, 55], atol=3)
    assert shown.max() > 200
    np.testing.assert_array_equal(shown[24:40, 32:48], GREY[24:40, 32:48])
    np.testing.assert_array_equal(outlined(GREY, np.zeros((8, 8), np.uint8)), GREY)


def test_cells_are_drawn_as_the_network_sees_them() -> None:
    cam = np.zeros((4, 4))
    cam[1, 2] = 1
    smooth, cells = (overlay(GREY, cam, top=1.0, cells=cells) for cells in (False, True))
    changed = np.argwhere((cells != GREY).any(axis=2))
    assert (changed.min(axis=0).tolist(), changed.max(axis=0).tolist()) == ([16, 32], [31, 47])
    assert len(np.unique(cells[16:32, 32:48].reshape(-1, 3), axis=0)) == 1
    assert (smooth != GREY).any(axis=2).sum() > 16 * 16


def test_opacity_is_that_of_the_strongest_evidence() -> None:
    cam = np.ones((4, 4))
    np.testing.assert_array_equal(overlay(GREY, cam, top=1.0, opacity=0.0), GREY)
    np.testing.assert_array_equal(overlay(GREY, cam, top=1.0, opacity=1.0)[0, 0], COLOURS[-1])
