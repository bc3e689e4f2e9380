"""Whether a classifier is worse than guessing, and whether its classes look permuted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import gammaln
from scipy.stats import binom

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.finding import Finding
from neuroval.data.classes import ClassOrder

ERROR: Final = 0.01  # how often either is said of a classifier that guesses


@dataclass(frozen=True, slots=True, kw_only=True)
class WorseThanChance:
    """What shows that the predictions are worse than guessing.

    ``right`` of ``n`` cases are called as the reference standard has them; guessing with the same frequencies would
    make ``expected`` right on average. ``below`` are the AUCs under 0.5 by name. ``fits`` says for each class, in
    order, which class its column of probabilities fits best, and ``right_then`` how many cases would be right with the
    columns so exchanged; none unless that is far better than chance makes it.
    """

    right: int
    n: int
    expected: float
    below: Mapping[str, float]
    fits: tuple[str, ...] | None
    right_then: int | None


def worse_than_chance(matrix: ConfusionMatrix, aucs: Mapping[str, Measure] | None = None) -> WorseThanChance | None:
    """Return what shows that predictions are worse than chance, or that classes are permuted; none otherwise.

    Either of three: the number of right calls lies below what guessing gives (binomial, one-sided, 1%); an AUC of
    ``aucs`` has its whole interval under 0.5; or the best assignment of columns to classes (Kuhn 1955, by
    ``linear_sum_assignment``) is right on so many cases that the given one is not, and wrong on so few that it is, that
    the sign test is below 1% even after multiplying by the k! assignments there are to choose from.
    """
    counts, n = matrix.counts, matrix.n
    if n == 0:
        return None
    right = int(np.trace(counts))
    expected = float(np.dot(matrix.support, matrix.predicted)) / n
    values = {name: auc.headline for name, auc in (aucs or {}).items() if auc.headline.value is not None}
    surely = any(value.high is not None and value.high < 0.5 for value in values.values())
    fits, then = _assigned(matrix)
    if fits is None and not surely and binom.cdf(right, n, expected / n) >= ERROR:
        return None
    return WorseThanChance(
        right=right,
        n=n,
        expected=expected,
        below={name: value.value for name, value in values.items() if value.value is not None and value.value < 0.5},
        fits=fits,
        right_then=then,
    )


def _assigned(matrix: ConfusionMatrix) -> tuple[tuple[str, ...] | None, int | None]:
    """Return which class each column fits best, and how many calls are right then; none where chance may be why."""
    counts, k = matrix.counts, len(matrix.classes)
    reference, column = linear_sum_assignment(counts, maximize=True)
    given = np.trace(counts)
    then = int(counts[reference, column].sum())
    moved = reference[reference != column]
    kept = int(counts[moved, moved].sum())  # right as given, wrong when exchanged
    gained = then - int(given) + kept
    tail = binom.logsf(gained - 1, gained + kept, 0.5) if gained else 0.0
    if not len(moved) or tail + gammaln(k + 1) >= math.log(ERROR):
        return None, None
    fits = {int(c): matrix.classes[r] for r, c in zip(reference, column, strict=True)}
    return tuple(fits[place] for place in range(k)), then


def finding_below_chance(worse: WorseThanChance | None, *, classes: ClassOrder, split: str) -> Finding | None:
    """Return that predictions are worse than chance or classes look permuted, named as they are shown; none if not."""
    if worse is None:
        return None
    shown = {name: classes.display.get(name, name) for name in (*worse.below, *classes.names)}
    fits = classes.names if worse.fits is None or worse.right_then is None else worse.fits
    moved = tuple((shown[name], shown[fit]) for name, fit in zip(classes.names, fits, strict=True) if name != fit)
    return Finding(
        code="worse_than_chance",
        severity="critical",
        check="against_chance",
        page="confusion",
        count=worse.right,
        n=worse.n,
        facts={
            "split": split,
            "expected": worse.expected,
            "below": tuple((shown[name], value) for name, value in worse.below.items()),
            "moved": moved,
            "right_then": worse.right_then,
        },
    )
