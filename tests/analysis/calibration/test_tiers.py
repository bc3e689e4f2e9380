import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.calibration.tiers import TIERS, confidence_tiers, tier_numbers
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import proportion, share_of
from neuroval.analysis.performance.ranked_errors import tier_of
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
PROBABILITIES = np.array(
    [
        [0.95, 0.03, 0.02],  # high, right
        [0.05, 0.05, 0.90],  # high, exactly at the limit: a glioma missed
        [0.05, 0.05, 0.90],  # high, right
        [0.10, 0.80, 0.10],  # review, exactly at the limit: wrong, but no tumour missed
        [0.10, 0.79, 0.11],  # expert, right
        [0.30, 0.30, 0.40],  # expert: a meningioma missed
    ]
)
REFERENCE = np.array([0, 0, 2, 0, 1, 1])


def test_the_three_tiers_worked_by_hand() -> None:
    high, review, expert = confidence_tiers(REFERENCE, PROBABILITIES, classes=CLASSES, negative="notumor")
    assert [one.tier for one in (high, review, expert)] == ["high", "review", "expert"]
    assert [(one.at_least, one.below) for one in (high, review, expert)] == [(0.9, None), (0.8, 0.9), (0.0, 0.8)]
    assert [one.share.plain for one in (high, review, expert)] == [proportion(c, 6) for c in (3, 1, 2)]
    assert [one.accuracy.plain for one in (high, review, expert)] == [
        proportion(2, 3),
        proportion(0, 1),
        proportion(1, 2),
    ]
    assert [one.missed_tumours.plain for one in (high, review, expert)] == [
        proportion(1, 2),
        proportion(0, 1),
        proportion(1, 2),
    ]


def test_limits_and_method_are_arguments() -> None:
    tiers = confidence_tiers(
        REFERENCE, PROBABILITIES, classes=CLASSES, negative=None, high=0.8, review=0.4, method="jeffreys", level=0.9
    )
    assert [one.share.plain for one in tiers] == [
        proportion(count, 6, method="jeffreys", level=0.9) for count in (4, 2, 0)
    ]
    assert [one.missed_tumours for one in tiers] == [None, None, None]


def test_an_empty_tier_has_a_share_of_0_and_nothing_else() -> None:
    tiers = confidence_tiers(
        REFERENCE, PROBABILITIES, classes=CLASSES, negative="notumor", groups=np.arange(6) // 2, high=0.9, review=0.9
    )
    assert tiers[1].share.plain == proportion(0, 6)
    assert (tiers[1].accuracy.plain.reason, tiers[1].missed_tumours.plain.reason) == (
        Reason("no_cases"),
        Reason("no_cases"),
    )


def test_a_tier_without_tumours_misses_none_that_could_be_counted() -> None:
    tiers = confidence_tiers(np.array([2]), np.array([[0.0, 0.0, 1.0]]), classes=CLASSES, negative="notumor")
    assert tiers[0].accuracy.plain == proportion(1, 1)
    assert not tiers[0].missed_tumours.plain.defined


def test_no_cases_leave_all_undefined() -> None:
    tiers = confidence_tiers(
        np.zeros(0, dtype=int), np.zeros((0, 3)), classes=CLASSES, negative="notumor", groups=np.zeros(0)
    )
    assert not any(one.share.plain.defined or one.accuracy.plain.defined for one in tiers)


def test_groups_give_each_rate_its_own_adjustment(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    groups = four_class["patient_id"]
    names = (*CLASSES, "pituitary")
    tiers = confidence_tiers(
        reference, probabilities, classes=names, negative="notumor", groups=groups, high=0.7, review=0.5
    )
    confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    for one in tiers:
        own = np.array([tier_of(value, high=0.7, review=0.5) == one.tier for value in confidence])
        tumours = own & (reference != 2)
        assert one.share == share_of(own, groups=groups)
        assert one.accuracy == share_of((predicted == reference)[own], groups=groups[own])
        assert one.missed_tumours == share_of((predicted == 2)[tumours], groups=groups[tumours])
        assert one.share.clustered is not None


@given(
    st.lists(st.sampled_from([0.9, 0.8, math.nextafter(0.9, 0), math.nextafter(0.8, 0)]) | st.floats(0, 1), max_size=20)
)
def test_tiers_of_arrays_begin_where_those_of_single_cases_do(confidences: list[float]) -> None:
    numbers = tier_numbers(np.array(confidences))
    assert [TIERS[number] for number in numbers] == [tier_of(value) for value in confidences]


def test_single_precision_just_below_a_limit_is_below_it() -> None:
    assert tier_numbers(np.array([0.9, 0.8], dtype=np.float32)).tolist() == [1, 1]  # 0.89999998, 0.80000001


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), min_size=1, max_size=30), st.randoms())
def test_shares_add_up_and_the_order_of_cases_does_not_matter(cases: list[tuple[int, int]], random: Any) -> None:
    def tiers(these: list[tuple[int, int]]) -> tuple[Any, ...]:
        reference, twentieths = (np.array(column) for column in zip(*these, strict=True))
        p = twentieths / 20
        probabilities = np.stack([p, (1 - p) * 0.75, (1 - p) * 0.25], axis=1)
        return confidence_tiers(reference, probabilities, classes=CLASSES, negative="notumor")

    found = tiers(cases)
    assert sum(one.share.plain.count for one in found) == len(cases)
    assert found == tiers(random.sample(cases, len(cases)))


def test_limits_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match=r"review 0.95 and high 0.9"):
        confidence_tiers(REFERENCE, PROBABILITIES, classes=CLASSES, negative=None, review=0.95)
    with pytest.raises(InputError, match=r"high 1\.5"):
        tier_numbers(np.array([0.5]), high=1.5)
