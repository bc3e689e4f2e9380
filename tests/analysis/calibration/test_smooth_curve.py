"""The smooth calibration curve: its basis and fit by other means, its indices by hand, and what chance alone gives."""

import numpy as np
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from neuroval.analysis.calibration.ece import calibration_errors
from neuroval.analysis.calibration.slope_and_intercept import recalibration
from neuroval.analysis.calibration.smooth_curve import SmoothCurve, smooth_curve, smooth_curves
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.probabilities import read_predictions


def drawn(n: int, *, seed: int = 1, bend: float = 0.0, per_group: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, probabilities and groups; the log-odds of the outcome bend away from those that are said."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n) // per_group
    logit = rng.normal(0.5, 1.5, n)
    happened = rng.random(n) < special.expit(logit + bend * logit**2)
    return happened, special.expit(logit), groups


def curve(happened: np.ndarray, probability: np.ndarray, **more: object) -> SmoothCurve:
    return smooth_curve(happened, probability, question="top label", rng=np.random.default_rng(0), **more)


def most(estimate: Estimate) -> float:
    """What chance alone gives at most in 95 of 100."""
    return float(dict(estimate.method.facts)["most"])


def test_the_curve_is_that_of_a_logistic_regression_on_a_natural_spline() -> None:
    happened, probability, _ = drawn(2_000, bend=-0.3)
    found = curve(happened, probability)
    logit = special.logit(probability)
    first, middle, last = np.quantile(logit, (0.1, 0.5, 0.9))

    def columns(x: np.ndarray) -> np.ndarray:  # Harrell 2015, equation 2.25, in its own notation
        cubes = {knot: np.maximum(x - knot, 0) ** 3 for knot in (first, middle, last)}
        bend = cubes[first] - cubes[middle] * (last - first) / (last - middle)
        bend += cubes[last] * (middle - first) / (last - middle)
        return np.column_stack([x, bend / (last - first) ** 2])

    oracle = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(columns(logit), happened)
    expected = oracle.predict_proba(columns(special.logit(np.array(found.predicted))))[:, 1]
    np.testing.assert_allclose(found.observed, expected, atol=1e-6)
    distance = np.abs(oracle.predict_proba(columns(logit))[:, 1] - probability)
    assert found.ici.value == pytest.approx(distance.mean(), abs=1e-6)
    assert found.e50.value == pytest.approx(np.median(distance), abs=1e-6)
    assert found.e90.value == pytest.approx(np.quantile(distance, 0.9), abs=1e-6)
    assert found.ici.value > 2 * most(found.ici)


def test_beyond_the_outer_knots_the_curve_is_straight_on_the_log_odds() -> None:
    happened, probability, _ = drawn(2_000, bend=-0.3)
    found = curve(happened, probability)
    logit = special.logit(np.array(found.predicted))
    observed = special.logit(np.array(found.observed))
    outside = logit > np.quantile(special.logit(probability), 0.9)
    assert outside.sum() > 10
    np.testing.assert_allclose(np.diff(observed[outside], n=2), 0, atol=1e-9)
    assert np.abs(np.diff(observed, n=2)).max() > 1e-4


def test_with_few_errors_the_curve_is_the_line_of_slope_and_intercept() -> None:
    happened, probability, _ = drawn(2_000)
    rare = np.flatnonzero(~happened)[25:]
    happened, probability = np.delete(happened, rare), np.delete(probability, rare)
    found, line = curve(happened, probability), recalibration(happened, probability, question="top label")
    said = np.array(found.predicted)
    expected = special.expit(line.intercept.plain.value + line.slope.plain.value * special.logit(said))
    np.testing.assert_allclose(found.observed, expected, atol=1e-9)
    assert dict(found.ici.method.facts)["knots"] == 0


@pytest.mark.parametrize(
    ("happened", "code"),
    [([], "no_cases"), ([True] * 50, "outcomes_alike"), ([True] * 40 + [False] * 19, "too_few_outcomes")],
)
def test_without_enough_outcomes_there_is_no_curve(happened: list[bool], code: str) -> None:
    found = curve(np.array(happened, dtype=bool), np.random.default_rng(0).random(len(happened)))
    assert (found.predicted, found.ici.value, found.ici.reason.code) == ((), None, code)


def test_the_band_respects_groups() -> None:
    happened, probability, _ = drawn(300)
    once, groups = curve(happened, probability), np.repeat(np.arange(300), 4)
    four = curve(happened.repeat(4), probability.repeat(4), groups=groups)
    np.testing.assert_allclose(four.observed, once.observed, atol=1e-9)
    width, other = (np.subtract(found.high, found.low)[50] for found in (once, four))
    assert other == pytest.approx(width, rel=0.15)
    assert most(four.ici) == pytest.approx(most(once.ici), rel=0.2)


def test_three_patients_give_no_curve() -> None:
    happened, probability, _ = drawn(300)
    found = curve(happened, probability, groups=np.arange(300) % 3)
    assert (found.predicted, found.ici.reason.code) == ((), "more_groups_needed")
    assert curve(happened, probability, groups=np.arange(300) % 4).predicted


def test_the_curve_of_any_tumour_needs_a_negative_class() -> None:
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet((1, 1, 1), 600)
    reference = np.array([rng.choice(3, p=row) for row in probabilities])
    for negative in (None, "c"):
        cases = read_predictions(reference, probabilities, classes="abc", negative=negative)
        found = smooth_curves(cases, groups=None, rng=rng)
        assert (found.any_tumour is None) == (negative is None)
        assert found.top_label.ici.value < most(found.top_label.ici)


@pytest.mark.slow
@pytest.mark.parametrize(("per_group", "highest"), [(1, 0.07), (5, 0.08), (25, 0.11)])
def test_a_perfectly_calibrated_classifier_is_rarely_above_what_chance_gives(per_group: int, highest: float) -> None:
    """Correlated outcomes within groups of equal size: how often each number is above ``most``, of 0.05 meant."""
    runs, n, above = 400, 1_300, {"ici": 0, "e90": 0, "ece": 0}
    inside = []
    for seed in range(runs):
        rng = np.random.default_rng([seed, per_group])
        groups = np.arange(n) // per_group
        logit = rng.normal(1.5, 1.2, n)
        probability = special.expit(logit)
        shared = rng.normal(0, 1, groups.max() + 1)[groups]
        own = rng.normal(0, 1, n)
        weight = 0.0 if per_group == 1 else 0.3
        uniform = special.ndtr(np.sqrt(weight) * shared + np.sqrt(1 - weight) * own)
        happened = uniform < probability
        found = smooth_curve(happened, probability, question="", groups=groups, rng=rng)
        above["ici"] += found.ici.value > most(found.ici)
        above["e90"] += found.e90.value > most(found.e90)
        middle = int(np.searchsorted(found.predicted, 0.8))
        inside.append(found.low[middle] <= found.predicted[middle] <= found.high[middle])
        two = np.column_stack([probability, 1 - probability])
        right = np.where(happened, 0, 1)
        errors = calibration_errors(right, two, classes="ab", groups=groups, rng=rng, resamples=500)
        above["ece"] += errors.ece_top_label_15.plain.value > errors.by_chance.most
    shares = {name: count / runs for name, count in above.items()}
    assert max(shares.values()) <= highest
    assert np.mean(inside) >= 0.92
