"""Finding text among text, a million rows at a time: pandas would make a Python string of each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def positions(values: pd.Series, *, among: pd.Series | Sequence[str]) -> NDArray[np.int64]:
    """Return where each of the ``values`` (m,) first stands in ``among`` (n,), from 0; -1 where missing or not there."""
    found = pc.index_in(text(values), value_set=text(among), skip_nulls=True)
    return np.asarray(found.fill_null(-1).to_numpy(), dtype=np.int64)


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
