from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.performance.ranked_errors import ErrorCase, collapsed, rank_errors, tier_of
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
PROBABILITIES = np.array(
    [
        [0.95, 0.03, 0.02],  # right
        [0.90, 0.06, 0.04],  # wrong, exactly at the high threshold
        [0.10, 0.85, 0.05],  # wrong, review
        [0.05, 0.10, 0.85],  # wrong, equal confidence
        [0.30, 0.30, 0.40],  # wrong, expert
        [0.50, 0.50, 0.00],  # tie: the lower index is predicted, wrong
    ]
)
REFERENCE = np.array([0, 1, 2, 0, 1, 1])
IDS = ["f", "e", "d", "c", "b", "a"]


def ranked(**options: Any) -> tuple[ErrorCase, ...]:
    return rank_errors(IDS, REFERENCE, PROBABILITIES, classes=CLASSES, **options).cases


def test_errors_come_by_confidence_and_then_by_case_id() -> None:
    assert [(case.case_id, case.confidence, case.tier) for case in ranked()] == [
        ("e", 0.90, "high"),
        ("c", 0.85, "review"),
        ("d", 0.85, "review"),
        ("a", 0.50, "expert"),
        ("b", 0.40, "expert"),
    ]


def test_an_error_names_both_classes_and_what_the_reference_class_got() -> None:
    first, *_, tie, _ = ranked()
    assert first == ErrorCase(
        case_id="e",
        reference="meningioma",
        predicted="glioma",
        confidence=0.90,
        reference_probability=0.06,
        tier="high",
    )
    assert first.high_confidence
    assert (tie.predicted, tie.reference_probability, tie.high_confidence) == ("glioma", 0.5, False)


def test_counts_and_rates_are_of_all_cases() -> None:
    errors = rank_errors(IDS, REFERENCE, PROBABILITIES, classes=CLASSES)
    assert (errors.n, errors.count, errors.high_confidence_count) == (6, 5, 1)
    assert errors.rate.headline == proportion(5, 6)
    assert errors.high_confidence_rate.headline == proportion(1, 6)


def test_thresholds_and_method_are_the_studys() -> None:
    errors = rank_errors(
        IDS, REFERENCE, PROBABILITIES, classes=CLASSES, high=0.85, review=0.45, method="jeffreys", level=0.9
    )
    assert [case.tier for case in errors.cases] == ["high", "high", "high", "review", "expert"]
    assert (errors.high, errors.review) == (0.85, 0.45)
    assert errors.high_confidence_rate.headline == proportion(3, 6, method="jeffreys", level=0.9)


@pytest.mark.parametrize(
    ("confidence", "tier"), [(1.0, "high"), (0.9, "high"), (0.8999999, "review"), (0.8, "review"), (0.7999, "expert")]
)
def test_tiers_begin_at_their_threshold(confidence: float, tier: str) -> None:
    assert tier_of(confidence) == tier


def test_without_an_error_the_upper_bound_still_says_what_is_compatible() -> None:
    probabilities = np.tile([0.9, 0.05, 0.05], (1311, 1))
    errors = rank_errors(np.arange(1311), np.zeros(1311, dtype=int), probabilities, classes=CLASSES)
    assert (errors.count, errors.rate.plain.value, errors.rate.plain.low) == (0, 0.0, 0.0)
    assert errors.rate.plain.high == pytest.approx(0.0029, abs=5e-5)
    exact = rank_errors(
        np.arange(1311), np.zeros(1311, dtype=int), probabilities, classes=CLASSES, method="clopper-pearson"
    )
    assert exact.rate.plain.high == pytest.approx(1 - 0.025 ** (1 / 1311), abs=1e-12)


def test_no_cases_leave_the_rates_undefined() -> None:
    errors = rank_errors([], np.array([], dtype=int), np.empty((0, 3)), classes=CLASSES)
    assert errors.cases == ()
    assert not errors.rate.plain.defined


def test_the_golden_cases_have_as_many_errors_as_the_matrix(four_class: pd.DataFrame) -> None:
    probabilities = four_class.filter(like="p_").to_numpy()
    names = ("glioma", "meningioma", "notumor", "pituitary")
    errors = rank_errors(
        four_class["case_id"].to_numpy(), four_class["reference"].to_numpy(), probabilities, classes=names
    )
    assert errors.count == 55
    confidences = [case.confidence for case in errors.cases]
    assert confidences == sorted(confidences, reverse=True)


def test_inputs_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(InputError, match=r"found 5, 6 and \(6, 3\)"):
        rank_errors(IDS[:5], REFERENCE, PROBABILITIES, classes=CLASSES)
    with pytest.raises(InputError, match=r"shape \(n, 2\)"):
        rank_errors(IDS, REFERENCE, PROBABILITIES, classes=CLASSES[:2])
    with pytest.raises(InputError, match=r"review 0.95 and high 0.9"):
        ranked(review=0.95)


def test_the_rate_of_errors_counts_the_wider_of_two_intervals() -> None:
    probabilities = np.tile([0.95, 0.03, 0.02], (40, 1))
    reference = np.array([1] * 8 + [0] * 32)  # the errors are of one patient
    groups = np.repeat(np.arange(5), 8)
    errors = rank_errors(np.arange(40), reference, probabilities, classes=CLASSES, groups=groups)
    assert errors.rate.plain == proportion(8, 40)
    assert errors.rate.headline == clustered_proportion(reference == 1, groups)
    assert errors.rate.headline.width > errors.rate.plain.width
    assert errors.high_confidence_rate.headline == errors.rate.headline


def test_without_an_error_the_bound_is_that_of_the_groups() -> None:
    probabilities = np.tile([0.95, 0.03, 0.02], (40, 1))
    groups = np.repeat(np.arange(5), 8)
    errors = rank_errors(np.arange(40), np.zeros(40, dtype=int), probabilities, classes=CLASSES, groups=groups)
    assert errors.rate.headline.high == proportion(0, 5).high


def test_groups_of_one_case_change_nothing() -> None:
    errors = rank_errors(IDS, REFERENCE, PROBABILITIES, classes=CLASSES, groups=np.array(IDS))
    assert errors.rate.clustered is None


def test_errors_of_one_image_are_one_error_with_its_number() -> None:
    image_of = {"e": "x", "c": "y", "d": "x", "a": "x", "b": "x"}  # e, a, b: one image; e and a called glioma
    found = collapsed(ranked(), image_of=image_of)
    assert [(case.case_id, number) for case, number in found] == [("e", 2), ("c", 1), ("d", 1), ("b", 1)]


@pytest.mark.parametrize("limits", [{"review": -0.1}, {"high": 1.1}])
def test_a_threshold_outside_of_0_to_1_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(InputError, match="thresholds: expected 0 <= review <= high <= 1"):
        ranked(**limits)
