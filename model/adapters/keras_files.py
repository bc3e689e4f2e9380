"""Networks of Keras and TensorFlow as they are saved: read without running code of theirs, and turned into ONNX."""

import importlib.util
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray
from onnx import ModelProto, helper, numpy_helper
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from neuroval.data.exceptions import InputError
from neuroval.data.storage.scratch import scratch

OPSET: Final = 17
FEATURES: Final = "features"
ONE: Final = "neuroval/one"
BUILT: Final = "built.keras"
# Operators of a SavedModel that reach beyond its numbers: files, Python, processes.
REACHING_OUT: Final = (
    "PyFunc",
    "EagerPyFunc",
    "PyFuncStateless",
    "ReadFile",
    "WriteFile",
    "PrintV2",
    "Save",
    "SaveSlices",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of TensorFlow: ``call`` maps images ``(n, side, side, channels)`` to ``(n, k)``.

    ``side`` is none where it takes any size. ``model`` is the Keras model, none of a SavedModel.
    """

    call: Callable[[Any], Any]
    side: int | None
    channels: int
    model: keras.Model | None

    def answers(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the framework itself says ``(n, k)``."""
        return np.concatenate([np.asarray(self.call(tf.constant(image[None]))) for image in images]).astype(np.float32)


def read_network(file: Path, *, builder: str | None = None, size: int | None = None) -> Network:
    """Return the network of a ``.keras`` or ``.h5`` file, a SavedModel folder, or of weights and a ``builder``.

    ``builder`` is ``file.py:function``: that file is run, and its function returns the model that takes the weights.
    Nothing else runs code from a file: layers made of code (Lambda) and Python functions are refused. Raises
    ``InputError`` saying what to do.
    """
    if builder is not None:
        model = _built(builder)
        _load_weights(model, file)
        return _network(model, size)
    if file.is_dir():
        return _saved_model(file)
    if file.suffix in (".h5", ".hdf5") and not _holds_model(file):
        raise InputError(f"{file}: holds weights and no model; add --builder file.py:function, which builds the model.")
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, AttributeError, OSError, ImportError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(
            f"{file}: Keras {keras.__version__} cannot load it without running code of it ({reason[:200]}); save its "
            "weights, and give --weights with --builder file.py:function, or export it as ONNX."
        ) from None
    return _network(model, size)


def to_onnx(network: Network, *, size: int, feature_layer: str | None, where: str) -> tuple[ModelProto, str | None]:
    """Return the network as ONNX for images ``(n, size, size, channels)``, and the tensor of ``feature_layer``."""
    signature = [tf.TensorSpec((None, size, size, network.channels), tf.float32, name="pixels")]
    call = network.call if feature_layer is None else _with_features(network, feature_layer)

    def graph(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        given = call(pixels)
        if feature_layer is None:
            return {"answers": given}
        return {"answers": given[0], FEATURES: given[1]}

    traced = tf.function(graph, input_signature=signature)
    concrete = traced.get_concrete_function()
    # Constants that the function holds, such as the mean of a Normalization layer, would become inputs of the graph.
    constants = {
        placeholder.name: np.asarray(value)
        for value, placeholder in concrete.graph.captures
        if value.dtype != tf.resource
    }
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it cannot convert is said in one line below
    try:
        converted, _ = tf2onnx.convert.from_function(traced, input_signature=signature, opset=OPSET)
    except (ValueError, NotImplementedError, RuntimeError, KeyError) as error:
        raise InputError(f"{where}: tf2onnx cannot convert it ({str(error).strip().splitlines()[0][:200]}).") from None
    _without_erfc(converted)
    graph_ = converted.graph
    inputs = [value for value in graph_.input if value.name not in constants]
    for value in graph_.input:
        if value.name in constants:
            graph_.initializer.append(numpy_helper.from_array(constants[value.name], value.name))
    del graph_.input[:]
    graph_.input.extend(inputs)
    outputs = {value.name: value for value in graph_.output}
    del graph_.output[:]
    graph_.output.append(outputs["answers"])
    if unknown := sorted({node.op_type for node in graph_.node if not onnx.defs.has(node.op_type)}):
        raise InputError(f"{where}: ONNX has no operator for {unknown}; export it as ONNX in another way.")
    return converted, None if feature_layer is None else _source(converted, FEATURES)


def _without_erfc(model: ModelProto) -> None:
    """Write erfc(x), which ONNX does not have and the GELU of Keras uses, as 1 - erf(x)."""
    nodes = []
    for node in model.graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        (output,) = node.output
        nodes.append(helper.make_node("Erf", list(node.input), [f"{output}/erf"], name=f"{node.name}/erf"))
        nodes.append(helper.make_node("Sub", [ONE, f"{output}/erf"], [output], name=node.name))
    if len(nodes) > len(model.graph.node):
        model.graph.initializer.append(numpy_helper.from_array(np.ones((), dtype=np.float32), ONE))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def kept(network: Network, file: Path, place: Path, *, built: bool) -> str:
    """Keep a copy of what was given in a folder and return its name; empty where it cannot be read without code.

    Of weights and a builder the model itself is kept, which Keras reads again without the builder, unless its layers
    are code of its own.
    """
    if not built:
        (shutil.copytree if file.is_dir() else shutil.copy2)(file, place / file.resolve().name)
        return file.resolve().name
    assert network.model is not None
    network.model.save(place / BUILT)
    try:
        keras.models.load_model(place / BUILT, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, AttributeError, ImportError):
        (place / BUILT).unlink()
        return ""
    return BUILT


def _source(model: ModelProto, name: str) -> str:
    """Return the tensor that an output is only another name of, or another order of axes."""
    makers = {output: node for node in model.graph.node for output in node.output}
    while (node := makers.get(name)) is not None and node.op_type in ("Identity", "Transpose"):
        name = node.input[0]
    return name


def _with_features(network: Network, layer: str) -> Callable[[Any], Any]:
    if network.model is None:
        raise InputError("--feature-layer: a SavedModel has no layers by name; leave it out, or give the Keras file.")
    known = {item.name: item for item in network.model.layers}
    if layer not in known:
        raise InputError(f"--feature-layer {layer!r}: no layer of the network; there are {list(known)[-12:]}.")
    explained: keras.Model = keras.Model(network.model.inputs[0], [network.model.outputs[0], known[layer].output])
    return lambda pixels: explained(pixels, training=False)


def _network(model: keras.Model, size: int | None) -> Network:
    if not model.built:  # a Sequential model has no input of its own until it has seen one
        if size is None:
            raise InputError("the network does not state the size of its images; add --size, such as --size 224.")
        model(np.zeros((1, size, size, 3), np.float32))
    try:
        shape = model.input_shape
    except (AttributeError, ValueError):
        shape = (None, size, size, 3)
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise InputError(f"the network takes {shape}; expected one input of images (n, height, width, channels).")
    _, height, width, channels = shape
    if height != width:
        raise InputError(f"the network takes images of {height} x {width}; expected a square.")
    return Network(call=lambda pixels: model(pixels, training=False), side=height, channels=channels or 3, model=model)


def _holds_model(file: Path) -> bool:
    try:
        with h5py.File(file) as opened:
            return "model_config" in opened.attrs
    except OSError:
        raise InputError(f"{file}: not a readable HDF5 file; copy the model again.") from None


def _built(builder: str) -> keras.Model:
    name, _, function = builder.rpartition(":")
    file = Path(name)
    if not file.is_file() or file.suffix != ".py" or not function:
        raise InputError(f"--builder {builder!r}: expected file.py:function, with a file that is there.")
    spec = importlib.util.spec_from_file_location("neuroval_builder", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    build = getattr(module, function, None)
    if not callable(build):
        raise InputError(f"--builder {builder!r}: {file} has no function {function!r}.")
    model = build()
    if not isinstance(model, keras.Model):
        raise InputError(f"--builder {builder!r}: returned {type(model).__name__}; expected a Keras model.")
    return model


def _load_weights(model: keras.Model, file: Path) -> None:
    """Load weights, whatever their name: Keras tells the two forms apart by the ending alone."""
    try:
        with h5py.File(file) as opened:
            ending = ".h5" if "layer_names" in opened.attrs or "model_weights" in opened else ".weights.h5"
        with scratch("weights") as place:
            link = place / f"given{ending}"
            link.symlink_to(file.resolve())
            model.load_weights(link)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise InputError(f"{file}: these weights do not fit the network that --builder makes ({reason}).") from None


def _saved_model(folder: Path) -> Network:
    content = SavedModel()
    try:
        content.ParseFromString((folder / "saved_model.pb").read_bytes())
    except FileNotFoundError:
        raise InputError(f"{folder}: no saved_model.pb, so not a SavedModel; expected a model file.") from None
    kinds = {
        node.op
        for meta in content.meta_graphs
        for nodes in (meta.graph_def.node, *(inner.node_def for inner in meta.graph_def.library.function))
        for node in nodes
    }
    if reaching := sorted(kinds & set(REACHING_OUT)):
        raise InputError(f"{folder}: holds {reaching}, which reaches beyond the numbers of the network; not loaded.")
    loaded = tf.saved_model.load(str(folder))
    if "serving_default" not in loaded.signatures:
        raise InputError(f"{folder}: has no serving_default; save it by model.export(folder).")
    serve = loaded.signatures["serving_default"]
    inputs, outputs = serve.structured_input_signature[1], list(serve.structured_outputs)
    if len(inputs) != 1 or len(outputs) != 1:
        raise InputError(f"{folder}: {len(inputs)} inputs and {len(outputs)} outputs; expected one of each.")
    ((name, spec),) = inputs.items()
    if spec.shape.rank != 4 or spec.shape[1] != spec.shape[2]:
        raise InputError(f"{folder}: takes {spec.shape}; expected square images (n, side, side, channels).")

    def call(pixels: Any) -> Any:
        return serve(**{name: tf.cast(pixels, spec.dtype)})[outputs[0]]

    call.loaded = loaded  # type: ignore[attr-defined]  # its variables live as long as it does
    return Network(call=call, side=spec.shape[1], channels=spec.shape[3] or 3, model=None)
