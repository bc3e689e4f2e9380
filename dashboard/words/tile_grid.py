"""The gallery's tiles in words."""

from typing import Final

WORDS: Final = {
    "shown": "Shown in each tile",
    "pair": "Scan and map",
    "scan": "Scan",
    "map": "Map",
    "size": "Size",
    "select": "Select",
    "selected": "{n} selected",
    "missing": "No image",
}
