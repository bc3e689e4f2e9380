"""What a training step sees: images, labels, and where on the network's grid the evidence may lie."""

import math
import os
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.classes import ClassOrder
from neuroval.data.images.decoding import read_image
from neuroval.model.inference.preprocessing import preprocess
from neuroval.model.recipe import TrainingConfig
from neuroval.model.training.augmentation import augment
from neuroval.model.training.counterfactual import Counterfactual, TrainingScans, counterfactual, training_scans
from neuroval.model.training.guidance import CELLS, IMAGE, INSIDE, LABEL, OUTSIDE, PROBABILITIES

WORKERS = os.cpu_count() or 1


class CaseBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (images float32 ``(b, size, size, 3)``, one-hot labels), shuffled and augmented by ``epoch``.

    ``epoch=None`` gives the cases in order, unchanged; with an epoch the recipe may have counterfactual scans in the
    place of some, whose labels are then those of what they show. With a ``grid`` (height, width) the batches are those
    of a guided model: outlines beside the images. Raises ``ContractError`` where ``training_scans`` does.
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
        self.classes = classes
        self.labels = np.array([classes.index(label) for label in cases["label"]], dtype=np.int64)
        self.weights = np.ones(len(classes), dtype=np.float32)
        if config.class_weights and epoch is not None:
            support = np.bincount(self.labels, minlength=len(classes))
            self.weights = (len(self.labels) / (len(classes) * support.clip(1))).astype(np.float32)
        self.config, self.epoch = config, epoch
        self.order = np.arange(len(self.paths))
        self.scans: TrainingScans | None = None
        if epoch is not None:
            rng = np.random.default_rng([config.seed, epoch])
            self.order = _balanced(cases, rng=rng) if config.balance_sources else rng.permutation(self.order)
            if config.counterfactual is not None:
                shares, size = config.counterfactual, config.input_size
                self.scans = training_scans(cases, folder, classes=classes, settings=shares, size=size)

    def __len__(self) -> int:
        return math.ceil(len(self.order) / self.config.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        size = self.config.batch_size
        chosen = self.order[index * size : (index + 1) * size]
        first = index * size
        cases = [self._case(int(case), place=first + place) for place, case in enumerate(chosen)]
        images, inside, shown = zip(*cases, strict=True)
        batch, label = np.stack(images).astype(np.float32), np.array(shown, dtype=np.int64)
        labels, weights = np.eye(len(self.classes))[label], self.weights[label]
        if self.grid is None:
            return batch, labels, weights
        none = np.zeros(len(chosen), dtype=np.float32)  # the target of both losses of guidance
        return (
            {IMAGE: batch, LABEL: labels, INSIDE: np.stack(inside)},
            {PROBABILITIES: labels, OUTSIDE: none, CELLS: none},
            {PROBABILITIES: weights, OUTSIDE: np.ones_like(none), CELLS: np.ones_like(none)},
        )

    def _case(self, case: int, *, place: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], int]:
        """Return an image, how far its outline covers each cell of the grid, the most covered cell at 1, and its label.

        Where there is no outline every cell is 1. ``place`` is that of the case in the epoch.
        """
        size, path = self.config.input_size, self.outlines[case]
        changed = self._counterfactual(case, place=place)
        outline = None
        if changed is not None:
            pixels = np.repeat(changed.grey[:, :, None], 3, axis=2)
            if self.grid is not None and changed.outline is not None:
                outline = changed.outline.astype(np.uint8)
        else:
            pixels = preprocess(read_image(self.paths[case]).pixels, size=size)
            if self.grid is not None and path is not None:
                outline = preprocess(read_image(path).pixels, size=size)[:, :, 0]
        label = int(self.labels[case]) if changed is None else self.classes.index(changed.label)
        if self.epoch is not None:
            rng = np.random.default_rng(self._chance(case, place))
            pixels, outline = augment(pixels, outline, settings=self.config, rng=rng)
        if outline is None or not outline.any():
            return pixels, np.ones(self.grid or (1, 1), dtype=np.float32), label
        height, width = self.grid or (1, 1)
        covered = cv2.resize((outline > 0).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        return pixels, covered / covered.max(), label

    def _counterfactual(self, case: int, *, place: int) -> Counterfactual | None:
        if self.scans is None:
            return None
        return counterfactual(self.scans, case, rng=np.random.default_rng([*self._chance(case, place), 1]))

    def _chance(self, case: int, place: int) -> list[int]:
        """Return the seed of a case in this epoch; of one that may come several times, that of its place too."""
        seed = [self.config.seed, self.epoch or 0, case]
        return [*seed, place] if self.config.balance_sources else seed


def _balanced(cases: pd.DataFrame, *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows in random order, as many as there are: of each class as many as it has, its sources equally often.

    Scans of a small source come again, each as often as the others of it but for one; of a large source some wait for
    another epoch. Scans of unknown source count as one source.
    """
    source = cases["source"].fillna("").to_numpy()
    label = cases["label"].to_numpy()
    drawn = []
    for name in np.unique(label):
        of_class = label == name
        sources = np.unique(source[of_class])
        wanted = np.bincount(np.arange(of_class.sum()) % len(sources), minlength=len(sources))
        for name_of_source, count in zip(rng.permutation(sources), wanted, strict=True):
            rows = np.flatnonzero(of_class & (source == name_of_source))
            rounds = -(-int(count) // len(rows))
            drawn.append(np.concatenate([rng.permutation(rows) for _ in range(rounds)])[:count])
    return rng.permutation(np.concatenate(drawn)).astype(np.int64)
