"""The ROC curve and the precision-recall curve of one question, with the average precision."""

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level, wilson
from neuroval.analysis.performance.auc_estimate import Units, check_scores, grouped
from neuroval.analysis.performance.thinning import thinned

FEW: Final = 1.0  # cases that miss an average precision of 1: with fewer the logit interval is of no use


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RocCurve:
    """The corners of a ROC curve, each (p,) and read-only, from nothing called positive to everything.

    A case counts as called when its score is at least the threshold; the first threshold is infinite. Between
    corners the curve is straight. Without points ``reason`` says why.
    """

    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    false_positive_rate: NDArray[np.float64]
    reason: Reason | None = None

    def __post_init__(self) -> None:
        for points in (self.thresholds, self.sensitivity, self.false_positive_rate):
            points.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrecisionRecallCurve:
    """The points of a precision-recall curve, each (p,) and read-only, from the highest threshold to the lowest.

    A case counts as called when its score is at least the threshold; precision is the PPV and recall the sensitivity.
    ``prevalence`` is the precision of calling everything. Without points ``reason`` says why.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    prevalence: float | None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        for points in (self.thresholds, self.precision, self.recall):
            points.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """Both curves of one question, with as many points as it takes to draw them, and the average precision."""

    roc: RocCurve
    precision_recall: PrecisionRecallCurve
    average_precision: Measure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Called:
    """Positive and negative cases at or above each distinct score, highest first."""

    thresholds: NDArray[np.float64]
    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    @property
    def n(self) -> int:
        return int(self.positive[-1] + self.negative[-1])


def curves(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    groups: NDArray[Any] | pd.Series | None = None,
    name: str = "the positive class",
    other: str = "the negative class",
    level: float = 0.95,
) -> Curves:
    """Return the ROC and the precision-recall curve, both ``thinned``, and the average precision.

    Arguments, sources and what is raised as for ``roc_curve``, ``precision_recall_curve`` and ``average_precision``.
    """
    check_level(level)
    by_group = grouped(groups, n=len(positive))
    called = _called(positive, scores, name=name, other=other)
    roc, recall = _roc(called), _precision_recall(called)
    of_roc = thinned(roc.false_positive_rate, roc.sensitivity)
    of_recall = thinned(recall.recall, recall.precision)
    return Curves(
        roc=replace(
            roc,
            thresholds=roc.thresholds[of_roc],
            sensitivity=roc.sensitivity[of_roc],
            false_positive_rate=roc.false_positive_rate[of_roc],
        ),
        precision_recall=replace(
            recall,
            thresholds=recall.thresholds[of_recall],
            precision=recall.precision[of_recall],
            recall=recall.recall[of_recall],
        ),
        average_precision=_average_precision(called, positive, by_group, name=name, level=level),
    )


def roc_curve(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    name: str = "the positive class",
    other: str = "the negative class",
) -> RocCurve:
    """Return sensitivity and 1 - specificity at every threshold where the curve changes direction.

    ``positive`` (n,) is boolean, ``scores`` (n,) are finite; ``name`` and ``other`` are what the two sides are called
    in reasons. Points on a straight line between two others are left out, which changes neither the curve nor its
    area. Without cases on a side there is no curve, and the reason. Raises ``InputError`` for arrays that do not fit
    or scores that are not finite.

    Source: Fawcett, Pattern Recognit Lett 2006;27:861-874.
    """
    return _roc(_called(positive, scores, name=name, other=other))


def _roc(called: _Called | Reason) -> RocCurve:
    if isinstance(called, Reason):
        nothing = np.empty(0)
        return RocCurve(thresholds=nothing, sensitivity=nothing, false_positive_rate=nothing, reason=called)
    up, right = np.diff(called.positive, prepend=0), np.diff(called.negative, prepend=0)
    # Counts are whole numbers, so whether two steps have one direction is decided exactly.
    turns = np.append(up[:-1] * right[1:] != right[:-1] * up[1:], True)
    return RocCurve(
        thresholds=np.append(math.inf, called.thresholds[turns]),
        sensitivity=np.append(0.0, called.positive[turns] / called.positive[-1]),
        false_positive_rate=np.append(0.0, called.negative[turns] / called.negative[-1]),
    )


def precision_recall_curve(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    name: str = "the positive class",
    other: str = "the negative class",
) -> PrecisionRecallCurve:
    """Return precision and recall at the highest threshold and at those that bound a change of recall.

    Arguments, and what is raised, as for ``roc_curve``. Thresholds at which recall stays as it was before and after
    are left out: they lie on a vertical line between two others. Nothing is added at recall 0, where precision is
    undefined. Without cases on a side there is no curve, and the reason.

    Source: Davis & Goadrich, ICML 2006:233-240.
    """
    return _precision_recall(_called(positive, scores, name=name, other=other))


def _precision_recall(called: _Called | Reason) -> PrecisionRecallCurve:
    if isinstance(called, Reason):
        nothing = np.empty(0)
        return PrecisionRecallCurve(
            thresholds=nothing, precision=nothing, recall=nothing, prevalence=None, reason=called
        )
    rises = np.diff(called.positive, prepend=0) > 0
    kept = rises | np.append(rises[1:], True)
    kept[0] = True
    right, wrong = called.positive[kept], called.negative[kept]
    return PrecisionRecallCurve(
        thresholds=called.thresholds[kept],
        precision=right / (right + wrong),
        recall=right / called.positive[-1],
        prevalence=float(called.positive[-1] / called.n),
    )


def average_precision(
    positive: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    groups: NDArray[Any] | pd.Series | None = None,
    name: str = "the positive class",
    other: str = "the negative class",
    level: float = 0.95,
) -> Measure:
    """Return the average precision: the mean, over the positive cases, of the precision at each one's score.

    It is the area under the precision-recall curve as steps; nothing is interpolated. It grows with prevalence, so it
    compares only what was tested on the same cases. Arguments, and what is raised, as for ``auc``. Undefined without
    cases on a side; at 1 its interval is that of a rate.

    - Interval: on the logit scale with standard error 1 / sqrt(m p (1 - p)), m the number of positive cases (Boyd,
      Eng & Page, ECML PKDD 2013, LNCS 8190:451-466). It rests on the binomial variance p (1 - p) / m, and near 1, from
      m (1 - p) below 1 on, runs to almost the whole of 0 to 1: there, and at 1, the score interval with the same
      variance, that of Wilson, takes its place.
    - Beside it where groups hold several cases: the same with m the number of groups that hold a positive case, as
      few as identical cases within groups would leave. This is wide; it claims no more than that.
    """
    check_level(level)
    by_group = grouped(groups, n=len(positive))
    called = _called(positive, scores, name=name, other=other)
    return _average_precision(called, positive, by_group, name=name, level=level)


def _average_precision(
    called: _Called | Reason, positive: NDArray[np.bool_], by_group: Units | None, *, name: str, level: float
) -> Measure:
    n = len(positive)
    if isinstance(called, Reason):
        return Measure(plain=Estimate.undefined(reason=called, n=n))
    m = int(called.positive[-1])
    value = float(np.diff(called.positive, prepend=0) @ (called.positive / (called.positive + called.negative))) / m
    missing = None
    if len(called.thresholds) == 1:
        missing = Reason("equal_scores")
    elif called.negative[np.searchsorted(called.positive, m)] == 0:
        value = 1.0

    def interval(size: int, *, logit: Method, near_one: Method) -> Estimate:
        if missing is not None:
            return Estimate(value=value, method=logit, n=n, reason=missing)
        if size * (1 - value) < FEW:
            rate = wilson(value * size, size, level=level)
            return Estimate(value=value, low=rate[0], high=max(value, rate[1]), level=level, method=near_one, n=n)
        half = normal_quantile(level) / math.sqrt(size * value * (1 - value))
        low, high = (float(special.expit(special.logit(value) + side * half)) for side in (-1, 1))
        return Estimate(value=value, low=low, high=high, level=level, method=logit, n=n)

    plain = interval(m, logit=Method("logit_boyd"), near_one=Method("wilson_near_one"))
    if by_group is None:
        return Measure(plain=plain)
    holding = by_group.holding(positive)
    logit = Method("logit_boyd_on_groups", of=name, holding=holding, groups=by_group.total)
    near_one = Method("wilson_near_one_on_groups", of=name, holding=holding, groups=by_group.total)
    clustered = interval(holding, logit=logit, near_one=near_one)
    return Measure(plain=plain, clustered=clustered)


def _one_sided(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], *, name: str, other: str
) -> Reason | None:
    check_scores(positive, scores)
    if len(positive) == 0:
        return Reason("no_cases")
    positives = int(np.count_nonzero(positive))
    return Reason("no_reference_cases", of=other if positives else name) if positives in (0, len(positive)) else None


def _called(
    positive: NDArray[np.bool_], scores: NDArray[np.floating[Any]], *, name: str, other: str
) -> _Called | Reason:
    """Return the cases called at each score, or the reason why there is no curve."""
    if reason := _one_sided(positive, scores, name=name, other=other):
        return reason
    order = np.argsort(scores)[::-1]  # equal scores in any order
    ordered = scores[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true_positives = np.cumsum(positive[order], dtype=np.int64)[ends]
    return _Called(thresholds=ordered[ends], positive=true_positives, negative=ends + 1 - true_positives)
