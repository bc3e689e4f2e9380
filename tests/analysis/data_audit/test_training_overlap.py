import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit.training_overlap import leakage, shared_with_training, shown_images, within_one_fold
from neuroval.dashboard.words.reasons import why

CLASSES = ("glioma", "notumor")


def new(cases: pd.DataFrame, *, split: str = "test") -> list[str]:
    return [case_id for case_id, shared in shared_with_training(cases, split=split).items() if shared is False]


def test_what_the_test_split_shares_by_hand(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases, classes=CLASSES)
    assert (found.split, found.against) == ("test", ("train", "tuning"))
    assert found.overall.group == proportion(3, 5)
    assert (found.overall.patient.value, found.overall.patient.count, found.overall.patient.n) == (None, 2, 3)
    assert (
        why(found.overall.patient.reason) == "only 3 of 5 training cases have a patient id; at least 2 of 3 are shared"
    )
    assert found.overall.copy == proportion(1, 5)
    assert found.overall.known_patient == proportion(3, 5)
    assert (found.groups, found.largest_group) == (6, 4)


def test_by_reference_class(study_cases: pd.DataFrame) -> None:
    glioma, notumor = leakage(study_cases, classes=CLASSES).classes
    assert (glioma.name, glioma.n, glioma.group) == ("glioma", 3, proportion(3, 3))
    assert (glioma.patient, glioma.copy, glioma.known_patient) == (proportion(2, 2), proportion(1, 3), proportion(2, 3))
    assert (notumor.n, notumor.group) == (2, proportion(0, 2))
    assert why(notumor.patient.reason) == "only 3 of 5 training cases have a patient id"


def test_cases_that_share_nothing_are_left_for_the_honest_number(study_cases: pd.DataFrame) -> None:
    assert new(study_cases) == ["t4", "t5"]
    assert len(new(study_cases)) == 5 - leakage(study_cases, classes=CLASSES).overall.group.count


def test_tuning_is_compared_with_train_only(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases, classes=CLASSES, split="tuning")
    assert found.against == ("train",)
    assert found.overall.group == proportion(1, 2)
    assert new(study_cases, split="tuning") == ["u1"]


def test_sharing_with_tuning_counts_as_well(study_cases: pd.DataFrame) -> None:
    cases = study_cases[~((study_cases["split"] == "train") & (study_cases["group_id"] == "A"))]
    assert leakage(cases, classes=CLASSES).overall.group.count == 3


def test_sharing_within_the_test_split_is_no_leak(study_cases: pd.DataFrame) -> None:
    cases = study_cases[study_cases["case_id"].isin(["r2", "t1", "t2", "t4"])]
    found = leakage(cases, classes=CLASSES)
    assert found.overall.group == proportion(0, 3)
    assert found.overall.copy == proportion(0, 3)


def test_without_training_cases_nothing_is_called_new(study_cases: pd.DataFrame) -> None:
    cases = study_cases[study_cases["split"] == "test"]
    found = leakage(cases, classes=CLASSES)
    assert found.reason == Reason("no_training_cases")
    assert not found.overall.group.defined
    assert found.overall.compared == proportion(0, 5)
    assert set(shared_with_training(cases).values()) == {None}


def test_without_ids_and_hashes_nothing_is_called_new(study_cases: pd.DataFrame) -> None:
    bare = study_cases.assign(patient_id=None, sha256=None, group_id=study_cases["case_id"])
    found = leakage(bare, classes=CLASSES)
    assert found.reason == Reason("nothing_known_on_both_sides")
    assert found.overall.group.reason == Reason("nothing_to_compare_by")
    assert new(bare) == []
    only_test = bare.assign(patient_id=np.where(bare["split"] == "test", bare["case_id"], None))
    assert leakage(only_test, classes=CLASSES).reason == found.reason


def test_a_case_of_which_nothing_is_known_is_not_called_new(study_cases: pd.DataFrame) -> None:
    cases = study_cases.assign(sha256=study_cases["sha256"].where(study_cases["case_id"] != "t5"))
    assert shared_with_training(cases)["t5"] is None
    assert new(cases) == ["t4"]
    found = leakage(cases, classes=CLASSES)
    assert (found.reason, found.overall.compared) == (None, proportion(4, 5))


def test_unknown_patients_and_hashes_match_nothing(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases.assign(patient_id=None, sha256=np.nan), classes=CLASSES)
    assert found.overall.patient.reason == Reason("no_patient_ids")
    assert found.overall.copy.reason == Reason("no_file_hashes")
    assert found.overall.known_patient == proportion(0, 5)
    assert (found.overall.group.value, found.overall.group.count) == (None, 3)
    assert why(found.overall.group.reason) == "2 of 5 cannot be compared; at least 3 of 5 are shared"


@pytest.mark.parametrize("split", ["external", "test"])
def test_an_empty_split_is_undefined(study_cases: pd.DataFrame, split: str) -> None:
    found = leakage(study_cases[study_cases["split"] == "train"], classes=CLASSES, split=split)
    assert found.overall.n == 0
    assert found.overall.group.reason == Reason("no_cases")
    assert found.reason == Reason("no_cases")
    assert new(study_cases.iloc[:3], split=split) == []


def test_no_cases_at_all(study_cases: pd.DataFrame) -> None:
    found = leakage(study_cases.iloc[:0], classes=CLASSES)
    assert (found.groups, found.largest_group) == (0, 0)


def test_the_order_of_rows_does_not_matter(study_cases: pd.DataFrame) -> None:
    shuffled = study_cases.sample(frac=1, random_state=3)
    assert leakage(shuffled, classes=CLASSES) == leakage(study_cases, classes=CLASSES)
    assert set(new(shuffled)) == {"t4", "t5"}


def test_copies_show_one_image_and_patients_do_not(study_cases: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"case_a": ["r1"], "case_b": ["t4"], "kind": "mirrored", "score": 0.9})
    image_of = dict(zip(study_cases["case_id"], shown_images(study_cases, pairs).tolist(), strict=True))
    assert image_of["t3"] == image_of["r3"]
    assert image_of["r1"] == image_of["t4"]
    assert image_of["t1"] != image_of["t2"]


def test_a_group_in_two_folds_is_not_within_one() -> None:
    groups, folds = pd.Series(["a", "a", "b", "b", "c"]), pd.Series([1, 2, 2, 2, 1])
    assert within_one_fold(groups, folds).tolist() == [False, False, True, True, True]


def test_a_near_duplicate_in_training_is_a_copy(study_cases: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"case_a": ["r1"], "case_b": ["t4"], "kind": ["mirrored"], "score": [0.99]})
    assert leakage(study_cases, classes=CLASSES).overall.copy.count == 1
    assert leakage(study_cases, classes=CLASSES, pairs=pairs).overall.copy.count == 2


def import_like(study_cases: pd.DataFrame, *, known: str, column: str = "patient_id") -> pd.DataFrame:
    """Return cases of which only one training case has something to compare by, as do all test cases."""
    other = {"patient_id": "sha256", "sha256": "patient_id"}[column]
    ids = study_cases["case_id"].where((study_cases["split"] == "test") | (study_cases["case_id"] == known))
    return study_cases.assign(**{column: ids, other: None, "group_id": study_cases["case_id"]})


@pytest.mark.parametrize("column", ["patient_id", "sha256"])
def test_what_is_known_of_one_training_case_makes_nothing_new(study_cases: pd.DataFrame, column: str) -> None:
    cases = import_like(study_cases, known="r1", column=column)
    what = {"patient_id": "a patient id", "sha256": "a file hash"}[column]
    found = leakage(cases, classes=CLASSES)
    assert new(cases) == []
    assert set(shared_with_training(cases).values()) == {None}
    assert why(found.reason) == f"only 1 of 5 training cases has {what}"
    assert not found.overall.group.defined
    assert not found.overall.patient.defined
    assert not found.overall.copy.defined


def test_groups_of_the_test_split_are_nothing_to_compare_by(study_cases: pd.DataFrame) -> None:
    ids = study_cases["case_id"].str[:1].where(study_cases["split"] == "test")
    cases = study_cases.assign(patient_id=ids, sha256=None, group_id=ids.fillna(study_cases["case_id"]))
    assert new(cases) == []
    found = leakage(cases, classes=CLASSES)
    assert why(found.reason) == "no patient id and no file hash is known on both sides"
    assert why(found.overall.patient.reason) == "no training case has a patient id"


def test_what_the_one_known_id_tells_is_told(study_cases: pd.DataFrame) -> None:
    cases = import_like(study_cases, known="r1")
    cases.loc[cases["case_id"].isin(["r1", "t1"]), ["patient_id", "group_id"]] = "P"
    assert shared_with_training(cases) == {"t1": True, "t2": None, "t3": None, "t4": None, "t5": None}
    found = leakage(cases, classes=CLASSES).overall
    assert (found.group.value, found.group.count, found.compared) == (None, 1, proportion(1, 5))


def test_tuning_cases_alone_are_not_the_training_data(study_cases: pd.DataFrame) -> None:
    cases = study_cases[study_cases["split"] != "train"]
    assert why(leakage(cases, classes=CLASSES).overall.patient.reason) == (
        "the study holds no training cases; at least 2 of 3 are shared"
    )
    assert new(cases) == []
    apart = cases.assign(group_id=cases["case_id"], patient_id=cases["case_id"], sha256=cases["case_id"])
    assert why(leakage(apart, classes=CLASSES).reason) == "the study holds no training cases"
