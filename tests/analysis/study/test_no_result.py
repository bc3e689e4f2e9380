"""A study with failed reads: criteria, finding and numbers with them and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neuroval.analysis.study.results import Results, results_of
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, change_manifest
from neuroval.data.study.import_predictions import study_of_predictions

PROBABILITIES = {"glioma": "0.8,0.1,0.1", "meningioma": "0.1,0.8,0.1", "notumor": "0.1,0.1,0.8", "": ",,"}


def written(folder: Path, *, failed: int, site: str = "north") -> Study:
    """120 gliomas, 1 of them missed, and 60 scans without a tumour, all cleared; ``failed`` gliomas more without call.

    A patient has two scans. The failed ones are of ``site``, the others of north and south in turn.
    """
    calls = ["glioma"] * 119 + ["notumor"] * 61 + [""] * failed
    labels = ["glioma"] * 120 + ["notumor"] * 60 + ["glioma"] * failed
    rows = ["label,patient_id,site,reason,prob_glioma,prob_meningioma,prob_notumor"]
    for number, (label, call) in enumerate(zip(labels, calls, strict=True)):
        where = ("north", "south")[number // 2 % 2] if call else site
        rows.append(f"{label},p{number // 2},{where},{'' if call else 'motion'},{PROBABILITIES[call]}")
    (folder / "p.csv").write_text("\n".join(rows) + "\n")
    return study_of_predictions(folder / "p.csv", out=folder / "study", negative="notumor")


def judged(study: Study, *criteria: Acceptance) -> Results:
    return results_of(change_manifest(study.path, replace(study.manifest, acceptance=criteria)))


SENSITIVITY = Acceptance(metric="any_tumour.sensitivity", at_least=0.9)
SPECIFICITY = Acceptance(metric="any_tumour.specificity", at_least=0.8)


def test_what_only_complete_cases_meet_is_not_shown_to_hold(tmp_path: Path) -> None:
    results = judged(written(tmp_path, failed=10), SENSITIVITY, SPECIFICITY)
    sensitivity, specificity = results.criteria
    assert results.performance.any_tumour.sensitivity.headline.low > 0.9  # without them it would be met
    assert (sensitivity.met, sensitivity.on_all.shown_below) == (False, False)
    assert (sensitivity.on_all.estimate.count, sensitivity.on_all.estimate.n) == (119, 130)
    assert sensitivity.on_all.reason.code == "complete_cases_only"
    assert specificity.met is True  # all that failed are tumours
    assert (specificity.on_all.estimate.count, specificity.on_all.estimate.n) == (60, 60)


def test_one_failed_read_among_many_changes_no_verdict(tmp_path: Path) -> None:
    (sensitivity,) = judged(written(tmp_path, failed=1), SENSITIVITY).criteria
    assert sensitivity.met is True
    assert sensitivity.on_all.estimate.n == 120


def test_what_complete_cases_do_not_meet_stays_as_it_is(tmp_path: Path) -> None:
    strict = replace(SENSITIVITY, at_least=0.999)
    (with_failed,) = judged(written(tmp_path, failed=10), strict).criteria
    assert with_failed.on_all.estimate.n == 120
    assert with_failed.on_all.reason is None or with_failed.on_all.reason.code != "complete_cases_only"


@pytest.mark.parametrize(("site", "met"), [("north", False), ("south", True)])
def test_a_criterion_of_a_subgroup_counts_its_own_failed_reads(tmp_path: Path, site: str, met: bool) -> None:
    criterion = replace(SENSITIVITY, at_least=0.85, subgroup={"site": "north"})
    (judged_there,) = judged(written(tmp_path, failed=10, site=site), criterion).criteria
    assert judged_there.met is met


def test_criteria_without_leaks_count_only_failed_reads_that_are_new_to_the_model(tmp_path: Path) -> None:
    study = written(tmp_path, failed=10)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    head, *rows = lines
    table = [f"split,{head}", *[f"test,{row}" for row in rows], "train,glioma,p0,north,,,,"]
    (tmp_path / "q.csv").write_text("\n".join(table) + "\n")
    study = study_of_predictions(tmp_path / "q.csv", out=tmp_path / "leaky", negative="notumor")
    (sensitivity,) = judged(study, SENSITIVITY).criteria
    assert sensitivity.unleaked is not None
    assert sensitivity.unleaked.basis == "new_to_the_model"
    assert (sensitivity.on_all.estimate.n, sensitivity.unleaked.estimate.n) == (130, 128)
    assert sensitivity.met is False


def test_the_finding_says_how_many_why_and_what_accuracy_would_be(tmp_path: Path) -> None:
    results = results_of(written(tmp_path, failed=10))
    (finding,) = [finding for finding in results.findings if finding.code == "no_result"]
    assert (finding.severity, finding.count, finding.n) == ("warning", 10, 190)
    assert finding.facts["reasons"] == (("motion", 10),)
    assert (finding.facts["complete"], finding.facts["worst"]) == (179 / 180, 179 / 190)


def test_without_failed_reads_nothing_is_there(tmp_path: Path) -> None:
    results = judged(written(tmp_path, failed=0), SENSITIVITY)
    assert results.study.no_result is None
    assert results.no_result is None
    assert not [finding for finding in results.findings if finding.code == "no_result"]
    assert results.criteria[0].met is True
    assert "no_result.parquet" not in results.study.manifest.files


def test_failed_reads_of_another_split_are_not_of_this_one(tmp_path: Path) -> None:
    written(tmp_path, failed=4)
    head, *rows = (tmp_path / "p.csv").read_text().splitlines()
    split = np.where(np.arange(len(rows)) < 150, "test", "tuning")
    table = [f"split,{head}", *[f"{name},{row}" for name, row in zip(split, rows, strict=True)]]
    (tmp_path / "q.csv").write_text("\n".join(table) + "\n")
    study = study_of_predictions(tmp_path / "q.csv", out=tmp_path / "two", negative="notumor")
    assert results_of(study, basis="test").no_result is None
    assert results_of(study, basis="tuning").no_result.n == 34
