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
    pixels: NDArray[np.uint8], cam: NDArray[np.floating], *, top: float, opacity: float = 0.6, cells: bool = False
) -> NDArray[np.uint8]:
    """Return the image ``(h, w, 3)`` RGB with a map of the network's grid ``(gh, gw)`` over it.

    The map is smoothed over the image, or drawn in the ``cells`` of the grid, which is all that the network knows.

    Colour and opacity grow with the evidence, in proportion to ``top``, the value that gets full colour: a map
    without positive evidence leaves the image as it is.
    """
    if top <= 0 or not has_evidence(cam):
        return pixels
    height, width = pixels.shape[:2]
    how = cv2.INTER_NEAREST if cells else cv2.INTER_LINEAR
    fitted = cv2.resize(cam.astype(np.float32), (width, height), interpolation=how)
    evidence = np.clip(fitted / top, 0, 1)
    colour = COLOURS[np.rint(DARKEST + evidence * (255 - DARKEST)).astype(np.uint8)]
    alpha = (opacity * evidence)[:, :, None]
    blended: NDArray[np.uint8] = np.rint(pixels * (1 - alpha) + colour * alpha).astype(np.uint8)
    return blended


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the image ``(h, w, 3)`` RGB with a thin line around the reference outline ``(m, m)``, 1 inside."""
    height, width = pixels.shape[:2]
    smooth = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = (smooth >= 0.5).astype(np.uint8)
    edges, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = pixels.copy()
    thin = max(1, round(max(height, width) / 256))
    cv2.drawContours(drawn, edges, -1, HALO, thin + 2, lineType=cv2.LINE_AA)
    cv2.drawContours(drawn, edges, -1, LINE, thin, lineType=cv2.LINE_AA)
    return drawn
