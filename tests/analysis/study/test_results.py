"""Two patients: however many slices they have, intervals say how little that is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.analysis.study.results import Results, results_of
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.dashboard.words.reasons import why
from neuroval.data.study.import_predictions import study_of_predictions


@pytest.fixture
def two_patients(tmp_path: Path) -> Results:
    """Ten slices of a patient with a tumour, two of them missed; ten of one without, one called a tumour."""
    right, wrong = {"A": "0.9,0.1", "B": "0.1,0.9"}, {"A": "0.1,0.9", "B": "0.9,0.1"}
    rows = ["label,patient_id,prob_tumor,prob_notumor"]
    for label, patient, missed in (("tumor", "A", 2), ("notumor", "B", 1)):
        rows += [f"{label},{patient},{(wrong if n < missed else right)[patient]}" for n in range(10)]
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n")
    return results_of(study_of_predictions(tmp_path / "p.csv", out=tmp_path / "study", negative="notumor"))


def fields(of: Any) -> Iterator[tuple[str, Estimate]]:
    for name in of.__slots__:
        found = getattr(of, name)
        if isinstance(found, Measure):
            yield name, found.headline


def test_rates_of_one_patient_each_are_wide(two_patients: Results) -> None:
    tumour = two_patients.performance.any_tumour
    assert tumour is not None
    for rate in (tumour.sensitivity, tumour.specificity):
        low, high = rate.headline.low, rate.headline.high
        assert low is not None
        assert high is not None
        assert high - low > 0.8
        assert low < 0.5


def test_ratios_and_calibration_errors_have_no_interval_that_two_patients_could_not_give(two_patients: Results) -> None:
    ratios, errors = two_patients.ratios[ANY_TUMOUR], two_patients.confidence.errors
    said = {**dict(fields(ratios)), **dict(fields(errors))}
    for name in ("lr_pos", "lr_neg", "dor"):
        assert (said[name].low, why(said[name].reason)) == (
            None,
            "one group with the condition: the variance between groups is not estimable",
        )
    for name in ("ece_top_label_15", "ece_top_label_10", "ece_class_wise_15", "ece_adaptive_15"):
        assert (said[name].low, why(said[name].reason)) == (None, "20 cases, too few for bins: 50 are needed")
    assert two_patients.patients.n == 2


@pytest.mark.parametrize("name", ["macro_f1", "mcc", "kappa"])
def test_averages_of_two_patients_say_how_little_that_is(two_patients: Results, name: str) -> None:
    found = getattr(two_patients.performance.overall, name).headline
    assert in_words(found.method).endswith(", 2 groups")
    assert found.high - found.low > 0.4
