"""The one check of a study's tables. Each failure names file, column, first bad row and what was expected."""

import json
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.data.schema import EVALUATED_SPLITS, PAIR_KINDS, PROBABILITY_SUM_LIMIT, RUNS, SCHEMA_VERSION, SPLITS
from neuroval.data.storage.arrow_text import increasing, is_one_of, positions, text
from neuroval.data.storage.files import stays_inside

MAY_LEAVE: Final = r"^$|^/|\\|:|\.\.|\x00"  # a path without any of these stays in its folder
METADATA_KEY: Final = b"neuroval"


def metadata(classes: ClassOrder, **more: Any) -> dict[bytes, bytes]:
    """Return the Parquet metadata of a table: schema version, class order and what else is to be stated of it."""
    return {METADATA_KEY: json.dumps({"schema": SCHEMA_VERSION, "classes": list(classes.names), **more}).encode()}


def stated(table: pa.Table, key: str) -> Any:
    """Return what the metadata of a table states under a key; ``None`` where nothing is."""
    try:
        document = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
    except (ValueError, RecursionError):
        return None
    return document.get(key) if isinstance(document, dict) else None


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


def refuse(file: str, column: str, bad: pd.Series | NDArray[np.bool_], values: pd.Series, expected: str) -> None:
    """Raise ``ContractError`` naming the first bad row by the index of ``values``, if any row is bad."""
    rows = np.flatnonzero(np.asarray(bad))
    if len(rows):
        value = values.iloc[rows[0]]
        shown = value.item() if isinstance(value, np.generic) else value
        raise ContractError(
            f"{file}: column {column!r}, row {values.index[rows[0]]} is {'empty' if pd.isna(value) else repr(shown)}; "
            f"expected {expected} ({len(rows):,} such row{'s' if len(rows) > 1 else ''})."
        )


def check_paths(paths: pd.Series, *, file: str) -> None:
    """Every image path that is known stays inside the data set folder, on every system."""
    looked_at = pc.match_substring_regex(text(paths), MAY_LEAVE).fill_null(False).to_numpy(zero_copy_only=False)
    outside = np.zeros(len(paths), dtype=np.bool_)
    outside[looked_at] = [not stays_inside(path) for path in paths[looked_at]]
    refuse(file, "image_path", outside, paths, "a path inside the data set folder")


def check_cases(cases: pd.DataFrame, classes: ClassOrder, *, file: str = "cases.parquet") -> None:
    """At least one case; ids unique, splits and labels known, image paths inside the data set folder."""
    if cases.empty:
        raise ContractError(f"{file}: no rows; a study needs at least one case.")
    check_unique(cases, file=file)
    refuse(file, "split", ~is_one_of(cases["split"], SPLITS), cases["split"], f"one of {list(SPLITS)}")
    refuse(file, "label", ~is_one_of(cases["label"], classes.names), cases["label"], f"one of {list(classes.names)}")
    check_paths(cases["image_path"], file=file)
    check_no_infinite(cases, file=file)


def check_unique(table: pd.DataFrame, *, file: str) -> None:
    """Every case id is there, and once."""
    ids = table["case_id"]
    refuse(file, "case_id", ids == "", ids, "a name that is not empty")
    if not increasing(ids):  # as they are written, so that a million need not be looked up in each other
        refuse(file, "case_id", ids.duplicated(), ids, "each case once")


def check_known(table: pd.DataFrame, column: str, known: pd.Series, *, file: str) -> None:
    """Every value of the column is a case id of the study."""
    refuse(file, column, ~is_one_of(table[column], known), table[column], "a case_id of cases.parquet")


def check_predictions(
    predictions: pd.DataFrame, cases: pd.DataFrame, classes: ClassOrder, *, file: str
) -> NDArray[np.int64]:
    """At least one prediction, each of a known case; those of ``predictions.parquet`` of no training case.

    Returns the row of its case for each prediction.
    """
    if predictions.empty:
        raise ContractError(f"{file}: no rows; a study needs at least one prediction.")
    check_unique(predictions, file=file)
    rows = positions(predictions["case_id"], among=cases["case_id"])
    refuse(file, "case_id", rows < 0, predictions["case_id"], "a case_id of cases.parquet")
    check_probabilities(predictions, classes, file=file)
    if file == "predictions.parquet":
        splits = pd.Series(cases["split"].array[rows], index=predictions.index)
        refuse(
            file, "case_id", ~is_one_of(splits, EVALUATED_SPLITS), splits, f"a case of split {list(EVALUATED_SPLITS)}"
        )
    return rows


def check_no_result(
    no_result: pd.DataFrame, cases: pd.DataFrame, predictions: pd.DataFrame, *, file: str = "no_result.parquet"
) -> NDArray[np.int64]:
    """Each is a known case of an evaluated split that has no prediction, with the reason.

    Returns the row of its case for each.
    """
    check_unique(no_result, file=file)
    ids = no_result["case_id"]
    rows = positions(ids, among=cases["case_id"])
    refuse(file, "case_id", rows < 0, ids, "a case_id of cases.parquet")
    splits = pd.Series(cases["split"].array[rows], index=no_result.index)
    refuse(file, "case_id", ~is_one_of(splits, EVALUATED_SPLITS), splits, f"a case of split {list(EVALUATED_SPLITS)}")
    refuse(file, "case_id", is_one_of(ids, predictions["case_id"]), ids, "a case without a prediction")
    reasons = no_result["reason"]
    refuse(file, "reason", reasons.str.strip() == "", reasons, "why there is no result")
    return rows


def check_probabilities(table: pd.DataFrame, classes: ClassOrder, *, file: str) -> None:
    """Probabilities are finite, from 0 to 1, and sum to 1 within 0.01, or within what rounding to two digits does."""
    for column in classes.probability_columns:
        values = table[column]
        refuse(file, column, ~np.isfinite(values), values, "a finite number")
        refuse(file, column, (values < 0) | (values > 1), values, "a probability from 0 to 1")
    numbers = table[list(classes.probability_columns)]
    expected = f"a sum of 1 within {PROBABILITY_SUM_LIMIT}"
    refuse(file, "prob_*", ~adds_up(numbers.to_numpy()), numbers.sum(axis=1), expected)


def adds_up(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return for each row (n, k) whether it sums to 1 within 0.01, that included.

    Probabilities of two or three digits may miss it by half a digit for each class: 0.12, 0.12, 0.12 and 0.62 are 1
    before rounding.
    """
    exact = 1e-9  # 0.99 is nearer to 1 than 0.01 in decimals, and not in binary
    off = np.abs(probabilities.sum(axis=1) - 1)
    allowed = np.full(len(probabilities), PROBABILITY_SUM_LIMIT)
    for steps in (1000, 100):
        rounded = (np.abs(probabilities * steps - np.rint(probabilities * steps)) < steps * exact).all(axis=1)
        allowed = np.where(rounded, np.maximum(allowed, 0.5 / steps * probabilities.shape[1]), allowed)
    return np.asarray(off <= allowed + exact, dtype=np.bool_)


def check_pairs(pairs: pd.DataFrame, cases: pd.DataFrame, *, file: str = "pairs.parquet") -> None:
    """A pair ties two different known cases and is of a known kind."""
    if pairs.empty:
        return
    for column in ("case_a", "case_b"):
        check_known(pairs, column, cases["case_id"], file=file)
    refuse(file, "kind", ~is_one_of(pairs["kind"], PAIR_KINDS), pairs["kind"], f"one of {list(PAIR_KINDS)}")
    refuse(file, "case_b", pairs["case_a"] == pairs["case_b"], pairs["case_b"], "another case than case_a")
    check_no_infinite(pairs, file=file)


def check_no_infinite(table: pd.DataFrame, *, file: str) -> None:
    """Every number that is there is finite."""
    for column in map(str, table.select_dtypes("float")):
        values = table[column]
        infinite = np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan))
        refuse(file, column, infinite, values, "a finite number")


def check_history(history: pd.DataFrame, *, file: str = "history.parquet") -> None:
    """Every epoch belongs to a known run, and its numbers are finite."""
    check_no_infinite(history, file=file)
    refuse(file, "run", ~is_one_of(history["run"], RUNS), history["run"], f"one of {list(RUNS)}")
