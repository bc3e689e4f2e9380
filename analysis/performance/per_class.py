"""How good the classifier is on each class and over all: every number with its interval, read from argmax."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.bootstrap import RESAMPLES, Resamples, percentile_interval, resample
from neuroval.analysis.core.clusters import GroupTypes, group_types, single_cases
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix, TwoByTwo, any_tumour, confusion_matrix, two_by_two
from neuroval.analysis.core.estimate import Estimate, Measure, enclosing, reach
from neuroval.analysis.core.proportions import RateMethod, clustered_totals, proportion
from neuroval.analysis.performance import summaries
from neuroval.analysis.performance import summary_intervals as intervals
from neuroval.data.exceptions import InputError

ANY_TUMOUR = "any tumour"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPerformance:
    """One class against all others. ``support`` and ``predicted`` are its cases by reference and by prediction."""

    name: str
    support: int
    predicted: int
    counts: TwoByTwo
    sensitivity: Measure
    specificity: Measure
    ppv: Measure
    npv: Measure
    f1: Measure
    accuracy: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Overall:
    """All classes together. Balanced accuracy and macro sensitivity are two names of one number."""

    accuracy: Measure
    balanced_accuracy: Measure
    macro_sensitivity: Measure
    macro_ppv: Measure
    macro_f1: Measure
    weighted_f1: Measure
    mcc: Measure
    kappa: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What the classifier did on ``matrix.n`` cases, which came in ``groups`` groups (none: not given)."""

    matrix: ConfusionMatrix
    groups: int | None
    overall: Overall
    any_tumour: ClassPerformance | None
    classes: tuple[ClassPerformance, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Evidence:
    """What every number is computed from: the counts, the groups behind them, and their resamples."""

    matrix: ConfusionMatrix
    types: GroupTypes | None
    by_case: Resamples
    by_group: Resamples | None
    method: RateMethod
    level: float


def performance(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    rng: np.random.Generator,
    groups: NDArray[Any] | pd.Series | None = None,
    method: RateMethod = "wilson",
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Performance:
    """Return sensitivity, specificity, PPV, NPV, F1 and accuracy per class, for any tumour, and the overall numbers.

    ``reference`` and ``predicted`` are indices (n,) into ``classes``, ``groups`` a group id per case (n,). Rates
    carry the interval ``method`` and, where groups hold several cases, the cluster-adjusted one beside it; so does F1,
    through the rate it is a function of. Macro and weighted F1, MCC and kappa carry Wilson's on their effective size,
    balanced accuracy and macro PPV also the bootstrap over cells and over groups. Any tumour needs a ``negative``
    class. A number without cases behind it is undefined, with the reason. Raises ``InputError`` for a negative class
    that is not among the classes and for arrays, method or level that cannot be used.

    Sources: Altman & Bland, BMJ 1994;308:1552 and 309:102 (rates); Sokolova & Lapalme, Inf Process Manag
    2009;45:427-437 (averages); the modules ``proportions``, ``summaries``, ``summary_intervals`` and ``bootstrap``.
    """
    if negative is not None and negative not in classes:
        raise InputError(f"negative: {negative!r} is not a class; expected one of {list(classes)}.")
    matrix = confusion_matrix(reference, predicted, classes=classes)
    types = None if groups is None else group_types(reference, predicted, groups, k=len(classes))
    number_of_groups = None if types is None else types.groups
    if number_of_groups == matrix.n:
        types = None  # every group is a single case: there is nothing to adjust for
    evidence = _Evidence(
        matrix=matrix,
        types=types,
        by_case=resample(single_cases(matrix), rng=rng, resamples=resamples),
        by_group=None if types is None else resample(types, rng=rng, resamples=resamples),
        method=method,
        level=level,
    )
    return Performance(
        matrix=matrix,
        groups=number_of_groups,
        overall=_overall(evidence),
        any_tumour=None if negative is None else _any_tumour(evidence, negative=matrix.classes.index(negative)),
        classes=tuple(_one_class(evidence, index=index) for index in range(len(classes))),
    )


def _one_class(evidence: _Evidence, *, index: int) -> ClassPerformance:
    name = evidence.matrix.classes[index]
    return _against(
        evidence,
        counts=two_by_two(evidence.matrix, index=index),
        positive=np.arange(len(evidence.matrix.classes)) == index,
        name=name,
        other="another class",
    )


def _any_tumour(evidence: _Evidence, *, negative: int) -> ClassPerformance:
    return _against(
        evidence,
        counts=any_tumour(evidence.matrix, negative=negative),
        positive=np.arange(len(evidence.matrix.classes)) != negative,
        name=ANY_TUMOUR,
        other=evidence.matrix.classes[negative],
    )


def _against(
    evidence: _Evidence,
    *,
    counts: TwoByTwo,
    positive: NDArray[np.bool_],
    name: str,
    other: str,
) -> ClassPerformance:
    has, called = np.broadcast_arrays(positive[:, None], positive[None, :])
    no_cases = Reason("no_reference_cases", of=name)
    return ClassPerformance(
        name=name,
        support=counts.tp + counts.fn,
        predicted=counts.tp + counts.fp,
        counts=counts,
        sensitivity=_rate(evidence, success=has & called, among=has, reason=no_cases),
        specificity=_rate(evidence, success=~has & ~called, among=~has, reason=Reason("no_reference_cases", of=other)),
        ppv=_rate(evidence, success=has & called, among=called, reason=Reason("never_predicted", name=name)),
        npv=_rate(evidence, success=~has & ~called, among=~called, reason=Reason("never_predicted", name=other)),
        f1=_f1(evidence, has=has, called=called, reason=no_cases),
        accuracy=_rate(evidence, success=has == called, among=np.ones_like(has), reason=Reason("no_cases")),
    )


def _overall(evidence: _Evidence) -> Overall:
    matrix = evidence.matrix
    everything = np.ones_like(matrix.counts, dtype=np.bool_)
    correct = np.eye(len(matrix.classes), dtype=np.bool_)
    empty = Reason("no_reference_cases", of=_without(matrix.classes, matrix.support))
    one_reference = max(matrix.support) == matrix.n
    one_sided = Reason("one_reference_class" if one_reference else "one_predicted_class")
    macro_sensitivity = _mean_rate(evidence, summaries.macro_sensitivity, of_rows=True, reason=empty)
    never = Reason("classes_never_predicted", of=_without(matrix.classes, matrix.predicted))
    return Overall(
        accuracy=_rate(evidence, success=correct, among=everything, reason=Reason("no_cases")),
        balanced_accuracy=macro_sensitivity,
        macro_sensitivity=macro_sensitivity,
        macro_ppv=_mean_rate(evidence, summaries.macro_ppv, of_rows=False, reason=never),
        macro_f1=_linearised(evidence, summaries.macro_f1, intervals.macro_f1_slopes, reason=empty),
        weighted_f1=_linearised(
            evidence, summaries.weighted_f1, intervals.weighted_f1_slopes, reason=Reason("no_cases")
        ),
        mcc=_linearised(evidence, summaries.mcc, intervals.mcc_slopes, reason=one_sided, signed=True),
        kappa=_linearised(
            evidence, summaries.kappa, intervals.kappa_slopes, reason=Reason("always_one_class"), signed=True
        ),
    )


def _rate(evidence: _Evidence, *, success: NDArray[np.bool_], among: NDArray[np.bool_], reason: Reason) -> Measure:
    counts, types = evidence.matrix.counts, evidence.types
    n = int(counts[among].sum())
    if n == 0:
        return Measure(plain=Estimate.undefined(reason=reason, n=0))
    plain = proportion(int(counts[success].sum()), n, method=evidence.method, level=evidence.level)
    if types is None:
        return Measure(plain=plain)
    clustered = clustered_totals(types.totals(success), types.totals(among), number=types.number, level=evidence.level)
    return Measure(plain=plain, clustered=clustered)


def _f1(evidence: _Evidence, *, has: NDArray[np.bool_], called: NDArray[np.bool_], reason: Reason) -> Measure:
    """Return F1, from the share of cases in the class and called so among those in the class or called so."""
    n = evidence.matrix.n
    if not evidence.matrix.counts[has].any():
        return Measure(plain=Estimate.undefined(reason=reason if n else Reason("no_cases"), n=n))
    shares = _rate(evidence, success=has & called, among=has | called, reason=reason)
    plain = replace(intervals.f1_of_jaccard(shares.plain), n=n)
    if shares.clustered is None:
        return Measure(plain=plain)
    return Measure(plain=plain, clustered=replace(intervals.f1_of_jaccard(shares.clustered), n=n))


def _linearised(
    evidence: _Evidence,
    statistic: Callable[[summaries.Counts], summaries.Floats],
    by_cell: intervals.Slopes,
    *,
    reason: Reason,
    signed: bool = False,
) -> Measure:
    counts, n, level = evidence.matrix.counts, evidence.matrix.n, evidence.level
    value = float(statistic(counts))
    if not np.isfinite(value):
        return Measure(plain=Estimate.undefined(reason=reason if n else Reason("no_cases"), n=n))
    moved = by_cell(counts)
    plain = intervals.linearised(value, counts, moved, signed=signed, level=level)
    if evidence.types is None:
        return Measure(plain=plain)
    clustered = intervals.linearised(value, counts, moved, types=evidence.types, signed=signed, level=level)
    return Measure(plain=plain, clustered=clustered)


def _mean_rate(
    evidence: _Evidence, statistic: Callable[[summaries.Counts], summaries.Floats], *, of_rows: bool, reason: Reason
) -> Measure:
    """Return the mean of a rate over classes: sensitivity (rows) or PPV (columns).

    Its bootstrap knows no doubt about a class without an error, so it is set against the square-and-add of the class
    intervals (Zou & Donner, Stat Med 2008;27:1693-1702), classes taken as independent; the lowest low and the highest
    high of both count.
    """
    boot = _bootstrapped(evidence, statistic, reason=reason)
    if boot.plain.value is None:
        return boot
    k = len(evidence.matrix.classes)
    rates = []
    for index in range(k):
        success, among = np.zeros((k, k), np.bool_), np.zeros((k, k), np.bool_)
        success[index, index] = True
        among[(index, slice(None)) if of_rows else (slice(None), index)] = True
        rates.append(_rate(evidence, success=success, among=among, reason=reason))
    plain = _enclosing(boot.plain, [rate.plain for rate in rates])
    by_group = [rate.clustered for rate in rates if rate.clustered is not None]
    return Measure(plain=plain, clustered=None if boot.clustered is None else _enclosing(boot.clustered, by_group))


def _enclosing(boot: Estimate, rates: Sequence[Estimate]) -> Estimate:
    """Return the mean of rates with the ends of its bootstrap interval and of the square-and-add of theirs."""
    below, above = (math.hypot(*ends) / len(rates) for ends in zip(*map(reach, rates), strict=True))
    value, method = boot.value or 0.0, Method("square_and_add_of_classes")
    low, high = max(0.0, value - below), min(1.0, value + above)
    added = Estimate(value=value, low=low, high=high, level=rates[0].level, method=method, n=boot.n)
    return added if boot.width is None else enclosing(boot, added)


def _bootstrapped(
    evidence: _Evidence, statistic: Callable[[summaries.Counts], summaries.Floats], *, reason: Reason
) -> Measure:
    n = evidence.matrix.n
    value = float(statistic(evidence.matrix.counts))
    if not np.isfinite(value):
        return Measure(plain=Estimate.undefined(reason=reason if n else Reason("no_cases"), n=n))

    def interval(resamples: Resamples) -> Estimate:
        replicates = statistic(resamples.matrices)
        how, few = resamples.method, resamples.reason
        return percentile_interval(value, replicates, method=how, n=n, level=evidence.level, reason=few)

    by_group = evidence.by_group
    return Measure(plain=interval(evidence.by_case), clustered=None if by_group is None else interval(by_group))


def _without(classes: tuple[str, ...], cases: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(name for name, number in zip(classes, cases, strict=True) if number == 0)
