"""Does 90% mean 90%? Reliability: what was predicted and what was observed, in bins of probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.probabilities import BINS, Scheme, assign_bins, group_numbers, read_predictions
from neuroval.analysis.core.proportions import RateMethod, check_level, clustered_totals, proportion

TOP_LABEL: Final = "top label"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """The cases whose probability lies between ``low`` and ``high``: what was predicted and what was observed.

    ``mean_probability`` is none and ``observed`` undefined in a bin without cases.
    """

    low: float
    high: float
    n: int
    mean_probability: float | None
    observed: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityCurve:
    """All bins in order, empty ones included.

    For the top label, the probability is the confidence and what is observed is the accuracy; for a class, they are
    its probability and the share of its reference cases.
    """

    name: str
    scheme: Scheme
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The reliability curves of the top label and of each class, in the order of the classes."""

    top_label: ReliabilityCurve
    classes: tuple[ReliabilityCurve, ...]


def reliability(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    bins: int = BINS,
    scheme: Scheme = "equal-width",
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> Reliability:
    """Return the reliability curves of the top label and of each class.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``groups`` a group id per case (n,). Observed
    shares carry the interval ``method`` and, where groups hold several cases, the cluster-adjusted one beside it.
    ``assign_bins`` says where bins begin. Raises ``InputError`` as ``read_predictions`` and ``assign_bins`` do.

    Sources: Guo et al., ICML 2017, PMLR 70:1321-1330 (top label); Zadrozny & Elkan, KDD 2002:694-699 (by class).
    """
    check_level(level)
    cases = read_predictions(reference, probabilities, classes=classes)
    numbers = group_numbers(groups, n=cases.n)

    def curve(name: str, happened: NDArray[np.bool_], probability: NDArray[np.float64]) -> ReliabilityCurve:
        bin_of, edges = assign_bins(probability, bins=bins, scheme=scheme)
        observed = _shares(happened, bin_of, bins=bins, numbers=numbers, method=method, level=level)
        size = np.bincount(bin_of, minlength=bins)
        mean = np.bincount(bin_of, weights=probability, minlength=bins) / np.maximum(size, 1)
        return ReliabilityCurve(
            name=name,
            scheme=scheme,
            bins=tuple(
                ReliabilityBin(
                    low=float(edges[index]),
                    high=float(edges[index + 1]),
                    n=int(size[index]),
                    mean_probability=float(mean[index]) if size[index] else None,
                    observed=observed[index],
                )
                for index in range(bins)
            ),
        )

    return Reliability(
        top_label=curve(TOP_LABEL, cases.correct, cases.confidence),
        classes=tuple(
            curve(name, cases.reference == index, cases.probabilities[:, index]) for index, name in enumerate(classes)
        ),
    )


def _shares(
    happened: NDArray[np.bool_],
    bin_of: NDArray[np.int64],
    *,
    bins: int,
    numbers: NDArray[np.int64] | None,
    method: RateMethod,
    level: float,
) -> list[Measure]:
    """Return ``share_of`` for each bin, with the groups of all bins counted at once."""
    size = np.bincount(bin_of, minlength=bins)
    count = np.bincount(bin_of[happened], minlength=bins)
    plain = [
        proportion(hits, total, method=method, level=level)
        for hits, total in zip(count.tolist(), size.tolist(), strict=True)
    ]
    if numbers is None or not len(numbers):
        return [Measure(plain=estimate) for estimate in plain]
    held = int(numbers.max()) + 1
    cell = bin_of * held + numbers
    sizes = np.bincount(cell, minlength=bins * held).reshape(bins, held)
    hits_by_group = np.bincount(cell[happened], minlength=bins * held).reshape(bins, held)
    measures = []
    for estimate, hits, total in zip(plain, hits_by_group, sizes, strict=True):
        filled = total > 0
        several = bool((total > 1).any())  # else every group is a single case: there is nothing to adjust for
        ones = np.ones(int(filled.sum()), dtype=np.int64)
        clustered = clustered_totals(hits[filled], total[filled], number=ones, level=level) if several else None
        measures.append(Measure(plain=estimate, clustered=clustered))
    return measures
