"""One ONNX graph: names, storage, and the same numbers as Keras, on a toy and on the shipped network."""

from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from scipy.special import softmax

from neuroval.data.exceptions import InputError
from neuroval.data.images.decoding import read_image
from neuroval.data.storage import home
from neuroval.model.card import GRAPH
from neuroval.model.inference.engine import load
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.training.build import build_classifier
from neuroval.model.training.export import deployable, export_onnx
from neuroval.model.training.gradcam import tape_maps


def run(path: Path, images: np.ndarray) -> list[np.ndarray]:
    import onnxruntime

    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"image": images})


@pytest.mark.parametrize(
    ("backbone", "pooling"),
    [
        ("efficientnet-lite0", "avg"),
        ("efficientnet-lite0", "max"),
        ("efficientnet-lite0", "attention"),
        ("efficientnet-b0", "avg"),
    ],
)
def test_onnx_holds_the_numbers_of_keras(tmp_path: Path, backbone: str, pooling: str) -> None:
    keras.utils.set_random_seed(7)
    model = build_classifier(
        backbone=backbone, classes=3, input_size=64, pooling=pooling, hidden_units=(16,), weights=None
    )
    if pooling == "attention":  # begins as the mean
        pool = model.get_layer("pool")
        pool.set_weights([np.random.default_rng(9).normal(size=pool.score.shape)])
    served = deployable(model)
    export_onnx(served, tmp_path / GRAPH)
    images = np.random.default_rng(8).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)
    probabilities, maps, embedding = run(tmp_path / GRAPH, images)
    expected = tape_maps(served, images).numpy()
    np.testing.assert_allclose(probabilities, served(images).numpy(), atol=1e-5)
    np.testing.assert_allclose(maps, expected, atol=1e-4 * np.ptp(expected), rtol=0)
    assert embedding.shape == (3, served.get_layer("pool").output.shape[-1])


def test_the_served_logits_are_centred_over_the_classes() -> None:
    model = build_classifier(backbone="efficientnet-lite0", classes=3, input_size=32, weights=None)
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel + 0.5, bias + 2])
    served = deployable(model)
    for value in served.get_layer("logits").get_weights():
        np.testing.assert_allclose(value.sum(axis=-1), 0, atol=2e-3)
    images = np.random.default_rng(8).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(served(images), model(images), atol=2e-3)


def test_a_weight_beyond_float16_is_refused() -> None:
    model = build_classifier(backbone="efficientnet-lite0", classes=3, input_size=32, weights=None)
    kernel, bias = model.get_layer("logits").get_weights()
    kernel[0, 0] = 1e6
    model.get_layer("logits").set_weights([kernel, bias])
    with pytest.raises(InputError, match=r"'logits'.*float16"):
        deployable(model)


def is_of(layer: str, node: onnx.NodeProto) -> bool:
    """Whether a node is of a layer; a node that was made of several keeps one of their names somewhere."""
    return any(f"/{layer}_" in name for name in (node.name, *node.input[1:], *node.output))


def shipped_in_keras(folder: Path) -> keras.Model:
    """The shipped network back in Keras, its weights taken from the ONNX file by layer name."""
    card = load(folder).card
    served = deployable(
        build_classifier(
            backbone=str(card.recipe["backbone"]), classes=len(card.classes), input_size=card.input_size, weights=None
        )
    )
    graph = onnx.load(folder / GRAPH).graph
    constants = {i.name.removesuffix("/float16"): numpy_helper.to_array(i) for i in graph.initializer}
    for layer in served.layers:
        shapes = [weights.shape for weights in layer.get_weights()]
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            node = next(node for node in graph.node if node.op_type == "Conv" and is_of(layer.name, node))
            kernel, *bias = (constants[name].astype(np.float32) for name in node.input[1:])
            # ONNX kernels are (out, in, h, w), depthwise ones (channels, 1, h, w). A bias of zeros is left out.
            axes = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
            layer.set_weights([kernel.transpose(axes), *(bias or [np.zeros(shapes[1], dtype=np.float32)])])
        elif shapes:
            kernel = constants[f"{layer.name}_1/Cast/ReadVariableOp:0"].astype(np.float32)
            layer.set_weights([kernel, constants[f"{layer.name}_1/BiasAdd/ReadVariableOp:0"].astype(np.float32)])
    return served


@pytest.mark.usefixtures("full_network")
@pytest.mark.parametrize("name", ["brain-tumor-mri", pytest.param("brain-tumor-b3", marks=pytest.mark.slow)])
def test_the_shipped_network_equals_the_tape(brain_tumor_mri: Path, name: str) -> None:
    folder = home.find_model(name)
    served = shipped_in_keras(folder)
    engine = load(folder)
    paths = sorted((brain_tumor_mri / "Testing").glob("*/*.jpg"))[::400]  # one of each class
    images = np.stack([preprocess(read_image(path).pixels, size=engine.card.input_size) for path in paths])
    inference = engine.run(images)
    floats = images.astype(np.float32)
    expected = tape_maps(served, floats).numpy()
    scaled = softmax(np.log(served(floats).numpy()) / engine.card.temperature, axis=1)
    np.testing.assert_allclose(inference.probabilities, scaled, atol=1e-4)
    np.testing.assert_allclose(inference.gradcam, expected, atol=1e-4 * np.ptp(expected), rtol=0)
