"""The figures that pages open with: drawn beside the first page, so that no other page draws one of them again."""

from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import overview as text_overview
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import read_study

Open = Callable[..., AppTest]


@pytest.mark.parametrize("study", ["folded", "normal", "two-classes", "empty-class"])
def test_a_page_finds_its_figures_drawn(open_page: Open, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(open_page("per_class", study).get("plotly_chart")) >= 2
    basis = compute.results(compute.study(study)).default_basis
    compute._made_ready(compute.study(study).fingerprint, basis, _study=None, _then=None).join()
    compute._figure.cache_clear()  # also of what the page has drawn itself
    charts.make_ready(compute.evidence(compute.study(study)))
    drawn: list[str] = []
    monkeypatch.setattr(go.Figure, "__init__", lambda *_, **__: drawn.append("anew"))
    for page in PAGES:
        if page != "errors":  # a case has figures of its own
            open_page(page, study)
            assert drawn == [], page


def test_the_overview_draws_each_number_on_both_bases() -> None:
    figure = charts.headlines(evidence_of(read_study(SHIPPED_STUDIES / "brain-tumor-mri")).published)
    assert figure is not None
    labels = figure.layout.yaxis.ticktext
    headings = [f"<b>{title}</b>" for title in text_overview.HEADLINES.values()]
    assert [label for label in labels if label.startswith("<b>")] == headings
    assert [label for label in labels if not label.startswith("<b>")] == ["Published split", "Grouped folds"] * 4


def test_the_overview_draws_nothing_where_new_scans_lack_a_class() -> None:
    few = evidence_of(read_study(SHIPPED_STUDIES / "brain-tumor-mri-b3"))
    assert few.results.audit.unseen.performance is not None  # 15 scans, none of them a glioma
    assert charts.headlines(few) is None


def test_the_overview_draws_nothing_where_it_is_not_known_what_is_new(studies_at_home: Path) -> None:
    assert charts.headlines(evidence_of(read_study(studies_at_home / "studies" / "no-training"))) is None
