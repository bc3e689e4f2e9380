"""Making a study of predictions that come from anywhere."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.dataset.folder import case_id
from neuroval.data.dataset.splits import group_ids
from neuroval.data.exceptions import InputError
from neuroval.data.schema import PAIRS, SPLITS
from neuroval.data.storage.csv_text import read_csv
from neuroval.data.storage.files import file_sha256
from neuroval.data.study import contract
from neuroval.data.study.folder import Study, check_place, write_study
from neuroval.data.study.manifest import About, DataFacts, Manifest

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
    claims: Path | None = None,
) -> Study:
    """Write a study of the predictions in a CSV or Parquet file to the folder ``out`` and return it.

    The file has ``label`` and one ``prob_<class>`` per class; ``case_id``, ``split`` (default ``test``),
    ``image_path``, ``patient_id``, ``plane``, ``source`` and ``site`` are optional, other columns are ignored. Classes
    are in the order of ``classes``, else of the columns. Rows of split ``train`` become cases without a prediction:
    they serve to find leaks, and their probabilities are not looked at. Without ``case_id`` a case is known by its
    image path, else by its row number. Names default to that of the folder. ``claims`` is a claims file for the study.

    Raises ``InputError`` naming file, column, first bad row and what was expected; rows are counted as a
    spreadsheet does for CSV (the header is row 1), from 0 for Parquet. Nothing is written then.
    """
    check_place(out)
    table = _read(file)
    order = _class_order(table, file=file, classes=classes, negative=negative)
    name = data_name or out.name
    cases = _cases(table, order, data_name=name, file=file.name)
    predictions = _predictions(table, cases, order, file=file.name)
    manifest = Manifest(
        about=About(name=out.name, title=title or out.name),
        classes=order,
        data=DataFacts(name=name),
        provenance={
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": version("neuroval"),
            "predictions_sha256": file_sha256(file),
        },
    )
    return write_study(out, manifest=manifest, cases=cases, predictions=predictions, claims=claims)


def _read(file: Path) -> pd.DataFrame:
    """Return the table with row numbers as its index, as they are counted in messages."""
    kind = file.suffix.lower()
    if kind == ".csv":
        table = read_csv(file, needed="label")
    elif kind == ".parquet":
        table = _read_parquet(file)
    else:
        raise InputError(f"{file}: expected predictions as .csv or .parquet.")
    if "label" not in table:
        raise InputError(f"{file}: column 'label' is missing; found {list(table.columns)}.")
    if table.empty:
        raise InputError(f"{file}: no rows; a study needs at least one prediction.")
    return table


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pq.read_table(file).to_pandas()
    except FileNotFoundError:
        raise InputError(f"{file}: no such file.") from None
    except (ValueError, OSError, pa.ArrowException) as error:
        raise InputError(f"{file}: not a readable Parquet file ({str(error).splitlines()[0]}).") from None
    return table.reset_index(drop=True)


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
            f"{file}: found {len(names)} {'column' if len(names) == 1 else 'columns'} prob_<class>, expected one for "
            "each of 2 or more classes."
        )
    shown = {name: BRAIN_TUMOR.display[name] for name in names if name in BRAIN_TUMOR.names}
    ours = set(names) == set(BRAIN_TUMOR.names)  # some of our colours among others' could be the same twice
    colour = dict(BRAIN_TUMOR.colour) if ours else {}
    return ClassOrder(names=tuple(names), negative=negative, display=shown, colour=colour)


def _cases(table: pd.DataFrame, order: ClassOrder, *, data_name: str, file: str) -> pd.DataFrame:
    def refuse(column: str, bad: pd.Series, expected: str) -> None:
        contract.refuse(file, column, bad, cases[column], expected)

    cases = pd.DataFrame({column: _text(table, column) for column in TEXT_COLUMNS})
    cases["split"] = cases["split"].fillna("test")
    refuse("split", ~cases["split"].isin(SPLITS), f"one of {list(SPLITS)}")
    refuse("label", ~cases["label"].isin(order.names), f"one of {list(order.names)}")
    paths = cases["image_path"]
    contract.check_paths(paths, file=file)
    if "case_id" in table:
        refuse("case_id", cases["case_id"].isna(), "a name that is not empty")
        refuse("case_id", cases["case_id"].duplicated(), "each case once")
    else:
        refuse("image_path", paths.notna() & paths.duplicated(), "each image once")
        known_by = (str(place) if pd.isna(path) else path for place, path in enumerate(paths))
        cases["case_id"] = [case_id(data_name, key) for key in known_by]
    cases["group_id"] = group_ids(cases, PAIRS.empty_table().to_pandas())
    return cases


def _text(table: pd.DataFrame, column: str) -> pd.Series:
    if column not in table:
        return pd.Series(None, index=table.index, dtype="str")
    text = table[column].astype("str").str.strip()
    return text.mask(table[column].isna() | (text == ""))


def _predictions(table: pd.DataFrame, cases: pd.DataFrame, order: ClassOrder, *, file: str) -> pd.DataFrame:
    judged = (cases["split"] != "train").to_numpy()
    if not judged.any():
        raise InputError(f"{file}: every row is of split 'train'; expected cases of tuning, test or external.")
    columns = {}
    for column in order.probability_columns:
        values = [_number(value) for value in table[column].to_numpy(object)]
        numbers = pd.Series(values, index=table.index, dtype="float64")
        bad = judged & ~((numbers >= 0) & (numbers <= 1)).to_numpy()
        contract.refuse(file, column, bad, table[column], "a probability from 0 to 1, such as 0.25")
        columns[column] = numbers
    predictions = pd.DataFrame(columns)[judged]
    contract.check_probabilities(predictions, order, file=file)
    predictions.insert(0, "case_id", cases["case_id"])
    return predictions


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
