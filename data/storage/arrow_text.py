"""Finding text among text, a million rows at a time: pandas would make a Python string of each."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FEW: Final = 4  # times as many to look among as to look for: laying out the many costs more than looking them up


def positions(values: pd.Series, *, among: pd.Series | Sequence[str]) -> NDArray[np.int64]:
    """Return where each of the ``values`` (m,) first stands in ``among`` (n,), from 0; -1 if missing or not there."""
    if len(among) <= FEW * len(values):
        return _index_in(text(values), text(among))
    wanted = pc.unique(text(values))  # the fewer are laid out to be found, and the many looked up among them
    owner = _index_in(text(among), wanted)
    rows = np.flatnonzero(owner >= 0)[::-1]
    place = np.full(len(wanted) + 1, -1, dtype=np.int64)  # the last answers for what is missing
    place[owner[rows]] = rows  # the last to be written, the first of equals, stays
    return place[_index_in(text(values), wanted)]


def _index_in(values: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
    index = pc.index_in(values, value_set=among, skip_nulls=True)
    return np.asarray(index.fill_null(-1).to_numpy(), dtype=np.int64)


def is_one_of(values: pd.Series, known: pd.Series | Sequence[str]) -> NDArray[np.bool_]:
    """Return for each of the ``values`` (m,) whether it is one of those that are ``known``; a missing one is not."""
    return positions(values, among=known) >= 0


def order(values: pd.Series) -> NDArray[np.int64]:
    """Return the rows (n,) that put text in the order of its characters."""
    return np.asarray(pc.sort_indices(text(values)).to_numpy(), dtype=np.int64)


def increasing(values: pd.Series) -> bool:
    """Return whether each value is larger than the one before, so that all are there and none is there twice."""
    held = text(values)
    return held.null_count == 0 and not pc.any(pc.greater_equal(held[:-1], held[1:])).as_py()


def text(values: pd.Series | Sequence[str]) -> pa.Array | pa.ChunkedArray:
    """Return text as Arrow holds it, without a copy where pandas holds it so too."""
    return pa.array(values, type=pa.large_string(), from_pandas=True)
