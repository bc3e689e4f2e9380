"""All colours but those of the classes: of the figures on pages, and of the report.

``.streamlit/config.toml`` holds those of the pages around the figures; a test keeps the shared ones the same. Colours
of classes belong to the study, by default those of ``neuroval.data.class_colours.OKABE_ITO``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WHITE, BLACK = "#ffffff", "#000000"
INK: Final = "#101516"  # on paper; a page draws it in the colour of its own text
QUIET: Final = "rgba(128, 136, 138, 0.35)"  # lines, never text
GROUND: Final = "#1f2223"  # of what the pointer shows
ACCENT: Final = "#2a8a9e"  # reads on both grounds; what is no class, such as any tumour
SECOND: Final = "#8a6fb0"  # beside the accent
NEUTRAL: Final = "#8a8f91"  # what the accent is set against
CORRECT: Final = "#69757a"  # the diagonal of a confusion matrix
AMBER: Final = "#e0a45e"  # the least harm to a patient
ALARM: Final = "#b3261e"  # what matters to a patient

# Of the page of the sign-in, which Streamlit does not draw: what stands in ``.streamlit/config.toml`` for all others.
LIGHT: Final = MappingProxyType({"ground": "#f6f7f7", "ink": INK, "accent": "#1b7083", "on-accent": WHITE})
DARK: Final = MappingProxyType({"ground": "#151718", "ink": "#e2e5e5", "accent": "#7fc3d1", "on-accent": "#151718"})

# Of the report, on white paper, by the names of its template. All is legible in greyscale.
PAPER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ink": "#16201f",
        "quiet": "#566063",
        "rule": "#c9cfd1",
        "ground": "#f0f3f4",
        "accent": "#1b7083",
        "alarm": ALARM,
        "caution": "#8a4b08",
        "good": "#0c6b4c",
        "grey": "#8a9193",
        "pale": "#b9c0c2",
    }
)


def parts(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``#rrggbb``, 0 to 255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def faint(colour: str, opacity: float) -> str:
    """Return a colour that what lies behind it is seen through, as CSS writes it."""
    red, green, blue = parts(colour)
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
