"""What referring the least certain cases to an expert does: rates of error against the share referred."""

import numpy as np
import plotly.graph_objects as go

from analysis.risk_coverage import RiskCoverage
from analysis.thinning import MOST, thinned
from dashboard.figures.look import ACCENT, INK, finish

MISSED = "#b3261e"


def risk_coverage_figure(found: RiskCoverage, *, referred: float | None) -> go.Figure:
    """Return the plot of both rates among the cases that the model keeps; ``referred`` marks the share of a rule.

    Of a curve with many corners those are drawn that can be seen.
    """
    figure = go.Figure()
    curves = [("errors", found.kept_error_rate, ACCENT)]
    if found.kept_missed_rate is not None:
        curves.append(("missed tumours", found.kept_missed_rate, MISSED))
    for name, rate, colour in curves:
        share = found.referred_share[: len(rate)]
        highest = float(rate.max(initial=0.0)) or 1.0
        steps = len(rate) <= MOST
        kept = np.arange(len(rate)) if steps else thinned(share, rate / highest)
        figure.add_scatter(
            x=share[kept].tolist(),
            y=rate[kept].tolist(),
            mode="lines",
            line={"color": colour, "width": 2, "shape": "hv" if steps else "linear"},
            name=name,
            hovertemplate=f"%{{x:.1%}} referred: %{{y:.2%}} {name} among the rest<extra></extra>",
        )
    if referred is not None:
        figure.add_vline(x=referred, line={"color": INK, "width": 1, "dash": "dot"})
    finish(figure, height=340)
    figure.update_xaxes(title_text="Referred to an expert", tickformat=".0%", range=[0, 1], showgrid=False)
    figure.update_yaxes(title_text="Rate among the rest", tickformat=".1%", rangemode="tozero")
    return figure
