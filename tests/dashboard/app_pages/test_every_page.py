"""Each page of the navigation on each kind of study, and on files that cannot be read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from neuroval import dashboard
from neuroval.dashboard.access.address_names import name_of
from neuroval.dashboard.pages import GROUPS, PAGES
from neuroval.dashboard.words import general as text
from neuroval.data.study.import_predictions import study_of_predictions

STUDIES = ("empty-class", "no-errors", "two-classes", "ten-classes")  # others are in test_snapshots
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def test_every_page_file_is_in_the_navigation() -> None:
    files = {path.stem for path in (Path(str(dashboard.__file__)).parent / "app_pages").glob("*.py")} - {"__init__"}
    assert files == set(PAGES)
    assert {page.group for page in PAGES.values()} == set(GROUPS)


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_and_answers(open_page: Open, said: Said, page: str, study: str) -> None:
    app = open_page(page, study)
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="study").value == study
    assert app.title[0].value.endswith("?")
    assert "Research use only. Not a medical device." in said(app)
    assert "How this was computed" in [expander.label for expander in app.expander]


def test_the_overview_judges_the_criterion_on_the_wider_interval(open_page: Open, said: Said) -> None:
    shown = said(open_page("overview", "normal"))
    assert "Whether to rely on it cannot be decided: 1 criterion undecided" in shown
    assert "0 of 1 criterion met" in shown
    assert "4 of 40 test cases (10.0%) share a patient" in shown
    assert "36 of 40 test scans share no patient" in shown
    assert "Grouped cross-validation: not available in this study." in shown


def test_the_overview_claims_no_more_about_the_criteria_than_is_recorded(open_page: Open, said: Said) -> None:
    shown = said(open_page("overview", "normal"))
    assert (
        "How often the test scans were used is not recorded. Whether the criteria were fixed before is not recorded."
        in shown
    )


def test_without_training_cases_the_overview_claims_nothing_new(open_page: Open, said: Said) -> None:
    app = open_page("overview", "no-training")
    assert [metric.value for metric in app.main.metric] == ["0.873", "Not estimable"]
    shown = said(app)
    assert "The study holds no training cases." in shown
    assert "Leakage could not be checked: the study holds no training cases." in shown
    assert "share no patient" not in shown
    assert "No gap" not in shown


def test_without_criteria_nothing_is_decided(open_page: Open, said: Said) -> None:
    assert "No acceptance criteria are set, so nothing can pass" in said(open_page("overview", "empty-class"))


def test_an_empty_class_is_not_estimable(open_page: Open, said: Said) -> None:
    app = open_page("per_class", "empty-class")
    assert "No scans of Pituitary: its sensitivity is not estimable." in said(app)
    assert len(app.dataframe) == 0  # folded away
    app.session_state["ranking"] = True
    app.session_state["intervals"] = True
    app.run()
    ratios = app.dataframe[0].value.query("Class == 'Pituitary'").iloc[0]
    assert ratios["AUC"] == "not estimable (no reference cases of pituitary)"
    row = app.dataframe[1].value.query("Class == 'Pituitary' and Rate == 'Sensitivity'").iloc[0]
    assert row["Plain"] == "not estimable (no reference cases of pituitary)"


def test_no_errors_says_what_is_still_compatible(open_page: Open, said: Said) -> None:
    assert "No errors in 40 scans: an error rate up to 9.5% is still compatible" in said(
        open_page("errors", "no-errors")
    )


def test_without_images_the_page_says_how_to_link_them(open_page: Open, said: Said) -> None:
    assert "neuroval data link FOLDER --data empty-class" in said(open_page("errors", "empty-class"))


@pytest.mark.parametrize(
    ("study", "what"),
    [
        ("broken", "predictions.parquet"),
        ("no-file", "cases.parquet: listed under [files] of study.toml but not there."),
        ("no-toml", "study.toml"),
        ("no-predictions", "predictions.parquet: no rows; a study needs at least one prediction."),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_a_broken_study_is_one_message_and_the_picker_works(open_page: Open, page: str, study: str, what: str) -> None:
    app = open_page(page, study)
    assert not app.exception
    assert len(app.error) == 1
    message = app.error[0].value.replace("\\", "")  # what Markdown would take for its own is escaped
    assert what in message
    assert "Choose another study at the left, or write this one again." in message
    assert "/" not in message.replace(f"{study}/", "")  # where, but no path of this machine
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
    assert app.title[0].value == "No tumour called Pituitary"  # 0.91, before 0.88 of a case with a smaller number
    next(button for button in app.button if button.label == "Back to gallery").click().run()
    assert app.title[0].value == "Where is it wrong?"


@pytest.mark.parametrize("case", ["../../etc", f"{60:016x}"])
def test_a_case_that_is_not_there_is_said(open_page: Open, case: str) -> None:
    app = open_page("errors", "normal", case=case)
    assert not app.exception
    assert [message.value for message in app.warning] == [text.NO_SUCH_CASE]
    assert app.title[0].value == "Where is it wrong?"


@pytest.mark.parametrize("page", PAGES)
def test_a_study_that_is_not_there_is_said(open_page: Open, page: str) -> None:
    app = open_page(page, "gone")
    assert not app.exception
    assert text.OTHER_STUDY in [message.value for message in app.info]
    app.selectbox(key="study").set_value("normal").run()
    assert app.query_params["study"] == "normal"
    assert text.OTHER_STUDY not in [message.value for message in app.info]


def test_other_encodings_are_said_of_the_data_set_and_of_the_case(open_page: Open, said: Said) -> None:
    assert "60 linked images: other encoding, predictions may differ slightly." in said(
        open_page("data_set", "re-encoded")
    )
    assert text.OTHER_ENCODING in said(open_page("errors", "re-encoded", case=f"{20:016x}"))
    assert "encoding" not in said(open_page("data_set", "normal"))
    assert "encoding" not in said(open_page("errors", "normal", case=f"{20:016x}"))


def test_an_image_that_is_not_in_the_folder_is_said(open_page: Open, said: Said) -> None:
    assert text.NO_IMAGE in said(open_page("errors", "normal", case=f"{59:016x}"))


def test_filters_narrow_the_gallery(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal")
    app.selectbox(key="reference").set_value("glioma").run()
    assert "1\N{EN DASH}2 of 2 shown, 5 errors in all" in said(app)
    assert app.query_params["reference"] == "glioma"
    app.selectbox(key="reference").set_value("all").run()
    assert "reference" not in app.query_params


def test_an_address_holds_class_names_and_filters(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", reference="glioma", confidence="high")
    assert app.selectbox(key="reference").value == "glioma"
    assert app.selectbox(key="confidence").value == "high"
    assert "1\N{EN DASH}1 of 1 shown, 5 errors in all" in said(app)  # the other one has 0.78, and high begins at 0.85
    assert app.selectbox(key="reference").format_func("glioma") == "Glioma"


def test_filters_by_what_the_evidence_and_the_copies_say(open_page: Open, said: Said) -> None:
    app = open_page("errors", "normal", source="north")
    assert app.selectbox(key="source").value == "north"
    assert "1\N{EN DASH}3 of 3 shown, 5 errors in all" in said(app)


def test_the_address_names_no_patient(open_page: Open, said: Said) -> None:
    patient = f"{0:016x}"
    app = open_page("errors", "copies", patient=name_of(patient))
    assert "1\N{EN DASH}1 of 1 shown" in said(app)
    assert app.selectbox(key="patient").value == patient
    app.selectbox(key="patient").set_value("all").run()
    assert "patient" not in app.query_params
    app.selectbox(key="patient").set_value(patient).run()
    assert app.query_params["patient"] == name_of(patient)
    app = open_page("errors", "copies", patient=patient)
    assert app.selectbox(key="patient").value == "all"


def test_a_case_id_that_an_import_has_brought_is_in_no_address(dashboard_home: Path, open_page: Open) -> None:
    rows = [f"Dickinson {number},{'ab'[number % 2]},0.4,0.6" for number in range(20)]
    file = dashboard_home / "named.csv"
    file.write_text("\n".join(["case_id,label,prob_a,prob_b", *rows]))
    study = study_of_predictions(file, out=dashboard_home / "studies" / "named")
    try:
        app = open_page("errors", "named")
        given = next(drawn.proto.json for drawn in app.get("bidi_component"))
        assert json.loads(given)["tiles"][0]["key"] == name_of("Dickinson 0")
        assert "Dickinson" not in given
        app = open_page("errors", "named", case=name_of("Dickinson 0"))
        assert app.title[0].value == "a called b"
        assert "Dickinson" not in repr(app.query_params)
        assert open_page("errors", "named", case="Dickinson 0").title[0].value == "a called b"  # a link of before
    finally:
        shutil.rmtree(study.path)


def test_a_case_shows_its_copies_and_its_patients_other_scans(open_page: Open, said: Said) -> None:
    app = open_page("errors", "copies", case=f"{20:016x}")
    shown = [title.value for title in app.header]
    assert shown == ["Copies of this image", "Other scans of this patient", "Similar training scans"]
    copy = next(button for button in app.button if button.key == f"copy-{24:016x}")
    copy.click().run()
    assert app.query_params["case"] == f"{24:016x}"
    app = open_page("errors", "normal", case=f"{20:016x}")
    other = next(button for button in app.button if button.key == f"patient-{0:016x}")
    assert "Glioma, train" in other.label
    other.click().run()
    assert app.title[0].value == "Glioma, train"
    assert text.OUTLINE in said(open_page("errors", "normal", case=f"{20:016x}"))
    assert text.OUTLINE not in said(open_page("errors", "normal", case=f"{21:016x}"))


def test_a_class_that_is_not_there_filters_nothing(open_page: Open, said: Said) -> None:
    assert "5 of 5 shown" in said(open_page("errors", "normal", reference="Glioma"))
    assert not open_page("confusion", "normal", row="Glioma", column="gone").exception


def test_the_next_case_is_the_next_of_the_filtered_ones(open_page: Open) -> None:
    app = open_page("errors", "normal", case=f"{20:016x}", reference="glioma")
    next(button for button in app.button if button.label == "Next").click().run()
    assert app.title[0].value == "Glioma called Meningioma"
    assert app.query_params["case"] == f"{24:016x}"


def test_the_selectors_choose_a_cell(open_page: Open, said: Said) -> None:
    app = open_page("confusion", "normal")
    app.selectbox(key="row").set_value("pituitary").run()
    app.selectbox(key="column").set_value("pituitary").run()
    assert "**6 cases**, the most confident first" in said(app)
    assert (app.query_params["row"], app.query_params["column"]) == ("pituitary", "pituitary")


def test_an_address_chooses_a_cell(open_page: Open, said: Said) -> None:
    app = open_page("confusion", "normal", row="meningioma", column="meningioma")
    assert "**6 cases**, the most confident first" in said(app)


def test_without_folds_and_history_the_pages_say_so(open_page: Open, said: Said) -> None:
    assert "This study holds no cross-validation." in said(open_page("cross_validation", "normal"))
    assert "neuroval cross-validate" in open_page("cross_validation", "other").info[0].value
    assert not open_page("cross_validation", "normal").info  # imported: there is no network to train anew
    shown = said(open_page("training", "normal"))
    assert "This study holds no training history." in shown
    assert "No reading of the test split is recorded." in shown
