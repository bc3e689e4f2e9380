"""Whether acting on the classifier does more good than harm: decision curves and the expected harm of its errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile, square_and_add
from neuroval.analysis.core.confusion import confusion_matrix
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level, group_codes, share_of
from neuroval.data.exceptions import InputError

T: Final = Method("t_of_mean")
HALF: Final = 0.5

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionCurve:
    """Net benefit over ``thresholds`` (t,): of the model, of calling every case and of calling none. Read-only.

    Net benefit is in true positives per case, or per positive case when ``standardised``. ``prevalence`` is the share
    of positives that it rests on: as seen in the cases, or as given. ``called`` (t,) is the number of cases with a
    score at or above the threshold. ``call_all`` is none when the prevalence is not known. ``over_call_all`` (t,) is
    how far the model is above calling every case; calling none has a net benefit of 0, so ``model`` is the difference
    to that. These differences, and not the overlap with a line, say where the model is better.
    """

    n: int
    thresholds: Floats
    called: Counts
    model: tuple[Measure, ...]
    over_call_all: tuple[Measure, ...]
    call_all: Floats | None
    call_none: Floats
    prevalence: Measure
    standardised: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedHarm:
    """Mean harm per case, and the share of it that each cell (k, k) of the confusion matrix adds. Read-only.

    ``parts`` sum up to the mean; none without cases.
    """

    mean: Measure
    parts: Floats | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rates:
    """Rates of true and false positives over thresholds, (t,), and what the interval of their difference needs.

    ``true_size`` and ``false_size`` are the effective numbers of cases behind them, ``correlation`` is between them.
    """

    true: Floats
    false: Floats
    true_size: Floats
    false_size: Floats
    correlation: Floats
    method: Method


def decision_curve(
    positives: Bools,
    scores: NDArray[np.floating[Any]],
    *,
    thresholds: NDArray[np.floating[Any]],
    groups: NDArray[Any] | pd.Series | None = None,
    prevalence: float | None = None,
    standardised: bool = False,
    level: float = 0.95,
) -> DecisionCurve:
    """Return the net benefit of calling every case whose score is at or above a threshold, over thresholds.

    ``positives`` (n,) says which cases have the condition, ``scores`` (n,) is its probability, ``thresholds`` (t,)
    lie from 0 to below 1. With w = threshold / (1 - threshold), net benefit is tp / n - w fp / n. A ``prevalence``
    (above 0, below 1) other than that of the cases makes it sensitivity * prevalence - w (1 - specificity)
    (1 - prevalence). ``standardised`` divides by the prevalence, so that 1 is the most that can be had. Where a
    prevalence is given or divided by, it is taken as known. One sort of the scores serves all thresholds.

    Less what calling every case gives, it is w tn / n - fn / n: what is spared less what is missed. Its interval is
    made in the same way from the cases that are not called.

    The interval combines the Wilson intervals of the two rates and their correlation (MOVER): it does not collapse
    where no false positive was seen, as a Wald interval does. With ``groups`` (n,) of several cases the Wilson
    intervals are those of the effective sample size, the number of groups where all cases agree, and the correlation
    is that between groups. Undefined without cases, and, where the prevalence is taken as known, without cases of
    both kinds. Raises ``InputError`` for lengths, scores, thresholds, a prevalence or level that cannot be used.

    Sources: Vickers & Elkin, Med Decis Making 2006;26:565-574; Pfeiffer & Gail, Biom J 2020;62:764-776 (a given
    prevalence); Kerr et al., J Clin Oncol 2016;34:2534-2540 (standardised); Zou & Donner, Stat Med 2008;27:1693-1702,
    for correlated rates Zou, Psychol Methods 2007;12:399-413 (MOVER); Rao & Scott, Biometrics 1992;48:577-585.
    """
    limits = np.array(thresholds, dtype=np.float64)
    _check_curve(positives, scores, limits, prevalence=prevalence, level=level)
    n, conditional = len(positives), prevalence is not None or standardised
    codes = None if groups is None else group_codes(groups, n=n)[0]
    if prevalence is None:
        share = share_of(positives, groups=codes, level=level)
    else:
        share = Measure(plain=Estimate(value=prevalence, method=Method("given"), reason=Reason("taken_as_known")))
    order = np.argsort(scores)[::-1]  # equal scores in any order: a threshold calls all of them or none
    called = np.searchsorted(-scores[order], -limits, side="right").astype(np.int64)
    p, weights = share.plain.value or 0.0, limits / (1 - limits)
    unit = p if standardised else 1.0
    reason = _undefined(positives, conditional=conditional)
    if reason is None:
        gain, loss = (p / unit, (1 - p) / unit) if conditional else (1.0, 1.0)
        costs, gains = loss * weights, np.full(len(limits), gain)
        rates = _rates(positives, called, order=order, codes=codes, conditional=conditional)
        spared = _rates(~positives, n - called, order=order[::-1], codes=codes, conditional=conditional)
        model = _measures(rates, gain=gains, loss=costs, n=n, level=level)
        over_call_all = _measures(spared, gain=costs, loss=gains, n=n, level=level)
    else:
        model = over_call_all = (Measure(plain=Estimate.undefined(reason=reason, n=n)),) * len(limits)
    return DecisionCurve(
        n=n,
        thresholds=_frozen(limits),
        called=_frozen(called),
        model=model,
        over_call_all=over_call_all,
        call_all=_frozen((p - weights * (1 - p)) / unit) if share.plain.defined and unit else None,
        call_none=_frozen(np.zeros(len(limits))),
        prevalence=share,
        standardised=standardised,
    )


def expected_harm(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    *,
    harm: NDArray[np.floating[Any]],
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> ExpectedHarm:
    """Return the mean harm per case, and what each cell of the confusion matrix adds to it.

    ``reference`` and ``predicted`` are class indices (n,) and ``harm`` (k, k) is the harm of each confusion in units
    of the study's own, rows reference, columns prediction: 0 on the diagonal, nowhere below 0. The interval is the t
    interval of a mean, with n - 1 degrees of freedom; with ``groups`` (n,) of several cases a cluster-robust one
    stands beside it, with G - 1, whose variance G / (G - 1) * sum (h_g - mean m_g)^2 / n^2 (h_g the sum of a group of
    m_g cases) is never taken as less than that of independent cases. Both are cut at 0 and at the largest harm. The
    value stands without interval when all cases have the same harm, no harm included, or when there is one case or
    one group. Undefined without cases. Raises ``InputError`` for indices, a harm matrix or groups that cannot be used.

    With fewer than about ten harmful errors the harm is so skewed that a t interval covers less than its level.
    Source of the cluster-robust variance: Cameron & Miller, J Hum Resour 2015;50:317-372, sections II and VI.
    """
    check_level(level)
    counts = confusion_matrix(reference, predicted, classes=classes).counts
    costs = np.asarray(harm, dtype=np.float64)
    if costs.shape != counts.shape or not (np.isfinite(costs) & (costs >= 0)).all() or np.diagonal(costs).any():
        raise InputError(
            f"harm: expected {len(classes)} x {len(classes)} finite numbers of 0 or more with 0 on the diagonal, "
            f"found an array of shape {costs.shape}."
        )
    n = len(reference)
    if n == 0:
        return ExpectedHarm(mean=Measure(plain=Estimate.undefined(reason=Reason("no_cases"), n=0)), parts=None)
    # Sums over cells rather than cases: the order of the cases cannot change a digit.
    parts = counts * costs / n
    mean = float(parts.sum())
    if n == 1 or np.ptp(costs[counts > 0]) == 0:
        reason = Reason("one_case" if n == 1 else "equal_harm" if mean else "no_harm_observed")
        return ExpectedHarm(
            mean=Measure(plain=Estimate(value=mean, method=T, n=n, reason=reason)), parts=_frozen(parts)
        )

    def interval(variance: float, *, df: int, method: Method) -> Estimate:
        half = float(stats.t.ppf((1 + level) / 2, df)) * math.sqrt(variance)
        low, high = max(0.0, mean - half), min(float(costs.max()), mean + half)
        return Estimate(value=mean, low=low, high=high, level=level, method=method, n=n)

    variance = float((counts * (costs - mean) ** 2).sum()) / (n - 1) / n
    plain, clustered = interval(variance, df=n - 1, method=T), None
    codes, labels = (np.arange(n), np.arange(n)) if groups is None else group_codes(groups, n=n)
    if 1 < len(labels) < n:
        sums = np.bincount(codes, weights=costs[reference, predicted] - mean)
        robust = len(labels) / (len(labels) - 1) * float(sums @ sums) / n**2
        method = Method("t_of_mean_clustered", groups=len(labels))
        clustered = interval(max(robust, variance), df=len(labels) - 1, method=method)
    elif len(labels) < n:
        method = Method("t_of_mean_clustered", groups=1)
        clustered = Estimate(value=mean, method=method, n=n, reason=Reason("one_group"))
    return ExpectedHarm(mean=Measure(plain=plain, clustered=clustered), parts=_frozen(parts))


def _undefined(positives: Bools, *, conditional: bool) -> Reason | None:
    if len(positives) == 0:
        return Reason("no_cases")
    if conditional and positives.all():
        return Reason("no_reference_cases_without_condition")
    if conditional and not positives.any():
        return Reason("no_reference_cases_with_condition")
    return None


def _rates(
    positives: Bools,
    called: Counts,
    *,
    order: NDArray[np.intp],
    codes: Counts | None,
    conditional: bool,
) -> tuple[_Rates, ...]:
    """Return the rates when the first ``called`` (t,) cases in ``order`` are called, and the same with groups.

    The rates are per case, or within the cases of a kind when ``conditional``.
    """
    y = positives[order]
    n, with_it = len(y), int(y.sum())
    of_true, of_false = (with_it, n - with_it) if conditional else (n, n)
    first = _first(y, called)
    true, false = first / of_true, (called - first) / of_false
    if conditional:  # two samples
        correlation = np.zeros(len(called))
    else:  # two cells of one multinomial
        correlation = -_ratio(np.sqrt(true * false), np.sqrt((1 - true) * (1 - false)))
    plain = _Rates(
        true=true,
        false=false,
        true_size=np.full(len(called), float(of_true)),
        false_size=np.full(len(called), float(of_false)),
        correlation=correlation,
        method=Method("mover_on_wilson"),
    )
    if codes is None or codes.max() + 1 == n:
        return (plain,)
    return plain, _clustered(plain, y, codes[order], called, conditional=conditional)


def _clustered(plain: _Rates, y: Bools, codes: Counts, called: Counts, *, conditional: bool) -> _Rates:
    """Return the rates with effective sizes and the correlation that the groups ``codes`` (n,) leave.

    With tp_g and fp_g the positives of group g among the first ``called`` cases, the sums over groups of tp_g^2,
    fp_g^2 and tp_g fp_g grow with each case by an amount that depends on the group's cases before it. So one pass in
    the order of the scores gives the sums at every threshold.
    """
    sizes = np.bincount(codes)
    with_it = np.bincount(codes[y], minlength=len(sizes))
    of_true, of_false = (with_it, sizes - with_it) if conditional else (sizes, sizes)
    # Earlier cases of a case's group: pandas counts within groups without sorting them.
    in_group = pd.Series(y.astype(np.int64)).groupby(codes, sort=False)
    tp = in_group.cumsum().to_numpy() - y
    fp = in_group.cumcount().to_numpy() - tp
    m1, m2 = of_true[codes], of_false[codes]
    true, false = plain.true, plain.false
    true_squares = (
        _first(np.where(y, 2 * tp + 1, 0), called) - 2 * true * _first(y * m1, called) + true**2 * (of_true @ of_true)
    )
    false_squares = (
        _first(np.where(y, 0, 2 * fp + 1), called)
        - 2 * false * _first(~y * m2, called)
        + false**2 * (of_false @ of_false)
    )
    products = (
        _first(np.where(y, fp, tp), called)
        - true * _first(~y * m1, called)
        - false * _first(y * m2, called)
        + true * false * (of_true @ of_false)
    )
    scale = np.sqrt(np.maximum(true_squares, 0) * np.maximum(false_squares, 0))
    return _Rates(
        true=true,
        false=false,
        true_size=_effective_size(true, true_squares, of_true, holding=_holding(true, y, tp, of_true, codes, called)),
        false_size=_effective_size(
            false, false_squares, of_false, holding=_holding(false, ~y, fp, of_false, codes, called)
        ),
        correlation=np.clip(_ratio(products, scale), -1.0, 1.0),
        method=Method("mover_on_wilson_adjusted", groups=len(sizes)),
    )


def _holding(rate: Floats, kind: Bools, before: NDArray[Any], sizes: Counts, codes: Counts, called: Counts) -> Floats:
    """Return how many groups hold the rarer outcome at each threshold, (t,).

    ``before`` (n,) counts the earlier cases of a case's group that are of its ``kind`` (n,).
    """
    started = _first(kind & (before == 0), called)
    ended = _first(kind & (before + 1 == sizes[codes]), called)
    return np.where(rate <= HALF, started, np.count_nonzero(sizes) - ended).astype(np.float64)


def _effective_size(rate: Floats, squares: Floats, sizes: Counts, *, holding: Floats) -> Floats:
    """Return n / design effect of a rate (t,), from the sum over groups of its squared residuals.

    As in ``clustered_totals``, the design effect is taken as if one more group had been seen, of identical cases.
    """
    groups, n = int(np.count_nonzero(sizes)), int(sizes.sum())
    if groups < 2:
        return np.full(len(rate), float(groups))
    variance = groups / (groups - 1) * squares / n**2
    seen = np.maximum(_ratio(variance, rate * (1 - rate) / (n - 1)), 1.0)
    design = np.maximum(seen, (holding * seen + n / groups) / (holding + 1))
    return np.where((rate > 0) & (rate < 1), n / design, float(groups))


def _measures(rates: tuple[_Rates, ...], *, gain: Floats, loss: Floats, n: int, level: float) -> tuple[Measure, ...]:
    columns = [_net_benefit(column, gain=gain, loss=loss, n=n, level=level) for column in rates]
    return tuple(
        Measure(plain=row[0], clustered=row[1] if len(row) > 1 else None) for row in zip(*columns, strict=True)
    )


def _net_benefit(rates: _Rates, *, gain: Floats, loss: Floats, n: int, level: float) -> list[Estimate]:
    """Return gain * true - loss * false at each threshold with its MOVER interval."""
    true_low, true_high = _wilson(rates.true, rates.true_size, level=level)
    false_low, false_high = _wilson(rates.false, rates.false_size, level=level)
    value = gain * rates.true - loss * rates.false

    def distance(of_true: Floats, of_false: Floats) -> Floats:
        return square_and_add(gain * of_true, loss * of_false, correlation=rates.correlation)

    low = value - distance(rates.true - true_low, false_high - rates.false)
    high = value + distance(true_high - rates.true, rates.false - false_low)
    return [
        Estimate(value=middle, low=bottom, high=top, level=level, method=rates.method, n=n)
        for middle, bottom, top in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def _wilson(rate: Floats, size: Floats, *, level: float) -> tuple[Floats, Floats]:
    z = normal_quantile(level)
    centre = (rate + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size))
    return np.minimum(centre - half, rate), np.maximum(centre + half, rate)


def _first(amounts: NDArray[Any], called: Counts) -> Counts:
    """Return the sum of the first ``called`` amounts."""
    running = np.concatenate([[0], np.cumsum(amounts, dtype=np.int64)])
    return np.asarray(running[called], dtype=np.int64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    ratio: Floats = np.zeros(len(bottom))
    np.divide(top, bottom, out=ratio, where=bottom > 0)
    return ratio


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _check_curve(
    positives: Bools,
    scores: NDArray[np.floating[Any]],
    thresholds: Floats,
    *,
    prevalence: float | None,
    level: float,
) -> None:
    check_level(level)
    if positives.dtype != np.bool_ or positives.ndim != 1 or scores.shape != positives.shape:
        raise InputError(
            f"decision curve: expected booleans (n,) and as many scores, found {positives.dtype} {positives.shape} "
            f"and scores {scores.shape}."
        )
    if not np.isfinite(scores).all():
        raise InputError(f"scores: score of case {int(np.argmin(np.isfinite(scores)))} (counted from 0) is not finite.")
    if thresholds.ndim != 1 or not ((thresholds >= 0) & (thresholds < 1)).all():
        raise InputError("thresholds: expected an array (t,) of numbers from 0 to below 1.")
    if prevalence is not None and not 0 < prevalence < 1:
        raise InputError(f"prevalence: {prevalence} must be above 0 and below 1, for example 0.03.")
