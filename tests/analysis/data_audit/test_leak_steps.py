from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.data_audit.leak_steps import Steps, without_leaks
from neuroval.analysis.data_audit.training_overlap import shared_with_training, shown_images

CLASSES = ("glioma", "notumor")


def pairs_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["case_a", "case_b", "kind"])
    return table.assign(score=1.0)


def left(found: Steps) -> list[list[str]]:
    return [found.case_ids_of(step).tolist() for step in found.steps]


def reasons(found: Steps) -> list[str | None]:
    return [step.reason for step in found.steps]


def test_three_steps_by_hand(study_cases: pd.DataFrame) -> None:
    found = without_leaks(study_cases, classes=CLASSES, pairs=pairs_of(("r1", "t4", "mirrored")))
    assert (found.split, found.against, found.counts, found.not_comparable) == ("test", ("train", "tuning"), (3, 2), 0)
    assert [step.name for step in found.steps] == [
        "without_exact_copies",
        "without_near_duplicates",
        "without_shared_patients",
    ]
    # t3 is a copy of r3, t4 mirrors r1, t1 and t2 share their patient with r1.
    assert left(found) == [["t1", "t2", "t4", "t5"], ["t1", "t2", "t5"], ["t5"]]
    assert [(step.n, step.counts, step.removed) for step in found.steps] == [
        (4, (2, 2), 1),
        (3, (2, 1), 1),
        (1, (0, 1), 2),
    ]
    assert reasons(found) == [None, None, None]


def test_a_chain_of_pairs_reaches_training_through_any_split(study_cases: pd.DataFrame) -> None:
    outside = study_cases.iloc[[0]].assign(case_id="x1", split="external", group_id="x1", patient_id=None, sha256="h99")
    cases = pd.concat([study_cases, outside], ignore_index=True)
    chain = pairs_of(("t5", "t4", "reencoded"), ("t4", "x1", "cropped"), ("x1", "u1", "mirrored"))
    found = without_leaks(cases, classes=CLASSES, pairs=chain)
    assert left(found)[:2] == [["t1", "t2", "t4", "t5"], ["t1", "t2"]]
    broken = without_leaks(cases, classes=CLASSES, pairs=chain.iloc[:2])
    assert left(broken)[1] == ["t1", "t2", "t4", "t5"]


def test_a_chain_of_exact_pairs_is_a_copy_also_without_hashes(study_cases: pd.DataFrame) -> None:
    bare = study_cases.assign(sha256=None)
    found = without_leaks(bare, classes=CLASSES, pairs=pairs_of(("t4", "t5", "exact"), ("t5", "r2", "exact")))
    assert left(found)[0] == ["t1", "t2", "t3"]
    assert found.steps[0].reason is None


def test_copies_within_the_split_stay(study_cases: pd.DataFrame) -> None:
    found = without_leaks(study_cases, classes=CLASSES, pairs=pairs_of(("t4", "t5", "exact"), ("t4", "t5", "mirrored")))
    assert {"t4", "t5"} <= set(left(found)[2])


def test_tuning_is_compared_with_train_only(study_cases: pd.DataFrame) -> None:
    found = without_leaks(study_cases, classes=CLASSES, split="tuning")
    assert (found.against, found.case_ids.tolist()) == (("train",), ["u1", "u2"])
    assert left(found)[2] == ["u1"]


def test_a_patient_on_both_sides_is_taken_out_though_groups_do_not_say_so(study_cases: pd.DataFrame) -> None:
    apart = study_cases.assign(group_id=study_cases["case_id"])
    found = without_leaks(apart, classes=CLASSES)
    assert left(found)[2] == ["t4", "t5"]


def test_without_near_duplicate_search_the_second_step_says_so(study_cases: pd.DataFrame) -> None:
    said = Reason("near_duplicates_not_sought")
    for pairs in (None, pairs_of(), pairs_of(("r3", "t3", "exact"))):
        found = without_leaks(study_cases, classes=CLASSES, pairs=pairs)
        assert reasons(found) == [None, said, None]
        assert found.steps[1].kept.tolist() == found.steps[0].kept.tolist()
        assert found.steps[1].removed == 0
    looked = without_leaks(study_cases.assign(phash="ff"), classes=CLASSES, pairs=pairs_of())
    assert reasons(looked) == [None, None, None]
    assert reasons(without_leaks(study_cases.assign(phash="ff"), classes=CLASSES)) == [None, said, None]


def test_without_hashes_or_patients_on_both_sides_a_step_says_so(study_cases: pd.DataFrame) -> None:
    no_hash = study_cases.assign(sha256=np.where(study_cases["split"] == "test", study_cases["sha256"], None))
    assert reasons(without_leaks(no_hash, classes=CLASSES))[0] == Reason("no_file_hashes_on_both_sides")
    no_patient = study_cases.assign(patient_id=None, group_id=study_cases["case_id"])
    found = without_leaks(no_patient, classes=CLASSES)
    assert reasons(found)[2] == Reason("no_patient_ids_on_both_sides")
    assert found.steps[2].kept.tolist() == found.steps[1].kept.tolist()
    grouped = without_leaks(study_cases.assign(patient_id=None), classes=CLASSES)  # groups are known all the same
    assert (reasons(grouped)[2], left(grouped)[2]) == (None, ["t4", "t5"])


def test_nothing_left_is_said(study_cases: pd.DataFrame) -> None:
    cases = study_cases[~study_cases["case_id"].isin(["t4", "t5"])]
    found = without_leaks(cases, classes=CLASSES, pairs=pairs_of(("r1", "t1", "mirrored")))
    assert left(found) == [["t1", "t2"], ["t2"], []]
    assert reasons(found) == [None, None, Reason("nothing_left")]
    assert found.steps[2].counts == (0, 0)


def test_a_case_of_which_nothing_is_known_is_in_no_step(study_cases: pd.DataFrame) -> None:
    cases = study_cases.assign(sha256=study_cases["sha256"].where(study_cases["case_id"] != "t5"))
    found = without_leaks(cases, classes=CLASSES)
    assert found.not_comparable == 1
    assert left(found)[0] == ["t1", "t2", "t4"]
    assert found.counts == (3, 2)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (["t1", "t2", "t3", "t4", "t5"], Reason("no_training_cases")),
        (["r1", "r2", "u1"], Reason("no_cases")),
        ([], Reason("no_cases")),
    ],
)
def test_a_side_that_is_missing_is_said(study_cases: pd.DataFrame, kept: list[str], reason: str) -> None:
    found = without_leaks(study_cases[study_cases["case_id"].isin(kept)], classes=CLASSES)
    assert reasons(found) == [reason] * 3
    assert [step.n for step in found.steps] == [0, 0, 0]


def test_when_nothing_is_known_nothing_is_kept(study_cases: pd.DataFrame) -> None:
    bare = study_cases.assign(patient_id=None, sha256=None, group_id=study_cases["case_id"])
    found = without_leaks(bare, classes=CLASSES)
    assert reasons(found) == [Reason("nothing_known_on_both_sides")] * 3
    assert (found.not_comparable, [step.n for step in found.steps]) == (5, [0, 0, 0])


def test_masks_cannot_be_written_to(study_cases: pd.DataFrame) -> None:
    found = without_leaks(study_cases, classes=CLASSES)
    for array in (found.case_ids, *(step.kept for step in found.steps)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


tables = st.lists(
    st.tuples(
        st.sampled_from(["train", "tuning", "test", "external"]),
        st.sampled_from(CLASSES),
        st.sampled_from(["A", "B", "C", None, None]),
        st.sampled_from(["h1", "h2", "h3", "h4", "h5", None]),
        st.sampled_from(["g1", "g2", None, None, None]),
    ),
    min_size=1,
    max_size=25,
)
ties = st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24), st.sampled_from(["exact", "mirrored"])), max_size=8)


def as_study(rows: list[tuple[Any, ...]], tied: list[tuple[int, int, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    cases = pd.DataFrame(rows, columns=["split", "label", "patient_id", "sha256", "group_id"])
    cases.insert(0, "case_id", [f"c{row:02d}" for row in range(len(rows))])
    cases["group_id"] = cases["group_id"].fillna(cases["case_id"])
    n = len(rows)
    return cases, pairs_of(*((f"c{a % n:02d}", f"c{b % n:02d}", kind) for a, b, kind in tied))


@given(tables, ties)
def test_steps_nest_and_are_what_copies_and_groups_say(rows: list[Any], tied: list[Any]) -> None:
    cases, pairs = as_study(rows, tied)
    found = without_leaks(cases, classes=CLASSES, pairs=pairs)
    fitted = set(cases.loc[cases["split"].isin(["train", "tuning"]), "case_id"])
    shared = shared_with_training(cases)
    comparable = [case_id for case_id, known in shared.items() if known is not None]
    expected = []
    for known in (pairs[pairs["kind"] == "exact"], pairs):
        image_of = dict(zip(cases["case_id"], shown_images(cases, known).tolist(), strict=True))
        seen = {image_of[case_id] for case_id in fitted}
        expected.append([case_id for case_id in comparable if image_of[case_id] not in seen])
    patients = set(cases.loc[cases["case_id"].isin(fitted), "patient_id"].dropna())
    patient_of = dict(zip(cases["case_id"], cases["patient_id"], strict=True))
    expected.append([i for i in expected[1] if shared[i] is False and patient_of[i] not in patients])
    assert left(found) == expected
    masks = np.array([step.kept for step in found.steps])
    assert (masks[1:] <= masks[:-1]).all()
    for step in found.steps:
        assert sum(step.counts) == step.n == step.kept.sum()
        assert step.n or step.reason
    assert found.not_comparable + found.steps[0].removed + found.steps[0].n == len(shared)


@given(tables, ties, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Any], tied: list[Any], random: Any) -> None:
    cases, pairs = as_study(rows, tied)
    order = random.sample(range(len(cases)), len(cases))
    one, other = (without_leaks(part, classes=CLASSES, pairs=pairs) for part in (cases, cases.iloc[order]))
    assert [set(ids) for ids in left(one)] == [set(ids) for ids in left(other)]
    assert reasons(one) == reasons(other)
