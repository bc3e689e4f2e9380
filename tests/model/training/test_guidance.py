"""The extra loss: worked by hand, equal to Grad-CAM's share, and moving the evidence when trained."""

import keras
import numpy as np
from keras import layers
from scipy.special import log_softmax

from neuroval.model.training.attention_pooling import AttentionPooling2D
from neuroval.model.training.export import deployable
from neuroval.model.training.gradcam import tape_maps
from neuroval.model.training.guidance import classifier_of, guided


def network(features: layers.Layer, *, channels: int = 2) -> keras.Model:
    image = keras.Input((4, 4, channels), name="image")
    pooled = layers.GlobalAveragePooling2D(name="pool")(features(image))
    return keras.Model(image, layers.Softmax(name="probabilities")(layers.Dense(2, name="logits")(pooled)))


def test_the_loss_is_minus_the_logarithm_of_the_share_inside() -> None:
    model = network(layers.Identity(name="features"))
    model.get_layer("logits").set_weights([np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([3.0, -2.0])])
    image = np.zeros((2, 4, 4, 2), np.float32)
    image[0, 0, 0, 0], image[0, 3, 3, 0] = 3, 1  # evidence for class 0: most of it in the upper left corner
    image[1, 2, 2, 1], image[1, 0, 0, 0] = 5, 2  # evidence for class 1 elsewhere, and against it in the corner
    inside = np.zeros((2, 4, 4), np.float32)
    inside[:, :2, :2] = 1
    found = guided(model, negative=None)({"image": image, "label": np.eye(2, dtype=np.float32), "inside": inside})[
        "outside"
    ]
    three, one, five, minus_two, none = np.log1p(np.exp([3, 1, 5, -2, 0]))  # softplus of the cells
    shares = [(three + 3 * none) / (three + one + 14 * none), (minus_two + 3 * none) / (five + minus_two + 14 * none)]
    np.testing.assert_allclose(found, -np.log(shares), rtol=1e-4)
    everywhere = guided(model, negative=None)({"image": image, "label": np.eye(2), "inside": np.ones((2, 4, 4))})[
        "outside"
    ]
    np.testing.assert_allclose(everywhere, 0, atol=1e-6)


def test_evidence_against_every_class_is_no_way_out() -> None:
    model = network(layers.Conv2D(3, 1, activation="relu", bias_initializer="ones", name="features"))
    rng = np.random.default_rng(6)
    inputs = {
        "image": rng.random((3, 4, 4, 2)).astype(np.float32),
        "label": np.eye(2, dtype=np.float32)[[0, 1, 0]],
        "inside": (rng.random((3, 4, 4)) > 0.5).astype(np.float32),
    }
    found = guided(model, negative=None)(inputs)
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel - 10, bias])  # every class loses as much: the same probabilities
    again = guided(model, negative=None)(inputs)
    np.testing.assert_allclose(again["probabilities"], found["probabilities"], atol=1e-5)
    np.testing.assert_allclose(again["outside"], found["outside"], rtol=1e-4)
    assert tape_maps(model, inputs["image"]).numpy().max() == 0
    assert tape_maps(deployable(model), inputs["image"]).numpy().max() > 0


def test_training_moves_the_evidence_into_the_outline() -> None:
    keras.utils.set_random_seed(4)
    model = network(layers.Conv2D(8, 1, activation="relu", name="features"), channels=3)
    rng = np.random.default_rng(5)
    classes = rng.integers(0, 2, 64)
    image, label = 0.2 * rng.random((64, 4, 4, 3)).astype(np.float32), np.eye(2, dtype=np.float32)[classes]
    image[np.arange(64), 0, 0, classes] += 1  # what tells the classes apart, and may be looked at
    image[:, 2:, 2:, 2] += 2 * classes[:, None, None]  # what does so too, and more easily
    inside = np.zeros((64, 4, 4), np.float32)
    inside[:, 0, 0] = 1

    def share() -> float:
        maps = tape_maps(deployable(classifier_of(trained)), image).numpy()[np.arange(64), classes]
        return float(maps[:, 0, 0].sum() / maps.sum())

    shares = []
    for weight in (0.0, 1.0):
        trained = guided(model, negative=None)
        losses = {"probabilities": "categorical_crossentropy", "outside": "mae"}
        trained.compile(keras.optimizers.Adam(0.02), loss=losses, loss_weights={"probabilities": 1, "outside": weight})
        inputs = {"image": image, "label": label, "inside": inside}
        trained.fit(inputs, {"probabilities": label, "outside": np.zeros(64)}, epochs=60, verbose=0)
        shares.append(share())
    assert shares[0] < 0.4
    assert shares[1] > 0.6


def test_the_loss_of_cells_is_worked_by_hand() -> None:
    model = network(layers.Identity(name="features"))
    model.get_layer("logits").set_weights([np.eye(2), np.array([0.5, 0.0])])
    image = np.random.default_rng(7).normal(size=(4, 4, 4, 2)).astype(np.float32)
    label = np.eye(2, dtype=np.float32)[[1, 1, 0, 1]]
    inside = np.ones((4, 4, 4), np.float32)
    inside[0] = 0
    inside[0, 1, 1:3] = [1.0, 0.25]  # a finding of two cells, the second covered by a quarter
    inside[1] = 0
    inside[1, 0, 0] = 1
    found = guided(model, negative=0)({"image": image, "label": label, "inside": inside})["cells"]
    surprise = -log_softmax(image + np.array([0.5, 0.0]), axis=-1)
    finding = (surprise[0, 1, 1, 1] + 0.25 * surprise[0, 1, 2, 1]) / 1.25
    rest = (surprise[0, ..., 0].sum() - surprise[0, 1, 1, 0] - 0.25 * surprise[0, 1, 2, 0]) / (16 - 1.25)
    healthy = surprise[2, ..., 0].mean()
    np.testing.assert_allclose(found[0], (finding + rest) / 2, rtol=1e-5)
    np.testing.assert_allclose(found[2], healthy, rtol=1e-5)
    assert found[3] == 0  # another class without an outline says nothing of its cells
    assert not guided(model, negative=None)({"image": image, "label": label, "inside": inside})["cells"].numpy().any()


def test_with_attention_the_share_is_that_of_the_attention() -> None:
    image = keras.Input((4, 4, 2), name="image")
    pool = AttentionPooling2D(name="pool")
    logits = layers.Dense(2, name="logits")(pool(layers.Identity(name="features")(image)))
    model = keras.Model(image, layers.Softmax(name="probabilities")(logits))
    pool.set_weights([np.array([[np.log(3.0)], [0.0]])])
    pixels = np.zeros((1, 4, 4, 2), np.float32)
    pixels[0, 0, 0, 0] = 2  # nine times the weight of any other cell
    inside = np.zeros((1, 4, 4), np.float32)
    inside[0, 0, :2] = 1
    found = guided(model, negative=0)({"image": pixels, "label": np.eye(2)[[1]], "inside": inside})
    np.testing.assert_allclose(found["outside"], -np.log(10 / 24), rtol=1e-5)
