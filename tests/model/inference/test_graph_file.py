"""A model is one file whose hash covers its weights: a graph that reads them from another file is refused."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from neuroval.data.exceptions import InputError
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.home import SHIPPED_MODELS
from neuroval.model.card import GRAPH, read_card, write_card
from neuroval.model.inference.engine import load
from neuroval.model.inference.graph_file import check_self_contained

ELSEWHERE = "its weights lie in another file, which the hash of the model does not cover"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED_MODELS / "phantom", tmp_path / "model")


def put(folder: Path, graph: onnx.ModelProto, **options: object) -> None:
    """Save a graph as that of a model folder, and let the card state its hash."""
    (folder / GRAPH).unlink()
    onnx.save_model(graph, folder / GRAPH, **options)
    card = read_card(SHIPPED_MODELS / "phantom")
    write_card(folder, dataclasses.replace(card, sha256=file_sha256(folder / GRAPH)))


def test_weights_in_another_file_are_refused(folder: Path) -> None:
    """They could be changed, and neither the hash of the model nor the identity of an evaluation would."""
    graph = onnx.load(folder / GRAPH)
    put(folder, graph, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (folder / "weights.bin").is_file()
    with pytest.raises(InputError, match=ELSEWHERE):
        load(folder)
    put(folder, onnx.load(folder / GRAPH))
    assert load(folder).card.name == "phantom"


def external() -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "weights")
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    return tensor


def model(**parts: object) -> bytes:
    graph = helper.make_graph([], "graph", [], [])
    for name, values in parts.items():
        getattr(graph, name).extend(values)
    return bytes(helper.make_model(graph).SerializeToString())


def in_a_branch() -> bytes:
    branch = helper.make_graph([], "branch", [], [], initializer=[external()])
    return model(node=[helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)])


def in_a_function() -> bytes:
    node = helper.make_node("Constant", [], ["y"], value=external())
    whole = helper.make_model(helper.make_graph([], "graph", [], []))
    whole.functions.append(helper.make_function("local", "f", [], ["y"], [node], []))
    return bytes(whole.SerializeToString())


@pytest.mark.parametrize(
    "content",
    [
        model(initializer=[external()]),
        model(node=[helper.make_node("Constant", [], ["y"], value=external())]),
        model(sparse_initializer=[onnx.SparseTensorProto(values=external())]),
        in_a_branch(),
        in_a_function(),
    ],
    ids=["initializer", "constant", "sparse", "branch", "function"],
)
def test_they_are_found_wherever_a_graph_may_hold_a_tensor(content: bytes) -> None:
    with pytest.raises(InputError, match=ELSEWHERE):
        check_self_contained(content, where=GRAPH)


def test_a_graph_with_its_weights_in_it_is_taken() -> None:
    inside = numpy_helper.from_array(np.zeros(4, np.float32), "weights")
    check_self_contained(model(initializer=[inside]), where=GRAPH)


def test_what_is_no_graph_is_said_in_one_line(folder: Path) -> None:
    with pytest.raises(InputError, match=r"model\.onnx: not a readable ONNX file"):
        check_self_contained(b"\xff" * 100, where=GRAPH)
    card = read_card(folder)
    for content, reason in ((model(), "inputs|cannot load"), (b"", "cannot load")):
        (folder / GRAPH).write_bytes(content)
        write_card(folder, dataclasses.replace(card, sha256=file_sha256(folder / GRAPH)))
        with pytest.raises(InputError, match=reason) as told:
            load(folder)
        assert "\n" not in str(told.value)
