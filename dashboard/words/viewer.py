"""The viewer in words."""

from typing import Final

WORDS: Final = {
    "shown": "Shown beside the scan",
    "tools": "Tools",
    "beside": "Side by side",
    "map": "Map",
    "outline": "Outline",
    "cells": "Cells of the grid",
    "invert": "Invert",
    "fit": "Reset",
    "opacity": "Opacity of the map",
    "window": "window",
    "level": "level",
    "inverted": "inverted",
    "missing": "This picture cannot be drawn.",
    "stage": "Scan. Keys: M map, O outline, I invert, 1 to 9 magnify, 0 reset, arrows move.",
    "help": "Drag to set window and level. Keys on the picture: 1 to 9 and the wheel magnify, 0 resets. "
    "Drag a magnified picture to move it.",
}
