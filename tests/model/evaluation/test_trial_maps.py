"""What becomes of a map: moved back over the picture, and cells blurred in its order, worked by hand."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from neuroval.data.study.trial_maps import CURVES, STEPS, VARIANTS
from neuroval.model.evaluation.trial_images import chance_of
from neuroval.model.evaluation.trial_maps import ANSWERS, Controls, curves, examined, moved_back
from neuroval.model.inference.engine import Inference
from neuroval.model.interventions import framing

SIDE = 40  # pixels; two cells a side, so that of four cells 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4 are blurred
COUNTS = (0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4)


def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)


class Corner:
    """A network that says class 1 with 0.9 while the upper left quarter is as it was, and else with 0.1."""

    def __init__(self, grey: NDArray[np.uint8], cam: NDArray[np.float32]) -> None:
        self.corner, self.cam, self.asked = grey[: SIDE // 2, : SIDE // 2], cam, 0

    def run(self, images: NDArray[np.uint8], /) -> Inference:
        maps = np.stack([np.zeros_like(self.cam), self.cam])[None]
        return Inference(self.probabilities(images), maps, np.zeros((1, 3), np.float32))

    def probabilities(self, images: NDArray[np.uint8], /) -> NDArray[np.float32]:
        self.asked += 1
        sure = 0.9 if np.array_equal(images[0, : SIDE // 2, : SIDE // 2, 0], self.corner) else 0.1
        return np.array([[1 - sure, sure]], dtype=np.float32)


def chance(*names: object) -> np.random.Generator:
    return chance_of(1, *names)


def test_deletion_and_insertion_by_hand() -> None:
    grey = picture()
    cam = np.array([[3, 0], [2, 1]], dtype=np.float32)  # the corner first, then below, beside it, and the last
    network = Corner(grey, cam)
    fitted = np.repeat(grey[:, :, None], 3, axis=2)
    told = dict(zip(CURVES, curves(fitted, cam, network, called=1, chance=chance), strict=True))
    np.testing.assert_allclose(told["deletion"], [0.9 if count == 0 else 0.1 for count in COUNTS], atol=1e-6)
    np.testing.assert_allclose(told["insertion"], [0.1 if count == 0 else 0.9 for count in COUNTS], atol=1e-6)
    for name in ("random_1", "random_2"):
        place = int(np.flatnonzero(chance(name).permutation(4) == 0)[0])  # when its turn comes
        np.testing.assert_allclose(told[name], [0.9 if count <= place else 0.1 for count in COUNTS], atol=1e-6)
    last = curves(fitted, cam[::-1, ::-1], network, called=1, chance=chance)[0]
    np.testing.assert_allclose(last, [0.9 if count <= 2 else 0.1 for count in COUNTS], atol=1e-6)


def test_everything_blurred_is_the_blurred_scan_and_equal_cells_are_in_an_order_of_chance() -> None:
    grey = picture()
    shown: list[NDArray[np.uint8]] = []

    class Looks(Corner):
        def probabilities(self, images: NDArray[np.uint8], /) -> NDArray[np.float32]:
            shown.append(images[0])
            return super().probabilities(images)

    fitted, flat = np.repeat(grey[:, :, None], 3, axis=2), np.zeros((2, 2), np.float32)
    told = curves(fitted, flat, Looks(grey, flat), called=1, chance=chance)
    blurred = cv2.GaussianBlur(fitted, (0, 0), SIDE / 16)
    assert sum(np.array_equal(image, blurred) for image in shown) >= 1
    assert sum(np.array_equal(image, fitted) for image in shown) >= 1
    order = chance("equal evidence").permutation(4)
    place = int(np.flatnonzero(np.argsort(order) == 0)[0])
    np.testing.assert_allclose(told[0], [0.9 if count <= place else 0.1 for count in COUNTS], atol=1e-6)


def test_a_map_lies_where_it_lay_once_it_is_moved_back() -> None:
    cam = np.zeros((5, 5))
    cam[1, 2] = 1
    by_a_cell = framing.shifting(right=20, down=10)  # of a picture of 50 x 100: one cell each way
    went = np.zeros((5, 5))
    went[2, 3] = 1
    np.testing.assert_allclose(moved_back(went, by_a_cell, shape=(50, 100)), cam, atol=1e-12)
    half = moved_back(went, framing.shifting(right=10, down=10), shape=(50, 100))
    np.testing.assert_allclose(half[1, 2:4], [0.5, 0.5], atol=1e-12)


def test_a_map_is_turned_back() -> None:
    """A smooth map of a turned picture is that of the picture, turned back: bilinear sampling blurs it a little."""
    down, right = np.indices((112, 112)) / 111
    smooth = np.exp(-((down - 0.3) ** 2 + (right - 0.6) ** 2) / 0.05)
    turned = framing.turned((255 * smooth).astype(np.uint8), 10.0) / 255
    back = moved_back(turned, framing.turning((112, 112), 10.0), shape=(112, 112))
    assert np.abs(back - smooth)[16:-16, 16:-16].max() < 0.02
    assert np.abs(turned - smooth)[16:-16, 16:-16].max() > 0.15


def test_a_scan_is_asked_about_so_often_and_its_maps_are_divided_by_their_peak() -> None:
    grey = picture()
    cam = np.array([[3, 0], [2, 1]], dtype=np.float32)
    network, random = Corner(grey, cam), Corner(grey, np.zeros((2, 2), np.float32))
    never = Corner(grey, np.full((2, 2), np.nan, np.float32))
    names = [name for name in VARIANTS if name.split("_")[0] in ("head", "upper", "all")]
    controls = Controls(network=network, shuffled=dict.fromkeys(names[1:], random) | {names[0]: never}, size=SIDE)
    told = examined(grey, controls, chance=chance)
    assert network.asked + random.asked + never.asked == ANSWERS
    assert (told["called"], told["maps"].shape, told["curves"].shape) == (1, (16, 2, 2), (4, STEPS + 1))
    np.testing.assert_allclose(told["maps"][0], cam / 3, atol=1e-3)
    assert told["maps"][1:10].max() == 0  # nothing, and what is not a number
    assert told["maps"][10:].max(axis=(1, 2)) == pytest.approx(np.ones(6))
