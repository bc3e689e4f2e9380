"""Conformal risk control: by hand, against every threshold in turn, and its guarantee by simulation with groups."""

import numpy as np
import pytest
from scipy import special

from neuroval.analysis.core.proportions import wilson
from neuroval.analysis.decisions.risk_control import controlled_threshold, risk_control
from neuroval.data.exceptions import InputError


def test_by_hand() -> None:
    # Four patients with a tumour at alpha 0.4: (missed + 1) / 5 <= 0.4 allows one patient's worth of missed tumours.
    positives = np.array([True] * 6 + [False])
    scores = np.array([0.2, 0.3, 0.4, 0.7, 0.8, 0.9, 0.95])
    groups = np.array([1, 1, 2, 3, 4, 4, 9])
    chosen = controlled_threshold(positives, scores, groups, alpha=0.4)
    assert (chosen.value, chosen.groups, chosen.needed, chosen.reason) == (0.4, 4, 2, None)  # both of patient 1 missed
    assert controlled_threshold(positives, scores, groups, alpha=0.3).value == 0.3  # half a patient's worth


@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_highest_of_all_thresholds_that_keep_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 40, 120)
    positives, scores = rng.random(120) < 0.7, rng.random(120).round(2)
    chosen = controlled_threshold(positives, scores, groups, alpha=0.1)
    ill = np.unique(groups[positives])

    def bound(threshold: float) -> float:
        shares = [(scores[positives & (groups == group)] < threshold).mean() for group in ill]
        return (sum(shares) + 1) / (len(ill) + 1)

    assert bound(chosen.value) <= 0.1 + 1e-12
    higher = [score for score in scores[positives] if score > chosen.value]
    assert all(bound(score) > 0.1 for score in higher)


def test_too_few_patients_give_no_threshold() -> None:
    positives, scores = np.ones(98, dtype=np.bool_), np.linspace(0, 1, 98)
    chosen = controlled_threshold(positives, scores, np.arange(98))
    assert chosen.value is None
    assert (chosen.reason.code, dict(chosen.reason.facts)) == ("tuning_groups_needed", {"groups": 98, "needed": 99})
    nothing = risk_control(chosen, positives, scores, np.arange(98))
    assert (nothing.missed, nothing.result, nothing.broken) == (None, None, False)
    enough = controlled_threshold(np.ones(99, dtype=np.bool_), np.linspace(0.1, 1, 99), np.arange(99))
    assert enough.value == 0.1  # none may be missed


def test_what_is_missed_is_a_mean_over_patients() -> None:
    positives, scores = np.ones(99, dtype=np.bool_), np.linspace(0.5, 1, 99)
    chosen = controlled_threshold(positives, scores, np.arange(99))
    result = risk_control(
        chosen, np.array([True] * 5), np.array([0.1, 0.2, 0.9, 0.4, 0.9]), np.array([1, 1, 1, 2, 3]), level=0.9
    )
    share = (2 / 3 + 1 + 0) / 3
    assert (result.missed.value, result.missed.n) == (pytest.approx(share), 3)
    assert result.missed.high == pytest.approx(wilson(share * 3, 3, level=0.9)[1])
    assert result.result.counts.fn == 3
    assert result.broken  # nothing was promised for patients like these


def missed_by_new_patients(
    rng: np.random.Generator, *, groups: int, alpha: float, correlation: float, seldom: float = 0.0
) -> tuple[float, float]:
    """The expected share missed of new patients at a threshold of so many, and whether Wilson's interval holds it.

    Patients have 1 to 9 scans whose scores go together; ``seldom`` of them are far harder than the others.
    """

    def drawn(number: int) -> tuple[np.ndarray, np.ndarray]:
        sizes = rng.integers(1, 10, number)
        owner = np.repeat(np.arange(number), sizes)
        level = np.sqrt(correlation) * rng.normal(size=number) - 4 * (rng.random(number) < seldom)
        noise = np.sqrt(1 - correlation) * rng.normal(size=len(owner))
        return owner, special.expit(2 + level[owner] + noise)

    owner, scores = drawn(groups)
    chosen = controlled_threshold(np.ones(len(owner), dtype=np.bool_), scores, owner, alpha=alpha)
    new, new_scores = drawn(4000)
    sizes = np.bincount(new)
    truth = float((np.bincount(new, weights=new_scores < chosen.value) / sizes).mean())
    few = new < 60
    judged = risk_control(chosen, np.ones(int(few.sum()), dtype=np.bool_), new_scores[few], new[few])
    return truth, float(judged.missed.low <= truth <= judged.missed.high)


def test_the_guarantee_holds_for_new_patients() -> None:
    rng = np.random.default_rng(5)
    missed = [missed_by_new_patients(rng, groups=60, alpha=0.05, correlation=0.5)[0] for _ in range(120)]
    assert np.mean(missed) <= 0.05 + 3 * np.std(missed) / np.sqrt(len(missed))
    assert np.mean(missed) > 0.02  # and it is not kept by missing nothing


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("groups", "alpha"), [(20, 0.05), (60, 0.05), (150, 0.01), (400, 0.01)])
@pytest.mark.parametrize("seldom", [0.0, 0.1])
def test_the_guarantee_holds_with_groups(groups: int, alpha: float, correlation: float, seldom: float) -> None:
    rng = np.random.default_rng(6)
    drawn = [
        missed_by_new_patients(rng, groups=groups, alpha=alpha, correlation=correlation, seldom=seldom)
        for _ in range(400)
    ]
    missed, covered = np.array(drawn).T
    assert missed.mean() <= alpha + 3 * missed.std() / np.sqrt(len(missed))
    assert covered.mean() >= 0.93


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_an_alpha_that_is_no_share_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="must be above 0 and below 1, for example"):
        controlled_threshold(np.array([True]), np.array([0.5]), np.array([0]), alpha=alpha)
