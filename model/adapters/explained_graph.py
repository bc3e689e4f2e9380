"""From a classifier's ONNX graph to that of a model folder: probabilities, maps of all classes, embedding.

Maps are Grad-CAM (Selvaraju et al., ICCV 2017, arXiv 1610.02391) where feature maps are known and the head behind them
can be differentiated: the weight of a channel is the mean over the grid of d score / d features. A global pooling
behind the features makes this mean the gradient at the pooled features by the number of cells, for average pooling as
for maximum pooling, so that what is left is the closed form. Scores are taken less their mean over the classes, as in
the networks trained here: softmax does not see what all classes have in common, and a map should not either.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from neuroval.data.exceptions import InputError
from neuroval.data.study.gradcam import GRADCAM
from neuroval.model.adapters import structure as graphs
from neuroval.model.adapters.draft import Draft
from neuroval.model.adapters.head_gradient import NoGradientError, gradients
from neuroval.model.adapters.input_rule import InputRule
from neuroval.model.adapters.occlusion import CELLS, occlusion_maps
from neuroval.model.inference.engine import INPUT

OCCLUSION: Final = "occlusion map"
SMALLEST: Final = 1e-30  # a probability of 0 has no logarithm
PREFIX: Final = "neuroval"

# What the tensor is that classes are read from: scores before a softmax or a sigmoid, or already probabilities.
Kind = Literal["softmax", "sigmoid", "probabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A graph as a model folder holds it. ``method`` names its maps, ``because`` says why they are no Grad-CAM."""

    model: ModelProto
    grid: tuple[int, int]
    method: str
    because: str
    features: str | None


def explained_graph(
    model: ModelProto,
    *,
    classes: int,
    size: int,
    rule: InputRule,
    logits: bool = False,
    feature_layer: str | None = None,
) -> Explained:
    """Return the graph of a model folder that predicts what ``model`` predicts of images put in by ``rule``.

    ``model`` has one input, images, and one output ``(n, k)``: probabilities, or with ``logits`` the scores before
    softmax; ``(n, 1)`` is the second of two classes. Raises ``InputError`` when the output does not fit the classes, or
    ``feature_layer`` is none of its feature maps.
    """
    web = graphs.structure_of(model)
    scores, kind = scores_of(web, logits=logits)
    width = _width(web, kind, classes=classes)
    draft = Draft(prefix=PREFIX)
    before = Draft(prefix=f"{PREFIX}/input")
    network_input = rule.drafted(before, INPUT)
    if network_input == INPUT:
        network_input = before.node("Identity", INPUT)
    contrast = _contrast(classes, width)
    draft.named(_probabilities(draft, scores, kind, width=width), "probabilities")
    features, because = graphs.features_of(web, scores, wanted=feature_layer), ""
    maps, grid, embedding = None, (CELLS, CELLS), None
    if features is None:
        because = "no feature maps that all evidence passes through"
    elif kind == "probabilities":
        because = "its output is no softmax, so the scores before it are not known"
    else:
        try:
            maps, grid, embedding = _gradcam(web, draft, features, scores, contrast, rule=rule)
        except NoGradientError as error:
            because = f"no gradient through {error}"
    if maps is None:
        network = web.behind(web.image, end=scores)
        maps = occlusion_maps(
            draft,
            network,
            image=INPUT,
            contrast=_contrasted(draft, scores, kind, width=width, classes=classes),
            size=size,
            score=lambda body, prefix: _contrasted(body, f"{prefix}/{scores}", kind, width=width, classes=classes),
            input_of=rule.drafted,
            network_input=web.image,
        )
        embedding = graphs.weights_before(web, scores) or scores
    draft.named(maps, "gradcam")
    draft.named(embedding or scores, "embedding")
    assembled = _assembled(model, web, before, draft, network_input=network_input, shape=(classes, size, *grid))
    return Explained(
        model=assembled, grid=grid, method=OCCLUSION if because else GRADCAM, because=because, features=features
    )


def scores_of(web: graphs.Structure, *, logits: bool) -> tuple[str, Kind]:
    """Return the tensor that classes are read from, and what it is; with ``logits`` the output before a softmax."""
    if logits:
        return web.output, "softmax"
    scores, ending = graphs.ending_of(web)
    return scores, "probabilities" if ending == "none" else ending


def _width(web: graphs.Structure, kind: Kind, *, classes: int) -> int:
    """Return the number of scores: one for each class, or one for the second of two."""
    shape = web.shapes.get(web.output, ())
    width = shape[1] if len(shape) == 2 else None
    if width == classes and kind == "sigmoid":
        raise InputError(
            "the network answers each class by a sigmoid of its own, so that its probabilities do not add up to 1; "
            "expected a softmax over classes of which one is right."
        )
    if width != classes and (width, classes) != (1, 2):
        gives = "an output that is no list of numbers" if width is None else f"{width} numbers for an image"
        raise InputError(
            f"the network gives {gives}, and --classes names {classes}; name as many as it gives, in its order."
        )
    return 1 if width == 1 else classes


def _by_class(draft: Draft, scores: str, kind: Kind, *, width: int) -> str:
    """Return scores ``(n, k)`` of which softmax is what the network says."""
    given = scores
    if kind == "probabilities":
        given = draft.node("Log", draft.node("Max", scores, draft.floats(SMALLEST)))
        if width == 1:
            other = draft.node("Max", draft.node("Sub", draft.floats(1), scores), draft.floats(SMALLEST))
            given = draft.node("Sub", given, draft.node("Log", other))
    return draft.node("MatMul", given, draft.floats([[0.0, 1.0]])) if width == 1 else given


def _probabilities(draft: Draft, scores: str, kind: Kind, *, width: int) -> str:
    """Return probabilities ``(n, k)``: of one score those of both classes, of probabilities themselves."""
    if kind == "probabilities":
        return scores if width > 1 else draft.node("Concat", draft.node("Sub", draft.floats(1), scores), scores, axis=1)
    return draft.node("Softmax", _by_class(draft, scores, kind, width=width), axis=1)


def _contrast(classes: int, width: int) -> NDArray[Any]:
    """Return what of the scores is differentiated for each class: its own less the mean of all."""
    centred = np.eye(classes) - 1 / classes
    return centred @ np.array([[0.0], [1.0]]) if width == 1 else centred


def _contrasted(draft: Draft, scores: str, kind: Kind, *, width: int, classes: int) -> str:
    by_class = _by_class(draft, scores, kind, width=width)
    return draft.node("MatMul", by_class, draft.floats(np.eye(classes) - 1 / classes))


def _gradcam(
    web: graphs.Structure, draft: Draft, features: str, scores: str, contrast: NDArray[Any], *, rule: InputRule
) -> tuple[str, tuple[int, int], str]:
    """Return maps ``(n, k, h, w)``, their grid, and the features averaged over it ``(n, c)``."""
    last = graphs.is_channels_last(web, features, rule.layout)
    shape = [side or 0 for side in web.shapes[features][1:]]
    height, width, channels = shape if last else (*shape[1:], shape[0])
    grid, classes = (height, width), len(contrast)
    planes = draft.node("Transpose", features, perm=graphs.TO_NCHW) if last else features
    pooled = graphs.pooled_from(web, features, scores, channels_last=last)
    rows = contrast.tolist()
    if pooled is not None:
        gradient = draft.reshaped(
            gradients(draft, web, start=pooled, scores=scores, contrast=rows), -1, classes, channels
        )
        weights = draft.node("Mul", gradient, draft.floats(1 / (height * width)))
        embedding = draft.reshaped(pooled, -1, channels)
    else:
        gradient = gradients(draft, web, start=features, scores=scores, contrast=rows)
        if last:
            gradient = draft.node("Transpose", gradient, perm=graphs.TO_NCHW)
        weights = draft.reshaped(draft.node("GlobalAveragePool", gradient), -1, classes, channels)
        embedding = draft.reshaped(draft.node("GlobalAveragePool", planes), -1, channels)
    cells = draft.reshaped(planes, -1, channels, height * width)
    maps = draft.reshaped(draft.node("Relu", draft.node("MatMul", weights, cells)), -1, classes, height, width)
    return maps, grid, embedding


def _assembled(
    model: ModelProto,
    web: graphs.Structure,
    before: Draft,
    draft: Draft,
    *,
    network_input: str,
    shape: tuple[int, int, int, int],
) -> ModelProto:
    classes, size, height, width = shape
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    nodes = list(graph.node)
    for node in nodes:
        for index, name in enumerate(node.input):
            if name == web.image:
                node.input[index] = network_input
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    before.into(graph)
    graph.node.extend(nodes)
    draft.into(graph)
    for node in graph.node[len(before.nodes) :]:  # what was drafted may take the image of the network too
        for index, name in enumerate(node.input):
            if name == web.image:
                node.input[index] = network_input
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", size, size, 3]))
    for name, sides in (("probabilities", [classes]), ("gradcam", [classes, height, width]), ("embedding", [None])):
        graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *sides]))
    _prune(made)
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise InputError(f"the graph does not hold together ({str(error).strip().splitlines()[0]}).") from None
    return made


def _prune(model: ModelProto) -> None:
    """Leave out nodes and constants that lead to no output."""
    graph = model.graph
    needed = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input) | _inner_names(node)
    constants = [initializer for initializer in graph.initializer if initializer.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept[::-1])
    graph.initializer.extend(constants)


def _inner_names(node: onnx.NodeProto) -> set[str]:
    """Return what the graphs within a node, such as the body of a loop, take from around it."""
    return {
        name
        for item in node.attribute
        for graph in ([item.g] if item.type == onnx.AttributeProto.GRAPH else [])
        for inner in graph.node
        for name in (*inner.input, *_inner_names(inner))
    }
