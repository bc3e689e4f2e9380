"""Evaluation with Grad-CAM of all classes, timed against Keras on the same images in one run."""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from data.datasets import read_dataset
from data.duplicates import find_pairs
from data.images import read_image
from model.card import read_card
from model.evaluate import BATCH, evaluate
from model.keras_build import build_classifier
from model.keras_gradcam import tape_maps
from model.preprocess import preprocess


def compare(model: Path, images: Path, *, data_name: str, single: int) -> Iterator[str]:
    """Yield a line per way of predicting and explaining the test images: whole seconds, images a second, ratio.

    ``evaluate`` is timed whole, with reading the data set and writing the study. Keras has the same architecture with
    random weights (speed does not depend on them) and also reads and prepares each image. In batches its tape is
    compiled; image by image it is eager, measured on ``single`` images and scaled to all.
    """
    card = read_card(model)
    # The copies of a data set are found once and kept, so finding them is no part of the evaluation's time.
    find_pairs(read_dataset(images, name=data_name, classes=card.classes).cases, folder=images)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        study = evaluate(model, images, out=Path(folder) / "study", data_name=data_name, splits=("test",)).study
        ours = time.perf_counter() - start
    predicted = study.cases[study.cases["case_id"].isin(study.predictions["case_id"])]
    paths = [images / path for path in predicted["image_path"]]
    n = len(paths)
    network = build_classifier(
        backbone=str(card.recipe["backbone"]), classes=len(card.classes), input_size=card.input_size, weights=None
    )
    eager = partial(tape_maps, network)
    compiled = tf.function(eager, reduce_retracing=True)
    _keras(network, compiled, paths[: BATCH + 1], card.input_size, batch=BATCH)  # trace and warm up
    batched = _keras(network, compiled, paths, card.input_size, batch=BATCH)
    _keras(network, eager, paths[:1], card.input_size, batch=1)
    one_by_one = _keras(network, eager, paths[:single], card.input_size, batch=1) * n / min(single, n)
    yield f"{n:,} images, {len(card.classes)} maps each, batches of {BATCH}"
    yield f"neuroval evaluate                        {ours:8.1f} s {n / ours:8.1f} images/s"
    for name, seconds in (
        ("Keras predict and GradientTape, batched", batched),
        (f"Keras, image by image ({min(single, n)} measured)", one_by_one),
    ):
        yield f"{name:40} {seconds:8.1f} s {n / seconds:8.1f} images/s  {seconds / ours:6.1f} x the time"


def _keras(network: keras.Model, maps: Callable[[Any], Any], paths: list[Path], size: int, *, batch: int) -> float:
    start = time.perf_counter()
    for first in range(0, len(paths), batch):
        pixels: NDArray[np.float32] = np.stack(
            [preprocess(read_image(path).pixels, size=size) for path in paths[first : first + batch]]
        ).astype(np.float32)
        network.predict(pixels, verbose=0)
        maps(tf.constant(pixels)).numpy()
    return time.perf_counter() - start
