"""Whether what a source prints is arithmetically possible: by itself, and all of it together."""

from collections.abc import Sequence

from neuroval.analysis.claims.possible_together import class_checks
from neuroval.analysis.claims.printed_classes import ClassFacts, Possible, class_facts, possible_counts
from neuroval.analysis.claims.printed_counts import count_checks
from neuroval.analysis.claims.printed_errors import error_checks
from neuroval.analysis.claims.printed_intervals import interval_checks
from neuroval.analysis.claims.printed_matrices import matrix_checks
from neuroval.analysis.claims.printed_rates import rate_checks
from neuroval.analysis.claims.statements import Check, splits_of, with_possible_counts
from neuroval.data.claims.kinds import Claims


def facts_by_split(claims: Claims) -> dict[str, tuple[ClassFacts, ...]]:
    """Return what is printed about the classes of each split."""
    sound = with_possible_counts(claims)
    return {split: class_facts(sound, split=split) for split in splits_of(claims)}


def counts_by_claim(facts: dict[str, tuple[ClassFacts, ...]]) -> dict[str, tuple[Possible, ...]]:
    """Return the counts that printed numbers of cases leave a rate, by its claim; see ``possible_counts``."""
    return {claim: known for of_split in facts.values() for claim, known in possible_counts(of_split).items()}


def internal_checks(claims: Claims, facts: dict[str, tuple[ClassFacts, ...]]) -> tuple[Check, ...]:
    """Return everything that the claims say about each other, in the order in which a reader would ask.

    A contradiction is shown by exhaustion: every whole number of cases and every usual way of rounding was tried
    (half up, half even, half down, cut off). It says that claims cannot all be true, not which of them is wrong. Not
    every contradiction is looked for; what is called one is one.
    """
    sound = with_possible_counts(claims)
    checks = [*rate_checks(claims), *count_checks(sound)]
    for split, of_split in facts.items():
        checks += class_checks(of_split)
        checks += error_checks(sound, of_split, split=split)
        checks += matrix_checks(sound, split=split)
    return _smallest([*checks, *interval_checks(claims, counts_by_claim(facts))])


def _smallest(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks without contradictions that a smaller one explains: what else they hold is not to blame.

    A claim that is impossible by itself does not explain others: they rest on another part of it.
    """
    known = {claims for check in checks for claims in check.impossible if len(claims) > 1}
    return tuple(
        check
        for check in checks
        if not check.impossible or any(not any(other < names for other in known) for names in check.impossible)
    )
