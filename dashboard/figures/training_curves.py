"""The course of a training run: one number by epoch, train against tuning, the chosen epoch marked."""

from collections.abc import Sequence

import plotly.graph_objects as go

from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE, finish, headed
from neuroval.dashboard.figures.palette import ACCENT, INK, NEUTRAL, QUIET
from neuroval.dashboard.figures.typeface import width


def curves(
    title: str, epochs: Sequence[int], *, train: Sequence[float], tuning: Sequence[float], chosen: int
) -> go.Figure:
    """Return the plot of a number ``(e,)`` on both splits."""
    figure = go.Figure()
    places = list(epochs)
    for name, values, colour in (("train", train, NEUTRAL), ("tuning", tuning, ACCENT)):
        figure.add_scatter(
            x=places,
            y=list(values),
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 6},
            name=name,
            hovertemplate=f"epoch %{{x}}, {name}: %{{y:.4f}}<extra></extra>",
        )
    figure.add_vline(x=chosen, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.add_annotation(
        x=chosen, y=1, yref="paper", yanchor="bottom", text=f"chosen: {chosen}", showarrow=False, font={"color": INK}
    )
    figure.update_layout(title=headed(title))
    finish(figure, height=280, room={"l": BESIDE + width("0.00"), "b": BELOW_TITLED, "t": 84})
    figure.update_layout(legend={"y": 1.12})
    figure.update_xaxes(title_text="Epoch", dtick=max(1, len(places) // 8), showgrid=False)
    return figure
