"""A small study, and a data set folder of drawn images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study, write_study
from neuroval.data.study.gradcam import GradCams
from neuroval.data.study.manifest import About, DataFacts, Manifest

CLASSES = ClassOrder(names=("glioma", "notumor"), negative="notumor")


@pytest.fixture
def cases() -> pd.DataFrame:
    """Six cases worked by hand: b2 shares patient P with a1 of train, and t2 is a copy of t1."""
    rows = [
        # case_id, split, label, group_id, patient_id, image_path, sha256
        ("a1", "train", "glioma", "a1", "P", "Training/glioma/1.png", "h1"),
        ("a2", "train", "notumor", "a2", None, "Training/notumor/1.png", "h2"),
        ("b1", "tuning", "notumor", "b1", None, "Training/notumor/2.png", "h3"),
        ("b2", "test", "glioma", "a1", "P", "Testing/glioma/1.png", "h4"),
        ("t1", "test", "notumor", "t1", None, "Testing/notumor/1.png", "h5"),
        ("t2", "test", "notumor", "t1", None, "Testing/notumor/2.png", "h5"),
    ]
    columns = ["case_id", "split", "label", "group_id", "patient_id", "image_path", "sha256"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def predictions() -> pd.DataFrame:
    ids = ["b1", "b2", "t1", "t2"]
    return pd.DataFrame({"case_id": ids, "prob_glioma": [0.1, 0.9, 0.5, 0.95], "prob_notumor": [0.9, 0.1, 0.5, 0.05]})


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(about=About(name="small", title="A small study"), classes=CLASSES, data=DataFacts(name="drawn"))


@pytest.fixture
def gradcam() -> GradCams:
    rng = np.random.default_rng(3)
    masks = np.zeros((4, 56, 56), dtype=np.uint8)
    masks[1, 10:20, 30:40] = 1
    return GradCams(
        case_ids=pd.Index(["t2", "b2", "t1", "b1"]),
        maps=rng.random((4, 2, 3, 5)).astype(np.float16),
        masks=masks,
        has_mask=np.array([False, True, False, False]),
    )


@pytest.fixture
def write(tmp_path: Path, manifest: Manifest, cases: pd.DataFrame, predictions: pd.DataFrame) -> Callable[..., Study]:
    """Write the small study with some parts replaced, by default to ``tmp_path / "study"``."""

    def write_with(path: Path | None = None, **parts: Any) -> Study:
        whole = {"manifest": manifest, "cases": cases, "predictions": predictions} | parts
        return write_study(path or tmp_path / "study", **whole)

    return write_with


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Write an image file: a bright disc on noise that depends on ``seed``."""

    def draw_one(path: Path, *, seed: int = 0, size: int = 64, **options: Any) -> Path:
        rng = np.random.default_rng(seed)
        y, x = np.mgrid[:size, :size] / size
        centre = rng.uniform(0.3, 0.7, size=2)
        disc = np.exp(-(((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / rng.uniform(0.02, 0.1)))
        coarse = np.kron(rng.uniform(0, 100, size=(8, 8)), np.ones((size // 8, size // 8)))
        pixels = np.clip(disc * 150 + coarse, 0, 255).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, **options)
        return path

    return draw_one


@pytest.fixture
def dataset_folder(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """Three training and two test images of two classes under Training/ and Testing/."""
    folder = tmp_path / "images"
    names = ("Training/glioma/a.png", "Training/glioma/b.png", "Training/notumor/a.png")
    for seed, name in enumerate((*names, "Testing/glioma/c.png", "Testing/notumor/d.png")):
        draw(folder / name, seed=seed)
    return folder
