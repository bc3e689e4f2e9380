"""Occlusion maps in the graph: how far a class's score falls when a part of the image is covered.

For networks of which no gradient can be had. They are no Grad-CAM and are never called so: they take one run of the
network for each cell, and show where covering hurts, not where evidence lies. Source: Zeiler and Fergus, Visualizing
and understanding convolutional networks, ECCV 2014 (arXiv 1311.2901), section 2.2.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper

from neuroval.model.adapters.draft import Draft

CELLS: Final = 7  # a side of the grid, as that of many networks; each cell covers a square of its own


def occlusion_maps(
    draft: Draft,
    network: Sequence[NodeProto],
    *,
    image: str,
    contrast: str,
    size: int,
    score: Callable[[Draft, str], str],
    input_of: Callable[[Draft, str], str],
    network_input: str,
) -> str:
    """Return maps ``(n, k, 7, 7)``: how far each class's contrast falls when a cell gets the image's mean colour.

    ``network`` runs from ``network_input`` to its scores; ``input_of`` drafts that input from an image of 0 to 255,
    ``score`` the contrast ``(n, k)`` from the copy of the network, whose names begin with the prefix of its draft.
    Falls below 0 count as 0.
    """
    edges = np.linspace(0, size, CELLS + 1).round().astype(int)
    covers = np.zeros((CELLS * CELLS, 1, size, size, 1), dtype=np.float32)
    for row in range(CELLS):
        for column in range(CELLS):
            covers[row * CELLS + column, 0, edges[row] : edges[row + 1], edges[column] : edges[column + 1]] = 1
    body = Draft(prefix=f"{draft.prefix}/covered")
    # The covers are too large to lie in the file: rows and columns are, and their product is a cell.
    sides = covers.reshape(CELLS, CELLS, size, size)
    rows, columns = sides.max(axis=(1, 3)), sides.max(axis=(0, 2))
    cell_rows, cell_columns = draft.floats(rows), draft.floats(columns)
    step, going = f"{body.prefix}/step", f"{body.prefix}/going"
    height = body.reshaped(
        body.node("Gather", cell_rows, body.node("Div", step, body.integers(CELLS)), axis=0), 1, -1, 1, 1
    )
    width = body.reshaped(
        body.node("Gather", cell_columns, body.node("Mod", step, body.integers(CELLS)), axis=0), 1, 1, -1, 1
    )
    cover = body.node("Mul", height, width)
    colour = draft.reshaped(
        draft.node("GlobalAveragePool", draft.node("Transpose", image, perm=[0, 3, 1, 2])), -1, 1, 1, 3
    )
    covered = body.node("Add", image, body.node("Mul", cover, body.node("Sub", colour, image)))
    renamed = {network_input: input_of(body, covered)}
    body.copied(network, renamed, under=body.prefix)
    body.named(score(body, body.prefix), f"{body.prefix}/scores")
    body.named(going, f"{body.prefix}/goes_on")
    graph = _body(body, step=step, going=going)
    scores = f"{draft.prefix}/occluded"
    turns = [draft.scalar(CELLS * CELLS), draft.scalar(True)]
    draft.nodes.append(helper.make_node("Loop", turns, [scores], name=scores, body=graph))
    fall = draft.node("Relu", draft.node("Sub", contrast, scores))  # (49, n, k)
    return draft.reshaped(draft.node("Transpose", fall, perm=[1, 2, 0]), 0, 0, CELLS, CELLS)


def _body(body: Draft, *, step: str, going: str) -> GraphProto:
    return helper.make_graph(
        body.nodes,
        body.prefix,
        [
            helper.make_tensor_value_info(step, TensorProto.INT64, []),
            helper.make_tensor_value_info(going, TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info(f"{body.prefix}/goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info(f"{body.prefix}/scores", TensorProto.FLOAT, None),
        ],
        initializer=body.constants,
    )
