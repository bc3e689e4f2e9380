"""Confidence tiers: how many cases each holds, how often the classifier is right there, and what it misses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.probabilities import group_numbers, read_predictions
from neuroval.analysis.core.proportions import RateMethod, share_of
from neuroval.analysis.performance.ranked_errors import Tier
from neuroval.data.exceptions import InputError

TIERS: Final[tuple[Tier, ...]] = get_args(Tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPerformance:
    """The cases with ``at_least`` <= confidence < ``below`` (none: no upper limit).

    ``share`` is of all cases, ``accuracy`` of the tier's cases. ``missed_tumours`` is of the tier's tumours the share
    that argmax calls negative; none without a negative class. Undefined where the tier holds none.
    """

    tier: Tier
    at_least: float
    below: float | None
    share: Measure
    accuracy: Measure
    missed_tumours: Measure | None


def tier_numbers(
    confidence: NDArray[np.floating[Any]], *, high: float = 0.90, review: float = 0.80
) -> NDArray[np.int64]:
    """Return the position in ``TIERS`` of the tier of each ``confidence`` (n,): ``tier_of`` for arrays.

    Confidence is compared in double precision as it is, never rounded; a tier begins at its limit. Raises
    ``InputError`` for limits out of order.
    """
    if not 0 <= review <= high <= 1:
        raise InputError(f"thresholds: expected 0 <= review <= high <= 1, found review {review} and high {high}.")
    exact = np.asarray(confidence, dtype=np.float64)
    return (exact < high).astype(np.int64) + (exact < review)


def confidence_tiers(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    high: float = 0.90,
    review: float = 0.80,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> tuple[TierPerformance, ...]:
    """Return share, accuracy and missed tumours of the tiers high, review and expert, in this order.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). The tier
    rests on the confidence, accuracy and misses on argmax. Rates carry the interval ``method`` and, where groups hold
    several cases, the cluster-adjusted one beside it. Raises ``InputError`` as ``read_predictions`` and
    ``tier_numbers`` do.
    """
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    numbers = group_numbers(groups, n=cases.n)
    tier_of_case = tier_numbers(cases.confidence, high=high, review=review)
    correct, tumour, missed = cases.correct, cases.tumour, cases.missed

    def rate(happened: NDArray[np.bool_], among: NDArray[np.bool_]) -> Measure:
        owner = None if numbers is None else numbers[among]
        return share_of(happened[among], groups=owner, method=method, level=level)

    everything = np.ones(cases.n, dtype=np.bool_)
    limits: tuple[tuple[float, float | None], ...] = ((high, None), (review, high), (0.0, review))
    tiers_found = []
    for index, (tier, (at_least, below)) in enumerate(zip(TIERS, limits, strict=True)):
        in_tier = tier_of_case == index
        tiers_found.append(
            TierPerformance(
                tier=tier,
                at_least=at_least,
                below=below,
                share=rate(in_tier, everything),
                accuracy=rate(correct, in_tier),
                missed_tumours=None if tumour is None or missed is None else rate(missed, in_tier & tumour),
            )
        )
    return tuple(tiers_found)
