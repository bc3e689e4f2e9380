"""The parts of the report as plain values, which the template draws: headings, paragraphs, tables, figures.

A label is what the checklists refer to. It is set only on what the study has an answer to.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

ROWS: Final = 16  # a table up to so long stays on one page
LETTERS: Final = 2500
LONG: Final = 30  # letters in a cell of a column that is as wide as needed
WIDE: Final = 1.6  # its share of the width otherwise

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
    """Return a paragraph: ``answer`` is set larger, ``fine`` and ``note`` smaller; ``badge`` stands before it."""
    return {"kind": "paragraph", "text": words, "style": style, "label": label, "badge": badge, "sticky": False}


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
    dense: bool = False,
) -> Block:
    """Return a table of rows with the same keys, which are its columns.

    ``widths`` are shares of the width, none for as wide as needed; by default the first column is as wide as needed
    and the others are equal. Columns in ``right`` are set flush right. A ``dense`` table is set smaller.
    """
    names = list(rows[0])
    shares = list(widths) or [None, *[1.0] * (len(names) - 1)]
    columns = [
        {"title": name, "width": "auto" if share is None else share, "align": "right" if name in right else "left"}
        for name, share in zip(names, shares, strict=True)
    ]
    cells = [[row[name] for name in names] for row in rows]
    whole = len(cells) <= ROWS and sum(len(cell) for row in cells for cell in row if isinstance(cell, str)) <= LETTERS
    return {
        "kind": "table",
        "caption": caption,
        "columns": columns,
        "rows": cells,
        "label": label,
        "dense": dense,
        "breakable": not whole,
    }


def figure(drawing: Mapping[str, Any], caption: str, *, alt: str, label: str | None = None) -> Block:
    """Return a figure with its caption and, for those who cannot see it, what it shows."""
    return {"kind": "figure", **drawing, "caption": caption, "alt": alt, "label": label}


def laid_out(blocks: Sequence[Block]) -> list[Block]:
    """Return printable blocks as they are set: a paragraph stays with the figure, table or cards that it leads to.

    A column that is as wide as needed gets a share of the width where a long name would leave nothing to the others.
    """
    following = [*(block["kind"] for block in blocks[1:]), ""]
    laid = []
    for block, after in zip(blocks, following, strict=True):
        if block["kind"] == "paragraph":
            laid.append({**block, "sticky": after in ("figure", "table", "cards")})
        elif block["kind"] == "table":
            laid.append({**block, "columns": _widths(block)})
        else:
            laid.append(block)
    return laid


def _widths(block: Block) -> list[dict[str, Any]]:
    columns = []
    for place, column in enumerate(block["columns"]):
        letters = max(len(row[place]) if isinstance(row[place], str) else 0 for row in block["rows"])
        long = column["width"] == "auto" and letters > LONG
        columns.append({**column, "width": WIDE} if long else column)
    return columns
