"""What all figures share: transparent ground, quiet grid, text that reads in both themes.

Figures are not drawn by a theme of Streamlit's: it would have Plotly lay out each of them once more.
"""

import hashlib
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from neuroval.dashboard.figures.palette import BLACK, GROUND, INK, QUIET, WHITE, parts
from neuroval.dashboard.figures.typeface import FIGURE_TEXT, widest

CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "scrollZoom": False}
PAD = 8  # pixels between the plot and its labels
# Room around a plot, in pixels: below it for an axis, left of it beside the widest label, above it for a legend's line.
BELOW, BELOW_TITLED = 38, 67
BESIDE, BESIDE_TITLED = 21, 50
LEGEND, LEGEND_LINE = 22, 20
WIDEST = 170  # left of a plot: for more Plotly makes room, where the screen has it
APART = 10  # pixels between the right end of an axis and what is written beside it
FAMILY = "'Source Sans', sans-serif"
_RGB = ", ".join(map(str, parts(INK)))  # as Plotly writes it
# What is drawn in ink follows the theme of the page, also when it changes.
STYLE = "".join(
    f'.stPlotlyChart svg [style*="{part}: rgb({_RGB})"] {{{part}: currentColor !important}}'
    for part in ("fill", "stroke")
)


def finish(figure: go.Figure, *, height: int, room: Mapping[str, int]) -> go.Figure:
    """Return the figure with the shared look applied; titles of axes are given afterwards.

    ``room`` is what the text around the plot needs, pixels by side: ``l``, ``r``, ``t``, ``b``. With too little Plotly
    makes room and draws all again.
    """
    text = {"color": INK, "size": FIGURE_TEXT, "family": FAMILY}
    look = {
        "height": height,
        "margin": {"r": 8, "t": 28, **room, "l": min(room["l"], WIDEST), "pad": PAD},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "font": text,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemclick": False, "font": text},
        "hoverlabel": {"align": "left", "bgcolor": GROUND, "bordercolor": QUIET, "font": {**text, "color": WHITE}},
    }
    axis = {
        "zeroline": False,
        "gridcolor": QUIET,
        "fixedrange": True,
        "automargin": True,
        "tickfont": text,
        "title": {"font": text, "standoff": 20},
    }
    layout = figure.layout.to_plotly_json()
    layout.pop("template", None)
    axes = {"xaxis", "yaxis", *(name for name in layout if name.startswith(("xaxis", "yaxis")))}
    styled = {name: {"showgrid": name[0] == "y", **layout.get(name, {}), **axis} for name in axes}
    # Set at once: updated property by property, the look costs more than all the rest of a figure.
    figure.layout = {**layout, **look, **styled}
    figure.layout.template = None  # Plotly would take one for a change and lay the figure out anew
    return figure


def revised(figure: go.Figure) -> go.Figure:
    """Return the figure with a digest of what it shows, unless it has one.

    Told so, the browser does not lay the same figure out anew when Streamlit hands it over again.
    """
    if figure.layout.datarevision is None:
        figure.layout.datarevision = hashlib.blake2b(figure.to_json().encode(), digest_size=8).hexdigest()
    return figure


def headed(text: str) -> dict[str, object]:
    """Return the heading of a figure, as its layout takes it."""
    return {"text": text, "x": 0, "font": {"size": 15, "color": INK, "weight": 600}}


def at_right(texts: Sequence[str]) -> int:
    """Return the room that texts need which are written ``APART`` from the right end of an axis; in a box of Plotly."""
    return APART + widest(texts) + 4


def name_rows(figure: go.Figure, labels: Sequence[str]) -> None:
    """Name the rows 0, 1, ... of a figure, first on top. Rows are numbers: names that look alike keep their own."""
    rows = list(range(len(labels)))
    figure.update_yaxes(tickmode="array", tickvals=rows, ticktext=list(labels), range=[len(rows) - 0.5, -0.5])
    figure.update_yaxes(showgrid=False)


def text_on(ground: str) -> str:
    """Return white or black, whichever has more contrast with a ground ``#rrggbb``: 4.5 at least, on any ground."""
    return max(WHITE, BLACK, key=lambda ink: contrast(ink, ground))


def contrast(first: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted(_luminance(colour) for colour in (first, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in parts(colour)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
