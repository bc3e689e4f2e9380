"""The parts of the report as plain values, which the template draws: headings, paragraphs, tables, figures.

A label is what the checklists refer to. It is set only on what the study has an answer to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Block = dict[str, Any]
Cell = str | Mapping[str, Any]


def heading(
    words: str, *, label: str | None = None, level: int = 1, new_page: bool = False, plain: bool = False
) -> Block:
    """Return a heading; a ``plain`` one has no number."""
    return {
        "kind": "heading",
        "text": words,
        "level": level,
        "label": label,
        "new-page": new_page,
        "plain": plain,
    }


def paragraph(words: str, *, label: str | None = None, style: str = "body", badge: str | None = None) -> Block:
    """Return a paragraph: ``answer`` is set larger, ``note`` smaller; ``badge`` stands before it."""
    return {"kind": "paragraph", "text": words, "style": style, "label": label, "badge": badge}


def note(words: str) -> Block:
    """Return a small paragraph."""
    return paragraph(words, style="note")


def bullets(items: Sequence[str]) -> Block:
    """Return a list."""
    return {"kind": "list", "items": list(items)}


def facts(rows: Sequence[Sequence[str | None]]) -> Block:
    """Return names and what is known of them; a third value is the label."""
    return {"kind": "facts", "rows": [[*row, None][:3] for row in rows]}


def table(
    rows: Sequence[Mapping[str, Cell]],
    caption: str,
    *,
    label: str | None = None,
    widths: Sequence[float | None] = (),
    right: Sequence[str] = (),
) -> Block:
    """Return a table of rows with the same keys, which are its columns.

    ``widths`` are shares of the width, none for as wide as needed; by default the first column is as wide as needed
    and the others are equal. Columns in ``right`` are set flush right.
    """
    names = list(rows[0])
    shares = list(widths) or [None, *[1.0] * (len(names) - 1)]
    columns = [
        {"title": name, "width": "auto" if share is None else share, "align": "right" if name in right else "left"}
        for name, share in zip(names, shares, strict=True)
    ]
    cells = [[row[name] for name in names] for row in rows]
    return {"kind": "table", "caption": caption, "columns": columns, "rows": cells, "label": label}


def figure(drawing: Mapping[str, Any], caption: str, *, alt: str, label: str | None = None) -> Block:
    """Return a figure with its caption and, for those who cannot see it, what it shows."""
    return {"kind": "figure", **drawing, "caption": caption, "alt": alt, "label": label}
