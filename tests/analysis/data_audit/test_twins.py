import pandas as pd

from neuroval.analysis.data_audit.twins import TwinKind, by_kind, patients_across, twins_across


def test_twins_are_found_over_their_common_first_copy(study_cases: pd.DataFrame) -> None:
    # Both copies are paired with the same first case, which is of the test split.
    pairs = pd.DataFrame({"case_a": ["t3", "t3"], "case_b": ["r3", "t4"], "kind": "exact", "score": 1.0})
    found = twins_across(study_cases, pairs, split="test", against=("train", "tuning"))
    assert found == [("t3", "r3", "exact"), ("t4", "r3", "exact")]


def test_patients_on_both_sides_are_counted(study_cases: pd.DataFrame) -> None:
    assert patients_across(study_cases, split="test", against=("train", "tuning")) == [("A", 2, 2)]


def test_twins_by_kind_with_an_example_whose_labels_differ() -> None:
    cases = pd.DataFrame({"case_id": ["t1", "t2", "r1", "r2"], "label": ["a", "a", "a", "b"]})
    twins = [("t1", "r1", "mirrored"), ("t1", "r2", "mirrored"), ("t2", "r1", "exact"), ("t1", "r1", "exact")]
    exact, mirrored = by_kind(twins, cases)
    assert exact == TwinKind(kind="exact", cases=2, pairs=2, conflicts=0, example=("t2", "r1"), labels=("a", "a"))
    assert mirrored == TwinKind(kind="mirrored", cases=1, pairs=2, conflicts=1, example=("t1", "r2"), labels=("a", "b"))
    assert by_kind([], cases) == ()
