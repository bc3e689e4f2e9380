"""The section of subgroups: a table for each choice of columns, in JSON and as text."""

import json

import pytest

from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.documents.study_document import as_text, document_of
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import SHIPPED_STUDIES
from neuroval.data.study.folder import read_study


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(read_study(SHIPPED_STUDIES / "brain-tumor-mri"), basis="test")


def test_a_column_or_two_crossed_have_a_table_each(results: Results) -> None:
    document = document_of(results, names=["subgroups"], by=[("source",), ("source", "plane")])
    section = json.loads(json.dumps(document, allow_nan=False))["sections"]["subgroups"]
    assert [table["by"] for table in section["tables"]] == [["source"], ["source", "plane"]]
    crossed = section["tables"][1]
    assert crossed["levels"][0]["values"] == {"source": "figshare", "plane": "axial"}
    assert sum(level["n"] for level in crossed["levels"]) == crossed["n"]
    assert crossed["n"] + crossed["unknown"] == results.evaluated.n
    small = next(level for level in crossed["levels"] if level["n"] < 20)
    assert small["numbers"]["overall.accuracy"]["rate"]["reason"] == f"{small['n']} cases where at least 20 are needed"
    assert section["columns"]["plane"] == ["axial", "coronal", "sagittal"]


def test_as_text_each_subgroup_has_its_lines(results: Results) -> None:
    told = as_text(document_of(results, names=["subgroups"], by=[("plane",)])).splitlines()
    assert "  by plane: 870 cases, 441 without it" in told
    assert "    axial: 354 cases, 189 groups" in told
    number = results.subgroups.by(("plane",)).levels[0].numbers["overall.accuracy"].rate.headline
    (line,) = [line for line in told if "overall.accuracy: 0.986" in line]
    assert f"({number.low:.3f}\N{EN DASH}{number.high:.3f}), 349/354; difference to the rest" in line


def test_an_unknown_column_is_named_with_those_that_there_are(results: Results) -> None:
    with pytest.raises(InputError, match=r"no column 'scanner' is recorded; there are \['plane'"):
        document_of(results, names=["subgroups"], by=[("scanner",)])
