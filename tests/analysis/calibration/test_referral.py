from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.calibration.referral import RiskCoverage, refer_below, risk_coverage
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import proportion, share_of
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "notumor")
# Confidence, reference: 0.9 right glioma; 0.8 missed glioma; 0.8 right notumor; 0.7 notumor called glioma; 0.6 right.
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])
REFERENCE = np.array([0, 0, 1, 1, 0])
two_class = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=40)


def arrays(cases: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    reference, twentieths = (np.array(column) for column in zip(*cases, strict=True))
    return reference, np.stack([twentieths / 20, 1 - twentieths / 20], axis=1)


def curve(reference: np.ndarray, probabilities: np.ndarray, negative: str | None = "notumor") -> RiskCoverage:
    return risk_coverage(reference, probabilities, classes=CLASSES, negative=negative)


def test_the_curve_worked_by_hand_keeps_equal_confidences_together() -> None:
    found = curve(REFERENCE, PROBABILITIES)
    assert found.threshold.tolist() == [0.6, 0.7, 0.8, 0.9]
    assert found.kept.tolist() == [5, 4, 3, 1]
    assert found.errors.tolist() == [2, 2, 1, 0]
    assert found.kept_tumours.tolist() == [3, 2, 2, 1]
    assert found.missed.tolist() == [1, 1, 1, 0]
    assert (found.n, found.tumours) == (5, 3)
    assert found.referred_share == pytest.approx([0, 0.2, 0.4, 0.8])
    assert found.kept_error_rate == pytest.approx([0.4, 0.5, 1 / 3, 0])
    assert found.overall_error_rate == pytest.approx([0.4, 0.4, 0.2, 0])
    assert found.kept_missed_share == pytest.approx([1 / 5, 1 / 4, 1 / 3, 0])
    assert found.overall_missed_rate == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert "assume that the expert reads every referred case correctly" in found.assumption


def test_the_area_without_equal_confidences_is_the_mean_of_the_running_error_rate() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.permutation(np.linspace(0.51, 0.99, 60))
    reference = (rng.random(60) > confidence).astype(int)
    found = curve(reference, np.stack([confidence, 1 - confidence], axis=1))
    wrong = reference[np.argsort(-confidence)] == 1
    expected = np.mean(np.cumsum(wrong) / np.arange(1, 61))
    assert found.aurc.value == pytest.approx(expected, abs=1e-12)
    assert (found.aurc.low, found.aurc.n) == (None, 60)
    assert found.aurc.reason == Reason("no_interval_given")


def test_the_area_with_equal_confidences_is_the_mean_over_all_their_orders() -> None:
    # One case at 0.9 (right), four at 0.7 of which one is wrong.
    probabilities = np.array([[0.9, 0.1]] + [[0.7, 0.3]] * 4)
    reference = np.array([0, 1, 0, 0, 0])
    areas = [np.mean(np.cumsum([0, *order]) / np.arange(1, 6)) for order in permutations([1, 0, 0, 0])]
    assert curve(reference, probabilities).aurc.value == pytest.approx(np.mean(areas), abs=1e-12)


def test_where_no_tumour_is_kept_none_is_missed() -> None:
    reference, probabilities = np.array([1, 1, 0]), np.array([[0.1, 0.9], [0.2, 0.8], [0.6, 0.4]])
    found = curve(reference, probabilities)
    assert found.kept_tumours.tolist() == [1, 0, 0]
    assert found.kept_missed_share.tolist() == [0, 0, 0]
    assert found.overall_missed_rate.tolist() == [0, 0, 0]


def test_without_tumours_or_a_negative_class_nothing_is_missed() -> None:
    none_there = curve(np.array([1, 1]), np.array([[0.6, 0.4], [0.2, 0.8]]))
    assert (none_there.tumours, none_there.overall_missed_rate) == (0, None)
    assert none_there.kept_missed_share.tolist() == [0, 0]
    no_question = curve(REFERENCE, PROBABILITIES, negative=None)
    assert (no_question.tumours, no_question.missed, no_question.kept_tumours) == (None, None, None)
    assert (no_question.kept_missed_share, no_question.overall_missed_rate) == (None, None)


def test_no_cases_give_an_empty_curve_and_one_case_a_point() -> None:
    nothing = curve(np.zeros(0, dtype=int), np.zeros((0, 2)))
    assert (len(nothing.threshold), len(nothing.kept_error_rate), len(nothing.referred_share)) == (0, 0, 0)
    assert nothing.aurc.reason == Reason("no_cases")
    one = curve(np.array([1]), np.array([[0.7, 0.3]]))
    assert (one.threshold.tolist(), one.errors.tolist(), one.aurc.value) == ([0.7], [1], 1.0)


def test_perfect_prediction_and_equal_scores() -> None:
    perfect = curve(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert perfect.aurc.value == 0
    assert perfect.kept_error_rate.tolist() == [0, 0]
    flat = curve(np.array([0, 1, 0, 1]), np.full((4, 2), 0.5))
    assert (flat.threshold.tolist(), flat.kept.tolist(), flat.aurc.value) == ([0.5], [4], 0.5)


def test_the_arrays_are_read_only() -> None:
    found = curve(REFERENCE, PROBABILITIES)
    held = (found.threshold, found.kept, found.errors, found.kept_tumours, found.missed)
    assert not any(values.flags.writeable for values in held)


@given(two_class, st.randoms())
def test_the_order_of_the_cases_changes_nothing(cases: list[tuple[int, int]], random: Any) -> None:
    one, other = curve(*arrays(cases)), curve(*arrays(random.sample(cases, len(cases))))
    assert one.aurc.value == pytest.approx(other.aurc.value, abs=1e-12)
    for name in ("threshold", "kept", "errors", "kept_tumours", "missed"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


@given(two_class)
def test_each_point_of_the_curve_is_what_referring_below_it_does(cases: list[tuple[int, int]]) -> None:
    reference, probabilities = arrays(cases)
    found = curve(reference, probabilities)
    overall_missed = found.overall_missed_rate
    for index, threshold in enumerate(found.threshold.tolist()):
        one = refer_below(reference, probabilities, threshold=threshold, classes=CLASSES, negative="notumor")
        assert one.referred.plain.value == pytest.approx(found.referred_share[index])
        assert one.kept_error_rate.plain.value == pytest.approx(found.kept_error_rate[index])
        assert one.overall_error_rate.plain.value == pytest.approx(found.overall_error_rate[index])
        missed = one.kept_missed_tumours.plain
        assert missed.defined == bool(found.kept_tumours[index])
        assert (missed.count if missed.defined else 0) == pytest.approx(
            found.kept_missed_share[index] * found.kept[index]
        )
        if overall_missed is not None:
            assert one.overall_missed_tumours.plain.value == pytest.approx(overall_missed[index])
    assert found.referred_share[0] == 0
    assert (np.diff(found.overall_error_rate) <= 0).all()
    assert (found.kept_missed_share <= found.kept_error_rate).all()


def test_referring_below_a_threshold_worked_by_hand() -> None:
    one = refer_below(REFERENCE, PROBABILITIES, threshold=0.8, classes=CLASSES, negative="notumor", method="jeffreys")
    assert one.threshold == 0.8
    assert one.referred.plain == proportion(2, 5, method="jeffreys")
    assert one.error_rate.plain == proportion(2, 5, method="jeffreys")
    assert one.missed_tumours.plain == proportion(1, 3, method="jeffreys")
    assert one.kept_error_rate.plain == proportion(1, 3, method="jeffreys")
    assert one.kept_missed_tumours.plain == proportion(1, 2, method="jeffreys")
    assert one.overall_error_rate.plain == proportion(1, 5, method="jeffreys")
    assert one.overall_missed_tumours.plain == proportion(1, 3, method="jeffreys")
    assert "best case" in one.assumption


def test_confidence_is_never_rounded() -> None:
    below = np.array([[np.nextafter(0.8, 0), 0.2]])
    one = refer_below(np.array([0]), below, threshold=0.8, classes=CLASSES, negative=None)
    assert one.referred.plain == proportion(1, 1)
    assert one.kept_error_rate.plain.reason == Reason("no_cases")
    assert one.overall_error_rate.plain == proportion(0, 1)
    assert (one.missed_tumours, one.kept_missed_tumours, one.overall_missed_tumours) == (None, None, None)


def test_groups_give_each_rate_its_own_adjustment(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    groups = four_class["patient_id"]
    names = ("glioma", "meningioma", "notumor", "pituitary")
    one = refer_below(
        reference, probabilities, threshold=0.6, classes=names, negative="notumor", groups=groups, level=0.9
    )
    kept, predicted = probabilities.max(axis=1) >= 0.6, probabilities.argmax(axis=1)
    tumour = reference != 2
    missed = tumour & (predicted == 2)
    assert one.referred == share_of(~kept, groups=groups, level=0.9)
    assert one.error_rate == share_of(predicted != reference, groups=groups, level=0.9)
    assert one.missed_tumours == share_of(missed[tumour], groups=groups[tumour], level=0.9)
    assert one.kept_error_rate == share_of((predicted != reference)[kept], groups=groups[kept], level=0.9)
    assert one.overall_error_rate == share_of((predicted != reference) & kept, groups=groups, level=0.9)
    assert one.kept_missed_tumours == share_of(missed[kept & tumour], groups=groups[kept & tumour], level=0.9)
    assert one.overall_missed_tumours == share_of((missed & kept)[tumour], groups=groups[tumour], level=0.9)
    assert one.referred.clustered is not None


def test_input_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(InputError, match=r"threshold: 1\.2"):
        refer_below(REFERENCE, PROBABILITIES, threshold=1.2, classes=CLASSES, negative=None)
    with pytest.raises(InputError, match="negative: 'none'"):
        curve(REFERENCE, PROBABILITIES, negative="none")
