"""PPV and NPV over prevalence, with their intervals, and the prevalence that was chosen."""

from collections.abc import Sequence

import plotly.graph_objects as go

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.prevalence import PredictiveValues
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE, LEGEND, LEGEND_LINE, finish
from neuroval.dashboard.figures.palette import ACCENT, INK, SECOND, faint
from neuroval.dashboard.figures.typeface import width
from neuroval.dashboard.words.formats import figure_text, fine, percent

TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6)
APART = 0.5  # a tick nearer to the last one would be written over it on a phone


def predictive_value_figure(values: Sequence[PredictiveValues], *, chosen: float) -> go.Figure:
    """Return the plot of both over the prevalences of ``values``; what is not estimable is left out."""
    figure = go.Figure()
    for name, colour, dash in (("PPV", ACCENT, "solid"), ("NPV", SECOND, "dash")):
        known = [(value.prevalence, getattr(value, name.lower()).headline) for value in values]
        known = [(place, estimates) for place, estimates in known if estimates.defined]
        if known:
            _curve(figure, name, [place for place, _ in known], [estimates for _, estimates in known], colour, dash)
    figure.add_vline(x=chosen, line={"color": INK, "width": 1, "dash": "dot"})
    # At the right half of the last prevalence has room: Plotly would hide it.
    room = {"l": BESIDE + width("0.0"), "b": BELOW_TITLED, "t": LEGEND + LEGEND_LINE, "r": 24}
    finish(figure, height=320, room=room)
    last = values[-1].prevalence if values else 0.0
    ticks = [tick for tick in TICKS if tick < APART * last] + [last] * bool(values)
    figure.update_xaxes(
        title_text="Prevalence",
        type="log",
        tickmode="array",
        tickvals=ticks,
        ticktext=[percent(tick) for tick in ticks],
        tickangle=0,
        showgrid=False,
    )
    figure.update_yaxes(range=[-0.02, 1.04], tickformat=".1f")
    return figure


def _curve(
    figure: go.Figure, name: str, places: Sequence[float], estimates: Sequence[Estimate], colour: str, dash: str
) -> None:
    bounds = [estimate.low for estimate in estimates], [estimate.high for estimate in estimates]
    figure.add_scatter(
        x=[*places, *reversed(places)],
        y=[*bounds[1], *reversed(bounds[0])],
        fill="toself",
        fillcolor=faint(colour, 0.18),
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=list(places),
        y=[estimate.value for estimate in estimates],
        mode="lines",
        line={"color": colour, "width": 2, "dash": dash},
        name=name,
        customdata=[
            [percent(place), figure_text(fine(estimate))] for place, estimate in zip(places, estimates, strict=True)
        ],
        hovertemplate=f"%{{customdata[0]}}: {name} %{{customdata[1]}}<extra></extra>",
    )
