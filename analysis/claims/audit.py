"""The claims audit: whether a published record can be true, and whether our study reproduces it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from neuroval.analysis.claims.against_study import External, OurNumbers, compared
from neuroval.analysis.claims.internal import counts_by_claim, facts_by_split, internal_checks
from neuroval.analysis.claims.statements import Check, Line
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.data.claims.kinds import Claim, Claims

NOTHING: Final = "Nothing else that is printed says anything about it."
Verdict = Literal["consistent", "contradicted_internally", "not_reproduced", "not_comparable", "not_checkable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedClaim:
    """A claim with its verdict and the arithmetic behind it.

    ``arithmetic`` are plain sentences with the numbers; ``decisive`` are those among them that the verdict rests on.
    ``against`` are the smallest sets of other claims that it cannot be true together with; an empty set where it is
    impossible by itself. ``ours`` is what our study gets, none where it has no such number or no study was given;
    ``published`` the count and n it is compared with, ``difference`` published less ours, none where not known.
    """

    claim: Claim
    verdict: Verdict
    arithmetic: tuple[Line, ...]
    decisive: tuple[Line, ...]
    against: tuple[tuple[str, ...], ...] = ()
    ours: Estimate | None = None
    published: tuple[int, int] | None = None
    difference: Estimate | None = None


def audit_claims(claims: Claims, *, ours: OurNumbers | None = None) -> tuple[AuditedClaim, ...]:
    """Return each claim with its verdict, in the order of the file.

    - ``contradicted_internally``: it cannot be true together with other claims of the same source, or not at all.
      Shown by exhaustion over whole numbers of cases and over every usual way of rounding. Which of the claims is
      wrong is not said. This stands whatever our study finds.
    - ``not_reproduced``: the interval of the difference from our study does not hold 0.
    - ``not_comparable``: our number is of another data set, split, unit or kind of folds, or of another size.
    - ``consistent``: something was checked, by the source's own numbers or by ours, and everything printed in the
      claim that was checked holds.
    - ``not_checkable``: there was nothing to check it by, or a part of it stays open, such as an interval that
      none of the usual methods gives while the source names none.
    """
    facts = facts_by_split(claims)
    possible = counts_by_claim(facts)
    checks: dict[str, list[Check]] = defaultdict(list)
    for check in internal_checks(claims, facts):
        for name in check.claims:
            checks[name].append(check)
    audited = []
    for claim in claims.claims:
        external = External(outcome="none")
        if ours is not None:
            external = compared(claim, claims, ours, facts=facts[claim.split], possible=possible)
        audited.append(_judged(claim, checks[claim.id], external))
    return tuple(audited)


def _judged(claim: Claim, checks: list[Check], external: External) -> AuditedClaim:
    contradictions = sorted(
        (check for check in checks if check.outcome == "contradicts"), key=lambda check: len(check.claims)
    )
    open_parts = [check for check in checks if check.outcome == "open"]
    holding = [check for check in checks if check.outcome == "holds"]
    verdict: Verdict
    decisive: tuple[Line, ...]
    if contradictions:
        verdict, decisive = "contradicted_internally", contradictions[0].lines
    elif external.outcome in ("not_reproduced", "not_comparable"):
        verdict, decisive = external.outcome, external.lines[-1:]
    elif open_parts:
        verdict, decisive = "not_checkable", open_parts[0].lines
    elif external.outcome == "agrees" or holding:
        verdict = "consistent"
        decisive = external.lines[-1:] if external.outcome == "agrees" else holding[0].lines
    else:
        silent = tuple(line for check in checks for line in check.lines)
        verdict, decisive = "not_checkable", external.lines[-1:] or silent or (NOTHING,)
    lines: list[Line] = [*(line for check in checks for line in check.lines), *external.lines]
    return AuditedClaim(
        claim=claim,
        verdict=verdict,
        arithmetic=tuple(dict.fromkeys(lines)) or (NOTHING,),
        decisive=tuple(decisive),
        against=_against(claim, contradictions),
        ours=external.ours,
        published=external.published,
        difference=external.difference,
    )


def _against(claim: Claim, contradictions: list[Check]) -> tuple[tuple[str, ...], ...]:
    sets = {
        tuple(name for name in check.claims if name in impossible and name != claim.id)
        for check in contradictions
        for impossible in check.impossible
        if claim.id in impossible
    }
    return tuple(sorted(sets, key=lambda names: (len(names), names)))


def contradicted(claims: Sequence[AuditedClaim], *, source: str = "") -> Finding | None:
    """Return how many published claims contradict each other, none when no claim does."""
    return _finding("claims_contradicted", claims, verdict="contradicted_internally", source=source)


def not_reproduced(claims: Sequence[AuditedClaim], *, source: str = "") -> Finding | None:
    """Return how many published claims the study does not reproduce, none when it does all."""
    return _finding("claims_not_reproduced", claims, verdict="not_reproduced", source=source)


def _finding(code: str, claims: Sequence[AuditedClaim], *, verdict: Verdict, source: str) -> Finding | None:
    count = sum(claim.verdict == verdict for claim in claims)
    if not count:
        return None
    return Finding(
        code=code,
        severity="warning",
        check="claims",
        page="claims",
        count=count,
        n=len(claims),
        facts={"source": source},
    )
