"""Evaluation with Grad-CAM of all classes, timed against Keras on the same images in one run."""

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from neuroval.data.dataset.folder import read_dataset
from neuroval.data.images.decoding import read_image
from neuroval.data.images.duplicates import find_pairs
from neuroval.data.storage.scratch import scratch
from neuroval.model.card import read_card
from neuroval.model.evaluation.benchmark import Speed, measure_apart
from neuroval.model.evaluation.to_study import evaluate
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.training.build import build_classifier
from neuroval.model.training.gradcam import tape_maps

BATCH = 32
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A model's own speed, and three ways to predict and explain the same ``n`` test images, in seconds.

    ``evaluate`` is the whole evaluation, with reading all of the data set and writing the study; ``alone`` is that of
    a data set of the test images only, the fastest of a few, as the rates of the network alone are. Keras has the same
    architecture with random weights (speed does not depend on them) and also reads and prepares each image: in batches
    its tape is compiled, image by image it is eager, measured on ``single`` images and scaled to all.
    """

    model: str
    n: int
    classes: int
    single: int
    speed: Speed
    evaluate: float
    alone: float
    keras_batched: float
    keras_single: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, ready for JSON, with the ratios and the targets."""
        return {
            **asdict(self),
            "targets": self.speed.targets,
            "share_of_bare_throughput": self.n / self.alone / self.speed.bare,
            "times_keras_batched": self.keras_batched / self.evaluate,
            "times_keras_single": self.keras_single / self.evaluate,
        }


def compare(model: Path, images: Path, *, data_name: str, single: int) -> Comparison:
    """Return the speed of a model on the test images of a data set, beside Keras."""
    card = read_card(model)
    cases = read_dataset(images, name=data_name, classes=card.classes).cases
    tested = cases[cases["split"] == "test"]
    paths = [images / path for path in tested["image_path"]]
    with scratch("benchmark") as working:
        alone = working / "alone"
        for number, (path, label) in enumerate(zip(paths, tested["label"], strict=True)):
            place = alone / "Testing" / label / f"{number}{path.suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        whole = _evaluation(model, images, data_name=data_name)
        seconds = min(_evaluation(model, alone, data_name=data_name) for _ in range(ROUNDS))
    network = build_classifier(
        backbone=str(card.recipe["backbone"]), classes=len(card.classes), input_size=card.input_size, weights=None
    )
    eager = partial(tape_maps, network)
    compiled = tf.function(eager, reduce_retracing=True)
    _keras(network, compiled, paths[: BATCH + 1], card.input_size, batch=BATCH)  # trace and warm up
    batched = _keras(network, compiled, paths, card.input_size, batch=BATCH)
    _keras(network, eager, paths[:1], card.input_size, batch=1)
    measured = min(single, len(paths))
    one_by_one = _keras(network, eager, paths[:measured], card.input_size, batch=1) * len(paths) / measured
    return Comparison(
        model=card.name,
        n=len(paths),
        classes=len(card.classes),
        single=measured,
        speed=measure_apart(model, paths),
        evaluate=whole,
        alone=seconds,
        keras_batched=batched,
        keras_single=one_by_one,
    )


def as_table(comparison: Comparison) -> list[str]:
    """Return a comparison as lines for a person."""
    speed, figures = comparison.speed, comparison.as_dict()
    milliseconds = ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in speed.latency.items())
    rates = ", ".join(f"{batch}: {rate:.1f}" for batch, rate in speed.throughput.items())
    lines = [
        f"{comparison.model}: {comparison.n:,} test images, {comparison.classes} maps each",
        f"load                {speed.load:.2f} s",
        *([] if speed.memory is None else [f"memory              {speed.memory / 2**20:,.0f} MB, one scan at a time"]),
        f"one scan, ms        {milliseconds}",
        f"images/s by batch   {rates}",
        f"Grad-CAM adds       {speed.gradcam:.1%}",
        f"one a core          {speed.parallel:.1f} images/s",
        f"evaluation          {comparison.n / comparison.alone:.1f} images/s, "
        f"{figures['share_of_bare_throughput']:.2f} of the fastest of these; "
        f"{comparison.evaluate:.1f} s with reading the whole data set",
        f"Keras, batched      {comparison.n / comparison.keras_batched:.1f} images/s, "
        f"{figures['times_keras_batched']:.1f} times as long",
        f"Keras, one by one   {comparison.n / comparison.keras_single:.1f} images/s, "
        f"{figures['times_keras_single']:.1f} times as long ({comparison.single} measured)",
    ]
    return lines + [f"{'met' if met else 'NOT MET':8}            {target}" for target, met in speed.targets.items()]


def _evaluation(model: Path, images: Path, *, data_name: str) -> float:
    # The copies of a data set are found once and kept, so finding them is no part of the evaluation's time.
    find_pairs(read_dataset(images, name=data_name, classes=read_card(model).classes).cases, folder=images)
    with scratch("benchmark") as folder:
        start = time.perf_counter()
        evaluate(model, images, out=folder / "study", data_name=data_name, splits=("test",), embeddings=False)
        return time.perf_counter() - start


def _keras(network: keras.Model, maps: Callable[[Any], Any], paths: list[Path], size: int, *, batch: int) -> float:
    start = time.perf_counter()
    for first in range(0, len(paths), batch):
        pixels: NDArray[np.float32] = np.stack(
            [preprocess(read_image(path).pixels, size=size) for path in paths[first : first + batch]]
        ).astype(np.float32)
        network.predict(pixels, verbose=0)
        maps(tf.constant(pixels)).numpy()
    return time.perf_counter() - start
