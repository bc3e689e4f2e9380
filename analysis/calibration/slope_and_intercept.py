"""Calibration slope and intercept: what a logistic regression of the outcome on the predicted log-odds says.

A slope of 1 with an intercept of 0 is perfect; a slope below 1 means probabilities that are too extreme.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.logistic import Fit, maximum_likelihood
from neuroval.analysis.core.probabilities import group_numbers, read_predictions
from neuroval.analysis.core.proportions import check_level

CLIP: Final = 1e-7
_NOTHING: Final = 1e-12  # of the model-based variance: what rounding leaves where groups balance exactly

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """Slope and intercept of one two-class question, with ``clipped`` cases moved off 0 or 1 by the clipping.

    ``slope`` and ``intercept`` are fitted together; ``intercept_at_slope_one`` is fitted with the slope held at 1 and
    is also called calibration-in-the-large. Above 0 it means that the outcome is more frequent than predicted.
    """

    question: str
    slope: Measure
    intercept: Measure
    intercept_at_slope_one: Measure
    clipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibrations:
    """Two questions: is the predicted class right, given the confidence; and any tumour, given its probability.

    Any tumour is none without a negative class.
    """

    top_label: Recalibration
    any_tumour: Recalibration | None


def recalibrations(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> Recalibrations:
    """Return calibration slope and intercept of the top label and of any tumour.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). Top label:
    the outcome is whether argmax is right, the probability is the confidence. Any tumour: the outcome is any class
    but ``negative``, the probability 1 - P(negative class). See ``recalibration``. Raises ``InputError`` as
    ``read_predictions`` does.
    """
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    numbers = group_numbers(groups, n=cases.n)
    of_tumour, tumour = cases.any_tumour_probability, cases.tumour
    any_tumour = None
    if of_tumour is not None and tumour is not None:
        names = ("tumours", "free of tumour")
        any_tumour = recalibration(tumour, of_tumour, question="any tumour", names=names, groups=numbers, level=level)
    return Recalibrations(
        top_label=recalibration(
            cases.correct,
            cases.confidence,
            question="top label",
            names=("right", "wrong"),
            groups=numbers,
            level=level,
        ),
        any_tumour=any_tumour,
    )


def recalibration(
    happened: NDArray[np.bool_],
    probability: Floats,
    *,
    question: str,
    names: tuple[str, str] = ("positive", "negative"),
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> Recalibration:
    """Return slope and intercept of logit P(happened) = intercept + slope x logit(probability), by maximum likelihood.

    ``happened`` (n,) is the outcome, called by ``names`` where it is true and false; ``probability`` (n,) is clipped
    to [1e-7, 1 - 1e-7], which the method says. Wald intervals: normal with the model-based variance; where groups hold
    several cases, beside it t(G - 1) with the sandwich variance over G groups, times G / (G - 1). Undefined without
    cases, when all outcomes are equal, when all probabilities are equal (slope), and when a probability separates the
    outcomes, so that no maximum exists (Albert & Anderson, Biometrika 1984;71:1-10; the slope and its intercept). The
    cluster-robust interval needs more groups than coefficients.

    Sources: Cox, Biometrika 1958;45:562-565; Van Calster et al., J Clin Epidemiol 2016;74:167-176 (slope held at 1);
    Liang & Zeger, Biometrika 1986;73:13-22 (sandwich).
    """
    check_level(level)
    n = len(happened)
    numbers = group_numbers(groups, n=n)
    if numbers is not None and n and numbers.max() == n - 1:
        numbers = None  # every group is a single case: there is nothing to adjust for
    logit = special.logit(np.clip(probability, CLIP, 1 - CLIP))
    if alike := one_sided(happened, names=names):
        at_one = intercept = slope = Measure(plain=Estimate.undefined(reason=alike, n=n))
    else:
        at_one = _intercept_at_slope_one(happened, logit, numbers=numbers, level=level)
        if apart := separated(happened, logit, names=names):
            intercept = slope = Measure(plain=Estimate.undefined(reason=apart, n=n))
        else:
            intercept, slope = _intercept_and_slope(happened, logit, numbers=numbers, level=level)
    return Recalibration(
        question=question,
        slope=slope,
        intercept=intercept,
        intercept_at_slope_one=at_one,
        clipped=int(((probability < CLIP) | (probability > 1 - CLIP)).sum()),
    )


def one_sided(happened: NDArray[np.bool_], *, names: tuple[str, str]) -> Reason | None:
    """Return why nothing can be fitted to outcomes (n,) that are all alike, called by ``names``; none otherwise."""
    if len(happened) == 0:
        return Reason("no_cases")
    if happened.all() or not happened.any():
        return Reason("outcomes_alike", cases=len(happened), are=names[0] if happened[0] else names[1])
    return None


def separated(happened: NDArray[np.bool_], logit: Floats, *, names: tuple[str, str]) -> Reason | None:
    """Return why no slope exists: a maximum of the likelihood does if, and only if, the outcomes overlap."""
    yes, no = logit[happened], logit[~happened]
    if logit.min() == logit.max():
        return Reason("equal_probabilities")
    if yes.min() >= no.max() or yes.max() <= no.min():
        return Reason("separated", yes=names[0], no=names[1])
    return None


def _intercept_at_slope_one(
    happened: NDArray[np.bool_], logit: Floats, *, numbers: NDArray[np.int64] | None, level: float
) -> Measure:
    fit = maximum_likelihood(happened, np.ones((1, len(logit))), offset=logit, start=np.zeros(1))
    (intercept,) = _measures(fit, back=np.eye(1), numbers=numbers, n=len(logit), level=level)
    return intercept


def _intercept_and_slope(
    happened: NDArray[np.bool_], logit: Floats, *, numbers: NDArray[np.int64] | None, level: float
) -> tuple[Measure, Measure]:
    # Fitted in units of the logit's standard deviation about its mean, which keeps the iteration well-conditioned.
    mean, sd = float(logit.mean()), float(logit.std())
    design = np.stack([np.ones(len(logit)), (logit - mean) / sd])
    fit = maximum_likelihood(happened, design, offset=np.zeros(len(logit)), start=np.array([mean, sd]))
    back = np.array([[1.0, -mean / sd], [0.0, 1 / sd]])
    intercept, slope = _measures(fit, back=back, numbers=numbers, n=len(logit), level=level)
    return intercept, slope


def _measures(
    fit: Fit | None, *, back: Floats, numbers: NDArray[np.int64] | None, n: int, level: float
) -> list[Measure]:
    """Return the coefficients, turned by ``back``, with their intervals."""
    if fit is None:
        return [Measure(plain=Estimate.undefined(reason=Reason("not_converged"), n=n))] * len(back)
    values, bread = (back @ fit.coefficients).tolist(), back @ fit.covariance
    method = Method("wald", clip=CLIP)
    variances = np.diag(bread @ back.T)
    quantile = normal_quantile(level)
    plain = [
        _wald(value, variance, quantile=quantile, method=method, n=n, level=level)
        for value, variance in zip(values, variances.tolist(), strict=True)
    ]
    if numbers is None:
        return [Measure(plain=estimate) for estimate in plain]
    held = int(numbers.max()) + 1
    method = Method("wald_sandwich", clip=CLIP, groups=held)
    if held <= len(values):
        reason = Reason("more_groups_needed", more_than=len(values), found=held)
        few = [Estimate(value=value, method=method, n=n, reason=reason) for value in values]
        return [Measure(plain=estimate, clustered=other) for estimate, other in zip(plain, few, strict=True)]
    sums = np.stack([np.bincount(numbers, weights=row) for row in fit.scores])
    sandwich = np.diag(bread @ (sums @ sums.T) @ bread.T) * held / (held - 1)
    sandwich = np.where(sandwich > _NOTHING * variances, sandwich, 0.0)
    quantile = float(special.stdtrit(held - 1, (1 + level) / 2))
    robust = [
        _wald(value, variance, quantile=quantile, method=method, n=n, level=level)
        for value, variance in zip(values, sandwich.tolist(), strict=True)
    ]
    return [Measure(plain=estimate, clustered=other) for estimate, other in zip(plain, robust, strict=True)]


def _wald(value: float, variance: float, *, quantile: float, method: Method, n: int, level: float) -> Estimate:
    if variance == 0:
        return Estimate(value=value, method=method, n=n, reason=Reason("equal_groups"))
    half = quantile * math.sqrt(variance)
    return Estimate(value=value, low=value - half, high=value + half, level=level, method=method, n=n)
