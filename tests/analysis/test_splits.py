import numpy as np
import pandas as pd
import pytest

from analysis.proportions import proportion
from analysis.splits import leakage, without_shared

CLASSES = ("glioma", "notumor")


def test_what_the_test_split_shares_by_hand(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases, classes=CLASSES)
    assert (found.split, found.against) == ("test", ("train", "tuning"))
    assert found.overall.group == proportion(3, 5)
    assert found.overall.patient == proportion(2, 3)
    assert found.overall.copy == proportion(1, 5)
    assert found.overall.known_patient == proportion(3, 5)
    assert (found.groups, found.largest_group) == (6, 4)


def test_by_reference_class(study_cases: pd.DataFrame) -> None:
    glioma, notumor = leakage(study_cases, classes=CLASSES).classes
    assert (glioma.name, glioma.n, glioma.group) == ("glioma", 3, proportion(3, 3))
    assert (glioma.patient, glioma.copy, glioma.known_patient) == (proportion(2, 2), proportion(1, 3), proportion(2, 3))
    assert (notumor.n, notumor.group, notumor.patient) == (2, proportion(0, 2), proportion(0, 1))


def test_cases_that_share_nothing_are_left_for_the_honest_number(study_cases: pd.DataFrame) -> None:
    mask = without_shared(study_cases)
    assert study_cases["case_id"][mask].tolist() == ["t4", "t5"]
    assert mask.sum() == 5 - leakage(study_cases, classes=CLASSES).overall.group.count


def test_tuning_is_compared_with_train_only(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases, classes=CLASSES, split="tuning")
    assert found.against == ("train",)
    assert found.overall.group == proportion(1, 2)
    assert study_cases["case_id"][without_shared(study_cases, split="tuning")].tolist() == ["u1"]


def test_sharing_with_tuning_counts_as_well(study_cases: pd.DataFrame) -> None:
    cases = study_cases[~((study_cases["split"] == "train") & (study_cases["group_id"] == "A"))]
    assert leakage(cases, classes=CLASSES).overall.group.count == 3


def test_sharing_within_the_test_split_is_no_leak(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases[study_cases["split"] == "test"], classes=CLASSES)
    assert found.overall.group.count == found.overall.patient.count == found.overall.copy.count == 0


def test_unknown_patients_and_hashes_match_nothing(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases.assign(patient_id=None, sha256=np.nan), classes=CLASSES)
    assert found.overall.patient.reason == "no case has a patient id"
    assert found.overall.copy.reason == "no case has a file hash"
    assert found.overall.known_patient == proportion(0, 5)
    assert found.overall.group == proportion(3, 5)


@pytest.mark.parametrize("split", ["external", "test"])
def test_an_empty_split_is_undefined(study_cases: pd.DataFrame, split: str) -> None:
    found = leakage(study_cases[study_cases["split"] == "train"], classes=CLASSES, split=split)
    assert found.overall.n == 0
    assert found.overall.group.reason == "no cases"
    assert not without_shared(study_cases.iloc[:3], split=split).any()


def test_no_cases_at_all(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases.iloc[:0], classes=CLASSES)
    assert (found.groups, found.largest_group) == (0, 0)


def test_the_order_of_rows_does_not_matter(study_cases: pd.DataFrame) -> None:
    shuffled = study_cases.sample(frac=1, random_state=3)
    assert leakage(shuffled, classes=CLASSES) == leakage(study_cases, classes=CLASSES)
    assert set(shuffled["case_id"][without_shared(shuffled)]) == {"t4", "t5"}
