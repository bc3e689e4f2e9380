"""What a spreadsheet would run is text; what is a number stays one. In every file, whoever named the classes."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.study.results import results_of
from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.documents.spreadsheet import MARK, STARTS, as_text
from neuroval.dashboard.documents.table import as_csv
from neuroval.dashboard.report.attached_files import attachments
from neuroval.dashboard.report.options import Options
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import study_of_predictions

NAMES = ("=cmd|' /C calc'!A0", "@SUM(A1)", "+1+x", "-2+3+cmd")


@pytest.mark.parametrize(
    "cell", [*NAMES, "\t=1", "\r=1", "\N{FULLWIDTH EQUALS SIGN}1+x()", "-A1", "- x", "+", "=1", "-e to"]
)
def test_a_formula_becomes_text(cell: str) -> None:
    expected = cell if cell in ("+", "-e to") else MARK + cell  # signs without a name run nothing
    assert as_text(cell) == expected


@pytest.mark.parametrize(
    "cell", ["", "0.9", "-0.5", "+3", "-1.5e-07", "-1,024", "-3.0%", "-0.01 (-0.02 to 0.03)", "x=1", "a-b", "'"]
)
def test_numbers_and_other_text_stay(cell: str) -> None:
    assert as_text(cell) == cell


@given(st.text())
def test_nothing_that_names_something_is_run(cell: str) -> None:
    made = as_text(cell)
    assert made in (cell, MARK + cell)
    if made.startswith(STARTS):
        assert not any(letter.isalpha() and letter not in "toe" for letter in made)
        assert not set(made) & set("=@!|:\"'")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study whose classes and cases are formulas."""
    folder = tmp_path_factory.mktemp("formulas")
    rows = [
        {"case_id": f"=case{number}", "label": NAMES[number % 4], "split": "test"}
        | {f"prob_{name}": 0.7 if name == NAMES[(number + number // 30) % 4] else 0.1 for name in NAMES}
        for number in range(40)
    ]
    pd.DataFrame(rows).to_csv(folder / "predictions.csv", index=False)
    return study_of_predictions(folder / "predictions.csv", out=folder / "study")


def cells(content: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(content)) for cell in row]


def test_no_file_of_a_study_holds_a_formula(study: Study) -> None:
    found = results_of(study)
    files = {
        one.path: one.content.decode() for one in attachments(evidence_of(study), Options()) if one.mime == "text/csv"
    }
    assert len(files) == 2
    for content in (as_csv(found), *files.values()):
        held = cells(content)
        assert any(cell.startswith("'=") for cell in held)
        assert [cell for cell in held if cell.startswith(STARTS) and not cell.lstrip("+-")[:1].isdigit()] == []
