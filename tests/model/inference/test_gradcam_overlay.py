"""The overlay: warm where the evidence is, nothing where there is none."""

import numpy as np

from neuroval.model.inference.gradcam_overlay import COLOURS, has_evidence, map_layer, outline_layer, outlined, overlay

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
    smooth, cells = (map_layer(cam, top=1.0, shape=GREY.shape[:2], cells=cells) for cells in (False, True))
    seen = np.argwhere(cells[..., 3] > 0)
    assert (seen.min(axis=0).tolist(), seen.max(axis=0).tolist()) == ([16, 32], [31, 47])
    assert len(np.unique(cells[16:32, 32:48].reshape(-1, 4), axis=0)) == 1
    assert (smooth[..., 3] > 0).sum() > 16 * 16


def test_layers_over_the_scan_are_the_painted_scan() -> None:
    cam = np.random.default_rng(1).normal(size=(5, 5))
    layer = map_layer(cam, top=2.0, shape=GREY.shape[:2]).astype(float)
    share = 0.6 * layer[..., 3:] / 255
    np.testing.assert_allclose(GREY * (1 - share) + layer[..., :3] * share, overlay(GREY, cam, top=2.0), atol=1.5)
    mask = np.zeros((8, 8), np.uint8)
    mask[2:6, 3:7] = 1
    line = outline_layer(mask, shape=GREY.shape[:2]).astype(float)
    share = line[..., 3:] / 255
    np.testing.assert_allclose(GREY * (1 - share) + line[..., :3] * share, outlined(GREY, mask), atol=130)
    np.testing.assert_array_equal(line[..., 3] > 0, (outlined(GREY, mask) != GREY).any(axis=2))
    assert not map_layer(-np.ones((3, 3)), top=0.0, shape=(8, 8)).any()


def test_opacity_is_that_of_the_strongest_evidence() -> None:
    cam = np.ones((4, 4))
    np.testing.assert_array_equal(overlay(GREY, cam, top=1.0, opacity=0.0), GREY)
    np.testing.assert_array_equal(overlay(GREY, cam, top=1.0, opacity=1.0)[0, 0], COLOURS[-1])
