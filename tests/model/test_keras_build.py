"""Backbones and their ImageNet weights."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from data.errors import InputError
from model.keras_build import build_classifier
from model.preprocess import preprocess
from model.torch_weights import installed_weights, read_torch_weights

pytestmark = pytest.mark.usefixtures("full_network")

PALACE = 698  # of ImageNet's 1,000 classes


@pytest.mark.parametrize("backbone", ["efficientnet-lite0", "efficientnet-lite2"])
def test_pretrained_weights_see_a_photograph(backbone: str) -> None:
    # A reader that ignores the strides of the stored tensors loads without an error and predicts a constant.
    model = build_classifier(backbone=backbone, classes=2)
    photographs = [load_sample_image(name)[:, 100:527] for name in ("china.jpg", "flower.jpg")]
    images = np.stack([preprocess(image, size=224) for image in photographs]).astype(np.float32)
    pooled = keras.Model(model.input, model.get_layer("pool").output)(images).numpy()
    arrays = read_torch_weights(installed_weights(backbone))
    logits = pooled @ arrays["_fc.weight"].T + arrays["_fc.bias"]
    assert logits.shape == (2, 1000)
    assert logits[0].argmax() == PALACE
    assert logits[1].argmax() != PALACE


def test_parameter_counts_are_the_published_ones() -> None:
    for backbone, expected in (("efficientnet-lite0", 3_413_024), ("efficientnet-lite2", 4_869_168)):
        model = build_classifier(backbone=backbone, classes=4, weights=None)
        assert model.count_params() - (1280 * 4 + 4) == expected


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"backbone 'resnet' is unknown.*efficientnet-lite0"):
        build_classifier(backbone="resnet", classes=4, weights=None)
    with pytest.raises(InputError, match="pooling 'sum' is unknown"):
        build_classifier(backbone="efficientnet-lite0", classes=4, weights=None, pooling="sum")


def test_a_weights_file_that_runs_code_is_refused(tmp_path) -> None:
    harmful = tmp_path / "weights.pth"
    harmful.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match=r"os\.system"):
        read_torch_weights(harmful)


def test_the_short_network_has_the_features_of_the_whole_one() -> None:
    whole = build_classifier(backbone="efficientnet-lite0", classes=2)
    short = build_classifier(backbone="efficientnet-lite0-short", classes=2)
    image = preprocess(load_sample_image("china.jpg"), size=224)[None].astype(np.float32)
    inside = keras.Model(whole.input, whole.get_layer("block6a_expand_relu").output)(image).numpy()
    found = keras.Model(short.input, short.get_layer("pool").input)(image).numpy()
    assert found.shape == (1, 14, 14, 672)
    np.testing.assert_allclose(found, inside, atol=1e-5)
