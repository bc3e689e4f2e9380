"""The network over image files, one image a core: faster than all cores on one image or on a batch."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import ImageError
from neuroval.data.images.decoding import read_image
from neuroval.data.storage.progress import Bar
from neuroval.model.inference.engine import Engine, Inference
from neuroval.model.inference.preprocessing import preprocess


def usable_cores() -> int:
    """Return how many cores this process may use: a batch system may have bound it to some of the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def predict(
    engine: Engine, paths: Iterable[str], folder: Path, *, threads: int | None = None, bar: Bar | None = None
) -> tuple[Inference, NDArray[Any]]:
    """Return what the network says of images, in their order, and why each cannot be read: text (n,), empty if it can.

    An image that cannot be read is black. The engine should have one thread; the result does not depend on it.
    ``threads`` images are worked on at a time, by default one on each core that this process may use. Each image is a
    step of the progress ``bar``.
    """
    size = engine.card.input_size

    def inferred(path: str) -> tuple[Inference, str]:
        try:
            return engine.run(preprocess(read_image(folder / path).pixels, size=size)[None]), ""
        except ImageError as error:
            return engine.run(np.zeros((1, size, size, 3), np.uint8)), str(error)

    results = []
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        for result in pool.map(inferred, paths):
            results.append(result)
            if bar is not None:
                bar.update()
    outputs, reasons = zip(*results, strict=True)
    return Inference(*map(np.concatenate, zip(*outputs, strict=True))), np.array(reasons, dtype=np.str_)
