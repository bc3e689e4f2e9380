"""Figures over prevalence: what a reader may choose from. tests/dashboard/test_wiring.py checks their numbers."""

from neuroval.analysis.study.two_class_questions import STEPS


def test_prevalences_to_choose_from_rise_from_1_in_1000_to_6_in_10() -> None:
    assert list(STEPS) == sorted(set(STEPS))
    assert (STEPS[0], STEPS[-1]) == (0.001, 0.6)
