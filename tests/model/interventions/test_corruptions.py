"""Corruptions: severity 0 is the image itself, severities only get worse, and each does what its physics says."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from neuroval.data.study import trial
from neuroval.model.interventions import framing, grey_levels, k_space
from neuroval.model.interventions.corruptions import REPEATS, SEVERITIES, corrupted, levels, repetition

Grey = NDArray[np.uint8]
EVERY = [*SEVERITIES, *REPEATS]


@pytest.fixture
def textured(scan: Grey) -> Grey:
    noise = np.random.default_rng(1).normal(0, 5, scan.shape)
    return np.where(scan > 0, np.clip(scan + noise, 0, 255), 0).astype(np.uint8)


def change(grey: Grey, name: str, level: int, seed: int = 3) -> Grey:
    return corrupted(grey, name, level, rng=np.random.default_rng(seed))


def test_names_and_levels_are_those_of_the_study() -> None:
    assert tuple(SEVERITIES) == trial.CORRUPTIONS
    assert tuple(REPEATS) == trial.REPEATS
    assert {levels(name) for name in SEVERITIES} == {trial.SEVERITIES}


@pytest.mark.parametrize("name", EVERY)
def test_level_0_is_the_image_itself_and_others_are_not(name: str, textured: Grey) -> None:
    assert change(textured, name, 0) is textured
    for level in range(1, levels(name) + 1):
        changed = change(textured, name, level)
        assert (changed.shape, changed.dtype) == (textured.shape, np.uint8)
        assert (changed != textured).any()
        assert (change(textured, name, level) == changed).all()  # the same seed, the same picture


@pytest.mark.parametrize("name", SEVERITIES)
def test_each_severity_is_farther_from_the_image(name: str, textured: Grey) -> None:
    apart = [
        np.mean([np.abs(change(textured, name, level, seed).astype(int) - textured).mean() for seed in range(12)])
        for level in range(levels(name) + 1)
    ]
    assert all(np.diff(apart) > 0), apart


def test_an_unknown_name_is_refused(scan: Grey) -> None:
    with pytest.raises(KeyError, match="sepia"):
        change(scan, "sepia", 1)


def test_noise_is_rician() -> None:
    """In air the magnitude is Rayleigh: mean sd * sqrt(pi / 2). In bright tissue it is nearly normal."""
    grey = np.zeros((200, 200), dtype=np.uint8)
    grey[:, 100:] = 200
    noisy = k_space.rician_noise(grey, 0.1, rng=np.random.default_rng(0)).astype(float)
    assert noisy[:, :100].mean() == pytest.approx(20 * np.sqrt(np.pi / 2), rel=0.02)
    assert noisy[:, 100:].std() == pytest.approx(20, rel=0.05)


def test_a_bias_field_is_smooth_and_reaches_its_amount_each_way() -> None:
    flat = np.full((90, 120), 100, dtype=np.uint8)
    shaded = grey_levels.bias_field(flat, 0.4, rng=np.random.default_rng(2))
    assert (shaded.min(), shaded.max()) == (60, 140)
    assert np.abs(np.diff(shaded.astype(int), axis=0)).max() <= 12


def test_ghosts_repeat_the_head_beside_itself_and_the_mean_stays() -> None:
    grey = np.zeros((128, 128), dtype=np.uint8)
    grey[54:74, 54:74] = 200
    ghosted = k_space.ghosting(grey, 0.8, rng=np.random.default_rng(0))
    assert ghosted[:40].max() + ghosted[:, :40].max() > 20  # where nothing was
    assert ghosted.mean() >= grey.mean() * 0.95


def test_low_resolution_has_no_fine_detail_and_rings() -> None:
    grey = np.zeros((64, 64), dtype=np.uint8)
    grey[:, 32:] = 100
    coarse = k_space.low_resolution(grey, 0.25)
    lines = np.abs(np.fft.fftshift(np.fft.fft2(coarse.astype(float))))
    assert lines[:, :20].max() < 0.05 * lines.max()
    assert coarse[:, 33:50].max() > 103  # Gibbs


def test_one_move_of_a_still_head_is_a_blend_of_where_it_lay(textured: Grey) -> None:
    moved = k_space.motion(textured, 6, rng=np.random.default_rng(5))
    assert np.corrcoef(moved.ravel(), textured.ravel())[0, 1] > 0.5


def test_grey_levels_go_where_they_are_sent() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    middles = {int(grey_levels.gamma(ramp, 2, rng=np.random.default_rng(seed))[0, 128]) for seed in range(20)}
    assert middles == {64, 181}
    assert grey_levels.low_contrast(ramp, 0.5)[0, [0, 255]].tolist() == [64, 191]


def test_a_shift_is_by_whole_pixels_and_filled_with_the_grey_of_the_edge(textured: Grey) -> None:
    moved = framing.shifted(textured + 7, right=3, down=-2)
    assert (moved[:-2, 3:] == (textured + 7)[2:, :-3]).all()
    assert (moved[-2:] == 7).all()


def test_turns_and_zooms_are_about_the_middle() -> None:
    grey = np.zeros((101, 101), dtype=np.uint8)
    grey[48:53, 80:85] = 255
    assert framing.turned(grey, 90)[16:21, 48:53].min() == 255
    twice = framing.zoomed(cv2.circle(np.zeros_like(grey), (50, 50), 10, 255, -1), 2)
    assert twice[50].nonzero()[0][[0, -1]].tolist() == pytest.approx([30, 70], abs=1)


@pytest.mark.parametrize(("name", "level"), [("repeat_shift", 3), ("repeat_turn", 2)])
def test_the_affine_map_of_a_repeat_says_where_a_place_went(name: str, level: int) -> None:
    grey = np.zeros((80, 100), dtype=np.uint8)
    grey[18:23, 68:73] = 200  # its middle is at 20 down, 70 to the right
    matrix = repetition(grey.shape, name, level, rng=np.random.default_rng(4))
    repeated = corrupted(grey, name, level, rng=np.random.default_rng(4)).astype(float)
    down, right = (np.average(places, weights=repeated) for places in np.indices(grey.shape))
    np.testing.assert_allclose([right, down], matrix @ [70, 20, 1], atol=0.05)
    assert max(abs(right - 70), abs(down - 20)) > 0.5
