"""Text in a file for spreadsheets: what one would run as a formula is marked as text by an apostrophe before it.

Names of classes, scans, patients and sources come with the data; a cell such as ``=HYPERLINK(...)`` would be run when
the file is opened. Source: OWASP, CSV Injection.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

MARK: Final = "'"
# The last four are what spreadsheets of East Asia take for the first four.
STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Numbers with their signs, and intervals as pages print them: without a name there is nothing to run.
NUMBERS: Final = re.compile(r"[+-](?:[\d\s.,%()/\u2013\u2212-]|to|e)*")


def as_text(cell: str) -> str:
    """Return a cell that no spreadsheet runs; numbers stay as they are."""
    return MARK + cell if cell.startswith(STARTS) and not NUMBERS.fullmatch(cell) else cell


def row_as_text(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row whose names and cells no spreadsheet runs."""
    return {as_text(name): as_text(cell) for name, cell in row.items()}


def cells_as_text(cells: Iterable[str]) -> list[str]:
    """Return cells that no spreadsheet runs."""
    return [as_text(cell) for cell in cells]
