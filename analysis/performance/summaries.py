"""Numbers that sum up a whole confusion matrix, for one matrix or a stack of them.

Each function takes counts (..., k, k), rows reference and columns prediction, and gives (...), or (..., k) where it
says "per class". NaN marks undefined: it stays inside ``analysis`` and becomes an ``Estimate`` with a reason.
All rest on argmax. One formula serves the value and its bootstrap replicates.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def sensitivity_per_class(counts: Counts) -> Floats:
    """Return the share of each reference class that is found, per class; undefined without reference cases."""
    return _ratio(_diagonal(counts), counts.sum(axis=-1))


def ppv_per_class(counts: Counts) -> Floats:
    """Return the share of each predicted class that is right, per class; undefined when never predicted."""
    return _ratio(_diagonal(counts), counts.sum(axis=-2))


def f1_per_class(counts: Counts) -> Floats:
    """Return 2 tp / (2 tp + fp + fn), per class; undefined without reference cases, 0 when never predicted."""
    support = counts.sum(axis=-1)
    return np.where(support > 0, _ratio(2 * _diagonal(counts), support + counts.sum(axis=-2)), np.nan)


def macro_sensitivity(counts: Counts) -> Floats:
    """Return the mean sensitivity over classes, also called balanced accuracy; undefined with an empty class."""
    return np.asarray(sensitivity_per_class(counts).mean(axis=-1))


def macro_ppv(counts: Counts) -> Floats:
    """Return the mean PPV over classes; undefined when a class is never predicted."""
    return np.asarray(ppv_per_class(counts).mean(axis=-1))


def macro_f1(counts: Counts) -> Floats:
    """Return the mean F1 over classes; undefined with an empty class."""
    return np.asarray(f1_per_class(counts).mean(axis=-1))


def weighted_f1(counts: Counts) -> Floats:
    """Return the mean F1 weighted by support; an empty class has no weight. Undefined without cases."""
    support = counts.sum(axis=-1)
    weighted = np.where(support > 0, f1_per_class(counts), 0.0) * support
    return _ratio(weighted.sum(axis=-1), support.sum(axis=-1))


def mcc(counts: Counts) -> Floats:
    """Return the Matthews correlation coefficient for k classes.

    Undefined when all cases share one reference class or one predicted class.
    Source: Gorodkin, Comput Biol Chem 2004;28:367-374.
    """
    support, predicted, n = counts.sum(axis=-1), counts.sum(axis=-2), counts.sum(axis=(-2, -1))
    covariance = n * _diagonal(counts).sum(axis=-1) - (support * predicted).sum(axis=-1)
    spread = np.sqrt(n**2 - (support**2).sum(axis=-1)) * np.sqrt(n**2 - (predicted**2).sum(axis=-1))
    value = np.clip(_ratio(covariance, spread), -1.0, 1.0)
    perfect = (_diagonal(counts).sum(axis=-1) == n) & (spread > 0)  # two roots need not multiply to the covariance
    return np.where(perfect, 1.0, value)


def kappa(counts: Counts) -> Floats:
    """Return Cohen's kappa, unweighted; undefined when reference and prediction are one and the same class.

    Source: Cohen, Educ Psychol Meas 1960;20:37-46.
    """
    n = counts.sum(axis=(-2, -1))
    chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return _ratio(n * _diagonal(counts).sum(axis=-1) - chance, n**2 - chance)


def _diagonal(counts: Counts) -> Counts:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _ratio(top: NDArray[Any], bottom: NDArray[Any]) -> Floats:
    ratio: Floats = np.full(np.shape(bottom), np.nan)
    np.divide(top, bottom, out=ratio, where=np.asarray(bottom) != 0)
    return ratio
