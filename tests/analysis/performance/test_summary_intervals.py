"""Intervals of F1, MCC and the like: by hand, against finite differences, and their coverage."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuroval.analysis.core.clusters import group_types
from neuroval.analysis.core.proportions import clustered_totals, proportion, wilson
from neuroval.analysis.performance import summaries
from neuroval.analysis.performance.per_class import performance
from neuroval.analysis.performance.summary_intervals import (
    f1_of_jaccard,
    kappa_slopes,
    linearised,
    macro_f1_slopes,
    mcc_slopes,
    weighted_f1_slopes,
)

STATISTICS: dict[str, tuple[Callable, Callable, bool]] = {
    "macro_f1": (summaries.macro_f1, macro_f1_slopes, False),
    "weighted_f1": (summaries.weighted_f1, weighted_f1_slopes, False),
    "mcc": (summaries.mcc, mcc_slopes, True),
    "kappa": (summaries.kappa, kappa_slopes, True),
}


def test_f1_of_a_table_worked_by_hand() -> None:
    # 8 true positives, 2 false positives, 5 missed: J = 8/15, F1 = 16/23.
    found = f1_of_jaccard(proportion(8, 15))
    low, high = wilson(8, 15, level=0.95)
    assert (found.value, found.low, found.high) == pytest.approx((16 / 23, 2 * low / (1 + low), 2 * high / (1 + high)))
    assert found.count is None


def test_kappa_of_two_classes_worked_by_hand() -> None:
    """Equal margins of one half: kappa = 2 accuracy - 1, so Wilson's interval of the accuracy, stretched."""
    counts = np.array([[45, 5], [5, 45]])
    found = linearised(0.8, counts, kappa_slopes(counts), signed=True)
    low, high = wilson(0.9 * 99, 99, level=0.95)  # n - 1 in the place of n, as the variance has it
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1), abs=1e-6)


@given(arrays(np.int64, (3, 3), elements=st.integers(1, 40)), st.sampled_from([*STATISTICS]))
def test_slopes_are_those_of_finite_differences(counts: np.ndarray, name: str) -> None:
    statistic, slopes, _ = STATISTICS[name]
    expected = np.empty((3, 3))
    for place in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[place] = 1e-4
        expected[place] = (statistic(counts + step) - statistic(counts - step)) / 2e-4
    assert slopes(counts) == pytest.approx(expected, abs=1e-7)
    assert float((counts * slopes(counts)).sum()) == pytest.approx(0, abs=1e-9)  # twice the cases, the same number


def test_without_an_error_there_is_an_interval() -> None:
    counts = np.diag([40, 30, 30])
    for name, (statistic, slopes, signed) in STATISTICS.items():
        found = linearised(float(statistic(counts)), counts, slopes(counts), signed=signed)
        assert found.high == pytest.approx(1.0), name
        assert 0.85 < found.low < wilson(100, 100, level=0.95)[0] + 1e-12, name


def test_cases_counted_twice_are_worth_half_as_many() -> None:
    rng = np.random.default_rng(0)
    reference = rng.integers(3, size=400)
    predicted = np.where(rng.random(400) < 0.8, reference, (reference + 1) % 3)
    once = performance(reference, predicted, classes="abc", negative="c", rng=rng)
    twice = performance(
        *(np.repeat(one, 2) for one in (reference, predicted)),
        classes="abc",
        negative="c",
        rng=rng,
        groups=np.repeat(np.arange(400), 2),
    )
    for name in STATISTICS:
        expected, found = getattr(once.overall, name).plain, getattr(twice.overall, name).clustered
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=3e-3)
    found = twice.classes[0].f1.clustered
    counts = twice.classes[0].counts
    types = group_types(np.repeat(reference, 2), np.repeat(predicted, 2), np.repeat(np.arange(400), 2), k=3)
    has = np.zeros((3, 3), dtype=bool)
    has[0, :] = has[:, 0] = True
    both = np.zeros((3, 3), dtype=bool)
    both[0, 0] = True
    shares = clustered_totals(types.totals(both), types.totals(has), number=types.number)
    assert shares.count == counts.tp
    assert found.low == pytest.approx(2 * shares.low / (1 + shares.low))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "right"),
    [
        ((300, 306, 405, 300), (0.97, 0.95, 0.98, 0.96)),
        ((300, 306, 405, 300), (0.99, 0.985, 0.998, 0.99)),
        ((219, 17, 5, 81), (0.97, 0.95, 0.96, 0.95)),
        ((50, 50, 50, 50), (0.7, 0.6, 0.8, 0.7)),
        ((30, 30), (0.99, 0.98)),
    ],
)
def test_the_intervals_cover_independent_cases(sizes: tuple[int, ...], right: tuple[float, ...]) -> None:
    rng, k = np.random.default_rng(5), len(sizes)
    shares = np.array([[right[i] if i == j else (1 - right[i]) / (k - 1) for j in range(k)] for i in range(k)])
    expected = shares * np.array(sizes)[:, None]
    held: dict[str, list[tuple[bool, bool]]] = {name: [] for name in STATISTICS}
    truth = {name: float(statistic(expected)) for name, (statistic, *_) in STATISTICS.items()}
    for _ in range(1500):
        counts = np.array([rng.multinomial(n, share) for n, share in zip(sizes, shares, strict=True)])
        for name, (statistic, slopes, signed) in STATISTICS.items():
            found = linearised(float(statistic(counts)), counts, slopes(counts), signed=signed)
            held[name].append((found.low <= truth[name], truth[name] <= found.high))
    for name, sides in held.items():
        below, above = np.mean(sides, axis=0)
        assert below >= 0.965, name
        assert above >= 0.93, name


@pytest.mark.slow
@pytest.mark.parametrize("patients", [5, 10, 20, 60])
def test_the_intervals_cover_groups(patients: int) -> None:
    """Each patient has 8 scans of one class of two, correlation 0.4, 0.9 right."""
    rng = np.random.default_rng(6)
    groups = np.repeat(np.arange(2 * patients), 8)
    reference = np.repeat([0, 1], 8 * patients)
    truth = {"macro_f1": 0.9, "weighted_f1": 0.9, "mcc": 0.8, "kappa": 0.8}
    held = dict.fromkeys(truth, 0)
    for _ in range(600):
        right = rng.random(len(groups)) < rng.beta(1.35, 0.15, 2 * patients)[groups]
        predicted = np.where(right, reference, 1 - reference)
        types = group_types(reference, predicted, groups, k=2)
        counts = (types.number @ types.cells.toarray()).reshape(2, 2)
        for name, (statistic, slopes, signed) in STATISTICS.items():
            value = float(statistic(counts))
            if not np.isfinite(value):
                held[name] += 1
                continue
            found = linearised(value, counts, slopes(counts), types=types, signed=signed)
            held[name] += found.low <= truth[name] <= found.high
    assert min(held.values()) / 600 >= 0.93
