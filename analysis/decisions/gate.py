"""One answer for a pipeline: whether a model passes, given the criteria of its study and what its audit found."""

from collections.abc import Sequence
from typing import Final, Literal

from neuroval.analysis.core.finding import Finding
from neuroval.analysis.decisions.acceptance import Criterion

Outcome = Literal["passed", "failed", "undecided"]
OUTCOMES: Final[dict[bool | None, Outcome]] = {True: "passed", False: "failed", None: "undecided"}


def critical(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with which no number is to be relied on."""
    return tuple(finding for finding in findings if finding.severity == "critical")


def gate(criteria: Sequence[Criterion], findings: Sequence[Finding]) -> Outcome:
    """Return whether a study passes: every criterion is met and no finding is critical.

    It has failed when one criterion is missed or one finding is critical, whatever else is undecided. It is undecided
    when a criterion cannot be decided, and without any criterion: nobody said what would be good enough.
    """
    if critical(findings) or any(criterion.met is False for criterion in criteria):
        return "failed"
    return "passed" if criteria and all(criterion.met for criterion in criteria) else "undecided"
