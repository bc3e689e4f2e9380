"""Whether the rates printed about each class can stand together, and whether false positives and negatives balance."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, islice
from typing import Final

import numpy as np

from neuroval.analysis.claims.printed_classes import ClassFacts, PrintedRate, blamed
from neuroval.analysis.claims.regions import Region, fraction_of, fractions_of
from neuroval.analysis.claims.rounding import quotient, roundings
from neuroval.analysis.claims.statements import Check, named, span

MOST_TOGETHER: Final = 8  # rates of one class: of more, only sets of up to three are tried
FEW: Final = 3
MOST_TRIED: Final = 100  # counts among which an example with a denominator is looked for
MOST_PIECES: Final = 200  # ranges of differences that are kept apart
MOST_KEPT: Final = 60  # rates of all classes, of more of which one smallest set is enough
LEAST_FIRST: Final = ("sensitivity", "f1", "npv", "ppv", "accuracy", "specificity")
_Pieces = list[tuple[int, int]]
_Chosen = Mapping[str, Sequence[PrintedRate]]


def class_checks(facts: Sequence[ClassFacts]) -> list[Check]:
    """Return what the printed rates of each class say about each other, and whether the classes balance.

    The sets of claims that are found impossible are minimal: each becomes possible when any of its rates is left out.
    """
    checks = [
        _alone(class_facts, rate)
        for class_facts in facts
        for rate in class_facts.rates
        if rate.value is not None and class_facts.region([rate]).possible
    ]
    checks += [
        _impossible(class_facts, contradiction)
        for class_facts in facts
        for contradiction in _contradictions(class_facts)
    ]
    if facts:
        checks += _balance(facts)
    return checks


def _contradictions(class_facts: ClassFacts) -> Iterator[tuple[PrintedRate, ...]]:
    """Yield the smallest sets of rates that no counts give."""
    sets: list[set[PrintedRate]] = []
    largest = len(class_facts.rates) if len(class_facts.rates) <= MOST_TOGETHER else FEW
    for size in range(1, largest + 1):
        for rates in combinations(class_facts.rates, size):
            if not any(known <= set(rates) for known in sets) and not class_facts.region(rates).possible:
                sets.append(set(rates))
                yield rates


def _alone(class_facts: ClassFacts, rate: PrintedRate) -> Check:
    """Return the counts behind a rate, with sensitivity and specificity where that is possible."""
    basis = [] if rate in class_facts.basis() else class_facts.basis()
    joint = class_facts.region([*basis, rate]).possible
    if not joint:
        basis = []
    region = class_facts.region([*basis, rate])
    examples = (fraction_of(rate.metric, counts) for counts in islice(region.members(), MOST_TRIED))
    count, n = next((example for example in examples if example[1]), (0, 0))
    several = "" if rate in class_facts.basis() or region.size == 1 else "for example "
    alone = "" if joint else " by itself"
    line = f"{_title(class_facts, rate)} is possible{alone}: {several}{quotient(count, n, rate.value)}"
    if rate.value is not None and n:
        line += f" ({', '.join(roundings(rate.value, Fraction(count, n))) or 'by its counts'})"
    by = [claim for claim in class_facts.given([*basis, rate]) if claim != rate.claim]
    return Check(claims=(rate.claim,), outcome="holds", lines=(f"{line}, by {named(by)}." if by else f"{line}.",))


def _impossible(class_facts: ClassFacts, rates: Sequence[PrintedRate]) -> Check:
    *basis, last = rates
    region = class_facts.region(basis)
    if last.count is not None or last.value is None:
        printed = f"of {last.n:,}" if last.count is None else f"{last.count:,} of {last.n:,}"
        why = f"printed {printed}, is not possible with this."
    else:
        near = _nearest(region, last)
        total = "" if last.n is None else f" of {last.n:,}"
        shown = " and ".join(quotient(*fraction, last.value) for fraction in near)
        why = f"is{total} not possible with this: the nearest {'is' if len(near) == 1 else 'are'} {shown}."
    line = f"{_basis(class_facts, basis, region)} {_title(class_facts, last)} {why}"
    return Check(
        claims=blamed(class_facts.frame, [(class_facts.index, rate) for rate in rates]),
        outcome="contradicts",
        lines=(line,),
    )


def _title(class_facts: ClassFacts, rate: PrintedRate) -> str:
    value = "" if rate.value is None else f" {rate.value.text}"
    return f'{class_facts.name}: {rate.words}{value} ("{rate.claim}")'


def _basis(class_facts: ClassFacts, basis: Sequence[PrintedRate], region: Region) -> str:
    """Say what is known before the rate that does not fit."""
    text = f"{class_facts.name}: {class_facts.positives:,} cases, {class_facts.negatives:,} others"
    if class_facts.name in class_facts.frame.correct:
        text += f", {class_facts.frame.correct[class_facts.name]:,} correct"
    text += f" ({named(class_facts.frame.claims)})"
    for rate in basis:
        text += (
            f"; {rate.words} {rate.value.text if rate.value else f'{rate.count} of {rate.n}'} ({named([rate.claim])})"
        )
    return f"{text}. This leaves {span(*region.fn)} false negatives and {span(*region.fp)} false positives."


def _nearest(region: Region, rate: PrintedRate) -> list[tuple[int, int]]:
    """Return the share next below and next above a printed value among possible counts, those that there are."""
    assert rate.value is not None
    target = rate.region
    possible = region.low <= region.high
    edges = [region.low, region.high, *(bound + by for bound in (target.low, target.high) for by in (-1, 0, 1))]
    fp = np.clip(np.stack(edges), region.low, region.high)[:, possible]
    fn = np.broadcast_to(np.flatnonzero(possible), fp.shape)
    top, bottom = fractions_of(
        rate.metric, tp=region.positives - fn, fp=fp, fn=np.asarray(fn), tn=region.negatives - fp
    )
    known = bottom > 0
    distance = top[known] / bottom[known] - float(rate.value.value)
    near = []
    for side in (distance <= 0, distance > 0):
        if side.any():
            index = np.flatnonzero(side)[np.argmin(np.abs(distance[side]))]
            near.append((int(top[known][index]), int(bottom[known][index])))
    return near


def _balance(facts: Sequence[ClassFacts]) -> list[Check]:
    """Return whether the false positives of all classes can be as many as the false negatives."""
    chosen = {class_facts.name: _usable(class_facts) for class_facts in facts}
    if not any(chosen.values()):
        return []
    if _balances(facts, chosen):
        specific = [rate.claim for rates in chosen.values() for rate in rates if rate.metric == "specificity"]
        if len(specific) < len(facts):
            return []
        return [Check(claims=tuple(specific), outcome="holds", lines=tuple(_sums(facts, chosen, equal=True)))]
    # Which claims are needed depends on which are tried first: each is kept as long as possible once.
    rates = [
        (class_facts, rate)
        for metric in LEAST_FIRST
        for class_facts in facts
        for rate in chosen[class_facts.name]
        if rate.metric == metric
    ]
    sets: list[tuple[str, ...]] = []
    for last in rates if len(rates) <= MOST_KEPT else rates[-1:]:
        if not any(last[1].claim in known for known in sets):
            needed = _needed(facts, chosen, [*(rate for rate in rates if rate is not last), last])
            to_blame = blamed(
                facts[0].frame,
                [(class_facts.index, rate) for class_facts in facts for rate in needed[class_facts.name]],
            )
            if to_blame not in sets:
                sets.append(to_blame)
    return [
        Check(
            claims=tuple(dict.fromkeys(claim for impossible in sets for claim in impossible)),
            outcome="contradicts",
            lines=tuple(_sums(facts, chosen, equal=False)),
            sets=tuple(map(frozenset, sets)),
        )
    ]


def _needed(facts: Sequence[ClassFacts], chosen: _Chosen, order: Sequence[tuple[ClassFacts, PrintedRate]]) -> _Chosen:
    """Return the rates without each of which the classes would balance; those first in order are left out first."""
    for index, rate in order:
        without = {**chosen, index.name: [other for other in chosen[index.name] if other is not rate]}
        if not _balances(facts, without):
            chosen = without
    return chosen


def _usable(class_facts: ClassFacts) -> list[PrintedRate]:
    """Return all rates of a class, or fewer where they are not possible together."""
    return next(
        (list(rates) for rates in (class_facts.rates, class_facts.basis()) if class_facts.region(rates).possible), []
    )


def _balances(facts: Sequence[ClassFacts], chosen: _Chosen) -> bool:
    """Return whether false positives less false negatives can add up to 0 over the classes."""
    sums: _Pieces = [(0, 0)]
    for class_facts in facts:
        differences = _few(class_facts.region(chosen[class_facts.name]).differences)
        sums = _merged([(a + c, b + d) for a, b in sums for c, d in differences])
    return any(low <= 0 <= high for low, high in sums)


def _merged(pieces: _Pieces) -> _Pieces:
    """Return the same whole numbers as few ranges."""
    merged: _Pieces = []
    for low, high in sorted(pieces):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return _few(merged)


def _few(pieces: _Pieces) -> _Pieces:
    """Return ranges as they are, or of too many their hull, which rules out less."""
    return pieces if len(pieces) <= MOST_PIECES else [(pieces[0][0], max(high for _, high in pieces))]


def _sums(facts: Sequence[ClassFacts], chosen: _Chosen, *, equal: bool) -> Iterator[str]:
    regions = [limits.region(chosen[limits.name]) for limits in facts]
    fn, fp = [region.fn for region in regions], [region.fp for region in regions]
    names = ", ".join(limits.name for limits in facts)
    for words, ranges in (("False negatives", fn), ("False positives", fp)):
        total = span(sum(low for low, _ in ranges), sum(high for _, high in ranges))
        yield f"{words} of {names}: {' + '.join(span(*limits) for limits in ranges)} = {total}."
    rule = "Every error is a false negative of one class and a false positive of another, so both sums must be equal"
    yield f"{rule}: {'they can be' if equal else 'they cannot be'}."
