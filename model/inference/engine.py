"""Running a model folder with ONNX Runtime: probabilities, Grad-CAM and embedding in one pass."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.model.card import GRAPH, ModelCard, read_card

OUTPUTS = ("probabilities", "gradcam", "embedding")


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
        return Inference(*self.session.run(OUTPUTS, {"image": images.astype(np.float32)}))


def load(folder: Path, *, threads: int = 0) -> Engine:
    """Return the engine of a model folder; ``threads=0`` takes all cores.

    Raises ``InputError`` when the folder is no model or its graph does not fit its card.
    """
    card = read_card(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(folder / GRAPH, options, providers=["CPUExecutionProvider"])
    names = tuple(output.name for output in session.get_outputs())
    shapes = {output.name: output.shape for output in session.get_outputs()}
    k = len(card.classes)
    if set(names) != set(OUTPUTS) or shapes["probabilities"][1] != k or shapes["gradcam"][1:] != [k, *card.grid]:
        raise InputError(f"{folder / GRAPH}: outputs {shapes} do not fit the card ({k} classes, grid {card.grid}).")
    return Engine(card=card, session=session)
