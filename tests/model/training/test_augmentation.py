"""Augmentation: only what the settings allow, the outline moved with the image, the same seed the same image."""

import numpy as np
import pytest

from neuroval.model.recipe import Augmentation
from neuroval.model.training.augmentation import augment

STILL = Augmentation(rotation=0, scale=0, shift=0, contrast=0)


def picture() -> tuple[np.ndarray, np.ndarray]:
    outline = np.zeros((64, 64), np.uint8)
    outline[10:20, 8:30] = 255
    pixels = np.where(outline[:, :, None] > 0, 200, 60).repeat(3, axis=2).astype(np.uint8)
    return pixels, outline


def test_without_limits_an_image_is_only_mirrored() -> None:
    pixels, outline = picture()
    results = [augment(pixels, outline, settings=STILL, rng=np.random.default_rng(seed)) for seed in range(12)]
    mirrored = [bool((changed == pixels[:, ::-1]).all()) for changed, _ in results]
    assert set(mirrored) == {True, False}
    for is_mirrored, (changed, moved) in zip(mirrored, results, strict=True):
        np.testing.assert_array_equal(changed, pixels[:, ::-1] if is_mirrored else pixels)
        np.testing.assert_array_equal(moved, outline[:, ::-1] if is_mirrored else outline)


def test_the_outline_moves_with_the_image() -> None:
    pixels, outline = picture()
    changed, moved = augment(pixels, outline, settings=Augmentation(), rng=np.random.default_rng(4))
    assert moved is not None
    bright = changed[:, :, 0] > changed[:, :, 0].max() / 2
    assert (bright == (moved > 0)).mean() > 0.97


@pytest.mark.parametrize("change", [{"gamma": 0.5}, {"blur": 3.0}, {"noise": 20.0}, {"contrast": 0.3}])
def test_each_limit_changes_something_and_stays_grey(change: dict) -> None:
    pixels, _ = picture()
    settings = Augmentation(**{"rotation": 0, "scale": 0, "shift": 0, "contrast": 0, **change})
    results = [augment(pixels, settings=settings, rng=np.random.default_rng(seed))[0] for seed in range(6)]
    assert any((changed != pixels).any() and (changed != pixels[:, ::-1]).any() for changed in results)
    assert all((changed == changed[:, :, :1]).all() for changed in results)


def test_the_same_seed_gives_the_same_image() -> None:
    pixels, _ = picture()
    settings = Augmentation(gamma=0.5, blur=2, noise=10)
    first, second = (augment(pixels, settings=settings, rng=np.random.default_rng([1, 2]))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
