from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.data_audit.confident_learning import Suspect, Suspects, label_suspects
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
FOUR = ("glioma", "meningioma", "notumor", "pituitary")

# Thresholds: glioma (0.9 + 0.7 + 0.2) / 3 = 0.6, meningioma (0.8 + 0.4) / 2 = 0.6, no tumour (0.5 + 0.1) / 2 = 0.3.
LABELS = np.array([0, 0, 0, 1, 1, 2, 2])
PROBABILITIES = np.array(
    [
        [0.90, 0.05, 0.05],  # a: confidently what it is labelled
        [0.70, 0.00, 0.30],  # b: reaches two thresholds, glioma is the more probable
        [0.20, 0.75, 0.05],  # c: labelled glioma, confidently a meningioma
        [0.10, 0.80, 0.10],  # d: fine
        [0.30, 0.40, 0.30],  # e: reaches that of no tumour only, yet argmax is its label
        [0.25, 0.25, 0.50],  # f: fine
        [0.55, 0.35, 0.10],  # g: reaches no threshold
    ]
)
IDS = [*"abcdefg"]


def suspects(labels: Any = LABELS, probabilities: Any = PROBABILITIES, ids: Any = IDS, **options: Any) -> Suspects:
    return label_suspects(ids, labels, probabilities, **{"classes": CLASSES, **options})


def test_thresholds_joint_and_suspects_by_hand() -> None:
    found = suspects()
    assert [one.threshold.value for one in found.classes] == pytest.approx([0.6, 0.6, 0.3])
    assert found.confident_joint.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert found.cases == (
        Suspect(
            rank=1,
            case_id="c",
            label="glioma",
            suggested="meningioma",
            self_confidence=0.2,
            suggested_probability=0.75,
        ),
    )
    assert found.cases[0].margin == pytest.approx(0.55)
    assert (found.n, found.agreeing) == (7, 1)


def test_the_share_of_wrong_labels_by_hand() -> None:
    found = suspects()
    assert [one.wrong.value for one in found.classes] == pytest.approx([1 / 3, 1 / 2, 0])
    assert found.wrong.value == pytest.approx((3 / 3 + 2 / 2 + 0) / 7)
    assert [one.wrong.n for one in found.classes] == [3, 2, 2]
    assert {one.wrong.reason for one in found.classes} == {Reason("no_interval_known")}
    assert (found.wrong.low, found.wrong.method, found.wrong.n) == (None, Method("confident_learning"), 7)


def test_suspects_come_by_margin_and_then_by_case_id() -> None:
    probabilities = np.array(
        [[0.98, 0.01, 0.01]] * 4 + [[0.01, 0.98, 0.01]] * 4 + [[0.125, 0.75, 0.125], [0.0625, 0.875, 0.0625]]
    )
    probabilities = np.concatenate([probabilities, [[0.125, 0.75, 0.125]]])
    labels = np.array([0] * 4 + [1] * 4 + [0, 0, 0])
    probabilities[4:8] = [0.25, 0.70, 0.05]
    ids = ["h1", "h2", "h3", "h4", "m1", "m2", "m3", "m4", "z", "y", "x"]
    found = suspects(labels, probabilities, ids)
    assert [(one.rank, one.case_id) for one in found.cases] == [(1, "y"), (2, "x"), (3, "z")]


def test_the_joint_and_the_suspects_are_those_of_cleanlab(four_class: pd.DataFrame) -> None:
    # cleanlab 2.9.0: compute_confident_joint(calibrate=False), get_confident_thresholds and find_label_issues with
    # filter_by="confident_learning", ranked by normalized_margin; positions in the table.
    probabilities = four_class[[f"p_{name}" for name in FOUR]].to_numpy()
    found = label_suspects(
        [f"{row:03d}" for row in range(160)], four_class["reference"].to_numpy(), probabilities, classes=FOUR
    )
    assert found.confident_joint.tolist() == [[18, 4, 2, 1], [4, 23, 2, 2], [1, 4, 27, 1], [1, 2, 1, 15]]
    assert [one.threshold.value for one in found.classes] == pytest.approx(
        [0.5026638888888889, 0.5350681818181818, 0.5517939999999999, 0.5468333333333334], abs=1e-12
    )
    ranked = [
        19,
        22,
        15,
        42,
        111,
        10,
        119,
        109,
        125,
        29,
        141,
        131,
        47,
        149,
        52,
        145,
        120,
        24,
        102,
        7,
        54,
        43,
        66,
        76,
        55,
    ]
    assert [int(one.case_id) for one in found.cases] == ranked
    assert found.agreeing == 0
    assert [one.wrong.value for one in found.classes] == pytest.approx([7 / 25, 8 / 31, 6 / 33, 4 / 19])


def test_a_class_without_cases_has_no_threshold_and_is_never_suggested() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.2, 0.1, 0.7], [0.1, 0.9, 0.0]])
    found = suspects(np.array([0, 0, 1]), probabilities, [*"abc"])
    empty = found.classes[2]
    assert (empty.threshold.value, empty.threshold.reason) == (None, Reason("no_cases_of", of="notumor"))
    assert (empty.wrong.value, empty.wrong.reason) == (None, Reason("no_cases_of", of="notumor"))
    assert found.confident_joint[:, 2].tolist() == [0, 0, 0]
    assert found.cases == ()
    assert found.wrong.value == 0


def test_perfect_predictions_and_equal_scores_give_no_suspect() -> None:
    perfect = suspects(np.array([0, 1, 2]), np.eye(3), [*"abc"])
    assert (perfect.cases, perfect.wrong.value) == ((), 0)
    equal = suspects(np.array([0, 0, 0, 1, 2]), np.full((5, 3), 0.1), [*"abcde"])  # each reaches all thresholds
    assert [one.threshold.value for one in equal.classes] == pytest.approx([0.1, 0.1, 0.1])
    assert equal.confident_joint.sum() == 5
    assert [one.case_id for one in equal.cases] == ["d", "e"]  # ties go to the lower index, which is not their label


def test_no_cases_and_one_case() -> None:
    nothing = suspects(np.array([], dtype=int), np.zeros((0, 3)), [])
    assert (nothing.n, nothing.cases, nothing.wrong.reason) == (0, (), Reason("no_cases"))
    single = suspects(np.array([1]), np.array([[0.8, 0.1, 0.1]]), ["a"])
    assert (single.confident_joint.sum(), single.cases, single.wrong.value) == (1, (), 0)


def test_a_planted_wrong_label_is_the_first_suspect() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 300)
    probabilities = rng.dirichlet(np.ones(3), 300) * 0.3 + 0.7 * np.eye(3)[truth]
    labels = truth.copy()
    labels[:9] = (truth[:9] + 1) % 3
    found = suspects(labels, probabilities, np.arange(300))
    assert {one.case_id for one in found.cases} <= {str(row) for row in range(9)}
    assert len(found.cases) >= 6
    assert all(one.suggested == CLASSES[truth[int(one.case_id)]] for one in found.cases)


def test_the_joint_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        suspects().confident_joint[0, 0] = 9


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="case ids: found 2 for 7 labels"):
        suspects(ids=["a", "b"])
    with pytest.raises(InputError, match=r"expected reference \(n,\) and probabilities \(n, 3\)"):
        suspects(probabilities=PROBABILITIES[:, :2])
    with pytest.raises(InputError, match="index 5 of case 0"):
        suspects(np.array([5]), np.array([[1.0, 0.0, 0.0]]), ["a"])


cases = st.lists(
    st.tuples(st.integers(0, 2), st.tuples(*[st.integers(0, 1000)] * 3).filter(any)), min_size=1, max_size=40
)


@given(cases)
def test_the_joint_is_that_of_a_loop_over_cases(given_cases: list[tuple[int, tuple[int, int, int]]]) -> None:
    labels = np.array([label for label, _ in given_cases])
    probabilities = np.array([np.array(parts) / sum(parts) for _, parts in given_cases])
    found = suspects(labels, probabilities, [f"{row:02d}" for row in range(len(labels))])
    expected, suspected = np.zeros((3, 3), dtype=int), set()
    for row, (label, own) in enumerate(zip(labels, probabilities, strict=True)):
        reached = [
            index for index in set(labels.tolist()) if own[index] >= probabilities[labels == index, index].mean() - 1e-9
        ]
        if reached:
            best = max(sorted(reached), key=lambda index: own[index])
            expected[label, best] += 1
            if best != label and int(np.argmax(own)) != label:
                suspected.add(f"{row:02d}")
    assert found.confident_joint.tolist() == expected.tolist()
    assert {one.case_id for one in found.cases} == suspected
    assert [one.rank for one in found.cases] == list(range(1, len(suspected) + 1))
    margins = [one.margin for one in found.cases]
    assert margins == sorted(margins, reverse=True)


@given(cases, st.randoms())
def test_the_order_of_cases_does_not_matter(given_cases: list[tuple[int, tuple[int, int, int]]], random: Any) -> None:
    rows = [(f"{row:02d}", label, np.array(parts) / 2048) for row, (label, parts) in enumerate(given_cases)]
    one, other = (
        suspects(np.array([r[1] for r in part]), np.array([r[2] for r in part]) / 3, [r[0] for r in part])
        for part in (rows, random.sample(rows, len(rows)))
    )
    assert one.cases == other.cases
    assert one.confident_joint.tolist() == other.confident_joint.tolist()
