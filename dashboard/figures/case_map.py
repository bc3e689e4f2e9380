"""The map of the cases: a point each, coloured by what is chosen, over the density where there are many."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from neuroval.dashboard.figures.look import LEGEND, LEGEND_LINE, finish
from neuroval.dashboard.figures.palette import INK, NEUTRAL, faint
from neuroval.data.class_colours import OKABE_ITO

DRAWN: Final = 3000  # points at most: more are slow to draw and hide each other
DENSE: Final = 20_000  # cases from which their density lies beneath the points
CELLS: Final = 120  # a side of the density
HEIGHT: Final = 520


def case_map_figure(
    places: NDArray[np.float64],
    codes: NDArray[np.int64],
    *,
    levels: Sequence[str],
    colours: Sequence[str] | None,
    drawn: NDArray[np.int64],
    region: NDArray[np.float64],
) -> go.Figure:
    """Return the map of cases at ``places`` (n, 2), coloured by ``codes`` (n,) into ``levels``, -1 in grey.

    ``colours`` are those of the levels, by default colour-blind-safe ones in their order. Of the cases ``drawn`` are
    shown as points. ``region`` (m, 2) are the corners of the part that is chosen, none without rows.
    """
    figure = go.Figure()
    if len(places) > DENSE:
        counts, x, y = np.histogram2d(places[:, 0], places[:, 1], bins=CELLS)
        figure.add_heatmap(
            x=x.tolist(),
            y=y.tolist(),
            z=np.log1p(counts.T).tolist(),
            colorscale=[[0, faint(NEUTRAL, 0)], [1, faint(NEUTRAL, 0.7)]],
            showscale=False,
            hoverinfo="skip",
        )
    palette = colours or [OKABE_ITO[number % len(OKABE_ITO)] for number in range(len(levels))]
    for number, (name, colour) in enumerate(zip((*levels, ""), (*palette, NEUTRAL), strict=True)):
        code = number if number < len(levels) else -1
        rows = drawn[codes[drawn] == code]
        if len(rows) or code >= 0:
            figure.add_scatter(
                x=places[rows, 0].tolist(),
                y=places[rows, 1].tolist(),
                mode="markers",
                marker={"color": colour, "size": 5, "opacity": 0.6},
                name=name or "not recorded",
                hoverinfo="skip",
                selected={"marker": {"opacity": 0.6}},
                unselected={"marker": {"opacity": 0.6}},
            )
    if len(region):
        corners = " L".join(f"{x:g},{y:g}" for x, y in region)
        figure.add_shape(type="path", path=f"M{corners} Z", line={"color": INK, "width": 1.5, "dash": "dot"})
    finish(figure, height=HEIGHT, room={"l": 8, "b": 8, "t": LEGEND + 2 * LEGEND_LINE})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.layout.dragmode = "lasso"
    return figure


def drawn_of(number: int, first: NDArray[np.int64], *, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which of so many cases are drawn as points: ``first``, and of the others as many as there is room for."""
    if number <= DRAWN:
        return np.arange(number)
    rest = np.setdiff1d(np.arange(number), first, assume_unique=True)
    room = max(0, DRAWN - len(first))
    chosen = np.concatenate([first[:DRAWN], rng.choice(rest, min(room, len(rest)), replace=False)])
    return np.sort(chosen)
