"""From a trained Keras classifier to one ONNX graph: probabilities, Grad-CAM of all classes, embedding.

Batch normalisation is folded into the convolutions, the last layer is centred over the classes and the weights are
rounded to float16 in Keras, before anything is evaluated or exported: Keras and ONNX hold the same numbers. In the
file they are float16 with a Cast, which the runtime folds when it loads the graph.
"""

from pathlib import Path

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from keras import layers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from neuroval.data.exceptions import InputError
from neuroval.model.inference.mc_dropout import Head
from neuroval.model.training.gradcam import Outputs, explained

OPSET = 17
FLOAT16_MAX = float(np.finfo(np.float16).max)
KEPT_FLOAT32 = 64  # elements: smaller constants (scales, shapes) stay as they are

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)


def deployable(model: keras.Model) -> keras.Model:
    """Return the model as it is served: batch normalisation folded into convolutions, weights rounded to float16.

    The weights of the logits sum to 0 over the classes. Softmax does not change by what all classes have in common,
    but Grad-CAM would: without this a map can be empty, or the same for each class, at equal probabilities.
    Raises ``InputError`` when a folded weight does not fit into float16.
    """
    folded = _foldable(model)

    def clone(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in folded:
            return type(layer).from_config({**config, "use_bias": True})
        if isinstance(layer, layers.Normalization):  # its constants would become required inputs of the graph
            return _rescaling(layer)
        return type(layer).from_config(config)

    def call(layer: keras.Layer, *inputs: keras.KerasTensor, **options: object) -> keras.KerasTensor:
        return inputs[0] if layer.name in folded.values() else layer(*inputs, **options)

    served = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for layer in model.layers:
        values = layer.get_weights()
        if layer.name in folded:
            values = _fold(layer, model.get_layer(folded[layer.name]))
        if layer.name == "logits":
            values = [value - value.mean(axis=-1, keepdims=True) for value in values]
        if layer.name not in folded.values() and values and not isinstance(layer, layers.Normalization):
            served.get_layer(layer.name).set_weights([_rounded(value, layer.name) for value in values])
    served.trainable = False
    return served


def _rescaling(layer: layers.Normalization) -> layers.Rescaling:
    mean, variance = (np.asarray(value, np.float64).reshape(-1) for value in (layer.mean, layer.variance))
    scale = 1 / np.maximum(np.sqrt(variance), keras.config.epsilon())
    return layers.Rescaling(scale.tolist(), offset=(-mean * scale).tolist(), name=layer.name)


def _foldable(model: keras.Model) -> dict[str, str]:
    """Return convolution -> batch normalisation for the pairs that follow each other and nothing else."""
    pairs = {}
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            producer = layer.input._keras_history.operation  # no public accessor names the producing layer
            if isinstance(producer, CONVOLUTIONS) and len(producer._outbound_nodes) == 1:
                pairs[producer.name] = layer.name
    return pairs


def _fold(convolution: keras.Layer, norm: layers.BatchNormalization) -> list[NDArray[np.float64]]:
    weights = [value.astype(np.float64) for value in convolution.get_weights()]
    kernel, bias = weights[0], weights[1] if len(weights) > 1 else 0.0
    mean, variance = (np.asarray(v, np.float64) for v in (norm.moving_mean, norm.moving_variance))
    gamma = np.asarray(norm.gamma, np.float64) if norm.scale else 1.0
    beta = np.asarray(norm.beta, np.float64) if norm.center else 0.0
    scale = gamma / np.sqrt(variance + norm.epsilon)
    depthwise = isinstance(convolution, layers.DepthwiseConv2D)
    shaped = scale.reshape(kernel.shape[2:]) if depthwise else scale
    return [kernel * shaped, beta + (bias - mean) * scale]


def _rounded(values: NDArray[np.floating], layer: str) -> NDArray[np.float32]:
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > FLOAT16_MAX:
        raise InputError(f"export: layer {layer!r} holds a weight that does not fit into float16.")
    return values.astype(np.float16).astype(np.float32)


def export_onnx(served: keras.Model, path: Path, *, temperature: float = 1.0) -> None:
    """Write a deployable model as ONNX: input ``image``, outputs ``probabilities``, ``gradcam`` and ``embedding``.

    The written graph is checked: names, free batch axis, and that nearly all weights are stored as float16.
    """
    size = served.input_shape[1]
    forward = explained(served, temperature=temperature)
    signature = [tf.TensorSpec((None, size, size, 3), tf.float32, name="image")]

    def graph(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return forward(image)._asdict()

    traced = tf.function(graph, input_signature=signature)
    converted, _ = tf2onnx.convert.from_function(traced, input_signature=signature, opset=OPSET)
    _store_float16(converted.graph)
    outputs = {value.name: value for value in converted.graph.output}
    del converted.graph.output[:]
    converted.graph.output.extend(outputs[name] for name in Outputs._fields if name in outputs)
    _check(converted)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(converted, path)


def head_of(served: keras.Model) -> Head:
    """Return the dense layers after pooling, their batch normalisation folded in."""
    names = [layer.name for layer in served.layers]
    dropout, kernels, biases = 0.0, [], []
    for layer in served.layers[names.index("pool") + 1 :]:
        if isinstance(layer, layers.Dropout):
            dropout = float(layer.rate)
        elif isinstance(layer, layers.Dense):
            norm = next((n for n in served.layers if n.name == f"{layer.name}_bn"), None)
            values = layer.get_weights()
            kernel, bias = _fold(layer, norm) if norm else (values[0], values[1])
            kernels.append(np.asarray(kernel, dtype=np.float32))
            biases.append(np.asarray(bias, dtype=np.float32))
    return Head(kernels=tuple(kernels), biases=tuple(biases), dropout=dropout)


def _store_float16(graph: onnx.GraphProto) -> None:
    """Store each float32 initializer that float16 holds exactly as float16, followed by a Cast."""
    kept, casts = [], []
    for initializer in graph.initializer:
        values = numpy_helper.to_array(initializer)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if values.dtype != np.float32 or values.size < KEPT_FLOAT32 or not np.array_equal(half.astype("f4"), values):
            kept.append(initializer)
            continue
        name = f"{initializer.name}/float16"
        kept.append(numpy_helper.from_array(half, name))
        casts.append(helper.make_node("Cast", [name], [initializer.name], name=f"{name}/cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


def _check(converted: onnx.ModelProto) -> None:
    onnx.checker.check_model(converted, full_check=True)
    inputs = [value.name for value in converted.graph.input]
    outputs = [value.name for value in converted.graph.output]
    if inputs != ["image"] or outputs != list(Outputs._fields):
        raise InputError(f"export: the graph has inputs {inputs} and outputs {outputs}.")
    sizes = {TensorProto.FLOAT: 0, TensorProto.FLOAT16: 0}
    for initializer in converted.graph.initializer:
        if initializer.data_type in sizes:
            sizes[initializer.data_type] += int(np.prod(initializer.dims))
    if sizes[TensorProto.FLOAT] > 0.01 * sum(sizes.values()):
        raise InputError(f"export: {sizes[TensorProto.FLOAT]:,} weights could not be stored as float16.")
