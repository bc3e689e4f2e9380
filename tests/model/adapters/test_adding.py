"""From a model file of every kind to a model folder: the same probabilities, and the Grad-CAM of the tape."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from onnx import numpy_helper
from scipy.special import softmax

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.study.gradcam import GRADCAM
from neuroval.model.adapters.adding import SOURCE, Given, add_model
from neuroval.model.adapters.explained_graph import OCCLUSION
from neuroval.model.card import read_card
from neuroval.model.inference.engine import load
from tests.model.adapters.foreign_networks import BUILDER, FOUR, SIZE, classifier, foreign_onnx, foreign_weights, noise
from tests.model.adapters.foreign_networks import trained as with_statistics

PARITY = 1e-5


def added(tmp_path: Path, file: Path, **options: Any) -> Path:
    out = tmp_path / "model"
    add_model(Given(file=file, **{"classes": FOUR, **options}), out=out, name="mine")
    return out


def tape(model: keras.Model, first_of_head: int, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grad-CAM of the logits less their mean, by automatic differentiation of the layers from a place on."""
    trunk = keras.Model(model.inputs[0], model.layers[first_of_head - 1].output)
    with tf.GradientTape(persistent=True) as recorded:
        features = trunk(images.astype(np.float32), training=False)
        recorded.watch(features)
        x = features
        for layer in model.layers[first_of_head:-1]:
            x = layer(x, training=False)
        last = model.layers[-1]
        logits = tf.matmul(x, last.kernel) + last.bias
        logits -= tf.reduce_mean(logits, axis=1, keepdims=True)
        scores = [logits[:, k] for k in range(logits.shape[1])]
    gradients = [recorded.gradient(score, features) for score in scores]
    weights = tf.stack([tf.reduce_mean(gradient, axis=(1, 2)) for gradient in gradients], axis=1)
    return tf.nn.relu(tf.einsum("nhwc,nkc->nkhw", features, weights)).numpy()


def saved(model: keras.Model, form: str, place: Path) -> tuple[Path, dict[str, Any]]:
    if form == "SavedModel":
        model.export(place / "exported", verbose=False)
        return place / "exported", {}
    file = place / {"keras": "m.keras", "h5": "m.h5", "weights": "w.weights.h5"}[form]
    if form != "weights":
        model.save(file)
        return file, {}
    model.save_weights(file)
    (place / "build.py").write_text(BUILDER)
    file = file.rename(place / "w.h5")  # a name that Keras itself would take for the older form
    return file, {"builder": f"{place / 'build.py'}:build"}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("form", ["keras", "h5", "SavedModel", "weights"])
def test_a_keras_network_in_each_form_answers_as_keras_does(tmp_path: Path, form: str) -> None:
    model = classifier()
    file, options = saved(model, form, tmp_path)
    folder = added(tmp_path, file, **options)
    engine, images = load(folder), noise()
    outputs = engine.run(images)
    np.testing.assert_allclose(outputs.probabilities, model(images.astype(np.float32)), atol=PARITY)
    expected = tape(model, 6, images)
    assert expected.max() > 0
    np.testing.assert_allclose(outputs.gradcam, expected, atol=1e-4 * np.ptp(expected), rtol=0)
    assert engine.card.maps == GRADCAM
    assert engine.card.grid == (15, 15)
    assert list((folder / SOURCE).iterdir())
    assert read_card(folder).classes == FOUR


HEADS = {
    "flatten": lambda: [layers.Flatten(), layers.Dense(5, activation="tanh")],
    "max, elu": lambda: [layers.GlobalMaxPooling2D(), layers.Dense(5, activation="elu")],
    "gelu": lambda: [layers.GlobalAveragePooling2D(), layers.Dense(5, activation="gelu")],
    "swish, leaky": lambda: [
        *(layers.GlobalAveragePooling2D(), layers.Dense(5, activation="swish")),
        *(layers.Dense(6), layers.LeakyReLU(0.2), layers.BatchNormalization()),
    ],
    "convolution": lambda: [layers.Conv2D(5, 1, activation="sigmoid"), layers.GlobalAveragePooling2D()],
    "hard": lambda: [layers.GlobalAveragePooling2D(), layers.Dense(6, activation="hard_silu"), layers.ReLU(6.0)],
    "softplus": lambda: [layers.GlobalAveragePooling2D(keepdims=True), layers.Flatten(), layers.Dense(4, "softplus")],
}


@pytest.mark.parametrize("head", HEADS)
def test_any_head_has_the_gradient_of_the_tape(tmp_path: Path, head: str) -> None:
    keras.utils.set_random_seed(2)
    trunk = [layers.Conv2D(6, 3, strides=3, activation="relu", name="features")]
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *trunk, *HEADS[head](), layers.Dense(4, "softmax")])
    model = with_statistics(model)
    model.save(tmp_path / "m.keras")
    folder = added(tmp_path, tmp_path / "m.keras", scale=255.0, feature_layer="features")
    images = noise()
    outputs = load(folder).run(images)
    pixels = (images / 255).astype(np.float32)
    np.testing.assert_allclose(outputs.probabilities, model(pixels), atol=PARITY)
    assert read_card(folder).maps == GRADCAM
    expected = tape(model, 1, pixels)
    assert expected.max() > 0
    np.testing.assert_allclose(outputs.gradcam, expected, atol=1e-4 * np.ptp(expected), rtol=0)


def test_a_sigmoid_is_the_second_of_two_classes(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            *(keras.Input((SIZE, SIZE, 1)), layers.Conv2D(6, 3, strides=3, activation="relu")),
            *(layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid")),
        ]
    )
    model.save(tmp_path / "m.keras")
    two = ClassOrder(names=("no", "yes"), negative="no")
    folder = added(tmp_path, tmp_path / "m.keras", classes=two, scale=255.0)
    images = noise()
    outputs = load(folder).run(images)
    grey = images @ np.array([[0.299], [0.587], [0.114]]) / 255
    expected = np.asarray(model(grey.astype(np.float32)))
    np.testing.assert_allclose(outputs.probabilities, np.hstack([1 - expected, expected]), atol=PARITY)
    assert outputs.gradcam.shape == (3, 2, *read_card(folder).grid)


def by_hand(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and Grad-CAM of ``foreign_onnx`` for images (n, 3, side, side), in numpy."""
    weights = foreign_weights()
    side = (SIZE - 3) // 2 + 1
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    features = np.maximum(
        np.einsum("nchwij,ocij->nohw", windows, weights["conv.w"]) + weights["conv.b"][:, None, None], 0
    )
    hidden = features.mean(axis=(2, 3)) @ weights["hidden.w"].T + weights["hidden.b"]
    logits = np.maximum(hidden, 0) @ weights["head.w"].T + weights["head.b"]
    head = weights["head.w"] - weights["head.w"].mean(axis=0)
    gradient = np.einsum("kh,nh,hc->nkc", head, hidden > 0, weights["hidden.w"])
    maps = np.maximum(np.einsum("nkc,nchw->nkhw", gradient, features), 0) / side**2
    return logits, maps


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize("ending", ["", "Softmax"])
@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize("half", [False, True])
def test_a_graph_of_pytorch_is_as_worked_by_hand(tmp_path: Path, ending: str, batch: int | str, half: bool) -> None:
    file = foreign_onnx(tmp_path / "m.onnx", batch=batch, ending=ending, half=half)
    folder = added(tmp_path, file, scale=255.0, mean=MEAN, std=STD, logits=not ending)
    images = noise()
    outputs = load(folder).run(images)
    logits, maps = by_hand(((images / 255 - MEAN) / STD).transpose(0, 3, 1, 2).astype(np.float32))
    np.testing.assert_allclose(outputs.probabilities, softmax(logits, axis=1), atol=5e-3 if half else PARITY)
    np.testing.assert_allclose(outputs.gradcam, maps, atol=(1e-2 if half else 1e-4) * np.ptp(maps), rtol=0)
    card = read_card(folder)
    assert card.maps == GRADCAM
    assert card.source["feature_layer"] == "features"
    assert card.source["layout"] == "nchw"
    kinds = {numpy_helper.to_array(w).dtype for w in onnx.load(folder / "model.onnx").graph.initializer}
    assert (np.dtype(np.float16) in kinds) == half


def test_without_a_gradient_the_maps_are_occlusion_maps_and_named_so(tmp_path: Path) -> None:
    file = foreign_onnx(tmp_path / "m.onnx", nodes=("Sin",))
    folder = added(tmp_path, file, scale=255.0, logits=True, feature_layer="features")
    card = read_card(folder)
    assert card.maps == OCCLUSION
    assert "Sin" in card.source["because"]
    assert GRADCAM not in (folder / "README.md").read_text().split("## Limitations")[0]
    images = noise()
    engine = load(folder)
    outputs = engine.run(images)
    assert outputs.gradcam.shape == (3, 4, 7, 7)
    # The middle cell of the first image, covered by hand with its mean colour.
    covered = images[:1].astype(np.float32)
    edges = np.linspace(0, SIZE, 8).round().astype(int)
    covered[0, edges[3] : edges[4], edges[3] : edges[4]] = images[0].mean(axis=(0, 1))
    (after,) = engine.session.run(["probabilities"], {"image": covered})
    before = np.log(outputs.probabilities[:1])
    fall = (before - before.mean()) - (np.log(after) - np.log(after).mean())
    np.testing.assert_allclose(outputs.gradcam[0, :, 3, 3], np.maximum(fall[0], 0), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "add --logits"),
        ({"logits": True, "classes": ClassOrder(names=("a", "b"))}, "--classes names 2"),
        ({"logits": True, "layout": "nhwc"}, "try --layout nchw"),
        ({"logits": True, "size": 64}, "takes images of 32 pixels"),
        ({"logits": True, "feature_layer": "none"}, "no feature maps of that name"),
        ({"logits": True, "mean": (1.0, 2.0)}, "--mean"),
        ({"logits": True, "builder": "b.py:f"}, "needs no --builder"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    file = foreign_onnx(tmp_path / "m.onnx")
    with pytest.raises(InputError, match=message):
        added(tmp_path, file, **options)
    assert not (tmp_path / "model").exists()


def test_probabilities_are_no_logits(tmp_path: Path) -> None:
    file = foreign_onnx(tmp_path / "m.onnx", ending="Softmax")
    with pytest.raises(InputError, match="leave --logits out"):
        added(tmp_path, file, logits=True)


def test_pickles_and_code_are_never_read(tmp_path: Path) -> None:
    for name in ("m.pth", "m.pkl"):
        (tmp_path / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
        with pytest.raises(InputError, match="pickles are never read"):
            added(tmp_path, tmp_path / name)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.GlobalAveragePooling2D()(layers.Lambda(lambda value: value * 2)(image))
    keras.Model(image, layers.Dense(4, "softmax")(x)).save(tmp_path / "m.keras")
    with pytest.raises(InputError, match="without running code"):
        added(tmp_path, tmp_path / "m.keras")


def test_weights_alone_name_the_option_that_helps(tmp_path: Path) -> None:
    classifier().save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(InputError, match="add --builder"):
        added(tmp_path, tmp_path / "m.weights.h5")


@pytest.mark.parametrize("flat", [False, True])
def test_features_with_channels_last_are_as_worked_by_hand(tmp_path: Path, flat: bool) -> None:
    model = onnx.load(foreign_onnx(tmp_path / "m.onnx"))
    nodes = []
    for node in model.graph.node:
        if node.op_type != "GlobalAveragePool":
            nodes.append(node)
            continue
        nodes.append(onnx.helper.make_node("Transpose", ["features"], ["turned"], name="/turn", perm=[0, 2, 3, 1]))
        if flat:  # no pooling that is all that follows: the whole gradient is taken
            nodes.append(onnx.helper.make_node("Tanh", ["turned"], ["bent"], name="/bend"))
        source = "bent" if flat else "turned"
        nodes.append(onnx.helper.make_node("ReduceMean", [source], ["q"], name="/pool", axes=[1, 2], keepdims=0))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, tmp_path / "last.onnx")
    options = {"scale": 255.0, "logits": True}
    last = added(tmp_path, tmp_path / "last.onnx", feature_layer="turned", **options)
    images = noise()
    outputs = load(last).run(images)
    assert read_card(last).source["feature_layer"] == "turned"
    if not flat:
        _, maps = by_hand((images / 255).transpose(0, 3, 1, 2).astype(np.float32))
    else:
        first = tmp_path / "first"
        add_model(
            Given(file=tmp_path / "last.onnx", classes=FOUR, feature_layer="features", **options), out=first, name="f"
        )
        maps = load(first).run(images).gradcam
    np.testing.assert_allclose(outputs.gradcam, maps, atol=1e-4 * np.ptp(maps), rtol=0)
