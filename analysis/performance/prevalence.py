"""What a call means where the scans are read: PPV and NPV at another prevalence, and as whole numbers of scans."""

import math
from dataclasses import dataclass

from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level
from neuroval.data.exceptions import InputError

LOGIT = Method("logit_mercaldo")
ADJUSTED_LOGIT = Method("adjusted_logit_mercaldo")
Sizes = tuple[float, float]  # cases with and without the condition

NO_POSITIVES = Reason("no_reference_cases_with_condition")
NO_NEGATIVES = Reason("no_reference_cases_without_condition")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveValues:
    """PPV and NPV where ``prevalence`` of the scans have the condition."""

    prevalence: float
    ppv: Measure
    npv: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalFrequencies:
    """Of ``scans`` at ``prevalence``: how many have the condition, and what becomes of them. Whole numbers that add up.

    ``positives`` = ``found`` + ``missed`` have the condition, ``negatives`` = ``false_alarms`` + ``cleared`` do not.
    A pair is none when its rate is not estimable, with the reason.
    """

    scans: int
    prevalence: float
    positives: int
    negatives: int
    found: int | None
    missed: int | None
    false_alarms: int | None
    cleared: int | None
    reason: Reason | None = None

    @property
    def called(self) -> int | None:
        """Scans that are called positive, rightly or not."""
        return None if self.found is None or self.false_alarms is None else self.found + self.false_alarms


def predictive_values(
    counts: TwoByTwo,
    *,
    prevalence: float,
    effective_positives: float | None = None,
    effective_negatives: float | None = None,
    level: float = 0.95,
) -> PredictiveValues:
    """Return PPV and NPV at ``prevalence``, which lies above 0 and below 1, with their logit intervals.

    Sensitivity and specificity come from ``counts``; the prevalence is taken as known. The interval is the standard
    logit. Where that is not defined, it is the adjusted logit (z^2 / 2 successes and as many failures added to both
    rates) and the method says so: for the PPV without true or without false positives, for the NPV without true
    or without false negatives, and for the one that is there when all cases are called alike. The other of the two
    keeps the standard logit, which covers better wherever it is defined. The value stays the observed one: an adjusted
    interval that ends short of it is extended to it. Undefined without cases that have the condition or without cases
    that do not, and for a call that was never made.

    Where cases come in groups, pass the effective number of cases with and without the condition (n / design effect,
    at most n; one that is left out is n): the same interval on these is ``clustered``, beside ``plain``. Raises
    ``InputError`` for a prevalence, effective number or level out of range.

    Source: Mercaldo, Lau & Zhou, Stat Med 2007;26:2170-2183, equations 8 to 11 and table II (adjusted).
    """
    check_level(level)
    _check_prevalence(prevalence)
    positives, negatives = counts.tp + counts.fn, counts.tn + counts.fp
    plain = _both(counts, prevalence, sizes=(positives, negatives), effective=None, level=level)
    if effective_positives is None and effective_negatives is None:
        return PredictiveValues(prevalence=prevalence, ppv=Measure(plain=plain[0]), npv=Measure(plain=plain[1]))
    sizes = _effective(effective_positives, positives), _effective(effective_negatives, negatives)
    wider = _both(counts, prevalence, sizes=sizes, effective=sizes, level=level)
    ppv, npv = (
        Measure(plain=estimate, clustered=other if estimate.defined else None)
        for estimate, other in zip(plain, wider, strict=True)
    )
    return PredictiveValues(prevalence=prevalence, ppv=ppv, npv=npv)


def natural_frequencies(counts: TwoByTwo, *, prevalence: float, scans: int = 1000) -> NaturalFrequencies:
    """Return what becomes of ``scans`` scans at ``prevalence`` (above 0, below 1) with the rates seen in ``counts``.

    Scans are first split by the prevalence, then each part by its rate, so that a reader can follow it from left to
    right; each split is rounded by the largest remainder, and of equal remainders the condition, the miss and the
    false alarm are counted. Found and missed are none without cases that have the condition, false alarms and cleared
    without cases that do not. Raises ``InputError`` for a prevalence out of range or fewer than 1 scan.

    Source: Hoffrage & Gigerenzer, Acad Med 1998;73:538-540 (natural frequencies).
    """
    _check_prevalence(prevalence)
    if scans < 1:
        raise InputError(f"scans: {scans} must be 1 or more.")
    positives = math.floor(scans * prevalence + 0.5)
    missed = _share(positives, counts.fn, counts.tp + counts.fn)
    false_alarms = _share(scans - positives, counts.fp, counts.fp + counts.tn)
    reason = NO_POSITIVES if missed is None else None
    if false_alarms is None:
        reason = NO_NEGATIVES if reason is None else Reason("both", first=NO_POSITIVES, second=NO_NEGATIVES)
    return NaturalFrequencies(
        scans=scans,
        prevalence=prevalence,
        positives=positives,
        negatives=scans - positives,
        found=None if missed is None else positives - missed,
        missed=missed,
        false_alarms=false_alarms,
        cleared=None if false_alarms is None else scans - positives - false_alarms,
        reason=reason,
    )


def _share(scans: int, errors: int, n: int) -> int | None:
    # In whole numbers: a float could put a tie on either side. Of two parts, the largest remainder is rounding.
    return (2 * scans * errors + n) // (2 * n) if n else None


def _both(
    counts: TwoByTwo, prevalence: float, *, sizes: Sizes, effective: Sizes | None, level: float
) -> tuple[Estimate, Estimate]:
    """Return PPV and NPV with the interval that ``sizes`` cases with and without the condition give.

    ``effective`` are these sizes when they are effective ones, which the method then says.
    """
    if counts.tp + counts.fn == 0 or counts.tn + counts.fp == 0:
        nothing = Estimate.undefined(reason=NO_POSITIVES if counts.tp + counts.fn == 0 else NO_NEGATIVES, n=counts.n)
        return nothing, nothing
    shares = (prevalence, 1 - prevalence)
    # NPV is the PPV of the mirrored question: is the condition absent?
    mirrored = TwoByTwo(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    if counts.tp + counts.fp:
        ppv = _ppv(counts, shares=shares, sizes=sizes, effective=effective, level=level)
    else:
        ppv = Estimate.undefined(reason=Reason("none_called_positive"), n=counts.n)
    if mirrored.tp + mirrored.fp:
        npv = _ppv(mirrored, shares=shares[::-1], sizes=sizes[::-1], effective=effective, level=level)
    else:
        npv = Estimate.undefined(reason=Reason("none_called_negative"), n=counts.n)
    return ppv, npv


def _ppv(
    counts: TwoByTwo, *, shares: tuple[float, float], sizes: Sizes, effective: Sizes | None, level: float
) -> Estimate:
    """Return the PPV when ``shares`` of the scans and ``sizes`` of the cases are with and without the condition."""
    z = normal_quantile(level)
    # All called positive: both rates are certain as far as their variances go, and the standard logit has no width.
    not_defined = 0 in (counts.tp, counts.fp) or counts.fn == counts.tn == 0
    added = z * z if not_defined else 0.0
    sensitivity, specificity = counts.tp / (counts.tp + counts.fn), counts.tn / (counts.tn + counts.fp)
    n1, n0 = sizes[0] + added, sizes[1] + added
    se, sp = (sensitivity * sizes[0] + added / 2) / n1, (specificity * sizes[1] + added / 2) / n0
    odds = math.log(shares[0]) - math.log(shares[1])
    centre = math.log(se) - math.log(1 - sp) + odds
    half = z * math.sqrt((1 - se) / (se * n1) + sp / ((1 - sp) * n0))
    low, high = float(special.expit(centre - half)), float(special.expit(centre + half))
    if counts.tp and counts.fp:
        value = float(special.expit(math.log(sensitivity) - math.log(1 - specificity) + odds))
    else:
        value = float(counts.tp > 0)
    method = ADJUSTED_LOGIT if not_defined else LOGIT
    if effective is not None:
        method = Method("on_effective_sizes", method=method, positives=effective[0], negatives=effective[1])
    return Estimate(value=value, low=min(low, value), high=max(high, value), level=level, method=method, n=counts.n)


def _effective(size: float | None, n: int) -> float:
    if size is None:
        return float(n)
    if not 0 <= size <= n * (1 + 1e-9) or (size == 0) != (n == 0):
        raise InputError(f"effective number of cases: {size} must be above 0 and at most n, which is {n}.")
    return size


def _check_prevalence(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise InputError(f"prevalence: {prevalence} must be above 0 and below 1, for example 0.03.")
