"""Fine-tuning a classifier. The tuning split chooses the weights; the test split is never opened here.

Each epoch ends with a checkpoint, and every random choice of an epoch is seeded by its number: a run that was
stopped goes on where it was and ends with the same weights.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray
from tqdm import tqdm

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import file_written_whole, write_file
from neuroval.model.recipe import TrainingConfig
from neuroval.model.training.batches import CaseBatches
from neuroval.model.training.build import build_classifier
from neuroval.model.training.counterfactual import all_changed
from neuroval.model.training.gradcam import explained
from neuroval.model.training.guidance import CELLS, OUTSIDE, PROBABILITIES, classifier_of, guided
from neuroval.model.training.temperature import fit_temperature, log_loss

CHOSEN_BY = "tuning_scaled_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The model with the weights of its best epoch, and one history row per epoch (the study's history table)."""

    model: keras.Model
    history: pd.DataFrame
    best_epoch: int


def train(
    cases: pd.DataFrame,
    *,
    folder: Path,
    classes: ClassOrder,
    config: TrainingConfig,
    work: Path,
    on_epoch: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> TrainingResult:
    """Return the model fine-tuned on the cases of split ``train``, with the best epoch on split ``tuning``.

    ``work`` holds checkpoint and history; a run with the same configuration and cases found there is continued.
    ``on_epoch`` is told each row of the history, those of a continued run too. Raises ``InputError`` when a split is
    empty or ``work`` belongs to another run.
    """
    fitting, tuning = (cases[cases["split"] == split] for split in ("train", "tuning"))
    for split, part in (("train", fitting), ("tuning", tuning)):
        if part.empty:
            raise InputError(f"training: no case in split {split!r} under {folder}.")
    work.mkdir(parents=True, exist_ok=True)
    _claim(work, config, cases)
    rows = _read_history(work)
    for row in rows:
        on_epoch(row)
    steps = math.ceil(len(fitting) / config.batch_size)
    model = keras.models.load_model(_of_epoch(work, len(rows))) if rows else _compiled(config.at(0), classes, steps)
    progress = tqdm(
        range(len(rows), config.epochs), initial=len(rows), total=config.epochs, desc="Epochs", unit="epoch"
    )
    judged_by = _before_softmax(classifier_of(model))  # traced once for all epochs
    for epoch in progress:
        if _stopped_early(rows[len(config.early_sizes) :], config.patience):
            break
        now = config.at(epoch)
        if judged_by.input_shape[1] != now.input_size:
            model = _moved(model, _compiled(now, classes, steps))
            judged_by = _before_softmax(classifier_of(model))
        _seed_dropout(model, config.seed, epoch)
        grid = tuple(model.get_layer("pool").input.shape[1:3]) if config.guided else None
        batches = CaseBatches(fitting, folder, classes, now, epoch=epoch, grid=grid)
        # Keras would shuffle the batches again, from its global state: shuffle=False.
        fitted = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0)
        judged = _on_tuning(judged_by, tuning, folder=folder, classes=classes, config=now)
        rows.append({**_history_row(epoch, fitted.history, model), **judged})
        _checkpoint(work, model, rows, early=len(config.early_sizes))
        on_epoch(rows[-1])
        progress.set_postfix(tuning_accuracy=f"{rows[-1]['tuning_accuracy']:.4f}")
    best = min(rows[len(config.early_sizes) :], key=lambda row: (row[CHOSEN_BY], row["epoch"]))
    classifier = _build(config, classes)
    classifier.load_weights(work / "best.weights.h5")
    return TrainingResult(model=classifier, history=pd.DataFrame(rows), best_epoch=best["epoch"])


def logits_of(
    model: keras.Model, cases: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> NDArray[np.float64]:
    """Return the logits ``(n, k)`` of cases, in their order."""
    return _predicted(_before_softmax(model), cases, folder=folder, classes=classes, config=config)


def maps_of(
    model: keras.Model, cases: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> NDArray[np.float16]:
    """Return the Grad-CAM maps ``(n, k, h, w)`` of cases, in their order, as an evaluation keeps them."""
    explain = tf.function(explained(model), reduce_retracing=True)
    batches = CaseBatches(cases, folder, classes, config, epoch=None)
    maps = [np.asarray(explain(batches[index][0]).gradcam, dtype=np.float16) for index in range(len(batches))]
    return np.concatenate(maps)


def _before_softmax(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, model.get_layer("logits").output)


def _predicted(
    network: keras.Model, cases: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> NDArray[np.float64]:
    batches = CaseBatches(cases, folder, classes, config, epoch=None)
    return np.asarray(network.predict(batches, verbose=0), dtype=np.float64)


def temperature_of(
    model: keras.Model, cases: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> dict[str, float]:
    """Return the temperature fitted on the tuning cases, and their log-loss before and after."""
    tuning = cases[cases["split"] == "tuning"]
    logits = logits_of(model, tuning, folder=folder, classes=classes, config=config)
    reference = np.array([classes.index(label) for label in tuning["label"]])
    temperature = fit_temperature(logits, reference) if config.calibrate else 1.0
    return {
        "temperature": temperature,
        "tuning_log_loss_before": log_loss(logits, reference),
        "tuning_log_loss_after": log_loss(logits, reference, temperature=temperature),
    }


def _claim(work: Path, config: TrainingConfig, cases: pd.DataFrame) -> None:
    used = cases.loc[cases["split"].isin(["train", "tuning"]), ["case_id", "split", "label", "sha256"]]
    job = {"config": asdict(config), "cases": str(pd.util.hash_pandas_object(used, index=False).sum())}
    text = json.dumps(job, indent=1)
    path = work / "job.json"
    if path.is_file() and json.loads(path.read_text()) != json.loads(text):  # in whatever order
        raise InputError(f"{work}: holds a run with other settings or cases; choose another folder or remove it.")
    write_file(path, text)


def _read_history(work: Path) -> list[dict[str, Any]]:
    path = work / "history.json"
    return list(json.loads(path.read_text())) if path.is_file() else []


def _of_epoch(work: Path, epoch: int) -> Path:
    return work / f"epoch-{epoch}.keras"


def _compiled(config: TrainingConfig, classes: ClassOrder, steps_per_epoch: int) -> keras.Model:
    """Return the network at the start of training, for images of ``input_size``."""
    keras.utils.set_random_seed(config.seed)
    with _policy("mixed_float16" if config.mixed_precision else "float32"):
        model = _build(config, classes)
    if config.freeze_batch_norm:  # small batches would spoil the statistics learnt on ImageNet
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization) and not layer.name.startswith("hidden"):
                layer.trainable = False
    for layer in model.layers:
        if _stage(layer.name) <= config.frozen_stages:
            layer.trainable = False
    if config.guided:
        if config.cell_guidance and classes.negative is None:
            raise InputError("training: cell_guidance needs a negative class; the data set states none.")
        model = guided(model, negative=None if classes.negative is None else classes.index(classes.negative))
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100 if config.warmup_epochs else config.learning_rate,
        decay_steps=(config.epochs - config.warmup_epochs) * steps_per_epoch,
        warmup_target=config.learning_rate if config.warmup_epochs else None,
        warmup_steps=config.warmup_epochs * steps_per_epoch,
    )
    entropy = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    model.compile(
        # With use_ema an epoch ends with the averaged weights: Keras puts them in place when fit ends.
        optimizer=keras.optimizers.AdamW(
            schedule, weight_decay=config.weight_decay, use_ema=config.averaging > 0, ema_momentum=config.averaging
        ),
        loss={PROBABILITIES: entropy, OUTSIDE: "mae", CELLS: "mae"} if config.guided else entropy,
        loss_weights={PROBABILITIES: 1.0, OUTSIDE: config.guidance, CELLS: config.cell_guidance}
        if config.guided
        else None,
        metrics={PROBABILITIES: ["accuracy"]} if config.guided else ["accuracy"],
    )
    return model


def _stage(layer: str) -> float:
    """Return the stage of a backbone's layer, that of the stem 1; beyond all stages for what follows them."""
    block = re.match(r"block(\d+)", layer)
    return 1 if layer.startswith("stem") else int(block[1]) if block else math.inf


def _moved(model: keras.Model, onto: keras.Model) -> keras.Model:
    """Return ``onto``, the same network for images of another size, with weights and optimizer state of ``model``."""
    onto.set_weights(model.get_weights())
    onto.optimizer.build(onto.trainable_variables)
    for variable, value in zip(onto.optimizer.variables, model.optimizer.variables, strict=True):
        variable.assign(value)
    return onto


def _build(config: TrainingConfig, classes: ClassOrder) -> keras.Model:
    return build_classifier(
        backbone=config.backbone,
        classes=len(classes),
        input_size=config.input_size,
        pooling=config.pooling,
        hidden_units=config.hidden_units,
        dropout=config.dropout,
        weights=config.weights,
    )


@contextmanager
def _policy(name: str) -> Iterator[None]:
    """Build layers under a dtype policy. Weights are float32 in each, so they fit a model built under another."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _stopped_early(rows: list[dict[str, Any]], patience: int) -> bool:
    losses = [row[CHOSEN_BY] for row in rows]
    return bool(patience and losses) and len(losses) - 1 - losses.index(min(losses)) >= patience


def _on_tuning(
    network: keras.Model, tuning: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> dict[str, float]:
    """Return how a network, from images to logits, does on the tuning cases.

    The epoch is chosen by the log-loss after temperature scaling: the loss that is trained counts confidence, which
    scaling mends afterwards, and smoothed labels, which nobody will meet. Source: Berta et al., Rethinking early
    stopping: refine, then calibrate, 2025 (arXiv 2501.19195). A network that is trained to need the tumour is chosen
    by that too: the loss is over the tuning cases as they are and each of them with its tumour removed or pasted.
    """
    logits = _predicted(network, tuning, folder=folder, classes=classes, config=config)
    reference = np.array([classes.index(label) for label in tuning["label"]])
    judged, shown = logits, reference
    if config.counterfactual is not None:
        images, classes_shown = all_changed(
            tuning, folder, classes=classes, settings=config.counterfactual, size=config.input_size, seed=config.seed
        )
        if len(images):
            changed = network.predict(images, batch_size=config.batch_size, verbose=0)
            judged, shown = np.concatenate([logits, changed]), np.concatenate([reference, classes_shown])
    return {
        "tuning_loss": log_loss(logits, reference, smoothing=config.label_smoothing),
        "tuning_accuracy": float((logits.argmax(axis=1) == reference).mean()),
        CHOSEN_BY: log_loss(judged, shown, temperature=fit_temperature(logits, reference)),
    }


def _seed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Start the epoch's dropout from its number: a checkpoint does not keep the state of these generators."""
    for index, layer in enumerate(model.layers):
        if isinstance(layer, layers.Dropout):
            layer.seed_generator.state.assign(np.random.SeedSequence([seed, epoch, index]).generate_state(2))


def _history_row(epoch: int, metrics: dict[str, list[float]], model: keras.Model) -> dict[str, Any]:
    part = f"{PROBABILITIES}_" if f"{PROBABILITIES}_loss" in metrics else ""  # the extra loss is not part of these
    return {
        "run": "final",
        "epoch": epoch + 1,
        "loss": metrics[f"{part}loss"][0],
        "accuracy": metrics[f"{part}accuracy"][0],
        "learning_rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)),
    }


def _checkpoint(work: Path, model: keras.Model, rows: list[dict[str, Any]], *, early: int) -> None:
    """Save the epoch. ``history.json`` is written last: an epoch counts once it stands there."""
    with file_written_whole(_of_epoch(work, len(rows))) as part:
        model.save(part)
    if len(rows) > early and rows[-1][CHOSEN_BY] <= min(row[CHOSEN_BY] for row in rows[early:]):
        with file_written_whole(work / "best.weights.h5") as part:
            classifier_of(model).save_weights(part)
    write_file(work / "history.json", json.dumps(rows, indent=1))
    _of_epoch(work, len(rows) - 1).unlink(missing_ok=True)
