"""What all figures share: transparent ground, quiet grid, text that reads in both themes."""

from collections.abc import Sequence

import plotly.graph_objects as go

QUIET = "rgba(128, 136, 138, 0.35)"  # lines, never text
# Streamlit draws this colour as its own ink, dark in the light theme and light in the dark one; elsewhere it is dark.
INK = "#000037"
ACCENT = "#2a8a9e"  # reads on both grounds; what is no class, such as any tumour
CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "scrollZoom": False}
LETTER = 7  # pixels, of text beside a plot
WHITE, BLACK = "#ffffff", "#000000"


def finish(figure: go.Figure, *, height: int) -> go.Figure:
    """Return the figure with the shared look applied; titles of axes are given afterwards."""
    text = {"color": INK, "size": 13}
    look = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "font": text,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemclick": False, "font": text},
        "hoverlabel": {"align": "left"},
    }
    axis = {
        "zeroline": False,
        "gridcolor": QUIET,
        "fixedrange": True,
        "automargin": True,
        "tickfont": text,
        "title": {"font": text},
    }
    own = figure.layout.to_plotly_json()
    own.pop("template", None)  # it stays
    axes = {"xaxis", "yaxis", *(name for name in own if name.startswith(("xaxis", "yaxis")))}
    # Set at once: updated property by property, the look costs more than all the rest of a figure.
    figure.layout = {**own, **look, **{name: {**own.get(name, {}), **axis} for name in axes}}
    return figure


def name_rows(figure: go.Figure, labels: Sequence[str]) -> None:
    """Name the rows 0, 1, ... of a figure, first on top. Rows are numbers: names that look alike keep their own."""
    rows = list(range(len(labels)))
    figure.update_yaxes(tickmode="array", tickvals=rows, ticktext=list(labels), range=[len(rows) - 0.5, -0.5])
    figure.update_yaxes(showgrid=False)


def text_on(ground: str) -> str:
    """Return white or black, whichever has more contrast with a ground ``#rrggbb``: 4.5 at least, on any ground."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, ground))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
