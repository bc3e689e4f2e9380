"""Temperature scaling: one number that makes confidence agree with accuracy, and changes no decision.

Source: Guo et al., On calibration of modern neural networks, ICML 2017 (arXiv 1706.04599), section 4.2.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

LIMITS = (0.05, 20.0)


def log_loss(
    logits: NDArray[np.floating], reference: NDArray[np.integer], *, temperature: float = 1.0, smoothing: float = 0.0
) -> float:
    """Return the mean negative log-likelihood of the reference classes ``(n,)`` under logits ``(n, k)``.

    ``smoothing`` spreads so much of each label evenly over the classes, as training may.
    """
    scaled = log_softmax(np.asarray(logits, dtype=np.float64) / temperature, axis=1)
    likelihood = scaled[np.arange(len(reference)), reference]
    return float(-((1 - smoothing) * likelihood + smoothing * scaled.mean(axis=1)).mean())


def fit_temperature(logits: NDArray[np.floating], reference: NDArray[np.integer]) -> float:
    """Return the temperature between 0.05 and 20 with the lowest log-loss.

    The log-loss is convex in 1 / temperature, so there is one minimum.
    """

    def loss(inverse: float) -> float:
        return log_loss(logits, reference, temperature=1 / inverse)

    low, high = LIMITS
    optimum = minimize_scalar(loss, bounds=(1 / high, 1 / low), method="bounded", options={"xatol": 1e-6})
    return 1 / optimum.x if math.isfinite(optimum.fun) else 1.0
