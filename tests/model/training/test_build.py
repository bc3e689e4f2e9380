"""Backbones and their ImageNet weights."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from neuroval.data.exceptions import InputError
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.training import lite_backbone as keras_lite
from neuroval.model.training.build import build_classifier
from neuroval.model.training.inherited_weights import inherit
from neuroval.model.training.torch_weights import installed_weights, read_torch_weights

pytestmark = pytest.mark.usefixtures("full_network")

STAGES = keras_lite.STAGES  # as they are, before tests cut them down
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


@pytest.fixture(scope="module")
def inherited() -> tuple[keras.Model, keras.Model]:
    larger = keras.applications.EfficientNetB3(include_top=False, weights=None, input_shape=(64, 64, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_lite, "STAGES", STAGES)  # for this module, and not for each test alone
        source = keras_lite.efficientnet_lite("efficientnet-lite2", input_size=64)
    rng = np.random.default_rng(1)
    for layer in source.layers:  # as if it had been trained
        layer.set_weights([rng.uniform(0.5, 1.5, array.shape) for array in layer.get_weights()])
    inherit(larger, source)
    return larger, source


def test_a_larger_network_holds_the_smaller_one(inherited: tuple[keras.Model, keras.Model]) -> None:
    larger, source = inherited
    for theirs, ours in (
        ("block5b_expand_conv", "block5b_expand_conv"),
        ("block6d_project_conv", "block6d_project_conv"),
    ):
        (small,), (large,) = source.get_layer(theirs).get_weights(), larger.get_layer(ours).get_weights()
        inputs, outputs = small.shape[-2:]
        np.testing.assert_array_equal(large[..., :inputs, :outputs], small)
        assert not large[..., inputs:, :outputs].any()  # old channels see nothing of new ones
        assert large[..., outputs:].any()
    (small,), (large,) = (
        source.get_layer("block5a_depthwise_conv").get_weights(),
        larger.get_layer("block5a_dwconv").get_weights(),
    )
    np.testing.assert_array_equal(large[:, :, : small.shape[2]], small)
    for small, large in zip(*(net.get_layer("top_bn").get_weights() for net in (source, larger)), strict=True):
        np.testing.assert_array_equal(large[: small.size], small)
    norm = [layer for layer in source.layers if layer.name.endswith("_depthwise_bn")]
    assert all(
        f"{layer.name.removesuffix('_depthwise_bn')}_bn" in {one.name for one in larger.layers} for layer in norm
    )


def test_what_is_new_adds_nothing_at_first(inherited: tuple[keras.Model, keras.Model]) -> None:
    larger, source = inherited
    there = {layer.name for layer in source.layers}
    new = [layer for layer in larger.layers if layer.name.endswith("_project_bn") and layer.name not in there]
    assert [layer.name for layer in new] == [f"block{name}_project_bn" for name in ("1b", "4e", "5e", "6f", "7b")]
    assert not any(layer.get_weights()[0].any() for layer in new)


def test_the_stem_sees_what_the_smaller_one_sees(inherited: tuple[keras.Model, keras.Model]) -> None:
    larger, source = inherited
    images = np.random.default_rng(2).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    theirs, ours = (keras.Model(net.input, net.get_layer("stem_bn").output)(images).numpy() for net in (source, larger))
    inside = np.s_[:, :-1, :-1]  # what lies around an image is black to one and grey to the other
    np.testing.assert_allclose(ours[..., : theirs.shape[-1]][inside], theirs[inside], rtol=1e-3, atol=1e-3)


def test_a_source_that_is_larger_is_refused(inherited: tuple[keras.Model, keras.Model]) -> None:
    smaller = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(64, 64, 3))
    with pytest.raises(InputError, match=r"layer block\w+: weights .* do not fit into"):
        inherit(smaller, inherited[1])


@pytest.mark.parametrize(
    ("backbone", "weights"), [("efficientnet-lite0", "efficientnet-lite2"), ("efficientnet-b3", "x")]
)
def test_weights_that_nobody_has_are_named(backbone: str, weights: str) -> None:
    with pytest.raises(InputError, match=f"weights '{weights}' of {backbone} are unknown; expected one of"):
        build_classifier(backbone=backbone, classes=4, weights=weights)
