"""The parts of the report as plain values, which the template draws: headings, paragraphs, tables, figures.

A label is what the checklists refer to. It is set only on what the study has an answer to.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

ROWS: Final = 16  # a table up to so long stays on one page
LETTERS: Final = 2500
SHORT: Final = 36  # letters of a column that may be as wide as needed: an estimate with interval and count
BESIDE_TEXT: Final = 75  # letters of such columns beside one of text, which takes the rest
NARROWEST, WIDEST = 0.5, 2.4  # shares of the width of a table's other columns
A_SHARE: Final = 25  # letters of a column whose share is 1

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
    right: Sequence[str] = (),
    dense: bool = False,
) -> Block:
    """Return a table of rows with the same keys, which are its columns.

    Columns in ``right`` are set flush right. A ``dense`` table is set smaller.
    """
    names = list(rows[0])
    columns = [{"title": name, "align": "right" if name in right else "left"} for name in names]
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

    A table's columns get their widths from what they hold.
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
    """Return the columns with their widths: as wide as needed where all is short, else shares that grow with the text.

    Text of four times the length gets twice the width, since it may go over several lines.
    """
    letters = [max(_letters(row[place]) for row in block["rows"]) for place in range(len(block["columns"]))]
    short = [count for count in letters if count <= SHORT]
    one_line = len(short) < len(letters) and sum(short) <= BESIDE_TEXT
    return [
        {
            **column,
            "width": "auto"
            if count <= SHORT and (place == 0 or one_line)
            else min(WIDEST, max(NARROWEST, math.sqrt(count / A_SHARE))),
        }
        for place, (column, count) in enumerate(zip(block["columns"], letters, strict=True))
    ]


def _letters(cell: Cell) -> int:
    text = cell if isinstance(cell, str) else cell.get("text") or cell.get("note", "")
    return max(map(len, text.split("\n")))
