"""Reading CSV as spreadsheets write it: every value as text, every row with the number that the spreadsheet shows."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from neuroval.data.exceptions import InputError

SEPARATORS = (",", ";", "\t")


def read_csv(path: Path, *, needed: str) -> pd.DataFrame:
    """Return the table as text; its index is the number of each row in the file, the first row being 1.

    Values are separated by commas, semicolons or tabs: whichever gives the header a column ``needed``. Cells are
    stripped, empty ones are missing, and rows without any value are left out. Raises ``InputError`` when the file
    cannot be read, is not UTF-8, names a column twice, lacks the needed one or has a row longer than its header.
    """
    text = _text(path)
    headers = {separator: _header(text, separator) for separator in SEPARATORS}
    separator = next((one for one, header in headers.items() if needed in header), None)
    if separator is None:
        raise InputError(
            f"{path}: column {needed!r} is missing; found {max(headers.values(), key=len)}. Expected a header of "
            "names separated by commas, semicolons or tabs."
        )
    header = headers[separator]
    try:
        rows = dict(_rows(text, separator, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV file ({error}).") from None
    if repeated := [name for name in header if name and header.count(name) > 1]:
        raise InputError(f"{path}: column {repeated[0]!r} appears twice; expected each column once.")
    numbers = list(rows)[1:]
    for number in numbers:
        if any(rows[number][len(header) :]):
            raise InputError(f"{path}: row {number} has more values than the header has names.")
    columns = {
        name: [rows[number][place] if place < len(rows[number]) else "" for number in numbers]
        for place, name in enumerate(header)
        if name
    }
    table = pd.DataFrame(columns, index=pd.Index(numbers, dtype="int64"), dtype="str")
    return table.mask(table == "")


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"{path}: not UTF-8 text; save it again as CSV UTF-8.")
    return text


def _header(text: str, separator: str) -> list[str]:
    return next((row for _, row in _rows(text, separator, strict=False)), [])


def _rows(text: str, separator: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold a value, with their numbers."""
    rows = csv.reader(io.StringIO(text), delimiter=separator, strict=strict)
    stripped = ([cell.strip() for cell in row] for row in rows)
    return ((number, row) for number, row in enumerate(stripped, start=1) if any(row))
