"""Whether our own study reproduces what a source prints."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from scipy import special

from neuroval.analysis.claims.printed_classes import ClassFacts, Possible
from neuroval.analysis.claims.printed_intervals import own_counts
from neuroval.analysis.claims.statements import Line, matrix_counts
from neuroval.analysis.core.clusters import GroupTypes
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import (
    ANY_TUMOUR,
    CLASS_ACCURACY,
    COUNTED,
    COUNTED_OVERALL,
    OVERALL,
    RANKED_OVERALL,
    read,
)
from neuroval.analysis.core.proportions import clustered_totals, proportion
from neuroval.analysis.performance.class_auc import ClassAucs
from neuroval.analysis.performance.comparison import difference_of
from neuroval.analysis.performance.folds import METHOD, OverFolds
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.performance.ranked_errors import Errors as ErrorList
from neuroval.data.claims.kinds import (
    Claim,
    Claims,
    Correct,
    CrossValidation,
    Errors,
    Matrix,
    Rate,
    Score,
)

Outcome = Literal["agrees", "not_reproduced", "not_comparable", "none"]
MINUS: Final = "\N{MINUS SIGN}"
TWO: Final = 2  # folds, from which on a spread can be estimated
SAME_SIZE: Final = 2  # times as many cases, beyond which two test sets are not of one kind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OurNumbers:
    """What a study found on the cases of one split, to set beside a published record.

    ``rates`` and ``scores`` go by the names of claims: ``overall.accuracy``, ``glioma.sensitivity``,
    ``any_tumour.ppv``, ``overall.macro_f1``, ``glioma.auc``. ``types`` are the groups that the cases come in, none
    where each is a group of its own. ``confident_errors`` is the rate of errors with a confidence of at least
    ``high_confidence``. ``folds`` are means over the folds of cross-validation; ``grouped``
    says whether these keep patients together, and ``other_folds`` are those of the other kind.
    """

    dataset: str
    split: str
    matrix: ConfusionMatrix
    rates: Mapping[str, Estimate]
    types: GroupTypes | None = None
    scores: Mapping[str, Estimate] = field(default_factory=dict)
    confident_errors: Estimate | None = None
    high_confidence: float | None = None
    folds: Mapping[str, Estimate] = field(default_factory=dict)
    grouped: bool = False
    other_folds: Mapping[str, Estimate] = field(default_factory=dict)
    unit: str = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """How a claim compares with our study; ``ours`` is what we get, none where we have no such number.

    ``published`` is the count and n behind the claim, as printed or, of those possible, the nearest to ours;
    ``difference`` is published less ours. Both are none where they are not known.
    """

    outcome: Outcome
    lines: tuple[Line, ...] = ()
    ours: Estimate | None = None
    published: tuple[int, int] | None = None
    difference: Estimate | None = None


def our_numbers(
    result: Performance,
    *,
    dataset: str,
    split: str,
    types: GroupTypes | None = None,
    errors: ErrorList | None = None,
    folds: Sequence[OverFolds] = (),
    grouped: bool = False,
    other_folds: Sequence[OverFolds] = (),
    aucs: ClassAucs | None = None,
) -> OurNumbers:
    """Return the numbers of a study in the form that claims are compared with: of each the wider interval.

    ``types`` are those of ``group_types`` where cases come in groups; without them, errors by pair count as
    independent.
    ``aucs`` are the areas under the ROC curves of the same cases.
    """
    subjects = {rates.name: rates for rates in result.classes}
    if result.any_tumour is not None:
        subjects[ANY_TUMOUR] = result.any_tumour
    of_all = read(COUNTED_OVERALL, result.overall, place="claims")
    keyed = [(f"{OVERALL}.{metric.key}", metric.unit, measure.headline) for metric, measure in of_all]
    for name, rates in subjects.items():
        of_class = read((*COUNTED, CLASS_ACCURACY), rates, place="claims")
        keyed += [(f"{name}.{metric.key}", metric.unit, measure.headline) for metric, measure in of_class]
    return OurNumbers(
        dataset=dataset,
        split=split,
        matrix=result.matrix,
        rates={key: estimate for key, unit, estimate in keyed if unit == "proportion"},
        types=types,
        scores={key: estimate for key, unit, estimate in keyed if unit != "proportion"} | _areas(aucs, result),
        confident_errors=None if errors is None else errors.high_confidence_rate.headline,
        high_confidence=None if errors is None else errors.high,
        folds=_means(folds),
        grouped=grouped,
        other_folds=_means(other_folds),
    )


def _means(folds: Sequence[OverFolds]) -> dict[str, Estimate]:
    return {(f"{OVERALL}.{fold.name}" if "." not in fold.name else fold.name): fold.mean for fold in folds}


def _areas(aucs: ClassAucs | None, result: Performance) -> dict[str, Estimate]:
    """Return the areas under the ROC curves by the names of claims."""
    if aucs is None:
        return {}
    areas: dict[str, Measure | None] = {
        f"{OVERALL}.{metric.key}": measure for metric, measure in read(RANKED_OVERALL, aucs, place="claims")
    }
    areas |= {f"{rates.name}.auc": auc for rates, auc in zip(result.classes, aucs.classes, strict=True)}
    areas[f"{ANY_TUMOUR}.auc"] = aucs.any_tumour
    return {key: measure.headline for key, measure in areas.items() if measure is not None}


def compared(
    claim: Claim,
    claims: Claims,
    ours: OurNumbers,
    *,
    facts: Sequence[ClassFacts],
    possible: Mapping[str, Sequence[Possible]],
) -> External:
    """Return whether our study agrees with a claim: the interval of the difference of two rates holds 0 or not.

    ``not_comparable`` where data set, split, unit or grouping differ, or one side has more than twice as many cases;
    ``none`` where one side has no count, or the number is no rate of independent cases. ``facts`` and ``possible``
    give the counts behind printed rates; where several are possible, the one nearest to ours is compared.

    Source: Newcombe, Stat Med 1998;17:873-890, method 10; see ``difference_of``.
    """
    if isinstance(claim, CrossValidation):
        return _folds(claim, claims, ours)
    if isinstance(claim, Score):
        return _score(claim, claims, ours)
    pair = _pair(claim, claims, ours, facts=facts, possible=possible)
    if pair is None:
        return External(outcome="none")
    theirs, ours_of_pair = pair
    near = 0.0 if ours_of_pair is None or ours_of_pair.value is None else ours_of_pair.value
    published = min(theirs, key=lambda sizes: abs(sizes[0] / sizes[1] - near), default=None)
    if ours_of_pair is None or ours_of_pair.value is None or ours_of_pair.n is None:
        line: Line = "Our study has no such number."
        if ours_of_pair is not None and ours_of_pair.reason is not None:
            line = ("Our study has no such number (", ours_of_pair.reason, ").")
        return External(outcome="none", lines=(line,), ours=ours_of_pair, published=published)
    shown = f"Our study: {_said(ours_of_pair)}."
    if reason := _differs(claim, claims, ours):
        return External(outcome="not_comparable", lines=(shown, reason), ours=ours_of_pair, published=published)
    if published is None:
        line = "No count and n are known that give what is printed, so the difference has no interval."
        return External(outcome="none", lines=(shown, line), ours=ours_of_pair)
    count, n = published
    if max(n, ours_of_pair.n) > SAME_SIZE * min(n, ours_of_pair.n):
        line = f"One of the two has more than {SAME_SIZE} times as many cases: {n:,} and {ours_of_pair.n:,}."
        return External(outcome="not_comparable", lines=(shown, line), ours=ours_of_pair, published=published)
    difference = difference_of(proportion(count, n, level=ours_of_pair.level or 0.95), ours_of_pair)
    return replace(
        _judged(difference, shown, f"{count:,} / {n:,} = {count / n:.4f}", ours_of_pair), published=published
    )


def _pair(
    claim: Claim,
    claims: Claims,
    ours: OurNumbers,
    *,
    facts: Sequence[ClassFacts],
    possible: Mapping[str, Sequence[Possible]],
) -> tuple[Sequence[tuple[int, int]], Estimate | None] | None:
    """Return the possible counts of a claim with our estimate; none for claims that are about no rate."""
    if isinstance(claim, Rate):
        return _counts_of(claim, possible.get(claim.id, ())), ours.rates.get(claim.metric)
    if isinstance(claim, (Correct, Matrix)):
        return _all_correct(claim), ours.rates.get(f"{OVERALL}.accuracy")
    if not isinstance(claim, Errors):
        return None
    cases = {class_facts.name: class_facts.positives for class_facts in facts}
    n = sum(cases.get(name, 0) for name in claim.reference)
    count = int(claim.count.value)
    pairs = [(count, n)] if set(claim.reference) <= set(cases) and 0 < n >= count else []
    return pairs, _our_errors(claim, claims, ours)


def _counts_of(claim: Rate, known: Sequence[Possible]) -> Sequence[tuple[int, int]]:
    """Return the counts that a claim prints, whatever its value, or else those that it leaves possible."""
    if claim.count is not None and claim.n is not None:
        count, n = int(claim.count.value), int(claim.n.value)
        return [(count, n)] if 0 < n >= count else []
    known = own_counts(claim) or known
    return [pair for pair in known[-1].pairs if pair[1] > 0] if known else []


def _all_correct(claim: Correct | Matrix) -> list[tuple[int, int]]:
    if isinstance(claim, Correct):
        right = int(sum(number.value for number in claim.correct.values()))
        n = int(sum(number.value for number in claim.n.values()))
    else:
        counts = matrix_counts(claim)
        right, n = sum(row[index] for index, row in enumerate(counts)), sum(map(sum, counts))
    return [(right, n)] if 0 < n >= right else []


def _our_errors(claim: Errors, claims: Claims, ours: OurNumbers) -> Estimate | None:
    """Return our rate of the errors that a claim counts, among cases of its reference classes."""
    classes = ours.matrix.classes
    if claim.above is not None:
        whole = set(claim.reference) == set(claim.predicted) == set(claims.source.classes)
        same = ours.high_confidence is not None and math.isclose(float(claim.above.value), ours.high_confidence)
        return ours.confident_errors if whole and same else None
    if not set(claim.reference) | set(claim.predicted) <= set(classes):
        return None
    wrong, among = (np.zeros(ours.matrix.counts.shape, dtype=np.bool_) for _ in range(2))
    for cell, other in claim.cells:
        wrong[classes.index(cell), classes.index(other)] = True
    among[[classes.index(name) for name in claim.reference]] = True
    plain = proportion(int(ours.matrix.counts[wrong].sum()), int(ours.matrix.counts[among].sum()))
    if ours.types is None or ours.types.groups == ours.types.cases:
        return plain
    types = ours.types
    clustered = clustered_totals(types.totals(wrong), types.totals(among), number=types.number)
    return Measure(plain=plain, clustered=clustered).headline


def _differs(claim: Claim, claims: Claims, ours: OurNumbers) -> str | None:
    """Return why two numbers are of different kinds, none when they are of one."""
    source = claims.source
    for what, theirs, recorded in (
        ("data set", source.dataset or "not known", ours.dataset),
        ("split", claim.split, ours.split),
        ("unit", source.unit, ours.unit),
        ("classes", ", ".join(sorted(source.classes)), ", ".join(sorted(ours.matrix.classes))),
    ):
        if theirs != recorded:
            return f"Not of one kind: {what} {theirs} in the source, {recorded} in our study."
    return None


def _folds(claim: CrossValidation, claims: Claims, ours: OurNumbers) -> External:
    """Compare means over folds by their corrected t intervals (Nadeau & Bengio, Mach Learn 2003;52:239-281)."""
    grouped = bool(claim.grouped)
    kinds = {ours.grouped: ours.folds, not ours.grouped: ours.other_folds}
    if claim.metric not in kinds[grouped]:
        grouped = not grouped
    of_folds = kinds[grouped].get(claim.metric)
    if of_folds is None or of_folds.value is None:
        return External(outcome="none", lines=("Our study has no cross-validation with this number.",), ours=of_folds)
    shown = f"Our study: {_said(of_folds)}, mean over folds."
    reason = _differs(replace(claim, split=ours.split), claims, ours)
    if reason is None and grouped != bool(claim.grouped):
        ways = {True: "keep patients together", False: "do not keep patients together", None: "are not said to"}
        reason = f"Not of one kind: our folds {ways[grouped]}, those of the source {ways[claim.grouped]}."
    if reason is not None:
        return External(outcome="not_comparable", lines=(shown, reason), ours=of_folds)
    k = int(claim.folds.value)
    if claim.sd is None or k < TWO or of_folds.level is None:
        line = "The source prints no standard deviation over folds, so the difference has no interval."
        return External(outcome="none", lines=(shown, line), ours=of_folds)
    spread = float(claim.sd.value + claim.sd.step / 2)  # the largest that is printed so: the kindest reading
    half = float(special.stdtrit(k - 1, (1 + of_folds.level) / 2)) * spread * math.sqrt(1 / k + 1 / (k - 1))
    mean = float(claim.mean.value)
    theirs = Estimate(value=mean, low=mean - half, high=mean + half, level=of_folds.level, method=METHOD)
    return _judged(
        difference_of(theirs, of_folds),
        shown,
        f"{claim.mean.text} with a standard deviation of {claim.sd.text}",
        of_folds,
    )


def _score(claim: Score, claims: Claims, ours: OurNumbers) -> External:
    of_study = ours.scores.get(claim.metric)
    if of_study is None or of_study.value is None:
        return External(outcome="none", lines=("Our study has no such number.",), ours=of_study)
    shown = f"Our study: {_said(of_study)}."
    if reason := _differs(claim, claims, ours):
        return External(outcome="not_comparable", lines=(shown, reason), ours=of_study)
    line = "It is no share of cases, and the source prints nothing from which an interval of the difference follows."
    return External(outcome="none", lines=(shown, line), ours=of_study)


def _judged(difference: Estimate, shown: str, theirs: str, estimate: Estimate) -> External:
    if difference.low is None or difference.high is None:
        no_interval = ("The difference has no interval (", difference.reason or Reason("not_known"), ").")
        return External(outcome="none", lines=(shown, no_interval), ours=estimate)
    holds_zero = difference.low <= 0 <= difference.high
    value, low, high = (
        f"{bound:.4f}".replace("-", MINUS) for bound in (difference.value, difference.low, difference.high)
    )
    line = (
        f"Published {theirs} less ours: {value} ({low} to {high}), ",
        difference.method,
        f". The interval {'holds' if holds_zero else 'does not hold'} 0.",
    )
    outcome: Outcome = "agrees" if holds_zero else "not_reproduced"
    return External(outcome=outcome, lines=(shown, line), ours=estimate, difference=difference)


def _said(estimate: Estimate) -> str:
    value = f"{estimate.value:.4f}"
    if estimate.low is not None and estimate.high is not None:
        value += f" ({estimate.low:.4f} to {estimate.high:.4f})"
    return value if estimate.count is None else f"{value}, {estimate.count:,} of {estimate.n:,}"
