"""The confusion matrix in square markers: area is the count, colour the harm. A heatmap would return no clicks."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.dashboard.figures.look import BELOW_TITLED, BESIDE_TITLED, finish, name_rows, text_on
from neuroval.dashboard.figures.palette import ACCENT, ALARM, AMBER, CORRECT, INK, QUIET, parts
from neuroval.dashboard.figures.typeface import widest
from neuroval.dashboard.words.formats import figure_names, figure_text
from neuroval.data.classes import ClassOrder

FEW, SEVERAL, MANY = 6, 10, 15  # classes: up to few, numbers stand beside the squares; beyond many, there are none
FAINT = 0.45  # opacity of a square below a number that reaches over it
LEVELS = 3  # of harm, up to which each has its entry in the legend


def harm_colour(harm: float, *, most: float) -> str:
    """Return the colour of an error: from amber for the least harm to red for the most."""
    share = harm / most if most > 0 else 0.0
    mixed = [round(low + share * (high - low)) for low, high in zip(parts(AMBER), parts(ALARM), strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def matrix_figure(
    matrix: ConfusionMatrix,
    classes: ClassOrder,
    *,
    harm: Sequence[Sequence[float]],
    selected: tuple[str, str] | None = None,
) -> go.Figure:
    """Return the clickable matrix: rows reference, columns predicted; ``customdata`` of a cell is its two names.

    Beyond 6 classes numbers stand in the middle of their cells, since columns are narrow; beyond 10 zeros are not
    written, beyond 15 no number is: the pointer and the table of the page show them.
    """
    names, k = classes.names, len(classes)
    cells = [(row, column) for row in range(k) for column in range(k)]
    values = [int(matrix.counts[cell]) for cell in cells]
    biggest = min(54.0, 330 / k)
    digits = 14 if k <= FEW else 11 if k <= SEVERAL else 10
    least = 0.0 if k <= SEVERAL else 3.0  # a count of one is seen in a small cell too
    most = max((cost for costs in harm for cost in costs), default=0.0)
    colours = [
        CORRECT if row == column else harm_colour(harm[row][column] if harm else 0.0, most=most)
        for row, column in cells
    ]
    sides = [max(least, biggest * math.sqrt(value / max(1, *values))) if value else 0.0 for value in values]
    full = [figure_text(classes.display[name]) for name in names]
    columns, rows = [column for _, column in cells], [row for row, _ in cells]
    figure = go.Figure()
    inside = [side > (30 if k <= FEW else 20) for side in sides]
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={
            "symbol": "square",
            "size": [max(side, 0.1) for side in sides],
            # A number in the middle of its cell may reach over its small square, which must not hide it.
            "color": [
                colour if within or k <= FEW else _faint(colour) for colour, within in zip(colours, inside, strict=True)
            ],
            "opacity": 1,
            "line": {"width": 0},
        },
        hoverinfo="skip",
        showlegend=False,
        unselected={"marker": {"opacity": 1}},
    )
    for within in (True, False):
        chosen = [i for i in _written(values, k) if inside[i] == within]
        figure.add_scatter(
            x=[columns[i] for i in chosen],
            y=[rows[i] for i in chosen],
            mode="text",
            text=[f"{values[i]:,}" if within or k > FEW else _beside(values[i], sides[i]) for i in chosen],
            textposition=["middle center" if within or not values[i] or k > FEW else "middle right" for i in chosen],
            textfont={"size": digits, "color": [text_on(colours[i]) if within else INK for i in chosen]},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={"symbol": "square", "size": biggest, "color": "rgba(0,0,0,0)"},
        customdata=[[names[row], names[column]] for row, column in cells],
        text=[
            f"Reference {full[row]}, predicted {full[column]}: {value:,}"
            for (row, column), value in zip(cells, values, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        unselected={"marker": {"opacity": 1}},
    )
    if harm:
        _legend(figure, sorted({harm[row][column] for row, column in cells if row != column}), most=most)
    if selected is not None:
        row, column = classes.index(selected[0]), classes.index(selected[1])
        figure.add_shape(
            type="rect",
            x0=column - 0.48,
            x1=column + 0.48,
            y0=row - 0.48,
            y1=row + 0.48,
            line={"color": ACCENT, "width": 2},
        )
    labels = figure_names([classes.display[name] for name in names])
    room = {"l": BESIDE_TITLED + widest(labels), "b": BELOW_TITLED, "t": 64}
    finish(figure, height=max(400, int(k * (biggest + (34 if k <= SEVERAL else 10))) + 80), room=room)
    figure.update_layout(clickmode="event+select")
    name_rows(figure, labels)
    figure.update_xaxes(title_text="Predicted", range=[-0.5, k - 0.5], showgrid=False)
    figure.update_xaxes(autotickangles=[0, -90])  # upright on a phone: a slanted last name would not be drawn
    step = math.ceil(k / MANY)  # columns are narrow: of many, every second or third is named
    figure.update_xaxes(tickmode="array", tickvals=list(range(0, k, step)), ticktext=labels[::step])
    figure.update_yaxes(title_text="Reference standard", tickangle=0)
    if k > SEVERAL:
        figure.update_xaxes(tickangle=-90, tickfont={"size": 11})
        figure.update_yaxes(tickfont={"size": 11})
    for edge in range(k + 1):
        line = {"color": QUIET, "width": 1}
        figure.add_shape(type="line", x0=edge - 0.5, x1=edge - 0.5, y0=-0.5, y1=k - 0.5, line=line, layer="below")
        figure.add_shape(type="line", y0=edge - 0.5, y1=edge - 0.5, x0=-0.5, x1=k - 0.5, line=line, layer="below")
    return figure


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {FAINT})"


def _written(values: Sequence[int], k: int) -> list[int]:
    """Return the cells whose count is written."""
    return [] if k > MANY else [i for i, value in enumerate(values) if value or k <= SEVERAL]


def _beside(value: int, side: float) -> str:
    """Return a count moved right of its small marker by spaces of the width of a digit."""
    return "\N{FIGURE SPACE}" * (1 + round(side / 14)) + f"{value:,}" if side else f"{value:,}"


def _legend(figure: go.Figure, levels: Sequence[float], *, most: float) -> None:
    entries = [("correct", CORRECT)]
    if levels:
        names = {level: f"harm {level:g}" for level in levels}
        if len(levels) > LEVELS:  # the shades between are of the weights between
            names = {levels[0]: f"harm {levels[0]:g}, least", levels[-1]: f"harm {levels[-1]:g}, most"}
        entries += [(name, harm_colour(level, most=most)) for level, name in names.items()]
    for label, colour in entries:
        figure.add_scatter(
            x=[None], y=[None], mode="markers", name=label, marker={"symbol": "square", "size": 11, "color": colour}
        )
