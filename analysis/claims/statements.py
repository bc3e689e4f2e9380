"""What the claims of one source say about the same thing, side by side, and the form of a check."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

from neuroval.analysis.core.codes import Method, Reason
from neuroval.data.claims.kinds import (
    ANY_TUMOUR,
    OVERALL,
    Claims,
    ClassCounts,
    Correct,
    Excluded,
    Matrix,
    Rate,
    Statement,
)

Line = str | tuple[str | Reason | Method, ...]  # a worked calculation; codes in it are put into words where it is shown
Outcome = Literal["holds", "contradicts", "open", "silent"]
Kind = TypeVar("Kind", bound=Statement)
SWAPPED: Final = {"sensitivity": "specificity", "specificity": "sensitivity", "ppv": "npv", "npv": "ppv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One piece of arithmetic and the ids of all claims that it needs.

    ``contradicts``: these claims cannot all be true, and each belongs to a smallest set of them that cannot, as far as
    smaller ones were looked for.
    ``open``: something that should follow does not, and yet may be true. ``silent``: there is nothing that it could
    follow from. ``lines`` are plain sentences with the numbers. ``sets`` are the smallest sets of claims that cannot
    all be true; by default all claims are one.
    """

    claims: tuple[str, ...]
    outcome: Outcome
    lines: tuple[str, ...]
    sets: tuple[frozenset[str], ...] = ()

    @property
    def impossible(self) -> tuple[frozenset[str], ...]:
        """The smallest sets of claims that cannot all be true, none when the check shows no contradiction."""
        return (self.sets or (frozenset(self.claims),)) if self.outcome == "contradicts" else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Cases per reference class of one split as ``claims`` state them, and the correct ones where these say so."""

    claims: tuple[str, ...]
    n: Mapping[str, int]
    correct: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.n.values())


def of_kind(claims: Claims, kind: type[Kind], *, split: str | None = None) -> list[Kind]:
    """Return the claims of one kind, of one split or of all, in the order of the file."""
    return [claim for claim in claims.claims if isinstance(claim, kind) and split in (None, claim.split)]


def splits_of(claims: Claims) -> tuple[str, ...]:
    """Return the splits that claims speak of, in the order of the file."""
    return tuple(dict.fromkeys(claim.split for claim in claims.claims))


def named(ids: Sequence[str]) -> str:
    """Return ids as a reader is told them: ``"a" and "b"``."""
    quoted = [f'"{name}"' for name in ids]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def plus(numbers: Iterable[int]) -> str:
    """Return a sum as it is written: ``8 + 10 + 1 + 1``."""
    return " + ".join(f"{number:,}" for number in numbers)


def span(low: int, high: int) -> str:
    """Return a whole number that is only known to lie in a range."""
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def in_words(metric: str) -> str:
    """Return the name of a rate as it is written in a sentence."""
    return metric.upper() if metric in ("ppv", "npv", "f1") else metric


def about_class(claim: Rate, *, claims: Claims) -> tuple[str, str]:
    """Return the class and the rate that a claim is about; the overall accuracy is that of the class "".

    Any tumour against none is the negative class seen from the other side: its sensitivity is the specificity of
    the negative class.
    """
    owner, _, rate = claim.metric.rpartition(".")
    if owner == OVERALL:
        return "", rate
    if owner == ANY_TUMOUR and claims.source.negative is not None:
        return claims.source.negative, SWAPPED.get(rate, rate)
    return owner, rate


def matrix_counts(claim: Matrix) -> list[list[int]]:
    """Return the printed counts, rows reference."""
    return [[int(cell.value) for cell in row] for row in claim.rows]


def excluded(claims: Claims, *, split: str) -> int:
    """Return how many images of a split the source says it left out; of the whole data set, those of all splits."""
    return sum(int(claim.total.value) for claim in of_kind(claims, Excluded) if split in ("all", claim.split))


def with_possible_counts(claims: Claims) -> Claims:
    """Return the claims without those that count more cases than there are: they say nothing about others."""
    kept = [
        claim
        for claim in claims.claims
        if not (isinstance(claim, Rate) and claim.count and claim.n and claim.count.value > claim.n.value)
        if not (isinstance(claim, Correct) and any(claim.correct[name].value > n.value for name, n in claim.n.items()))
    ]
    return replace(claims, claims=tuple(kept))


def frames(claims: Claims, *, split: str) -> list[Frame]:
    """Return the printed numbers of cases per class of a split, each as one claim or one table of claims gives them.

    The class table of a split of which images were left out gives none.
    """
    groups = []
    for correct in of_kind(claims, Correct, split=split):
        n = {name: int(number.value) for name, number in correct.n.items()}
        right = {name: int(number.value) for name, number in correct.correct.items()}
        groups.append(Frame(claims=(correct.id,), n=n, correct=right))
    rates: dict[str, Rate] = {}
    for rate in of_kind(claims, Rate, split=split):
        name, kind = about_class(rate, claims=claims)
        if kind == "sensitivity" and rate.n is not None and name not in rates:
            rates[name] = rate
    if set(rates) == set(claims.source.classes):
        tables = [rates[name] for name in claims.source.classes]
        n = {name: int(rate.n.value) for name, rate in rates.items() if rate.n is not None}
        right = {name: int(rate.count.value) for name, rate in rates.items() if rate.count is not None}
        in_order = {name: n[name] for name in claims.source.classes}
        groups.append(Frame(claims=tuple(rate.id for rate in tables), n=in_order, correct=right))
    for table in [] if excluded(claims, split=split) else of_kind(claims, ClassCounts, split=split):
        n = {name: int(number.value) for name, number in table.counts.items()}
        groups.append(Frame(claims=(table.id,), n=n, correct={}))
    return groups
