import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.data.dataset.splits import assign_tuning, group_ids, hash_of
from neuroval.data.exceptions import InputError
from neuroval.data.schema import PAIRS

NO_PAIRS = PAIRS.empty_table().to_pandas()


def test_patients_and_pairs_chain_into_one_group() -> None:
    cases = pd.DataFrame({"case_id": list("fedcba"), "patient_id": ["P", "P", None, "Q", None, None]})
    pairs = pd.DataFrame({"case_a": ["d"], "case_b": ["e"]})
    # e and f share patient P, d is a copy of e; c has a patient of its own
    assert group_ids(cases, pairs).tolist() == ["d", "d", "d", "c", "b", "a"]


def test_unknown_patients_are_not_one_patient() -> None:
    cases = pd.DataFrame({"case_id": ["a", "b"], "patient_id": [None, None]})
    assert group_ids(cases, NO_PAIRS).tolist() == ["a", "b"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    n = draw(st.integers(1, 60))
    patients = draw(st.lists(st.one_of(st.none(), st.integers(0, 15).map(str)), min_size=n, max_size=n))
    ends = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=20))
    ids = [f"{i:03d}" for i in draw(st.permutations(range(n)))]
    cases = pd.DataFrame({"case_id": ids, "patient_id": pd.Series(patients, dtype="object")})
    return cases, pd.DataFrame([(ids[a], ids[b]) for a, b in pairs], columns=["case_a", "case_b"])


@given(tables())
def test_a_group_holds_its_patients_and_pairs(given_tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    cases, pairs = given_tables
    groups = group_ids(cases, pairs)
    assert groups.groupby(cases["patient_id"]).nunique().le(1).all()
    of_case = dict(zip(cases["case_id"], groups, strict=True))
    assert all(of_case[a] == of_case[b] for a, b in zip(pairs["case_a"], pairs["case_b"], strict=True))
    assert all(of_case[group] == group for group in groups)  # named by a member
    assert (groups <= cases["case_id"]).all()  # the smallest


@given(tables(), st.integers(0, 100))
def test_no_group_is_on_both_sides_of_the_tuning_split(
    given_tables: tuple[pd.DataFrame, pd.DataFrame], seed: int
) -> None:
    cases, pairs = given_tables
    cases = pd.concat([cases, pd.DataFrame({"case_id": [f"x{i}" for i in range(9)]})], ignore_index=True)
    groups = group_ids(cases, pairs)
    # One label a group, so that every class has groups enough.
    cases = cases.assign(group_id=groups, split="train", label=["AB"[len(g) % 2] for g in groups])
    cases.loc[cases["case_id"].isin([f"x{i}" for i in range(9)]), "label"] = list("AAAABBBBB")
    splits = assign_tuning(cases, parts=4, seed=seed)
    assert set(splits) == {"train", "tuning"}
    assert splits.groupby(cases["group_id"]).nunique().max() == 1
    assert splits.tolist() == assign_tuning(cases, parts=4, seed=seed).tolist()


def singles(labels: str, split: str = "train") -> pd.DataFrame:
    ids = [f"{split}{i:03d}" for i in range(len(labels))]
    return pd.DataFrame({"case_id": ids, "group_id": ids, "label": list(labels), "split": split})


def test_the_tuning_part_is_stratified_and_of_the_size_asked_for() -> None:
    cases = pd.concat([singles("A" * 80 + "B" * 20), singles("AB", split="test")], ignore_index=True)
    splits = assign_tuning(cases, parts=10, seed=7)
    tuning = cases[splits == "tuning"]
    assert tuning["label"].value_counts().to_dict() == {"A": 8, "B": 2}
    assert splits[cases["split"] == "test"].tolist() == ["test", "test"]


def test_tuning_cases_that_are_named_stay() -> None:
    cases = pd.concat([singles("A" * 20), singles("AA", split="tuning")], ignore_index=True)
    assert assign_tuning(cases, parts=5, seed=1).tolist() == cases["split"].tolist()


def test_without_training_cases_nothing_moves() -> None:
    assert set(assign_tuning(singles("AB", split="test"), parts=5, seed=1)) == {"test"}


def test_too_few_groups_are_named() -> None:
    with pytest.raises(InputError, match="class 'B' has 2 groups in train, at least 5 are needed"):
        assign_tuning(singles("A" * 20 + "BB"), parts=5, seed=1)


def test_the_split_hash_says_which_cases_were_held_out() -> None:
    cases = singles("AB")
    assert hash_of(cases, "split") == hash_of(cases.iloc[::-1], "split")
    assert hash_of(cases, "split") != hash_of(cases.assign(split=["train", "tuning"]), "split")
