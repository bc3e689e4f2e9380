"""The cases table with numbers in the place of names, so that no analysis looks through a million words again."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NAMES: Final = ("group_id", "patient_id", "sha256")  # only compared with each other
KINDS: Final = ("split", "label", "plane", "source", "site", "file_format")  # few values, and they are shown


def coded(cases: pd.DataFrame) -> pd.DataFrame:
    """Return a study's cases table with groups, patients and hashes as numbers, and kinds as categories.

    Every analysis of the table gives the same on it, but for the names of patients.
    """
    numbers = {name: _numbered(cases[name]) for name in NAMES if name in cases}
    kinds = {name: cases[name].astype("category") for name in KINDS if name in cases}
    return cases.assign(**numbers, **kinds)


def codes_of(values: pd.Series | NDArray[Any]) -> NDArray[np.int64]:
    """Return a number from 0 per value (n,), in order of first use, -1 where it is missing."""
    return pd.factorize(values)[0].astype(np.int64)


def levels(values: pd.Series, *, missing: str | None = None) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the distinct values, sorted, and per row (n,) the index of its own.

    A missing value has the index -1, unless ``missing`` says how it is called.
    """
    codes, values_found = pd.factorize(values)
    names = [str(value) for value in values_found]
    if missing is not None and (codes < 0).any():
        if missing not in names:
            names.append(missing)
        codes = np.where(codes < 0, names.index(missing), codes)
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.full(len(names) + 1, -1, dtype=np.int64)  # the last entry answers for a missing value, whose code is -1
    rank[order] = np.arange(len(names))
    return tuple(names[index] for index in order), rank[codes]


def class_codes(labels: pd.Series, classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the index of each label (n,) among the classes, -1 where it is none of them."""
    codes, names = pd.factorize(labels)
    places = [list(classes).index(name) if name in classes else -1 for name in names]
    return np.array([*places, -1], dtype=np.int64)[codes]


def _numbered(values: pd.Series) -> pd.Series:
    codes = codes_of(values)
    return pd.Series(pd.arrays.IntegerArray(codes, mask=codes < 0), index=values.index)
