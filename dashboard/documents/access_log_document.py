"""The access log as CSV."""

import csv
import io
from collections.abc import Iterable

from neuroval.dashboard.documents.spreadsheet import row_as_text
from neuroval.data.storage.access_log import Access

COLUMNS = ("number", "at", "who", "kind", "study", "what")


def log_as_csv(entries: Iterable[Access]) -> str:
    """Return entries as CSV; no cell is run by a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row_as_text({name: str(getattr(entry, name)) for name in COLUMNS}) for entry in entries)
    return buffer.getvalue()
