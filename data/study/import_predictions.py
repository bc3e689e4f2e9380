"""Making a study of predictions that come from anywhere."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from neuroval.data.classes import BRAIN_TUMOR, MAX_CLASSES, ClassOrder
from neuroval.data.dataset.folder import case_id
from neuroval.data.dataset.intake import Intake, Missing, crowded_ids, unread_ids
from neuroval.data.dataset.splits import group_ids
from neuroval.data.exceptions import InputError
from neuroval.data.images.duplicates import exact_copies
from neuroval.data.schema import PAIRS, SPLITS
from neuroval.data.storage.lock import holding
from neuroval.data.storage.spelling import named, plain, relative_path, split_of
from neuroval.data.storage.tables import PREFIX, Table, read_table, table_sha256
from neuroval.data.study import contract
from neuroval.data.study.column_mapping import ColumnMapping, mapped, proposed
from neuroval.data.study.folder import Study, check_place, write_study
from neuroval.data.study.further_columns import as_columns, kept_columns
from neuroval.data.study.manifest import About, DataFacts, Manifest

TEXT_COLUMNS: Final = ("case_id", "split", "label", "image_path", "patient_id", "plane", "source", "site")
REASON: Final = "reason"  # why a row has no probabilities


@holding("out")
def study_of_predictions(
    file: Path,
    *,
    out: Path,
    data_name: str | None = None,
    title: str | None = None,
    classes: Sequence[str] | None = None,
    negative: str | None = None,
    claims: Path | None = None,
    keep: Sequence[str] | None = None,
    mapping: ColumnMapping | None = None,
) -> Study:
    """Write a study of the predictions in a table to the folder ``out`` and return it.

    The table is whatever ``storage.tables`` reads. It has ``label`` and one ``prob_<class>`` per class, of two classes
    one is enough; ``case_id``, ``split`` (default ``test``), ``image_path``, ``patient_id``, ``plane``, ``source`` and
    ``site`` are optional. Of the other columns those that ``keep`` names are kept as they are, by default all that
    are text of few values, or numbers (``further_columns``). Classes are in the order of ``classes``, else of the
    columns.
    Rows of split ``train`` become cases without a prediction: they serve to find leaks, and their probabilities are not
    looked at. A row whose probabilities are all empty and whose column ``reason`` is not is a case without a result:
    the read failed or was indeterminate. Without ``case_id`` a case is known by its image path, else by its row number.
    Names default to that of the folder. ``mapping`` says which columns are what where the table names them otherwise.
    ``claims`` is a claims file for the study. What was read, missing and ignored is the ``intake`` of the manifest.

    Raises ``InputError`` naming file, column, first bad row and what was expected; rows are counted as a
    spreadsheet does for CSV (the header is row 1), from 0 for Parquet. Nothing is written then.
    """
    check_place(out)
    table = _read(file, mapping)
    if not len(table.rows):
        raise InputError(f"{file}: no rows; a study needs at least one prediction.")
    order = _class_order(table, classes=classes, negative=negative)
    name = data_name or out.name
    cases, missing = _cases(table, order, data_name=name)
    no_result = _no_result(table, cases, order)
    taken = TEXT_COLUMNS if no_result.empty else (*TEXT_COLUMNS, named(REASON, table.columns) or REASON)
    further, ignored = kept_columns(table, keep=keep, taken=taken)
    cases = cases.assign(**further)
    predictions = _predictions(table, cases, order, without=no_result.index)
    manifest = Manifest(
        about=About(name=out.name, title=title or out.name),
        classes=order,
        data=DataFacts(name=name, columns=as_columns(further)),
        provenance={
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "code_version": version("neuroval"),
            "predictions_sha256": table_sha256(file),
            "intake": _intake(table, order, cases, missing, ignored, without=len(no_result)).to_document(),
        },
    )
    return write_study(
        out,
        manifest=manifest,
        cases=cases,
        predictions=predictions,
        optional={"no_result": no_result.sort_values("case_id")},
        claims=claims,
    )


def _read(file: Path, mapping: ColumnMapping | None) -> Table:
    """Return the table in the names of the contract; what does not fit is said with the options that would fit."""
    try:
        if mapping is not None:
            return mapped(read_table(file, needed=mapping.label, known=TEXT_COLUMNS), mapping)
        table = read_table(file, needed="label", known=TEXT_COLUMNS)
    except InputError as error:
        options = proposed(file) if "is missing" in str(error) else ""
        raise InputError(f"{error}{options}") from None
    if not any(column.startswith(PREFIX) for column in table.columns) and (options := proposed(file)):
        raise InputError(f"{file}: no column prob_<class>; found {list(table.columns)}.{options}")
    return table


def _class_order(table: Table, *, classes: Sequence[str] | None, negative: str | None) -> ClassOrder:
    file = table.file
    columns = [column.removeprefix(PREFIX) for column in table.columns if column.startswith(PREFIX)]
    names = _two_classes(table, columns, classes, negative) if len(columns) == 1 else None
    if names is None:
        names = columns if classes is None else [named(name, columns) or plain(name) for name in classes]
        missing = [name for name in names if name not in columns]
        if missing:
            raise InputError(f"{file}: column {PREFIX + missing[0]!r} is missing; found {list(table.columns)}.")
        unknown = [name for name in columns if name not in names]
        if unknown:
            raise InputError(f"{file}: column {PREFIX + unknown[0]!r} is of no class; expected classes {names}.")
        _check_no_other(table, names)
    if len(names) < 2:
        raise InputError(
            f"{file}: found {len(names)} {'column' if len(names) == 1 else 'columns'} prob_<class>, expected one for "
            "each of 2 or more classes."
        )
    shown = {name: BRAIN_TUMOR.display[name] for name in names if name in BRAIN_TUMOR.names}
    ours = set(names) == set(BRAIN_TUMOR.names)  # some of our colours among others' could be the same twice
    colour = dict(BRAIN_TUMOR.colour) if ours else {}
    nothing = None if negative is None else named(negative, names) or negative
    return ClassOrder(names=tuple(names), negative=nothing, display=shown, colour=colour)


def _two_classes(
    table: Table, probabilities: list[str], classes: Sequence[str] | None, negative: str | None
) -> list[str] | None:
    """Return both classes where one column gives the probability of one of them; none where they are not two."""
    labels = [label for label in table.written("label").dropna().unique() if named(label, probabilities) is None]
    names = [*probabilities, *dict.fromkeys(map(plain, [*labels, *(classes or ()), *([negative] if negative else ())]))]
    names = list(dict.fromkeys(named(name, names) or name for name in names))
    if len(names) != 2:
        return None
    return names if classes is None else [named(name, names) or name for name in classes]


def _check_no_other(table: Table, names: Sequence[str]) -> None:
    """Refuse a column ``prob_...`` of no class: no label is of it, and only without it do probabilities add up to 1."""
    labels = {named(label, names) for label in table.written("label").dropna().unique()}
    others = [name for name in names if name not in labels]
    if not others or len(others) == len(names) or len(names) > MAX_CLASSES:
        return
    empty = [table.known(PREFIX + name)[0].isna().to_numpy() for name in names]
    judged = (_split(table) != "train").to_numpy() & ~np.logical_and.reduce(empty)
    numbers = {name: table.numbers(PREFIX + name).to_numpy()[judged] for name in names}
    for left_out in [*([name] for name in others), others]:
        rest = [numbers[name] for name in names if name not in left_out]
        if (
            len(rest) > 1
            and contract.adds_up(np.stack(rest, axis=1)).all()
            and not (contract.adds_up(np.stack(list(numbers.values()), axis=1)).all())
        ):
            columns = " and ".join(repr(PREFIX + name) for name in left_out)
            raise InputError(
                f"{table.file}: column {columns} is of no class: no label names it, and without it the probabilities "
                "add up to 1. Rename it so that it does not begin with prob_, or leave it out."
            )


def _split(table: Table) -> pd.Series:
    """Return the split of each row, ``test`` where none is given; one that is unknown stays as it is written."""
    written, _ = table.known("split")
    spelled = {split: split_of(split) or split for split in written.dropna().unique()}
    return written.map(spelled).astype("str").fillna("test")


def _cases(table: Table, order: ClassOrder, *, data_name: str) -> tuple[pd.DataFrame, tuple[Missing, ...]]:
    file, missing = table.file.name, []

    def refuse(column: str, bad: pd.Series, expected: str) -> None:
        contract.refuse(file, column, bad, cases[column], expected)

    cases = pd.DataFrame(index=table.rows)
    for column in TEXT_COLUMNS:
        if column in ("case_id", "label"):  # a class may be called unknown, and an id is an id
            cases[column] = table.written(column)
            continue
        cases[column], written = table.known(column)
        if column in table or column == "patient_id":
            count = int(cases[column].isna().sum())
            missing.append(Missing(column=column, count=count, n=len(cases), written=written))
    cases["split"] = _split(table)
    refuse("split", ~cases["split"].isin(SPLITS), f"one of {list(SPLITS)}")
    spelled = {label: named(label, order.names) or label for label in cases["label"].dropna().unique()}
    cases["label"] = cases["label"].map(spelled).astype("str")
    refuse("label", ~cases["label"].isin(order.names), f"one of {list(order.names)}")
    contract.check_paths(cases["image_path"], file=file)
    paths = cases["image_path"] = cases["image_path"].map(relative_path, na_action="ignore").astype("str")
    if "case_id" in table:
        refuse("case_id", cases["case_id"].isna(), "a name that is not empty")
        refuse("case_id", cases["case_id"].duplicated(), "each case once")
    else:
        refuse("image_path", paths.notna() & paths.duplicated(), "each image once")
        known_by = paths.fillna(pd.Series(range(len(paths)), index=paths.index).astype("str"))
        cases["case_id"] = [case_id(data_name, key) for key in known_by.tolist()]
    cases["group_id"] = group_ids(cases, _of_one_file(cases))
    return cases, tuple(missing)


def _of_one_file(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases of one image file, such as frames of a volume, as pairs: they must stay in one split.

    They are no copies of each other, so the study keeps them as a group and not as pairs.
    """
    same = exact_copies(cases[["case_id"]].assign(sha256=cases["image_path"]))
    return same.astype(PAIRS.empty_table().to_pandas().dtypes)


def _no_result(table: Table, cases: pd.DataFrame, order: ClassOrder) -> pd.DataFrame:
    """Return the cases without any probability for which a reason is given."""
    reasons = table.written(named(REASON, table.columns) or REASON)
    if reasons.isna().all():  # as in nearly every table: the probabilities are not looked through for nothing
        return pd.DataFrame({"case_id": cases["case_id"], REASON: reasons})[:0]
    given = [table.known(column)[0] for column in order.probability_columns if column in table]
    nothing = np.logical_and.reduce([column.isna().to_numpy() for column in given])
    without = nothing & reasons.notna().to_numpy() & (cases["split"] != "train").to_numpy()
    table_of_reasons = pd.DataFrame({"case_id": cases["case_id"], REASON: reasons})
    told: pd.DataFrame = table_of_reasons.loc[without]
    return told


def _predictions(table: Table, cases: pd.DataFrame, order: ClassOrder, *, without: pd.Index) -> pd.DataFrame:
    """Return the predictions of the judged cases, but those in the rows ``without`` a result."""
    file = table.file.name
    judged = ((cases["split"] != "train") & ~cases.index.isin(without)).to_numpy()
    if not judged.any() and len(without):
        raise InputError(f"{file}: no row has probabilities; a study needs at least one prediction.")
    if not judged.any():
        raise InputError(f"{file}: every row is of split 'train'; expected cases of tuning, test or external.")
    columns = {}
    for column in order.probability_columns:
        if column not in table:
            continue
        numbers = columns[column] = table.numbers(column)
        bad = judged & ~((numbers >= 0) & (numbers <= 1)).to_numpy()
        contract.refuse(file, column, bad, table.written(column), "a probability from 0 to 1, such as 0.25")
    if len(columns) == 1:  # of two classes, one follows from the other
        (given,) = columns.values()
        columns = {column: columns.get(column, 1 - given) for column in order.probability_columns}
    predictions = pd.DataFrame(columns)[judged]
    contract.check_probabilities(predictions, order, file=file)
    predictions.insert(0, "case_id", cases["case_id"])
    return predictions


def _intake(
    table: Table,
    order: ClassOrder,
    cases: pd.DataFrame,
    missing: tuple[Missing, ...],
    ignored: Mapping[str, str],
    *,
    without: int,
) -> Intake:
    named_columns = (*TEXT_COLUMNS, *order.probability_columns)
    kept = [column for column in (*named_columns, *table.columns) if column in table and column not in ignored]
    notes = [
        f"prob_{name} is taken as 1 minus the other probability" for name in order.names if PREFIX + name not in table
    ]
    if shared := int(cases["image_path"].dropna().duplicated(keep=False).sum()):
        notes.append(f"{shared:,} name an image file that another row names too: they are one group")
    if training := int((cases["split"] == "train").sum()):
        notes.append(f"{training:,} of split train: they serve to find leaks, their probabilities are not looked at")
    if without:
        notes.append(f"{without:,} without probabilities, with a reason: they count as cases without a result")
    return Intake(
        unit="row",
        read=len(cases),
        missing=missing,
        kept=tuple(dict.fromkeys(kept)),
        ignored={**ignored, **table.ignored},
        notes=(*table.notes, *notes, *crowded_ids(cases["patient_id"]), *unread_ids(table.columns)),
    )
