"""Forest plot of one rate: a row per class, point and interval, counts at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from analysis.estimate import Estimate
from dashboard.figures.formats import LONGEST, NOT_ESTIMABLE, counts, figure_text, full, number
from dashboard.figures.look import INK, finish, name_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot: what it is called, its colour and its number."""

    label: str
    colour: str
    estimate: Estimate


def lowest(estimates: Sequence[Estimate]) -> float:
    """Return where a shared axis begins: the twentieth below every value and bound."""
    known = [end for estimate in estimates for end in (estimate.low, estimate.value) if end is not None]
    smallest = min(known, default=0.0)
    return max(0.0, int((smallest - 0.005) * 20) / 20)


def forest(title: str, rows: Sequence[Row], *, start: float) -> go.Figure:
    """Return the plot of ``rows``, first on top, on an axis from ``start`` to 1."""
    figure = go.Figure()
    for place, row in enumerate(rows):
        estimate = row.estimate
        if estimate.value is None or estimate.low is None or estimate.high is None:
            continue
        figure.add_scatter(
            x=[estimate.low, estimate.high],
            y=[place, place],
            mode="lines",
            line={"color": row.colour, "width": 2},
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[row.estimate.value for row in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"color": [row.colour for row in rows], "size": 10, "symbol": "square"},
        customdata=[[figure_text(full(row.estimate)), figure_text(row.label)] for row in rows],
        hovertemplate="%{customdata[0]}<extra>%{customdata[1]}</extra>",
    )
    for place, row in enumerate(rows):
        figure.add_annotation(
            x=1.02,
            xref="paper",
            y=place,
            text=_beside(row.estimate),
            showarrow=False,
            xanchor="left",
            font={"size": 13, "color": INK},
        )
    figure.update_layout(showlegend=False, title={"text": title, "x": 0, "font": {"size": 15, "color": INK}})
    finish(figure, height=74 + 34 * len(rows))
    figure.update_layout(margin={"r": 128, "t": 36})
    figure.update_xaxes(range=[start, 1 + 0.02 * (1 - start)], tickformat=".2f", nticks=6)
    name_rows(figure, [figure_text(row.label, longest=LONGEST) for row in rows])
    return figure


def _beside(estimate: Estimate) -> str:
    """Return ``0.993, 298/300``: figures are read on paper too, where nothing can be pointed at."""
    if estimate.value is None:
        return NOT_ESTIMABLE
    return f"{number(estimate.value)}, {counts(estimate)}" if counts(estimate) else number(estimate.value)
