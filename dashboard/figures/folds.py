"""Numbers over the folds: a dot a fold, the mean with its corrected interval, grouped above ungrouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from neuroval.analysis.performance.folds import OverFolds
from neuroval.dashboard.figures.palette import INK
from neuroval.dashboard.figures.stacked import finish_sections, placed, start_below
from neuroval.dashboard.figures.typeface import FIGURE_TEXT
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, figure_text, full


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of cross-validation: its name, its colour and the number over its folds."""

    label: str
    colour: str
    number: OverFolds


def start_of(numbers: Sequence[OverFolds]) -> float:
    """Return where an axis that they share begins."""
    return start_below(
        [number.mean.low for number in numbers] + [value.value for number in numbers for value in number.values]
    )


def fold_dots(numbers: Sequence[tuple[str, Sequence[Row]]], *, start: float) -> go.Figure:
    """Return the plot of the rows of each number under its name, first on top, on an axis from ``start`` to 1."""
    figure = go.Figure()
    for place, row in placed(numbers):
        _row(figure, place, row)
    return finish_sections(figure, [(name, [row.label for row in rows]) for name, rows in numbers], start=start)


def _row(figure: go.Figure, place: int, row: Row) -> None:
    mean = row.number.mean
    if mean.low is not None and mean.high is not None:
        ends, line = [mean.low, mean.high], {"color": row.colour, "width": 2}
        figure.add_scatter(x=ends, y=[place, place], mode="lines", line=line, hoverinfo="skip")
    known = [(fold, value) for fold, value in enumerate(row.number.values, start=1) if value.defined]
    figure.add_scatter(
        x=[value.value for _, value in known],
        y=[place] * len(known),
        mode="markers",
        marker={"color": row.colour, "size": 9, "opacity": 0.45},
        customdata=[[f"Fold {fold}: {figure_text(full(value))}"] for fold, value in known],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )
    if not mean.defined:
        note = {"text": NOT_ESTIMABLE, "showarrow": False, "font": {"size": FIGURE_TEXT, "color": INK}}
        figure.add_annotation(x=0, xref="paper", xanchor="left", y=place, **note)
    else:
        figure.add_scatter(
            x=[mean.value],
            y=[place],
            mode="markers",
            marker={"color": row.colour, "size": 14, "symbol": "line-ns", "line": {"width": 3, "color": row.colour}},
            customdata=[[f"Mean: {figure_text(full(mean))}"]],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
