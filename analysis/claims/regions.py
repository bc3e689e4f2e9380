"""All counts of a two-class question that a printed rate leaves possible: exact, over every usual rounding.

With the numbers of positives and negatives known, the counts are settled by the false negatives and the false
positives. A region holds, for each number of false negatives, the range of false positives that is left. A rate
without a denominator (0 / 0) has no value; whatever is printed for it is then possible.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.claims.rounding import allowed, counts_that_fit
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.data.claims.printed_number import Printed

Ints = NDArray[np.int64]
Number = TypeVar("Number", int, NDArray[np.int64])

MOST_POSITIVES: Final = 200_000  # beyond these sizes nothing is searched, and so nothing is ruled out
MOST_NEGATIVES: Final = 10**9
FINEST: Final = 10**11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """The possible false positives, ``low`` to ``high`` (m + 1,), for 0 to m false negatives; none if low > high.

    ``negatives`` is the number of cases that are not of the class, m that of those that are.
    """

    negatives: int
    low: Ints
    high: Ints

    @property
    def positives(self) -> int:
        return len(self.low) - 1

    @property
    def possible(self) -> bool:
        return bool((self.low <= self.high).any())

    @property
    def held(self) -> Ints:
        """The numbers of false negatives that are possible."""
        return np.flatnonzero(self.low <= self.high)

    @property
    def fn(self) -> tuple[int, int]:
        """The least and the greatest number of false negatives that is possible; there must be one."""
        held = self.held
        return int(held[0]), int(held[-1])

    @property
    def fp(self) -> tuple[int, int]:
        """The least and the greatest number of false positives that is possible; there must be one."""
        held = self.held
        return int(self.low[held].min()), int(self.high[held].max())

    @property
    def differences(self) -> list[tuple[int, int]]:
        """What false positives less false negatives can be, as few ranges in order."""
        held = self.held
        low, high = self.low[held] - held, self.high[held] - held
        order = np.argsort(low)
        low, reach = low[order], np.maximum.accumulate(high[order])
        starts = np.flatnonzero(np.concatenate([[True], low[1:] > reach[:-1] + 1]))
        ends = np.append(starts[1:], len(low)) - 1
        return list(zip(low[starts].tolist(), reach[ends].tolist(), strict=True))

    @property
    def size(self) -> int:
        """The number of possible pairs of false negatives and false positives."""
        return int(np.maximum(self.high - self.low + 1, 0).sum())

    def members(self) -> Iterator[TwoByTwo]:
        """Yield all possible counts."""
        for fn in self.held.tolist():
            for fp in range(int(self.low[fn]), int(self.high[fn]) + 1):
                yield self.counts(fn, fp)

    def __and__(self, other: "Region") -> "Region":
        """Return what both leave possible."""
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return Region(negatives=self.negatives, low=low, high=high)

    def counts(self, fn: int, fp: int) -> TwoByTwo:
        return TwoByTwo(tp=self.positives - fn, fp=fp, fn=fn, tn=self.negatives - fp)


def everything(positives: int, negatives: int) -> Region:
    """Return the region of no knowledge but the numbers of positives and negatives."""
    return _region(positives, negatives, np.zeros(positives + 1, dtype=np.int64), np.full(positives + 1, negatives))


def fraction_of(metric: str, counts: TwoByTwo) -> tuple[int, int]:
    """Return numerator and denominator of sensitivity, specificity, accuracy, ppv, npv or f1."""
    return fractions_of(metric, tp=counts.tp, fp=counts.fp, fn=counts.fn, tn=counts.tn)


def fractions_of(metric: str, *, tp: Number, fp: Number, fn: Number, tn: Number) -> tuple[Number, Number]:
    """Return numerators and denominators of a rate, for numbers or for arrays of them."""
    return {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "accuracy": (tp + tn, tp + tn + fp + fn),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[metric]


def of_value(metric: str, number: Printed, *, positives: int, negatives: int) -> Region:
    """Return the counts for which a rate can be written as the printed number."""
    if max(bound.denominator for bound in allowed(number)) > FINEST:
        return everything(positives, negatives)
    if metric in ("sensitivity", "specificity", "accuracy"):
        total = {"sensitivity": positives, "specificity": negatives, "accuracy": positives + negatives}[metric]
        numbers = counts_that_fit(number, total) if total else range(1)
        return of_wrong(
            metric, total - numbers.stop + 1, total - numbers.start, positives=positives, negatives=negatives
        )
    return {"ppv": _of_ppv, "npv": _of_npv, "f1": _of_f1}[metric](*allowed(number), positives, negatives)


def of_counts(metric: str, count: int | None, n: int, *, positives: int, negatives: int) -> Region:
    """Return the counts for which a rate has the denominator ``n`` and, where it is known, the numerator ``count``."""
    region = everything(positives, negatives)
    fn = np.arange(positives + 1)
    if metric in ("sensitivity", "specificity", "accuracy"):
        total = {"sensitivity": positives, "specificity": negatives, "accuracy": positives + negatives}[metric]
        if n != total:
            return _region(positives, negatives, region.high + 1, region.high)
        low, high = (0, n) if count is None else (n - count, n - count)
        return of_wrong(metric, low, high, positives=positives, negatives=negatives)
    # The called cases are tp + fp, the others tn + fn: either n settles the false positives for each fn.
    fp = n - (positives - fn) if metric == "ppv" else negatives - (n - fn)
    if count is not None:
        right = positives - fn if metric == "ppv" else n - fn
        fp = np.where(right == count, fp, -1)
    return region & _region(positives, negatives, np.where(fp < 0, negatives + 1, fp), fp)


def of_wrong(metric: str, low: int, high: int, *, positives: int, negatives: int) -> Region:
    """Return where ``low`` to ``high`` of the cases that a rate is about are wrong."""
    fn = np.arange(positives + 1)
    if metric == "sensitivity":
        inside = (fn >= low) & (fn <= high)
        return _region(positives, negatives, np.where(inside, 0, negatives + 1), np.full(positives + 1, negatives))
    others = fn if metric == "accuracy" else np.zeros_like(fn)
    return _region(positives, negatives, low - others, high - others)


def _region(positives: int, negatives: int, low: Ints, high: Ints) -> Region:
    least, most = np.maximum(low, 0).astype(np.int64), np.minimum(high, negatives).astype(np.int64)
    assert len(least) == len(most) == positives + 1
    return Region(negatives=negatives, low=least, high=most)


def _of_ppv(low: Fraction, high: Fraction, positives: int, negatives: int) -> Region:
    tp = np.arange(positives, -1, -1)
    most, least = _others(tp, low, negatives), _above(tp, high)
    never = tp == 0  # with no false positive either there is no value
    return _region(
        positives,
        negatives,
        np.where(never, 0, least),
        np.where(never & (low > 0), 0, most),
    )


def _of_f1(low: Fraction, high: Fraction, positives: int, negatives: int) -> Region:
    fn = np.arange(positives + 1)
    twice = 2 * (positives - fn)
    most, least = _others(twice, low, negatives + positives) - fn, _above(twice, high) - fn
    return _region(positives, negatives, np.where(twice == 0, 0, least), most)


def _of_npv(low: Fraction, high: Fraction, positives: int, negatives: int) -> Region:
    fn = np.arange(positives + 1)
    a, b, c, d = low.numerator, low.denominator, high.numerator, high.denominator
    fewest = -(-a * fn // (b - a)) if a > 0 else np.zeros_like(fn)
    # From a bound of 1 on every value below 1 is allowed, and 1 itself only by a bound above it.
    most = np.where((fn > 0) | (d < c), negatives, -1) if d <= c else -(-c * fn // (d - c)) - 1
    most = np.where(fn == 0, np.maximum(most, 0), most)  # no true negative and no false one: no value
    return _region(positives, negatives, negatives - most, negatives - fewest)


def _others(right: Ints, low: Fraction, limit: int) -> Ints:
    """Return the most others x for which right / (right + x) >= low; ``limit`` where there is no most."""
    a, b = low.numerator, low.denominator
    return right * (b - a) // a if a > 0 else np.full(len(right), limit, dtype=np.int64)


def _above(right: Ints, high: Fraction) -> Ints:
    """Return the fewest others x for which right / (right + x) < high."""
    c, d = high.numerator, high.denominator
    least: Ints = right * (d - c) // c + 1
    return least
