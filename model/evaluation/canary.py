"""The canary: what a machine computes of a few cases that every machine runs, so that one that differs is noticed.

The cases are the data set's own, spread over it: they go the whole way of every other case, through decoder, resizing,
network and what follows it, and none has to be made or carried. All that enters a study is compared, not the
probabilities alone.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import file_written_whole
from neuroval.data.storage.files import file_sha256
from neuroval.model.evaluation.journal import DAMAGED, JOB

CASES: Final = 16
OF_ANY_SCALE: Final = ("maps", "embedding")  # not between 0 and 1: compared as shares of their largest value
NAME: Final = "canary-{digest}.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canary:
    """What a machine computed of the cases of the canary: arrays as of a part of the journal."""

    arrays: Mapping[str, NDArray[Any]]

    @property
    def digest(self) -> str:
        """16 letters that are equal where all arrays are, to the last bit."""
        lines = [
            f"{name} {array.dtype.str} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
            for name, array in sorted(self.arrays.items())
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def cases_of(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the cases of the canary, spread evenly over the cases that are evaluated; all of them when they are few.

    Ids of cases are digests, so this is a choice by chance that is the same on each machine.
    """
    rows = np.linspace(0, len(chosen) - 1, min(CASES, len(chosen)))
    return chosen.iloc[rows.astype(np.int64)].reset_index(drop=True)


def check_files(cases: pd.DataFrame, folder: Path) -> None:
    """Raise ``InputError`` when an image of the canary is not the one that was planned."""
    for path, sha256 in zip(cases["image_path"], cases["sha256"], strict=True):
        try:
            same = file_sha256(folder / path) == sha256
        except OSError as error:
            raise InputError(
                f"{folder / path}: cannot be read ({error.strerror or error}), though it was planned; give each "
                "machine the same images."
            ) from None
        if not same:
            raise InputError(
                f"{folder / path}: another file than the one that was planned; give each machine the same images, or "
                "take an empty folder for the parts."
            )


def difference(a: Canary, b: Canary) -> float:
    """Return the largest difference between the numbers of two machines; infinite where they cannot be compared.

    Probabilities and what is computed of them differ by themselves, maps and embeddings by the share of the largest
    value that either machine has. Outlines differ by 0 or 1.
    """
    if set(a.arrays) != set(b.arrays):
        return math.inf
    return max(_difference(name, a.arrays[name], b.arrays[name]) for name in a.arrays)


def _difference(name: str, a: NDArray[Any], b: NDArray[Any]) -> float:
    if a.shape != b.shape or a.dtype != b.dtype:
        return math.inf
    if a.dtype.kind not in "fiub":
        return 0.0 if np.array_equal(a, b) else math.inf
    left, right = a.astype(np.float64), b.astype(np.float64)
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return 0.0 if np.array_equal(left, right, equal_nan=True) else math.inf
    scale = max(np.abs(left).max(initial=0.0), np.abs(right).max(initial=0.0)) if name in OF_ANY_SCALE else 1.0
    largest = float(np.abs(left - right).max(initial=0.0))
    return largest / float(scale) if largest else 0.0


def write_canary(file: Path, canary: Canary, *, job: str) -> None:
    """Write a canary whole."""
    with file_written_whole(file) as part:
        np.savez(part, allow_pickle=False, **{**canary.arrays, JOB: np.array(job)})


def read_canary(file: Path, *, job: str, digest: str) -> Canary:
    """Return a canary. Raises ``InputError`` when it is not there, damaged, changed or of another job."""
    try:
        with np.load(file) as arrays:
            told = {name: arrays[name] for name in arrays.files}
    except DAMAGED as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{file}: no readable canary ({why}), so its machine's parts cannot be trusted.") from None
    if str(told.pop(JOB, "")) != job:
        raise InputError(f"{file}: a canary of another job; nothing computed with it is taken.")
    canary = Canary(arrays=told)
    if canary.digest != digest:
        raise InputError(f"{file}: was changed after it was written, so its machine's parts cannot be trusted.")
    return canary
