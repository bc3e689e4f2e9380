"""Which columns of somebody's table are what: names, classes and splits turned into those of the contract."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from neuroval.data.exceptions import InputError
from neuroval.data.storage.spelling import named, plain
from neuroval.data.storage.tables import PREFIX, Table, read_table
from neuroval.data.storage.written_values import as_column, meant, with_values

CLASS: Final = "{class}"
# Names that a column of the reference standard often has, in the order in which they are tried.
LABELS: Final = (
    *("label", "y", "y_true", "true_label", "target", "ground_truth", "gt", "reference", "diagnosis", "class", "truth"),
    *("actual", "labels", "targets", "true", "true_class", "dx"),
)
INSTEAD: Final = "another column is read in its place"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """What is named otherwise in a table than in the contract; what is none or empty is as in the contract.

    ``label`` is the column of the reference standard. ``prob`` is the pattern of columns of probabilities, with
    ``{class}`` for the class; ``positive`` are a class and the one column with its probability, of two classes.
    ``class_map`` and ``split_map`` turn written values into names, of classes also in the names of columns.
    ``image_root`` is the folder that absolute image paths begin with.
    """

    label: str = "label"
    prob: str | None = None
    positive: tuple[str, str] | None = None
    image_path: str | None = None
    image_root: str | None = None
    class_map: Mapping[str, str] = field(default_factory=dict)
    split_map: Mapping[str, str] = field(default_factory=dict)


def mapped(table: Table, mapping: ColumnMapping) -> Table:
    """Return the table as the contract names columns and values. Raises ``InputError`` for a column that is missing."""
    names = _names(table, mapping)
    for column in names:
        if column not in table:
            raise InputError(f"{table.file}: column {column!r} is missing; found {list(table.columns)}.")
    ignored, columns = dict(table.ignored), {}
    for column, values in table.columns.items():
        if column in names:
            columns[names[column]] = values
        elif column in names.values():
            ignored[column] = INSTEAD
        else:
            columns[column] = values
    renamed = replace(table, columns=columns, ignored=ignored)
    columns |= with_values(renamed, {"label": mapping.class_map, "split": mapping.split_map}).columns
    if mapping.image_root is not None and "image_path" in renamed:
        paths = renamed.written("image_path")
        columns["image_path"] = as_column(
            [None if path is None else _below(path, mapping.image_root, row, table) for row, path in paths.items()]
        )
    return replace(renamed, columns=columns)


def proposed(file: Path) -> str:
    """Return the options with which a table would fit, as a sentence; empty where nothing can be guessed."""
    for label in LABELS:
        try:
            table = read_table(file, needed=label)
        except InputError:
            continue
        options = [] if label == "label" else [f"--label {label}"]
        classes = sorted(set(table.written(label).dropna().unique()))
        pattern = _pattern(table, classes)
        if pattern is not None and pattern != PREFIX + CLASS:
            options.append(f"--prob '{pattern}'")
        if pattern is None and len(classes) == 2 and (single := _single(table, label)) is not None:
            options.append(f"--positive {classes[1]}={single}")
        return f" Try {' '.join(options)}." if options else ""
    return ""


def pairs_of(option: str, text: str) -> dict[str, str]:
    """Return what ``0=glioma,1=notumor`` says. Raises ``InputError`` naming the option when it says no such thing."""
    pairs = {}
    for part in filter(None, text.split(",")):
        left, equals, right = part.partition("=")
        if not equals or not left.strip() or not right.strip():
            raise InputError(f"{option} {text!r}: expected pairs such as 0=glioma,1=notumor.")
        pairs[plain(left)] = plain(right)
    return pairs


def _names(table: Table, mapping: ColumnMapping) -> dict[str, str]:
    """Return the columns that have another name in the contract."""
    names = {mapping.label: "label"}
    if mapping.image_path is not None:
        names[mapping.image_path] = "image_path"
    if mapping.positive is not None:
        cls, column = mapping.positive
        names[column] = PREFIX + cls
    pattern = mapping.prob or (PREFIX + CLASS if mapping.class_map else None)
    if pattern is not None:
        before, mark, after = pattern.partition(CLASS)
        if not mark:
            raise InputError(f"--prob {pattern!r}: expected a pattern with {CLASS}, such as 'p_{CLASS}'.")
        whole = re.compile(f"{re.escape(before)}(.+){re.escape(after)}")
        labels = set(table.written(mapping.label).dropna().unique()) if mapping.label in table else set()
        classes = {*labels, *mapping.class_map, *mapping.class_map.values()}
        for column in table.columns:
            match = whole.fullmatch(column)
            if match and (before or after or named(match[1], classes) is not None) and column not in names:
                names[column] = PREFIX + meant(match[1], mapping.class_map)
        if mapping.prob is not None and not any(name.startswith(PREFIX) for name in names.values()):
            raise InputError(f"{table.file}: no column is as --prob {pattern!r}; found {list(table.columns)}.")
    return names


def _below(path: str, root: str, row: object, table: Table) -> str:
    """Return a path relative to the root; a relative one stays. Raises ``InputError`` for one that lies elsewhere."""
    windows = "\\" in path or re.match(r"[A-Za-z]:", path) is not None
    kind = PureWindowsPath if windows else PurePosixPath
    given, above = kind(path), kind(root)
    if not given.is_absolute():
        return path
    if not given.is_relative_to(above):
        raise InputError(f"{table.file}: image_path in row {row} is {path!r}; expected below --image-root {root!r}.")
    return given.relative_to(above).as_posix()


def _pattern(table: Table, classes: Sequence[str]) -> str | None:
    """Return the pattern of columns that hold one for each class, the shortest; none where there is none."""
    patterns = set()
    for cls in classes:
        for column in table.columns:
            place = column.casefold().find(cls.casefold())
            if place >= 0:
                patterns.add(column[:place] + CLASS + column[place + len(cls) :])
    known = {column.casefold() for column in table.columns}
    whole = [p for p in patterns if all(p.replace(CLASS, cls).casefold() in known for cls in classes)]
    return min(whole, key=lambda pattern: (pattern != PREFIX + CLASS, len(pattern)), default=None)


def _single(table: Table, label: str) -> str | None:
    """Return the one column of numbers from 0 to 1, which then is a probability; none where there are more or none."""
    numbers = [name for name in table.columns if name != label]
    within = [name for name in numbers if bool(table.numbers(name).between(0, 1).all())]
    return within[0] if len(within) == 1 else None
