"""Grad-CAM in closed form: against gradients worked by hand, and against automatic differentiation."""

import keras
import numpy as np
import pytest
from keras import layers

from neuroval.data.exceptions import InputError
from neuroval.model.training.attention_pooling import AttentionPooling2D
from neuroval.model.training.build import build_classifier
from neuroval.model.training.export import deployable
from neuroval.model.training.gradcam import explained, tape_maps

TOLERANCE = 1e-4  # of the map's range
POOLS = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D, "attention": AttentionPooling2D}


def network(*, pooling: str, head: list[layers.Layer], seed: int = 1) -> keras.Model:
    keras.utils.set_random_seed(seed)
    image = keras.Input((12, 12, 3), name="image")
    x = layers.Conv2D(6, 3, strides=2, activation="relu", name="features")(image)
    x = POOLS[pooling](name="pool")(x)
    for layer in head:
        x = layer(x)
    return keras.Model(image, layers.Softmax(name="probabilities")(layers.Dense(4, name="logits")(x)))


def with_statistics(model: keras.Model, seed: int = 2) -> keras.Model:
    """Batch normalisation and attention as after training: fresh they are the identity, and test nothing."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.3, 2, w.shape) for w in layer.get_weights()])
        if isinstance(layer, AttentionPooling2D):
            layer.set_weights([rng.normal(0, 2, w.shape) for w in layer.get_weights()])
    return model


HEADS = {
    "linear": list,
    "dropout": lambda: [layers.Dropout(0.5)],
    "hidden": lambda: [layers.Dense(5, activation="relu")],
    "norm, relu": lambda: [layers.Dense(7, use_bias=False), layers.BatchNormalization(), layers.ReLU()],
    "norm first": lambda: [layers.BatchNormalization(), layers.Dense(5), layers.Activation("relu")],
    "deep": lambda: [
        *(layers.Dense(8), layers.BatchNormalization(scale=False), layers.ReLU()),
        *(layers.Dense(6, activation="relu"), layers.BatchNormalization(center=False)),
    ],
}


@pytest.mark.parametrize("pooling", POOLS)
@pytest.mark.parametrize("head", HEADS)
def test_closed_form_equals_the_tape(pooling: str, head: str) -> None:
    model = with_statistics(network(pooling=pooling, head=HEADS[head]()))
    images = np.random.default_rng(3).normal(size=(5, 12, 12, 3)).astype(np.float32)
    outputs, expected = explained(model)(images), tape_maps(model, images).numpy()
    assert expected.max() > 0
    np.testing.assert_allclose(outputs.gradcam.numpy(), expected, atol=TOLERANCE * np.ptp(expected), rtol=0)
    np.testing.assert_allclose(outputs.probabilities.numpy(), model(images).numpy(), atol=1e-6)


@pytest.mark.parametrize("pooling", POOLS)
def test_maps_worked_by_hand(pooling: str) -> None:
    # Features are the image itself (identity 1 x 1 convolution); logits are 2 p0 - p1 and -p0 + 3 p1.
    image = keras.Input((2, 2, 2), name="image")
    x = layers.Conv2D(2, 1, use_bias=False, name="features")(image)
    x = POOLS[pooling](name="pool")(x)
    model = keras.Model(image, layers.Softmax(name="probabilities")(layers.Dense(2, name="logits")(x)))
    model.get_layer("features").set_weights([np.eye(2).reshape(1, 1, 2, 2)])
    model.get_layer("logits").set_weights([np.array([[2.0, -1.0], [-1.0, 3.0]]), np.zeros(2)])
    a0, a1 = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[4.0, 1.0], [0.0, 2.0]])
    expected = np.stack([np.maximum(2 * a0 - a1, 0), np.maximum(-a0 + 3 * a1, 0)]) / 4
    maps = explained(model)(np.stack([a0, a1], axis=-1)[None].astype(np.float32)).gradcam.numpy()
    np.testing.assert_allclose(maps[0], expected, atol=1e-6)


def test_temperature_changes_probabilities_but_not_maps() -> None:
    model = network(pooling="avg", head=[])
    images = np.random.default_rng(3).normal(size=(3, 12, 12, 3)).astype(np.float32)
    cold, warm = explained(model)(images), explained(model, temperature=4.0)(images)
    np.testing.assert_array_equal(cold.gradcam.numpy(), warm.gradcam.numpy())
    assert warm.probabilities.numpy().max() < cold.probabilities.numpy().max()


def test_a_head_without_closed_form_is_refused() -> None:
    model = network(pooling="avg", head=[layers.Dense(5, activation="gelu", name="odd")])
    with pytest.raises(InputError, match=r"'odd'.*no closed form"):
        explained(model)


@pytest.mark.parametrize("backbone", ["efficientnet-lite0", "efficientnet-b0"])
def test_folding_keeps_the_network(backbone: str) -> None:
    keras.utils.set_random_seed(6)
    model = build_classifier(backbone=backbone, classes=3, input_size=32, hidden_units=(8,), weights=None)
    rng = np.random.default_rng(2)
    for layer in model.layers:  # statistics near those of a trained network: the fresh ones would hide a wrong fold
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([w + rng.uniform(0, 0.1, w.shape) for w in layer.get_weights()])
    served = deployable(model)
    images = np.random.default_rng(4).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(served(images).numpy(), model(images).numpy(), atol=5e-3)
    assert not any(isinstance(la, layers.BatchNormalization) and "hidden" not in la.name for la in served.layers)
    for weights in served.get_weights():
        np.testing.assert_array_equal(weights, weights.astype(np.float16).astype(np.float32))
