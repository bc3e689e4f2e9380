"""When a trial raises a finding: by hand, and its power and false alarms by simulation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neuroval.analysis.core.finding import Finding
from neuroval.analysis.trial.answers import Answers
from neuroval.analysis.trial.findings import fragile, needs_no_tumour
from neuroval.analysis.trial.need import healthy_holes, needs
from neuroval.analysis.trial.robustness import corruptions
from neuroval.data.study.trial import CORRUPTIONS

Simulated = Callable[..., Answers]


def accused(answers: Answers) -> Finding | None:
    return needs_no_tumour(needs(answers), healthy_holes(answers), names={"glioma": "Glioma"})


def trial_of(
    script: type[Any], stays: int, *, n: int = 60, elsewhere: int | None = None, healthy: int | None = None
) -> Answers:
    """``stays`` of ``n`` gliomas are still called one; so many stay with the hole elsewhere, and healthy with holes."""
    trial = script(["glioma"] * n + ["notumor"] * n)
    plain = {place: "glioma" if place < n else "notumor" for place in range(2 * n)}
    kept = n if elsewhere is None else elsewhere
    still_healthy = n if healthy is None else healthy
    trial.add("none", plain)
    for method in ("remove_telea", "remove_harmonic"):
        trial.add(method, {place: "glioma" if place < stays else "notumor" for place in range(n)})
        trial.add(method, {place: "glioma" if place < kept else "notumor" for place in range(n)}, control="elsewhere")
        called = {place: "notumor" if place < still_healthy else "glioma" for place in range(n)}
        trial.add(method, called, control="healthy", hosts={place: place + n for place in range(n)})
    made = trial.answers()
    assert isinstance(made, Answers)
    return made


def test_a_model_whose_calls_stay_is_accused_with_its_counts(script: type[Any]) -> None:
    finding = accused(trial_of(script, 57, elsewhere=59))
    assert finding is not None
    assert (finding.severity, finding.page, finding.count, finding.n) == ("critical", "shortcuts", 57, 60)
    assert finding.facts["kept_elsewhere"] == (59, 60)
    assert finding.facts["need"] == pytest.approx(2 / 60)
    assert (finding.facts["subject"], finding.facts["others"]) == ("", ("Glioma",))


def test_a_model_whose_calls_go_is_not(script: type[Any]) -> None:
    assert accused(trial_of(script, 3)) is None


def test_it_takes_the_upper_bound_below_half(script: type[Any]) -> None:
    few, many = trial_of(script, 6, n=10), trial_of(script, 120, n=200)
    for answers in (few, many):
        worst = needs(answers)[0].worst
        assert worst is not None
        assert worst.need.difference.headline.value == pytest.approx(0.4)
    assert accused(few) is None  # half cannot be ruled out
    assert accused(many) is not None


def test_where_filling_alone_makes_tumours_nobody_is_accused(script: type[Any]) -> None:
    assert accused(trial_of(script, 57, healthy=60)) is not None
    assert accused(trial_of(script, 57, healthy=3)) is None


def test_a_single_class_may_be_accused(script: type[Any]) -> None:
    trial = script(["glioma"] * 60 + ["meningioma"] * 60 + ["notumor"])
    plain = {place: ("glioma", "meningioma")[place // 60] for place in range(120)}
    trial.add("none", plain)
    for method in ("remove_telea", "remove_harmonic"):
        trial.add(method, {place: plain[place] if place < 58 else "notumor" for place in range(120)})
        trial.add(method, plain, control="elsewhere")
    answers = trial.answers()
    assert answers is not None
    finding = accused(answers)
    assert finding is not None
    assert (finding.facts["subject"], finding.count, finding.n) == ("Glioma", 58, 60)


def test_without_a_trial_of_need_there_is_no_accusation(hand: Answers) -> None:
    assert needs_no_tumour(()) is None
    assert accused(hand) is None  # five scans


def spoilt(script: type[Any], lost: int, *, level: int = 2) -> Answers:
    trial = script(["glioma"] * 100 + ["notumor"] * 100)
    plain = {place: "glioma" if place < 100 else "notumor" for place in range(200)}
    trial.add("none", plain)
    trial.add("motion", plain | dict.fromkeys(range(lost), "notumor"), level=level)
    trial.add("jpeg", plain, level=2)
    made = trial.answers()
    assert isinstance(made, Answers)
    return made


@pytest.mark.parametrize(("lost", "level", "raised"), [(30, 2, True), (8, 2, False), (90, 3, False), (0, 2, False)])
def test_a_mild_corruption_that_surely_costs_more_than_5_points_is_a_warning(
    script: type[Any], lost: int, level: int, *, raised: bool
) -> None:
    finding = fragile(corruptions(spoilt(script, lost, level=level), at_least={}))
    assert (finding is not None) == raised
    if finding is not None:
        assert (finding.severity, finding.count, finding.n) == ("warning", 1, 2)
        assert (finding.facts["worst"], finding.facts["rate"]) == ("motion", "sensitivity")
        assert finding.facts["fall"] == pytest.approx(0.3)


SEEDS = 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortcut", "patients", "low", "high"),
    [
        (0.0, 60, 0.0, 0.0),  # clean
        (0.3, 60, 0.0, 0.02),
        (0.5, 60, 0.0, 0.20),  # half of the calls: the limit itself
        (0.8, 60, 0.95, 1.0),
        (0.95, 60, 1.0, 1.0),
        (0.8, 20, 0.5, 1.0),
        (0.95, 20, 0.95, 1.0),
    ],
)
def test_power_and_false_alarms_of_needs_no_tumour(
    simulated: Simulated, shortcut: float, patients: int, low: float, high: float
) -> None:
    """The table in ``analysis/README.md``: three slices a patient, correlated, and traces of the filling."""
    raised = [
        accused(simulated(np.random.default_rng(seed), shortcut=shortcut, patients=patients)) is not None
        for seed in range(SEEDS)
    ]
    share = sum(raised) / SEEDS
    assert low <= share <= high


@pytest.mark.slow
@pytest.mark.parametrize("filling", [0.5, 0.9])
def test_traces_of_the_filling_accuse_nobody(simulated: Simulated, filling: float) -> None:
    """A model that rests on the tumour alone, and takes filled holes for tumours."""
    raised = [
        accused(simulated(np.random.default_rng(seed), shortcut=0.0, filling_alone=filling)) is not None
        for seed in range(SEEDS)
    ]
    assert sum(raised) <= 0.1 * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fall", "low", "high"),
    [(0.0, 0.0, 0.02), (0.02, 0.0, 0.02), (0.05, 0.0, 0.4), (0.10, 0.8, 1.0), (0.20, 0.95, 1.0)],
)
def test_power_and_false_alarms_of_fragile(fall: float, low: float, high: float) -> None:
    """300 scans, 207 with a tumour, 12 corruptions that all cost ``fall`` of both rates at severity 2."""
    raised = 0
    for seed in range(SEEDS):
        answers = worn(np.random.default_rng(seed), fall)
        raised += fragile(corruptions(answers, at_least={})) is not None
    share = raised / SEEDS
    assert low <= share <= high


def worn(rng: np.random.Generator, fall: float, *, n: int = 300, tumours: int = 207) -> Answers:
    reference = np.where(np.arange(n) < tumours, 0, 2)
    cases = np.arange(n)
    names = ["none", *CORRUPTIONS]
    called = [reference, *(np.where(rng.random(n) < fall, 2 - reference, reference) for _ in CORRUPTIONS)]
    calls = np.concatenate(called)
    return Answers(
        case=np.tile(cases, len(names)),
        host=np.full(n * len(names), -1),
        intervention=np.repeat(np.array(names, dtype=object), n),
        level=np.repeat(np.array([0, *[2] * len(CORRUPTIONS)]), n),
        control=np.full(n * len(names), "", dtype=object),
        probabilities=np.eye(4)[calls] * 0.8 + 0.05,
        reference=reference,
        groups=cases // 2,
        untouched=reference,
        judged=np.ones(n, dtype=np.bool_),
        classes=("glioma", "meningioma", "notumor", "pituitary"),
        negative=2,
    )
