import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroval.analysis.calibration.conformal import (
    CAVEATS,
    class_limits,
    evaluate_sets,
    expected_coverage,
    prediction_sets,
)
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import proportion, share_of
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
AB = ("a", "b")


def two_classes(of_a: list[float], *, reference: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(reference), np.array([[p, 1 - p] for p in of_a])


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    probabilities = rng.dirichlet([0.4] * 4, size=n)
    return (rng.random((n, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1), probabilities


def test_limits_worked_by_hand() -> None:
    # Nine cases of a with alpha 0.2: score number ceil(10 * 0.8) = 8 of 9, the second smallest probability.
    # Four of b: score number ceil(5 * 0.8) = 4 of 4, the smallest probability.
    of_a = [0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.3, 0.1, 0.2, 0.25, 0.5]
    limits = class_limits(*two_classes(of_a, reference=[0] * 9 + [1] * 4), classes=AB, alpha=0.2)
    assert [limit.value for limit in limits.limits] == [0.55, 0.5]
    assert [limit.n for limit in limits.limits] == [9, 4]
    assert (limits.classes, limits.alpha, limits.missing) == (AB, 0.2, ())
    assert limits.limits[0].reason == Reason("a_limit")


def test_a_set_holds_each_class_from_its_limit_on() -> None:
    limits = class_limits(
        *two_classes([0.6, 0.7, 0.8, 0.9, 0.5, 0.4, 0.3, 0.2], reference=[0] * 4 + [1] * 4), classes=AB, alpha=0.2
    )
    assert [limit.value for limit in limits.limits] == [0.6, 0.5]
    test = np.array([[0.6, 0.4], [0.59, 0.41], [0.5, 0.5], [0.6, 0.5]])
    assert prediction_sets(test, limits=limits).tolist() == [[True, False], [False, False], [False, True], [True, True]]


def test_coverage_and_sizes_worked_by_hand() -> None:
    limits = class_limits(
        *two_classes([0.6, 0.7, 0.8, 0.9, 0.5, 0.4, 0.3, 0.2], reference=[0] * 4 + [1] * 4), classes=AB, alpha=0.2
    )
    test = np.array([[0.6, 0.4], [0.59, 0.41], [0.5, 0.5], [0.6, 0.5], [0.7, 0.3]])
    found = evaluate_sets(np.array([0, 0, 1, 1, 1]), test, limits=limits, method="jeffreys")
    assert found.coverage[0].plain == proportion(1, 2, method="jeffreys")
    assert found.coverage[1].plain == proportion(2, 3, method="jeffreys")
    assert found.overall_coverage.plain == proportion(3, 5, method="jeffreys")
    assert found.empty.plain == proportion(1, 5, method="jeffreys")
    assert found.single.plain == proportion(3, 5, method="jeffreys")
    assert found.multiple.plain == proportion(1, 5, method="jeffreys")
    assert found.mean_size.plain.value == pytest.approx(1.0)
    assert 0 <= found.mean_size.plain.low < 1 < found.mean_size.plain.high <= 2
    assert found.limits is limits


@given(st.integers(1, 60), st.sampled_from([0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5, 0.9]))
def test_the_limit_is_the_finite_sample_quantile_of_the_scores(m: int, alpha: float) -> None:
    hundredths = round(100 * alpha)
    probabilities = np.random.default_rng(m).random(m)
    reference, table = np.zeros(m, dtype=int), np.stack([probabilities, 1 - probabilities], axis=1)
    limit = class_limits(reference, table, classes=AB, alpha=alpha).limits[0]
    rank = -((m + 1) * (100 - hundredths) // -100)  # ceil in whole numbers
    if rank > m:
        needed = -(100 // -hundredths) - 1
        assert m < needed
        assert (limit.value, limit.n) == (None, m)
        assert limit.reason == Reason("tuning_cases_needed", of="a", cases=m, needed=needed)
    else:
        assert 1 - limit.value == pytest.approx(np.sort(1 - probabilities)[rank - 1], abs=1e-15)


@pytest.mark.parametrize(("alpha", "needed"), [(0.1, 9), (0.05, 19), (0.2, 4), (0.3, 3)])
def test_a_class_needs_one_over_alpha_minus_one_cases(alpha: float, needed: int) -> None:
    for m, defined in ((needed, True), (needed - 1, False)):
        reference = np.array([0] * m + [1] * 40)
        limits = class_limits(reference, np.full((m + 40, 2), 0.5), classes=AB, alpha=alpha)
        assert limits.limits[0].defined is defined
        assert limits.missing == (() if defined else ("a",))


def test_with_a_class_of_too_few_cases_only_the_others_are_covered() -> None:
    reference = np.array([0] * 3 + [1] * 20)
    probabilities = np.stack([np.linspace(0.9, 0.1, 23), np.linspace(0.1, 0.9, 23)], axis=1)
    limits = class_limits(reference, probabilities, classes=AB)
    found = evaluate_sets(reference, probabilities, limits=limits)
    assert found.coverage[0].plain.reason == Reason("too_few_tuning_cases", of=("a",))
    assert found.coverage[1].plain.defined
    for one in (found.overall_coverage, found.mean_size, found.empty, found.single, found.multiple):
        assert (one.plain.value, one.plain.reason) == (None, Reason("too_few_tuning_cases", of=("a",)))
    assert prediction_sets(probabilities, limits=limits)[:, 0].all()


def test_no_tuning_cases_leave_every_class_without_limit() -> None:
    limits = class_limits(np.zeros(0, dtype=int), np.zeros((0, 2)), classes=AB)
    assert limits.missing == AB
    found = evaluate_sets(np.array([0]), np.array([[0.5, 0.5]]), limits=limits)
    assert found.single.plain.reason == Reason("too_few_tuning_cases", of=("a", "b"))


def test_no_test_cases_leave_all_undefined() -> None:
    limits = class_limits(*two_classes([0.6] * 20, reference=[0, 1] * 10), classes=AB)
    found = evaluate_sets(np.zeros(0, dtype=int), np.zeros((0, 2)), limits=limits, groups=np.zeros(0))
    every = (*found.coverage, found.overall_coverage, found.mean_size, found.empty, found.single, found.multiple)
    assert {one.plain.reason for one in every} == {Reason("no_cases")}


def test_equal_scores_and_perfect_prediction() -> None:
    flat = class_limits(np.array([0, 1] * 10), np.full((20, 2), 0.5), classes=AB)
    found = evaluate_sets(np.array([0, 1, 1]), np.full((3, 2), 0.5), limits=flat)
    assert found.multiple.plain == proportion(3, 3)
    assert (found.mean_size.plain.value, found.mean_size.plain.reason) == (2.0, Reason("equal_cases"))
    perfect = class_limits(np.array([0, 1] * 10), np.eye(2)[[0, 1] * 10], classes=AB)
    assert evaluate_sets(np.array([0, 1]), np.eye(2), limits=perfect).single.plain == proportion(2, 2)


def test_groups_give_each_share_its_own_adjustment(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    groups = four_class["patient_id"]
    limits = class_limits(*drawn(400, np.random.default_rng(1)), classes=CLASSES)
    found = evaluate_sets(reference, probabilities, limits=limits, groups=groups, level=0.9)
    held = prediction_sets(probabilities, limits=limits)
    covered = held[np.arange(160), reference]
    for index in range(4):
        own = reference == index
        assert found.coverage[index] == share_of(covered[own], groups=groups[own], level=0.9)
    assert found.overall_coverage == share_of(covered, groups=groups, level=0.9)
    assert found.single == share_of(held.sum(axis=1) == 1, groups=groups, level=0.9)
    assert "80 groups" in in_words(found.mean_size.clustered.method)


def test_what_keeps_the_promise_from_being_exact_travels_with_the_limits() -> None:
    limits = class_limits(*two_classes([0.6] * 20, reference=[0, 1] * 10), classes=AB)
    assert limits.caveats == CAVEATS
    assert "also chose the network's weights" in limits.caveats[0]
    assert "patient or group" in limits.caveats[1]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=30, max_size=60), st.randoms())
def test_the_order_of_the_cases_changes_nothing(cases: list[tuple[int, int]], random: Any) -> None:
    def split(these: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        return two_classes([p / 20 for _, p in these], reference=[r for r, _ in these])

    one, other = split(cases), split(random.sample(cases, len(cases)))
    limits = class_limits(*one, classes=AB, alpha=0.2)
    assert limits == class_limits(*other, classes=AB, alpha=0.2)
    found, turned = evaluate_sets(*one, limits=limits), evaluate_sets(*other, limits=limits)
    assert (found.coverage, found.single) == (turned.coverage, turned.single)
    if not limits.missing:
        counts = (found.empty.plain.count, found.single.plain.count, found.multiple.plain.count)
        assert sum(counts) == len(cases)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 10])
def test_an_alpha_that_is_no_share_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha: "):
        class_limits(np.array([0]), np.array([[0.5, 0.5]]), classes=AB, alpha=alpha)


def test_input_that_cannot_be_used_is_refused() -> None:
    limits = class_limits(*two_classes([0.6] * 20, reference=[0, 1] * 10), classes=AB)
    with pytest.raises(InputError, match=r"probabilities \(n, 2\)"):
        prediction_sets(np.full((3, 4), 0.25), limits=limits)
    with pytest.raises(InputError, match="found 2 ids for 1 cases"):
        evaluate_sets(np.array([0]), np.array([[0.5, 0.5]]), limits=limits, groups=np.arange(2))


@pytest.mark.slow
def test_each_class_is_covered_as_often_as_promised_and_hardly_more() -> None:
    # With m tuning cases of a class and distinct scores, expected coverage is ceil((m + 1)(1 - alpha)) / (m + 1).
    rng = np.random.default_rng(2)
    covered, expected, runs = np.zeros(4), np.zeros(4), np.zeros(4)
    for _ in range(3000):
        tuning, test = drawn(120, rng), drawn(200, rng)
        limits = class_limits(*tuning, classes=CLASSES)
        sets = prediction_sets(test[1], limits=limits)
        for index, limit in enumerate(limits.limits):
            own = test[0] == index
            if limit.defined and own.any():
                covered[index] += sets[own, index].mean()
                expected[index] += math.ceil(round((limit.n + 1) * 0.9, 9)) / (limit.n + 1)
                runs[index] += 1
    assert (runs > 2900).all()
    assert covered / runs == pytest.approx(expected / runs, abs=0.005)
    assert (covered / runs >= 0.895).all(), covered / runs


def test_the_expected_range_of_coverage_is_that_of_simulated_studies() -> None:
    """99 tuning cases and 200 others, scores all different: the limit leaves out 10 in 100 on average."""
    low, high = expected_coverage(99, 200, alpha=0.1)
    rng = np.random.default_rng(0)
    shares = [np.mean(rng.random(200) >= np.sort(rng.random(99))[9]) for _ in range(4000)]
    assert (low, high) == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.006)
    assert expected_coverage(99, 20_000, alpha=0.1) == pytest.approx(expected_coverage(99, 10_000, alpha=0.1), abs=2e-3)
    with pytest.raises(InputError, match="expected coverage: 5 tuning cases give no limit"):
        expected_coverage(5, 10, alpha=0.1)


def test_a_class_is_held_too_seldom_only_beyond_chance() -> None:
    rng = np.random.default_rng(1)
    reference = np.repeat([0, 1], 100)
    chances = np.where(reference == 0, rng.random(200), 1 - rng.random(200))[:, None]
    probabilities = np.hstack([chances, 1 - chances])
    limits = class_limits(reference, probabilities, classes=("a", "b"))
    shifted = np.where(reference[:, None] == 0, probabilities * [0.3, 1], probabilities)
    for scores, too_seldom in ((probabilities, (False, False)), (shifted, (True, False))):
        found = evaluate_sets(reference, scores, limits=limits)
        assert tuple(one.too_seldom for one in found.expected) == too_seldom
    grouped = evaluate_sets(reference, probabilities, limits=limits, groups=np.arange(200) // 20)
    assert grouped.expected[0].low <= evaluate_sets(reference, probabilities, limits=limits).expected[0].low
