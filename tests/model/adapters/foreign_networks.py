"""Networks as other people save them: a small Keras classifier in four forms, and ONNX graphs like those of PyTorch."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
from keras import layers
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from neuroval.data.classes import ClassOrder

SIZE = 32
FOUR = ClassOrder(names=("a", "b", "c", "d"), negative="c")

BUILDER = """
import keras
from keras import layers

def build():
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(8, 3, strides=2, name="stem")(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="swish", name="last")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(16, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(image, layers.Dense(4, activation="softmax")(x))
"""


def trained(model: keras.Model, seed: int = 3) -> keras.Model:
    """Statistics as after training: fresh ones would be the identity and test nothing."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.3, 2, values.shape) for values in layer.get_weights()])
    return model


def classifier() -> keras.Model:
    """A backbone, global average pooling, Dense, BatchNormalization, Dropout, Dense."""
    keras.utils.set_random_seed(1)
    room: dict[str, Callable[[], keras.Model]] = {}
    exec(BUILDER, room)
    return trained(room["build"]())


def noise() -> NDArray[np.uint8]:
    """Three images."""
    return np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)


Weights = dict[str, NDArray[np.float32]]


def foreign_weights(seed: int = 5, channels: int = 3) -> Weights:
    rng = np.random.default_rng(seed)
    return {
        "conv.w": rng.normal(0, 0.5, (6, channels, 3, 3)).astype(np.float32),
        "conv.b": rng.normal(0, 0.1, 6).astype(np.float32),
        "hidden.w": rng.normal(0, 0.5, (10, 6)).astype(np.float32),
        "hidden.b": rng.normal(0, 0.1, 10).astype(np.float32),
        "head.w": rng.normal(0, 0.5, (4, 10)).astype(np.float32),
        "head.b": rng.normal(0, 0.1, 4).astype(np.float32),
    }


def foreign_onnx(
    place: Path, *, batch: int | str = "n", ending: str = "", half: bool = False, nodes: tuple[str, ...] = ()
) -> Path:
    """A graph as PyTorch exports it: channels first, Conv, ReLU, pooling, Flatten, Gemm; ``nodes`` replace the head."""
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    made = [
        helper.make_node("Conv", ["input", "conv.w", "conv.b"], ["c"], name="/conv", strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["features"], name="/relu"),
        *(
            [
                helper.make_node(nodes[0], ["features"], ["p"], name="/odd"),
                helper.make_node("GlobalAveragePool", ["p"], ["q"]),
            ]
            if nodes
            else [helper.make_node("GlobalAveragePool", ["features"], ["q"], name="/pool")]
        ),
        helper.make_node("Reshape", ["q", "flat"], ["f"], name="/flatten"),
        helper.make_node("Gemm", ["f", "hidden.w", "hidden.b"], ["h"], name="/fc1", transB=1),
        helper.make_node("Relu", ["h"], ["r"], name="/relu1"),
        helper.make_node("Gemm", ["r", "head.w", "head.b"], ["logits"], name="/fc2", transB=1),
    ]
    if ending:
        made.append(helper.make_node(ending, ["logits"], ["out"], name="/end"))
    flat = numpy_helper.from_array(np.array([1 if batch == 1 else -1, 6], np.int64), "flat")
    weights = foreign_weights()
    constants = [numpy_helper.from_array(v.astype(np.float16 if half else np.float32), n) for n, v in weights.items()]
    graph = helper.make_graph(
        made,
        "torch",
        [helper.make_tensor_value_info("input", kind, [batch, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("out" if ending else "logits", kind, [batch, 4])],
        [*constants, flat],
    )
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, place)
    return place
