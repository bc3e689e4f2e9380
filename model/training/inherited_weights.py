"""Starting a larger EfficientNet from the ImageNet weights of a smaller EfficientNet-Lite.

Each layer takes the weights of its namesake as far as they reach. What is new does not disturb them at first: old
channels see nothing of new ones, blocks that are new add nothing, and squeeze-and-excite is nearly open. New channels
start at random. Source of the idea: Chen, Goodfellow and Shlens, Net2Net, ICLR 2016 (arXiv 1511.05641).
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError

OPEN = 2.0  # bias before the sigmoid of squeeze-and-excite: a gate of 0.88, which training can still move
PARTS = {"dwconv": "depthwise_conv", "bn": "depthwise_bn"}  # of a block, as keras.applications calls them

Weights = NDArray[np.float32]


def inherit(model: keras.Model, source: keras.Model) -> None:
    """Give a network of ``keras.applications`` with random weights those of an EfficientNet-Lite, in place.

    Raises ``InputError`` when the source is the larger one anywhere.
    """
    known = {layer.name: layer.get_weights() for layer in source.layers if layer.get_weights()}
    for layer in model.layers:
        kept, name = layer.get_weights(), layer.name
        if name.endswith("_se_expand"):
            layer.set_weights([kept[0], np.full_like(kept[1], OPEN)])
        elif (old := known.get(_namesake(name))) is not None:
            layer.set_weights(_enlarged(layer, old, kept))
        elif name.endswith("_project_bn"):  # of a block that the source does not have
            layer.set_weights([np.zeros_like(kept[0]), *kept[1:]])
    _rescale(model, source)


def _namesake(name: str) -> str:
    """Return what the Lite networks call a layer."""
    block, _, part = name.partition("_")
    return f"{block}_{PARTS[part]}" if part in PARTS and block.startswith("block") else name


def _enlarged(layer: layers.Layer, old: Sequence[Weights], new: Sequence[Weights]) -> list[Weights]:
    """Return the weights ``new`` with ``old`` in their first channels."""
    kernels = []
    for ours, theirs in zip(new, old, strict=True):
        if any(a < b for a, b in zip(ours.shape, theirs.shape, strict=True)):
            raise InputError(f"layer {layer.name}: weights {theirs.shape} do not fit into {ours.shape}.")
        enlarged = ours.copy()
        if type(layer) is layers.Conv2D:
            enlarged[..., : theirs.shape[-1]] = 0  # old channels see nothing of new ones
        enlarged[tuple(slice(size) for size in theirs.shape)] = theirs
        kernels.append(enlarged)
    return kernels


def _rescale(model: keras.Model, source: keras.Model) -> None:
    """Let the stem see images as the source does: the source's scale goes to the kernel, its offset to the mean.

    With random weights ``keras.applications`` gives it images from 0 to 1.
    """
    scaling = source.get_layer("rescaling")
    stem, norm = model.get_layer("stem_conv"), model.get_layer("stem_bn")
    (kernel,), (gamma, beta, mean, variance) = stem.get_weights(), norm.get_weights()
    old = source.get_layer("stem_bn").get_weights()[0].size
    mean[:old] -= scaling.offset * kernel[..., :old].sum(axis=(0, 1, 2))
    kernel[..., :old] *= 255 * scaling.scale
    stem.set_weights([kernel])
    norm.set_weights([gamma, beta, mean, variance])
