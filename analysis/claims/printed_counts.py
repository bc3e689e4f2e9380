"""Whether the numbers of images that a source prints add up: totals, class tables, splits, what was evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from neuroval.analysis.claims.rounding import ABOUT, allowed, decimals, fits, roundings
from neuroval.analysis.claims.statements import (
    Check,
    about_class,
    excluded,
    matrix_counts,
    named,
    of_kind,
    plus,
    splits_of,
)
from neuroval.data.claims.kinds import ALL, Claims, ClassCounts, Correct, Images, Imbalance, Matrix, Rate, SplitShares
from neuroval.data.claims.printed_number import Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A number of images as a claim gives it, with the arithmetic behind it in words."""

    claim: str
    number: int
    words: str
    about: bool = False

    def agrees(self, other: "Stated", *, left_out: int = 0) -> bool:
        """Return whether both can be the same number, but for what was left out of one of them."""
        apart = abs(self.number - other.number)
        rough = max(self.number * self.about, other.number * other.about) * ABOUT
        return apart <= left_out or apart <= rough


def count_checks(claims: Claims) -> list[Check]:
    """Return what the printed numbers of images say about each other."""
    checks = _totals(claims)
    for shares in of_kind(claims, SplitShares):
        checks += _shares(shares, claims)
    for imbalance in of_kind(claims, Imbalance):
        checks += _imbalance(imbalance, claims)
    for split in splits_of(claims):
        if split != ALL:
            left_out = excluded(claims, split=split)
            checks += same(_sizes(claims, split=split), what=f"Images in {split}", left_out=left_out)
            for index, name in enumerate(claims.source.classes):
                stated = _class_sizes(claims, name=name, index=index, split=split)
                checks += same(stated, what=f"Images of {name} in {split}", left_out=left_out)
                checks += same(_correct(claims, name=name, split=split), what=f"Correct of {name} in {split}")
    return checks


def same(stated: Sequence[Stated], *, what: str, left_out: int = 0) -> list[Check]:
    """Return whether all claims on one number give the same."""
    if len({entry.claim for entry in stated}) < 2:
        return []
    pairs = [pair for pair in combinations(stated, 2) if not pair[0].agrees(pair[1], left_out=left_out)]
    line = (
        f"{what}: " + "; ".join(f"{entry.number:,} by {named([entry.claim])} ({entry.words})" for entry in stated) + "."
    )
    if left_out:
        line += f" The source says that {left_out:,} were left out of the results."
    if not pairs:
        return [Check(claims=tuple(dict.fromkeys(entry.claim for entry in stated)), outcome="holds", lines=(line,))]
    return [at_odds([(entry.claim, other.claim) for entry, other in pairs], line)]


def at_odds(pairs: Sequence[tuple[str, ...]], line: str) -> Check:
    """Return the contradiction of claims that should say the same and, in these pairs, do not."""
    return Check(
        claims=tuple(dict.fromkeys(claim for pair in pairs for claim in pair)),
        outcome="contradicts",
        lines=(f"{line} These must be the same number.",),
        sets=tuple(map(frozenset, pairs)),
    )


def _totals(claims: Claims) -> list[Check]:
    """Compare each printed total with each class table, read in every way that such a table is meant."""
    checks = []
    for total in (_images(table) for table in of_kind(claims, Images, split=ALL)):
        for table in of_kind(claims, ClassCounts, split=ALL):
            readings = _readings(table, claims)
            sums = [Stated(claim=table.id, number=sum(counts), words=words) for counts, words in readings]
            agree = [summed for summed in sums if total.agrees(summed, left_out=excluded(claims, split=ALL))]
            lines = [f"The class table adds up to {plus(readings[0][0])} = {sums[0].number:,} ({named([table.id])})."]
            lines += [
                f"{summed.words[:1].upper()}{summed.words[1:]}: {summed.number:,}."
                for summed in sums[1:]
                if agree != sums[:1]
            ]
            result = f"by the table {agree[0].words} it agrees" if agree else "no reading of the table gives it"
            lines.append(f"The printed total is {total.words} ({named([total.claim])}): {result}.")
            checks.append(
                Check(claims=(total.claim, table.id), outcome="holds" if agree else "contradicts", lines=tuple(lines))
            )
    return checks


def _readings(table: ClassCounts, claims: Claims) -> list[tuple[list[int], str]]:
    """Return the counts of a class table: as they are, with those for testing added, and without them."""
    counts = _counts(table)
    readings = [(counts, "as it is")]
    if table.split == ALL:
        for test in of_kind(claims, ClassCounts, split="test"):
            readings.append(([a + b for a, b in zip(counts, _counts(test), strict=True)], "with the test counts added"))
            readings.append(([a - b for a, b in zip(counts, _counts(test), strict=True)], "without the test counts"))
    return readings


def _shares(claim: SplitShares, claims: Claims) -> list[Check]:
    """Compare the sizes of splits with what their shares of a printed total give."""
    checks = []
    printed = " + ".join(number.text for number in claim.shares.values())
    if sum(allowed(number)[0] for number in claim.shares.values()) > 1:
        checks.append(Check(claims=(claim.id,), outcome="contradicts", lines=(f"{printed} is more than the whole.",)))
    totals = [_images(table) for table in of_kind(claims, Images, split=claim.split)]
    totals += [
        Stated(claim=table.id, number=sum(counts), words=words)
        for table in of_kind(claims, ClassCounts, split=claim.split)
        for counts, words in _readings(table, claims)
    ]
    for split, size in claim.sizes.items():
        share = claim.shares.get(split)
        if share is None or not totals:
            continue
        classes = len(claims.source.classes)
        fitting = [total for total in totals if _is_share(size, share, total.number, classes=classes)]
        fitting = fitting or [total for total in totals if _is_about(size, share, total.number)]
        lines = [
            f"{share.text} of {total.number:,} ({named([total.claim])}) is "
            f"{float(share.value * total.number):,.1f}; printed for {split} is {size.text} ({named([claim.id])})."
            for total in fitting or totals
        ]
        ids = tuple(dict.fromkeys((claim.id, *(total.claim for total in fitting or totals))))
        checks.append(Check(claims=ids, outcome="holds" if fitting else "contradicts", lines=tuple(lines)))
    return checks


def _is_share(size: Printed, share: Printed, total: int, *, classes: int) -> bool:
    """Return whether a size is the share of a total, in one of the ways in which whole images are divided up."""
    rounded = abs(size.value - share.value * total) <= classes  # each class may be rounded by itself
    return rounded or (total > 0 and fits(share, size.value / total))


def _is_about(size: Printed, share: Printed, total: int) -> bool:
    """Return whether a size comes near its share. A share is what was aimed at; patients that stay whole move it."""
    return abs(size.value - share.value * total) <= ABOUT * share.value * total


def _imbalance(claim: Imbalance, claims: Claims) -> list[Check]:
    """Compare the ratio of the largest to the smallest class with the class tables of the same split."""
    checks = []
    for table in of_kind(claims, ClassCounts, split=claim.split):
        lines, agrees = [], False
        for counts, words in _readings(table, claims):
            if min(counts) <= 0:
                continue
            ratio = Fraction(max(counts), min(counts))
            how = roundings(claim.ratio, ratio)
            printed_ratio = f"{claim.ratio.text} ({', '.join(how)})" if how else claim.ratio.text
            shares = f"{max(counts):,} / {min(counts):,} = {decimals(ratio)}"
            lines.append(f"Largest to smallest class, {words}: {shares}, printed {printed_ratio}.")
            agrees = bool(how)
            if agrees:
                lines = lines[-1:]
                break
        if lines:
            ids = (claim.id, table.id) if not agrees else (claim.id,)
            checks.append(Check(claims=ids, outcome="holds" if agrees else "contradicts", lines=tuple(lines)))
    return checks


def _sizes(claims: Claims, *, split: str) -> list[Stated]:
    """Return what claims say about the number of images in a split."""
    sized = [_images(table) for table in of_kind(claims, Images, split=split)]
    for shares in of_kind(claims, SplitShares):
        if split in shares.sizes:
            size = shares.sizes[split]
            sized.append(Stated(claim=shares.id, number=int(size.value), words=size.text, about=size.about))
    sized += [_sum(table) for table in of_kind(claims, ClassCounts, split=split)]
    for rate in of_kind(claims, Rate, split=split):
        if rate.n is not None and about_class(rate, claims=claims)[1] == "accuracy":
            sized.append(Stated(claim=rate.id, number=int(rate.n.value), words="its n"))
    for correct in of_kind(claims, Correct, split=split):
        n = [int(number.value) for number in correct.n.values()]
        sized.append(Stated(claim=correct.id, number=sum(n), words=plus(n)))
    for matrix in of_kind(claims, Matrix, split=split):
        rows = [sum(row) for row in matrix_counts(matrix)]
        sized.append(Stated(claim=matrix.id, number=sum(rows), words=f"rows {plus(rows)}"))
    return sized


def _class_sizes(claims: Claims, *, name: str, index: int, split: str) -> list[Stated]:
    """Return what claims say about the number of images of a class in a split."""
    sized = [
        Stated(claim=table.id, number=int(table.counts[name].value), words="class table")
        for table in of_kind(claims, ClassCounts, split=split)
    ]
    sized += [
        Stated(claim=correct.id, number=int(correct.n[name].value), words="its n")
        for correct in of_kind(claims, Correct, split=split)
    ]
    sized += [
        Stated(claim=rate.id, number=int(rate.n.value), words="its n")
        for rate in of_kind(claims, Rate, split=split)
        if rate.n is not None and about_class(rate, claims=claims) == (name, "sensitivity")
    ]
    sized += [
        Stated(claim=matrix.id, number=sum(matrix_counts(matrix)[index]), words="row of the matrix")
        for matrix in of_kind(claims, Matrix, split=split)
    ]
    return sized


def _correct(claims: Claims, *, name: str, split: str) -> list[Stated]:
    """Return what claims say about the number of images of a class that are called so."""
    counted = [
        Stated(claim=table.id, number=int(table.correct[name].value), words=f"of {table.n[name].text}")
        for table in of_kind(claims, Correct, split=split)
    ]
    return counted + [
        Stated(claim=rate.id, number=int(rate.count.value), words=f"of {rate.n.text}")
        for rate in of_kind(claims, Rate, split=split)
        if rate.count is not None and rate.n is not None
        if about_class(rate, claims=claims) == (name, "sensitivity")
    ]


def _images(claim: Images) -> Stated:
    return Stated(claim=claim.id, number=int(claim.total.value), words=claim.total.text, about=claim.total.about)


def _sum(table: ClassCounts) -> Stated:
    counts = _counts(table)
    return Stated(claim=table.id, number=sum(counts), words=plus(counts))


def _counts(table: ClassCounts) -> list[int]:
    return [int(number.value) for number in table.counts.values()]
