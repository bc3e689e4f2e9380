"""What breaks the model, against counts worked by hand."""

from typing import Any

import pytest

from neuroval.analysis.core.proportions import wilson
from neuroval.analysis.performance.comparison import PairedCounts
from neuroval.analysis.trial.answers import Answers
from neuroval.analysis.trial.robustness import Corruption, corruptions, hardest, lowest_hold, repeats

LIMITS = {"sensitivity": 0.6}


@pytest.fixture
def worn(script: type[Any]) -> Answers:
    """20 gliomas and 10 healthy scans: noise loses 0, 2 and 10 gliomas at 1, 2 and 3; blur turns healthy ones at 2."""
    trial = script(["glioma"] * 20 + ["notumor"] * 10)
    plain = {place: "glioma" if place < 20 else "notumor" for place in range(30)}
    trial.add("none", plain, sure=0.9)
    for level, lost in ((1, 0), (2, 2), (3, 10)):
        trial.add("rician_noise", plain | dict.fromkeys(range(lost), "notumor"), level=level, sure=0.9 - 0.01 * level)
    trial.add("blur", plain, level=1)
    trial.add("blur", plain | dict.fromkeys(range(20, 28), "meningioma"), level=2, sure=0.4)
    trial.add("repeat_shift", plain, level=1).add("repeat_shift", plain | {0: "meningioma"}, level=2)
    made = trial.answers()
    assert made is not None
    return made


@pytest.fixture
def found(worn: Answers) -> dict[str, Corruption]:
    return {row.name: row for row in corruptions(worn, at_least=LIMITS)}


def test_severity_0_is_the_scan_itself(found: dict[str, Corruption]) -> None:
    assert list(found) == ["rician_noise", "blur"]
    noise = found["rician_noise"]
    assert [row.severity for row in noise.severities] == [0, 1, 2, 3]
    counts = [(row.rates["sensitivity"].plain.count, row.rates["sensitivity"].plain.n) for row in noise.severities]
    assert counts == [(20, 20), (20, 20), (18, 20), (10, 20)]
    assert {row.rates["specificity"].plain.count for row in noise.severities} == {10}
    assert [row.confidence.plain.value for row in noise.severities] == pytest.approx([0.9, 0.89, 0.88, 0.87])


def test_a_rate_holds_while_its_lower_bound_does(found: dict[str, Corruption]) -> None:
    noise, blur = found["rician_noise"], found["blur"]
    assert wilson(18, 20, level=0.95)[0] > 0.6 > wilson(10, 20, level=0.95)[0]
    assert noise.limits["sensitivity"].criterion == 0.6
    assert noise.holds_until == {"sensitivity": 2, "specificity": 3}
    limit = blur.limits["specificity"]  # no criterion: so far below the lower bound of the scans as they are
    assert limit.criterion is None
    assert limit.at_least == pytest.approx(wilson(10, 10, level=0.95)[0] - 0.05)
    assert blur.holds_until == {"sensitivity": 2, "specificity": 1}
    assert [lowest_hold(row) for row in (noise, blur)] == [2, 1]
    assert [row.name for row in hardest((noise, blur))] == ["blur", "rician_noise"]


def test_where_untouched_scans_do_not_reach_the_criterion_the_margin_counts(worn: Answers) -> None:
    noise = corruptions(worn, at_least={"sensitivity": 0.99})[0]
    limit = noise.limits["sensitivity"]
    assert (limit.criterion, limit.missed) == (0.99, True)
    assert limit.at_least == pytest.approx(wilson(20, 20, level=0.95)[0] - 0.05)
    assert noise.holds_until["sensitivity"] == 1


def test_the_fall_is_of_the_same_scans(found: dict[str, Corruption]) -> None:
    fall = found["rician_noise"].falls["sensitivity"]
    assert fall.counts == PairedCounts(both=18, only_a=2, only_b=0, neither=0)
    assert fall.difference.plain.value == pytest.approx(0.1)
    assert found["blur"].falls["specificity"].difference.plain.value == pytest.approx(0.8)


def test_whether_the_network_notices(found: dict[str, Corruption]) -> None:
    # Noise: accuracy falls by 1/3, confidence by 0.03. Blur: accuracy by 8/30, confidence by 0.5.
    assert found["rician_noise"].notices is False
    assert found["blur"].notices is True


def test_where_accuracy_does_not_fall_there_is_nothing_to_notice(script: type[Any]) -> None:
    trial = script(["glioma", "notumor"])
    trial.add("none", {0: "glioma", 1: "notumor"}).add("jpeg", {0: "glioma", 1: "notumor"}, level=1)
    answers = trial.answers()
    assert answers is not None
    (jpeg,) = corruptions(answers, at_least={})
    assert jpeg.notices is None
    assert jpeg.falls == {}  # severity 2 was not made


def test_only_the_scans_that_were_changed_are_compared_with_themselves(script: type[Any]) -> None:
    trial = script(["glioma", "glioma", "notumor"])
    trial.add("none", {0: "glioma", 1: "notumor", 2: "notumor"}).add("gamma", {0: "glioma"}, level=2)
    answers = trial.answers()
    assert answers is not None
    (gamma,) = corruptions(answers, at_least={})
    assert [row.n for row in gamma.severities] == [1, 1]
    assert gamma.severities[0].rates["specificity"].plain.value is None
    assert gamma.holds_until["specificity"] is None


def test_without_a_negative_class_accuracy_is_what_holds(script: type[Any]) -> None:
    trial = script(["a", "b"], classes=("a", "b"), negative=None)
    trial.add("none", {0: "a", 1: "b"}).add("turn", {0: "a", 1: "a"}, level=2)
    answers = trial.answers()
    assert answers is not None
    (turn,) = corruptions(answers, at_least={})
    assert turn.falls["accuracy"].difference.plain.value == pytest.approx(0.5)


def test_the_share_that_is_flagged_as_unlike_training(script: type[Any]) -> None:
    trial = script(["glioma"] * 4)
    plain = dict.fromkeys(range(4), "glioma")
    trial.add("none", plain, unlike=[0]).add("blur", plain, level=1, unlike=[0, 1, 2]).add("blur", plain, level=2)
    answers = trial.answers()
    assert answers is not None
    (blur,) = corruptions(answers, at_least={})
    counts = [
        None if row.flagged is None else (row.flagged.plain.count, row.flagged.plain.n) for row in blur.severities
    ]
    assert counts == [(1, 4), (3, 4), None]


def test_a_model_that_does_not_say_flags_nothing(worn: Answers) -> None:
    assert worn.unlike is None
    assert all(row.flagged is None for corruption in corruptions(worn, at_least={}) for row in corruption.severities)


def test_repeats_count_every_repeat_and_group_those_of_a_scan(worn: Answers) -> None:
    (shift,) = repeats(worn)
    assert (shift.name, shift.scans) == ("repeat_shift", 30)
    assert (shift.unchanged.plain.count, shift.unchanged.plain.n) == (59, 60)
    assert shift.unchanged.clustered is not None
