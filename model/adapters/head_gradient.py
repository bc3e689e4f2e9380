"""The gradient of each class's score, as nodes of the graph: reverse-mode differentiation of a classifier's head.

The head is what lies between the feature maps and the scores. It is run once for each class on the same features, so
that one reverse pass through it gives the gradients of all classes (n, k). Only what heads are made of has a rule here;
each rule is the textbook derivative of one ONNX operator.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from onnx import NodeProto, helper

from neuroval.model.adapters.draft import Draft
from neuroval.model.adapters.structure import Shape, Structure, attribute


class NoGradientError(Exception):
    """The head holds an operator without a rule here; the message names it."""


Rule = Callable[["_Reverse", NodeProto, str], dict[str, str]]


def gradients(
    draft: Draft, structure: Structure, *, start: str, scores: str, contrast: Sequence[Sequence[float]]
) -> str:
    """Return d contrast / d ``start``, of shape ``(n * k, ...)`` with the axes of ``start`` after the first.

    ``contrast`` ``(k, s)`` holds in each row what of the ``s`` scores is differentiated for that class. Raises
    ``NoGradientError`` when an operator of the head has no rule, or a shape that a rule needs is not known.
    """
    weights = np.asarray(contrast, dtype=np.float32)
    classes, width = weights.shape
    head = structure.behind(start, end=scores)
    sides = _sides(structure, start)
    repeated = draft.node("Tile", draft.reshaped(start, -1, 1, *sides), draft.integers(1, classes, *[1] * len(sides)))
    renamed = {start: draft.reshaped(repeated, -1, *sides)}
    draft.copied(head, renamed, under=f"{draft.prefix}/head")
    # Ones of the shape of the scores, whatever the number of images, times a row for each class.
    by_image = draft.reshaped(renamed[scores], -1, classes, width)
    seed = draft.node("Expand", draft.floats(weights[None]), draft.node("Shape", by_image))
    reverse = _Reverse(draft, structure, renamed)
    reached = {scores: draft.reshaped(seed, -1, width)}
    for node in reversed(head):
        gradient = reached.get(node.output[0])
        if gradient is None:  # shapes and the like, through which no score changes
            continue
        rule = RULES.get(node.op_type)
        if rule is None:
            raise NoGradientError(f"{node.op_type} ({node.name or node.output[0]})")
        for name, part in rule(reverse, node, gradient).items():
            reached[name] = draft.node("Add", reached[name], part) if name in reached else part
    return reached[start]


def _sides(structure: Structure, tensor: str) -> tuple[int, ...]:
    """Return the shape of a tensor without its first axis, which is that of the images."""
    shape: Shape = structure.shapes.get(tensor, (None, None))
    sides = tuple(side for side in shape[1:] if side is not None)
    if not shape or len(sides) != len(shape) - 1:
        raise NoGradientError(f"the shape of {tensor} is not known")
    return sides


class _Reverse:
    """What rules look at: the draft, and the copy of the head that runs for all classes."""

    def __init__(self, draft: Draft, structure: Structure, renamed: Mapping[str, str]) -> None:
        self.draft, self.structure, self.renamed = draft, structure, renamed

    def value(self, name: str) -> str:
        return self.renamed.get(name, name)

    def moves(self, name: str) -> bool:
        return name in self.renamed

    def sides(self, name: str) -> tuple[int, ...]:
        return _sides(self.structure, name)

    def where(self, condition: str, gradient: str) -> str:
        return self.draft.node("Mul", gradient, self.draft.node("Cast", condition, to=1))

    def like_input(self, node: NodeProto) -> None:
        """Raise ``NoGradientError`` unless all moving inputs have the shape of the output: nothing is broadcast."""
        for name in filter(self.moves, node.input):
            if self.sides(name) != self.sides(node.output[0]):
                raise NoGradientError(f"{node.op_type} ({node.name}) broadcasts")


def _passed(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    del reverse
    return {node.input[0]: gradient}


def _negative(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    return {node.input[0]: reverse.draft.node("Neg", gradient)}


def _add(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    reverse.like_input(node)
    signs = (gradient, reverse.draft.node("Neg", gradient) if node.op_type == "Sub" else gradient)
    parts: dict[str, str] = {}
    for name, part in zip(node.input, signs, strict=True):
        if reverse.moves(name):
            parts[name] = reverse.draft.node("Add", parts[name], part) if name in parts else part
    return parts


def _mul(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    reverse.like_input(node)
    left, right = node.input
    parts: dict[str, str] = {}
    for name, other in ((left, right), (right, left)):
        if reverse.moves(name):
            part = reverse.draft.node("Mul", gradient, reverse.value(other))
            parts[name] = reverse.draft.node("Add", parts[name], part) if name in parts else part
    return parts


def _div(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    reverse.like_input(node)
    if reverse.moves(node.input[1]):
        raise NoGradientError(f"Div ({node.name}) by what depends on the image")
    return {node.input[0]: reverse.draft.node("Div", gradient, reverse.value(node.input[1]))}


def _gemm(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    if reverse.moves(node.input[1]) or attribute(node, "transA", 0):
        raise NoGradientError(f"Gemm ({node.name}) of two inputs that depend on the image")
    weights = node.input[1]
    if not attribute(node, "transB", 0):
        weights = reverse.draft.node("Transpose", weights, perm=[1, 0])
    part = reverse.draft.node("MatMul", gradient, weights)
    alpha = attribute(node, "alpha", 1.0)
    return {node.input[0]: part if alpha == 1 else reverse.draft.node("Mul", part, reverse.draft.floats(alpha))}  # type: ignore[arg-type]


def _matmul(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    if reverse.moves(node.input[1]) or len(reverse.sides(node.input[0])) != 1:
        raise NoGradientError(f"MatMul ({node.name}) that is no dense layer")
    return {
        node.input[0]: reverse.draft.node(
            "MatMul", gradient, reverse.draft.node("Transpose", node.input[1], perm=[1, 0])
        )
    }


def _relu(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    positive = reverse.draft.node("Greater", reverse.value(node.output[0]), reverse.draft.floats(0))
    return {node.input[0]: reverse.where(positive, gradient)}


def _leaky(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft = reverse.draft
    positive = draft.node("Greater", reverse.value(node.input[0]), draft.floats(0))
    slope = draft.floats(attribute(node, "alpha", 0.01))  # type: ignore[arg-type]
    return {node.input[0]: draft.node("Where", positive, gradient, draft.node("Mul", gradient, slope))}


def _elu(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, y = reverse.draft, reverse.value(node.output[0])
    alpha = draft.floats(attribute(node, "alpha", 1.0))  # type: ignore[arg-type]
    positive = draft.node("Greater", y, draft.floats(0))
    return {
        node.input[0]: draft.node("Where", positive, gradient, draft.node("Mul", gradient, draft.node("Add", y, alpha)))
    }


def _clip(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    x, part = reverse.value(node.input[0]), gradient
    bounds = [*node.input[1:], "", ""][:2]
    for bound, kind in zip(bounds, ("Greater", "Less"), strict=True):
        if bound:
            part = reverse.where(reverse.draft.node(kind, x, bound), part)
    return {node.input[0]: part}


def _sigmoid(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, y = reverse.draft, reverse.value(node.output[0])
    slope = draft.node("Mul", y, draft.node("Sub", draft.floats(1), y))
    return {node.input[0]: draft.node("Mul", gradient, slope)}


def _hard_swish(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, x = reverse.draft, reverse.value(node.input[0])
    inside = draft.node("And", draft.node("Greater", x, draft.floats(-3)), draft.node("Less", x, draft.floats(3)))
    slope = draft.node("Add", draft.node("Mul", x, draft.floats(1 / 3)), draft.floats(0.5))
    above = draft.node("Cast", draft.node("Greater", x, draft.floats(3)), to=1)
    return {node.input[0]: draft.node("Mul", gradient, draft.node("Where", inside, slope, above))}


def _tanh(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, y = reverse.draft, reverse.value(node.output[0])
    return {node.input[0]: draft.node("Mul", gradient, draft.node("Sub", draft.floats(1), draft.node("Mul", y, y)))}


def _softplus(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    slope = reverse.draft.node("Sigmoid", reverse.value(node.input[0]))
    return {node.input[0]: reverse.draft.node("Mul", gradient, slope)}


def _erf(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, x = reverse.draft, reverse.value(node.input[0])
    bell = draft.node("Exp", draft.node("Neg", draft.node("Mul", x, x)))
    slope = draft.node("Mul", bell, draft.floats(2 / np.sqrt(np.pi)))
    return {node.input[0]: draft.node("Mul", gradient, slope)}


def _batch_norm(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft = reverse.draft
    scale, variance = node.input[1], node.input[4]
    epsilon = draft.floats(attribute(node, "epsilon", 1e-5))  # type: ignore[arg-type]
    factor = draft.node("Div", scale, draft.node("Sqrt", draft.node("Add", variance, epsilon)))
    axes = len(reverse.sides(node.input[0]))
    return {node.input[0]: draft.node("Mul", gradient, draft.reshaped(factor, 1, -1, *[1] * (axes - 1)))}


def _shaped(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    return {node.input[0]: reverse.draft.reshaped(gradient, -1, *reverse.sides(node.input[0]))}


def _transpose(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    axes = len(reverse.sides(node.input[0])) + 1
    perm = list(attribute(node, "perm", range(axes)[::-1]))  # type: ignore[call-overload]
    if perm[0] != 0:
        raise NoGradientError(f"Transpose ({node.name}) moves the axis of the images")
    return {node.input[0]: reverse.draft.node("Transpose", gradient, perm=[perm.index(axis) for axis in range(axes)])}


def _mean(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    draft, before = reverse.draft, reverse.sides(node.input[0])
    after = reverse.sides(node.output[0])
    kept = [side for side in after if side != 1]
    for last in (False, True):  # which axis is that of the channels
        channels = before[-1] if last else before[0]
        if len(before) == 3 and kept == [channels]:
            part = draft.reshaped(gradient, -1, *((1, 1, channels) if last else (channels, 1, 1)))
            return {node.input[0]: draft.node("Mul", part, draft.floats(np.ones(before) * channels / np.prod(before)))}
    raise NoGradientError(f"{node.op_type} ({node.name}) that is no global pooling")


def _convolution(reverse: _Reverse, node: NodeProto, gradient: str) -> dict[str, str]:
    strides = list(attribute(node, "strides", [1, 1]))  # type: ignore[call-overload]
    automatic = attribute(node, "auto_pad", b"NOTSET")
    if reverse.moves(node.input[1]) or set(strides) != {1} or automatic != b"NOTSET":
        raise NoGradientError(f"Conv ({node.name}) with strides")
    kept = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    kept.pop("auto_pad", None)
    return {node.input[0]: reverse.draft.node("ConvTranspose", gradient, node.input[1], **kept)}


RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(("Identity", "Cast", "Dropout"), _passed),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _shaped),
    **dict.fromkeys(("GlobalAveragePool", "ReduceMean"), _mean),
    **dict.fromkeys(("Add", "Sub"), _add),
    "Neg": _negative,
    "Mul": _mul,
    "Div": _div,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Relu": _relu,
    "LeakyRelu": _leaky,
    "Elu": _elu,
    "Clip": _clip,
    "Sigmoid": _sigmoid,
    "HardSwish": _hard_swish,
    "Tanh": _tanh,
    "Softplus": _softplus,
    "Erf": _erf,
    "BatchNormalization": _batch_norm,
    "Transpose": _transpose,
    "Conv": _convolution,
}
