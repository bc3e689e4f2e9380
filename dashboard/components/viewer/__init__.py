"""The viewer of scans: pictures side by side or over each other, magnified, moved and windowed together.

It is a component of the browser (``viewer.js``): nothing that a reader does in it waits for the server, and it asks for
pictures alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from neuroval.dashboard.access.streamlit_private import browser_component
from neuroval.dashboard.session import state
from neuroval.dashboard.words import viewer as text

HTML: Final = """
<div class="viewer">
  <div class="bar"></div>
  <div class="stage" role="group" tabindex="0"></div>
  <p class="help"></p>
  <svg width="0" height="0" aria-hidden="true">
    <filter color-interpolation-filters="sRGB"><feComponentTransfer>
      <feFuncR type="linear"/><feFuncG type="linear"/><feFuncB type="linear"/>
    </feComponentTransfer></filter>
  </svg>
</div>
"""
SETTINGS: Final = "settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A scan with what lies over it: addresses of pictures, ``alt`` for who does not see them.

    ``label`` is that of its button; ``map`` and ``cells`` are the smooth map and that of the grid's cells.
    """

    label: str
    caption: str
    alt: str
    scan: str
    map: str | None = None
    cells: str | None = None
    outline: str | None = None


def show(views: Sequence[View], *, subject: str, opacity: int, cells: bool, key: str) -> None:
    """Draw views of one subject: the first is always there, of the others the reader chooses one to stand beside it.

    A new ``subject`` begins with the whole picture. Opacity in percent and cells are carried into the address.
    """
    render = browser_component("viewer", Path(__file__).parent, html=HTML, js="viewer.js", css="viewer.css")
    data: dict[str, Any] = {
        "subject": subject,
        "views": [asdict(view) for view in views],
        "opacity": opacity,
        "cells": cells,
        "words": text.WORDS,
    }
    render(data=data, key=key, width="stretch", height="content", on_settings_change=partial(_carry, key))


def _carry(key: str) -> None:
    """Carry what the reader has set into the address; callback of the viewer."""
    set_by_reader = getattr(state.typed(key), SETTINGS, None)
    if isinstance(set_by_reader, Mapping):
        state.maps_set(opacity=set_by_reader.get(state.OPACITY), cells=set_by_reader.get(state.CELLS))
