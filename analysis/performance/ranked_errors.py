"""The cases the classifier got wrong, the most confident first."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import RateMethod, share_of
from neuroval.data.exceptions import InputError

_T = TypeVar("_T")

Tier = Literal["high", "review", "expert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCase:
    """A case whose argmax class is not its reference class; ``confidence`` is its largest probability."""

    case_id: str
    reference: str
    predicted: str
    confidence: float
    reference_probability: float
    tier: Tier

    @property
    def high_confidence(self) -> bool:
        return self.tier == "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """All errors among ``n`` cases with the rate of errors and of high-confidence errors, both of all cases.

    With no error the interval of 0/n still says how large the error rate may be. ``high`` and ``review`` are the
    confidences at which the tiers begin.
    """

    n: int
    cases: tuple[ErrorCase, ...]
    rate: Measure
    high_confidence_rate: Measure
    high: float
    review: float

    @property
    def count(self) -> int:
        return len(self.cases)

    @property
    def high_confidence_count(self) -> int:
        return sum(case.high_confidence for case in self.cases)


def tier_of(confidence: float, *, high: float = 0.90, review: float = 0.80) -> Tier:
    """Return "high" from ``high`` on, "review" from ``review`` on, "expert" below."""
    if confidence >= high:
        return "high"
    return "review" if confidence >= review else "expert"


def rank_errors(
    case_ids: Sequence[str] | NDArray[Any],
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    high: float = 0.90,
    review: float = 0.80,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> Errors:
    """Return the errors ranked by confidence, largest first, equal ones by case id.

    ``case_ids`` (n,), ``reference`` (n,) class indices, ``probabilities`` (n, k), ``groups`` a group id per case
    (n,). An error is a wrong argmax (ties go to the lower index); confidence is compared with the thresholds as it
    is, never rounded. Rates carry the interval ``method`` and, where groups hold several cases, the cluster-adjusted
    one beside it; they are undefined without cases. Raises ``InputError`` for lengths that differ or thresholds out
    of order.
    """
    if not 0 <= review <= high <= 1:
        raise InputError(f"thresholds: expected 0 <= review <= high <= 1, found review {review} and high {high}.")
    if not len(case_ids) == len(reference) == len(probabilities) or probabilities.shape[1:] != (len(classes),):
        raise InputError(
            f"errors: expected n case ids, n reference indices and probabilities of shape (n, {len(classes)}), "
            f"found {len(case_ids)}, {len(reference)} and {probabilities.shape}."
        )
    predicted = predicted_class(probabilities)
    wrong = np.flatnonzero(predicted != reference)
    ids = np.asarray(case_ids)[wrong].astype(np.str_)
    confidence = probabilities[wrong, predicted[wrong]]
    order = np.lexsort((ids, -confidence))
    ranked = wrong[order]
    cases = tuple(
        ErrorCase(
            case_id=case_id,
            reference=classes[truth],
            predicted=classes[called],
            confidence=largest,
            reference_probability=of_reference,
            tier=tier_of(largest, high=high, review=review),
        )
        for case_id, truth, called, largest, of_reference in zip(
            ids[order].tolist(),
            reference[ranked].tolist(),
            predicted[ranked].tolist(),
            confidence[order].tolist(),
            probabilities[ranked, reference[ranked]].tolist(),
            strict=True,
        )
    )
    high_confidence = np.zeros(len(predicted), dtype=np.bool_)
    high_confidence[ranked] = confidence[order] >= high
    rates = [
        share_of(happened, groups=groups, method=method, level=level)
        for happened in (predicted != reference, high_confidence)
    ]
    return Errors(n=len(predicted), cases=cases, rate=rates[0], high_confidence_rate=rates[1], high=high, review=review)


def collapsed(cases: Sequence[ErrorCase], *, image_of: Mapping[str, object]) -> tuple[tuple[ErrorCase, int], ...]:
    """Return each error once with the number of its copies, itself included, in the order of ``cases``.

    ``image_of`` names by case id the image that a case shows. Errors of one image count as copies when reference
    and predicted class agree too; the first, which is the most confident, stands for all.
    """
    kinds = [(image_of[case.case_id], case.reference, case.predicted) for case in cases]
    return once_each(cases, kinds)


def once_each(cases: Sequence[_T], kinds: Sequence[Hashable]) -> tuple[tuple[_T, int], ...]:
    """Return the first case of each kind with the number of cases of that kind, in the order of ``cases``."""
    number = Counter(kinds)
    first = dict(zip(reversed(kinds), reversed(cases), strict=True))
    return tuple((first[kind], number[kind]) for kind in dict.fromkeys(kinds))
