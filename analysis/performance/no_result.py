"""Cases without a result, a failed or indeterminate read: how many, why, and what the rates are with them.

Leaving them out is a complete-case analysis. It makes a test look better than it is in the hands of a clinic, which
has to do something with each scan. Beside it stands the worst case: each of them taken as called wrongly. The truth of
any way to handle them lies between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.data.exceptions import InputError

NOTHING: Final = -1  # the called class of a case without a result


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeByTwo:
    """Calls of a two-class question by the reference: called, not called, and without a result."""

    tp: int
    fn: int
    positive_without: int
    fp: int
    tn: int
    negative_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BothWays:
    """A rate without the cases that have no result, and with all of them taken as called wrongly."""

    complete: Measure
    worst: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionWithNoResult:
    """A two-class question, by name, with the cases that have no result; ``without`` is their share of each side."""

    name: str
    counts: ThreeByTwo
    sensitivity: BothWays
    specificity: BothWays
    positives_without: Measure
    negatives_without: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResult:
    """The ``count`` of ``n`` cases of a split, ``basis``, that have no result, by reason, the most frequent first.

    ``share`` is count / n. ``accuracy`` is over all classes, ``questions`` are any tumour, where the study asks for
    it, and each class.
    """

    basis: str
    n: int
    count: int
    reasons: tuple[tuple[str, int], ...]
    share: Measure
    accuracy: BothWays
    questions: tuple[QuestionWithNoResult, ...]


def with_no_result(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    reasons: Sequence[str],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    basis: str = "test",
    level: float = 0.95,
) -> NoResult:
    """Return how many cases have no result, and the rates without them and with all of them called wrongly.

    ``reference`` (n,) are class indices, ``predicted`` (n,) too, -1 for a case without a result; ``reasons`` are one
    for each of these; ``groups`` (n,) a group id per case. Rates have the intervals of ``share_of`` and are undefined
    without cases. Raises ``InputError`` for lengths that differ.

    Source: Shinkins et al., BMJ 2013;346:f2778 (the 3 x 2 table; both ways to handle what cannot be evaluated);
    STARD 2015, items 15 and 16.
    """
    without = predicted == NOTHING
    if len(reference) != len(predicted) or len(reasons) != int(without.sum()):
        raise InputError(
            f"no result: {len(reference)} labels, {len(predicted)} calls, {int(without.sum())} of them without a "
            f"result, and {len(reasons)} reasons do not fit."
        )
    owner = None if groups is None else np.asarray(groups)

    def share(happened: NDArray[np.bool_], among: NDArray[np.bool_]) -> Measure:
        return share_of(happened[among], groups=None if owner is None else owner[among], level=level)

    def both(right: NDArray[np.bool_], among: NDArray[np.bool_]) -> BothWays:
        return BothWays(complete=share(right, among & ~without), worst=share(right & ~without, among))

    def question(name: str, positive: NDArray[np.bool_]) -> QuestionWithNoResult:
        has_it, called = positive[reference], positive[predicted] & ~without
        return QuestionWithNoResult(
            name=name,
            counts=ThreeByTwo(
                tp=int((has_it & called).sum()),
                fn=int((has_it & ~called & ~without).sum()),
                positive_without=int((has_it & without).sum()),
                fp=int((~has_it & called).sum()),
                tn=int((~has_it & ~called & ~without).sum()),
                negative_without=int((~has_it & without).sum()),
            ),
            sensitivity=both(called, has_it),
            specificity=both(~called, ~has_it),
            positives_without=share(without, has_it),
            negatives_without=share(without, ~has_it),
        )

    names, everything = np.array(classes), np.ones(len(reference), dtype=np.bool_)
    tumour = [] if negative is None else [question(ANY_TUMOUR, names != negative)]
    told, number = np.unique(np.asarray(reasons, dtype=np.str_), return_counts=True)
    return NoResult(
        basis=basis,
        n=len(reference),
        count=int(without.sum()),
        reasons=tuple(sorted(zip(told.tolist(), number.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))),
        share=share(without, everything),
        accuracy=both(predicted == reference, everything),
        questions=(*tumour, *(question(name, names == name) for name in classes)),
    )


def taken_as_wrong(
    reference: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], *, positive: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the called classes (n,) with each case without a result called as wrongly as a question can be.

    ``reference`` (n,) are class indices, ``predicted`` (n,) too, -1 without a result; ``positive`` (k,) says which
    classes the question is after, some and not all. What has one of them is called the first class that is none of
    them, and the other way round: so sensitivity, specificity, PPV and NPV of the question are as low as they can be.
    """
    wrong = np.where(positive[reference], np.argmin(positive), np.argmax(positive))
    return np.where(predicted == NOTHING, wrong, predicted).astype(np.int64)


def finding_no_result(numbers: NoResult | None) -> Finding | None:
    """Return that cases have no result, with the reasons and the accuracy without and with them; else none."""
    if numbers is None:
        return None
    return Finding(
        code="no_result",
        severity="warning",
        check="no_result",
        page="per_class",
        count=numbers.count,
        n=numbers.n,
        facts={
            "split": numbers.basis,
            "reasons": numbers.reasons,
            "complete": numbers.accuracy.complete.plain.value,
            "worst": numbers.accuracy.worst.plain.value,
        },
    )
