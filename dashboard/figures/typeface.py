"""Source Sans, in which pages, figures and the report are set: its files, and how wide text is in it."""

import html
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from neuroval.data.classes import without_marks

FIGURE_TEXT = 13  # pixels, the size of text in figures
LARGE = 256  # pixels, the size in which it is measured: small letters are set on whole pixels

_TAGS = re.compile(r"</?b>")


def face(name: str) -> Path:
    """Return the file of a face, such as ``Regular`` or ``Bold``. Raises ``ModuleNotFoundError`` without the package.

    The package holds each face twice, as TTF and OTF: one is picked.
    """
    spec = find_spec("font_source_sans_pro")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("font_source_sans_pro")
    return Path(spec.origin).with_name("files") / f"SourceSansPro-{name}.ttf"


def width(text: str) -> int:
    """Return how many pixels wide text of a figure is, its widest line; letters that the face lacks count too little.

    ``<b>`` and ``<br>`` are what Plotly takes them for.
    """
    return max((_width(line) for line in text.split("<br>")), default=0)


def widest(texts: Sequence[str]) -> int:
    """Return how many pixels the widest of some texts needs; 0 without any."""
    return max(map(width, texts), default=0)


@lru_cache(maxsize=4096)
def _width(line: str) -> int:
    font = _font("Bold" if "<b>" in line else "Regular")
    return math.ceil(font.getlength(without_marks(html.unescape(_TAGS.sub("", line)))) * FIGURE_TEXT / font.size)


@lru_cache(maxsize=2)
def _font(name: str) -> ImageFont.FreeTypeFont:
    # The other engine lays out scripts that Source Sans has no letters for, and fails on some texts.
    return ImageFont.truetype(face(name), LARGE, layout_engine=ImageFont.Layout.BASIC)
