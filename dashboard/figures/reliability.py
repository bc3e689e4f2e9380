"""Reliability: observed against predicted in bins, with intervals, and the number of cases of each bin below."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from neuroval.analysis.calibration.reliability_curve import ReliabilityCurve
from neuroval.analysis.calibration.smooth_curve import SmoothCurve
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE_TITLED, finish
from neuroval.dashboard.figures.palette import ACCENT, INK, QUIET, faint
from neuroval.dashboard.figures.typeface import width
from neuroval.dashboard.words.formats import figure_text, full


def reliability_figure(curve: ReliabilityCurve, *, x: str, y: str, smooth: SmoothCurve | None = None) -> go.Figure:
    """Return the diagram of one curve; bins without cases have no point. ``smooth`` is drawn with its band.

    ``customdata`` of a point and of a bar is the number of its bin, from 1, for clicks.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.05)
    diagonal = {"color": INK, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=diagonal, hoverinfo="skip", row=1, col=1)
    if smooth is not None and smooth.predicted:
        around = [*smooth.predicted, *reversed(smooth.predicted)]
        band = [*smooth.high, *reversed(smooth.low)]
        shade = {
            "mode": "lines",
            "line": {"width": 0},
            "fill": "toself",
            "fillcolor": faint(ACCENT, 0.18),
            "hoverinfo": "skip",
        }
        figure.add_scatter(x=around, y=band, **shade, row=1, col=1)
        line = {"color": ACCENT, "width": 1.5}
        hover = "predicted %{x:.3f}, observed %{y:.3f} by the smooth curve<extra></extra>"
        figure.add_scatter(
            x=smooth.predicted, y=smooth.observed, mode="lines", line=line, hovertemplate=hover, row=1, col=1
        )
    for number, bin_of_curve in enumerate(curve.bins, start=1):
        observed = bin_of_curve.observed.headline
        if (
            bin_of_curve.mean_probability is None
            or observed.value is None
            or observed.low is None
            or observed.high is None
        ):
            continue
        place = bin_of_curve.mean_probability
        line = {"color": ACCENT, "width": 2}
        ends = [observed.low, observed.high]
        figure.add_scatter(x=[place, place], y=ends, mode="lines", line=line, hoverinfo="skip", row=1, col=1)
        figure.add_scatter(
            x=[place],
            y=[observed.value],
            mode="markers",
            marker={"color": ACCENT, "size": 9},
            customdata=[[number]],
            text=f"{bin_of_curve.low:.2f} to {bin_of_curve.high:.2f}: predicted {place:.3f}, "
            f"observed {figure_text(full(observed))}",
            hovertemplate="%{text}<extra></extra>",
            unselected={"marker": {"opacity": 1}},
            row=1,
            col=1,
        )
    figure.add_bar(
        x=[(bin_of_curve.low + bin_of_curve.high) / 2 for bin_of_curve in curve.bins],
        y=[bin_of_curve.n for bin_of_curve in curve.bins],
        width=[0.9 * (bin_of_curve.high - bin_of_curve.low) for bin_of_curve in curve.bins],
        marker={"color": QUIET},
        customdata=[[number] for number in range(1, len(curve.bins) + 1)],
        hovertemplate="%{y:,} cases<extra></extra>",
        unselected={"marker": {"opacity": 1}},
        row=2,
        col=1,
    )
    finish(figure, height=460, room={"l": BESIDE_TITLED + width("1000"), "b": BELOW_TITLED})
    figure.update_layout(showlegend=False, clickmode="event+select")
    figure.update_xaxes(range=[-0.01, 1.02], showgrid=False)
    figure.update_xaxes(title_text=x, row=2, col=1)
    figure.update_yaxes(title_text=y, range=[-0.02, 1.04], row=1, col=1)
    figure.update_yaxes(title_text="Cases", nticks=3, row=2, col=1)
    return figure
