"""A table that lists the images of a data set, wherever they lie below a folder, with columns of any name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from neuroval.data.exceptions import InputError
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.spelling import named
from neuroval.data.storage.tables import Table, read_table
from neuroval.data.storage.written_values import with_values

COLUMNS: Final = ("image_path", "label", "split", "patient_id", "plane", "source", "site", "mask_path")
SHORT: Final = {"path": "image_path", "patient": "patient_id", "mask": "mask_path"}  # as people write them
NOT_LISTED: Final = "not in the table of images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The table, and what it names otherwise than the contract.

    ``columns`` maps names of the contract (or ``path``, ``patient``, ``mask``) to those of the table, ``class_map`` and
    ``split_map`` what is written in it to classes and splits.
    """

    file: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    class_map: Mapping[str, str] = field(default_factory=dict)
    split_map: Mapping[str, str] = field(default_factory=dict)

    def identity(self) -> list[Any]:
        """Return what tells it from another: the sha256 of its file, and what is mapped."""
        maps = (self.columns, self.class_map, self.split_map)
        return [file_sha256(self.file), *(dict(sorted(pairs.items())) for pairs in maps)]


def listed(listing: Listing) -> Table:
    """Return the table with the columns of the contract.

    Raises ``InputError`` when it cannot be read, lacks a column that is named, or is told of one that no study keeps.
    """
    columns = {SHORT.get(name, name): column for name, column in listing.columns.items()}
    if unknown := [name for name in columns if name not in COLUMNS]:
        expected = [*SHORT, *(name for name in COLUMNS if name not in SHORT.values())]
        raise InputError(f"--columns: {unknown[0]!r} is not known; expected some of {expected}.")
    needed = columns.get("image_path", "image_path")
    table = read_table(listing.file, needed=needed, known=[name for name in COLUMNS if name not in columns])
    for name, column in columns.items():
        if (there := named(column, table.columns)) is None:
            raise InputError(f"{listing.file}: --columns {name}={column}: no such column; found {list(table.columns)}.")
        columns[name] = there
    given = {column: name for name, column in columns.items()}
    renamed = {given.get(column, column): values for column, values in table.columns.items() if column not in columns}
    table = replace(table, columns={**renamed, **{name: table.columns[column] for name, column in columns.items()}})
    return with_values(table, {"label": listing.class_map, "split": listing.split_map})
