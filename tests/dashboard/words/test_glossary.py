"""Every number that a page names is explained there, in a sentence with its formula."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.words.glossary import METRICS, explained, help_on
from neuroval.data.storage.home import SHIPPED_STUDIES

NAMING = ("Number", "Score")  # the first column of tables that name numbers
ABOUT = ("Class", "A patient's answer is", "Rate")  # columns of a table of rates that name none
TRIED = ("shortcuts", "robustness", "subgroups")  # the shipped studies have no trial, and corruptions are no numbers
SEVERAL = ("Rates",)  # a figure whose rows name the numbers


def names(app: AppTest) -> Iterator[str]:
    """The numbers that a page names: metrics, rows and columns of tables, titles and headings of figures."""
    for metric in app.main.metric:
        yield metric.label
    for table in (*app.main.table, *app.main.dataframe):
        frame = table.value
        if frame.columns[0] in NAMING:
            yield from frame.iloc[:, 0]
        elif frame.columns[0] in ABOUT[:2] and ("AUC" in frame or "Sensitivity" in frame):
            yield from (column for column in frame.columns if column not in (*ABOUT, "Class right"))
    for chart in app.main.get("plotly_chart"):
        layout = json.loads(chart.proto.spec)["layout"]
        if title := layout.get("title", {}).get("text"):
            yield from () if title in SEVERAL else (title,)
        for label in layout.get("yaxis", {}).get("ticktext", ()):
            yield from re.findall("^<b>(.*)</b>$", label)  # the heading of a section


def is_explained(name: str, page: str) -> bool:
    shown = [re.escape(metric.lower()) for metric in PAGES[page].metrics]
    return any(re.search(rf"(^|\s){metric}($|[\s,(])", name.lower()) for metric in shown)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("study", ["whole", "brain-tumor-mri"])
def test_every_number_of_a_page_is_explained_on_it(
    open_page: Callable[..., AppTest], page: str, study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuroval.data.storage.home.SHIPPED_STUDIES", SHIPPED_STUDIES)
    app = open_page(page, study)
    if page == "per_class":
        for key in ("ranking", "averages", "intervals"):
            app.session_state[key] = True
        app.run()
        assert len(app.main.dataframe) == 2
    named = set(names(app))
    assert named or not PAGES[page].metrics or page in ("claims", "compare", "cross_validation", *TRIED)
    assert {name for name in named if not is_explained(name, page)} == set()
    how = next(one for one in app.expander if one.label == "How this was computed")
    assert explained(PAGES[page].metrics) in "\n".join(str(element.value) for element in how.markdown)


def test_a_number_that_is_not_explained_is_found() -> None:
    assert is_explained("Balanced accuracy (macro sensitivity)", "per_class")
    assert is_explained("Glioma AUC", "compare")
    assert not is_explained("Gini", "per_class")
    assert not is_explained("AUC", "training")


def test_every_explanation_is_used_and_is_a_sentence() -> None:
    assert {name for page in PAGES.values() for name in page.metrics} == set(METRICS)
    for name in METRICS:
        assert help_on(name)[0].isupper()
        assert help_on(name).endswith(".")
