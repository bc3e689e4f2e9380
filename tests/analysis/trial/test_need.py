"""The need, against counts worked by hand, and its interval against simulated truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.performance.comparison import PairedCounts, compare_shares, paired_difference
from neuroval.analysis.trial.answers import Answers
from neuroval.analysis.trial.need import Need, Removal, healthy_holes, kept_calls, needs


def fraction(measure: Measure | None) -> tuple[int | None, int | None]:
    assert measure is not None
    return measure.plain.count, measure.plain.n


def by_subject(answers: Answers) -> dict[str, Need]:
    return {need.subject: need for need in needs(answers)}


def by_method(need: Need) -> dict[str, Removal]:
    return {removal.method: removal for removal in need.removals}


def test_rates_are_of_the_scans_called_rightly_as_they_are(hand: Answers) -> None:
    need = by_subject(hand)["any_tumour"]
    assert (need.n, need.wrong) == (6, 1)
    telea = by_method(need)["remove_telea"]
    assert fraction(telea.still_tumour) == (4, 5)
    assert fraction(telea.still_class) == (3, 5)
    assert fraction(telea.elsewhere_tumour) == (4, 5)
    assert fraction(telea.elsewhere_class) == (4, 5)


def test_the_need_is_what_goes_with_the_tumour_less_what_goes_without_reason(hand: Answers) -> None:
    removals = by_method(by_subject(hand)["any_tumour"])
    telea, harmonic = removals["remove_telea"], removals["remove_harmonic"]
    assert telea.need.counts == PairedCounts(both=0, only_a=1, only_b=1, neither=3)  # 4 goes with it, 5 without reason
    assert telea.need.difference.plain == paired_difference(telea.need.counts)
    assert telea.need_of_class.difference.plain.value == pytest.approx(1 / 5)  # 2 and 4, less 5
    assert harmonic.need.difference.plain.value == pytest.approx(4 / 5)


def test_the_worse_of_the_fillings_counts_and_never_the_hemisphere(hand: Answers) -> None:
    need = by_subject(hand)["any_tumour"]
    assert need.worst is not None
    assert need.worst.method == "remove_telea"
    hemisphere = by_method(need)["remove_hemisphere"]
    assert not hemisphere.counted
    assert fraction(hemisphere.still_tumour) == (0, 1)
    assert hemisphere.need.difference.plain.reason == Reason("no_cases")  # without its control there is no need


def test_classes_stand_alone(hand: Answers) -> None:
    found = by_subject(hand)
    assert list(found) == ["any_tumour", "glioma", "meningioma"]  # no pituitary tumour was removed
    glioma = found["glioma"]
    assert (glioma.n, glioma.wrong) == (4, 1)
    telea = by_method(glioma)["remove_telea"]
    assert fraction(telea.still_tumour) == (3, 3)
    assert fraction(telea.still_class) == (2, 3)
    assert telea.need_of_class.difference.plain.value == pytest.approx(1 / 3)


def test_holes_in_healthy_scans_count_where_the_scan_is_called_healthy(hand: Answers) -> None:
    (telea,) = healthy_holes(hand)
    assert (telea.method, *fraction(telea.still_negative)) == ("remove_telea", 3, 4)  # scan 8 is called a glioma
    assert telea.still_negative.clustered is not None  # two of the holes are in scan 6


def test_a_call_is_kept_where_it_stays_under_every_filling(hand: Answers) -> None:
    (kept,) = kept_calls(hand, np.array([f"case {place}" for place in range(10)], dtype=object))
    assert (kept.case_id, kept.reference, kept.called) == ("case 0", "glioma", "glioma")
    assert kept.probability == pytest.approx(0.9)  # the lower of 1 - 0.2 / 3 and 1 - 0.3 / 3


def test_groups_make_the_interval_of_the_need_wider(script: type[Any]) -> None:
    calls = {place: "notumor" if place < 20 else "glioma" for place in range(40)}
    stays = dict.fromkeys(range(40), "glioma")

    def clustered(groups: list[int]) -> Measure:
        trial = script(["glioma"] * 40, groups=groups)
        trial.add("none", stays).add("remove_telea", calls).add("remove_telea", stays, control="elsewhere")
        answers = trial.answers()
        assert answers is not None
        worst = by_subject(answers)["any_tumour"].worst
        assert worst is not None
        return worst.need.difference

    alone, patients = clustered(list(range(40))), clustered([place // 5 for place in range(40)])
    assert alone.clustered is None
    assert alone.plain == patients.plain
    assert (patients.headline.width or 0) > 1.5 * (alone.plain.width or 9)


def test_without_a_negative_class_the_class_itself_is_asked_for(script: type[Any]) -> None:
    trial = script(["a", "a", "b", "b"], classes=("a", "b"), negative=None)
    trial.add("none", {0: "a", 1: "a", 2: "b", 3: "a"})
    trial.add("remove_telea", {0: "a", 1: "b", 2: "a", 3: "a"})
    trial.add("remove_telea", {0: "a", 1: "a", 2: "b", 3: "a"}, control="elsewhere")
    answers = trial.answers()
    assert answers is not None
    found = by_subject(answers)
    assert list(found) == ["a", "b"]
    removal = found["a"].removals[0]
    assert removal.still_tumour is None
    assert fraction(removal.still) == (1, 2)
    assert removal.need.difference.plain.value == pytest.approx(0.5)
    assert healthy_holes(answers) == ()
    assert [one.case_id for one in kept_calls(answers, np.array(list("wxyz"), dtype=object))] == ["w"]


def test_networks_of_folds_answer_only_where_the_final_one_does_not(script: type[Any]) -> None:
    trial = script(["glioma", "glioma"])
    trial.add("none", {0: "glioma"}).add("remove_telea", {0: "notumor"})
    trial.add("none", {0: "glioma", 1: "glioma"}, network="fold-1")
    trial.add("remove_telea", {0: "glioma", 1: "glioma"}, network="fold-1")
    answers = trial.answers()
    assert answers is not None
    assert fraction(by_subject(answers)["any_tumour"].removals[0].still_tumour) == (0, 1)
    without = trial.answers(judged=[False, True])
    assert without is not None
    assert fraction(by_subject(without)["any_tumour"].removals[0].still_tumour) == (1, 1)
    assert trial.answers(judged=[False, False]) is None


def test_what_a_scan_is_called_comes_from_the_study_where_the_trial_has_not_asked(script: type[Any]) -> None:
    trial = script(["glioma", "glioma"])
    trial.add("remove_telea", {0: "glioma", 1: "glioma"}).add("none", {1: "meningioma"})
    answers = trial.answers(untouched=[0, 0])
    assert answers is not None
    assert by_subject(answers)["any_tumour"].wrong == 1  # the trial's own answer to the second scan counts


def test_no_tumour_removed_is_no_need(script: type[Any]) -> None:
    answers = script(["glioma"]).add("none", {0: "glioma"}).answers()
    assert answers is not None
    assert needs(answers) == ()
    assert kept_calls(answers, np.array(["a"], dtype=object)) == ()


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_the_interval_of_the_need_covers_the_truth(
    simulated: Callable[..., Answers], shortcut: float, alike: float
) -> None:
    """Of one way of filling: slices of a patient go together, and the need may be close to 0."""
    filling, repetitions, covered = 0.02, 300, 0
    truth = (1 - shortcut) * (1 - filling) - filling
    for seed in range(repetitions):
        answers = simulated(np.random.default_rng(seed), shortcut=shortcut, alike=alike, filling=filling)
        gone, without_reason = (
            answers.calls("remove_telea", control=control)[answers.tumours] == answers.negative
            for control in ("", "elsewhere")
        )
        number = compare_shares(gone, without_reason, name="need", groups=answers.groups[answers.tumours])
        covered += inside(number.difference.headline, truth)
    assert 0.90 <= covered / repetitions <= 0.995


def inside(estimate: Estimate, truth: float) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= truth <= estimate.high
