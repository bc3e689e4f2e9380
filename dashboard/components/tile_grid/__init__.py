"""The gallery: tiles that each lead to a case, as many in a row as fit, with several to be selected at a time.

It is a component of the browser (``tile_grid.js``): size and what a tile shows never wait for the server, which is told
of the case that is opened and of the cases that are selected.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from neuroval.dashboard.access.address_names import name_of_case
from neuroval.dashboard.access.streamlit_private import browser_component
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.cases.reviews import REVIEW, Reviews
from neuroval.dashboard.components.tiles import url
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import reviews as text_reviews
from neuroval.dashboard.words.tile_grid import WORDS
from neuroval.data.study.folder import Study

HTML: Final = """
<div class="gallery">
  <div class="bar"></div>
  <div class="tiles" role="list"></div>
</div>
"""
KEY: Final = "gallery-tiles"


def show(study: Study, cases: Sequence[Case], *, reviews: Reviews | None, pictures: bool) -> tuple[str, ...]:
    """Draw cases as tiles and return the ids of those that the reader has selected, in their order.

    The case that was opened last is where the gallery stands when the reader comes back.
    """
    named = {name_of_case(case.case_id): case for case in cases}
    tiles = [_tile(study, name, case, reviews=reviews, pictures=pictures) for name, case in named.items()]
    data = {"tiles": tiles, "words": WORDS, "focus": state.last_opened()}
    render = browser_component("tile_grid", Path(__file__).parent, html=HTML, js="tile_grid.js", css="tile_grid.css")
    drawn = render(
        data=data,
        key=KEY,
        width="stretch",
        height="content",
        default={"selected": []},
        on_selected_change=lambda: None,
        on_opened_change=partial(_open, {name: case.case_id for name, case in named.items()}),
    )
    selected = set(drawn.selected or ())
    return tuple(case.case_id for name, case in named.items() if name in selected)


def _open(case_ids: dict[str, str]) -> None:
    """Open the case whose tile was pressed; callback of the gallery."""
    case_id = case_ids.get(str(getattr(state.typed(KEY), "opened", "")))
    if case_id is not None:
        state.open_case(case_id)


def _tile(study: Study, name: str, case: Case, *, reviews: Reviews | None, pictures: bool) -> dict[str, Any]:
    status = "none" if reviews is None else reviews.status(case.case_id)
    tile = {
        "key": name,
        "href": f"?{urlencode({**state.query(), state.CASE: name})}",
        "caption": text_errors.caption(case, study.classes),
        "line": text_errors.plain_confidence(case),
        "bad": case.tier == "high" and not case.correct,
        "review": "" if status == "none" else text_reviews.filter_value(REVIEW, status),
        "alt": text_errors.alt(case, study.classes),
    }
    if not pictures or not compute.has_image(study, case.case_id):
        return tile
    tile["scan"] = url(study, case.case_id, size="thumbnail")
    if case.map_of is not None and case.call_is_mapped:
        tile["alt"] = text_errors.alt(case, study.classes, with_map=case.predicted, maps=study.maps)
        for shown, size in (("pair", "pair"), ("map", "thumbnail")):
            tile[shown] = url(study, case.case_id, case.predicted, size=size, of=case.map_of)
    return tile
