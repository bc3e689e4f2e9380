"""Two models on the same cases: how far apart they are, and whether the cases can tell them apart.

Everything here rests on argmax. The difference is always the first model's rate minus the second's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from neuroval.analysis.core.clusters import GroupTypes, group_types
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import square_and_add
from neuroval.analysis.core.confusion import confusion_matrix
from neuroval.analysis.core.estimate import Estimate, Measure, reach
from neuroval.analysis.core.proportions import METHODS, check_level, clustered_totals, group_codes, proportion, wilson
from neuroval.data.exceptions import InputError

VERDICTS: Final = 3  # right; wrong, but right about tumour or none; wrong about that too
WRONG: Final = VERDICTS - 1
FEWEST: Final = 2  # groups: of a single one nothing varies
OUTCOMES: Final = VERDICTS**2  # of a case: the verdict on the first model and the verdict on the second


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCounts:
    """Cases that both models got right, only the first (``only_a``), only the second (``only_b``), and neither."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def discordant(self) -> int:
        return self.only_a + self.only_b


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """Two-sided p-values of the hypothesis that both models are right equally often.

    ``exact`` is the exact conditional (binomial) test, ``mid_p`` its mid-p version, ``asymptotic`` and ``corrected``
    refer ``chi_square`` and ``chi_square_corrected`` (Edwards' continuity correction) to chi-square with 1 degree of
    freedom. All take cases as independent: where groups hold several cases, read the clustered interval instead.
    """

    exact: float
    mid_p: float
    asymptotic: float
    corrected: float
    chi_square: float
    chi_square_corrected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedNumber:
    """One number of both models, ``a`` and ``b``, on the same cases; ``test`` is none without cases.

    ``clustered_p_value`` is of the same hypothesis where groups hold several cases, none where they do not.
    """

    name: str
    counts: PairedCounts
    a: Measure
    b: Measure
    difference: Measure
    test: McNemar | None
    clustered_p_value: float | None = None

    @property
    def p_value(self) -> float | None:
        """The p-value that counts: between groups where these hold several cases, else the exact one."""
        exact = None if self.test is None else self.test.exact
        return exact if self.clustered_p_value is None else self.clustered_p_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What distinguishes two models on ``n`` cases, which came in ``groups`` groups (none: not given)."""

    n: int
    groups: int | None
    numbers: tuple[ComparedNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Evidence:
    """Counts (s, s), row reference class, column outcome, empty beyond; the groups behind them."""

    counts: NDArray[np.int64]
    types: GroupTypes | None
    level: float


def compare(
    reference: NDArray[np.integer[Any]],
    predicted_a: NDArray[np.integer[Any]],
    predicted_b: NDArray[np.integer[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> Comparison:
    """Return accuracy and the sensitivity and specificity of any tumour and of each class of two models, compared.

    ``reference``, ``predicted_a`` and ``predicted_b`` are indices (n,) into ``classes``, ``groups`` a group id per
    case (n,). Differences carry Newcombe's paired interval and, where groups hold several cases, the same on n over
    the design effect beside it: the variance of the difference between groups over that between independent cases, at
    least 1. Where that cannot be estimated (one group, no discordant case, or all of them on one side) it is Newcombe's
    on the number of groups, which is as few as identical cases within groups would leave, and the method says so. Rates
    are Wilson, cluster-adjusted (Rao-Scott). Any tumour needs a ``negative`` class. A number without cases is
    undefined. Raises ``InputError`` for a negative class that is not among the classes and for arrays that cannot be
    used.

    Source of the design effect: Rao & Scott, Biometrics 1992;48:577-585, and for paired answers Obuchowski, Stat Med
    1998;17:1495-1507. Coverage with few patients is simulated in ``analysis/README.md``.
    """
    check_level(level)
    if negative is not None and negative not in classes:
        raise InputError(f"negative: {negative!r} is not a class; expected one of {list(classes)}.")
    for predicted in (predicted_a, predicted_b):
        confusion_matrix(reference, predicted, classes=classes)  # refuses what is not an index into the classes
    index = None if negative is None else list(classes).index(negative)
    verdicts = (_verdict(reference, predicted, negative=index) for predicted in (predicted_a, predicted_b))
    codes, labels = (None, ()) if groups is None else group_codes(groups, n=len(reference))
    evidence = _evidence(reference, *verdicts, k=len(classes), groups=codes, level=level)
    row = np.arange(len(evidence.counts))
    numbers = [_compared(evidence, "accuracy", among=row >= 0, reason=Reason("no_cases"))]
    if index is not None:
        for name, among, side in (("sensitivity", row != index, "any tumour"), ("specificity", row == index, negative)):
            reason = Reason("no_reference_cases", of=side)
            numbers.append(_compared(evidence, f"any_tumour.{name}", among=among, reason=reason, about_tumour=True))
    for index_of_class, name in enumerate(classes):
        reason = Reason("no_reference_cases", of=name)
        numbers.append(_compared(evidence, f"{name}.sensitivity", among=row == index_of_class, reason=reason))
    for index_of_class, name in enumerate(classes):
        is_own = reference == index_of_class
        verdicts = (
            np.where(is_own == (predicted == index_of_class), 0, WRONG) for predicted in (predicted_a, predicted_b)
        )
        against_rest = _evidence(is_own.astype(np.int64), *verdicts, k=2, groups=codes, level=level)
        rest = np.arange(len(against_rest.counts)) == 0
        reason = Reason("no_reference_cases_of_others", than=name)
        numbers.append(_compared(against_rest, f"{name}.specificity", among=rest, reason=reason))
    return Comparison(n=len(reference), groups=None if codes is None else len(labels), numbers=tuple(numbers))


def compare_shares(
    happened_a: NDArray[np.bool_],
    happened_b: NDArray[np.bool_],
    *,
    name: str,
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> ComparedNumber:
    """Return how often each of two things happened to the same cases, and the difference, first minus second.

    ``happened_a`` and ``happened_b`` (n,) are boolean, ``groups`` (n,) a group id per case. Intervals are those of
    ``compare``. Undefined without cases. Raises ``InputError`` for lengths that differ or a missing group id.
    """
    check_level(level)
    if len(happened_a) != len(happened_b):
        raise InputError(f"shares: found {len(happened_a)} and {len(happened_b)} cases, expected the same ones.")
    verdicts = (np.where(happened, 0, WRONG) for happened in (happened_a, happened_b))
    codes = None if groups is None else group_codes(groups, n=len(happened_a))[0]
    nothing = np.zeros(len(happened_a), dtype=np.int64)
    evidence = _evidence(nothing, *verdicts, k=1, groups=codes, level=level)
    return _compared(evidence, name, among=np.arange(len(evidence.counts)) >= 0, reason=Reason("no_cases"))


def _evidence(
    reference: NDArray[np.integer[Any]],
    verdict_a: NDArray[np.int64],
    verdict_b: NDArray[np.int64],
    *,
    k: int,
    groups: NDArray[np.int64] | None,
    level: float,
) -> _Evidence:
    outcome = verdict_a * VERDICTS + verdict_b
    side = max(k, OUTCOMES)  # types of groups are square matrices
    counts = np.bincount(reference.astype(np.int64) * side + outcome, minlength=side * side)
    types = None if groups is None else group_types(reference, outcome, groups, k=side)
    if types is not None and types.groups == len(reference):
        types = None  # every group is a single case: there is nothing to adjust for
    return _Evidence(counts=counts.reshape(side, side), types=types, level=level)


def mcnemar(only_a: int, only_b: int) -> McNemar:
    """Return McNemar's test of the numbers of cases that only the first and only the second model got right.

    Without a discordant case every p-value is 1. With as many on either side the exact p-value is 1, the mid-p-value
    1 - P(X = only_a) / 2 and the corrected chi-square 0 (a correction does not go beyond the hypothesis).

    Sources: McNemar, Psychometrika 1947;12:153-157; Edwards, Psychometrika 1948;13:185-187 (the correction);
    Fagerland, Lydersen & Laake, BMC Med Res Methodol 2013;13:91 (mid-p). Raises ``InputError`` for counts below 0.
    """
    if only_a < 0 or only_b < 0:
        raise InputError(f"mcnemar: counts must be 0 or more, found {only_a} and {only_b}.")
    discordant, apart = only_a + only_b, abs(only_a - only_b)
    if discordant == 0:
        return McNemar(exact=1, mid_p=1, asymptotic=1, corrected=1, chi_square=0, chi_square_corrected=0)
    fewer = min(only_a, only_b)
    exact = min(1.0, 2 * float(special.bdtr(fewer, discordant, 0.5)))
    observed = float(stats.binom.pmf(fewer, discordant, 0.5))
    chi_square, corrected = apart**2 / discordant, max(apart - 1, 0) ** 2 / discordant
    return McNemar(
        exact=exact,
        mid_p=exact - (observed / 2 if apart == 0 else observed),
        asymptotic=float(special.chdtrc(1, chi_square)),
        corrected=float(special.chdtrc(1, corrected)),
        chi_square=chi_square,
        chi_square_corrected=corrected,
    )


def clustered_mcnemar(gained: NDArray[np.int64], sizes: NDArray[np.int64], *, number: NDArray[np.int64]) -> float:
    """Return the two-sided p-value that both models are right equally often, for cases that come in groups.

    ``number[t]`` groups of ``sizes[t]`` cases each have ``gained[t]`` more that the first model alone calls rightly
    than that the second alone does; all are (t,). Each group gives the share d = gained / size; (sum d)^2 / sum d^2 is
    referred to chi-square with 1 degree of freedom. With groups of one case it is McNemar's asymptotic test. Without a
    group that tells the models apart it is 1. Groups without a case do not count.

    Source: Durkalski, Palesch, Lipsitz & Rust, Stat Med 2003;22:2417-2428.
    """
    held = sizes > 0
    shares, number = gained[held] / sizes[held], number[held]
    squares = float(number @ shares**2)
    return float(special.chdtrc(1, float(number @ shares) ** 2 / squares)) if squares > 0 else 1.0


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given: of many tests one is below 0.05 by chance in 5% at most.

    Source: Holm, Scand J Stat 1979;6:65-70.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)


def paired_difference(counts: PairedCounts, *, level: float = 0.95) -> Estimate:
    """Return the difference of two proportions of the same cases with Newcombe's paired score interval.

    Wilson bounds of both rates, combined by squares with the correlation phi of the two; the numerator of phi is
    lowered by n / 2, not below 0, where it is positive, and phi is 0 where a margin is empty. Given without a
    discordant case too. Undefined without cases. Raises ``InputError`` for counts below 0 or a level outside (0, 1).

    Source: Newcombe, Stat Med 1998;17:2635-2650, method 10.
    """
    check_level(level)
    cells = (counts.both, counts.only_a, counts.only_b, counts.neither)
    if min(cells) < 0:
        raise InputError(f"paired difference: counts must be 0 or more, found {cells}.")
    if counts.n == 0:
        return Estimate.undefined(reason=Reason("no_cases"), n=0)
    return _newcombe(counts, size=counts.n, level=level, method=Method("newcombe_paired"))


def net_benefit_difference(
    sensitivity: Measure, specificity: Measure, *, prevalence: float, threshold: float
) -> Measure:
    """Return how far the net benefit of one model is above that of another at a ``threshold``, in hits per case.

    ``sensitivity`` and ``specificity`` are the paired differences of the two models when they call the cases at or
    above the threshold; with w = threshold / (1 - threshold) the result is prevalence * sensitivity + w (1 -
    prevalence) * specificity. The prevalence is taken as known. Both differences are of different cases, so their
    intervals are joined by square-and-add. Undefined where one of them is. Raises ``InputError`` for a prevalence or
    threshold out of range.

    Sources: Vickers & Elkin, Med Decis Making 2006;26:565-574; Zou & Donner, Stat Med 2008;27:1693-1702 (MOVER).
    """
    if not (0 < prevalence < 1 and 0 <= threshold < 1):
        raise InputError(
            f"net benefit: prevalence {prevalence} must lie between 0 and 1, threshold {threshold} from 0 to below 1."
        )
    gain, loss = prevalence, threshold / (1 - threshold) * (1 - prevalence)

    def joined(a: Estimate, b: Estimate) -> Estimate:
        if a.value is None or b.value is None:
            return Estimate.undefined(reason=(a.reason if a.value is None else b.reason) or Reason("not_known"))
        value, (below_a, above_a), (below_b, above_b) = gain * a.value + loss * b.value, reach(a), reach(b)
        return Estimate(
            value=value,
            low=value - square_and_add(gain * below_a, loss * below_b, correlation=0.0),
            high=value + square_and_add(gain * above_a, loss * above_b, correlation=0.0),
            level=a.level,
            method=Method("mover", a=a.method, b=b.method),
            n=(a.n or 0) + (b.n or 0),
        )

    plain = joined(sensitivity.plain, specificity.plain)
    if not plain.defined or (sensitivity.clustered is None and specificity.clustered is None):
        return Measure(plain=plain)
    by_group = joined(sensitivity.clustered or sensitivity.plain, specificity.clustered or specificity.plain)
    return Measure(plain=plain, clustered=by_group)


def difference_of(a: Estimate, b: Estimate, *, correlation: float = 0.0) -> Estimate:
    """Return ``a`` minus ``b``, two proportions of different cases, with Newcombe's unpaired score interval.

    Each bound is the difference minus or plus the root of the sum of squares of the distances to the two bounds that
    lie towards it. From Wilson intervals this is Newcombe's method 10; from others (cluster-adjusted, exact,
    published) the same rule is MOVER, and the method says from which. It holds both n. A ``correlation`` of the two
    counts as in ``square_and_add``: that of rates whose cases come from the same groups. Undefined when a value is
    missing, without interval when an interval is. Raises ``InputError`` when the levels differ.

    Sources: Newcombe, Stat Med 1998;17:873-890, method 10; Zou & Donner, Stat Med 2008;27:1693-1702 (MOVER).
    """
    if a.value is None or b.value is None:
        return Estimate.undefined(reason=(a.reason if a.value is None else b.reason) or Reason("not_known"))
    value = a.value - b.value
    both_wilson = a.method == b.method == METHODS["wilson"]
    method = Method("newcombe_unpaired") if both_wilson else Method("mover", a=a.method, b=b.method)
    if a.n is not None and b.n is not None:
        method = Method("of_sizes", method=method, a=a.n, b=b.n)
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return Estimate(
            value=value, method=method, reason=(a.reason if a.low is None else b.reason) or Reason("not_known")
        )
    if a.level != b.level:
        raise InputError(f"difference: both intervals must have one level, found {a.level} and {b.level}.")
    low, high = _bounds((a.value, a.low, a.high), (b.value, b.low, b.high), correlation=correlation)
    return Estimate(value=value, low=low, high=high, level=a.level, method=method)


def _verdict(
    reference: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], *, negative: int | None
) -> NDArray[np.int64]:
    about_tumour = (reference == negative) == (predicted == negative)
    wrong = np.where(about_tumour & (negative is not None), 1, WRONG)
    return np.where(reference == predicted, 0, wrong)


def _compared(
    evidence: _Evidence, name: str, *, among: NDArray[np.bool_], reason: Reason, about_tumour: bool = False
) -> ComparedNumber:
    side = len(among)
    good = np.zeros(side, dtype=np.bool_)  # whether an outcome's verdict is good enough, of each model
    good[:VERDICTS] = np.arange(VERDICTS) <= (1 if about_tumour else 0)
    outcome = np.arange(side)
    known = outcome < OUTCOMES
    within = among[:, None] & known
    right_a = within & good[outcome // VERDICTS]
    right_b = within & good[outcome % VERDICTS]
    both, only_a, only_b, n = (
        int(evidence.counts[mask].sum()) for mask in (right_a & right_b, right_a & ~right_b, right_b & ~right_a, within)
    )
    counts = PairedCounts(both=both, only_a=only_a, only_b=only_b, neither=n - both - only_a - only_b)
    if n == 0:
        undefined = Measure(plain=Estimate.undefined(reason=reason, n=0))
        return ComparedNumber(name=name, counts=counts, a=undefined, b=undefined, difference=undefined, test=None)
    return ComparedNumber(
        name=name,
        counts=counts,
        a=_rate(evidence, right=right_a, within=within),
        b=_rate(evidence, right=right_b, within=within),
        difference=Measure(
            plain=paired_difference(counts, level=evidence.level),
            clustered=_by_group(evidence, counts, right_a=right_a, right_b=right_b, within=within),
        ),
        test=mcnemar(only_a, only_b),
        clustered_p_value=None
        if evidence.types is None
        else clustered_mcnemar(
            evidence.types.totals(right_a) - evidence.types.totals(right_b),
            evidence.types.totals(within),
            number=evidence.types.number,
        ),
    )


def _rate(evidence: _Evidence, *, right: NDArray[np.bool_], within: NDArray[np.bool_]) -> Measure:
    counts, types, level = evidence.counts, evidence.types, evidence.level
    plain = proportion(int(counts[right].sum()), int(counts[within].sum()), level=level)
    if types is None:
        return Measure(plain=plain)
    clustered = clustered_totals(types.totals(right), types.totals(within), number=types.number, level=level)
    return Measure(plain=plain, clustered=clustered)


def _by_group(
    evidence: _Evidence,
    counts: PairedCounts,
    *,
    right_a: NDArray[np.bool_],
    right_b: NDArray[np.bool_],
    within: NDArray[np.bool_],
) -> Estimate | None:
    types, level = evidence.types, evidence.level
    if types is None:
        return None
    apart = types.totals(right_a & ~right_b) - types.totals(right_b & ~right_a)
    sizes = types.totals(within)
    groups, n = int(types.number[sizes > 0].sum()), counts.n
    value = (counts.only_a - counts.only_b) / n
    independent = counts.discordant / n - value**2
    if groups < FEWEST or independent <= 0:
        return _newcombe(counts, size=groups, level=level, method=Method("newcombe_paired_on_groups", groups=groups))
    between = groups / (groups - 1) * float(types.number @ (apart - value * sizes) ** 2) / n**2
    size = n / max(1.0, between * (n - 1) / independent)
    return _newcombe(counts, size=size, level=level, method=Method("newcombe_paired_on_design_effect", groups=groups))


def _newcombe(counts: PairedCounts, *, size: float, level: float, method: Method) -> Estimate:
    """Return the paired interval with the counts scaled to an effective ``size``, which need not be whole."""
    scale = size / counts.n
    both, only_a, only_b = counts.both * scale, counts.only_a * scale, counts.only_b * scale
    neither = counts.neither * scale
    a, b = both + only_a, both + only_b
    agreement = both * neither - only_a * only_b
    if agreement > 0:
        agreement = max(agreement - size / 2, 0.0)
    spread = math.sqrt(a * (only_b + neither)) * math.sqrt(b * (only_a + neither))
    low, high = _bounds(
        _enclosed(a, size, level=level),
        _enclosed(b, size, level=level),
        correlation=agreement / spread if spread > 0 else 0.0,
    )
    value = (counts.only_a - counts.only_b) / counts.n
    return Estimate(value=value, low=low, high=high, level=level, method=method, n=counts.n, effective_n=size)


def _bounds(a: tuple[float, float, float], b: tuple[float, float, float], *, correlation: float) -> tuple[float, float]:
    """Return the bounds of the difference of two numbers, each given as value, low and high."""
    (p, low_p, high_p), (q, low_q, high_q) = a, b
    below = square_and_add(p - low_p, high_q - q, correlation=correlation)
    above = square_and_add(high_p - p, q - low_q, correlation=correlation)
    return max(-1.0, p - q - below), min(1.0, p - q + above)


def _enclosed(count: float, n: float, *, level: float) -> tuple[float, float, float]:
    """Return a share with its Wilson interval, which holds it whatever rounding does."""
    p, (low, high) = count / n, wilson(count, n, level=level)
    return p, max(0.0, min(low, p)), min(1.0, max(high, p))
