"""Whether an added model does what was meant: against its framework, and on images of which the class is known."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import binom

from neuroval.data.dataset.folder import read_dataset
from neuroval.data.images.decoding import read_image
from neuroval.model.adapters.adding import answers_of, probabilities_of, rule_of
from neuroval.model.adapters.foreign_graph import is_half, read_graph
from neuroval.model.adapters.input_rule import KNOWN, InputRule
from neuroval.model.card import GRAPH, ModelCard
from neuroval.model.inference.dry_run import check_contract
from neuroval.model.inference.engine import INPUT, OUTPUTS, Engine, load
from neuroval.model.inference.preprocessing import preprocess

CHECKS: Final = ("contract", "parity", "sums", "accuracy", "class_order", "maps", "speed")
IMAGES, EXPLAINED = 200, 8  # at most: images that are predicted, and images of which maps are made
PARITY, PARITY_HALF = 1e-5, 5e-3  # float16 frameworks round each step
SUMS: Final = 1e-4
SURELY: Final = 0.001  # how seldom chance may do as well
BETTER: Final = 0.1  # of accuracy: what another input must bring to be named
SLOW: Final = 0.5  # seconds for one scan, the clinical target of the benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: ``passed``, or ``None`` where it could not be made; ``reason`` and ``facts`` say why and of what."""

    name: str
    passed: bool | None
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def check_model(folder: Path, images: Path, *, progress: bool = False) -> tuple[Check, ...]:
    """Return the checks of a model folder on a data set with its class folders, in the order of ``CHECKS``.

    At most 200 images are looked at, as many of each class. Raises ``InputError`` when model or images cannot be read.
    """
    engine = load(folder, threads=1)
    check_contract(engine)
    pixels, labels = _sample(engine.card, images, progress=progress)
    start = time.perf_counter()
    outputs = [engine.run(image[None]) for image in pixels[:EXPLAINED]]
    seconds = (time.perf_counter() - start) / len(outputs)
    probabilities = np.concatenate([engine.probabilities(image[None]) for image in pixels]).astype(np.float64)
    maps = np.concatenate([output.gradcam for output in outputs])
    return (
        Check(name="contract", passed=True),
        _parity(folder, engine.card, pixels, probabilities),
        _sums(probabilities),
        _accuracy(engine, pixels, labels, probabilities),
        _class_order(engine.card, labels, probabilities),
        _maps(maps, probabilities),
        Check(name="speed", passed=seconds < SLOW, facts={"seconds": seconds}),
    )


def _sample(card: ModelCard, images: Path, *, progress: bool) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return images ``(n, size, size, 3)`` and their classes ``(n,)``, as many of each class, the first by name."""
    cases = read_dataset(images, name=images.resolve().name, classes=card.classes, progress=progress).cases
    each = max(1, IMAGES // len(card.classes))
    chosen = cases.sort_values("case_id").groupby("label").head(each)
    pixels = [preprocess(read_image(images / path).pixels, size=card.input_size) for path in chosen["image_path"]]
    return np.stack(pixels), np.array([card.classes.index(label) for label in chosen["label"]], dtype=np.int64)


def _parity(folder: Path, card: ModelCard, pixels: NDArray[np.uint8], ours: NDArray[np.float64]) -> Check:
    if not card.source:
        return Check(name="parity", passed=None, reason="made_here")
    answers = answers_of(folder, card)
    if answers is None:
        return Check(name="parity", passed=None, reason="custom_layers")
    given = answers(rule_of(card).apply(pixels))
    theirs = probabilities_of(given, logits=bool(card.source.get("logits", False)), where=str(folder))
    largest, limit = float(np.abs(theirs - ours).max()), PARITY_HALF if is_half(read_graph(folder / GRAPH)) else PARITY
    return Check(
        name="parity",
        passed=largest <= limit,
        facts={"largest": largest, "limit": limit, "n": len(pixels), "framework": card.source.get("kind", "")},
    )


def _sums(probabilities: NDArray[np.float64]) -> Check:
    furthest = float(np.abs(probabilities.sum(axis=1) - 1).max())
    return Check(name="sums", passed=furthest <= SUMS, facts={"furthest": furthest})


def _accuracy(
    engine: Engine, pixels: NDArray[np.uint8], labels: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> Check:
    """Return whether the model is right more often than chance, and which other input would serve it better."""
    n, k = probabilities.shape
    right = int((probabilities.argmax(axis=1) == labels).sum())
    facts: dict[str, Any] = {"right": right, "n": n, "chance": 1 / k}
    beyond = bool(binom.sf(right - 1, n, 1 / k) < SURELY)
    others = {} if beyond and right > 0.9 * n else _with_other_inputs(engine, pixels, labels)
    best = max(others, key=lambda name: others[name], default=None)
    if best is not None and others[best] - right / n > BETTER and binom.sf(others[best] * n - 1, n, 1 / k) < SURELY:
        return Check(
            name="accuracy", passed=False, reason="other_input", facts={**facts, "option": best, "then": others[best]}
        )
    if binom.sf(n - 1, n, 1 / k) >= SURELY:
        return Check(name="accuracy", passed=None, reason="too_few", facts=facts)
    return Check(name="accuracy", passed=beyond, reason="" if beyond else "chance", facts=facts)


def _with_other_inputs(engine: Engine, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return the accuracy with each other usual scaling; the graph of the model stays as it is."""
    rule = rule_of(engine.card)
    if not engine.card.source or rule.channels != 3:
        return {}
    shares = {}
    for option, (scale, mean, std) in KNOWN.items():
        other = replace(rule, scale=scale, mean=mean, std=std)
        if _same(rule, other):
            continue
        shown = rule.seen_as(pixels, other)
        answers = np.concatenate([_probabilities(engine, image[None]) for image in shown])
        shares[option] = float((answers.argmax(axis=1) == labels).mean())
    return shares


def _same(rule: InputRule, other: InputRule) -> bool:
    image = np.array([0, 255], dtype=np.uint8)[None, :, None, None].repeat(3, axis=3)
    return np.allclose(rule.apply(image), other.apply(image), atol=1e-3)


def _probabilities(engine: Engine, images: NDArray[np.float32]) -> NDArray[np.float32]:
    (answers,) = engine.session.run(OUTPUTS[:1], {INPUT: images})
    return np.asarray(answers, dtype=np.float32)


def _class_order(card: ModelCard, labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Check:
    """Return whether another order of the classes fits the confusions far better than the one that was given."""
    n, k = probabilities.shape
    confusion = np.zeros((k, k), dtype=np.int64)
    np.add.at(confusion, (labels, probabilities.argmax(axis=1)), 1)
    rows, columns = linear_sum_assignment(confusion, maximize=True)
    best, straight = int(confusion[rows, columns].sum()), int(np.trace(confusion))
    # All orders were looked at: chance had that many tries.
    tries = math.factorial(min(k, 20))
    fits = bool(binom.sf(best - 1, n, 1 / k) * tries < SURELY)
    if best - straight <= BETTER * n or not fits:
        return Check(name="class_order", passed=True if fits else None, reason="" if fits else "no_order_fits")
    order = [""] * k
    for reference, output in zip(rows, columns, strict=True):
        order[output] = card.classes.names[reference]
    facts = {"order": ",".join(order), "then": best / n, "accuracy": straight / n}
    return Check(name="class_order", passed=False, reason="permuted", facts=facts)


def _maps(maps: NDArray[np.float32], probabilities: NDArray[np.float64]) -> Check:
    chosen = probabilities[: len(maps)].argmax(axis=1)
    empty = int(sum(float(maps[row, predicted].max()) <= 0 for row, predicted in enumerate(chosen)))
    return Check(name="maps", passed=empty * 2 < len(maps), facts={"empty": empty, "n": len(maps)})
