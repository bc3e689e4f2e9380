"""From somebody's model file to a model folder: read, turned into one graph, tried, and written."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from scipy.special import softmax

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import check_free, written_whole
from neuroval.data.storage.files import file_sha256
from neuroval.data.study.gradcam import GRADCAM
from neuroval.model.adapters import foreign_graph
from neuroval.model.adapters.explained_graph import Explained, explained_graph
from neuroval.model.adapters.input_rule import InputRule, Layout
from neuroval.model.adapters.structure import ending_of, structure_of
from neuroval.model.card import GRAPH, LARGEST_SIDE, ModelCard, write_card
from neuroval.model.inference.dry_run import check_contract
from neuroval.model.inference.engine import Engine, load

SOURCE: Final = "source"  # the folder in a model folder that keeps what was given, to compare with
ONNX, KERAS = "ONNX", "Keras"
PICKLED: Final = (".pkl", ".pickle", ".pt", ".pth", ".joblib", ".bin", ".ckpt", ".dill", ".torch")
TRIED: Final = 4  # images of noise that a new model is tried on
ALIKE: Final = 1e-3  # a larger difference to the framework is another network
ADDS_UP: Final = 0.01

Answers = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody gives of a model, as the options of ``neuroval model add`` say it.

    ``file`` is a model file or a SavedModel folder; with ``builder`` it holds the weights alone. ``layout`` and
    ``size`` are told by the file where they are none; ``mean`` and ``std`` hold a number or one for each channel.
    """

    file: Path
    classes: ClassOrder
    layout: Layout | None = None
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    logits: bool = False
    feature_layer: str | None = None
    size: int | None = None
    builder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A network as it was read: its graph, its input, what the framework answers, and how it is kept."""

    kind: str
    graph: ModelProto
    rule: InputRule
    size: int
    answers: Answers
    keep: Callable[[Path], str]
    feature_layer: str | None


def add_model(given: Given, *, out: Path, name: str) -> ModelCard:
    """Write the model folder ``out`` of a model file and return its card.

    The folder keeps a copy of what was given. Raises ``InputError``, with nothing written, for a file that cannot be
    read, an output that fits neither the classes nor probabilities, and a graph that answers otherwise than its
    framework.
    """
    check_free(out, marker=GRAPH, kind="model")
    read = _read(given)
    if given.logits and (ending := ending_of(structure_of(read.graph))[1]) != "none":
        raise InputError(f"{given.file}: already ends in a {ending}; leave --logits out.")
    images = np.random.default_rng(1).integers(0, 256, (TRIED, read.size, read.size, 3), dtype=np.uint8)
    answers = read.answers(read.rule.apply(images))
    expected = probabilities_of(answers, logits=given.logits, where=str(given.file))
    explained = explained_graph(
        read.graph,
        classes=len(given.classes),
        size=read.size,
        rule=read.rule,
        logits=given.logits,
        feature_layer=read.feature_layer,
    )
    with written_whole(out) as part:
        onnx.save(explained.model, part / GRAPH)
        (part / SOURCE).mkdir()
        card = _card(given, read, explained, name=name, kept=read.keep(part / SOURCE), sha256=file_sha256(part / GRAPH))
        write_card(part, card)
        engine = load(part, threads=1)
        check_contract(engine)
        _check_alike(engine, images, expected, where=str(given.file))
    return card


def probabilities_of(answers: NDArray[np.float32], *, logits: bool, where: str) -> NDArray[np.float64]:
    """Return what a framework's answers mean as probabilities ``(n, k)``; one number is that of the second of two.

    Raises ``InputError`` where the answers are no probabilities and ``logits`` was not said, or the other way round.
    """
    values = answers.astype(np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise InputError(
            f"{where}: gives {values.shape} or numbers that are not finite; expected a row for each image."
        )
    single, sums = values.shape[1] == 1, values.sum(axis=1)
    within = bool(((values >= 0) & (values <= 1)).all())
    adds_up = within and (single or bool((np.abs(sums - 1) <= ADDS_UP).all()))
    if logits and adds_up and not single:
        raise InputError(f"{where}: its numbers are probabilities already; leave --logits out.")
    if logits:
        return np.asarray(softmax(np.hstack([np.zeros_like(values), values]) if single else values, axis=1))
    if not adds_up:
        raise InputError(
            f"{where}: its numbers are no probabilities (from {values.min():.3g} to {values.max():.3g}, the first row "
            f"adds up to {sums[0]:.3g}); add --logits if they are scores before a softmax."
        )
    return np.hstack([1 - values, values]) if single else values


def answers_of(folder: Path, card: ModelCard) -> Answers | None:
    """Return the framework's own answers to input of a model's rule, from the copy it keeps; none without a copy.

    Raises ``InputError`` when the copy cannot be read any more.
    """
    kept = card.source.get("file")
    if not kept or not (folder / SOURCE / str(kept)).exists():
        return None
    file = folder / SOURCE / str(kept)
    if card.source.get("kind") == ONNX:
        graph = foreign_graph.read_graph(file)
        return lambda images: foreign_graph.run_graph(graph, images, where=str(file))
    from neuroval.model.adapters.keras_files import read_network

    return read_network(file, size=card.input_size).answers


def rule_of(card: ModelCard) -> InputRule:
    """Return how pixels become the input of an added model."""
    source = card.source
    return InputRule(
        layout=source.get("layout", "nhwc"),
        scale=float(source.get("scale", 1.0)),
        mean=tuple(source.get("mean", (0.0,))),
        std=tuple(source.get("std", (1.0,))),
        channels=int(source.get("channels", 3)),
    )


def _read(given: Given) -> _Read:
    file = given.file
    if file.suffix.lower() in PICKLED:
        raise InputError(
            f"{file}: pickles are never read, because they can run code; export the model as ONNX "
            "(torch.onnx.export(model, image, 'model.onnx', dynamic_axes={'input': {0: 'n'}}, input_names=['input']))."
        )
    if not file.exists():
        raise InputError(f"{file}: there is no such file.")
    if file.suffix.lower() == ".onnx":
        return _read_onnx(given)
    if file.is_dir() or file.suffix.lower() in (".keras", ".h5", ".hdf5"):
        return _read_keras(given)
    raise InputError(f"{file}: expected a .keras, .h5 or .onnx file, or a SavedModel folder.")


def _read_onnx(given: Given) -> _Read:
    file = given.file
    if given.builder is not None:
        raise InputError(f"{file}: an ONNX file needs no --builder; leave it out.")

    def keep(place: Path) -> str:
        shutil.copy2(file, place / file.name)
        return file.name

    original = foreign_graph.read_graph(file)
    graph = foreign_graph.prepared(original, where=str(file))
    layout, channels, side = foreign_graph.layout_of(graph, given.layout, where=str(file))
    size = _size(given, side)
    foreign_graph.with_side(graph, size, layout, channels)
    return _Read(
        kind=ONNX,
        graph=graph,
        rule=InputRule(layout=layout, scale=given.scale, mean=given.mean, std=given.std, channels=channels),
        size=size,
        answers=lambda images: foreign_graph.run_graph(original, images, where=str(file)),
        keep=keep,
        feature_layer=given.feature_layer,
    )


def _read_keras(given: Given) -> _Read:
    from neuroval.model.adapters import keras_files

    file = given.file
    if given.layout == "nchw":
        raise InputError(f"{file}: networks of Keras take channels last; leave --layout out.")
    network = keras_files.read_network(file, builder=given.builder, size=given.size)
    size = _size(given, network.side)
    graph, features = keras_files.to_onnx(network, size=size, feature_layer=given.feature_layer, where=str(file))
    return _Read(
        kind=KERAS,
        graph=foreign_graph.prepared(graph, where=str(file)),
        rule=InputRule(scale=given.scale, mean=given.mean, std=given.std, channels=network.channels),
        size=size,
        answers=network.answers,
        keep=lambda place: keras_files.kept(network, file, place, built=given.builder is not None),
        feature_layer=features,
    )


def _size(given: Given, side: int | None) -> int:
    if side is None and given.size is None:
        raise InputError(f"{given.file}: takes images of any size; say which with --size, such as --size 224.")
    if side is not None and given.size not in (None, side):
        raise InputError(f"{given.file}: takes images of {side} pixels a side, not --size {given.size}; leave it out.")
    size = side or given.size or 0
    if not 8 <= size <= LARGEST_SIDE:
        raise InputError(f"{given.file}: images of {size} pixels a side; expected 8 to {LARGEST_SIDE}.")
    return size


def _check_alike(engine: Engine, images: NDArray[np.uint8], expected: NDArray[np.float64], *, where: str) -> None:
    together = engine.run(images).probabilities
    singly = np.concatenate([engine.run(image[None]).probabilities for image in images])
    largest = max(float(np.abs(answer - expected).max()) for answer in (together, singly))
    if largest > ALIKE:
        raise InputError(
            f"{where}: the graph made of it answers otherwise than its framework (by up to {largest:.2g}); export it "
            "as ONNX with a free batch axis, opset 17, for inference (model.eval() in PyTorch)."
        )


def _card(given: Given, read: _Read, explained: Explained, *, name: str, kept: str, sha256: str) -> ModelCard:
    source: dict[str, Any] = {
        "kind": read.kind,
        "file": kept,
        **read.rule.as_table(),
        "channels": read.rule.channels,
        "logits": given.logits,
        "maps": explained.method,
    }
    limitations = ["Trained elsewhere: the images that it was trained on are not recorded."]
    if explained.features is not None and explained.method == GRADCAM:
        source["feature_layer"] = explained.features
    if explained.because:
        source["because"] = explained.because
        limitations.append(
            f"Its maps are occlusion maps, not Grad-CAM ({explained.because}): they show where covering the image "
            "lowers a class."
        )
    return ModelCard(
        name=name,
        version="1",
        classes=given.classes,
        input_size=read.size,
        grid=explained.grid,
        sha256=sha256,
        source=source,
        limitations=tuple(limitations),
    )
