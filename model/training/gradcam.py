"""Grad-CAM of all classes: in closed form for pooled classifiers, and by automatic differentiation for the rest.

Source: Selvaraju et al., Grad-CAM, ICCV 2017 (arXiv 1610.02391). The weight of channel c for class k is the mean over
the grid of d logit_k / d A_c. With global pooling p = pool(A) that mean is (d logit_k / d p_c) / (h w), for average
pooling as for maximum pooling, and d logit / d p of a dense head is a product of its weight matrices and ReLU masks.
Maps are of the logits, before softmax and temperature.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import layers

from neuroval.data.exceptions import InputError


class Outputs(NamedTuple):
    """What one forward pass gives: ``(n, k)``, ``(n, k, h, w)`` and the pooled features ``(n, d)``."""

    probabilities: Any
    gradcam: Any
    embedding: Any


def explained(model: keras.Model, *, temperature: float = 1.0) -> Callable[[Any], Outputs]:
    """Return the function of an image batch ``(n, size, size, 3)`` that predicts and explains in one forward pass.

    ``model`` is as ``build_classifier`` makes it. Raises ``InputError`` when its head holds a layer whose derivative
    has no closed form here; use ``tape_maps`` for such a model.
    """
    head = _head(model)
    pool = model.get_layer("pool")
    trunk = keras.Model(model.input, [pool.input, pool.output])

    def forward(image: Any) -> Outputs:
        features, pooled = trunk(image, training=False)
        logits, gradient = _head_with_gradient(head, pooled)
        height, width, channels = features.shape[1:]
        cells = tf.reshape(features, (-1, height * width, channels))
        maps = tf.nn.relu(tf.matmul(cells, gradient)) / (height * width)
        maps = tf.reshape(tf.transpose(maps, (0, 2, 1)), (-1, logits.shape[-1], height, width))
        return Outputs(tf.nn.softmax(logits / temperature), maps, pooled)

    return forward


def tape_maps(model: keras.Model, image: Any) -> Any:
    """Return Grad-CAM ``(n, k, h, w)`` of a model with layers ``pool`` and ``logits`` by one tape per batch."""
    pool, logits_layer = model.get_layer("pool"), model.get_layer("logits")
    network = keras.Model(model.input, [pool.input, logits_layer.output])
    with tf.GradientTape(persistent=True) as tape:
        features, logits = network(image, training=False)
        tape.watch(features)  # an intermediate tensor: watched so that gradients stop here, not at the input
        per_class = [logits[:, k] for k in range(logits.shape[-1])]
    gradients = [tape.gradient(logit, features) for logit in per_class]
    weights = tf.stack([tf.reduce_mean(gradient, axis=(1, 2)) for gradient in gradients], axis=1)
    return tf.nn.relu(tf.einsum("nhwc,nkc->nkhw", features, weights))


def _head(model: keras.Model) -> list[keras.Layer]:
    names = [layer.name for layer in model.layers]
    head: list[keras.Layer] = model.layers[names.index("pool") + 1 : names.index("logits") + 1]
    for layer in head:
        activation = getattr(layer, "activation", None)
        plain = isinstance(layer, (layers.Dropout, layers.BatchNormalization)) or (
            isinstance(layer, layers.ReLU) and layer.max_value is None and not layer.negative_slope
        )
        known = activation in (keras.activations.linear, keras.activations.relu)
        if not plain and not (known and isinstance(layer, (layers.Dense, layers.Activation))):
            raise InputError(f"Grad-CAM: layer {layer.name!r} ({type(layer).__name__}) of the head has no closed form.")
    return head


def _head_with_gradient(head: list[keras.Layer], pooled: Any) -> tuple[Any, Any]:
    """Return the logits ``(n, k)`` and d logits / d pooled ``(n or 1, d, k)``."""
    steps = []  # what each layer multiplies: ("matrix", (d_in, d_out)) or ("scale", (n or 1, d))
    x = pooled
    for layer in head:
        x = layer(x, training=False) if isinstance(layer, (layers.Dropout, layers.BatchNormalization)) else layer(x)
        if isinstance(layer, layers.Dense):
            steps.append(("matrix", tf.convert_to_tensor(layer.kernel)))
        elif isinstance(layer, layers.BatchNormalization):
            steps.append(("scale", _batch_norm_scale(layer)[None]))
        if isinstance(layer, layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu:
            # After a ReLU the value is positive exactly where the gradient passes.
            steps.append(("scale", tf.cast(x > 0, x.dtype)))
    gradient = tf.eye(x.shape[-1])[None]
    for kind, factor in reversed(steps):
        gradient = tf.matmul(factor[None], gradient) if kind == "matrix" else factor[:, :, None] * gradient
    return x, gradient


def _batch_norm_scale(layer: layers.BatchNormalization) -> Any:
    scale = tf.math.rsqrt(tf.convert_to_tensor(layer.moving_variance) + layer.epsilon)
    return scale * tf.convert_to_tensor(layer.gamma) if layer.scale else scale
