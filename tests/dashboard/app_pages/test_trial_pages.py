"""Shortcuts and Robustness: the answer first, its controls, and what a study without a trial says."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from neuroval.analysis.study.results import results_of
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words.trial_maps import WORTHLESS
from neuroval.data.study.folder import read_study

Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def test_the_answer_of_shortcuts_has_the_counts_of_the_trial(open_page: Open, said: Said, dashboard_home: Path) -> None:
    shown = said(open_page("shortcuts", "whole"))
    trial = results_of(read_study(dashboard_home / "studies" / "whole")).trial
    assert trial is not None
    worst = trial.needs[0].worst
    assert worst is not None
    still, elsewhere = worst.still.plain, worst.elsewhere.plain
    assert f"With the tumour removed, {still.count} of {still.n} scans are still called a tumour" in shown
    assert f"elsewhere, {elsewhere.count} of {elsewhere.n}." in shown
    assert (still.count or 0) > 0.5 * (still.n or 1)  # most calls stay: the finding below
    assert f"{len(trial.kept)} scans keep the call" in shown


def test_shortcuts_says_whether_maps_can_be_believed(open_page: Open, said: Said, dashboard_home: Path) -> None:
    app = open_page("shortcuts", "whole")
    shown = said(app)
    trial = results_of(read_study(dashboard_home / "studies" / "whole")).trial
    assert trial is not None
    assert trial.maps is not None
    random = trial.maps.random.correlation.headline
    assert "The maps depend on what the network has learnt." in shown
    assert f"the rank correlation with the maps shown is {random.value:.3f}" in shown
    assert (
        "faster than an order of chance in 8 of 11 scans; making it sharp first raises it faster in 8 of 11." in shown
    )
    assert "n = 11 test scans; 1 more has a map without evidence" in shown
    rows = next(table.value for table in app.main.table if "Change" in table.value)
    assert rows["Change"].tolist() == [
        *("Last layer random", "Upper third of the layers random", "All weights random"),
        *("Scan shifted by 1 to 4 pixels", "Scan turned by two degrees"),
    ]


def test_maps_that_ignore_the_network_are_said_to_be_worthless_beside_each(
    open_page: Open, said: Said, worthless_maps: str
) -> None:
    study = worthless_maps
    assert "No: the maps are the same when the network has learnt nothing." in said(open_page("shortcuts", study))
    assert "The maps do not depend on what the network has learnt:" in said(open_page("overview", study))
    assert WORTHLESS in said(open_page("errors", study))
    assert WORTHLESS in said(open_page("errors", study, case=f"{20:016x}"))
    assert WORTHLESS not in said(open_page("errors", "whole"))


def test_the_overview_names_it_first(open_page: Open, said: Said) -> None:
    shown = said(open_page("overview", "whole"))
    assert "The model does not need the tumour: with it removed," in shown
    assert "Motion breaks it while it is mild" in shown


def test_robustness_names_what_breaks_first_and_keeps_the_rest_folded(open_page: Open, said: Said) -> None:
    app = open_page("robustness", "whole")
    shown = said(app)
    assert "Motion breaks it first: " in shown
    assert "Of 2 ways to spoil a scan, 1 breaks nothing at any severity." in shown
    assert len(app.main.get("plotly_chart")) == 1
    app.session_state["hold"] = True
    assert len(app.run().main.get("plotly_chart")) == 2


def test_robustness_says_whether_the_network_notices(open_page: Open, said: Said) -> None:
    app = open_page("robustness", "whole")
    assert "The check for scans unlike training flags most scans with motion." in said(app)
    rows = next(table.value for table in app.main.table if "Flagged" in table.value).set_index("Spoilt by")
    assert rows.loc["Motion", "Flagged"].startswith("0.00, then 0.750 (")
    assert rows.loc["Motion", "Mean confidence"] == "0.95, then 0.800"
    assert rows.loc["JPEG compression", "Flagged"].startswith("0.00, then 0.000 (")


def test_one_scan_gets_worse_under_the_slider(open_page: Open, said: Said) -> None:
    app = open_page("robustness", "whole", spoilt="motion")
    assert "as it is: called" in said(app)
    app.select_slider(key="severity").set_value(5).run()
    assert "severity 5 of 5: called no tumour" in said(app)
    app.selectbox(key="spoilt").set_value("jpeg").run()
    assert not app.exception


def test_a_study_without_a_trial_says_how_to_make_one(open_page: Open, said: Said) -> None:
    for page in ("shortcuts", "robustness"):
        app = open_page(page, "normal")
        assert not app.exception
        assert "neuroval trial normal" in said(app)
        assert not app.main.get("plotly_chart")


def test_what_was_not_tried_is_said(open_page: Open, said: Said) -> None:
    shown = said(open_page("shortcuts", "two-classes"))
    assert text.NO_BASELINES in shown


def test_shortcuts_shows_accuracy_by_distance_to_training_or_why_not(open_page: Open, said: Said) -> None:
    app = open_page("shortcuts", "whole")
    rows = next(table.value for table in app.main.table if "Distance" in table.value)
    assert rows["Scans"].tolist() == ["Nearest to training", "Second", "Third", "Farthest from training"]
    assert [cell.rpartition("/")[2] for cell in rows["Accuracy"]] == ["10", "10", "10", "10"]
    shown = said(open_page("shortcuts", "normal"))
    assert "not estimable: the study does not hold how the network sees its scans." in shown
