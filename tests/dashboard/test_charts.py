"""The figures that pages open with: drawn beside the first page, so that no other page draws one of them again."""

from collections.abc import Callable

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import charts, compute
from dashboard.components.frame import PAGE_FILES

Open = Callable[..., AppTest]


@pytest.mark.parametrize("study", ["folded", "normal", "two-classes", "empty-class"])
def test_a_page_finds_its_figures_drawn(open_page: Open, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(open_page("per_class", study).get("plotly_chart")) >= 2
    compute._figure.cache_clear()  # also of what the page has drawn itself
    charts.make_ready(compute.evidence(compute.study(study)))
    drawn: list[str] = []
    monkeypatch.setattr(go.Figure, "__init__", lambda *_, **__: drawn.append("anew"))
    for page in PAGE_FILES:
        if page != "errors":  # a case has figures of its own
            open_page(page, study)
            assert drawn == [], page
