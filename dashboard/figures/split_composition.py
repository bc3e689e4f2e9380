"""Stacked bars of class by split."""

import math

import plotly.graph_objects as go

from neuroval.analysis.data_audit.composition import Dataset
from neuroval.dashboard.figures.look import BELOW, BESIDE, LEGEND, LEGEND_LINE, finish, text_on
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import LONGEST, figure_text
from neuroval.data.classes import ClassOrder


def split_bars(dataset: Dataset, classes: ClassOrder) -> go.Figure:
    """Return one bar per split, stacked by class, with the counts written in it."""
    figure = go.Figure()
    rows = [f"{split.name.capitalize()}<br>n = {split.n:,}" for split in dataset.splits]
    labels = [figure_text(classes.display[name], longest=LONGEST) for name in classes.names]
    for index, name in enumerate(classes.names):
        values = [split.counts[index] for split in dataset.splits]
        figure.add_bar(
            y=rows,
            x=values,
            name=labels[index],
            orientation="h",
            marker={"color": classes.colour[name], "line": {"width": 0}},
            text=[f"{value:,}" if value else "" for value in values],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": text_on(classes.colour[name]), "size": FIGURE_TEXT},
            customdata=[figure_text(classes.display[name])] * len(rows),
            hovertemplate="%{y}: %{x:,} cases<extra>%{customdata}</extra>",
        )
    # A number that does not fit its bar is left out rather than made too small to read; the pointer still shows it.
    figure.update_layout(barmode="stack", bargap=0.35, uniformtext={"minsize": 12, "mode": "hide"})
    legend_lines = math.ceil(sum(60 + 7 * len(label) for label in labels) / 750)
    room = {"l": BESIDE + widest(rows), "b": BELOW, "t": LEGEND + LEGEND_LINE * legend_lines}
    finish(figure, height=68 + 22 * legend_lines + 70 * max(1, len(rows)), room=room)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(legend_traceorder="normal")
    figure.update_xaxes(title=None, tickformat=",d", rangemode="tozero")
    return figure
