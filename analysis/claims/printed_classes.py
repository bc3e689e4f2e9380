"""What is printed about each class, and which counts of errors it leaves possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_
from typing import Final

from neuroval.analysis.claims.regions import (
    MOST_NEGATIVES,
    MOST_POSITIVES,
    Region,
    everything,
    fraction_of,
    of_counts,
    of_value,
    of_wrong,
)
from neuroval.analysis.claims.rounding import counts_that_fit, fits
from neuroval.analysis.claims.solving import Part, possible
from neuroval.analysis.claims.statements import Frame, about_class, frames, in_words, of_kind
from neuroval.data.claims.kinds import Claims, Rate, Score
from neuroval.data.claims.printed_number import Printed

ORDER: Final = ("sensitivity", "specificity", "accuracy", "ppv", "npv", "f1")
MOST_POSSIBLE: Final = 200  # counts that an interval is tried on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrintedRate:
    """A rate of a class as a claim prints it: its value, or its counts, or both; F1 is among the rates here.

    ``region`` are the counts that it leaves possible by itself.
    """

    claim: str
    metric: str
    value: Printed | None
    count: int | None
    n: int | None
    region: Region

    @property
    def words(self) -> str:
        return in_words(self.metric)

    def part(self, index: int) -> Part:
        """Return the rate as one of the class at ``index``."""
        return Part(index=index, metric=self.metric, value=self.value, count=self.count, n=self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """All ``pairs`` of numerator and denominator that a rate can stand for, by ``claims``."""

    pairs: tuple[tuple[int, int], ...]
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassFacts:
    """A class with its numbers of cases by ``frame``, which leave ``base`` possible, and the rates printed about it."""

    name: str
    frame: Frame
    base: Region
    rates: tuple[PrintedRate, ...]

    @property
    def index(self) -> int:
        return list(self.frame.n).index(self.name)

    @property
    def positives(self) -> int:
        return self.frame.n[self.name]

    @property
    def negatives(self) -> int:
        return self.frame.total - self.positives

    def basis(self, but: PrintedRate | None = None) -> list[PrintedRate]:
        """Return sensitivity and specificity, which settle all others, but for one."""
        return [rate for rate in self.rates if rate.metric in ("sensitivity", "specificity") and rate is not but]

    def region(self, rates: Sequence[PrintedRate]) -> Region:
        """Return the counts that the frame and these rates leave possible."""
        return reduce(and_, (rate.region for rate in rates), self.base)

    def given(self, rates: Sequence[PrintedRate]) -> tuple[str, ...]:
        """Return the claims of the frame and of these rates."""
        return tuple(dict.fromkeys((*self.frame.claims, *(rate.claim for rate in rates))))

    def frame_of(self, metric: str) -> tuple[str, ...]:
        """Return the claims that say what a sensitivity or a specificity of this class is of."""
        counts = self.frame.claims
        if len(counts) == 1:
            return counts
        index = self.index
        return (counts[index],) if metric == "sensitivity" else (*counts[:index], *counts[index + 1 :])


def blamed(frame: Frame, rates: Sequence[tuple[int, PrintedRate]]) -> tuple[str, ...]:
    """Return the claims that make rates impossible: their own, and of the frame those without which they would be not.

    ``rates`` are given with the index of their class.
    """
    parts = [rate.part(index) for index, rate in rates]
    named = tuple(rate.claim for _, rate in rates)
    k = len(frame.n)
    if not possible(parts, k=k):
        return named
    if len(frame.claims) == 1:
        return (*frame.claims, *named)
    needed = {
        claim: Part(index=index, metric="sensitivity", count=frame.correct.get(name), n=frame.n[name])
        for index, (claim, name) in enumerate(zip(frame.claims, frame.n, strict=True))
    }
    for claim in frame.claims:
        others = {name: part for name, part in needed.items() if name != claim}
        if not possible([*parts, *others.values()], k=k):
            needed = others
    return tuple(dict.fromkeys((*needed, *named)))


def class_facts(claims: Claims, *, split: str) -> tuple[ClassFacts, ...]:
    """Return what is printed about each class of a split; nothing when its numbers of cases are not printed.

    Where several tables print them, the one is taken with which most sensitivities and specificities are possible:
    it is the kindest reading.
    """
    readings = [
        tuple(_facts(claims, frame, name=name, split=split) for name in claims.source.classes)
        for frame in frames(claims, split=split)
        if max(frame.n.values()) <= MOST_POSITIVES and frame.total <= MOST_NEGATIVES
    ]
    if len(readings) < 2:
        return readings[0] if readings else ()
    return max(
        readings, key=lambda facts: sum(entry.region([rate]).possible for entry in facts for rate in entry.basis())
    )


def possible_counts(facts: Sequence[ClassFacts]) -> dict[str, tuple[Possible, ...]]:
    """Return per claim the numerators and denominators that it can stand for: by it alone, and by ever more claims.

    The last take sensitivity and specificity into account. None for a claim that is not possible with these; where
    there are too many counts to try they are left out.
    """
    possible = {}
    for entry in facts:
        for rate in entry.rates:
            basis = [] if rate in entry.basis() else entry.basis()
            ways = [[*basis[:size], rate] for size in range(len(basis) + 1)]
            ways += [[*basis[1:], rate]] if len(basis) > 1 else []
            ways.sort(key=len)
            if entry.region(ways[-1]).possible:
                known = (_possible(entry, rates) for rates in ways)
                possible[rate.claim] = tuple(each for each in known if each is not None)
    return possible


def _possible(class_facts: ClassFacts, rates: Sequence[PrintedRate]) -> Possible | None:
    region, metric = class_facts.region(rates), rates[-1].metric
    if metric == "sensitivity":
        pairs = [(class_facts.positives - fn, class_facts.positives) for fn in region.held.tolist()]
    elif metric == "specificity":
        low, high = region.fp
        pairs = [(class_facts.negatives - fp, class_facts.negatives) for fp in range(low, high + 1)]
    elif region.size <= MOST_POSSIBLE:
        pairs = list(dict.fromkeys(fraction_of(metric, counts) for counts in region.members()))
    else:
        return None
    return Possible(pairs=tuple(pairs), claims=class_facts.given(rates)) if len(pairs) <= MOST_POSSIBLE else None


def false_positives(class_facts: ClassFacts) -> tuple[int, int, tuple[str, ...]] | None:
    """Return the least and greatest number of false positives by the printed specificity, with the claims needed.

    None without a specificity, or with an impossible one.
    """
    rates, claims = _of_kind(class_facts, "specificity")
    region = class_facts.region(rates)
    return (*region.fp, claims) if rates and region.possible else None


def false_negatives(class_facts: ClassFacts) -> tuple[int, int, tuple[str, ...]] | None:
    """Return the least and greatest number of false negatives by counts or sensitivity, with the claims needed."""
    rates, claims = _of_kind(class_facts, "sensitivity")
    if class_facts.name in class_facts.frame.correct:
        rates, claims = [], class_facts.frame_of("sensitivity")
    elif not rates:
        return None
    region = class_facts.region(rates)
    return (*region.fn, claims) if region.possible else None


def _of_kind(class_facts: ClassFacts, metric: str) -> tuple[list[PrintedRate], tuple[str, ...]]:
    """Return a rate that says itself what it is of, or else one with the claims that say it."""
    rates = [rate for rate in class_facts.rates if rate.metric == metric]
    sized = [rate for rate in rates if rate.n is not None][:1]
    if sized:
        return sized, (sized[0].claim,)
    return rates[:1], (*class_facts.frame_of(metric), *(rate.claim for rate in rates[:1]))


def f1_of_printed(score: Score, claims: Claims) -> tuple[Fraction, Fraction] | None:
    """Return what F1 may be where a printed one was computed from the printed sensitivity and PPV, digits cut and all.

    None when it was not: when it is not what these two give.
    """
    name = score.metric.removesuffix(".f1")
    printed = {
        metric: rate.value
        for rate in of_kind(claims, Rate, split=score.split)
        for owner, metric in [about_class(rate, claims=claims)]
        if owner == name and rate.value is not None
    }
    sensitivity, ppv = printed.get("sensitivity"), printed.get("ppv")
    if sensitivity is None or ppv is None:
        return None

    def f1(by: int) -> Fraction:
        a, b = (max(Fraction(0), rate.value + by * rate.step) for rate in (sensitivity, ppv))
        return 2 * a * b / (a + b) if a + b > 0 else Fraction(0)

    return (f1(-1) - score.value.step, f1(1) + score.value.step) if fits(score.value, f1(0)) else None


def stands_alone(rate: Rate) -> bool:
    """Return whether what a claim prints about one rate is possible, whatever other claims say."""
    n = None if rate.n is None else int(rate.n.value)
    if n is None or n == 0:
        return rate.count is None or rate.count.value == 0
    if rate.count is None:
        return rate.value is None or len(counts_that_fit(rate.value, n)) > 0
    return rate.count.value <= n and (rate.value is None or fits(rate.value, rate.count.value / n))


def _facts(claims: Claims, frame: Frame, *, name: str, split: str) -> ClassFacts:
    positives, negatives = frame.n[name], frame.total - frame.n[name]
    told: list[tuple[str, str, Printed | None, int | None, int | None]] = []
    for rate in of_kind(claims, Rate, split=split):
        owner, metric = about_class(rate, claims=claims)
        n = None if rate.n is None else int(rate.n.value)
        # Another number of reference cases is for the comparison of these numbers to tell.
        elsewhere = metric == "sensitivity" and n not in (None, positives)
        if owner == name and not elsewhere and stands_alone(rate):
            told.append((rate.id, metric, rate.value, None if rate.count is None else int(rate.count.value), n))
    told += [
        (score.id, "f1", score.value, None, None)
        for score in of_kind(claims, Score, split=split)
        if score.metric == f"{name}.f1" and f1_of_printed(score, claims) is None
    ]
    rates = [
        PrintedRate(
            claim=claim,
            metric=metric,
            value=value,
            count=count,
            n=n,
            region=_region_of(metric, value, count, n, positives=positives, negatives=negatives),
        )
        for claim, metric, value, count, n in sorted(told, key=lambda row: ORDER.index(row[1]))
    ]
    return ClassFacts(name=name, frame=frame, base=_base(frame, name), rates=tuple(rates))


def _base(frame: Frame, name: str) -> Region:
    """Return the counts of a class that the frame leaves possible: false positives are errors of the other classes."""
    positives, negatives = frame.n[name], frame.total - frame.n[name]
    if name not in frame.correct:
        return everything(positives, negatives)
    base = of_counts("sensitivity", frame.correct[name], positives, positives=positives, negatives=negatives)
    others = [frame.n[other] - frame.correct[other] for other in frame.n if other != name and other in frame.correct]
    if len(others) < len(frame.n) - 1:
        return base
    low = sum(others) if len(others) == 1 else 0
    return base & of_wrong("specificity", low, sum(others), positives=positives, negatives=negatives)


def _region_of(
    metric: str, value: Printed | None, count: int | None, n: int | None, *, positives: int, negatives: int
) -> Region:
    """Return the counts for which a rate is printed so: by its printed counts, or else by its value."""
    region = everything(positives, negatives)
    if n is not None:
        region &= of_counts(metric, count, n, positives=positives, negatives=negatives)
    if value is not None and count is None:
        region &= of_value(metric, value, positives=positives, negatives=negatives)
    return region
