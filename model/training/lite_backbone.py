"""EfficientNet-Lite in Keras: EfficientNet without squeeze-and-excite, with ReLU6.

Source: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

import math
from dataclasses import dataclass

import keras
from keras import layers

BATCH_NORM_EPSILON = 1e-3
HEAD_FILTERS = 1280
STEM_FILTERS = 32


@dataclass(frozen=True, slots=True)
class Stage:
    """A run of equal inverted-residual blocks; only the first one strides and changes the number of filters."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters_in: int
    filters_out: int


STAGES = (
    Stage(1, 3, 1, 1, 32, 16),
    Stage(2, 3, 2, 6, 16, 24),
    Stage(2, 5, 2, 6, 24, 40),
    Stage(3, 3, 2, 6, 40, 80),
    Stage(3, 5, 1, 6, 80, 112),
    Stage(4, 5, 2, 6, 112, 192),
    Stage(1, 3, 1, 6, 192, 320),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """Width and depth coefficients.

    ``short``: ends with the expansion that begins the sixth stage, for a small network with a grid of 14 x 14.
    """

    width: float
    depth: float
    short: bool = False


VARIANTS = {
    "efficientnet-lite0": Variant(1.0, 1.0),
    "efficientnet-lite0-short": Variant(1.0, 1.0, short=True),
    "efficientnet-lite2": Variant(1.1, 1.2),
}
SHORT_STAGES = 5


def _round_filters(filters: int, width: float) -> int:
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _convolution(x: keras.KerasTensor, filters: int, kernel: int, *, stride: int, name: str) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)


def _normalised(x: keras.KerasTensor, *, name: str, activation: bool = True) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_relu")(x) if activation else x


def _block(x: keras.KerasTensor, stage: Stage, *, filters: int, stride: int, name: str) -> keras.KerasTensor:
    inputs = x
    filters_in = int(x.shape[-1])
    if stage.expansion != 1:
        x = _convolution(x, filters_in * stage.expansion, 1, stride=1, name=f"{name}_expand")
        x = _normalised(x, name=f"{name}_expand")
    x = layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _normalised(x, name=f"{name}_depthwise")
    x = _convolution(x, filters, 1, stride=1, name=f"{name}_project")
    x = _normalised(x, name=f"{name}_project", activation=False)
    return layers.Add(name=f"{name}_add")([inputs, x]) if stride == 1 and filters_in == filters else x


def efficientnet_lite(variant: str, *, input_size: int) -> keras.Model:
    """Return the backbone without top: input ``(n, size, size, 3)`` RGB 0 to 255, output the last feature maps."""
    chosen = VARIANTS[variant]
    image = keras.Input((input_size, input_size, 3), name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _normalised(_convolution(x, STEM_FILTERS, 3, stride=2, name="stem"), name="stem")
    last = len(STAGES) - 1
    for index, stage in enumerate(STAGES[:SHORT_STAGES] if chosen.short else STAGES):
        repeats = stage.repeats if index in (0, last) else math.ceil(chosen.depth * stage.repeats)
        filters = _round_filters(stage.filters_out, chosen.width)
        for repeat in range(repeats):
            stride = stage.stride if repeat == 0 else 1
            x = _block(x, stage, filters=filters, stride=stride, name=f"block{index + 1}{'abcdefgh'[repeat]}")
    top = int(x.shape[-1]) * STAGES[SHORT_STAGES].expansion if chosen.short else HEAD_FILTERS
    x = _normalised(_convolution(x, top, 1, stride=1, name="top"), name="top")
    return keras.Model(image, x, name=variant)
