"""The page Per class at work: prevalence, threshold and curves change what follows, say so, and stay in the address."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from neuroval.analysis.study.results import Results, results_of
from neuroval.analysis.study.two_class_questions import at, at_prevalence
from neuroval.dashboard.words import per_class as text
from neuroval.dashboard.words.formats import fine, full
from neuroval.data.study.folder import read_study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture
def found(dashboard_home: Path) -> Callable[[str], Results]:
    return lambda name: results_of(read_study(dashboard_home / "studies" / name))


def rows(app: AppTest) -> dict[str, list[str]]:
    """The table rows of a page by their first cell, escapes taken out."""
    found = [
        [plain(cell) for cell in row]
        for table in app.main.table
        for row in table.value.itertuples(index=False, name=None)
    ]
    return {label: cells for label, *cells in found}


def plain(cell: object) -> str:
    return re.sub(r"\\(?=\W)|\u2060", "", str(cell))


def test_prevalence_changes_ppv_and_is_marked_post_hoc(
    open_page: Open, said: Said, found: Callable[[str], Results]
) -> None:
    app = open_page("per_class", "normal")
    assert text.PREVALENCE_SET not in said(app)
    assert "Of 1,000 scans, 725 have a tumour" in said(app)
    app.select_slider(key="prevalence").set_value(0.03).run()
    assert app.query_params["prevalence"] == "0.03"
    shown = said(app)
    assert text.PREVALENCE_SET in shown
    assert "Of 1,000 scans, 30 have a tumour: 29 are found, 1 is missed." in shown
    expected = at_prevalence(found("normal").questions["any tumour"], 0.03)
    assert rows(app)["PPV"] == [fine(expected.ppv.headline)]
    assert "of 100 such calls between" not in shown.replace("As far as these scans can tell, of 100", "")
    default = next(one for one in app.select_slider(key="prevalence").options if "as in these scans" in one)
    app.select_slider(key="prevalence").set_value(0.725).run()
    assert default == "72% (as in these scans)"
    assert "prevalence" not in app.query_params
    assert text.PREVALENCE_SET not in said(app)


def test_the_address_keeps_class_and_prevalence(open_page: Open, said: Said) -> None:
    app = open_page("per_class", "normal", about="glioma", prevalence="0.04")
    assert app.selectbox(key="about").value == "glioma"
    assert app.select_slider(key="prevalence").value == 0.04
    assert "Of 1,000 scans, 40 are glioma" in said(app)
    app.selectbox(key="about").set_value("any tumour").run()
    assert "about" not in app.query_params
    assert app.query_params["prevalence"] == "0.04"


@pytest.mark.parametrize("given", ["3%", "0.9", "nan", "-1", ""])
def test_a_prevalence_that_cannot_be_is_left_out(open_page: Open, given: str) -> None:
    app = open_page("per_class", "normal", prevalence=given, about="gone")
    assert not app.exception
    assert app.select_slider(key="prevalence").value == 0.725


def test_without_a_case_of_the_class_the_prevalence_says_why(open_page: Open) -> None:
    app = open_page("per_class", "empty-class", about="pituitary", curves="shown")
    assert not app.exception
    assert rows(app)["PPV"] == ["not estimable (no reference cases of pituitary)", "not estimable"]
    assert len(app.select_slider) == 0
    assert "No curve can be drawn: no reference cases of pituitary." in [one.value for one in app.caption]


def test_a_threshold_is_set_by_one_click_and_kept_in_the_address(
    open_page: Open, said: Said, found: Callable[[str], Results]
) -> None:
    source = found("ten-classes")
    point = source.decisions.operating_point
    assert point is not None
    assert point.chosen.value is not None
    app = open_page("per_class", "ten-classes")
    assert text.THRESHOLD_SET not in said(app)
    assert "These are the numbers above" in said(app)
    app.segmented_control(key="threshold-kind").set_value("tuning").run()
    assert app.query_params["threshold"] == "tuning"
    assert text.THRESHOLD_SET in said(app)
    for label, name in (("Sensitivity", "sensitivity"), ("Specificity", "specificity"), ("PPV", "ppv"), ("NPV", "npv")):
        cells = next(row for row in app.main.table if "Largest probability" in row.value.columns).value
        row = cells[cells.iloc[:, 0] == label].iloc[0].tolist()
        assert plain(row[2]) == full(getattr(point.result, name).headline)
    app.segmented_control(key="threshold-kind").set_value("own").run()
    assert app.query_params["threshold"] == "0.5"
    app.slider(key="threshold").set_value(0.9).run()
    assert app.query_params["threshold"] == "0.9"
    assert full(at(source.questions["any tumour"], 0.9).sensitivity.headline) in said(app) + str(rows(app))
    app.segmented_control(key="threshold-kind").set_value("argmax").run()
    assert "threshold" not in app.query_params


def test_without_tuning_cases_there_is_no_operating_point_to_click(open_page: Open, said: Said) -> None:
    app = open_page("per_class", "normal", threshold="tuning")
    assert app.segmented_control(key="threshold-kind").options == ["Largest probability", "Own threshold"]
    assert app.segmented_control(key="threshold-kind").value == "argmax"
    assert "Operating point: the study holds no predictions of tuning cases." in said(app)


def test_without_a_negative_class_no_threshold_is_asked_for(open_page: Open) -> None:
    app = open_page("per_class", "two-classes")
    assert len(app.segmented_control) == 0
    assert app.selectbox(key="about").options == ["class 0", "class 1"]
    assert "Sensitivity" not in app.main.table[-1].value.columns


def charts(app: AppTest) -> list[str]:
    return [json.loads(one.proto.spec)["layout"].get("title", {}).get("text", "") for one in app.get("plotly_chart")]


def test_curves_are_drawn_on_demand(open_page: Open, said: Said, found: Callable[[str], Results]) -> None:
    app = open_page("per_class", "ten-classes", about="class 2")
    assert "ROC" not in charts(app)
    app.toggle(key="curves").set_value(True).run()
    assert app.query_params["curves"] == "shown"
    assert {"ROC", "Precision-recall"} <= set(charts(app))
    assert f"AUC {found('ten-classes').auc_of['class 2'].headline.value:.3f}" in said(app)
    app.toggle(key="curves").set_value(False).run()
    assert "curves" not in app.query_params


def test_patients_are_counted(open_page: Open, said: Said) -> None:
    assert "n = 37 patients with 40 slices." in said(open_page("per_class", "normal"))
    assert text.NO_PATIENTS in said(open_page("per_class", "ten-classes"))


def test_another_study_starts_without_the_settings(open_page: Open) -> None:
    app = open_page("per_class", "ten-classes", prevalence="0.03", threshold="0.2", about="class 2")
    app.selectbox(key="study").set_value("two-classes").run()
    assert not app.exception
    assert set(app.query_params) == {"study"}
    assert app.select_slider(key="prevalence").value == 0.5


def test_the_decision_curve_is_drawn_on_demand(open_page: Open, said: Said) -> None:
    app = open_page("confusion", "normal")
    before = len(app.get("plotly_chart"))
    app.toggle(key="decision").set_value(True).run()
    assert (len(app.get("plotly_chart")), app.query_params["decision"]) == (before + 1, "shown")
    assert "the model does better than calling every scan" in said(app)
    assert "this study names no negative class" in said(open_page("confusion", "two-classes"))
    assert "This study gives its errors no weight" in said(open_page("confusion", "two-classes"))


def test_details_of_the_data_set_are_drawn_when_they_are_opened(open_page: Open, said: Said) -> None:
    app = open_page("data_set", "normal")
    assert len(app.main.dataframe) == 0
    assert "Recorded of no scan: plane, site, " in said(app)
    app.session_state["image-contents"] = True
    app.session_state["missing"] = True
    app.run()
    by_class, by_source = (one.value for one in app.main.dataframe)
    assert by_class["Class"].tolist() == ["Glioma", "Meningioma", "No tumour", "Pituitary"]
    assert by_class["Width"].unique().tolist() == ["not recorded"]
    assert by_source["Source"].tolist() == ["north", "south"]
    assert rows(app)["site"][1] == "Glioma 20, Meningioma 12, No tumour 16, Pituitary 12"
