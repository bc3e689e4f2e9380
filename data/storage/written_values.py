"""What is written in a table, turned into the names of the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa

from neuroval.data.storage.tables import Table


def with_values(table: Table, values: Mapping[str, Mapping[str, str]]) -> Table:
    """Return the table with written values turned into those of the contract, by column."""
    columns = dict(table.columns)
    for column, meanings in values.items():
        if meanings and column in table:
            texts = table.written(column)
            columns[column] = as_column([None if pd.isna(text) else meant(text, meanings) for text in texts.tolist()])
    return replace(table, columns=columns)


def meant(text: str, values: Mapping[str, str]) -> str:
    """Return what a value is turned into; ``1.0``, as pandas writes whole numbers beside missing ones, is ``1``."""
    whole = text.removesuffix(".0")
    return values.get(text, values.get(whole, text))


def as_column(values: Sequence[str | None]) -> pa.ChunkedArray:
    """Return a column of text."""
    return pa.chunked_array([pa.array(values, pa.large_string())])
