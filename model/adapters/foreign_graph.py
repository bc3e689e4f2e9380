"""A foreign ONNX file made ready: one image input, any number of images at a time, computed in float32."""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper, version_converter

from neuroval.data.exceptions import InputError
from neuroval.model.adapters.draft import LEAST_OPSET
from neuroval.model.adapters.input_rule import Layout
from neuroval.model.inference.engine import CANNOT_LOAD
from neuroval.model.inference.graph_file import check_self_contained

OPSET: Final = 17
HALF: Final = TensorProto.FLOAT16


def read_graph(file: Path) -> ModelProto:
    """Return the graph of an ONNX file, its weights in it. Raises ``InputError`` when it cannot be used as it is."""
    content = file.read_bytes()
    check_self_contained(content, where=str(file))
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        raise InputError(f"{file}: not a readable ONNX file ({str(error).strip().splitlines()[0]}).") from None
    return model


def prepared(model: ModelProto, *, where: str) -> ModelProto:
    """Return the graph for any number of images, in float32, of a set of operators that what is added belongs to.

    Weights in float16 stay so in the file, followed by a Cast, which the runtime folds when it loads the graph. Raises
    ``InputError`` for a graph of another kind than images to one row of numbers.
    """
    made = ModelProto()
    made.CopyFrom(model)
    constants = {initializer.name for initializer in made.graph.initializer}
    inputs = [value for value in made.graph.input if value.name not in constants]  # old files list weights too
    del made.graph.input[:]
    made.graph.input.extend(inputs)
    sides = [_sides(value) for value in inputs]
    if len(inputs) != 1 or len(sides[0]) != 4:
        shapes = {value.name: side for value, side in zip(inputs, sides, strict=True)}
        raise InputError(f"{where}: inputs {shapes}; expected one, images of four axes.")
    opset = next((item.version for item in made.opset_import if item.domain in ("", "ai.onnx")), 0)
    if opset < LEAST_OPSET:
        try:
            made = version_converter.convert_version(made, OPSET)
        except (RuntimeError, ValueError, version_converter.ConvertError) as error:
            raise InputError(f"{where}: opset {opset} is too old ({error}); export it with opset {OPSET}.") from None
    _in_float32(made)
    _of_any_number(made)
    return made


def layout_of(model: ModelProto, layout: Layout | None, *, where: str) -> tuple[Layout, int, int | None]:
    """Return the layout of the input, its channels and its side, none where it takes any.

    The axis of 1 or 3 is that of the channels. Raises ``InputError`` where that does not tell, or against ``layout``.
    """
    sides = _sides(model.graph.input[0])
    first, last = sides[1] in (1, 3), sides[3] in (1, 3)
    chosen: Layout | None = layout or ("nchw" if first and not last else "nhwc" if last and not first else None)
    if chosen is None:
        raise InputError(f"{where}: input {sides} does not tell where the channels are; say --layout nchw or nhwc.")
    channels, height, width = (sides[1], *sides[2:]) if chosen == "nchw" else (sides[3], *sides[1:3])
    if channels is None:
        channels = 3
    if channels not in (1, 3):
        other = "nhwc" if chosen == "nchw" else "nchw"
        raise InputError(f"{where}: input {sides} has {channels} channels in layout {chosen}; try --layout {other}.")
    if height != width:
        raise InputError(f"{where}: input {sides} is not square; expected images of one size.")
    return chosen, channels, height


def with_side(model: ModelProto, size: int, layout: Layout, channels: int) -> None:
    """State the size of the images that go in."""
    value = model.graph.input[0]
    shape: list[str | int | None] = ["n", channels, size, size] if layout == "nchw" else ["n", size, size, channels]
    value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))


def run_graph(model: ModelProto, images: NDArray[np.float32], *, where: str) -> NDArray[np.float32]:
    """Return the first output of a graph for its one input. Raises ``InputError`` when it cannot be run."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        taken = session.get_inputs()[0]
        kind = np.float16 if taken.type == "tensor(float16)" else np.float32
        if taken.shape[0] == 1:
            rows = [session.run(None, {taken.name: images[i : i + 1].astype(kind)})[0] for i in range(len(images))]
            return np.concatenate(rows).astype(np.float32)
        return np.asarray(session.run(None, {taken.name: images.astype(kind)})[0], dtype=np.float32)
    except CANNOT_LOAD as error:
        raise InputError(f"{where}: ONNX Runtime cannot run it ({str(error).splitlines()[0]}).") from None


def is_half(model: ModelProto) -> bool:
    """Return whether a graph holds weights in float16."""
    return any(initializer.data_type == HALF for initializer in model.graph.initializer)


def _sides(value: onnx.ValueInfoProto) -> list[int | None]:
    return [
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        for dim in value.type.tensor_type.shape.dim
    ]


def _in_float32(model: ModelProto) -> None:
    graph = model.graph
    casts = []
    for initializer in graph.initializer:
        if initializer.data_type == HALF:
            name, initializer.name = initializer.name, f"{initializer.name}/float16"
            casts.append(
                helper.make_node("Cast", [initializer.name], [name], name=f"{name}/cast", to=TensorProto.FLOAT)
            )
    for node in graph.node:
        for item in node.attribute:
            if item.name in ("to", "dtype") and item.i == HALF:
                item.i = TensorProto.FLOAT
            if item.type == onnx.AttributeProto.TENSOR and item.t.data_type == HALF:
                item.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item.t).astype(np.float32), item.t.name))
    nodes = [*casts, *graph.node]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == HALF:
            value.type.tensor_type.elem_type = TensorProto.FLOAT


def _of_any_number(model: ModelProto) -> None:
    """Free the first axis of a graph that was exported for one image: input, output, and shapes that hold it."""
    graph = model.graph
    fixed = _sides(graph.input[0])[0] == 1
    for value in (graph.input[0], *graph.output):
        shape = value.type.tensor_type.shape
        if len(shape.dim):
            shape.dim[0].dim_param = "n"
    if not fixed:
        return
    targets = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for initializer in graph.initializer:
        if initializer.name in targets:
            initializer.CopyFrom(numpy_helper.from_array(_freed(numpy_helper.to_array(initializer)), initializer.name))
    for node in graph.node:
        if node.op_type == "Constant" and node.output[0] in targets:
            (item,) = node.attribute
            item.t.CopyFrom(numpy_helper.from_array(_freed(numpy_helper.to_array(item.t)), item.t.name))


def _freed(shape: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a target of Reshape that keeps the first axis where it was 1."""
    freed = shape.copy()
    if len(freed) > 1 and freed[0] == 1:
        freed[0] = 0 if -1 in freed else -1
    return freed
