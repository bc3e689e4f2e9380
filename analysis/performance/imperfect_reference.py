"""How far sensitivity and specificity may be off because labels are wrong: a range beside the headline.

A reference standard with errors makes a classifier look worse where the errors of both are independent, and better
where they are shared, as they are when both are misled by the same scan. Which it is cannot be seen in the counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.data.exceptions import InputError

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLabels:
    """How many labels that say it is there are wrong, and how many that say it is not. Need not be whole numbers."""

    positive: float
    negative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRange:
    """A rate as it is with the labels there are, ``observed``, and what it may be with so many of them wrong.

    From ``low``, every wrong label agrees with the call, to ``high``, every one contradicts it. ``independent`` is the
    value when the errors of labels and calls have nothing to do with each other; none where the counts rule that out.
    All are none without cases.
    """

    observed: float | None
    low: float | None
    high: float | None
    independent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImperfectReference:
    """A two-class question, by name, with so many wrong labels: ``prevalence`` is then that of the condition.

    Without an estimate of the wrong labels everything is none, with the reason.
    """

    name: str
    wrong: WrongLabels | None
    prevalence: float | None
    sensitivity: RateRange | None
    specificity: RateRange | None
    reason: Reason | None = None


def wrong_labels(counts: TwoByTwo, *, sensitivity: float, specificity: float) -> WrongLabels:
    """Return how many labels are wrong when the reference has this ``sensitivity`` and ``specificity``.

    The prevalence is the Rogan-Gladen estimate (labelled + specificity - 1) / (sensitivity + specificity - 1). Raises
    ``InputError`` for rates outside 0 to 1, rates no better than chance, and rates that these labels rule out.

    Source: Rogan & Gladen, Am J Epidemiol 1978;107:71-76.
    """
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1 and sensitivity + specificity > 1):
        raise InputError(
            f"reference: sensitivity {sensitivity} and specificity {specificity} must be from 0 to 1 and together "
            "above 1, which guessing has."
        )
    if not counts.n:
        return WrongLabels(positive=0.0, negative=0.0)
    labelled = (counts.tp + counts.fn) / counts.n
    prevalence = (labelled + specificity - 1) / (sensitivity + specificity - 1)
    if not 0 <= prevalence <= 1:
        raise InputError(
            f"reference: a share of {labelled:.3f} labelled positive is not possible with sensitivity {sensitivity} "
            f"and specificity {specificity}; the prevalence would be {prevalence:.3f}."
        )
    return WrongLabels(
        positive=counts.n * (1 - prevalence) * (1 - specificity), negative=counts.n * prevalence * (1 - sensitivity)
    )


def estimated_wrong(
    confident_joint: NDArray[np.integer[Any]], support: NDArray[np.integer[Any]], *, positive: NDArray[np.bool_]
) -> WrongLabels | None:
    """Return how many labels are wrong by confident learning, for the classes that a question is after.

    ``confident_joint`` (k, k) counts confident cases, rows label, columns the class they are confidently in;
    ``support`` (k,) are the labels that are judged, ``positive`` (k,) says which classes the question is after. A wrong
    label counts where label and class lie on different sides. None where a class with labels has no confident case.

    Source: Northcutt, Jiang & Chuang, J Artif Intell Res 2021;70:1373-1411 (equation 3: rows scaled to the labels).
    """
    rows = confident_joint.sum(axis=1)
    if (rows[support > 0] == 0).any():
        return None
    share = np.divide(confident_joint, rows[:, None], out=np.zeros(confident_joint.shape), where=rows[:, None] > 0)
    crossing = share[:, positive].sum(axis=1)
    return WrongLabels(
        positive=float(support[positive] @ (share[positive][:, ~positive].sum(axis=1))),
        negative=float(support[~positive] @ crossing[~positive]),
    )


def under_label_error(counts: TwoByTwo, wrong: WrongLabels, *, name: str) -> ImperfectReference:
    """Return what sensitivity and specificity may be when so many of the labels are wrong.

    Raises ``InputError`` for more wrong labels than there are.

    Sources: Rogan & Gladen, Am J Epidemiol 1978;107:71-76 (prevalence); Gart & Buck, Am J Epidemiol 1966;83:593-602
    (rates when errors are independent). The range is what the counts allow.
    """
    positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
    if not (0 <= wrong.positive <= positives + ROUNDING and 0 <= wrong.negative <= negatives + ROUNDING):
        raise InputError(
            f"{name}: {wrong.positive:g} of {positives} and {wrong.negative:g} of {negatives} labels cannot be wrong."
        )
    mirrored = TwoByTwo(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    ill = positives - wrong.positive + wrong.negative
    return ImperfectReference(
        name=name,
        wrong=wrong,
        prevalence=ill / counts.n if counts.n else None,
        sensitivity=_range(counts, wrong.positive, wrong.negative),
        specificity=_range(mirrored, wrong.negative, wrong.positive),
    )


def nothing_known(name: str, reason: Reason) -> ImperfectReference:
    """Return that it is not known how many labels are wrong."""
    return ImperfectReference(name=name, wrong=None, prevalence=None, sensitivity=None, specificity=None, reason=reason)


def _range(counts: TwoByTwo, leaving: float, joining: float) -> RateRange:
    """Return the range of a sensitivity when ``leaving`` labels are wrongly positive and ``joining`` wrongly not."""
    positives = counts.tp + counts.fn
    ill = positives - leaving + joining
    observed = counts.tp / positives if positives else None
    if ill <= ROUNDING:
        return RateRange(observed=observed, low=None, high=None, independent=None)
    low = (counts.tp - min(leaving, counts.tp) + max(0.0, joining - counts.tn)) / ill
    high = (counts.tp - max(0.0, leaving - counts.fn) + min(joining, counts.fp)) / ill
    independent = _independent(counts, leaving, joining, ill)
    if independent is not None and not low - ROUNDING <= independent <= high + ROUNDING:
        independent = None  # it would take more errors in a cell than the cell holds
    return RateRange(observed=observed, low=low, high=high, independent=independent)


def _independent(counts: TwoByTwo, leaving: float, joining: float, ill: float) -> float | None:
    well = counts.n - ill
    sensitivity = 1 - joining / ill
    specificity = 1 - leaving / well if well > ROUNDING else 1.0
    beyond_chance = sensitivity + specificity - 1
    if beyond_chance <= ROUNDING:
        return None
    called = (specificity * counts.tp - (1 - specificity) * counts.fp) / beyond_chance
    rate = called / ill
    return min(1.0, max(0.0, rate)) if -ROUNDING <= rate <= 1 + ROUNDING else None


def ranges(
    tables: Mapping[str, tuple[TwoByTwo, NDArray[np.bool_]]],
    confident_joint: NDArray[np.integer[Any]],
    support: NDArray[np.integer[Any]],
) -> dict[str, ImperfectReference]:
    """Return for each question, its counts and the classes (k,) it is after, the ranges by confident learning."""
    by_name = {}
    for name, (counts, positive) in tables.items():
        wrong = estimated_wrong(confident_joint, support, positive=positive)
        if wrong is None:
            by_name[name] = nothing_known(name, Reason("not_known"))
        else:
            by_name[name] = under_label_error(counts, wrong, name=name)
    return by_name
