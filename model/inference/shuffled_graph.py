"""The graph of a network whose weights are shuffled from the top down: a network that has learnt nothing there.

Shuffling a tensor keeps the distribution of its values, so that the numbers in the network stay of their size. Source:
Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018 (arXiv 1810.03292), section 4, cascading randomisation.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from neuroval.data.exceptions import InputError
from neuroval.data.study.trial_maps import ALL, HEAD, UPPER_THIRD
from neuroval.model.inference.graph_file import parsed

LAYERS: Final = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization"})
# A weight may be stored in another type or shape than the layer takes it.
PASSED_ON: Final = frozenset({"Cast", "DequantizeLinear", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
ITEM_BYTES: Final[Mapping[int, int]] = {1: 4, 2: 1, 3: 1, 10: 2, 11: 8, 16: 2}  # by TensorProto.DataType
EMBEDDING: Final = "embedding"


def shuffled(content: bytes, *, part: str, seed: int) -> bytes:
    """Return the bytes of a graph with the weights of its upper layers, or of all, in an order of chance.

    ``part`` is one of ``PARTS``. Kernels and biases of convolutions and dense layers, and what batch normalisation
    multiplies and adds, are shuffled each within itself. Tensors of equal content are shuffled alike: a graph may hold
    the weights of the head twice, for the call and for its map. Raises ``InputError`` when no weights are there.
    """
    model = parsed(content, where="graph")
    (graph,) = model.graph
    head, trunk = _layers(graph)
    kept = {HEAD: len(trunk), UPPER_THIRD: len(trunk) - max(1, len(trunk) // 3), ALL: 0}[part]
    chosen = {id(tensor): tensor for layer in (*head, *trunk[kept:]) for tensor in layer}
    if not chosen:
        raise InputError("its graph holds no weights of convolutions or dense layers that could be shuffled.")
    for tensor in chosen.values():
        _shuffle(tensor, seed=seed)
    return bytes(model.SerializeToString())


def _layers(graph: Any) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return the tensors of each layer of the head and of the trunk, which leads to the embedding; from below upwards.

    The nodes of a graph are in an order in which they can be computed (ONNX, GraphProto).
    """
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    tensors |= {node.output[0]: node.attribute[0].t[0] for node in graph.node if _is_constant(node)}
    made_by = {output: place for place, node in enumerate(graph.node) for output in node.output}
    leads, waiting = set(), [EMBEDDING]
    while waiting:
        place = made_by.get(waiting.pop())
        if place is not None and place not in leads:
            leads.add(place)
            waiting.extend(graph.node[place].input)

    def stored(name: str) -> Iterator[Any]:
        while name not in tensors and name in made_by and graph.node[made_by[name]].op_type in PASSED_ON:
            name = graph.node[made_by[name]].input[0]
        tensor = tensors.get(name)
        if tensor is not None and tensor.data_type in ITEM_BYTES and (tensor.raw_data or tensor.float_data):
            yield tensor

    head: list[list[Any]] = []
    trunk: list[list[Any]] = []
    for place, node in enumerate(graph.node):
        layer = [tensor for name in node.input for tensor in stored(name)] if node.op_type in LAYERS else []
        if layer:
            (trunk if place in leads else head).append(layer)
    return head, trunk


def _is_constant(node: Any) -> bool:
    return node.op_type == "Constant" and len(node.attribute) == 1 and len(node.attribute[0].t) == 1


def _shuffle(tensor: Any, *, seed: int) -> None:
    raw = bool(tensor.raw_data)
    values = (
        np.frombuffer(tensor.raw_data, f"u{ITEM_BYTES[tensor.data_type]}")
        if raw
        else np.array(tensor.float_data, np.float32)
    )
    digest = hashlib.sha256(f"{seed}/".encode() + values.tobytes()).digest()
    mixed = np.random.default_rng(int.from_bytes(digest[:16], "big")).permutation(values)
    if raw:
        tensor.raw_data = mixed.tobytes()
    else:
        tensor.float_data[:] = mixed.tolist()
