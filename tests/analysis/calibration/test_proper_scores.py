import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics

from neuroval.analysis.calibration.proper_scores import BrierParts, brier_parts, brier_score, log_loss, mean_of
from neuroval.analysis.core.codes import Method, Reason
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
PARTS = ("reliability", "resolution", "uncertainty", "within_bin_variance", "within_bin_covariance")
pairs = st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=60)


def drawn(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.6] * 4, size=n)
    return (rng.random((n, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1), probabilities


def golden(four_class: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()


def test_log_loss_gives_the_golden_value(oracles: dict[str, Any], four_class: pd.DataFrame) -> None:
    measure = log_loss(*golden(four_class), classes=CLASSES, groups=four_class["patient_id"])
    assert measure.plain.value == pytest.approx(oracles["four_class_160"]["log_loss"], abs=1e-12)
    assert (measure.plain.n, measure.plain.method) == (160, Method("t"))
    assert measure.clustered.method == Method("t_clustered", groups=80)


def test_scores_agree_with_scikit_learn() -> None:
    reference, probabilities = drawn(500, seed=1)
    brier = brier_score(reference, probabilities, classes=CLASSES, negative="notumor")
    theirs = metrics.brier_score_loss(reference, probabilities, labels=[0, 1, 2, 3])
    assert brier.score.plain.value == pytest.approx(theirs, abs=1e-12)
    two_class = metrics.brier_score_loss(reference != 2, 1 - probabilities[:, 2])
    assert brier.any_tumour.plain.value == pytest.approx(two_class, abs=1e-12)
    loss = log_loss(reference, probabilities, classes=CLASSES)
    assert loss.plain.value == pytest.approx(metrics.log_loss(reference, probabilities), abs=1e-12)


def test_scores_worked_by_hand() -> None:
    reference = np.array([0, 1, 1])
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6], [1.0, 0.0]])
    brier = brier_score(reference, probabilities, classes=("tumour", "notumor"), negative="notumor")
    # Summed over both classes, not halved: 0.08, 0.32 and 2, mean 0.8; two-class 0.04, 0.16 and 1, mean 0.4.
    assert brier.score.plain.value == pytest.approx(0.8)
    assert brier.any_tumour.plain.value == pytest.approx(0.4)
    loss = log_loss(reference[:2], probabilities[:2], classes=("tumour", "notumor"))
    assert loss.plain.value == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_the_t_interval_is_that_of_scipy() -> None:
    reference, probabilities = drawn(60, seed=2)
    loss = log_loss(reference, probabilities, classes=CLASSES, level=0.9).plain
    values = -np.log(probabilities[np.arange(60), reference])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (loss.low, loss.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_cluster_robust_interval_worked_by_hand() -> None:
    # Mean 4; deviations -3, -1 | 1 | 3 sum to -4, 1, 3 by group: variance 3/2 * (16 + 1 + 9) / 16 = 39/16.
    measure = mean_of(np.array([1.0, 3.0, 5.0, 7.0]), groups=np.array([*"aabc"]))
    half = stats.t.ppf(0.975, 2) * math.sqrt(39 / 16)
    assert measure.clustered.high == pytest.approx(4 + half)
    assert measure.clustered.low == 0.0  # cut where the score ends
    assert measure.headline is measure.clustered


def test_groups_of_one_case_change_nothing_and_halves_of_twins_widen() -> None:
    values = np.random.default_rng(3).random(50)
    assert mean_of(values, groups=np.arange(50)).clustered is None
    twins = mean_of(np.repeat(values, 2), groups=np.repeat(np.arange(50), 2))
    once = mean_of(values, groups=None).plain
    assert (twins.clustered.low, twins.clustered.high) == pytest.approx((once.low, once.high), abs=1e-12)
    assert twins.plain.width < twins.clustered.width


def test_a_reference_class_of_probability_0_makes_log_loss_infinite_and_is_counted() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    one = log_loss(np.array([0, 0, 1]), probabilities, classes=("a", "b")).plain
    assert (one.value, one.n) == (None, 3)
    assert one.reason == Reason("infinite_loss", cases=1)
    two = log_loss(np.array([1, 0, 1]), probabilities, classes=("a", "b")).plain
    assert two.reason == Reason("infinite_loss", cases=2)


def test_perfect_prediction_has_a_value_without_interval() -> None:
    probabilities = np.eye(3)
    loss = log_loss(np.arange(3), probabilities, classes=CLASSES[:3]).plain
    assert (loss.value, loss.low, loss.reason) == (0.0, None, Reason("equal_cases"))
    assert math.copysign(1, loss.value) == 1
    brier = brier_score(np.arange(3), probabilities, classes=CLASSES[:3], negative="notumor")
    assert (brier.score.plain.value, brier.score.plain.low) == (0.0, None)
    assert (brier.parts.reliability, brier.parts.score) == (0.0, 0.0)


def test_no_cases_are_undefined() -> None:
    nothing = np.zeros(0, dtype=int), np.zeros((0, 4))
    brier = brier_score(*nothing, classes=CLASSES, negative="notumor")
    assert (brier.score.plain.reason, brier.any_tumour.plain.reason) == (Reason("no_cases"), Reason("no_cases"))
    assert (brier.parts, brier.class_parts, brier.any_tumour_parts) == (None, None, None)
    assert log_loss(*nothing, classes=CLASSES, groups=np.zeros(0)).plain.reason == Reason("no_cases")


def test_one_case_and_one_group_have_no_interval() -> None:
    one = log_loss(np.array([0]), np.array([[0.5, 0.5]]), classes=("a", "b"))
    assert (one.plain.value, one.plain.reason, one.clustered) == (math.log(2), Reason("one_case"), None)
    group = mean_of(np.array([1.0, 2.0]), groups=np.array(["p", "p"]))
    assert group.plain.low is not None
    assert (group.clustered.low, group.clustered.reason) == (None, Reason("one_group"))
    assert group.headline is group.clustered


def test_groups_that_balance_show_no_variation() -> None:
    balanced = mean_of(np.array([1.0, 3.0, 1.0, 3.0]), groups=np.array([*"aabb"])).clustered
    assert (balanced.value, balanced.low, balanced.reason) == (2.0, None, Reason("equal_groups"))


def test_without_a_negative_class_there_is_no_two_class_score() -> None:
    brier = brier_score(*drawn(20, seed=4), classes=CLASSES, negative=None)
    assert (brier.any_tumour, brier.any_tumour_parts) == (None, None)
    assert len(brier.class_parts) == 4


def test_the_parts_of_a_table_worked_by_hand() -> None:
    # Bins (0, 0.5] with 0.2 no, 0.4 yes and (0.5, 1] with 0.6 yes, 1.0 yes: means 0.3 and 0.8, shares 0.5 and 1.
    parts = brier_parts(np.array([False, True, True, True]), np.array([0.2, 0.4, 0.6, 1.0]), bins=2)
    assert parts.reliability == pytest.approx(0.5 * 0.2**2 + 0.5 * 0.2**2)
    assert parts.resolution == pytest.approx(0.5 * 0.25**2 + 0.5 * 0.25**2)
    assert parts.uncertainty == pytest.approx(0.75 * 0.25)
    assert parts.within_bin_variance == pytest.approx((2 * 0.1**2 + 2 * 0.2**2) / 4)
    assert parts.within_bin_covariance == pytest.approx(2 / 4 * (0.1 * 0.5 + 0.1 * 0.5))
    assert parts.score == pytest.approx((0.04 + 0.36 + 0.16 + 0) / 4)


def test_with_one_probability_per_bin_the_parts_are_murphys_three() -> None:
    happened = np.random.default_rng(5).random(200) < 0.6
    parts = brier_parts(happened, np.repeat([0.1, 0.5, 0.7, 0.9], 50), bins=10)
    assert (parts.within_bin_variance, parts.within_bin_covariance) == pytest.approx((0, 0), abs=1e-15)
    assert parts.reliability - parts.resolution + parts.uncertainty == pytest.approx(
        np.mean((np.repeat([0.1, 0.5, 0.7, 0.9], 50) - happened) ** 2), abs=1e-14
    )


def test_the_golden_cases_add_up_over_classes(four_class: pd.DataFrame) -> None:
    brier = brier_score(*golden(four_class), classes=CLASSES, negative="notumor", bins=10)
    assert brier.bins == 10
    for name in PARTS:
        assert getattr(brier.parts, name) == pytest.approx(sum(getattr(one, name) for one in brier.class_parts))
    assert brier.parts.score == pytest.approx(brier.score.plain.value, abs=1e-14)
    assert brier.any_tumour_parts.score == pytest.approx(brier.any_tumour.plain.value, abs=1e-14)


@given(pairs, st.integers(1, 20))
def test_the_parts_add_up_to_the_score_exactly(cases: list[tuple[bool, int]], bins: int) -> None:
    happened, probability = np.array([h for h, _ in cases]), np.array([p / 50 for _, p in cases])
    parts: BrierParts = brier_parts(happened, probability, bins=bins)
    assert parts.score == pytest.approx(np.mean((probability - happened) ** 2), abs=1e-13)
    assert min(parts.reliability, parts.resolution, parts.uncertainty, parts.within_bin_variance) >= 0


@given(st.lists(st.tuples(st.floats(0, 9), st.integers(0, 5)), min_size=1, max_size=30), st.randoms())
def test_an_interval_contains_its_mean_whatever_the_order(cases: list[tuple[float, int]], random: Any) -> None:
    shuffled = random.sample(cases, len(cases))
    one, other = (
        mean_of(np.array([v for v, _ in these]), groups=np.array([g for _, g in these]), ceiling=9.0)
        for these in (cases, shuffled)
    )
    for a, b in ((one.plain, other.plain), (one.clustered, other.clustered)):
        if a is None or a.low is None:
            continue
        assert 0 <= a.low <= a.value <= a.high <= 9
        if b.low is not None:
            assert (a.low, a.high) == pytest.approx((b.low, b.high), abs=1e-9)


def test_the_order_of_the_classes_changes_nothing() -> None:
    reference, probabilities = drawn(80, seed=6)
    turned = [2, 0, 3, 1]
    one = brier_score(reference, probabilities, classes=CLASSES, negative="notumor")
    other = brier_score(
        np.argsort(turned)[reference],
        probabilities[:, turned],
        classes=[CLASSES[i] for i in turned],
        negative="notumor",
    )
    assert one.score.plain.value == pytest.approx(other.score.plain.value, abs=1e-14)
    assert one.any_tumour.plain == other.any_tumour.plain
    assert one.class_parts[2] == other.class_parts[0]


def test_input_that_cannot_be_used_is_refused() -> None:
    reference, probabilities = drawn(10, seed=7)
    with pytest.raises(InputError, match="found 3 ids for 10 cases"):
        log_loss(reference, probabilities, classes=CLASSES, groups=np.arange(3))
    with pytest.raises(InputError, match="level: 95"):
        brier_score(reference, probabilities, classes=CLASSES, negative=None, level=95)
    with pytest.raises(InputError, match="bins: 0"):
        brier_score(reference, probabilities, classes=CLASSES, negative=None, bins=0)


A, B = 4.0, 1.5  # a tumour's probability follows Beta(4, 1.5), and its outcome that probability
TRUE_BRIER = 2 * A * B / ((A + B) * (A + B + 1))
TRUE_LOSS = special.psi(A + B + 1) - (A * special.psi(A + 1) + B * special.psi(B + 1)) / (A + B)


def of_groups(rng: np.random.Generator, *, groups: int, size: int, shared: float) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated two-class predictions; within a group, probabilities and outcomes are correlated by ``shared``."""

    def uniform() -> np.ndarray:
        common = rng.standard_normal((groups, 1))
        own = rng.standard_normal((groups, size))
        return stats.norm.cdf(math.sqrt(shared) * common + math.sqrt(1 - shared) * own).ravel()

    probability = stats.beta.ppf(uniform(), A, B)
    return (uniform() >= probability).astype(int), np.stack([probability, 1 - probability], axis=1)


@pytest.mark.slow
def test_t_intervals_cover_brier_score_and_log_loss() -> None:
    rng = np.random.default_rng(8)
    covered = np.zeros(2)
    for _ in range(2000):
        reference, probabilities = of_groups(rng, groups=150, size=1, shared=0.0)
        brier = brier_score(reference, probabilities, classes=("tumour", "none"), negative=None).score.plain
        loss = log_loss(reference, probabilities, classes=("tumour", "none")).plain
        covered += [brier.low <= TRUE_BRIER <= brier.high, loss.low <= TRUE_LOSS <= loss.high]
    assert (covered / 2000 >= 0.925).all(), covered
    assert (covered / 2000 <= 0.965).all(), covered


@pytest.mark.slow
def test_cluster_robust_intervals_cover_where_plain_ones_do_not() -> None:
    rng = np.random.default_rng(9)
    clustered, plain = np.zeros(2), np.zeros(2)
    groups = np.repeat(np.arange(60), 8)
    for _ in range(1500):
        reference, probabilities = of_groups(rng, groups=60, size=8, shared=0.6)
        both = (
            brier_score(reference, probabilities, classes=("tumour", "none"), negative=None, groups=groups).score,
            log_loss(reference, probabilities, classes=("tumour", "none"), groups=groups),
        )
        for index, (measure, truth) in enumerate(zip(both, (TRUE_BRIER, TRUE_LOSS), strict=True)):
            clustered[index] += measure.clustered.low <= truth <= measure.clustered.high
            plain[index] += measure.plain.low <= truth <= measure.plain.high
    assert (clustered / 1500 >= 0.92).all(), clustered
    assert (clustered / 1500 <= 0.97).all(), clustered
    assert (plain / 1500 < 0.85).all(), plain
