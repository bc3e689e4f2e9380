"""Showing Grad-CAM over an image: one colour convention, and no colour where there is no evidence."""

import cv2
import numpy as np
from numpy.typing import NDArray

# Perceptually even and readable by colour-blind people; the warm, bright end means high evidence.
COLOURS = cv2.cvtColor(
    cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB
)[:, 0]
LINE, HALO = (255, 255, 255), (0, 0, 0)  # of a reference outline: seen on light and on dark tissue
DARKEST = 96  # the colour of vanishing evidence, still visible over dark tissue if it were opaque


def has_evidence(cam: NDArray[np.floating]) -> bool:
    """Return whether a map holds any positive evidence."""
    return bool(cam.max(initial=0) > 0)


def overlay(
    pixels: NDArray[np.uint8], cam: NDArray[np.floating], *, top: float, opacity: float = 0.6
) -> NDArray[np.uint8]:
    """Return the image ``(h, w, 3)`` RGB with a map of the network's grid ``(gh, gw)`` over it, smoothed.

    Colour and opacity grow with the evidence, in proportion to ``top``, the value that gets full colour: a map
    without positive evidence leaves the image as it is.
    """
    if top <= 0 or not has_evidence(cam):
        return pixels
    colour, evidence = _coloured(cam, top=top, shape=pixels.shape[:2], cells=False)
    alpha = (opacity * evidence)[:, :, None]
    blended: NDArray[np.uint8] = np.rint(pixels * (1 - alpha) + colour * alpha).astype(np.uint8)
    return blended


def map_layer(
    cam: NDArray[np.floating], *, top: float, shape: tuple[int, int], cells: bool = False
) -> NDArray[np.uint8]:
    """Return a map alone ``(h, w, 4)`` RGBA, to lie over an image of that ``shape``: ``overlay`` at full opacity.

    It is smoothed, or drawn in the ``cells`` of the grid, which is all that the network knows.
    """
    if top <= 0 or not has_evidence(cam):
        return np.zeros((*shape, 4), dtype=np.uint8)
    colour, evidence = _coloured(cam, top=top, shape=shape, cells=cells)
    alpha = np.rint(255 * evidence).astype(np.uint8)
    return np.dstack([colour, alpha])


def _coloured(
    cam: NDArray[np.floating], *, top: float, shape: tuple[int, ...], cells: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return colour ``(h, w, 3)`` and evidence ``(h, w)`` from 0 to 1 of a map, at the size of an image."""
    height, width = shape
    how = cv2.INTER_NEAREST if cells else cv2.INTER_LINEAR
    fitted = cv2.resize(cam.astype(np.float32), (width, height), interpolation=how)
    evidence = np.clip(fitted / top, 0, 1)
    return COLOURS[np.rint(DARKEST + evidence * (255 - DARKEST)).astype(np.uint8)], evidence


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image ``(h, w, 3)`` RGB with a thin line around the reference outline ``(m, m)``, 1 inside."""
    drawn = pixels.copy()
    _draw_edges(drawn, mask, halo=HALO, line=LINE)
    return drawn


def outline_layer(mask: NDArray[np.uint8], *, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the outline alone ``(h, w, 4)`` RGBA, to lie over an image of that ``shape``."""
    drawn = np.zeros((*shape, 4), dtype=np.uint8)
    _draw_edges(drawn, mask, halo=(*HALO, 255), line=(*LINE, 255))
    return drawn


def _draw_edges(
    drawn: NDArray[np.uint8], mask: NDArray[np.uint8], *, halo: tuple[int, ...], line: tuple[int, ...]
) -> None:
    height, width = drawn.shape[:2]
    smooth = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = (smooth >= 0.5).astype(np.uint8)
    edges, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    thin = max(1, round(max(height, width) / 256))
    cv2.drawContours(drawn, edges, -1, halo, thin + 2, lineType=cv2.LINE_AA)
    cv2.drawContours(drawn, edges, -1, line, thin, lineType=cv2.LINE_AA)
