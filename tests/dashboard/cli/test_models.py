"""The commands on models: from a file to a heat map in two commands, and each refusal in one line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neuroval.data.study.folder import read_study
from tests.model.adapters.foreign_networks import foreign_onnx

Neuroval = Callable[..., Any]
ADD = ("--classes", "a,b,c,d", "--negative", "c", "--scale", "255", "--logits")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for label in "abcd":
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{number}.png")
    return tmp_path / "images"


def test_from_a_file_to_heat_maps_in_two_commands(neuroval: Neuroval, images: Path, tmp_path: Path) -> None:
    added = neuroval("model", "add", foreign_onnx(tmp_path / "m.onnx"), "--name", "mine", *ADD)
    assert added.code == 0, added.err
    assert "Grad-CAM, 15 x 15 cells, of features" in added.out
    done = neuroval("evaluate", "--model", "mine", "--images", images, "--out", tmp_path / "study")
    assert done.code == 0, done.err
    study = read_study(tmp_path / "study")
    assert study.gradcam is not None
    assert study.gradcam.maps.shape == (8, 4, 15, 15)
    assert study.gradcam.maps.max() > 0
    assert study.manifest.model is not None
    assert study.manifest.model.name == "mine"


def test_list_show_check_and_remove(neuroval: Neuroval, images: Path, tmp_path: Path) -> None:
    neuroval("model", "add", foreign_onnx(tmp_path / "m.onnx"), "--name", "mine", *ADD)
    assert re.search(r"^mine +own +4 classes, 32 pixels, Grad-CAM$", neuroval("model", "list").out, re.MULTILINE)
    assert "Trained elsewhere" in neuroval("model", "show", "mine").out
    checked = neuroval("model", "check", "mine", "--images", images)
    assert re.search(r"^ok +same answers as its framework: largest difference \d", checked.out, re.MULTILINE)
    again = neuroval("model", "add", foreign_onnx(tmp_path / "m.onnx"), "--name", "mine", *ADD)
    assert again.code == 2
    assert "neuroval model remove mine" in again.err
    assert neuroval("model", "remove", "mine").code == 0
    assert "mine" not in neuroval("model", "list").out


def test_a_shipped_model_is_not_removed(neuroval: Neuroval) -> None:
    refused = neuroval("model", "remove", "phantom")
    assert refused.code == 2
    assert "no model of your own" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("m.onnx", "--weights", "w.h5"), "give a model file, or --weights"),
        (("m.onnx", "--builder", "b.py:f"), "give a model file, or --weights"),
        (("m.onnx", "--mean", "x"), "--mean 'x': expected numbers"),
        (("gone.onnx",), "there is no such file"),
        (("m.txt",), "expected a .keras, .h5 or .onnx file"),
    ],
)
def test_each_refusal_is_one_line(
    neuroval: Neuroval, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    foreign_onnx(tmp_path / "m.onnx")
    (tmp_path / "m.txt").write_text("")
    refused = neuroval("model", "add", *arguments, "--name", "mine", *ADD)
    assert refused.code == 2
    assert message in refused.err
    assert refused.err.count("\n") == 1
