"""The area under the ROC curve over several classes: each against the rest, any tumour, and two averages."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure, enclosing, reach
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.core.proportions import check_level
from neuroval.analysis.performance.auc_estimate import (
    NO_SPREAD,
    Ranking,
    Units,
    auc_measure,
    design_effect,
    grouped,
    near_one,
    newcombe,
    ranked,
    reaches,
)
from neuroval.data.exceptions import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAucs:
    """The AUC of each class against the rest, in the order of the classes; any tumour; and two averages."""

    classes: tuple[Measure, ...]
    any_tumour: Measure | None
    macro_ovr: Measure
    hand_till: Measure


class _Part(NamedTuple):
    """One AUC of an average: its cases, the class that is positive and the one that is not (none: all others)."""

    ranking: Ranking
    cases: NDArray[np.intp] | slice
    positive: int
    negative: int | None


def class_aucs(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> ClassAucs:
    """Return the AUC of each class against the rest and of any tumour, and the macro and the Hand-Till average.

    ``reference`` (n,) are indices into ``classes``, ``probabilities`` (n, k), ``groups`` a group id per case (n,). A
    class is ranked by its own probability, any tumour (for which there must be a ``negative`` class) by
    ``any_tumour_score``; intervals as ``auc`` gives them. Both averages weigh the classes alike and are undefined when
    a class has no cases. Raises ``InputError`` for arrays that do not fit, probabilities that are not finite, a
    missing group id, or a negative class that is none of the classes. Takes O(k n log n).

    - Macro one-vs-rest: the mean of the classes' AUCs. Its variance is that of the mean of their DeLong components,
      with the reference classes as strata, so that the covariance between classes counts.
    - Hand-Till: the mean over ordered pairs (i, j) of the chance that a case of i has a higher P(i) than a case of j
      (Hand & Till, Mach Learn 2001;45:171-186). Its variance is that of the sum of the components over all pairs a
      case takes part in, with the classes as strata: DeLong's, for a U-statistic of k samples.
    - With groups both sum components within groups (Obuchowski, Biometrics 1997;53:567-578), on the logit scale and by
      t with the groups of the class that has fewest less 1, as ``auc`` does.
    - Parts that are 0 or 1 show no variance, though they have one: what ``newcombe`` gives each of them is added up as
      if they rose and fell together, and joined to the rest by square-and-add (Zou & Donner, Stat Med
      2008;27:1693-1702). So are all parts when a class has fewer than two cases or groups. The method says so.
    - An average of 0.95 or more (or 0.05 or less) takes the lowest low and the highest high of it and of the mean of
      what ``newcombe`` gives the parts, as ``auc`` does.

    Source of the components: DeLong, DeLong & Clarke-Pearson, Biometrics 1988;44:837-845.
    """
    check_level(level)
    _check(reference, probabilities, classes=classes, negative=negative)
    n, k = probabilities.shape
    by_group = grouped(groups, n=n)

    def measure(ranking: Ranking | None, positive: NDArray[np.bool_], name: str, other: str) -> Measure:
        return auc_measure(ranking, positive, by_group, name=name, other=other, level=level)

    rankings = [ranked(reference == c, probabilities[:, c]) for c in range(k)]
    tumour = None
    if negative is not None:
        index = list(classes).index(negative)
        positive = reference != index
        of_negative = rankings[index]  # the larger P(negative), the smaller P(any tumour)
        falling = None if of_negative is None else of_negative.order[::-1]
        ranking = ranked(positive, any_tumour_score(probabilities, negative=index), order=falling)
        tumour = measure(ranking, positive, "any tumour", negative)
    each = tuple(measure(rankings[c], reference == c, name, "another class") for c, name in enumerate(classes))
    empty = [name for c, name in enumerate(classes) if not (reference == c).any()]
    if empty:
        reason = Reason("no_reference_cases", of=tuple(empty)) if n else Reason("no_cases")
        nothing = Measure(plain=Estimate.undefined(reason=reason, n=n))
        return ClassAucs(classes=each, any_tumour=tumour, macro_ovr=nothing, hand_till=nothing)
    against_rest = [_Part(ranking, slice(None), c, None) for c, ranking in enumerate(rankings) if ranking is not None]
    return ClassAucs(
        classes=each,
        any_tumour=tumour,
        macro_ovr=_average(against_rest, reference, by_group, level=level),
        hand_till=_average(_pairs(against_rest, reference, probabilities), reference, by_group, level=level),
    )


def _pairs(
    against_rest: list[_Part], reference: NDArray[np.integer[Any]], probabilities: NDArray[np.floating[Any]]
) -> Iterator[_Part]:
    """Yield for each ordered pair of classes how the probability of the first orders the cases of both."""
    for by_class in against_rest:
        order = by_class.ranking.order
        sorted_reference, sorted_scores = reference[order], probabilities[order, by_class.positive]
        places = [np.flatnonzero(sorted_reference == c) for c in range(probabilities.shape[1])]
        for other, of_other in enumerate(places):
            if other == by_class.positive:
                continue
            of_pair = np.sort(np.concatenate((places[by_class.positive], of_other)), kind="stable")
            ranking = ranked(
                sorted_reference[of_pair] == by_class.positive, sorted_scores[of_pair], order=np.arange(len(of_pair))
            )
            if ranking is not None:
                yield _Part(ranking, order[of_pair], by_class.positive, other)


def _average(
    parts: Iterable[_Part], reference: NDArray[np.integer[Any]], groups: Units | None, *, level: float
) -> Measure:
    n = len(reference)
    deviations = np.zeros(n)
    values: list[tuple[float, int, int | None]] = []
    constant = True
    for part in parts:  # pairs come one by one: keeping k (k - 1) arrays would take too much memory
        deviations[part.cases] += part.ranking.deviations
        values.append((part.ranking.auc, part.positive, part.negative))
        constant &= part.ranking.constant
    deviations /= len(values)
    value = math.fsum(value for value, _, _ in values) / len(values)

    def interval(units: Units) -> Estimate:
        total = None if units.codes is None else units.total
        freedom = units.freedom(reference)
        method = _over_classes(total, freedom)
        if constant:
            return Estimate(value=value, method=method, n=n, reason=Reason("equal_scores"))
        variance = units.variance(deviations, reference)
        unknown = variance is None or variance <= NO_SPREAD
        replaced = [part for part in values if unknown or part[0] in (0.0, 1.0)]
        below, above = _reach(replaced, units.holding, reference=reference, level=level)
        down, up = (0.0, 0.0) if not variance else reaches(value, variance, freedom=freedom, level=level)
        low = max(0.0, value - math.hypot(down, below / len(values)))
        high = min(1.0, value + math.hypot(up, above / len(values)))
        if replaced:
            method = _with_newcombe(total, freedom, replaced=len(replaced), parts=len(values))
        estimate = Estimate(value=value, low=low, high=high, level=level, method=method, n=n)
        if unknown or variance is None or not near_one(value):
            return estimate
        effect = design_effect(deviations, reference, variance, units=units)
        below, above = _reach(values, lambda cases: max(1.0, cases.sum() / effect), reference=reference, level=level)
        low, high = max(0.0, value - below / len(values)), min(1.0, value + above / len(values))
        method = _mean_newcombe(total, parts=len(values))
        return enclosing(estimate, Estimate(value=value, low=low, high=high, level=level, method=method, n=n))

    return Measure(plain=interval(Units(codes=None, total=n)), clustered=None if groups is None else interval(groups))


def _over_classes(groups: int | None, freedom: int | None) -> Method:
    if groups is None:
        return Method("delong_over_classes")
    return Method("obuchowski_over_classes", groups=groups, freedom=freedom)


def _with_newcombe(groups: int | None, freedom: int | None, *, replaced: int, parts: int) -> Method:
    if groups is None:
        return Method("delong_over_classes_with_newcombe_5", replaced=replaced, parts=parts)
    return Method(
        "obuchowski_over_classes_with_newcombe_5", replaced=replaced, parts=parts, groups=groups, freedom=freedom
    )


def _mean_newcombe(groups: int | None, *, parts: int) -> Method:
    if groups is None:
        return Method("mean_newcombe_5", parts=parts)
    return Method("mean_newcombe_5_on_design_effect", parts=parts, groups=groups)


def _reach(
    parts: list[tuple[float, int, int | None]],
    size: Callable[[NDArray[np.bool_]], float],
    *,
    reference: NDArray[np.integer[Any]],
    level: float,
) -> tuple[float, float]:
    """Return how far the sum of the parts can move down and up when they fall and rise together.

    ``size`` says for how many independent cases the cases of one side count.
    """
    if not parts:
        return 0.0, 0.0
    held = [size(reference == c) for c in range(int(reference.max()) + 1)]
    below, above = 0.0, 0.0
    for value, first, second in parts:
        rest = size(reference != first) if second is None else held[second]
        down, up = reach(newcombe(value, positives=held[first], negatives=rest, level=level))
        below, above = below + down, above + up
    return below, above


def _check(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
) -> None:
    k = len(classes)
    if probabilities.shape != (len(reference), k) or k < 2:
        raise InputError(
            f"probabilities: expected shape ({len(reference)}, {max(k, 2)}), a row per case and a column per class of "
            f"at least 2, found {probabilities.shape}."
        )
    if reference.ndim != 1 or not np.issubdtype(reference.dtype, np.integer):
        raise InputError(f"reference: expected class indices of shape (n,), found {reference.dtype} {reference.shape}.")
    if len(reference) and not 0 <= reference.min() <= reference.max() < k:
        raise InputError(
            f"reference: expected indices from 0 to {k - 1}, found {reference.min()} to {reference.max()}."
        )
    if negative is not None and negative not in classes:
        raise InputError(f"negative: {negative!r} is not a class; expected one of {list(classes)}.")
