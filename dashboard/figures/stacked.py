"""Rows in sections below each other, each under its heading, on one axis from a start to 1."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import plotly.graph_objects as go

from neuroval.dashboard.figures.look import finish, name_rows
from neuroval.dashboard.figures.typeface import widest

_Row = TypeVar("_Row")

ROW = 32  # pixels
AXIS = 40
BESIDE, BELOW = 10, 26  # less than elsewhere: the axes cross at the end of the rows


def start_below(ends: Iterable[float | None]) -> float:
    """Return where a shared axis begins: the twentieth below all values and bounds that are known."""
    smallest = min((end for end in ends if end is not None), default=0.0)
    return max(0.0, int((smallest - 0.005) * 20) / 20)


def placed(sections: Sequence[tuple[str, Sequence[_Row]]]) -> Iterator[tuple[int, _Row]]:
    """Yield each row with its place on the y axis; a heading takes a place too."""
    place = 0
    for _, rows in sections:
        yield from enumerate(rows, start=place + 1)
        place += 1 + len(rows)


def finish_sections(
    figure: go.Figure, sections: Sequence[tuple[str, Sequence[str]]], *, start: float, right: int = 8
) -> go.Figure:
    """Return the figure with the names of its rows, its headings and the axis, and so many pixels at the right.

    ``sections`` hold names.
    """
    names = [name for heading, rows in sections for name in (f"<b>{heading}</b>", *rows)]
    figure.update_layout(showlegend=False)
    room = {"l": BESIDE + widest(names), "b": BELOW, "t": 0, "r": right}
    finish(figure, height=AXIS + ROW * len(names), room=room)
    figure.update_xaxes(range=[start, 1 + 0.02 * (1 - start)], tickformat=".2f", nticks=4, tickangle=0, showgrid=True)
    name_rows(figure, names)
    return figure
