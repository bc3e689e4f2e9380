"""Filters over the evaluated cases: the same cases as a loop finds, in the order of the gallery."""

from pathlib import Path

import numpy as np
import pytest

from neuroval.dashboard.cases.evidence import Evidence, evidence_of
from neuroval.dashboard.cases.selection import FILTERS, edges
from neuroval.data.study.folder import read_study


@pytest.fixture
def found(dashboard_home: Path) -> Evidence:
    return evidence_of(read_study(dashboard_home / "studies" / "copies"))


def test_errors_come_first_then_the_most_confident(found: Evidence) -> None:
    selection = found.selection
    ids = selection.ids(selection.rows({}, everything=True))
    expected = sorted(found.cases.values(), key=lambda case: (case.correct, -case.confidence, case.case_id))
    assert ids == [case.case_id for case in expected]
    errors = selection.rows({}, everything=False)
    assert selection.ids(errors) == [case.case_id for case in found.wrong]
    assert (selection.errors, selection.wrong(errors), selection.wrong(selection.rows({}, everything=True))) == (
        5,
        5,
        5,
    )


@pytest.mark.parametrize(
    "key", ["reference", "predicted", "confidence", "source", "shared", "twin", "patient", "evidence"]
)
def test_a_filter_keeps_what_a_loop_keeps(found: Evidence, key: str) -> None:
    def value(case_id: str) -> str | None:
        case = found.cases[case_id]
        facts = {"source": "source", "patient": "patient_id"}
        if key in facts:
            return case.facts.get(facts[key])
        on = {True: "on", False: "off", None: None}[case.on_target]
        shared = {True: "yes", False: "no", None: "unknown"}[case.shared]
        return {
            "reference": case.reference,
            "predicted": case.predicted,
            "confidence": case.tier,
            "evidence": on,
            "shared": shared,
            "twin": "yes" if case.twin else "no",
        }[key]

    selection = found.selection
    everything = selection.rows({}, everything=True)
    values = selection.values(key, everything)
    assert set(values) == {value(case_id) for case_id in found.cases} - {None}
    for one in values:
        kept = selection.ids(selection.rows({key: one}, everything=True))
        assert set(kept) == {case_id for case_id in found.cases if value(case_id) == one}


def test_the_bins_are_those_of_the_reliability_diagram(found: Evidence) -> None:
    selection = found.selection
    for index, one in enumerate(found.results.confidence.reliability.top_label.bins, start=1):
        assert len(selection.rows({"bin": str(index)}, everything=True)) == one.n
        assert edges(str(index)) == pytest.approx((one.low, one.high))


def test_filters_hold_together(found: Evidence) -> None:
    rows = found.selection.rows({"reference": "glioma", "predicted": "meningioma"}, everything=True)
    assert len(rows) == found.results.performance.matrix.counts[0, 1]


def test_what_is_not_recorded_filters_nothing(found: Evidence) -> None:
    everything = found.selection.rows({}, everything=True)
    assert found.selection.values("plane", everything) == []
    assert list(found.selection.known("plane")) == []


def test_records_name_each_filter(found: Evidence) -> None:
    rows = found.selection.rows({}, everything=False)
    first, *_ = found.selection.records(rows)
    assert list(first) == ["case_id", "largest_probability", *FILTERS]
    assert (first["case_id"], first["reference"], first["predicted"]) == (f"{20:016x}", "glioma", "meningioma")
    assert float(first["largest_probability"]) == 0.96
    assert first["plane"] == ""
    assert len(found.selection.records(np.zeros(0, dtype=np.int64))) == 0
