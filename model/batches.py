"""Images in batches for the network, the next batch decoded while the present one is in it."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import ImageError
from data.images import read_image
from model.preprocess import preprocess


def batches(
    paths: Iterable[str], folder: Path, *, size: int, batch: int
) -> Iterator[tuple[NDArray[np.uint8], list[str]]]:
    """Yield images ``(batch, size, size, 3)`` and why each cannot be read, empty for those that can.

    An image that cannot be read is black.
    """

    def decode(path: str) -> tuple[NDArray[np.uint8], str]:
        try:
            return preprocess(read_image(folder / path).pixels, size=size), ""
        except ImageError as error:
            return np.zeros((size, size, 3), np.uint8), str(error)

    paths = list(paths)
    with ThreadPoolExecutor() as pool:
        ahead: list[Future[tuple[NDArray[np.uint8], str]]] = [pool.submit(decode, path) for path in paths[:batch]]
        for start in range(0, len(paths), batch):
            now = ahead
            ahead = [pool.submit(decode, path) for path in paths[start + batch : start + 2 * batch]]
            images = [future.result() for future in now]
            yield np.stack([pixels for pixels, _ in images]), [reason for _, reason in images]
