"""The one check of a study's tables. Each failure names file, column, first bad row and what was expected."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.classes import ClassOrder
from data.errors import ContractError
from data.schema import EVALUATED_SPLITS, PAIR_KINDS, PROBABILITY_SUM_LIMIT, RUNS, SPLITS


def conform(table: pa.Table, schema: pa.Schema, *, file: str) -> pa.Table:
    """Return the table with exactly the schema's columns and types; absent optional columns become null.

    Raises ``ContractError`` for a missing or unknown column, a wrong type, or a null where none is allowed.
    """
    unknown = [name for name in table.column_names if name not in schema.names]
    if unknown:
        raise ContractError(f"{file}: unknown column {unknown[0]!r}; expected {schema.names}.")
    columns = []
    for expected in schema:
        if expected.name not in table.column_names:
            if not expected.nullable:
                raise ContractError(f"{file}: column {expected.name!r} is missing; found {table.column_names}.")
            columns.append(pa.nulls(table.num_rows, expected.type))
            continue
        column = table.column(expected.name)
        try:
            column = column.cast(expected.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise ContractError(
                f"{file}: column {expected.name!r} has type {column.type}, expected {expected.type}."
            ) from None
        if not expected.nullable and column.null_count:
            row = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise ContractError(f"{file}: column {expected.name!r}, row {row} is empty; expected {expected.type}.")
        columns.append(column)
    return pa.table(columns, schema=schema)


def _fail(file: str, column: str, bad: pd.Series | NDArray[np.bool_], values: pd.Series, expected: str) -> None:
    found = np.flatnonzero(np.asarray(bad))
    if len(found):
        row = int(found[0])
        raise ContractError(
            f"{file}: column {column!r}, row {row} is {values.iloc[row]!r}; expected {expected} "
            f"({len(found):,} such row{'s' if len(found) > 1 else ''})."
        )


def check_cases(cases: pd.DataFrame, classes: ClassOrder, *, file: str = "cases.parquet") -> None:
    if cases.empty:
        raise ContractError(f"{file}: no rows; a study needs at least one case.")
    check_unique(cases, file=file)
    _fail(file, "split", ~cases["split"].isin(SPLITS), cases["split"], f"one of {list(SPLITS)}")
    _fail(file, "label", ~cases["label"].isin(classes.names), cases["label"], f"one of {list(classes.names)}")
    paths = cases["image_path"]
    outside = paths.map(
        lambda path: isinstance(path, str) and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts)
    )
    _fail(file, "image_path", outside.astype(bool), paths, "a path inside the data set folder")


def check_unique(table: pd.DataFrame, *, file: str) -> None:
    ids = table["case_id"]
    _fail(file, "case_id", ids == "", ids, "a name that is not empty")
    _fail(file, "case_id", ids.duplicated(), ids, "each case once")


def check_known(table: pd.DataFrame, column: str, known: pd.Series, *, file: str) -> None:
    _fail(file, column, ~table[column].isin(known), table[column], "a case_id of cases.parquet")


def check_predictions(predictions: pd.DataFrame, cases: pd.DataFrame, classes: ClassOrder, *, file: str) -> None:
    if predictions.empty:
        raise ContractError(f"{file}: no rows; a study needs at least one prediction.")
    check_unique(predictions, file=file)
    check_known(predictions, "case_id", cases["case_id"], file=file)
    check_probabilities(predictions, classes, file=file)
    if file == "predictions.parquet":
        splits = predictions["case_id"].map(cases.set_index("case_id")["split"])
        _fail(file, "case_id", ~splits.isin(EVALUATED_SPLITS), splits, f"a case of split {list(EVALUATED_SPLITS)}")


def check_probabilities(table: pd.DataFrame, classes: ClassOrder, *, file: str) -> None:
    for column in classes.probability_columns:
        values = table[column]
        _fail(file, column, ~np.isfinite(values), values, "a finite number")
        _fail(file, column, (values < 0) | (values > 1), values, "a probability from 0 to 1")
    sums = table[list(classes.probability_columns)].sum(axis=1)
    _fail(file, "prob_*", (sums - 1).abs() > PROBABILITY_SUM_LIMIT, sums, f"a sum of 1 within {PROBABILITY_SUM_LIMIT}")


def check_pairs(pairs: pd.DataFrame, cases: pd.DataFrame, *, file: str = "pairs.parquet") -> None:
    for column in ("case_a", "case_b"):
        check_known(pairs, column, cases["case_id"], file=file)
    _fail(file, "kind", ~pairs["kind"].isin(PAIR_KINDS), pairs["kind"], f"one of {list(PAIR_KINDS)}")
    _fail(file, "case_b", pairs["case_a"] == pairs["case_b"], pairs["case_b"], "another case than case_a")


def check_history(history: pd.DataFrame, *, file: str = "history.parquet") -> None:
    _fail(file, "run", ~history["run"].isin(RUNS), history["run"], f"one of {list(RUNS)}")
