"""The ROC and the precision-recall curve of one question, with the points where decisions are made."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from neuroval.analysis.performance.roc import PrecisionRecallCurve, RocCurve
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE_TITLED, finish, headed
from neuroval.dashboard.figures.palette import ACCENT, INK, QUIET
from neuroval.dashboard.figures.typeface import width
from neuroval.dashboard.words.formats import figure_text, number, probability

HEIGHT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a rule does: drawn on both curves, where its rates are defined."""

    label: str
    sensitivity: float | None
    specificity: float | None
    ppv: float | None


def roc_figure(curve: RocCurve, *, colour: str = ACCENT, decisions: Sequence[Decision] = ()) -> go.Figure:
    """Return sensitivity against 1 - specificity; the dotted line is a coin."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=_dotted(), hoverinfo="skip", showlegend=False)
    places = zip(curve.thresholds.tolist(), curve.sensitivity.tolist(), curve.false_positive_rate.tolist(), strict=True)
    hover = [f"{_from(limit)}: sensitivity {number(se)}, specificity {number(1 - fp)}" for limit, se, fp in places]
    _line(figure, curve.false_positive_rate.tolist(), curve.sensitivity.tolist(), hover, colour)
    marks = [
        (decision.label, None if decision.specificity is None else 1 - decision.specificity, decision.sensitivity)
        for decision in decisions
    ]
    _finish(figure, marks, title="ROC", x="1 \N{MINUS SIGN} specificity", y="Sensitivity")
    return figure


def precision_recall_figure(
    curve: PrecisionRecallCurve, *, colour: str = ACCENT, decisions: Sequence[Decision] = ()
) -> go.Figure:
    """Return PPV against sensitivity; the dotted line is the PPV of calling every scan."""
    figure = go.Figure()
    level = [curve.prevalence] * 2
    figure.add_scatter(x=[0, 1], y=level, mode="lines", line=_dotted(), hoverinfo="skip", showlegend=False)
    places = zip(curve.thresholds.tolist(), curve.recall.tolist(), curve.precision.tolist(), strict=True)
    hover = [f"{_from(limit)}: sensitivity {number(se)}, PPV {number(ppv)}" for limit, se, ppv in places]
    _line(figure, curve.recall.tolist(), curve.precision.tolist(), hover, colour)
    marks = [(decision.label, decision.sensitivity, decision.ppv) for decision in decisions]
    _finish(figure, marks, title="Precision-recall", x="Sensitivity (recall)", y="PPV (precision)")
    return figure


def _from(limit: float) -> str:
    return f"P from {probability(limit)}" if limit <= 1 else "no scan called"


def _dotted() -> dict[str, object]:
    return {"color": QUIET, "width": 1, "dash": "dot"}


def _line(figure: go.Figure, x: Sequence[float], y: Sequence[float], hover: Sequence[str], colour: str) -> None:
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="lines",
        line={"color": colour, "width": 2},
        customdata=[[text] for text in hover],
        hovertemplate="%{customdata[0]}<extra></extra>",
        showlegend=False,
    )


def _finish(
    figure: go.Figure, marks: Sequence[tuple[str, float | None, float | None]], *, title: str, x: str, y: str
) -> None:
    for (label, across, up), symbol in zip(marks, ("square", "diamond"), strict=False):
        if across is None or up is None:
            continue
        figure.add_scatter(
            x=[across],
            y=[up],
            mode="markers",
            name=figure_text(label),
            marker={"symbol": symbol, "size": 10, "color": INK},
            hovertemplate=f"{figure_text(label)}: {number(across)}, {number(up)}<extra></extra>",
        )
    figure.update_layout(title=headed(title), showlegend=bool(marks))
    finish(figure, height=HEIGHT, room={"l": BESIDE_TITLED + width("0.0"), "b": BELOW_TITLED, "t": 72, "r": 16})
    figure.update_xaxes(title_text=x, range=[-0.02, 1.02], nticks=6, tickformat=".1f", showgrid=False)
    figure.update_yaxes(title_text=y, range=[-0.02, 1.04], nticks=6, tickformat=".1f")
