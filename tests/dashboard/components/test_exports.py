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
