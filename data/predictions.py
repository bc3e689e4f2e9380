"""Making a study of predictions that come from anywhere."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import contract
from data.classes import BRAIN_TUMOR, ClassOrder
from data.datasets import case_id
from data.errors import InputError
from data.manifest import About, DataFacts, Manifest
from data.schema import PAIRS, SPLITS
from data.splits import group_ids
from data.study import Study, write_study

PREFIX = "prob_"
TEXT_COLUMNS = ("case_id", "split", "label", "image_path", "patient_id", "plane", "source", "site")


def import_predictions(
    file: Path,
    *,
    out: Path,
    data_name: str | None = None,
    title: str | None = None,
    classes: Sequence[str] | None = None,
    negative: str | None = None,
) -> Study:
    """Write a study of the predictions in a CSV or Parquet file to the folder ``out`` and return it.

    The file has ``label`` and one ``prob_<class>`` per class; ``case_id``, ``split`` (default ``test``),
    ``image_path``, ``patient_id``, ``plane``, ``source`` and ``site`` are optional, other columns are ignored. Classes
    are in the order of ``classes``, else of the columns. Rows of split ``train`` become cases without a prediction:
    they serve to find leaks, and their probabilities are not looked at. Without ``case_id`` a case is known by its
    image path, else by its row number. Names default to that of the folder.

    Raises ``InputError`` naming file, column, first bad row and what was expected; rows are counted as a
    spreadsheet does for CSV (the header is row 1), from 0 for Parquet. Nothing is written then.
    """
    table = _read(file)
    first_row = 2 if file.suffix.lower() == ".csv" else 0
    order = _class_order(table, file=file, classes=classes, negative=negative)
    name = data_name or out.name
    cases = _cases(table, order, data_name=name, file=file.name, first_row=first_row)
    predictions = _predictions(table, cases, order, file=file.name, first_row=first_row)
    manifest = Manifest(
        about=About(name=out.name, title=title or out.name),
        classes=order,
        data=DataFacts(name=name),
        provenance={
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": version("neuroval"),
            "predictions_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        },
    )
    return write_study(out, manifest=manifest, cases=cases, predictions=predictions)


def _read(file: Path) -> pd.DataFrame:
    kind = file.suffix.lower()
    table: pd.DataFrame
    if kind not in (".csv", ".parquet"):
        raise InputError(f"{file}: expected predictions as .csv or .parquet.")
    try:
        if kind == ".parquet":
            table = pq.read_table(file).to_pandas()
        else:  # as text, so that the header is not renamed and every number is read in full precision
            rows = pd.read_csv(
                file, header=None, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig"
            )
            table = rows.iloc[1:].reset_index(drop=True)
            table.columns = pd.Index(rows.iloc[0].fillna("").str.strip())
    except FileNotFoundError:
        raise InputError(f"{file}: no such file.") from None
    except (ValueError, OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: not a readable {kind[1:]} file ({str(error).splitlines()[0]}).") from None
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{file}: column {repeated[0]!r} appears twice; expected each column once.")
    if "label" not in table:
        raise InputError(f"{file}: column 'label' is missing; found {list(table.columns)}.")
    if table.empty:
        raise InputError(f"{file}: no rows; a study needs at least one prediction.")
    return table


def _class_order(table: pd.DataFrame, *, file: Path, classes: Sequence[str] | None, negative: str | None) -> ClassOrder:
    found = [str(column).removeprefix(PREFIX) for column in table.columns if str(column).startswith(PREFIX)]
    names = found if classes is None else list(classes)
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"{file}: column {PREFIX + missing[0]!r} is missing; found {list(table.columns)}.")
    unknown = [name for name in found if name not in names]
    if unknown:
        raise InputError(f"{file}: column {PREFIX + unknown[0]!r} is of no class; expected classes {names}.")
    if len(names) < 2:
        raise InputError(
            f"{file}: found {len(names)} columns prob_<class>, expected one for each of 2 or more classes."
        )
    shown = {name: BRAIN_TUMOR.display[name] for name in names if name in BRAIN_TUMOR.names}
    ours = set(names) == set(BRAIN_TUMOR.names)  # some of our colours among others' could be the same twice
    colour = dict(BRAIN_TUMOR.colour) if ours else {}
    return ClassOrder(names=tuple(names), negative=negative, display=shown, colour=colour)


def _cases(table: pd.DataFrame, order: ClassOrder, *, data_name: str, file: str, first_row: int) -> pd.DataFrame:
    def refuse(column: str, bad: pd.Series, expected: str) -> None:
        contract.refuse(file, column, bad, cases[column], expected, first_row=first_row)

    cases = pd.DataFrame({column: _text(table, column) for column in TEXT_COLUMNS})
    cases["split"] = cases["split"].fillna("test")
    refuse("split", ~cases["split"].isin(SPLITS), f"one of {list(SPLITS)}")
    refuse("label", ~cases["label"].isin(order.names), f"one of {list(order.names)}")
    paths = cases["image_path"]
    outside = paths.map(
        lambda path: isinstance(path, str) and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts)
    )
    refuse("image_path", outside.astype(bool), "a path relative to the data set folder")
    if "case_id" in table:
        refuse("case_id", cases["case_id"].isna(), "a name that is not empty")
        refuse("case_id", cases["case_id"].duplicated(), "each case once")
    else:
        refuse("image_path", paths.notna() & paths.duplicated(), "each image once")
        known_by = paths.where(paths.notna(), pd.Series(np.arange(len(cases)).astype(str)))
        cases["case_id"] = [case_id(data_name, key) for key in known_by]
    cases["group_id"] = group_ids(cases, PAIRS.empty_table().to_pandas())
    return cases


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        return pd.Series([None] * len(table), dtype="str")
    values = table[column]
    text = pd.Series([None if pd.isna(value) else str(value).strip() for value in values], dtype="str")
    return text.where(text != "")


def _predictions(
    table: pd.DataFrame, cases: pd.DataFrame, order: ClassOrder, *, file: str, first_row: int
) -> pd.DataFrame:
    judged = (cases["split"] != "train").to_numpy()
    if not judged.any():
        raise InputError(f"{file}: every row is of split 'train'; expected cases of tuning, test or external.")
    columns = {}
    for column in order.probability_columns:
        numbers = pd.Series([_number(value) for value in table[column]], dtype="float64")
        bad = judged & ~((numbers >= 0) & (numbers <= 1)).to_numpy()
        contract.refuse(file, column, bad, table[column], "a probability from 0 to 1", first_row=first_row)
        columns[column] = numbers
    predictions = pd.DataFrame(columns)
    # The rows of train keep their place, so that a bad row is named by its number in the file.
    predictions.loc[~judged] = 1 / len(order)
    contract.check_probabilities(predictions, order, file=file, first_row=first_row)
    predictions.insert(0, "case_id", cases["case_id"])
    return predictions[judged]


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
