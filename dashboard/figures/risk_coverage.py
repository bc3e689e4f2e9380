"""What referring the least certain cases to an expert does: rates of error against the share referred."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from neuroval.analysis.calibration.referral import RiskCoverage
from neuroval.analysis.performance.thinning import MOST, thinned
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE_TITLED, LEGEND, LEGEND_LINE, finish
from neuroval.dashboard.figures.palette import ACCENT, ALARM, INK
from neuroval.dashboard.figures.typeface import width

SHORTEST = 0.1  # share referred that is shown at least


def risk_coverage_figure(curve: RiskCoverage, *, referred: float | None) -> go.Figure:
    """Return the plot of both rates, of all cases that the model keeps; ``referred`` marks the share of a rule.

    Missed tumours are a part of the errors, and never above them. Of a curve with many corners those are drawn that can
    be seen.
    """
    figure = go.Figure()
    curves = [("errors", curve.kept_error_rate, ACCENT)]
    if curve.kept_missed_share is not None:
        curves.append(("missed tumours", curve.kept_missed_share, ALARM))
    for name, rate, colour in curves:
        share = curve.referred_share[: len(rate)]
        steps = len(rate) <= MOST
        kept = np.arange(len(rate)) if steps else thinned(share, rate / (float(rate.max(initial=0.0)) or 1.0))
        figure.add_scatter(
            x=share[kept].tolist(),
            y=rate[kept].tolist(),
            mode="lines",
            line={"color": colour, "width": 2, "shape": "hv" if steps else "linear"},
            name=name,
            hovertemplate=f"%{{x:.1%}} referred: %{{y:.2%}} {name}, of the scans still read<extra></extra>",
        )
    if referred is not None:
        figure.add_vline(x=referred, line={"color": INK, "width": 1, "dash": "dot"})
    highest = max(float(rate.max(initial=0.0)) for _, rate, _ in curves)
    room = {"l": BESIDE_TITLED + width(f"{highest:.1%}"), "b": BELOW_TITLED, "t": LEGEND + LEGEND_LINE}
    finish(figure, height=340, room=room)
    end = _last_change([rate for _, rate, _ in curves], curve.referred_share, referred)
    figure.update_xaxes(title_text="Referred to an expert", tickformat=".0%", range=[0, end], showgrid=False)
    figure.update_yaxes(title_text="Of the scans still read", tickformat=".1%", rangemode="tozero")
    return figure


def _last_change(rates: Sequence[NDArray[np.float64]], share: NDArray[np.float64], referred: float | None) -> float:
    """Return up to which share referred the curves are drawn: a little beyond where the last of them comes to 0."""
    above = [float(share[np.flatnonzero(rate > 0)[-1]]) for rate in rates if (rate > 0).any()]
    return min(1.0, 1.25 * max(SHORTEST, referred or 0.0, *above))
