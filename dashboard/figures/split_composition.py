"""Stacked bars of class by split."""

import math
from collections import Counter
from typing import Any, Final

import plotly.graph_objects as go

from neuroval.analysis.data_audit.composition import Dataset
from neuroval.dashboard.figures.look import BELOW, BESIDE, LEGEND, LEGEND_LINE, finish, text_on
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import figure_names, figure_text
from neuroval.data.classes import ClassOrder

HATCHES: Final = ("", "/", "\\", "x", "-", "|", "+")  # of the first, second, ... class of a colour: 7 x 8 colours


def split_bars(dataset: Dataset, classes: ClassOrder) -> go.Figure:
    """Return one bar per split, stacked by class, with the counts written in it.

    Colours come again after eight classes: from then on bars are hatched too, each round in its own way.
    """
    figure = go.Figure()
    rows = [f"{split.name.capitalize()}<br>n = {split.n:,}" for split in dataset.splits]
    labels = figure_names([classes.display[name] for name in classes.names])
    seen: Counter[str] = Counter()
    for index, name in enumerate(classes.names):
        values = [split.counts[index] for split in dataset.splits]
        figure.add_bar(
            y=rows,
            x=values,
            name=labels[index],
            orientation="h",
            marker=_marker(classes.colour[name], seen[classes.colour[name]]),
            text=[f"{value:,}" if value else "" for value in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": text_on(classes.colour[name]), "size": FIGURE_TEXT},
            customdata=[figure_text(classes.display[name])] * len(rows),
            hovertemplate="%{y}: %{x:,} cases<extra>%{customdata}</extra>",
        )
        seen[classes.colour[name]] += 1
    # A number that does not fit its bar is left out rather than made too small to read; the pointer still shows it.
    figure.update_layout(barmode="stack", bargap=0.35, uniformtext={"minsize": 12, "mode": "hide"})
    legend_lines = math.ceil(sum(60 + 7 * len(label) for label in labels) / 750)
    room = {"l": BESIDE + widest(rows), "b": BELOW, "t": LEGEND + LEGEND_LINE * legend_lines}
    finish(figure, height=68 + 22 * legend_lines + 70 * max(1, len(rows)), room=room)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(legend_traceorder="normal")
    figure.update_xaxes(title=None, tickformat=",d", rangemode="tozero")
    return figure


def _marker(colour: str, again: int) -> dict[str, Any]:
    """Return how the bar of a class is filled, where ``again`` classes before it have its colour."""
    hatch = {"shape": HATCHES[again % len(HATCHES)], "fgcolor": text_on(colour), "fgopacity": 0.45, "size": 7}
    return {"color": colour, "line": {"width": 0}, "pattern": {**hatch, "fillmode": "overlay"}}
