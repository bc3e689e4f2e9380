"""Downloads say which study they are of, and that a synthetic one is synthetic."""

import csv
import dataclasses
import io
from pathlib import Path

import pytest

from neuroval.dashboard.components.exports import as_csv, file_name
from neuroval.data.study.folder import Study, read_study


@pytest.fixture(params=[False, True], ids=["real", "synthetic"])
def study(request: pytest.FixtureRequest, dashboard_home: Path) -> Study:
    found = read_study(dashboard_home / "studies" / "normal")
    about = dataclasses.replace(found.manifest.about, synthetic=request.param)
    return dataclasses.replace(found, manifest=dataclasses.replace(found.manifest, about=about))


def test_a_table_carries_its_study(study: Study) -> None:
    content = as_csv(study, [{"Class": "Glioma", "Rate": "0.9 (0.8\N{EN DASH}1.0)"}]).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert row == {
        "Class": "Glioma",
        "Rate": "0.9 (0.8\N{EN DASH}1.0)",
        "Study": "Study normal",
        "Synthetic": "yes" if study.manifest.about.synthetic else "no",
        "Fingerprint": study.fingerprint,
    }


def test_the_name_of_a_file_says_so_too(study: Study) -> None:
    synthetic = "-synthetic" if study.manifest.about.synthetic else ""
    assert file_name(study, "folds") == f"normal-folds{synthetic}-{study.fingerprint[:8]}"


def test_an_empty_table_has_its_columns(study: Study) -> None:
    assert as_csv(study, []).decode("utf-8-sig").split() == ["Study,Synthetic,Fingerprint"]


def test_no_name_of_the_data_is_run_by_a_spreadsheet(study: Study) -> None:
    about = dataclasses.replace(study.manifest.about, title="=SUM(1)")
    named = dataclasses.replace(study, manifest=dataclasses.replace(study.manifest, about=about))
    rows = [{"@Class": "=HYPERLINK(1)", "Difference": "-0.01 (-0.02 to 0.03)"}, {"@Class": "-x", "Difference": "+5"}]
    first, *lines = csv.reader(io.StringIO(as_csv(named, rows).decode("utf-8-sig")))
    assert first[:2] == ["'@Class", "Difference"]
    assert lines[0][:3] == ["'=HYPERLINK(1)", "-0.01 (-0.02 to 0.03)", "'=SUM(1)"]
    assert lines[1][:2] == ["'-x", "+5"]
