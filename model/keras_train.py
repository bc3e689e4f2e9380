"""Fine-tuning a classifier. The tuning split chooses the weights; the test split is never opened here.

Each epoch ends with a checkpoint, and every random choice of an epoch is seeded by its number: a run that was
stopped goes on where it was and ends with the same weights.
"""

import json
import math
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy.typing import NDArray
from tqdm import tqdm

from data.classes import ClassOrder
from data.errors import InputError
from data.images import read_image
from model.augment import Augmentation, augment
from model.keras_build import Pooling, build_classifier
from model.keras_guidance import (
    IMAGE,
    INSIDE,
    LABEL,
    OUTSIDE,
    PROBABILITIES,
    classifier_of,
    guided,
)
from model.preprocess import preprocess
from model.temperature import fit_temperature, log_loss

WORKERS = os.cpu_count() or 1
CHOSEN_BY = "tuning_scaled_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig(Augmentation):
    """Every choice of a training run, how images are changed included.

    ``tuning_parts``: one of so many parts of the training cases is set aside. ``guidance``: weight of the extra loss
    for evidence outside the reference outline (``keras_guidance``); 0 trains without outlines. ``patience``: epochs
    without a lower tuning loss after which training stops; 0 never stops early. ``class_weights``: each class counts
    the same in the loss, however many cases it has. ``calibrate``: fit a temperature on the tuning cases.
    """

    backbone: str = "efficientnet-lite0"
    weights: str | None = "imagenet"
    input_size: int = 224
    pooling: Pooling = "avg"
    hidden_units: tuple[int, ...] = ()
    dropout: float = 0.2
    freeze_batch_norm: bool = True
    epochs: int = 6
    warmup_epochs: int = 1
    batch_size: int = 32
    learning_rate: float = 3e-4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    guidance: float = 0.0
    class_weights: bool = False
    patience: int = 0
    mixed_precision: bool = False
    calibrate: bool = True
    tuning_parts: int = 8
    seed: int = 20261123

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_epochs < self.epochs:
            raise InputError(f"training: warmup_epochs {self.warmup_epochs} must be between 0 and epochs - 1.")
        if self.batch_size < 1 or self.learning_rate <= 0 or not 0 <= self.dropout < 1 or self.guidance < 0:
            raise InputError(
                "training: batch_size and learning_rate must be positive, dropout in [0, 1), guidance not negative."
            )
        changes = [getattr(self, field.name) for field in fields(Augmentation)]
        if min(changes) < 0 or max(self.scale, self.shift, self.contrast) >= 1 or self.patience < 0:
            raise InputError(
                "training: patience and the limits of augmentation must not be negative, scale, shift and contrast "
                "below 1."
            )


DEFAULTS = TrainingConfig()


def read_recipe(path: Path) -> TrainingConfig:
    """Return the configuration in a TOML file. Raises ``InputError`` naming what is wrong in it."""
    try:
        return recipe_from(tomllib.loads(path.read_text(encoding="utf-8")), where=str(path))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not a readable TOML file ({error}).") from None


def recipe_from(document: Mapping[str, Any], *, where: str) -> TrainingConfig:
    """Return the configuration that a document holds, keys and types checked."""
    known = {field.name: type(getattr(DEFAULTS, field.name)) for field in fields(TrainingConfig)}
    given = dict(document)
    for key, value in document.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; expected some of {sorted(known)}.")
        wanted = known[key]
        if wanted is tuple and isinstance(value, list):
            given[key] = tuple(value)
        elif wanted is float and isinstance(value, int) and not isinstance(value, bool):
            given[key] = float(value)
        elif type(value) is not wanted:
            raise InputError(f"{where}: {key} is {value!r}, expected {wanted.__name__}.")
    return TrainingConfig(**{"weights": None, **given})


def written(config: TrainingConfig) -> dict[str, Any]:
    """Return the configuration as a TOML table: what is none is left out."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(config).items() if v is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The model with the weights of its best epoch, and one history row per epoch (the study's history table)."""

    model: keras.Model
    history: pd.DataFrame
    best_epoch: int


class CaseBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (images float32 ``(b, size, size, 3)``, one-hot labels), shuffled and augmented by ``epoch``.

    ``epoch=None`` gives the cases in order, unchanged. With a ``grid`` (height, width) the batches are those of a
    guided model: outlines beside the images.
    """

    def __init__(
        self,
        cases: pd.DataFrame,
        folder: Path,
        classes: ClassOrder,
        config: TrainingConfig,
        *,
        epoch: int | None,
        grid: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(workers=WORKERS, use_multiprocessing=False, max_queue_size=8)
        self.paths = [folder / path for path in cases["image_path"]]
        self.outlines = [folder / path if isinstance(path, str) else None for path in cases["mask_path"]]
        self.grid = grid
        self.targets = np.eye(len(classes))[[classes.index(label) for label in cases["label"]]]
        self.weights = np.ones(len(self.targets), dtype=np.float32)
        if config.class_weights and epoch is not None:
            support = self.targets.sum(axis=0)
            self.weights = (self.targets @ (len(self.targets) / (len(classes) * support.clip(1)))).astype(np.float32)
        self.config, self.epoch = config, epoch
        self.order = np.arange(len(self.paths))
        if epoch is not None:
            self.order = np.random.default_rng([config.seed, epoch]).permutation(self.order)

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.config.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        size = self.config.batch_size
        chosen = self.order[index * size : (index + 1) * size]
        images, inside = zip(*(self._case(i) for i in chosen), strict=True)
        batch, labels, weights = np.stack(images).astype(np.float32), self.targets[chosen], self.weights[chosen]
        if self.grid is None:
            return batch, labels, weights
        outside = np.zeros(len(chosen), dtype=np.float32)  # the target: no evidence outside
        return (
            {IMAGE: batch, LABEL: labels, INSIDE: np.stack(inside)},
            {PROBABILITIES: labels, OUTSIDE: outside},
            {PROBABILITIES: weights, OUTSIDE: np.ones_like(outside)},
        )

    def _case(self, case: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return an image and how far its outline covers each cell of the grid, the most covered cell at 1.

        Where there is no outline every cell is 1.
        """
        size, path = self.config.input_size, self.outlines[case]
        pixels = preprocess(read_image(self.paths[case]).pixels, size=size)
        outline = None
        if self.grid is not None and path is not None:
            outline = preprocess(read_image(path).pixels, size=size)[:, :, 0]
        if self.epoch is not None:
            rng = np.random.default_rng([self.config.seed, self.epoch, case])
            pixels, outline = augment(pixels, outline, settings=self.config, rng=rng)
        if outline is None or not outline.any():
            return pixels, np.ones(self.grid or (1, 1), dtype=np.float32)
        height, width = self.grid or (1, 1)
        covered = cv2.resize((outline > 0).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        return pixels, covered / covered.max()


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
    model = _load_or_build(
        work, config, classes, steps_per_epoch=math.ceil(len(fitting) / config.batch_size), rows=rows
    )
    grid = tuple(model.get_layer("pool").input.shape[1:3]) if config.guidance else None
    progress = tqdm(
        range(len(rows), config.epochs), initial=len(rows), total=config.epochs, desc="Epochs", unit="epoch"
    )
    for epoch in progress:
        if _stopped_early(rows, config.patience):
            break
        _seed_dropout(model, config.seed, epoch)
        batches = CaseBatches(fitting, folder, classes, config, epoch=epoch, grid=grid)
        # Keras would shuffle the batches again, from its global state: shuffle=False.
        fitted = model.fit(batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0)
        judged = _on_tuning(model, tuning, folder=folder, classes=classes, config=config)
        rows.append({**_history_row(epoch, fitted.history, model), **judged})
        _checkpoint(work, model, rows)
        on_epoch(rows[-1])
        progress.set_postfix(tuning_accuracy=f"{rows[-1]['tuning_accuracy']:.4f}")
    best = min(rows, key=lambda row: (row[CHOSEN_BY], row["epoch"]))
    classifier = _build(config, classes)
    classifier.load_weights(work / "best.weights.h5")
    return TrainingResult(model=classifier, history=pd.DataFrame(rows), best_epoch=best["epoch"])


def logits_of(
    model: keras.Model, cases: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> NDArray[np.float64]:
    """Return the logits ``(n, k)`` of cases, in their order."""
    network = keras.Model(model.input, model.get_layer("logits").output)
    return np.asarray(
        network.predict(CaseBatches(cases, folder, classes, config, epoch=None), verbose=0), dtype=np.float64
    )


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
    path.write_text(text)


def _read_history(work: Path) -> list[dict[str, Any]]:
    path = work / "history.json"
    return list(json.loads(path.read_text())) if path.is_file() else []


def _load_or_build(
    work: Path, config: TrainingConfig, classes: ClassOrder, *, steps_per_epoch: int, rows: list[dict[str, Any]]
) -> keras.Model:
    if rows:
        return keras.models.load_model(work / f"epoch-{len(rows)}.keras")
    keras.utils.set_random_seed(config.seed)
    with _policy("mixed_float16" if config.mixed_precision else "float32"):
        model = _build(config, classes)
    if config.freeze_batch_norm:  # small batches would spoil the statistics learnt on ImageNet
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization) and not layer.name.startswith("hidden"):
                layer.trainable = False
    if config.guidance:
        model = guided(model)
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100 if config.warmup_epochs else config.learning_rate,
        decay_steps=(config.epochs - config.warmup_epochs) * steps_per_epoch,
        warmup_target=config.learning_rate if config.warmup_epochs else None,
        warmup_steps=config.warmup_epochs * steps_per_epoch,
    )
    entropy = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay),
        loss={PROBABILITIES: entropy, OUTSIDE: "mae"} if config.guidance else entropy,
        loss_weights={PROBABILITIES: 1.0, OUTSIDE: config.guidance} if config.guidance else None,
        metrics={PROBABILITIES: ["accuracy"]} if config.guidance else ["accuracy"],
    )
    return model


def _build(config: TrainingConfig, classes: ClassOrder) -> keras.Model:
    return build_classifier(
        backbone=config.backbone,
        classes=len(classes),
        input_size=config.input_size,
        pooling=config.pooling,
        hidden_units=config.hidden_units,
        dropout=config.dropout,
        weights="imagenet" if config.weights == "imagenet" else None,
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
    model: keras.Model, tuning: pd.DataFrame, *, folder: Path, classes: ClassOrder, config: TrainingConfig
) -> dict[str, float]:
    """Return how the network does on the tuning cases.

    The epoch is chosen by the log-loss after temperature scaling: the loss that is trained counts confidence, which
    scaling mends afterwards, and smoothed labels, which nobody will meet. Source: Berta et al., Rethinking early
    stopping: refine, then calibrate, 2025 (arXiv 2501.19195).
    """
    logits = logits_of(classifier_of(model), tuning, folder=folder, classes=classes, config=config)
    reference = np.array([classes.index(label) for label in tuning["label"]])
    return {
        "tuning_loss": log_loss(logits, reference, smoothing=config.label_smoothing),
        "tuning_accuracy": float((logits.argmax(axis=1) == reference).mean()),
        CHOSEN_BY: log_loss(logits, reference, temperature=fit_temperature(logits, reference)),
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


def _checkpoint(work: Path, model: keras.Model, rows: list[dict[str, Any]]) -> None:
    """Save the epoch. ``history.json`` is written last: an epoch counts once it stands there."""
    model.save(work / f"epoch-{len(rows)}.keras")
    if rows[-1][CHOSEN_BY] <= min(row[CHOSEN_BY] for row in rows):
        classifier_of(model).save_weights(work / "next.weights.h5")
        (work / "next.weights.h5").replace(work / "best.weights.h5")
    (work / "history.part").write_text(json.dumps(rows, indent=1))
    (work / "history.part").replace(work / "history.json")
    (work / f"epoch-{len(rows) - 1}.keras").unlink(missing_ok=True)
