"""Each page on an ordinary study, an empty class, no errors, no images and a broken file."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

PAGES = ("overview", "data_set", "per_class", "confusion", "errors")
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.mark.parametrize("study", ["normal", "empty-class", "no-errors"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_and_answers(open_page: Open, said: Said, page: str, study: str) -> None:
    app = open_page(page, study)
    assert not app.exception
    assert not app.error
    assert app.title[0].value.endswith("?")
    assert "Research use only. Not a medical device." in said(app)
    assert "How this was computed" in [expander.label for expander in app.expander]


def test_the_overview_judges_the_criterion_on_the_wider_interval(open_page: Open, said: Said) -> None:
    text = said(open_page("overview", "normal"))
    assert "Fails" in text
    assert "0 of 1 criterion met" in text
    assert "4 of 40 test cases (10.0%) share a patient" in text
    assert "36 of 40 test scans share no patient" in text
    assert "Grouped cross-validation: not part of this study." in text


def test_without_criteria_nothing_is_decided(open_page: Open, said: Said) -> None:
    assert "Not decidable" in said(open_page("overview", "empty-class"))


def test_an_empty_class_is_not_estimable(open_page: Open, said: Said) -> None:
    app = open_page("per_class", "empty-class")
    assert "No scans of Pituitary: its sensitivity is not estimable." in said(app)
    row = app.dataframe[0].value.query("Class == 'Pituitary' and Rate == 'Sensitivity'").iloc[0]
    assert row["Plain"] == "not estimable (no reference cases of pituitary)"


def test_no_errors_says_what_is_still_compatible(open_page: Open, said: Said) -> None:
    assert "No errors in 40 scans: an error rate up to 8.8% is still compatible" in said(
        open_page("errors", "no-errors")
    )


def test_without_images_the_page_says_how_to_link_them(open_page: Open, said: Said) -> None:
    assert "neuroval data link FOLDER" in said(open_page("errors", "empty-class"))


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_study_is_one_message_and_the_picker_works(open_page: Open, page: str) -> None:
    app = open_page(page, "broken")
    assert not app.exception
    assert len(app.error) == 1
    assert "predictions.parquet" in app.error[0].value
    app.selectbox(key="study").set_value("normal").run()
    assert not app.error
    assert app.title


def test_an_address_opens_a_case_in_full(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", case=f"{20:016x}")
    assert app.title[0].value == "Glioma called Meningioma"
    assert "Delay." in said(app)
    assert "Expert review." in said(app)
    following = next(button for button in app.button if button.label == "Next")
    following.click().run()
    assert app.title[0].value == "Meningioma called No tumour"
    next(button for button in app.button if button.label == "Back to gallery").click().run()
    assert app.title[0].value == "Where is it wrong?"


def test_an_unknown_case_is_said(open_page: Open) -> None:
    assert len(open_page("errors", "normal", case="../../etc").warning) == 1


def test_filters_narrow_the_gallery(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal")
    app.selectbox(key="reference").set_value("glioma").run()
    assert "1\N{EN DASH}2 of 2 shown, 5 errors in all" in said(app)


def test_the_selectors_choose_a_cell(open_page: Open, said: Said) -> None:
    app = open_page("confusion", "normal")
    app.selectbox(key="row").set_value("pituitary").run()
    app.selectbox(key="column").set_value("pituitary").run()
    assert "**9 cases**, the most confident first" in said(app)
