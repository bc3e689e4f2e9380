"""What is not known of training cases is said wherever a number would be: it is never 0, and no case is called new."""

import io
from pathlib import Path

import pypdf
import pytest

from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.documents.study_document import as_text, document_of
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.pdf import report
from neuroval.dashboard.words import data_set as text_data_set
from neuroval.dashboard.words import overview
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import study_of_predictions

NO_ID, ONE_ID, NO_CASES = "no id in training", "one id in training", "no training cases"
REASONS = {
    NO_ID: "no patient id and no file hash is known on both sides",
    ONE_ID: "only 1 of 4 training cases has a patient id",
    NO_CASES: "the study holds no training cases",
}


@pytest.fixture(params=REASONS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def study(kind: str, tmp_path: Path) -> Study:
    """Six test cases of three patients, and four training cases of which little or nothing is known."""
    rows = ["label,split,patient_id,prob_tumor,prob_notumor"]
    if kind != NO_CASES:
        rows += [f"tumor,train,{'z' if kind == ONE_ID and n == 0 else ''},," for n in range(4)]
    rows += [f"{label},test,p{n},{p},{1 - p}" for n in range(3) for label, p in (("tumor", 0.75), ("notumor", 0.25))]
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n")
    return study_of_predictions(tmp_path / "p.csv", out=tmp_path / "study", negative="notumor")


@pytest.fixture
def found(study: Study) -> Results:
    return results_of(study)


def test_the_pages_say_that_it_is_not_estimable(study: Study, found: Results, kind: str) -> None:
    evidence = evidence_of(study)
    assert f"Sharing with training is not estimable: {REASONS[kind]}." in text_data_set.answer(
        found.whole.dataset, found.audit.leakage, study.classes
    )
    assert overview.gap(evidence, study.manifest) == f"The gap between the two is not estimable: {REASONS[kind]}."
    assert overview.headlines(evidence, study.manifest)[1].estimate.value is None
    assert [row["New to the model"] for row in overview.comparison(evidence, study.manifest)] == [
        f"not estimable ({REASONS[kind]})"
    ] * 4


def test_json_says_that_it_is_not_estimable(found: Results, kind: str) -> None:
    audit = document_of(found)["sections"]["audit"]
    assert audit["new_to_the_model"] == {"n": None, "counts": None, "reason": REASONS[kind]}
    assert {
        one["value"]
        for row in audit["shared"].values()
        for key, one in row.items()
        if key in ("group", "patient", "copy")
    } == {None}
    assert {step["reason"] for step in audit["steps"]} == {REASONS[kind]}
    assert "leakage_unchecked" in {finding["code"] for finding in audit["findings"]}


def test_the_printed_numbers_do_not_say_that_there_is_none(found: Results) -> None:
    document = document_of(found, names=["audit"])
    lines = as_text(document).splitlines()
    for key, shared_by in (("patients_across_splits", "patient"), ("twins_across_splits", "copy")):
        reason = document["sections"]["audit"]["shared"]["all"][shared_by]["reason"]
        assert f"  {key}: not estimable: {reason}" in lines


def test_the_report_says_that_it_is_not_estimable(study: Study) -> None:
    pages = pypdf.PdfReader(io.BytesIO(report(study, Options()))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "No patient has scans in test and in training" not in text
    assert "have scans in test and in training or tuning is not estimable" in text
    assert "no copy" not in text.lower().split("9.1 shared with training")[-1].split("9.2")[0]
