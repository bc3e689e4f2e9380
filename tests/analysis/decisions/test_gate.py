"""One answer of several: missed before undecided before met."""

import pytest

from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.decisions.acceptance import Criterion, Judged
from neuroval.analysis.decisions.gate import critical, gate
from neuroval.data.study.criteria import Acceptance

FACTS = {"split": "test", "share": 0.5}
OPEN, WARNED = (
    Finding(
        code="shared_groups",
        severity=severity,  # type: ignore[arg-type]
        check="training_overlap",
        page="data_set",
        count=1,
        n=2,
        facts=FACTS,
    )
    for severity in ("critical", "warning")
)


def criteria(*outcomes: bool | None) -> list[Criterion]:
    asked = Acceptance(metric="overall.accuracy", at_least=0.9)
    return [
        Criterion(criterion=asked, on_all=Judged(basis="all", estimate=proportion(9, 10), met=outcome, reason=None))
        for outcome in outcomes
    ]


@pytest.mark.parametrize(
    ("outcomes", "findings", "said"),
    [
        ((True, True), (), "passed"),
        ((True, True), (WARNED,), "passed"),
        ((True, None), (WARNED,), "undecided"),
        ((), (), "undecided"),
        ((True, None, False), (), "failed"),
        ((True,), (WARNED, OPEN), "failed"),
        ((), (OPEN,), "failed"),
    ],
)
def test_what_stops_a_pipeline(outcomes: tuple[bool | None, ...], findings: tuple[Finding, ...], said: str) -> None:
    assert gate(criteria(*outcomes), findings) == said


def test_only_critical_findings_stop_it() -> None:
    assert critical((WARNED, OPEN)) == (OPEN,)
