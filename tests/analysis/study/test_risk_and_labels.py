"""A study of 110 tuning and 60 test patients with a tumour: the threshold by patient, and labels nobody doubts."""

from pathlib import Path

import numpy as np
import pytest

from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.analysis.study.results import Results, results_of
from neuroval.analysis.study.two_class_questions import shifted
from neuroval.dashboard.words.per_class import risk_control as told
from neuroval.dashboard.words.per_class import shifted as meaning
from neuroval.data.study.import_predictions import study_of_predictions


def results(folder: Path, *, tuning: int) -> Results:
    """Two scans of each patient with a tumour, one of each of 40 without; scores from 0.3 on with, below without."""
    rng = np.random.default_rng(2)
    rows = ["label,split,patient_id,prob_tumor,prob_none"]
    for split, patients in (("tuning", tuning), ("test", 60)):
        for patient in range(patients):
            rows += [
                f"tumor,{split},{split}{patient},{score:.4f},{1 - score:.4f}"
                for score in 0.3 + 0.7 * rng.random(2).round(4)
            ]
        rows += [f"none,{split},{split}n{place},0.1,0.9" for place in range(40)]
    (folder / "p.csv").write_text("\n".join(rows) + "\n")
    return results_of(study_of_predictions(folder / "p.csv", out=folder / "study", negative="none"))


def test_the_threshold_by_patient_is_set_on_tuning_and_looked_at_on_the_test_split(tmp_path: Path) -> None:
    study = results(tmp_path, tuning=110)
    control = study.decisions.risk_control
    assert (control.chosen.groups, control.chosen.needed, control.missed.n) == (110, 99, 60)
    # (missed + 1) / 111 <= 0.01 allows a tenth of a patient, so that the lowest tumour of tuning is the threshold.
    scores, positives = study.tuning.probabilities[:, 0], study.tuning.reference == 0
    assert control.chosen.value == scores[positives].min()
    assert control.result.n == study.evaluated.n == 160
    assert "if patients are like the 110 with a tumour in the tuning split. Here " in told(control)


def test_few_tuning_patients_promise_nothing(tmp_path: Path) -> None:
    control = results(tmp_path, tuning=30).decisions.risk_control
    assert control.chosen.value is None
    assert told(control) == (
        "No threshold can promise to miss at most 1.0% of the tumours: 30 patients with a tumour in the tuning split, "
        "at least 99 needed."
    )


def test_scores_at_another_prevalence_are_said(tmp_path: Path) -> None:
    shift = shifted(results(tmp_path, tuning=30).questions[ANY_TUMOUR], 0.01)
    assert shift.prevalence_here == 0.75
    assert shift.threshold == pytest.approx(3 * 99 / (3 * 99 + 1))
    assert meaning(shift).startswith(
        "At a prevalence of 1.0%, a score of 0.500 stands for a probability of 0.003, 0.900 for"
    )


def test_without_cross_validation_nobody_knows_how_many_labels_are_wrong(tmp_path: Path) -> None:
    ranges = results(tmp_path, tuning=30).imperfect_reference
    assert list(ranges) == ["tumor", "none", ANY_TUMOUR]
    assert {result.reason.code for result in ranges.values()} == {"no_grouped_folds"}
    assert {result.sensitivity for result in ranges.values()} == {None}
