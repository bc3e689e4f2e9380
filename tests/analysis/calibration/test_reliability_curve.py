from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from neuroval.analysis.calibration.reliability_curve import TOP_LABEL, ReliabilityCurve, reliability
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import proportion, share_of
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
two_class = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(0, 6)), min_size=1, max_size=40)


def drawn(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.5] * 4, size=n)
    return (rng.random((n, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1), probabilities


def filled(curve: ReliabilityCurve) -> tuple[list[float], list[float]]:
    held = [one for one in curve.bins if one.n]
    return [one.observed.plain.value for one in held], [one.mean_probability for one in held]


@pytest.mark.parametrize("bins", [10, 15])
def test_curves_agree_with_scikit_learn(bins: int) -> None:
    reference, probabilities = drawn(700, seed=1)
    found = reliability(reference, probabilities, classes=CLASSES, bins=bins)
    right = probabilities.argmax(axis=1) == reference
    questions = [(found.top_label, right, probabilities.max(axis=1))]
    questions += [(one, reference == i, probabilities[:, i]) for i, one in enumerate(found.classes)]
    for curve, happened, probability in questions:
        observed, mean = calibration_curve(happened, probability, n_bins=bins)
        assert filled(curve) == (pytest.approx(observed), pytest.approx(mean))
        assert sum(one.n for one in curve.bins) == 700
        assert len(curve.bins) == bins


def test_bins_worked_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.25, 0.75], [0.8, 0.2]])
    reference = np.array([0, 1, 1, 1, 0])
    found = reliability(reference, probabilities, classes=("a", "b"), bins=4)
    low, second, third, fourth = found.top_label.bins
    assert [(one.low, one.high, one.n) for one in found.top_label.bins] == [
        (0, 0.25, 0),
        (0.25, 0.5, 0),
        (0.5, 0.75, 3),
        (0.75, 1, 2),
    ]
    assert third.mean_probability == pytest.approx((0.7 + 0.6 + 0.75) / 3)
    assert third.observed == Measure(plain=proportion(2, 3))
    assert fourth.mean_probability == pytest.approx(0.85)
    assert fourth.observed == Measure(plain=proportion(2, 2))
    for empty in (low, second):
        assert (empty.mean_probability, empty.observed.plain.value) == (None, None)
        assert empty.observed.plain.reason == Reason("no_cases")
    assert [one.n for one in found.classes[1].bins] == [2, 1, 2, 0]
    assert (found.top_label.name, found.classes[1].name, found.top_label.scheme) == (TOP_LABEL, "b", "equal-width")


def test_bins_of_equal_mass_hold_equally_many_cases() -> None:
    reference, probabilities = drawn(150, seed=2)
    found = reliability(reference, probabilities, classes=CLASSES, scheme="equal-mass")
    for curve in (found.top_label, *found.classes):
        assert [one.n for one in curve.bins] == [10] * 15
        assert curve.scheme == "equal-mass"
        assert all(one.low <= one.mean_probability <= one.high for one in curve.bins)
        assert [one.high for one in curve.bins[:-1]] == [one.low for one in curve.bins[1:]]


def test_the_interval_of_a_bin_is_that_of_its_share(four_class: pd.DataFrame) -> None:
    reference, probabilities = four_class["reference"].to_numpy(), four_class.filter(like="p_").to_numpy()
    groups = four_class["patient_id"].to_numpy()
    found = reliability(reference, probabilities, classes=CLASSES, groups=groups, bins=5, method="jeffreys", level=0.9)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == reference
    seen = 0
    for one in found.top_label.bins:
        own = (confidence > one.low) & (confidence <= one.high)
        expected = share_of(right[own], groups=groups[own], method="jeffreys", level=0.9)
        assert one.observed == expected
        seen += one.observed.clustered is not None
    assert seen >= 3


def test_a_bin_whose_cases_are_of_different_groups_has_nothing_to_adjust_for() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    groups = np.array(["p", "p", "p", "q"])
    found = reliability(np.array([0, 1, 0, 1]), probabilities, classes=("a", "b"), groups=groups, bins=2)
    assert found.top_label.bins[1].observed.clustered is not None
    apart = reliability(np.array([0, 1, 0, 1]), probabilities, classes=("a", "b"), groups=groups, bins=4)
    assert [one.observed.clustered is None for one in apart.top_label.bins] == [True, True, True, False]


def test_no_cases_leave_every_bin_empty() -> None:
    found = reliability(np.zeros(0, dtype=int), np.zeros((0, 4)), classes=CLASSES, groups=np.zeros(0))
    assert [one.n for one in found.top_label.bins] == [0] * 15
    assert not any(one.observed.plain.defined for curve in found.classes for one in curve.bins)


def test_equal_scores_share_one_bin() -> None:
    probabilities = np.full((6, 2), 0.5)
    for scheme in ("equal-width", "equal-mass"):
        found = reliability(np.array([0, 0, 1, 0, 1, 0]), probabilities, classes=("a", "b"), bins=4, scheme=scheme)
        (held,) = [one for one in found.top_label.bins if one.n]
        assert (held.n, held.mean_probability, held.observed.plain) == (6, 0.5, proportion(4, 6))


@given(two_class, st.randoms(), st.sampled_from(["equal-width", "equal-mass"]))
def test_the_order_of_the_cases_changes_nothing(cases: list[tuple[int, int, int]], random: Any, scheme: Any) -> None:
    def curves(these: list[tuple[int, int, int]]) -> ReliabilityCurve:
        reference, twentieths, groups = (np.array(column) for column in zip(*these, strict=True))
        probabilities = np.stack([twentieths / 20, 1 - twentieths / 20], axis=1)
        return reliability(reference, probabilities, classes=("a", "b"), groups=groups, scheme=scheme).top_label

    one, other = curves(cases), curves(random.sample(cases, len(cases)))
    for a, b in zip(one.bins, other.bins, strict=True):
        assert (a.low, a.high, a.n, a.observed.plain) == (b.low, b.high, b.n, b.observed.plain)
        assert (a.observed.clustered is None) == (b.observed.clustered is None)
        if a.observed.clustered is not None and b.observed.clustered is not None:
            assert a.observed.clustered.high == pytest.approx(b.observed.clustered.high, abs=1e-12)


def test_input_that_cannot_be_used_is_refused() -> None:
    reference, probabilities = drawn(10, seed=3)
    with pytest.raises(InputError, match="bins: 0"):
        reliability(reference, probabilities, classes=CLASSES, bins=0)
    with pytest.raises(InputError, match="probabilities: expected reference"):
        reliability(reference, probabilities, classes=CLASSES[:3])
    with pytest.raises(InputError, match="method 'wald'"):
        reliability(reference, probabilities, classes=CLASSES, method="wald")
    with pytest.raises(InputError, match="level: 95"):
        reliability(reference, probabilities, classes=CLASSES, level=95)
