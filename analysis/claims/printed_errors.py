"""Whether the numbers of errors that a source prints add up: in all, by class, by pair."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from neuroval.analysis.claims.printed_classes import ClassFacts, false_negatives, false_positives, stands_alone
from neuroval.analysis.claims.printed_counts import at_odds
from neuroval.analysis.claims.rounding import counts_that_fit
from neuroval.analysis.claims.statements import Check, Outcome, about_class, matrix_counts, named, of_kind, plus, span
from neuroval.data.claims.kinds import Claims, Correct, Errors, Matrix, Rate

Cells = frozenset[tuple[str, str]]

DIAGONAL: Final = "off the diagonal"  # cell by cell, a matrix is compared elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Errors in some cells of the confusion matrix: least and greatest number, by ``claims``, in ``words``."""

    cells: Cells
    low: int
    high: int
    claims: tuple[str, ...]
    words: str


def error_checks(claims: Claims, facts: Sequence[ClassFacts], *, split: str) -> list[Check]:
    """Return what the printed numbers of errors of a split say about each other.

    ``facts`` are those of the split's classes.
    """
    whole = _cells(claims)
    printed = [
        Known(
            cells=claim.cells,
            low=int(claim.count.value),
            high=int(claim.count.value),
            claims=(claim.id,),
            words="as printed",
        )
        for claim in of_kind(claims, Errors, split=split)
        if claim.above is None
    ]
    totals = [
        *_totals(claims, split=split),
        *(printed_total for printed_total in printed if printed_total.cells == whole),
    ]
    pairs = [printed_total for printed_total in printed if printed_total.cells != whole]
    rows, columns = _by_class(facts, claims)
    counted = [row for table in of_kind(claims, Correct, split=split) for row in _of_table(table, claims)]
    checks = _same_totals(totals)
    # What the numbers of cases come from has been set against them, and so has a matrix, cell by cell.
    aside = facts[0].frame.claims if facts else ()
    rows = [row for row in rows if row.claims != aside]
    apart = [total for total in totals if total.words != DIAGONAL and total.claims != aside]
    for target in apart:
        checks += _within(target, _ordered(rows), what="False negatives by class")
        checks += _within(target, _ordered(columns), what="False positives by class")
    for target in counted:
        checks += _within(target, [row for row in rows if row.cells == target.cells], what="False negatives")
    known = [*(total for total in totals if total.words != DIAGONAL), *rows, *counted, *columns, *pairs]
    ordered = _ordered(pairs)
    touching: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, errors in enumerate(ordered):
        for cell in errors.cells:
            touching[cell].append(place)
    for target in known:
        places = sorted({place for cell in target.cells for place in touching[cell]})
        inside = [ordered[place] for place in places if ordered[place] is not target]
        checks += _within(target, inside, what="Errors by pair")
    for claim in of_kind(claims, Errors, split=split):
        if claim.above is not None:
            checks += _confident(claim, [entry for entry in known if entry.cells >= claim.cells])
    return checks


def _cells(claims: Claims) -> Cells:
    classes = claims.source.classes
    return frozenset((name, other) for name in classes for other in classes if name != other)


def _ordered(parts: Sequence[Known]) -> list[Known]:
    """Return parts largest first, so that a sum that is too large has no part too many."""
    return sorted(parts, key=lambda errors: (-errors.low, -len(errors.cells), errors.claims))


def _totals(claims: Claims, *, split: str) -> list[Known]:
    """Return how many errors there are in all, by claims that do not say so in words."""
    whole = _cells(claims)
    known = []
    for rate in of_kind(claims, Rate, split=split):
        if about_class(rate, claims=claims) != ("", "accuracy") or rate.n is None:
            continue
        n = int(rate.n.value)
        if rate.count is not None:
            wrong = n - int(rate.count.value)
            words = f"{n:,} - {n - wrong:,}"
            known.append(Known(cells=whole, low=wrong, high=wrong, claims=(rate.id,), words=words))
        elif rate.value is not None and stands_alone(rate):
            right = counts_that_fit(rate.value, n)
            low, high = (n - right[-1], n - right[0]) if right else (0, 0)
            words = f"what {rate.value.text} of {n:,} leaves"
            known.append(Known(cells=whole, low=low, high=high, claims=(rate.id,), words=words))
    for table in of_kind(claims, Correct, split=split):
        by_class = [int(table.n[name].value - table.correct[name].value) for name in table.n]
        wrong = sum(by_class)
        known.append(Known(cells=whole, low=wrong, high=wrong, claims=(table.id,), words=plus(by_class)))
    for matrix in of_kind(claims, Matrix, split=split):
        counts = matrix_counts(matrix)
        wrong = sum(map(sum, counts)) - sum(row[index] for index, row in enumerate(counts))
        known.append(Known(cells=whole, low=wrong, high=wrong, claims=(matrix.id,), words=DIAGONAL))
    return known


def _by_class(facts: Sequence[ClassFacts], claims: Claims) -> tuple[list[Known], list[Known]]:
    """Return the errors by reference class and those by predicted class, where they are known."""
    rows, columns = [], []
    for class_facts in facts:
        others = [name for name in claims.source.classes if name != class_facts.name]
        row, column = false_negatives(class_facts), false_positives(class_facts)
        if row is not None:
            cells = frozenset((class_facts.name, other) for other in others)
            rows.append(
                Known(cells=cells, low=row[0], high=row[1], claims=row[2], words=f"{class_facts.name} not found")
            )
        if column is not None:
            cells = frozenset((other, class_facts.name) for other in others)
            words = f"wrongly called {class_facts.name}"
            columns.append(Known(cells=cells, low=column[0], high=column[1], claims=column[2], words=words))
    return rows, columns


def _of_table(table: Correct, claims: Claims) -> list[Known]:
    """Return the errors by reference class of a table of correct cases."""
    return [
        Known(
            cells=frozenset((name, other) for other in claims.source.classes if other != name),
            low=int(n.value - table.correct[name].value),
            high=int(n.value - table.correct[name].value),
            claims=(table.id,),
            words=f"{name} not found",
        )
        for name, n in table.n.items()
    ]


def _same_totals(totals: Sequence[Known]) -> list[Check]:
    """Return whether the numbers of all errors can be the same."""
    if len({total.claims for total in totals}) < 2:
        return []
    pairs = [pair for pair in combinations(totals, 2) if pair[0].low > pair[1].high or pair[1].low > pair[0].high]
    line = "All errors: " + "; ".join(_said(total) for total in totals) + "."
    if pairs:
        return [at_odds([(*total.claims, *other.claims) for total, other in pairs], line)]
    ids = tuple(dict.fromkeys(name for total in totals for name in total.claims))
    return [Check(claims=ids, outcome="holds", lines=(line,))]


def _within(target: Known, parts: Sequence[Known], *, what: str) -> list[Check]:
    """Return whether numbers of errors in parts of some cells go into the number of errors in all of these.

    ``parts`` come largest first; those that overlap are not added.
    """
    chosen: list[Known] = []
    taken: set[tuple[str, str]] = set()
    for inner in parts:
        if inner.cells <= target.cells and taken.isdisjoint(inner.cells):
            chosen.append(inner)
            taken |= inner.cells
            if sum(part.low for part in chosen) > target.high:
                return [_compared(target, chosen, outcome="contradicts", words="more than the", what=what)]
    if not chosen:
        return []
    complete = taken == target.cells
    if complete and sum(part.high for part in chosen) < target.low:
        words = "all that there can be, but fewer than the"
        return [_compared(target, chosen, outcome="contradicts", words=words, what=what)]
    words = "all of the" if complete else "within the"
    return [_compared(target, chosen, outcome="holds", words=words, what=what)]


def _compared(target: Known, parts: Sequence[Known], *, outcome: Outcome, words: str, what: str) -> Check:
    ids = tuple(dict.fromkeys(name for part in parts for name in part.claims))
    line = " + ".join(span(part.low, part.high) for part in parts)
    if len(parts) > 1:
        line += f" = {span(sum(part.low for part in parts), sum(part.high for part in parts))}"
    line = f"{what}: {line} ({named(ids)}), {words} {_said(target)}."
    return Check(claims=tuple(dict.fromkeys((*ids, *target.claims))), outcome=outcome, lines=(line,))


def _confident(claim: Errors, totals: Sequence[Known]) -> list[Check]:
    """Return whether there can be so many errors above a confidence; that there are is nothing counts could show."""
    count = int(claim.count.value)
    for total in totals:
        if count > total.high:
            line = f"{count:,} errors above a confidence are more than all errors there: {_said(total)}."
            return [Check(claims=tuple(dict.fromkeys((claim.id, *total.claims))), outcome="contradicts", lines=(line,))]
    line = "How confident the errors were cannot be read from printed counts: only predictions show it."
    return [Check(claims=(claim.id,), outcome="silent", lines=(line,))]


def _said(known: Known) -> str:
    return f"{span(known.low, known.high)} by {named(known.claims)} ({known.words})"
