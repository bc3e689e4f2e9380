"""What the methods say is what is computed: each statement is worked out from its words, beside the result."""

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from neuroval.analysis.core.clusters import group_types
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.performance.auc_estimate import auc, newcombe
from neuroval.analysis.performance.comparison import compare
from neuroval.analysis.performance.likelihood_ratios import koopman, ratios
from neuroval.analysis.performance.per_class import performance
from neuroval.dashboard.words import how_computed

LEVEL = 0.95


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's ends as the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    z2 = special.ndtri(0.975) ** 2 / n
    low, high = sorted(np.roots([1 + z2, -2 * p - z2, p * p]).real)
    return low, high


def says(text: str, *statements: str) -> None:
    flat = " ".join(text.split())
    for statement in statements:
        assert statement in flat, statement


def some_groups(seed: int, *, right: float = 0.9) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    groups = rng.integers(40, size=300)
    reference = groups % 2
    rate = rng.beta(6 * right, 6 * (1 - right), 40)
    return reference, np.where(rng.random(300) < rate[groups], reference, 1 - reference), groups


@pytest.mark.parametrize("text", [how_computed.OVERVIEW, how_computed.PER_CLASS])
def test_the_design_effect(text: str) -> None:
    says(
        text,
        "G / (G - 1) times the sum over groups of (counted - p scans) squared, over n squared",
        "at least (e D + n / G) / (e + 1), where e groups hold the rarer outcome",
        "At 0 or 1, and with one group, n / D is the number of groups.",
    )
    reference, predicted, groups = some_groups(1)
    good = predicted == reference
    n, p, names = len(good), good.mean(), np.unique(groups)
    squares = sum((good[groups == g].sum() - p * (groups == g).sum()) ** 2 for g in names)
    effect = max(1.0, len(names) / (len(names) - 1) * squares / n**2 / (p * (1 - p) / (n - 1)))
    holding = sum(not good[groups == g].all() for g in names)
    effect = max(effect, (holding * effect + n / len(names)) / (holding + 1))
    found = clustered_proportion(good, groups)
    assert (found.low, found.high) == pytest.approx(wilson(p, n / effect))
    everything = clustered_proportion(np.ones(n, dtype=bool), groups)
    assert everything.low == pytest.approx(wilson(1, len(names))[0])


def test_the_lowest_low_and_the_highest_high() -> None:
    says(how_computed.PER_CLASS, "Where two intervals are computed, the lowest low and the highest high are shown.")
    reference, predicted, groups = some_groups(2)
    found = performance(
        reference, predicted, classes="ab", negative="b", groups=groups, rng=np.random.default_rng(0)
    ).overall.accuracy
    assert found.headline.low == min(found.plain.low, found.clustered.low)
    assert found.headline.high == max(found.plain.high, found.clustered.high)


def test_the_auc_near_1_and_with_groups() -> None:
    says(
        how_computed.PER_CLASS,
        "on the logit scale, by the t distribution with the groups of the smaller side less 1",
        "From 0.95 on, and up to 0.05, Newcombe's interval",
        "the lowest low and the highest high count",
    )
    rng = np.random.default_rng(3)
    positive = np.arange(60) < 30
    scores = rng.normal(size=60) + 3.2 * positive
    found = auc(positive, scores).plain
    assert found.value >= 0.95
    above = (scores[positive][:, None] > scores[~positive]).astype(float)
    spread = above.mean(axis=1).var(ddof=1) / 30 + above.mean(axis=0).var(ddof=1) / 30
    other = newcombe(found.value, positives=30, negatives=30)
    half = special.ndtri(0.975) * np.sqrt(spread)
    assert found.low == pytest.approx(min(found.value - half, other.low))
    assert found.high == pytest.approx(min(1.0, max(found.value + half, other.high)))
    scores = rng.normal(size=60) + positive
    single, pairs = auc(positive, scores).plain, np.repeat(np.arange(60), 2)
    twice = auc(np.repeat(positive, 2), np.repeat(scores, 2), groups=pairs).clustered
    error = (single.high - single.low) / (2 * special.ndtri(0.975))
    reach = stats.t.ppf(0.975, 29) * error / (single.value * (1 - single.value))
    assert twice.low == pytest.approx(special.expit(special.logit(single.value) - reach), abs=1e-9)


def test_f1_and_the_averages() -> None:
    says(
        how_computed.PER_CLASS,
        "F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), whose interval is that of a rate.",
        "Wilson on the number of scans that their linearised variance amounts to",
        "MCC and kappa on (1 + value) / 2",
    )
    reference, predicted = np.repeat([0, 0, 1, 1], [45, 5, 5, 45]), np.repeat([0, 1, 0, 1], [45, 5, 5, 45])
    found = performance(reference, predicted, classes="ab", negative="b", rng=np.random.default_rng(0))
    low, high = wilson(45 / 55, 55)
    one = found.classes[0].f1.plain
    assert (one.low, one.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    # With equal margins kappa = 2 accuracy - 1: (1 + kappa) / 2 is the accuracy, with n - 1 in its variance.
    low, high = wilson(0.9, 99)
    assert found.overall.kappa.plain.low == pytest.approx(2 * low - 1, abs=1e-6)
    assert found.overall.mcc.plain.high == pytest.approx(2 * high - 1, abs=1e-6)


def test_balanced_accuracy() -> None:
    says(how_computed.PER_CLASS, "the lowest low and the highest high of a bootstrap over the cells of the matrix")
    reference = np.repeat([0, 1], [200, 30])
    predicted = np.where(np.arange(230) < 20, 1, reference)
    found = performance(reference, predicted, classes="ab", negative="b", rng=np.random.default_rng(0))
    below = np.hypot(0.9 - proportion(180, 200).low, 1 - proportion(30, 30).low) / 2
    assert found.overall.balanced_accuracy.plain.low <= 0.95 - below + 1e-12


def test_the_likelihood_ratio_with_an_empty_cell() -> None:
    says(how_computed.PER_CLASS, "with an empty cell the score interval (Koopman")
    found = ratios(TwoByTwo(tp=40, fn=0, fp=6, tn=54)).lr_neg.plain
    assert (found.low, found.high) == koopman((0, 40), (54, 60))


def test_the_difference_of_two_models() -> None:
    says(how_computed.COMPARE, "the same on n divided by the design effect of the difference stands beside it")
    rng = np.random.default_rng(4)
    reference, first, groups = some_groups(5, right=0.8)
    second = np.where(rng.random(300) < 0.9, first, 1 - first)
    found = compare(reference, first, second, classes="ab", negative=None, groups=groups).numbers[0].difference
    apart = (first == reference).astype(float) - (second == reference)
    d, names = apart.mean(), np.unique(groups)
    squares = sum((apart[groups == g] - d).sum() ** 2 for g in names)
    effect = len(names) / (len(names) - 1) * squares / 300**2 / (((apart**2).mean() - d**2) / 299)
    types = group_types(reference, first, groups, k=2)
    assert types.groups == len(names)
    wider = found.clustered.width / found.plain.width
    assert wider == pytest.approx(np.sqrt(max(1.0, effect)), rel=0.05)
