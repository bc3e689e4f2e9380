"""Subgroups: a row each, how far its rate lies from the rest about a line at 0, and the rate itself at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.figures.difference_forest import furthest
from neuroval.dashboard.figures.look import APART, BELOW, BESIDE, at_right, finish, name_rows
from neuroval.dashboard.figures.palette import ACCENT, ALARM, INK, NEUTRAL, QUIET
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import figure_names, figure_text

LONGEST_LABEL = 26
TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
HIT = 26  # pixels of the row that answer a click


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subgroup: how it is called, its name in the address, its difference, and what stands beside it.

    ``differs`` says that chance is ruled out.
    """

    label: str
    name: str
    difference: Estimate
    differs: bool
    beside: str
    hover: str


def subgroup_forest(rows: Sequence[Row], *, beside: str, worse: str, better: str) -> go.Figure:
    """Return the plot of ``rows``, first on top; ``beside`` heads the right column, ``worse`` and ``better`` the sides.

    A difference told from chance is a diamond, red where the subgroup is worse; the others are grey squares.
    """
    figure, reach = go.Figure(), furthest(rows)
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    colours = [_colour(row) for row in rows]
    for place, (row, colour) in enumerate(zip(rows, colours, strict=True)):
        low, high = row.difference.low, row.difference.high
        if low is not None and high is not None:
            line = {"color": colour, "width": 2}
            figure.add_scatter(x=[low, high], y=[place] * 2, mode="lines", line=line, hoverinfo="skip")
    symbols = ["diamond" if row.differs else "square" for row in rows]
    sizes = [13 if row.differs else 9 for row in rows]
    figure.add_scatter(
        x=[row.difference.value for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"color": colours, "size": sizes, "symbol": symbols},
        customdata=[[row.name, figure_text(row.hover), figure_text(row.label)] for row in rows],
        hovertemplate="%{customdata[1]}<extra>%{customdata[2]}</extra>",
    )
    figure.add_scatter(  # the whole row answers a click, also where there is no difference
        x=[0.0] * len(rows),
        y=list(range(len(rows))),
        mode="markers",
        marker={"color": "rgba(0,0,0,0)", "size": HIT},
        customdata=[[row.name, figure_text(row.hover), figure_text(row.label)] for row in rows],
        hovertemplate="%{customdata[1]}<extra>%{customdata[2]}</extra>",
    )
    written = {"showarrow": False, "font": {"size": FIGURE_TEXT, "color": INK}}
    column = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": APART, **written}
    texts = [figure_text(row.beside) for row in rows]
    for place, text in enumerate(texts):
        figure.add_annotation(y=place, text=text, **column)
    figure.add_annotation(y=-0.9, text=figure_text(beside), **column)
    for text, side, anchor in ((worse, 0, "left"), (better, 1, "right")):
        figure.add_annotation(x=side, xref="paper", xanchor=anchor, y=-0.9, text=text, **written)
    labels = figure_names([row.label for row in rows], longest=LONGEST_LABEL)
    room = {"l": BESIDE + widest(labels), "b": BELOW, "t": 8, "r": at_right([figure_text(beside), *texts])}
    figure.update_layout(showlegend=False)
    finish(figure, height=78 + 32 * len(rows), room=room)
    tick = max(step for step in TICKS if step <= reach)
    figure.update_xaxes(
        range=[-reach, reach],
        tickvals=[-tick, 0, tick],
        ticktext=[f"\N{MINUS SIGN}{tick:g}", "0", f"+{tick:g}"],
        tickangle=0,
        zeroline=False,
        gridcolor=QUIET,
    )
    name_rows(figure, labels)
    figure.update_yaxes(range=[len(rows) - 0.5, -1.4])
    return figure


def _colour(row: Row) -> str:
    if not row.differs:
        return NEUTRAL
    return ALARM if (row.difference.value or 0.0) < 0 else ACCENT
