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
from neuroval.model.training.guidance import IMAGE, INSIDE, LABEL, OUTSIDE, PROBABILITIES

WORKERS = os.cpu_count() or 1


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
