"""Toy networks, a toy data set, and a model folder made from them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neuroval.data.classes import ClassOrder

CLASSES = ClassOrder(names=("cross", "disc", "nothing"), negative="nothing")


def draw(label: str, rng: np.random.Generator) -> np.ndarray:
    pixels = rng.normal(60, 8, (64, 64, 3))
    row, column = rng.integers(16, 48, 2)
    if label == "cross":
        pixels[row - 10 : row + 10, column - 2 : column + 2] = 220
        pixels[row - 2 : row + 2, column - 10 : column + 10] = 220
    if label == "disc":
        y, x = np.ogrid[:64, :64]
        pixels[(y - row) ** 2 + (x - column) ** 2 < 64] = 220
    return np.clip(pixels, 0, 255).astype(np.uint8)


@contextmanager
def cut_down() -> Iterator[None]:
    """EfficientNet-Lite cut down to two stages: every kind of layer is there, and a training takes seconds."""
    from neuroval.model.training import lite_backbone

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lite_backbone, "STAGES", all_stages()[:2])
        yield


@cache
def all_stages() -> tuple[Any, ...]:
    """The stages of EfficientNet-Lite as they are, looked at before anything cuts them down."""
    from neuroval.model.training import lite_backbone

    return lite_backbone.STAGES


@pytest.fixture(scope="module", autouse=True)
def small_network() -> Iterator[None]:
    """Networks are small. A file of tests without Keras, which takes seconds to import, has its own fixture."""
    with cut_down():
        yield


@pytest.fixture
def full_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """EfficientNet-Lite as it is, for the tests that need its real weights."""
    from neuroval.model.training import lite_backbone

    monkeypatch.setattr(lite_backbone, "STAGES", all_stages())


@pytest.fixture(scope="session")
def toy_images(made_once: Callable[..., Path]) -> Path:
    """A data set folder: 16 training and 10 test images a class, one corrupt file among them."""

    def make(folder: Path) -> None:
        rng = np.random.default_rng(5)
        for split, count in (("Training", 16), ("Testing", 10)):
            for label in CLASSES.names:
                (folder / split / label).mkdir(parents=True)
                for index in range(count):
                    Image.fromarray(draw(label, rng)).save(folder / split / label / f"{index:02d}.png")
        (folder / "Testing" / "disc" / "broken.jpg").write_text("not a picture")

    return made_once("toys", make)


@pytest.fixture(scope="session")
def toy_model(toy_images: Path, made_once: Callable[..., Path]) -> Path:
    """A model folder trained for two epochs by the project's own pipeline."""
    from neuroval.model.recipe import TrainingConfig
    from neuroval.model.training.pipeline import train_model

    config = TrainingConfig(
        input_size=64, epochs=2, batch_size=12, weights=None, freeze_batch_norm=False, tuning_parts=4, seed=3
    )

    def make(folder: Path) -> None:
        out, work = folder / "toy", folder / "work"
        with cut_down():
            train_model(toy_images, out=out, work=work, data_name="toys", classes=CLASSES, config=config)

    return made_once("toy-models", make) / "toy"
