"""Differences between two models: a row a number, point and interval about a line at 0, counts at the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import plotly.graph_objects as go

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.figures.look import APART, BELOW, BESIDE, at_right, finish, headed, name_rows
from neuroval.dashboard.figures.palette import INK, QUIET
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import LONGEST, NOT_ESTIMABLE, figure_names, figure_text, short

LONGEST_LABEL = LONGEST + len(" sensitivity")
NARROWEST = 0.005  # the axis reaches at least so far either way: a hair's breadth should not fill the figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot: what it is called, its colour, the difference and what stands at the right."""

    label: str
    colour: str
    difference: Estimate
    beside: str


class HasDifference(Protocol):
    """A line of a plot of differences."""

    @property
    def difference(self) -> Estimate: ...


def furthest(rows: Sequence[HasDifference]) -> float:
    """Return how far from 0 the axis reaches either way."""
    known = [
        abs(end)
        for row in rows
        for end in (row.difference.low, row.difference.value, row.difference.high)
        if end is not None
    ]
    return min(1.0, 1.06 * max([NARROWEST, *known]))


def differences(title: str, rows: Sequence[Row], *, beside: str) -> go.Figure:
    """Return the plot of ``rows``, first on top, equally far either way from 0; ``beside`` heads the right column."""
    figure, reach = go.Figure(), furthest(rows)
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    for place, row in enumerate(rows):
        difference = row.difference
        if difference.low is None or difference.high is None:
            continue
        line = {"color": row.colour, "width": 2}
        figure.add_scatter(
            x=[difference.low, difference.high], y=[place] * 2, mode="lines", line=line, hoverinfo="skip"
        )
    figure.add_scatter(
        x=[row.difference.value for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"color": [row.colour for row in rows], "size": 10, "symbol": "square"},
        customdata=[[figure_text(short(row.difference)), figure_text(row.label)] for row in rows],
        hovertemplate="%{customdata[0]}<extra>%{customdata[1]}</extra>",
    )
    written = {"showarrow": False, "font": {"size": FIGURE_TEXT, "color": INK}}
    column = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": APART, **written}
    results = [figure_text(row.beside if row.difference.defined else NOT_ESTIMABLE) for row in rows]
    for place, text in enumerate(results):
        figure.add_annotation(y=place, text=text, **column)
    figure.add_annotation(y=-0.9, text=figure_text(beside), **column)
    for text, side, anchor in (("B higher", 0, "left"), ("A higher", 1, "right")):
        figure.add_annotation(x=side, xref="paper", xanchor=anchor, y=-0.9, text=text, **written)
    figure.update_layout(showlegend=False, title=headed(title))
    labels = figure_names([row.label for row in rows], longest=LONGEST_LABEL)
    right = at_right([figure_text(beside), *results])
    room = {"l": BESIDE + widest(labels), "b": BELOW, "t": 36, "r": right}
    finish(figure, height=112 + 32 * len(rows), room=room)
    figure.update_xaxes(range=[-reach, reach], nticks=4, tickangle=0, zeroline=False, gridcolor=QUIET)
    name_rows(figure, labels)
    figure.update_yaxes(range=[len(rows) - 0.5, -1.4])
    return figure
