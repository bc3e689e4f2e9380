"""A study with failed reads goes through everything: JSON, text, table, report and every page, which say so."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from neuroval.analysis.study.comparison import comparisons
from neuroval.analysis.study.results import StudyResults, results_of
from neuroval.dashboard.documents.study_document import as_text, sections
from neuroval.dashboard.documents.table import tidy_table
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.report.pdf import report
from neuroval.dashboard.words.compare import matching
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import study_of_predictions

NAMES = ("glioma", "meningioma", "notumor", "pituitary")
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def failing(folder: Path) -> Study:
    """72 test cases, 12 of them without a result, and 40 tuning cases; patients of two scans, two sites."""
    rng = np.random.default_rng(1)
    n, label = 112, np.arange(112) % 4
    chances = rng.dirichlet(np.ones(4), size=n) * 0.4
    chances[np.arange(n), np.where(rng.random(n) < 0.9, label, (label + 1) % 4)] += 0.6
    table = pd.DataFrame(chances, columns=[f"prob_{name}" for name in NAMES])
    table = table.assign(
        label=[NAMES[place] for place in label],
        split=np.where(np.arange(n) < 72, "test", "tuning"),
        patient_id=[f"p{number // 2}" for number in range(n)],
        site=np.where(np.arange(n) % 3 == 0, "north", "south"),
        reason=None,
    )
    failed = np.arange(0, 72, 6)
    table.loc[failed, [f"prob_{name}" for name in NAMES]] = np.nan
    table.loc[failed, "reason"] = np.where(failed % 12 == 0, "motion", "time out")
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "failing.csv", index=False)
    return study_of_predictions(folder / "failing.csv", out=folder / "failing", negative="notumor")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return failing(tmp_path_factory.mktemp("no-result"))


def test_json_and_text_hold_both_analyses(study: Study) -> None:
    document = sections(study, everything=True)
    json.dumps(document, allow_nan=False)
    numbers = document["sections"]["per-class"]["no_result"]
    assert (numbers["count"], numbers["n"], numbers["basis"]) == (12, 72, "test")
    assert numbers["reasons"] == [["motion", 6], ["time out", 6]]
    accuracy = numbers["accuracy"]
    assert (accuracy["complete"]["n"], accuracy["worst"]["n"]) == (60, 72)
    assert accuracy["complete"]["count"] == accuracy["worst"]["count"]
    assert document["study"]["n"] == 60
    assert "12 of 72 test scans have no result (motion 6, time out 6) and are left out of the numbers." in as_text(
        document
    )


def test_the_table_of_numbers_holds_the_worst_case(study: Study) -> None:
    table = tidy_table(results_of(study)).set_index(["subject", "metric"])
    worst, complete = table.loc[("overall", "accuracy_worst_case")], table.loc[("overall", "accuracy")]
    assert (worst["n"], complete["n"]) == (72, 60)
    assert worst["value"] < complete["value"]
    assert ("any_tumour", "sensitivity_worst_case") in table.index


def test_the_report_is_made_and_says_it(study: Study) -> None:
    text = " ".join("".join(page.extract_text() for page in PdfReader(BytesIO(report(study))).pages).split())
    assert "12 of 72 test scans have no result" in text
    assert "Scans without a result" in text


def test_a_comparison_says_which_model_has_no_result_for_some(study: Study) -> None:
    other = replace(study, fingerprint="0" * 64)
    compared = comparisons(StudyResults(study=study), StudyResults(study=other))
    assert compared.matched.n == 60
    told = matching(compared)
    assert "A has no result for 12 scans, left out too: it may be worse than it looks here." in told
    assert "B has no result for 12 scans" in told


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_says_how_many_are_left_out(
    open_page: Open, said: Said, studies_at_home: Path, page: str
) -> None:
    place = studies_at_home / "studies"
    if not (place / "failing").exists():
        failing(place)
        (place / "failing.csv").unlink()
    app = open_page(page, "failing")
    assert not app.exception
    assert not app.error
    shown = said(app)
    if page == "per_class":
        assert "Scans without a result" in [header.value for header in app.header]
    if PAGES[page].judges:
        assert "12 test scans without a result are left out." in shown, page
