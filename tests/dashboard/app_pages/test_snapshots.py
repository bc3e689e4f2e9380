"""What each page says, all that is folded away opened: one file a page in ``__snapshots__/``.

``pytest tests/dashboard -m snapshot --snapshot-update`` writes them anew; what changed is read in the diff.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block
from syrupy.assertion import SnapshotAssertion

from neuroval.dashboard.pages import PAGES
from neuroval.data.storage.home import SHIPPED_STUDIES

STUDIES = ("whole", "brain-tumor-mri")  # all that a study can hold, and the shipped one without its images
TEXTS = {"title": "# ", "header": "## ", "subheader": "### ", "info": "Info: ", "warning": "Warning: "}
CHOICES = ("selectbox", "select_slider", "button_group", "segmented_control", "radio")
GIVEN = ("text_input", "text_area", "number_input", "checkbox", "toggle", "slider")


def opened(app: AppTest) -> AppTest:
    """The page with all that is folded away or drawn on demand."""
    for _ in range(2):  # there may be more within
        for expander in app.main.expander:
            if key := re.fullmatch(r"\$\$ID-[0-9a-f]+-(.+)", expander.proto.id):
                app.session_state[key[1]] = True
        for toggle in app.main.toggle:
            toggle.set_value(True)
        app.run()
    return app


def lines(block: Block) -> Iterator[str]:
    """What a reader sees, in the order of the page."""
    for element in block.children.values():
        kind, proto = element.type, getattr(element, "proto", None)
        if isinstance(element, Block):
            label = getattr(element, "label", "") or getattr(getattr(proto, "popover", None), "label", "")
            yield from [f"[{label}]"] if label else []
            yield from lines(element)
        elif kind in TEXTS or kind in ("markdown", "caption"):
            yield TEXTS.get(kind, "") + str(element.value)
        elif kind == "metric":
            yield f"{element.label}: {element.value}"
        elif kind in ("table", "dataframe"):
            yield from table(element.value)
        elif kind == "plotly_chart":
            yield from figure(json.loads(proto.spec))
        elif kind in CHOICES:
            yield f"<{element.label}: {element.value}> of {', '.join(element.options)}"
        elif kind in GIVEN:
            yield f"<{element.label}: {element.value}>"
        elif kind == "image":
            yield from (f"(image) {one.caption}" for one in proto.imgs)
        elif kind == "bidi_component":
            given = json.loads(proto.json)
            yield from (f"(viewer) {view['label']}: {view['caption']}" for view in given.get("views", ()))
            yield from (f"(tile) {tile['caption']}; {tile['line']} {tile['review']}" for tile in given.get("tiles", ()))
        elif label := getattr(proto, "label", ""):
            yield f"<{label}>"


def table(frame: Any) -> Iterator[str]:
    yield " | ".join(map(str, frame.columns))
    yield from (" | ".join(map(str, row)) for row in frame.itertuples(index=False, name=None))


def figure(spec: dict[str, Any]) -> Iterator[str]:
    """The words of a figure: its title, axes, legend, and what stands in it."""
    layout = spec["layout"]
    axes = [layout.get(axis, {}) for axis in ("xaxis", "yaxis")]
    titles = [one.get("title", {}).get("text", "") for one in (layout, *axes)]
    yield "(figure) " + "; ".join(filter(None, titles))
    for ticks in (axis.get("ticktext") for axis in axes):
        yield from ["  ticks: " + ", ".join(ticks)] if ticks else []
    names = [trace["name"] for trace in spec["data"] if trace.get("name")]
    yield from ["  legend: " + ", ".join(dict.fromkeys(names))] if names else []
    texts = [text for trace in spec["data"] for text in trace.get("text") or () if isinstance(trace["text"], list)]
    yield from ["  texts: " + ", ".join(texts)] if texts else []
    notes = [note["text"] for note in layout.get("annotations", ()) if note.get("text")]
    yield from ["  notes: " + ", ".join(notes)] if notes else []


@pytest.mark.parametrize("page", PAGES)
def test_words(
    open_page: Callable[..., AppTest], page: str, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", SHIPPED_STUDIES)
    said = []
    for study in STUDIES if PAGES[page].needs_study else STUDIES[:1]:
        app = opened(open_page(page, study))
        assert not app.exception
        assert not app.error
        assert app.title[0].value.endswith("?")
        said += [f"==== {study} ====", *lines(app.main)]
    assert "\n".join(said) == snapshot
