"""The sufficiency, against counts worked by hand."""

from typing import Any

import pytest

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.performance.comparison import PairedCounts
from neuroval.analysis.trial.answers import Answers
from neuroval.analysis.trial.sufficiency import alone, sufficiencies


def fraction(measure: Measure | None) -> tuple[int | None, int | None]:
    assert measure is not None
    return measure.plain.count, measure.plain.n


def test_a_moved_tumour_counts_where_both_scans_are_called_rightly(hand: Answers) -> None:
    tumour = sufficiencies(hand)[0]
    assert (tumour.subject, tumour.n, tumour.left_out) == ("any_tumour", 5, 1)  # scan 8 is called a glioma as it is
    assert fraction(tumour.called_tumour) == (3, 4)
    assert fraction(tumour.called_class) == (2, 4)


def test_the_sufficiency_is_what_is_called_less_what_is_called_without_reason(hand: Answers) -> None:
    tumour, glioma, meningioma = sufficiencies(hand)
    assert tumour.sufficiency.counts == PairedCounts(both=1, only_a=2, only_b=0, neither=1)
    assert tumour.sufficiency.difference.plain.value == pytest.approx(1 / 2)
    assert tumour.of_class.difference.plain.value == pytest.approx(1 / 4)  # 0 and 5, less 5
    assert (glioma.subject, *fraction(glioma.called)) == ("glioma", 2, 2)
    assert (meningioma.subject, *fraction(meningioma.called)) == ("meningioma", 1, 2)


def test_tumours_alone(hand: Answers) -> None:
    found = {row.subject: fraction(row.still) for row in alone(hand)}
    assert found == {"any_tumour": (3, 4), "glioma": (2, 3), "meningioma": (1, 1)}


def test_without_a_negative_class_every_scan_may_receive_a_tumour(script: type[Any]) -> None:
    trial = script(["a", "b"], classes=("a", "b"), negative=None)
    trial.add("none", {0: "a", 1: "a"}).add("move", {0: "a", 1: "a"}, hosts={0: 1, 1: 0})
    trial.add("move", {0: "b", 1: "a"}, control="healthy", hosts={0: 1, 1: 0})
    answers = trial.answers()
    assert answers is not None
    of_a, of_b = sufficiencies(answers)
    assert (of_a.called_tumour, of_a.left_out, of_a.sufficiency.difference.plain.value) == (None, 0, 1.0)
    assert (of_b.n, of_b.left_out, fraction(of_b.called)) == (1, 1, (None, 0))


def test_nothing_moved_is_nothing(script: type[Any]) -> None:
    answers = script(["glioma"]).add("none", {0: "glioma"}).answers()
    assert answers is not None
    assert (sufficiencies(answers), alone(answers)) == ((), ())
