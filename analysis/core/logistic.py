"""Logistic regression by maximum likelihood, with what intervals need: its covariance and the score of each case."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

_STEPS: Final = 100
_CONVERGED: Final = 1e-14  # the squared step in units of standard errors

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Coefficients (p,), with their model-based covariance (p, p) and each case's part in the score, (p, n)."""

    coefficients: Floats
    covariance: Floats
    scores: Floats


def maximum_likelihood(
    happened: NDArray[np.bool_], design: Floats, *, offset: Floats | float, start: Floats
) -> Fit | None:
    """Return the fit of logit P(happened) = coefficients @ design + offset by Newton's method with halved steps.

    ``happened`` (n,) is the outcome, ``design`` (p, n). None when it does not converge.
    """
    outcome = happened.astype(np.float64)

    def log_likelihood(linear: Floats) -> float:
        return float(outcome @ linear - (np.maximum(linear, 0.0) + np.log1p(np.exp(-np.abs(linear)))).sum())

    coefficients, linear = start, start @ design + offset
    reached = log_likelihood(linear)
    for _ in range(_STEPS):
        fitted = special.expit(linear)
        residual = outcome - fitted
        information = (design * (fitted * (1 - fitted))) @ design.T
        gradient = design @ residual
        step = np.linalg.solve(information, gradient)
        if float(gradient @ step) <= _CONVERGED:
            covariance = np.linalg.inv(information).astype(np.float64)
            return Fit(coefficients=coefficients + step, covariance=covariance, scores=design * residual)
        linear = (coefficients + step) @ design + offset
        while (value := log_likelihood(linear)) < reached - 1e-9 * abs(reached):
            step = step / 2
            linear = (coefficients + step) @ design + offset
        coefficients, reached = coefficients + step, value
    return None
