"""One corruption: each rate against severity with its band, and the limit that it has to hold."""

from collections.abc import Mapping

import plotly.graph_objects as go

from neuroval.analysis.trial.robustness import Corruption
from neuroval.dashboard.figures.look import BESIDE, finish
from neuroval.dashboard.figures.palette import ACCENT, SECOND, faint
from neuroval.dashboard.words.formats import figure_text, full

STYLES: Mapping[str, tuple[str, str, str]] = {  # colour, dash, symbol
    "sensitivity": (ACCENT, "solid", "square"),
    "accuracy": (ACCENT, "solid", "square"),
    "specificity": (SECOND, "dash", "circle"),
}
HEIGHT = 160
BAND = 0.22
WIDEST = "0.00"


def severity_curves(corruption: Corruption, *, start: float) -> go.Figure:
    """Return the rates over the severities on an axis from ``start`` to 1, severity 0 being the scans as they are."""
    figure = go.Figure()
    for rate, limit in corruption.limits.items():
        colour, _, _ = STYLES[rate]
        line = {"color": colour, "width": 1, "dash": "dot"}
        ends = [corruption.severities[0].severity, corruption.severities[-1].severity]
        figure.add_scatter(x=ends, y=[limit.at_least] * 2, mode="lines", line=line, hoverinfo="skip")
    for rate in corruption.limits:
        _curve(figure, corruption, rate)
    figure.update_layout(showlegend=False)
    finish(figure, height=HEIGHT, room={"l": BESIDE + 26, "b": 34, "t": 14, "r": 8})
    figure.update_xaxes(range=[-0.25, 5.25], tickmode="array", tickvals=list(range(6)))
    figure.update_yaxes(range=[start, 1 + 0.03 * (1 - start)], nticks=4, tickformat=".2f")
    return figure


def _curve(figure: go.Figure, corruption: Corruption, rate: str) -> None:
    colour, dash, symbol = STYLES[rate]
    points = [(step.severity, step.rates[rate].headline) for step in corruption.severities]
    known = [(severity, estimate) for severity, estimate in points if estimate.low is not None]
    places = [severity for severity, _ in known]
    lows, highs = [estimate.low for _, estimate in known], [estimate.high for _, estimate in known]
    figure.add_scatter(
        x=[*places, *places[::-1]],
        y=[*highs, *lows[::-1]],
        fill="toself",
        fillcolor=faint(colour, BAND),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[severity for severity, _ in points],
        y=[estimate.value for _, estimate in points],
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"color": colour, "size": 7, "symbol": symbol},
        customdata=[[figure_text(full(estimate))] for _, estimate in points],
        hovertemplate=f"{rate.capitalize()} %{{customdata[0]}}<extra>severity %{{x}}</extra>",
    )
