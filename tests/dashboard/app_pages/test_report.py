"""The page Report: choices, preview and download."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from neuroval.dashboard.report.options import SECTIONS, Options
from neuroval.dashboard.words import report as text
from neuroval.data.study.folder import Study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What the page asks a report for; the report itself is tested elsewhere."""
    found: list[Options] = []

    def report(_: Study, options: Options) -> bytes:
        found.append(options)
        return b"%PDF-1.7"

    monkeypatch.setattr("neuroval.dashboard.session.cache.report", report)
    return found


def make(app: AppTest) -> Button:
    """The button that makes the report anew."""
    return next(button for button in app.button if button.label == text.MAKE)


def test_the_report_is_on_the_basis_of_the_pages(open_page: Open, asked: list[Options]) -> None:
    app = open_page("report", "whole", basis="test")
    assert asked[-1] == Options(basis="test")
    app.button(key="basis-new-patients").click().run()
    assert not app.exception
    assert asked[-1] == Options()  # with which the study opens


def test_the_page_shows_the_whole_report_at_first(open_page: Open, said: Said, asked: list[Options]) -> None:
    app = open_page("report", "whole")
    assert not app.exception
    assert asked[-1] == Options()
    assert [button.label for button in app.get("download_button")] == ["Download the report"]
    assert "Verdict: not decidable." in said(app)


def test_the_choices_are_those_of_the_report(open_page: Open, asked: list[Options]) -> None:
    app = open_page("report", "whole")
    app.text_input[0].set_value(" Dr A. Example ")
    app.text_area[0].set_value("A remark.")
    app.selectbox(key="report-level").set_value(0.99)
    app.number_input[0].set_value(1.0)
    app.checkbox[0].check()
    make(app).click().run()
    assert not app.exception
    assert asked[-1] == Options(
        sections=SECTIONS, reviewer="Dr A. Example", remarks="A remark.", level=0.99, prevalence=0.01, all_errors=True
    )


def test_a_study_without_a_negative_class_has_no_threshold(open_page: Open, asked: list[Options]) -> None:
    app = open_page("report", "two-classes")
    assert [one.label for one in app.number_input] == ["Prevalence for PPV and NPV, in percent"]
    assert asked


def test_what_is_typed_is_not_left_out_of_a_file_in_silence(
    open_page: Open, said: Said, asked: list[Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[Callable[[], bytes]] = []

    def offered(_: str, data: Callable[[], bytes], __: str, mime: str, **___: object) -> None:
        files.extend([data] if mime == "application/pdf" else [])

    monkeypatch.setattr("streamlit.download_button", offered)
    monkeypatch.setattr("neuroval.dashboard.components.report_form.ON_ITS_WAY", 0)
    app = open_page("report", "whole")
    assert asked[-1] == Options()
    assert len(files) == 1
    app.text_input[0].set_value("Dr A").run()
    assert text.NOT_IN_FILE in "".join(info.value for info in app.info)
    assert len(files) == 1  # no file is offered that lacks the name
    files[0]()  # the button that was clicked while the name was on its way
    assert asked[-1].reviewer == "Dr A"
    make(app).click().run()
    assert not app.info
    assert len(files) == 2
    assert asked[-1].reviewer == "Dr A"
    assert "Reviewer: Dr A" in said(app)
