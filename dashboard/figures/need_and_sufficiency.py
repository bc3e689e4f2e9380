"""Need and sufficiency: how often the call changes with the tumour, and how often in the control, a row a class."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.figures.look import APART, at_right
from neuroval.dashboard.figures.palette import INK, NEUTRAL, QUIET
from neuroval.dashboard.figures.stacked import finish_sections, placed
from neuroval.dashboard.figures.typeface import FIGURE_TEXT
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, figure_names, figure_text, full, short

START = -0.02  # a mark at 0 is drawn whole
ASIDE = 0.15  # rows between the two marks of a class, so that neither hides the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One class: its colour, the rate with the tumour's change, that of the control, and the difference of both."""

    label: str
    colour: str
    rate: Estimate
    control: Estimate
    difference: Estimate


def need_and_sufficiency(sections: Sequence[tuple[str, Sequence[Row]]]) -> go.Figure:
    """Return the plot of the rows of each section under its name, first on top, on an axis from 0 to 1."""
    figure, rows = go.Figure(), list(placed(sections))
    for place, row in rows:
        _link(figure, place, row)
        _mark(figure, place + ASIDE, row.control, colour=NEUTRAL, symbol="circle", label=f"{row.label}, control")
        _mark(figure, place - ASIDE, row.rate, colour=row.colour, symbol="square", label=row.label)
    beside = [NOT_ESTIMABLE if row.difference.value is None else figure_text(short(row.difference)) for _, row in rows]
    column = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": APART, "showarrow": False}
    column["font"] = {"size": FIGURE_TEXT, "color": INK}
    figure.layout.annotations = [
        {**column, "y": place, "text": text} for (place, _), text in zip(rows, beside, strict=True)
    ]
    names = [(name, figure_names([row.label for row in of_section])) for name, of_section in sections]
    return finish_sections(figure, names, start=START, right=at_right(beside))


def _link(figure: go.Figure, place: int, row: Row) -> None:
    """Draw the distance between the two, which is the number itself."""
    if row.rate.value is not None and row.control.value is not None:
        line = {"color": QUIET, "width": 1}
        ends = [row.control.value, row.rate.value]
        figure.add_scatter(x=ends, y=[place] * 2, mode="lines", line=line, hoverinfo="skip")


def _mark(figure: go.Figure, place: float, rate: Estimate, *, colour: str, symbol: str, label: str) -> None:
    if rate.value is None:
        return
    if rate.low is not None and rate.high is not None:
        line = {"color": colour, "width": 2}
        figure.add_scatter(x=[rate.low, rate.high], y=[place] * 2, mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=[rate.value],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 9, "symbol": symbol},
        customdata=[[figure_text(full(rate)), figure_text(label)]],
        hovertemplate="%{customdata[0]}<extra>%{customdata[1]}</extra>",
    )
