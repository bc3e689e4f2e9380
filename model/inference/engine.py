"""Running a model folder with ONNX Runtime: probabilities, Grad-CAM and embedding in one pass."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from neuroval.data.exceptions import InputError
from neuroval.model.card import GRAPH, ModelCard, read_card
from neuroval.model.inference.graph_file import check_self_contained

INPUT: Final = "image"
OUTPUTS = ("probabilities", "gradcam", "embedding")
# What the runtime raises of a graph that it cannot load; its own errors have no common base.
CANNOT_LOAD: Final[tuple[type[Exception], ...]] = (
    *(kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
)


class Inference(NamedTuple):
    """``probabilities (n, k)``, ``gradcam (n, k, h, w)`` not normalised, ``embedding (n, d)``; all float32."""

    probabilities: NDArray[np.float32]
    gradcam: NDArray[np.float32]
    embedding: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A loaded model: its card and its ONNX Runtime session."""

    card: ModelCard
    session: onnxruntime.InferenceSession

    def run(self, images: NDArray[np.uint8]) -> Inference:
        """Return what the network says of images ``(n, size, size, 3)``, as ``preprocess`` gives them."""
        return Inference(*self.session.run(OUTPUTS, {INPUT: images.astype(np.float32)}))

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return only the probabilities ``(n, k)``, as ``run`` gives them; the maps are not computed."""
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        (probabilities,) = self.session.run(OUTPUTS[:1], {"image": images.astype(np.float32)}, options)
        return np.asarray(probabilities, dtype=np.float32)


def load(folder: Path, *, threads: int = 0, change: Callable[[bytes], bytes] | None = None) -> Engine:
    """Return the engine of a model folder; ``threads=0`` takes all cores.

    The bytes that are loaded are those whose hash the card states; ``change`` makes another graph of them, for a
    network that serves as a control. Raises ``InputError`` when the folder is no model,
    its weights lie in another file, or its graph does not fit its card.
    """
    card, path = read_card(folder), folder / GRAPH
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(f"{path}: was changed while it was read; try again.")
    check_self_contained(content, where=str(path))
    content = content if change is None else change(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except CANNOT_LOAD as error:
        raise InputError(f"{path}: ONNX Runtime cannot load it ({str(error).splitlines()[0]}).") from None
    inputs = {given.name: given.shape for given in session.get_inputs()}
    shapes = {output.name: output.shape for output in session.get_outputs()}
    k = len(card.classes)
    if set(inputs) != {INPUT} or len(inputs[INPUT]) != 4:
        raise InputError(f"{path}: inputs {inputs}; expected only {INPUT!r}, images (n, size, size, 3).")
    fits = set(shapes) == set(OUTPUTS) and shapes["probabilities"][1:] == [k]
    if not fits or shapes["gradcam"][1:] != [k, *card.grid] or len(shapes["embedding"]) != 2:
        raise InputError(f"{path}: outputs {shapes} do not fit the card ({k} classes, grid {card.grid}).")
    return Engine(card=card, session=session)
