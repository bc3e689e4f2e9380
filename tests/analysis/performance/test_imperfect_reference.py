"""Label errors put in by hand: the truth lies in the range, and comes back where errors are independent."""

import numpy as np
import pytest

from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.performance.imperfect_reference import (
    WrongLabels,
    estimated_wrong,
    under_label_error,
    wrong_labels,
)
from neuroval.data.exceptions import InputError


def test_the_prevalence_is_that_of_rogan_and_gladen() -> None:
    counts = TwoByTwo(tp=250, fp=20, fn=50, tn=680)  # 300 of 1,000 labelled
    wrong = wrong_labels(counts, sensitivity=0.9, specificity=0.8)
    assert under_label_error(counts, wrong, name="it").prevalence == pytest.approx((0.3 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert (wrong.positive, wrong.negative) == pytest.approx((1000 * 6 / 7 * 0.2, 1000 / 7 * 0.1))


def test_independent_errors_are_taken_back_exactly() -> None:
    n, prevalence, sensitivity, specificity = 100_000, 0.25, 0.92, 0.96
    reference, right = 0.95, 0.98  # sensitivity and specificity of the labels
    ill, well = n * prevalence, n * (1 - prevalence)
    counts = TwoByTwo(
        tp=round(ill * sensitivity * reference + well * (1 - specificity) * (1 - right)),
        fp=round(ill * sensitivity * (1 - reference) + well * (1 - specificity) * right),
        fn=round(ill * (1 - sensitivity) * reference + well * specificity * (1 - right)),
        tn=round(ill * (1 - sensitivity) * (1 - reference) + well * specificity * right),
    )
    result = under_label_error(counts, wrong_labels(counts, sensitivity=reference, specificity=right), name="it")
    assert result.sensitivity.independent == pytest.approx(sensitivity, abs=1e-4)
    assert result.specificity.independent == pytest.approx(specificity, abs=1e-4)
    assert result.sensitivity.observed < sensitivity  # it looks worse than it is


def test_the_range_by_hand() -> None:
    counts = TwoByTwo(tp=90, fp=5, fn=10, tn=195)
    result = under_label_error(counts, WrongLabels(positive=4, negative=8), name="it")
    # 104 have it. At worst 4 of the 90 had it not and 8 of the 195 had it; at best 4 of the 10 and 5 of the 5.
    assert (result.sensitivity.low, result.sensitivity.high) == pytest.approx((86 / 104, 95 / 104))
    assert (result.specificity.low, result.specificity.high) == pytest.approx((187 / 196, 199 / 196 - 3 / 196))
    assert result.sensitivity.observed == 0.9


@pytest.mark.parametrize("seed", range(20))
def test_the_truth_lies_in_the_range_however_errors_are_shared(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ill = rng.random(400) < 0.4
    called = np.where(rng.random(400) < 0.9, ill, ~ill)
    misled = np.where(called != ill, rng.random(), rng.random())  # labels err more or less where the call does
    labelled = np.where(rng.random(400) < misled * 0.4, ~ill, ill)
    counts = TwoByTwo(
        tp=int((labelled & called).sum()),
        fp=int((~labelled & called).sum()),
        fn=int((labelled & ~called).sum()),
        tn=int((~labelled & ~called).sum()),
    )
    wrong = WrongLabels(positive=int((labelled & ~ill).sum()), negative=int((~labelled & ill).sum()))
    result = under_label_error(counts, wrong, name="it")
    assert result.prevalence == pytest.approx(ill.mean())
    for rate, truth in ((result.sensitivity, called[ill].mean()), (result.specificity, (~called)[~ill].mean())):
        assert rate.low - 1e-12 <= truth <= rate.high + 1e-12


def test_labels_without_error_leave_everything_as_it_is() -> None:
    result = under_label_error(TwoByTwo(tp=9, fp=2, fn=1, tn=18), WrongLabels(positive=0, negative=0), name="it")
    for rate in (result.sensitivity, result.specificity):
        assert rate.low == rate.high == rate.independent == rate.observed == 0.9


def test_independence_is_not_claimed_where_the_counts_rule_it_out() -> None:
    # Half of the positive labels wrong, and every one of them called: calls that are independent of that call more.
    result = under_label_error(TwoByTwo(tp=100, fp=0, fn=0, tn=100), WrongLabels(positive=50, negative=0), name="it")
    assert (result.sensitivity.independent, result.sensitivity.low, result.sensitivity.high) == (None, 1.0, 1.0)
    assert (result.specificity.low, result.specificity.high) == pytest.approx((100 / 150, 100 / 150))


def test_wrong_labels_of_confident_learning_count_where_they_cross() -> None:
    joint = np.array([[80, 10, 10], [0, 50, 0], [5, 0, 95]])
    support = np.array([200, 50, 400])
    wrong = estimated_wrong(joint, support, positive=np.array([True, True, False]))
    assert (wrong.positive, wrong.negative) == pytest.approx((20, 20))  # a glioma that is a meningioma crosses nothing
    wrong = estimated_wrong(joint, support, positive=np.array([True, False, False]))
    assert (wrong.positive, wrong.negative) == pytest.approx((40, 20))
    joint[1] = 0
    assert estimated_wrong(joint, support, positive=np.array([True, False, False])) is None


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "message"),
    [(0.4, 0.5, "together above 1"), (1.2, 0.9, "must be from 0 to 1"), (0.9, 0.5, "is not possible")],
)
def test_rates_that_a_reference_cannot_have_are_refused(sensitivity: float, specificity: float, message: str) -> None:
    counts = TwoByTwo(tp=20, fp=20, fn=20, tn=140)
    with pytest.raises(InputError, match=message):
        wrong_labels(counts, sensitivity=sensitivity, specificity=specificity)


def test_more_wrong_labels_than_labels_are_refused() -> None:
    with pytest.raises(InputError, match="11 of 10 and 0 of 20 labels cannot be wrong"):
        under_label_error(TwoByTwo(tp=9, fp=2, fn=1, tn=18), WrongLabels(positive=11, negative=0), name="it")


def test_independence_is_not_claimed_where_a_cell_holds_too_few() -> None:
    # Two of 46 positive labels wrong. Independent of them, both would be among the scans not called: there is only one.
    result = under_label_error(TwoByTwo(tp=45, fp=0, fn=1, tn=16), WrongLabels(positive=2, negative=0), name="it")
    assert (result.specificity.observed, result.specificity.independent) == (1.0, None)
    assert (result.specificity.low, result.specificity.high) == pytest.approx((16 / 18, 17 / 18))
