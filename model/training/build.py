"""Building a classifier: a pretrained backbone, global pooling, and a small dense head.

The shape is what makes Grad-CAM a closed form (see ``keras_export``): feature maps -> ``pool`` -> head -> ``logits``.
"""

import keras
from keras import layers

from neuroval.data.exceptions import InputError
from neuroval.model.recipe import Pooling
from neuroval.model.training import torch_weights
from neuroval.model.training.attention_pooling import AttentionPooling2D
from neuroval.model.training.inherited_weights import inherit
from neuroval.model.training.lite_backbone import VARIANTS, efficientnet_lite

APPLICATIONS = {f"efficientnet-b{i}": f"EfficientNetB{i}" for i in range(8)}
BACKBONES = (*VARIANTS, *APPLICATIONS)
POOLINGS: dict[str, type[layers.Layer]] = {
    "avg": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
    "attention": AttentionPooling2D,
}


def build_classifier(
    *,
    backbone: str,
    classes: int,
    input_size: int = 224,
    pooling: Pooling = "avg",
    hidden_units: tuple[int, ...] = (),
    dropout: float = 0.2,
    weights: str | None = "imagenet",
) -> keras.Model:
    """Return a model from ``(n, size, size, 3)`` RGB 0 to 255 to probabilities ``(n, classes)``.

    Each of ``hidden_units`` adds dense, batch normalisation, ReLU. ``weights=None`` starts from random weights, the
    name of an EfficientNet-Lite from its ImageNet weights as far as they reach (``keras_inherit``). Raises
    ``InputError`` for an unknown backbone, pooling or weights and when the ImageNet weights cannot be had.
    """
    if pooling not in POOLINGS:
        raise InputError(f"pooling {pooling!r} is unknown; expected one of {list(POOLINGS)}.")
    base = _backbone(backbone, input_size=input_size, weights=weights)
    x = POOLINGS[pooling](name="pool")(base.output)
    for index, units in enumerate(hidden_units):
        x = layers.Dense(units, use_bias=False, name=f"hidden{index + 1}")(x)
        x = layers.BatchNormalization(name=f"hidden{index + 1}_bn")(x)
        x = layers.ReLU(name=f"hidden{index + 1}_relu")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits", dtype="float32")(x)  # float32 under mixed precision too
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(x)
    return keras.Model(base.input, probabilities, name=f"{backbone}-classifier")


def _backbone(name: str, *, input_size: int, weights: str | None) -> keras.Model:
    if name not in BACKBONES:
        raise InputError(f"backbone {name!r} is unknown; expected one of {list(BACKBONES)}.")
    known = (None, "imagenet", *(VARIANTS if name in APPLICATIONS else ()))
    if weights not in known:
        raise InputError(f"weights {weights!r} of {name} are unknown; expected one of {list(known)}.")
    if name in VARIANTS:
        model = efficientnet_lite(name, input_size=input_size)
        if weights == "imagenet":
            _load_lite_weights(model, name)
        return model
    if weights in VARIANTS:
        model = _backbone(name, input_size=input_size, weights=None)
        inherit(model, _backbone(weights, input_size=input_size, weights="imagenet"))
        return model
    build = getattr(keras.applications, APPLICATIONS[name])
    try:
        return build(include_top=False, weights=weights, input_shape=(input_size, input_size, 3), name=name)
    except Exception as error:  # which is what Keras raises, and nothing narrower, when the download fails
        if type(error) is not Exception:
            raise
        raise InputError(f"ImageNet weights of {name} could not be downloaded ({error}).") from None


def _load_lite_weights(model: keras.Model, name: str) -> None:
    arrays = torch_weights.read_torch_weights(torch_weights.installed_weights(name.removesuffix("-short")))
    depthwise = [layer.name for layer in model.layers if isinstance(layer, layers.DepthwiseConv2D)]
    torch_weights.copy_weights(
        arrays,
        blocks=[layer_name.removesuffix("_depthwise_conv") for layer_name in depthwise],
        set_layer=lambda layer_name, values: model.get_layer(layer_name).set_weights(values),
    )
