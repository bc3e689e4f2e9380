"""The class probabilities of one case as bars."""

from collections.abc import Mapping

import plotly.graph_objects as go

from neuroval.dashboard.figures.look import BESIDE, finish, name_rows
from neuroval.dashboard.figures.palette import INK
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest
from neuroval.dashboard.words.formats import figure_names, figure_text
from neuroval.data.classes import ClassOrder


def probability_bars(probabilities: Mapping[str, float], classes: ClassOrder, *, reference: str | None) -> go.Figure:
    """Return one bar per class in class order; the reference class, where it is known, is marked in its label."""
    labels = figure_names([classes.display[name] for name in classes.names])
    if reference is not None:
        marked = classes.index(reference)
        labels[marked] = f"<b>{labels[marked]}</b> (reference)"
    values = [probabilities[name] for name in classes.names]
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(classes))),
        x=values,
        orientation="h",
        marker={"color": [classes.colour[name] for name in classes.names], "line": {"width": 0}},
        text=[f"{value:.3f}" for value in values],
        textposition="outside",
        textfont={"color": INK, "size": FIGURE_TEXT},
        cliponaxis=False,
        customdata=[figure_text(classes.display[name]) for name in classes.names],
        hovertemplate="%{customdata}: %{x:.6f}<extra></extra>",
    )
    finish(figure, height=40 + 34 * len(labels), room={"l": BESIDE + widest(labels), "b": 8, "t": 4})
    figure.update_layout(showlegend=False, bargap=0.35)
    figure.update_xaxes(range=[0, 1.14], visible=False)
    name_rows(figure, labels)
    return figure
