"""What happens if cases of low confidence go to an expert: error and missed tumours against the share referred."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import group_numbers, read_predictions
from neuroval.analysis.core.proportions import RateMethod, share_of
from neuroval.data.exceptions import InputError

ASSUMPTION: Final = (
    "The overall numbers assume that the expert reads every referred case correctly. No expert does, so they are a "
    "best case."
)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskCoverage:
    """What is left at each threshold, from referring nobody to keeping only the most confident cases.

    ``threshold`` (m,) are the distinct confidences, ascending: cases below are referred, the ``kept`` (m,) others are
    read by the classifier, with ``errors`` (m,) wrong. ``kept_tumours`` (m,) and ``missed`` (m,), of them called
    negative, are none without a negative class. All arrays are read-only. ``aurc`` is the area under the error rate
    over coverage, lower is better.
    """

    n: int
    tumours: int | None
    threshold: Floats
    kept: Counts
    errors: Counts
    kept_tumours: Counts | None
    missed: Counts | None
    aurc: Estimate
    assumption: str = ASSUMPTION

    @property
    def referred_share(self) -> Floats:
        """Share of all cases that goes to the expert, (m,)."""
        return (self.n - self.kept) / max(self.n, 1)

    @property
    def kept_error_rate(self) -> Floats:
        """Share of errors among the kept cases, (m,)."""
        return self.errors / self.kept

    @property
    def overall_error_rate(self) -> Floats:
        """Share of errors among all cases, referred ones taken as read correctly, (m,)."""
        return self.errors / max(self.n, 1)

    @property
    def kept_missed_share(self) -> Floats | None:
        """Share of missed tumours among the kept cases, (m,): a part of the errors, and over the same cases."""
        return None if self.missed is None else self.missed / self.kept

    @property
    def overall_missed_rate(self) -> Floats | None:
        """Share of missed tumours among all tumours, referred ones taken as found, (m,); none without tumours."""
        return None if self.missed is None or not self.tumours else self.missed / self.tumours


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """What referring all cases with a confidence below ``threshold`` does.

    ``error_rate`` and ``missed_tumours`` are of all cases before any is referred, ``kept_*`` of the cases that the
    classifier still reads, ``overall_*`` of all cases, with referred ones taken as read correctly (``assumption``).
    Missed tumours are those called negative, of all or the kept tumours; none without a negative class.
    """

    threshold: float
    referred: Measure
    error_rate: Measure
    missed_tumours: Measure | None
    kept_error_rate: Measure
    kept_missed_tumours: Measure | None
    overall_error_rate: Measure
    overall_missed_tumours: Measure | None
    assumption: str = ASSUMPTION


def risk_coverage(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
) -> RiskCoverage:
    """Return the risk-coverage curve over all thresholds on the confidence, with the area under it.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k). Cases of equal confidence are kept or referred
    together. The area is the mean over i = 1 ... n of the error rate among the i most confident cases; where i cuts
    through equal confidences it takes the expected number of errors over all orders of them, so the order of cases
    has no influence. Without cases the curve is empty and the area undefined. Raises ``InputError`` as
    ``read_predictions`` does.

    Sources: El-Yaniv & Wiener, J Mach Learn Res 2010;11:1605-1641; Geifman & El-Yaniv, NeurIPS 2017;30:4878-4887;
    Geifman, Uziel & El-Yaniv, ICLR 2019 (area).
    """
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    order = np.argsort(cases.confidence)
    ordered = cases.confidence[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if cases.n else np.zeros(0, np.int64)

    def from_each_start(happened: NDArray[np.bool_]) -> Counts:
        above = np.cumsum(happened[order][::-1])[::-1]
        return _read_only(above[starts].astype(np.int64))

    kept = _read_only((cases.n - starts).astype(np.int64))
    errors = from_each_start(~cases.correct)
    tumour, missed = cases.tumour, cases.missed
    return RiskCoverage(
        n=cases.n,
        tumours=None if tumour is None else int(tumour.sum()),
        threshold=_read_only(ordered[starts]),
        kept=kept,
        errors=errors,
        kept_tumours=None if tumour is None else from_each_start(tumour),
        missed=None if missed is None else from_each_start(missed),
        aurc=_area(kept[::-1], errors[::-1], n=cases.n),
    )


def refer_below(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    threshold: float,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> Referral:
    """Return what referring every case with a confidence below ``threshold`` does; 0 refers nobody.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). Confidence is
    compared as it is, never rounded. Rates carry the interval ``method`` and, where groups hold several cases, the
    cluster-adjusted one beside it; they are undefined where no case is left. The interval says nothing about the
    choice of the threshold on the same cases. Raises ``InputError`` as ``read_predictions`` does and for a threshold
    outside [0, 1].

    Source: El-Yaniv & Wiener, J Mach Learn Res 2010;11:1605-1641.
    """
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold: {threshold} must be at least 0 and at most 1.")
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    numbers = group_numbers(groups, n=cases.n)
    kept = cases.confidence >= threshold
    everything = np.ones(cases.n, dtype=np.bool_)
    tumour, missed, wrong = cases.tumour, cases.missed, ~cases.correct

    def rate(happened: NDArray[np.bool_], among: NDArray[np.bool_]) -> Measure:
        owner = None if numbers is None else numbers[among]
        return share_of(happened[among], groups=owner, method=method, level=level)

    all_missed, kept_missed, overall_missed = None, None, None
    if tumour is not None and missed is not None:
        all_missed = rate(missed, tumour)
        kept_missed, overall_missed = rate(missed, kept & tumour), rate(missed & kept, tumour)
    return Referral(
        threshold=threshold,
        referred=rate(~kept, everything),
        error_rate=rate(wrong, everything),
        missed_tumours=all_missed,
        kept_error_rate=rate(wrong, kept),
        kept_missed_tumours=kept_missed,
        overall_error_rate=rate(wrong & kept, everything),
        overall_missed_tumours=overall_missed,
    )


def _area(kept: Counts, errors: Counts, *, n: int) -> Estimate:
    if n == 0:
        return Estimate.undefined(reason=Reason("no_cases"), n=0)
    coverage = np.arange(1, n + 1)
    expected = np.interp(coverage, np.concatenate([[0], kept]), np.concatenate([[0], errors]))
    value = float((expected / coverage).mean())
    return Estimate(value=value, method=Method("mean_error_over_coverage"), n=n, reason=Reason("no_interval_given"))


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
