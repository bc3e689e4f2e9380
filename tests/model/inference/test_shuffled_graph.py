"""Networks with random weights: which tensors are shuffled, and that nothing else of a graph changes."""

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.data.study.trial_maps import PARTS
from neuroval.model.card import GRAPH
from neuroval.model.inference.engine import load
from neuroval.model.inference.shuffled_graph import shuffled

LAYERS = ("one", "two", "three")


def weights(n: int) -> NDArray[np.float32]:
    return np.arange(n, dtype=np.float32).reshape(2, n // 2)


@pytest.fixture
def graph() -> bytes:
    """Three layers up to the embedding, one after it, whose weights the map takes as well; one is a constant node."""
    nodes = [
        helper.make_node("MatMul", ["image", "one"], ["first"]),
        helper.make_node("Cast", ["two/stored"], ["two"], to=1),
        helper.make_node("MatMul", ["first", "two"], ["second"]),
        helper.make_node("Constant", [], ["three"], value=numpy_helper.from_array(weights(8), "three")),
        helper.make_node("MatMul", ["second", "three"], ["embedding"]),
        helper.make_node("Gemm", ["embedding", "head", "bias"], ["probabilities"]),
        helper.make_node("MatMul", ["second", "again"], ["gradcam"]),
        helper.make_node("Reshape", ["gradcam", "shape"], ["reshaped"]),
    ]
    tensors = [
        numpy_helper.from_array(weights(10), "one"),
        numpy_helper.from_array(weights(12).astype(np.float16), "two/stored"),
        helper.make_tensor("head", 1, [2, 7], weights(14).ravel().tolist()),  # not as raw bytes
        numpy_helper.from_array(weights(6), "bias"),
        helper.make_tensor("again", 1, [2, 7], weights(14).ravel().tolist()),
        numpy_helper.from_array(np.array([1, 2, 3], np.int64), "shape"),
    ]
    made = helper.make_graph(nodes, "toy", [], [], initializer=tensors)
    return bytes(helper.make_model(made).SerializeToString())


def held(content: bytes) -> dict[str, NDArray[np.generic]]:
    model = onnx.load_from_string(content)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    constants = {node.output[0]: node.attribute[0].t for node in model.graph.node if node.op_type == "Constant"}
    return tensors | {name: numpy_helper.to_array(tensor) for name, tensor in constants.items()}


def changed(before: Mapping[str, NDArray[np.generic]], after: Mapping[str, NDArray[np.generic]]) -> set[str]:
    assert before.keys() == after.keys()
    for name, values in before.items():
        assert values.dtype == after[name].dtype
        np.testing.assert_array_equal(np.sort(values.ravel()), np.sort(after[name].ravel()))
    return {name for name, values in before.items() if not np.array_equal(values, after[name])}


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("head", {"head", "bias", "again"}),
        ("upper_third", {"head", "bias", "again", "three"}),
        ("all", {"head", "bias", "again", "three", "two/stored", "one"}),
    ],
)
def test_weights_are_shuffled_from_the_top_down(graph: bytes, part: str, names: set[str]) -> None:
    assert changed(held(graph), held(shuffled(graph, part=part, seed=5))) == names


def test_equal_weights_are_shuffled_alike_and_another_seed_shuffles_otherwise(graph: bytes) -> None:
    """The map of the head must be that of the head."""
    made = held(shuffled(graph, part="all", seed=5))
    np.testing.assert_array_equal(made["head"], made["again"])
    assert shuffled(graph, part="all", seed=5) == shuffled(graph, part="all", seed=5)
    assert not np.array_equal(made["head"], held(shuffled(graph, part="all", seed=6))["head"])


def test_a_graph_without_weights_is_refused() -> None:
    node = helper.make_node("Relu", ["image"], ["embedding"])
    content = helper.make_model(helper.make_graph([node], "none", [], [])).SerializeToString()
    with pytest.raises(InputError, match="holds no weights"):
        shuffled(content, part="all", seed=0)


@pytest.mark.parametrize("part", PARTS)
def test_a_shipped_network_runs_with_random_weights_and_says_something_else(part: str) -> None:
    folder = SHIPPED_MODELS / "phantom"
    content = (folder / GRAPH).read_bytes()
    onnx.checker.check_model(onnx.load_from_string(shuffled(content, part=part, seed=1)))
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    random = load(folder, threads=1, change=lambda graph: shuffled(graph, part=part, seed=1)).run(image)
    learnt = load(folder, threads=1).run(image)
    assert np.isfinite(random.gradcam).all()
    assert np.abs(random.probabilities - learnt.probabilities).max() > 0.01
    assert np.array_equal(random.embedding, learnt.embedding) == (part == "head")
