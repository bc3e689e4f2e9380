"""Temperature scaling: the known temperature is found, decisions stay, log-loss falls."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from neuroval.model.training.temperature import LIMITS, fit_temperature, log_loss


def test_log_loss_by_hand() -> None:
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    assert log_loss(logits, np.array([0, 1])) == pytest.approx(-(np.log(0.5) + np.log(0.8)) / 2)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(true: float) -> None:
    rng = np.random.default_rng(8)
    logits = rng.normal(0, 2, (20_000, 4))
    chances = softmax(logits / true, axis=1)
    reference = (chances.cumsum(axis=1) > rng.random((len(chances), 1))).argmax(axis=1)
    found = fit_temperature(logits, reference)
    assert found == pytest.approx(true, rel=0.05)
    # The minimum: a step to either side is worse.
    best = log_loss(logits, reference, temperature=found)
    assert best <= min(log_loss(logits, reference, temperature=found * step) for step in (0.99, 1.01))
    assert best == pytest.approx(-log_softmax(logits / found, axis=1)[np.arange(len(logits)), reference].mean())


def test_without_an_error_the_temperature_stays_within_its_limits() -> None:
    logits = np.eye(4)[np.arange(40) % 4] * 8
    found = fit_temperature(logits, np.arange(40) % 4)
    assert LIMITS[0] <= found < 1
    assert np.isfinite(log_loss(logits, np.arange(40) % 4, temperature=found))


def test_smoothing_spreads_a_part_of_the_label() -> None:
    logits, reference = np.log([[0.7, 0.2, 0.1]]), np.array([0])
    expected = -(0.9 * np.log(0.7) + 0.1 * np.log([0.7, 0.2, 0.1]).mean())
    assert log_loss(logits, reference, smoothing=0.1) == pytest.approx(expected)
