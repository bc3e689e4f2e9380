"""Prior correction: by hand, by Bayes on drawn scores, and back again."""

import numpy as np
import pytest
from scipy import stats

from neuroval.analysis.decisions.prior_shift import prior_shift, recalibrated, score_for
from neuroval.data.exceptions import InputError


def test_by_hand() -> None:
    # Odds of 9 at a prevalence of a half; at 1% the odds of the prevalence are 1 to 99, so 9 / 99 = 1 / 11.
    assert recalibrated(0.9, here=0.5, there=0.01) == pytest.approx(1 / 12)
    assert score_for(1 / 12, here=0.5, there=0.01) == pytest.approx(0.9)
    assert score_for(0.5, here=0.5, there=0.01) == pytest.approx(0.99)


def test_the_formula_of_elkan() -> None:
    p, base, other = np.linspace(0, 1, 21), 0.3, 0.05
    elkan = other * (p - p * base) / (base - p * base + other * p - base * other)
    assert recalibrated(p, here=base, there=other) == pytest.approx(elkan)


def test_it_is_the_posterior_at_the_other_prevalence() -> None:
    x = np.linspace(-3, 4, 50)
    ill, well = stats.norm.pdf(x, 1.5), stats.norm.pdf(x, 0)
    here, there = (share * ill / (share * ill + (1 - share) * well) for share in (0.6, 0.02))
    assert recalibrated(here, here=0.6, there=0.02) == pytest.approx(there)


def test_the_same_prevalence_changes_nothing() -> None:
    p = np.array([0.0, 0.2, 1.0])
    assert recalibrated(p, here=0.4, there=0.4) == pytest.approx(p)


def test_the_threshold_for_a_clinic_and_what_it_does() -> None:
    positives = np.array([True, True, True, False, False, False])
    scores = np.array([0.995, 0.9, 0.6, 0.992, 0.4, 0.1])
    result = prior_shift(positives, scores, prevalence=0.01, marks=(0.9,))
    assert result.threshold == pytest.approx(0.99)
    assert (result.result.counts.tp, result.result.counts.fp) == (1, 1)
    assert (result.scores[0].score, result.scores[0].probability) == (0.9, pytest.approx(1 / 12))


def test_one_sided_cases_have_no_prevalence_to_start_from() -> None:
    assert prior_shift(np.array([True, True]), np.array([0.9, 0.8]), prevalence=0.1, marks=()) is None


def test_a_prevalence_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="prevalence: 0 must be above 0 and below 1"):
        recalibrated(0.5, here=0.5, there=0)
