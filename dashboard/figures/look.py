"""What all figures share: transparent ground, quiet grid, figures that read in both themes."""

import plotly.graph_objects as go

QUIET = "rgba(128, 136, 138, 0.35)"
MUTED = "rgba(128, 136, 138, 0.9)"
ACCENT = "#2a8a9e"  # reads on both grounds; what is no class, such as any tumour
CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]], "scrollZoom": False}


def finish(figure: go.Figure, *, height: int, left: int = 8) -> go.Figure:
    """Return the figure with the shared look applied."""
    figure.update_layout(
        height=height,
        margin={"l": left, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        font={"size": 13},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None, "itemclick": False},
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(zeroline=False, gridcolor=QUIET, fixedrange=True, automargin=True)
    figure.update_yaxes(zeroline=False, gridcolor=QUIET, fixedrange=True, automargin=True)
    return figure
