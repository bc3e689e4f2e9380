"""Forest plot: rates below each other on one axis, a row per class, point and interval, counts at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.figures.look import APART, at_right
from neuroval.dashboard.figures.palette import INK
from neuroval.dashboard.figures.stacked import finish_sections, placed, start_below
from neuroval.dashboard.figures.typeface import FIGURE_TEXT
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counts, figure_names, figure_text, full, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot: what it is called, its colour and its number."""

    label: str
    colour: str
    estimate: Estimate


def lowest(estimates: Sequence[Estimate]) -> float:
    """Return where an axis that they share begins."""
    return start_below(end for estimate in estimates for end in (estimate.low, estimate.value))


def forest(rates: Sequence[tuple[str, Sequence[Row]]], *, start: float) -> go.Figure:
    """Return the plot of the rows of each rate under its name, first on top, on an axis from ``start`` to 1."""
    rows = list(placed(rates))
    figure = go.Figure()
    for place, row in rows:
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
        x=[row.estimate.value for _, row in rows],
        y=[place for place, _ in rows],
        mode="markers",
        marker={"color": [row.colour for _, row in rows], "size": 10, "symbol": "square"},
        customdata=[[figure_text(full(row.estimate)), figure_text(row.label)] for _, row in rows],
        hovertemplate="%{customdata[0]}<extra>%{customdata[1]}</extra>",
    )
    column = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": APART, "showarrow": False}
    column["font"] = {"size": FIGURE_TEXT, "color": INK}
    beside = [_beside(row.estimate) for _, row in rows]
    figure.layout.annotations = [
        {**column, "y": place, "text": text} for (place, _), text in zip(rows, beside, strict=True)
    ]
    names = [(rate, figure_names([row.label for row in of_rate])) for rate, of_rate in rates]
    return finish_sections(figure, names, start=start, right=at_right(beside))


def _beside(estimate: Estimate) -> str:
    """Return ``0.993, 298/300``: figures are read on paper too, where nothing can be pointed at."""
    if estimate.value is None:
        return NOT_ESTIMABLE
    return f"{number(estimate.value)}, {counts(estimate)}" if counts(estimate) else number(estimate.value)
