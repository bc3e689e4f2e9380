"""Net benefit over thresholds: of the model with its interval, of calling every scan, of calling none."""

import plotly.graph_objects as go

from neuroval.analysis.decisions.net_benefit import DecisionCurve
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE_TITLED, LEGEND, LEGEND_LINE, finish
from neuroval.dashboard.figures.palette import ACCENT, INK, NEUTRAL, QUIET, faint
from neuroval.dashboard.figures.typeface import width
from neuroval.dashboard.words.formats import figure_text, percent, short


def decision_figure(curve: DecisionCurve) -> go.Figure:
    """Return the plot; far below 0, where calling every scan leads, it is cut off."""
    figure = go.Figure()
    limits = curve.thresholds.tolist()
    known = [
        (limit, estimate.headline)
        for limit, estimate in zip(limits, curve.model, strict=True)
        if estimate.headline.defined
    ]
    bounds = [(limit, estimate.low, estimate.high) for limit, estimate in known if estimate.low is not None]
    figure.add_scatter(
        x=[limit for limit, _, _ in bounds] + [limit for limit, _, _ in reversed(bounds)],
        y=[high for _, _, high in bounds] + [low for _, low, _ in reversed(bounds)],
        fill="toself",
        fillcolor=faint(ACCENT, 0.18),
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=[limit for limit, _ in known],
        y=[estimate.value for _, estimate in known],
        mode="lines",
        line={"color": ACCENT, "width": 2},
        name="model",
        customdata=[[percent(limit), figure_text(short(estimate))] for limit, estimate in known],
        hovertemplate="%{customdata[0]}: %{customdata[1]}<extra>model</extra>",
    )
    if curve.call_all is not None:
        figure.add_scatter(
            x=limits,
            y=curve.call_all.tolist(),
            mode="lines",
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            name="call every scan",
            hovertemplate="%{x:.0%}: %{y:.3f}<extra>call every scan</extra>",
        )
    figure.add_scatter(
        x=limits,
        y=curve.call_none.tolist(),
        mode="lines",
        line={"color": INK, "width": 1, "dash": "dot"},
        name="call none",
        hoverinfo="skip",
    )
    room = {"l": BESIDE_TITLED + width("0.0"), "b": BELOW_TITLED, "t": LEGEND + LEGEND_LINE}
    finish(figure, height=380, room=room)
    top = max([0.0, *(high for _, _, high in bounds if high is not None)])
    figure.update_xaxes(title_text="Threshold on P(any tumour)", tickformat=".0%", range=[0, 1], showgrid=False)
    figure.update_yaxes(title_text="Net benefit per scan", range=[-0.15 * (top or 1.0), 1.08 * (top or 1.0)])
    figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    return figure
