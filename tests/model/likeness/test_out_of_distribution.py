"""Unlike the training images: distances by hand, the limit on tuning, and photographs, noise, text and blank images."""

import importlib.util
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_sample_images

from neuroval.data.exceptions import InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.phantom.cohort import Cohort
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.model.card import read_card
from neuroval.model.inference.engine import load
from neuroval.model.inference.scan_reader import Reader, open_reader
from neuroval.model.likeness.components import Components, read
from neuroval.model.likeness.out_of_distribution import (
    MEASURES,
    Likeness,
    fit,
    measures,
    read_likeness,
    write_likeness,
)
from neuroval.model.training.reference_file import FLAGGED, complete, write_reference

RNG = np.random.default_rng(19)
AXES = Components(mean=np.zeros(4, np.float32), directions=np.eye(4, dtype=np.float32)[:2])


def likeness(limit: float = 3.0) -> Likeness:
    """Two measures around (1, 2) with a covariance of 1; the scale of both distances is the plain logarithm."""
    return Likeness(
        mean=np.array([1, 2], np.float32),
        scale=np.ones(2, np.float32),
        precision=np.eye(2, dtype=np.float32),
        centre=np.zeros(2, np.float32),
        spread=np.ones(2, np.float32),
        limit=np.array([limit], np.float32),
    )


def test_the_score_is_the_larger_of_both_distances() -> None:
    # What the two components leave out of the embedding has length 5, then 1; the measures are 1, then 10 away.
    embedding = np.array([[7, 9, 3, 4], [7, 9, 1, 0]], np.float32)
    measured = np.array([[1, 3], [7, 10]], np.float32)
    scores = likeness().score(embedding, measured, AXES)
    assert scores == pytest.approx(np.log([5, 10]))
    assert likeness(limit=2.0).unlike(scores).tolist() == [False, True]


def test_an_image_of_no_distance_has_a_score() -> None:
    scores = likeness().score(np.ones((1, 4), np.float32) * [1, 1, 0, 0], np.array([[1, 2]], np.float32), AXES)
    assert np.isfinite(scores).all()


def test_the_limit_flags_one_in_twenty_of_the_tuning_images() -> None:
    train = RNG.normal(size=(300, 6)).astype(np.float32)
    tuning = RNG.normal(size=(200, 4)).astype(np.float32), RNG.normal(size=(200, 6)).astype(np.float32)
    found = fit(train, tuning, AXES)
    assert found.unlike(found.score(*tuning, AXES)).sum() == 10
    expected = LedoitWolf().fit((train - train.mean(axis=0)) / (train.std(axis=0) + 0.02))
    np.testing.assert_allclose(found.precision, expected.precision_, rtol=1e-3, atol=1e-4)


def test_measures_tell_grey_colour_and_structure() -> None:
    flat = np.full((64, 64, 3), 100, np.uint8)
    grey, colour, structure = np.split(measures(flat), [16, 17])
    assert grey.tolist() == [0.0] * 6 + [1.0] + [0.0] * 9  # 100 is in the seventh range of 16
    assert colour == 0
    assert structure == pytest.approx(np.zeros(5), abs=1e-3)
    red = flat.copy()
    red[:, :, 0] += 50
    assert measures(red)[16] == pytest.approx(np.log(51))
    noisy = np.clip(100 + RNG.normal(0, 20, (64, 64, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)
    assert (measures(noisy)[17:20] > 1).all()


def test_it_is_read_as_written_beside_what_is_there(tmp_path: Path) -> None:
    assert read_likeness(tmp_path) is None
    train = RNG.normal(size=(60, MEASURES)).astype(np.float32)
    tuning = RNG.normal(size=(40, 4)).astype(np.float32), RNG.normal(size=(40, MEASURES)).astype(np.float32)
    fitted = fit(train, tuning, AXES)
    write_likeness(tmp_path, fitted)
    back = read_likeness(tmp_path)
    assert back is not None
    for field in fields(Likeness):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(fitted, field.name))


def test_what_is_of_other_measures_is_refused(tmp_path: Path) -> None:
    write_likeness(tmp_path, likeness())  # of 2 measures
    with pytest.raises(InputError, match=r"unlike_mean is of \(2,\), expected \(22,\)"):
        read_likeness(tmp_path)


def test_training_and_the_command_write_the_same(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    trained = read_card(toy_model).metrics[FLAGGED]
    assert trained == {"tuning": "1/12"}
    shutil.copytree(toy_model, tmp_path / "toy")
    (tmp_path / "toy" / "reference.npz").unlink()
    card = complete(tmp_path / "toy", toy_images, data_name="toys")
    assert card.metrics[FLAGGED]["tuning"] == "1/12"
    assert card.metrics[FLAGGED]["test"].endswith("/30")
    assert read_card(tmp_path / "toy").metrics == card.metrics
    for name, array in read(tmp_path / "toy").items():
        np.testing.assert_array_equal(array, read(toy_model)[name])


def test_other_images_are_refused(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the images that toy was trained with"):
        complete(toy_model, toy_images, data_name="other")
    fewer = shutil.copytree(toy_images, tmp_path / "toys")
    (fewer / "Training" / "disc" / "03.png").unlink()
    with pytest.raises(InputError, match="its tuning split cannot be restored"):
        complete(toy_model, fewer, data_name="toys")


def test_without_tuning_images_nothing_can_be_said(toy_model: Path, toy_images: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_model, tmp_path / "toy")
    cases = pd.DataFrame({"case_id": ["a", "b"], "split": "train", "image_path": ["Training/disc/00.png"] * 2})
    with pytest.raises(InputError, match="fewer than two usable images in split tuning"):
        write_reference(tmp_path / "toy", cases, images=toy_images)


def test_a_model_that_does_not_say_gives_no_verdict(toy_model: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_model, tmp_path / "toy")
    (tmp_path / "toy" / "reference.npz").unlink()
    reading = open_reader(tmp_path / "toy").read(np.zeros((50, 40, 3), np.uint8))
    assert (reading.in_distribution, reading.components) == (None, None)


def test_a_reading_is_what_the_engine_says(toy_model: Path) -> None:
    pixels = RNG.integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
    reading, direct = open_reader(toy_model).read(pixels), load(toy_model).run(pixels[None])
    np.testing.assert_array_equal(reading.probabilities, direct.probabilities[0])
    np.testing.assert_array_equal(reading.maps, direct.gradcam[0])
    assert reading.in_distribution is False


# The shipped models ---------------------------------------------------------------------------------------------------

MODELS = [folder.name for folder in sorted(SHIPPED_MODELS.iterdir()) if read_likeness(folder) is not None]
LEAST, LEAST_OF_PHOTOGRAPHS = 0.95, 0.90


@pytest.fixture(scope="module", params=MODELS)
def shipped(request: pytest.FixtureRequest) -> Reader:
    return open_reader(SHIPPED_MODELS / request.param)


def share_unlike(reader: Reader, images: list[np.ndarray]) -> float:
    return float(np.mean([reader.read(image).in_distribution is False for image in images]))


def photographs() -> list[np.ndarray]:
    """The photographs that scikit-learn and scikit-image carry, and each in grey."""
    found = list(load_sample_images().images)
    spec = importlib.util.find_spec("skimage")
    if spec is not None and spec.origin is not None:
        files = sorted((Path(spec.origin).parent / "data").iterdir())
        found += [read_image(file).pixels for file in files if file.suffix in (".jpg", ".png")]
    return [*found, *(np.asarray(Image.fromarray(image).convert("L").convert("RGB")) for image in found)]


def texts() -> list[np.ndarray]:
    words = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8").split()
    found = []
    for number in range(20):
        page = Image.new("L", (300 + 20 * number, 400), 255 * (number % 2))
        drawing, font = ImageDraw.Draw(page), ImageFont.load_default(10 + 2 * number)
        for line in range(400 // (14 + 3 * number)):
            said = " ".join(words[20 * number + 7 * line :][:9])
            drawing.text((5, line * (14 + 3 * number)), said, fill=255 * (1 - number % 2), font=font)
        found.append(np.asarray(page.convert("RGB")))
    return found


def noises() -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    plain = [rng.integers(0, 256, size=(200, 200, 3), dtype=np.uint8) for _ in range(5)]
    grey = [rng.normal(120, spread, (200, 200, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2) for spread in (5, 20, 50)]
    specks = [((rng.random((200, 200, 1)) < share) * 255).astype(np.uint8).repeat(3, 2) for share in (0.05, 0.3)]
    return [*plain, *grey, *specks]


BLANK = [np.full((100, 100, 3), grey, np.uint8) for grey in range(0, 256, 15)]


@pytest.mark.parametrize("kind", ["photographs", "text", "noise", "blank"])
def test_what_is_no_scan_is_flagged(shipped: Reader, kind: str) -> None:
    images = {"photographs": photographs, "text": texts, "noise": noises, "blank": lambda: BLANK}[kind]()
    assert len(images) >= 4
    assert share_unlike(shipped, images) >= (LEAST_OF_PHOTOGRAPHS if kind == "photographs" else LEAST)


def test_phantoms_are_known_to_their_model_and_inverted_ones_flagged(clean_phantom: Cohort) -> None:
    reader = open_reader(SHIPPED_MODELS / "phantom")
    images = [read_image(file).pixels for file in sorted((clean_phantom.folder / "Testing").rglob("*.jpg"))]
    assert len(images) > 15
    assert share_unlike(reader, images) <= 0.2
    assert share_unlike(reader, [255 - image for image in images]) >= LEAST


@pytest.mark.skipif("brain-tumor-mri" not in MODELS, reason="the shipped model does not say what it was trained on")
def test_real_scans_are_known_to_their_model_and_inverted_ones_flagged(brain_tumor_mri: Path) -> None:
    reader = open_reader(SHIPPED_MODELS / "brain-tumor-mri")
    images = [read_image(file).pixels for file in sorted((brain_tumor_mri / "Testing").rglob("*.*g"))[::13]]
    assert len(images) > 80
    assert share_unlike(reader, images) <= 0.15
    assert share_unlike(reader, [255 - image for image in images]) >= LEAST


@pytest.mark.slow  # reads all of them; some are read above
def test_the_card_says_how_many_real_test_images_are_flagged(brain_tumor_mri: Path) -> None:
    reader = open_reader(SHIPPED_MODELS / "brain-tumor-mri")
    files = sorted((brain_tumor_mri / "Testing").rglob("*.*g"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        flagged = list(pool.map(lambda file: reader.read(read_image(file).pixels).in_distribution is False, files))
    assert reader.card.metrics[FLAGGED]["test"] == f"{sum(flagged)}/{len(flagged)}"


@pytest.mark.parametrize("coloured", [True, False])
def test_grey_levels_and_colour_are_those_of_plain_reductions_to_the_bit(coloured: bool) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    if not coloured:
        pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
    grey = pixels.astype(np.float32).mean(axis=2)
    levels = np.sqrt(np.histogram(grey, bins=16, range=(0, 256))[0] / grey.size)
    colour = np.log1p((pixels.max(axis=2) - pixels.min(axis=2)).mean())
    np.testing.assert_array_equal(measures(pixels)[:17], np.array([*levels, colour], dtype=np.float32))
