"""``reference.npz``: what a model folder holds of the training besides the weights, to compare other images with."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.schema import COMPONENTS
from neuroval.model.card import REFERENCE

FITTED: Final = 10_000  # training cases that components are fitted on, at most


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Components:
    """Principal components of embeddings ``(n, d)``: ``mean (d,)`` and ``directions (c, d)``, float32."""

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    def project(self, embedding: NDArray[np.floating]) -> NDArray[np.float16]:
        """Return the components ``(n, c)`` of embeddings ``(n, d)``.

        Each row is multiplied by itself: a product of many rows at once rounds otherwise by their number.
        """
        centred = embedding.astype(np.float32) - self.mean
        vectors: NDArray[np.float16] = (centred[:, None] @ self.directions.T)[:, 0].astype("f2")
        return vectors


def fit(embedding: NDArray[np.floating]) -> Components:
    """Return the principal components of embeddings ``(n, d)``, 64 at most, n being 2 or more.

    They are rounded to float16 as the weights are: a file and memory hold the same numbers. Signs are those of
    scikit-learn, which do not depend on the machine. Source: Pearson, Philos Mag 1901;2:559-572.
    """
    from sklearn.decomposition import PCA  # loads for a second, which a study that is complete need not wait for

    n, dimensions = embedding.shape
    pca = PCA(min(COMPONENTS, n - 1, dimensions), svd_solver="covariance_eigh")
    fitted = pca.fit(embedding.astype(np.float64))
    mean, directions = (part.astype(np.float16).astype(np.float32) for part in (fitted.mean_, fitted.components_))
    return Components(mean=mean, directions=directions)


def write_components(folder: Path, components: Components) -> None:
    """Write the components into a model folder."""
    arrays = {"mean": components.mean, "directions": components.directions}
    add(folder, {name: array.astype(np.float16) for name, array in arrays.items()})


def read_components(folder: Path) -> Components | None:
    """Return the components of a model folder; none when it holds none."""
    arrays = read(folder)
    if "directions" not in arrays:
        return None
    mean, directions = numbers(folder, arrays, mean=1, directions=2).values()
    if directions.shape[1:] != mean.shape:
        raise InputError(f"{folder / REFERENCE}: directions {directions.shape} do not fit the mean {mean.shape}.")
    return Components(mean=mean, directions=directions)


def numbers(folder: Path, arrays: Mapping[str, NDArray[Any]], **dimensions: int) -> dict[str, NDArray[np.float32]]:
    """Return arrays as float32, each with so many dimensions; ``InputError`` names one that is missing or no such."""
    for name, number in dimensions.items():
        array = arrays.get(name)
        if array is None or array.dtype.kind not in "fiu" or array.ndim != number or not np.isfinite(array).all():
            what = "missing" if array is None else f"{array.dtype} of {array.shape}"
            raise InputError(f"{folder / REFERENCE}: {name} is {what}, expected finite numbers of {number} dimensions.")
    return {name: arrays[name].astype(np.float32) for name in dimensions}


def read(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``reference.npz`` by name; empty when there is none. Raises ``InputError`` if damaged."""
    path = folder / REFERENCE
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, EOFError, KeyError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: damaged ({error}); copy the model again.") from None


def add(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put arrays into ``reference.npz``, beside what is there."""
    np.savez_compressed(folder / REFERENCE, allow_pickle=False, **{**read(folder), **arrays})
