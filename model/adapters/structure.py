"""How a classifier's ONNX graph hangs together: its scores, its last feature maps, and what lies between."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import onnx
from onnx import ModelProto, NodeProto, helper

from neuroval.data.exceptions import InputError

PASSES_ON: Final = ("Identity", "Cast", "Dropout")
POOLS: Final = ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax")
TO_NHWC: Final = [0, 2, 3, 1]
TO_NCHW: Final = [0, 3, 1, 2]
CHANNELS_FIRST: Final = ("Conv", "BatchNormalization", "MaxPool", "AveragePool")

Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A graph as a web of names. ``order`` holds the nodes as they stand, each after what it needs.

    ``makers`` leads from a tensor to the node that makes it, ``shapes`` to its shape where that is known, with ``None``
    for an axis that is free; ``moving`` are the tensors that depend on the image.
    """

    image: str
    output: str
    order: tuple[NodeProto, ...]
    makers: Mapping[str, NodeProto]
    shapes: Mapping[str, Shape]
    moving: frozenset[str]

    def behind(self, tensor: str, *, end: str) -> list[NodeProto]:
        """Return the nodes on a way from ``tensor`` to ``end``, in order."""
        needed, after = {end}, {tensor}
        for node in self.order:
            if after & set(node.input):
                after |= set(node.output)
        chosen = []
        for node in reversed(self.order):
            if needed & set(node.output) and after & set(node.input):
                chosen.append(node)
                needed |= set(node.input) & (after - {tensor})
        return chosen[::-1]

    def separates(self, tensor: str, *, end: str) -> bool:
        """Return whether every way from the image to ``end`` leads through ``tensor``."""
        reached = {self.image} - {tensor}
        for node in self.order:
            if reached & set(node.input):
                reached |= set(node.output) - {tensor}
        return end not in reached


def structure_of(model: ModelProto) -> Structure:
    """Return the structure of a graph of one input and one output (the first one counts)."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: dict[str, Shape] = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        if value.type.tensor_type.HasField("shape"):
            shapes[value.name] = tuple(
                dim.dim_value if dim.HasField("dim_value") else None for dim in value.type.tensor_type.shape.dim
            )
    image = graph.input[0].name
    moving = {image}
    for node in graph.node:
        if moving & set(node.input):
            moving |= set(node.output)
    return Structure(
        image=image,
        output=graph.output[0].name,
        order=tuple(graph.node),
        makers={name: node for node in graph.node for name in node.output},
        shapes=shapes,
        moving=frozenset(moving),
    )


def attribute(node: NodeProto, name: str, default: object = None) -> object:
    """Return what a node says under a name."""
    values = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return values.get(name, default)


def ending_of(structure: Structure) -> tuple[str, Literal["softmax", "sigmoid", "none"]]:
    """Return the tensor before the last softmax or sigmoid, and which of the two follows; ``none``: the output."""
    tensor = structure.output
    while (node := structure.makers.get(tensor)) is not None and node.op_type in PASSES_ON:
        tensor = node.input[0]
    if node is None or node.op_type not in ("Softmax", "Sigmoid"):
        return structure.output, "none"
    return node.input[0], "softmax" if node.op_type == "Softmax" else "sigmoid"


def features_of(structure: Structure, scores: str, *, wanted: str | None = None) -> str | None:
    """Return the last feature maps that all evidence for the scores passes through; none where there are none.

    ``wanted`` names a tensor or node instead. Raises ``InputError`` when that is none, or evidence passes beside it.
    """

    def seen(name: str) -> bool:  # an image that was only turned or scaled is no feature map
        return any(node.op_type == "Conv" for node in structure.behind(structure.image, end=name))

    maps = [
        name
        for node in reversed(structure.order)
        for name in node.output
        if name in structure.moving and _is_maps(structure.shapes.get(name))
    ]
    if wanted is None:
        return next((name for name in maps if structure.separates(name, end=scores) and seen(name)), None)
    named = [name for name in maps if wanted == name or wanted == structure.makers[name].name]
    if not named:
        known = [name for name in maps if structure.separates(name, end=scores)][:8]
        raise InputError(f"--feature-layer {wanted!r}: no feature maps of that name; there are, last first: {known}.")
    if not structure.separates(named[0], end=scores):
        raise InputError(f"--feature-layer {wanted!r}: evidence passes beside it, so its maps would not explain.")
    chosen: str = named[0]
    return chosen


def is_channels_last(structure: Structure, tensor: str, layout: str) -> bool:
    """Return whether feature maps have their channels at the end, as they stand behind a Transpose of TensorFlow."""
    node = structure.makers.get(tensor)
    if node is None:
        return layout == "nhwc"
    if node.op_type == "Transpose":
        turned = list(attribute(node, "perm", [])) == TO_NHWC  # type: ignore[call-overload]
        return bool(turned)
    if node.op_type in CHANNELS_FIRST:
        return False
    moving = [name for name in node.input if name in structure.moving and len(structure.shapes.get(name, ())) == 4]
    return bool(moving) and is_channels_last(structure, moving[0], layout)


def pooled_from(structure: Structure, features: str, scores: str, *, channels_last: bool) -> str | None:
    """Return the tensor of a global pooling that is all that follows the features; none where more does."""
    users = [node for node in structure.behind(features, end=scores) if features in node.input]
    if len(users) != 1 or users[0].op_type not in POOLS:
        return None
    (node,) = users
    shape = structure.shapes.get(node.output[0], ())
    whole = structure.shapes[features]
    channels = whole[3] if channels_last else whole[1]
    flat = shape[1:] in ((channels,), (channels, 1, 1), (1, 1, channels))
    return node.output[0] if flat and (not node.op_type.startswith("Global") or not channels_last) else None


def _is_maps(shape: Shape | None) -> bool:
    if shape is None or len(shape) != 4 or None in shape[1:]:
        return False
    sides = [side or 0 for side in shape[1:]]
    return sorted(sides)[1] > 1  # more than one cell, whichever axis is that of the channels


def weights_before(structure: Structure, scores: str) -> str | None:
    """Return what the last dense layer takes ``(n, d)``; none where there is no such layer."""
    for node in reversed(list(_ancestors(structure, scores))):
        if node.op_type in ("Gemm", "MatMul") and node.input[0] in structure.moving:
            return node.input[0] if len(structure.shapes.get(node.input[0], ())) == 2 else None
    return None


def _ancestors(structure: Structure, tensor: str) -> Iterable[NodeProto]:
    return structure.behind(structure.image, end=tensor)
