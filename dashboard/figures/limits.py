"""Criteria below each other on one axis: each interval, the limit that it has to reach, and what came out."""

from collections.abc import Sequence
from itertools import chain

import plotly.graph_objects as go

from neuroval.dashboard.figures.look import APART, at_right, finish, name_rows
from neuroval.dashboard.figures.palette import ACCENT, ALARM, INK, NEUTRAL
from neuroval.dashboard.figures.stacked import AXIS, BELOW, BESIDE, start_below
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import figure_names, figure_text, full, short
from neuroval.dashboard.words.overview import Limit

COLOURS = {True: ACCENT, False: ALARM, None: NEUTRAL}
TALL = 0.32  # of a row: half the mark of a limit
TWO_LINES = 40  # pixels of a row


def limits_figure(rows: Sequence[Limit]) -> go.Figure:
    """Return the figure, first row on top; a number that is not estimable has its limit alone."""
    ends = [end for row in rows for end in (row.estimate.low, row.estimate.value, row.at_least)]
    start = start_below(ends)
    figure = go.Figure()
    for place, row in enumerate(rows):
        limit = {"color": INK, "width": 2}
        figure.add_scatter(
            x=[row.at_least] * 2, y=[place - TALL, place + TALL], mode="lines", line=limit, hoverinfo="skip"
        )
        estimate, colour = row.estimate, COLOURS[row.met]
        if estimate.low is not None and estimate.high is not None:
            line = {"color": colour, "width": 6}
            figure.add_scatter(
                x=[estimate.low, estimate.high], y=[place] * 2, mode="lines", line=line, hoverinfo="skip"
            )
    figure.add_scatter(
        x=[row.estimate.value for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"color": [COLOURS[row.met] for row in rows], "symbol": "square", "size": 11},
        customdata=[[figure_text(full(row.estimate)), figure_text(row.label), f"{row.at_least:g}"] for row in rows],
        hovertemplate="%{customdata[0]}, at least %{customdata[2]}<extra>%{customdata[1]}</extra>",
    )
    column = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": APART, "showarrow": False}
    column["font"] = {"size": FIGURE_TEXT, "color": INK}
    column["align"] = "left"
    beside = [_beside(row) for row in rows]
    figure.layout.annotations = [
        {**column, "y": place, "text": "<br>".join(lines)} for place, lines in enumerate(beside)
    ]
    names = figure_names([row.label for row in rows])
    figure.update_layout(showlegend=False)
    room = {"l": BESIDE + widest(names), "b": BELOW, "t": 0, "r": at_right([*chain(*beside)])}
    finish(figure, height=AXIS + TWO_LINES * len(rows), room=room)
    figure.update_xaxes(range=[start, 1 + 0.02 * (1 - start)], tickformat=".2f", nticks=4, tickangle=0, showgrid=True)
    name_rows(figure, names)
    return figure


def _beside(row: Limit) -> tuple[str, ...]:
    """Return the outcome and, where there is one, the number with its interval: each a line."""
    return (row.outcome,) if row.estimate.low is None else (row.outcome, figure_text(short(row.estimate)))
