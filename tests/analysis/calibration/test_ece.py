from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from neuroval.analysis.calibration import ece as module
from neuroval.analysis.calibration.ece import NOTE, CalibrationErrors, calibration_errors
from neuroval.analysis.core.codes import Method, Reason
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
NAMES = ("ece_top_label_15", "ece_top_label_10", "ece_class_wise_15", "ece_adaptive_15")
two_class = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 6)), min_size=1, max_size=30)


def drawn(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Overconfident predictions: outcomes follow probabilities that are less extreme."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.5] * 4, size=n)
    outcome = 0.7 * probabilities + 0.3 / 4
    return (rng.random((n, 1)) > outcome.cumsum(axis=1)[:, :-1]).sum(axis=1), probabilities


def errors(reference: np.ndarray, probabilities: np.ndarray, *, seed: int = 5, **options: Any) -> CalibrationErrors:
    classes = CLASSES[: probabilities.shape[1]]
    return calibration_errors(reference, probabilities, classes=classes, rng=np.random.default_rng(seed), **options)


def values(found: CalibrationErrors) -> list[float]:
    return [getattr(found, name).plain.value for name in NAMES]


def by_scikit_learn(happened: np.ndarray, probability: np.ndarray, *, bins: int) -> float:
    observed, mean = calibration_curve(happened, probability, n_bins=bins)
    size = np.bincount(np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probability), minlength=bins)
    return float(size[size > 0] @ np.abs(observed - mean)) / len(happened)


def test_errors_of_equal_width_agree_with_scikit_learns_curve() -> None:
    reference, probabilities = drawn(600, seed=1)
    found = errors(reference, probabilities)
    right, confidence = probabilities.argmax(axis=1) == reference, probabilities.max(axis=1)
    assert found.ece_top_label_15.plain.value == pytest.approx(by_scikit_learn(right, confidence, bins=15))
    assert found.ece_top_label_10.plain.value == pytest.approx(by_scikit_learn(right, confidence, bins=10))
    by_class = [by_scikit_learn(reference == j, probabilities[:, j], bins=15) for j in range(4)]
    assert found.ece_class_wise_15.plain.value == pytest.approx(np.mean(by_class))
    observed, mean = calibration_curve(right, confidence, n_bins=15)
    assert found.mce_top_label_15.value == pytest.approx(np.abs(observed - mean).max())


def test_the_adaptive_error_is_the_mean_over_classes_and_ranges_of_equally_many_cases() -> None:
    reference, probabilities = drawn(150, seed=2)
    gaps = []
    for j in range(4):
        ranges = np.array_split(np.argsort(probabilities[:, j]), 15)
        gaps += [abs((reference[own] == j).mean() - probabilities[own, j].mean()) for own in ranges]
    assert errors(reference, probabilities).ece_adaptive_15.plain.value == pytest.approx(np.mean(gaps))


def test_errors_worked_by_hand() -> None:
    # Confidences 0.9 (right), 0.9 (wrong), 0.6 (right): gaps |0.5 - 0.9| of two cases and |1 - 0.6| of one.
    reference, probabilities = np.array([0, 1, 0]), np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]])
    found = errors(reference, probabilities)
    assert found.ece_top_label_15.plain.value == pytest.approx((2 * 0.4 + 0.4) / 3)
    assert found.mce_top_label_15.value == pytest.approx(0.4)
    # With two classes both see the same gaps.
    assert found.ece_class_wise_15.plain.value == pytest.approx((2 * 0.4 + 0.4) / 3)
    # Of three cases, 0.6 is in range 0; the two equal ones are both in the range where the first of them falls.
    assert found.ece_adaptive_15.plain.value == pytest.approx((2 * 0.4 + 0.4) / 3)


def test_the_result_says_what_it_suffers_from_and_how_it_was_made(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    found = errors(reference, probabilities, groups=four_class["patient_id"], resamples=500)
    assert "biased upwards" in found.note == NOTE
    one = found.ece_class_wise_15
    assert one.plain.method == Method(
        "basic_bootstrap", resamples=500, seed=5, unit="case", units=160, normal_limit=False
    )
    assert one.clustered.method == Method(
        "basic_bootstrap", resamples=500, seed=5, unit="group", units=80, normal_limit=False
    )
    assert (one.plain.n, one.clustered.n, one.plain.level) == (160, 160, 0.95)
    assert (found.mce_top_label_15.low, found.mce_top_label_15.n) == (None, 160)
    assert "single bin" in in_words(found.mce_top_label_15.reason)


def by_brute_force(reference: np.ndarray, probabilities: np.ndarray, drawn_units: list[np.ndarray]) -> np.ndarray:
    """Quantiles of the class-wise error of resampled cases, with the bins as they are."""
    n, k = probabilities.shape
    bins = np.searchsorted(np.arange(1, 15) / 15, probabilities)
    gaps = (reference[:, None] == np.arange(k)) - probabilities
    replicates = []
    for units in drawn_units:
        totals = sum(np.abs(np.bincount(bins[units, j], gaps[units, j])).sum() for j in range(k))
        replicates.append(totals / len(units) / k)
    assert n > 0
    return np.quantile(replicates, [0.025, 0.975])


def test_the_interval_is_that_of_resampling_case_by_case() -> None:
    reference, probabilities = drawn(80, seed=3)
    rng = np.random.default_rng(1)
    small, large = by_brute_force(reference, probabilities, [rng.integers(80, size=80) for _ in range(8000)])
    found = errors(reference, probabilities, resamples=8000).ece_class_wise_15.plain
    value = found.value
    assert (found.low, found.high) == pytest.approx((2 * value - large, max(value, 2 * value - small)), abs=2e-3)


def test_the_interval_is_that_of_resampling_group_by_group() -> None:
    reference, probabilities = drawn(120, seed=4)
    groups = np.repeat(np.arange(30), [1, 7] * 15)
    members = [np.flatnonzero(groups == g) for g in range(30)]
    rng = np.random.default_rng(1)
    draws = [np.concatenate([members[g] for g in rng.integers(30, size=30)]) for _ in range(8000)]
    small, large = by_brute_force(reference, probabilities, draws)
    found = errors(reference, probabilities, groups=groups, resamples=8000).ece_class_wise_15.clustered
    value = found.value
    assert (found.low, found.high) == pytest.approx((2 * value - large, max(value, 2 * value - small)), abs=3e-3)


def test_many_cases_give_the_interval_that_resampling_them_would(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, probabilities = drawn(2000, seed=5)
    groups = np.arange(2000) // 2
    exact = errors(reference, probabilities, groups=groups, resamples=4000)
    monkeypatch.setattr(module, "RESAMPLED_UP_TO", 10)
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 300)
    limit = errors(reference, probabilities, groups=groups, resamples=4000)
    assert values(limit) == values(exact)
    for name in NAMES:
        for kind in ("plain", "clustered"):
            one, other = getattr(getattr(exact, name), kind), getattr(getattr(limit, name), kind)
            assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=1.5e-3)
            assert in_words(other.method).endswith("(normal limit)")


def test_cases_counted_twice_are_not_believed() -> None:
    reference, probabilities = drawn(300, seed=6)
    once = errors(reference, probabilities, resamples=8000)
    twice = errors(
        np.repeat(reference, 2), np.repeat(probabilities, 2, axis=0), groups=np.arange(600) // 2, resamples=8000
    )
    assert values(twice) == pytest.approx(values(once))
    for name in NAMES:
        plain, clustered = getattr(once, name).plain, getattr(twice, name).clustered
        assert (clustered.low, clustered.high) == pytest.approx((plain.low, plain.high), abs=2.5e-3)
        assert getattr(twice, name).plain.width < clustered.width


def test_groups_of_one_case_change_nothing() -> None:
    reference, probabilities = drawn(50, seed=7)
    single = errors(reference, probabilities, groups=np.arange(50))
    assert single == errors(reference, probabilities)
    assert single.ece_adaptive_15.clustered is None


def test_drawing_in_blocks_changes_no_value_and_hardly_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, probabilities = drawn(100, seed=8)
    whole = errors(reference, probabilities, resamples=4001)
    monkeypatch.setattr(module, "_DRAWS_AT_ONCE", 700)
    blocks = errors(reference, probabilities, resamples=4001)
    assert values(blocks) == values(whole)
    for name in NAMES:
        one, other = getattr(whole, name).plain, getattr(blocks, name).plain
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=4e-3)


def test_the_same_seed_gives_the_same_interval() -> None:
    reference, probabilities = drawn(60, seed=9)
    assert errors(reference, probabilities) == errors(reference, probabilities)
    assert errors(reference, probabilities) != errors(reference, probabilities, seed=6)


def test_the_order_of_the_cases_changes_nothing() -> None:
    reference, probabilities = drawn(120, seed=10)
    groups = np.arange(120) // 3
    order = np.random.default_rng(0).permutation(120)
    one = errors(reference, probabilities, groups=groups)
    other = errors(reference[order], probabilities[order], groups=groups[order])
    for name in NAMES:
        for kind in ("plain", "clustered"):
            a, b = getattr(getattr(one, name), kind), getattr(getattr(other, name), kind)
            assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high), abs=1e-12)


def test_the_order_of_the_classes_changes_no_value() -> None:
    reference, probabilities = drawn(90, seed=11)
    turned = [2, 0, 3, 1]
    other = errors(np.argsort(turned)[reference], probabilities[:, turned])
    assert values(other) == pytest.approx(values(errors(reference, probabilities)))


@settings(max_examples=40)
@given(two_class, st.sampled_from([0.5, 0.95]))
def test_an_interval_contains_its_value_and_stays_in_zero_to_one(
    cases: list[tuple[int, int, int]], level: float
) -> None:
    reference, twentieths, groups = (np.array(column) for column in zip(*cases, strict=True))
    probabilities = np.stack([twentieths / 20, 1 - twentieths / 20], axis=1)
    found = errors(reference, probabilities, groups=groups, resamples=50, level=level)
    for name in NAMES:
        for one in (getattr(found, name).plain, getattr(found, name).clustered):
            if one is not None and one.low is not None:
                assert 0 <= one.low <= one.value <= one.high <= 1
    assert found.mce_top_label_15.value >= found.ece_top_label_15.plain.value - 1e-12


def test_perfect_certain_prediction_has_an_error_of_0_without_interval() -> None:
    found = errors(np.arange(60) % 3, np.eye(3)[np.arange(60) % 3])
    assert values(found) == [0, 0, 0, 0]
    assert found.ece_top_label_15.plain.low is None
    assert found.ece_top_label_15.plain.reason == Reason("equal_resamples")
    assert found.mce_top_label_15.value == 0


def test_one_case_and_one_group_have_no_interval() -> None:
    one = errors(np.array([0]), np.array([[0.7, 0.3]])).ece_top_label_15.plain
    assert (one.value, one.low) == (pytest.approx(0.3), None)
    reference, probabilities = drawn(60, seed=12)
    group = errors(reference, probabilities, groups=np.zeros(60)).ece_top_label_15
    assert group.plain.low is not None
    assert group.clustered.low is None
    assert in_words(group.clustered.method).endswith("over 1 group")


def test_too_few_cases_for_bins_have_no_interval_and_say_so() -> None:
    found = errors(*drawn(49, seed=14)).ece_adaptive_15.plain
    assert (found.low, found.reason) == (None, Reason("too_few_in_bins", cases=49, needed=50))
    assert errors(*drawn(50, seed=14)).ece_adaptive_15.plain.low is not None


def test_no_cases_are_undefined() -> None:
    found = errors(np.zeros(0, dtype=int), np.zeros((0, 4)), groups=np.zeros(0))
    assert values(found) == [None] * 4
    assert found.mce_top_label_15.reason == found.ece_adaptive_15.plain.reason == Reason("no_cases")


def test_input_that_cannot_be_used_is_refused() -> None:
    reference, probabilities = drawn(10, seed=13)
    with pytest.raises(InputError, match="resamples: 0"):
        errors(reference, probabilities, resamples=0)
    with pytest.raises(InputError, match="level: 95"):
        errors(reference, probabilities, level=95)
    with pytest.raises(InputError, match="found 3 ids for 10 cases"):
        errors(reference, probabilities, groups=np.arange(3))


def shifted(rng: np.random.Generator, n: int, *, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Two-class predictions whose confidence is above the true accuracy by ``gap``."""
    confidence = 1 - 0.4 * rng.beta(0.5, 3, size=n)
    right = rng.random(n) < confidence - gap
    return (~right).astype(int), np.stack([confidence, 1 - confidence], axis=1)


@pytest.mark.slow
def test_intervals_cover_an_error_that_is_there() -> None:
    rng = np.random.default_rng(14)
    covered = 0
    for _ in range(1000):
        reference, probabilities = shifted(rng, 400, gap=0.08)
        one = calibration_errors(reference, probabilities, classes=("a", "b"), rng=rng, resamples=500)
        covered += one.ece_top_label_15.plain.low <= 0.08 <= one.ece_top_label_15.plain.high
    assert 0.92 <= covered / 1000 <= 0.97, covered


@pytest.mark.slow
def test_group_intervals_cover_an_error_that_is_there_where_plain_ones_do_not() -> None:
    rng = np.random.default_rng(15)
    covered = np.zeros(2)
    groups = np.arange(600) // 6
    for _ in range(600):
        reference, probabilities = shifted(rng, 100, gap=0.08)
        reference, probabilities = np.repeat(reference, 6), np.repeat(probabilities, 6, axis=0)
        found = calibration_errors(
            reference, probabilities, classes=("a", "b"), rng=rng, resamples=500, groups=groups
        ).ece_top_label_15
        covered += [one.low <= 0.08 <= one.high for one in (found.clustered, found.plain)]
    assert covered[0] / 600 >= 0.9, covered
    assert covered[1] / 600 < 0.7, covered


@pytest.mark.slow
def test_as_the_note_says_the_error_of_perfect_calibration_is_above_0_and_covered_too_rarely() -> None:
    rng = np.random.default_rng(16)
    covered, error = 0, 0.0
    for _ in range(600):
        reference, probabilities = shifted(rng, 400, gap=0.0)
        one = calibration_errors(reference, probabilities, classes=("a", "b"), rng=rng, resamples=500)
        covered += one.ece_top_label_15.plain.low <= 0
        error += one.ece_top_label_15.plain.value / 600
    assert 0.01 < error < 0.04
    assert 0.55 <= covered / 600 <= 0.85, covered


def test_an_error_of_nothing_has_no_interval_rather_than_one_without_width() -> None:
    reference = np.repeat([0, 1], 30)
    probabilities = np.full((60, 2), 0.5)
    found = calibration_errors(
        reference, probabilities, classes=("a", "b"), rng=np.random.default_rng(1)
    ).ece_top_label_15.plain
    assert (found.value, found.low, found.high) == (pytest.approx(0.0, abs=1e-12), None, None)
    assert found.reason is not None


@pytest.mark.parametrize(("groups", "enough"), [(2, False), (3, False), (4, True)])
def test_errors_of_fewer_than_four_groups_have_no_interval_and_say_so(groups: int, enough: bool) -> None:
    reference, probabilities = drawn(60, seed=12)
    found = errors(reference, probabilities, groups=np.arange(60) % groups).ece_top_label_15.clustered
    assert (found.low is not None) == enough
    assert found.reason == (None if enough else Reason("too_few_groups", groups=groups))
