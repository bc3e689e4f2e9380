"""Each way to add a model wrongly is found on images, and the right way is named."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from neuroval.data.classes import ClassOrder
from neuroval.model.adapters.adding import Given, add_model
from neuroval.model.adapters.checking import CHECKS, Check, check_model

SIZE = 16
ORDER = ("red", "green", "blue")


def colours_onnx(place: Path) -> Path:
    """A network of which the answer is the strongest colour of images from 0 to 1: a softmax of 9 times the means."""
    eye = (9 * np.eye(3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["conv"], name="/conv"),
        helper.make_node("GlobalAveragePool", ["conv"], ["pool"], name="/pool"),
        helper.make_node("Flatten", ["pool"], ["flat"], name="/flat"),
        helper.make_node("MatMul", ["flat", "head"], ["scores"], name="/head"),
        # What is no number from 0 to 1 falls out: another scaling gives the first class always.
        helper.make_node("Clip", ["scores", "low", "high"], ["clipped"], name="/clip"),
        helper.make_node("Softmax", ["clipped"], ["out"], name="/softmax"),
    ]
    constants = {"kernel": np.eye(3, dtype=np.float32)[:, :, None, None], "head": eye}
    constants |= {"low": np.float32(-20).reshape(()), "high": np.float32(20).reshape(())}
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), place)
    return place


def picture(label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    pixels = rng.integers(100, 150, (SIZE, SIZE, 3))
    pixels[..., ORDER.index(label)] += 60
    return pixels.astype(np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(4)
    for label in ORDER:
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(picture(label, rng)).save(tmp_path / "images" / label / f"{number}.png")
    return tmp_path / "images"


def checks(tmp_path: Path, pictures: Path, *, classes: tuple[str, ...] = ORDER, **options: Any) -> dict[str, Check]:
    given = Given(file=colours_onnx(tmp_path / "m.onnx"), classes=ClassOrder(names=classes), **options)
    add_model(given, out=tmp_path / "model", name="colours")
    done = check_model(tmp_path / "model", pictures)
    assert tuple(check.name for check in done) == CHECKS
    return {check.name: check for check in done}


def test_a_model_that_was_added_rightly_passes(tmp_path: Path, pictures: Path) -> None:
    done = checks(tmp_path, pictures, scale=255.0)
    assert [name for name, check in done.items() if check.passed is not True] == []
    assert done["parity"].facts["largest"] < 1e-5
    assert done["parity"].facts["n"] == 24
    assert done["accuracy"].facts["right"] == 24


def test_a_wrong_scale_is_found_and_the_right_one_named(tmp_path: Path, pictures: Path) -> None:
    accuracy = checks(tmp_path, pictures)["accuracy"]
    assert accuracy.passed is False
    assert accuracy.reason == "other_input"
    assert accuracy.facts["option"] == "--scale 255"
    assert accuracy.facts["then"] == 1.0


def test_a_wrong_order_of_classes_is_found_and_the_right_one_named(tmp_path: Path, pictures: Path) -> None:
    done = checks(tmp_path, pictures, classes=("green", "blue", "red"), scale=255.0)
    assert done["class_order"].passed is False
    assert done["class_order"].facts["order"] == "red,green,blue"
    assert done["parity"].passed is True
