"""Which class is taken for which other, how often, and what it costs. Everything here rests on argmax."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import RateMethod, clustered_totals, proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionPair:
    """How often one reference class is taken for another; ``rate`` is the share of the reference class's cases."""

    reference: str
    predicted: str
    count: int
    rate: Measure


def confusion_pairs(
    matrix: ConfusionMatrix, *, types: GroupTypes | None = None, method: RateMethod = "wilson", level: float = 0.95
) -> tuple[ConfusionPair, ...]:
    """Return all k (k - 1) ways to be wrong, the most frequent first, then by upper bound of the rate.

    ``types`` are the groups behind the matrix; with groups of several cases the cluster-adjusted interval stands
    beside the plain one. Pairs that never occurred are listed too: in a small class their upper bound says how often
    they still might. A rate is undefined when the reference class has no cases; such pairs come last, in class order.
    """
    adjusted = None if types is None or types.groups == types.cases else types
    pairs = [
        ConfusionPair(
            reference=reference,
            predicted=predicted,
            count=int(matrix.counts[row, column]),
            rate=_rate(matrix, adjusted, row=row, column=column, method=method, level=level),
        )
        for row, reference in enumerate(matrix.classes)
        for column, predicted in enumerate(matrix.classes)
        if row != column
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, -_bound(pair))))


def ranked_by_harm(
    pairs: Sequence[ConfusionPair], *, harm: Sequence[Sequence[float]], classes: Sequence[str]
) -> tuple[ConfusionPair, ...]:
    """Return the pairs by harm times the upper bound of their rate, the worst first; harm 0 comes last.

    ``harm`` (k, k) has the order of ``classes``, rows reference. The bound is that of the wider interval. Without
    harm the pairs come by count, then by upper bound.
    """

    def cost(pair: ConfusionPair) -> tuple[float, float]:
        if not harm:
            return pair.count, _bound(pair)
        return harm[classes.index(pair.reference)][classes.index(pair.predicted)] * _bound(pair), pair.count

    return tuple(sorted(pairs, key=cost, reverse=True))


def _bound(pair: ConfusionPair) -> float:
    return pair.rate.headline.high or 0.0


def _rate(
    matrix: ConfusionMatrix, types: GroupTypes | None, *, row: int, column: int, method: RateMethod, level: float
) -> Measure:
    support = matrix.support[row]
    if support == 0:
        return Measure(plain=Estimate.undefined(reason=Reason("no_reference_cases", of=matrix.classes[row]), n=0))
    plain = proportion(int(matrix.counts[row, column]), support, method=method, level=level)
    if types is None:
        return Measure(plain=plain)
    among = np.zeros_like(matrix.counts, dtype=np.bool_)
    success = among.copy()
    among[row], success[row, column] = True, True
    clustered = clustered_totals(types.totals(success), types.totals(among), number=types.number, level=level)
    return Measure(plain=plain, clustered=clustered)
