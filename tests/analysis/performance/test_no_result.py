"""Cases without a result, by a 3 x 2 table worked by hand."""

import numpy as np
import pytest

from neuroval.analysis.core.proportions import wilson
from neuroval.analysis.performance.no_result import NOTHING, NoResult, ThreeByTwo, taken_as_wrong, with_no_result
from neuroval.data.exceptions import InputError

CLASSES = ("glioma", "meningioma", "notumor")
# Reference, call, how often: 60 tumours, 6 of them without a result; 40 without a tumour, 10 without a result.
TABLE = ((0, 0, 27), (0, 1, 3), (0, 2, 2), (1, 1, 22), (0, NOTHING, 4), (1, NOTHING, 2), (2, 2, 28), (2, 0, 2))
TABLE = (*TABLE, (2, NOTHING, 10))
REFERENCE = np.repeat([row[0] for row in TABLE], [row[2] for row in TABLE])
PREDICTED = np.repeat([row[1] for row in TABLE], [row[2] for row in TABLE])
REASONS = ["motion"] * 9 + ["artefact"] * 4 + ["time out"] * 3


def judged(**options: object) -> NoResult:
    return with_no_result(REFERENCE, PREDICTED, REASONS, classes=CLASSES, negative="notumor", **options)


def test_the_three_by_two_table_and_both_analyses_by_hand() -> None:
    result = judged()
    tumour = result.questions[0]
    assert tumour.counts == ThreeByTwo(tp=52, fn=2, positive_without=6, fp=2, tn=28, negative_without=10)
    for rate, complete, worst in (
        (tumour.sensitivity, (52, 54), (52, 60)),
        (tumour.specificity, (28, 30), (28, 40)),
        (result.accuracy, (77, 84), (77, 100)),
    ):
        assert (rate.complete.plain.count, rate.complete.plain.n) == complete
        assert (rate.worst.plain.count, rate.worst.plain.n) == worst
        assert rate.worst.plain.low == pytest.approx(wilson(*worst, level=0.95)[0])
    assert (tumour.positives_without.plain.value, tumour.negatives_without.plain.value) == (0.1, 0.25)


def test_the_share_and_the_reasons_are_of_all_cases() -> None:
    result = judged()
    assert (result.n, result.count, result.share.plain.value) == (100, 16, 0.16)
    assert result.reasons == (("motion", 9), ("artefact", 4), ("time out", 3))


def test_a_class_counts_cases_without_a_result_on_its_own_side() -> None:
    glioma = judged().questions[1]
    assert glioma.name == "glioma"
    assert glioma.counts == ThreeByTwo(tp=27, fn=5, positive_without=4, fp=2, tn=50, negative_without=12)
    assert glioma.sensitivity.worst.plain.value == 27 / 36


def test_the_worst_case_allows_for_groups() -> None:
    groups = np.arange(len(REFERENCE)) // 4
    worst = judged(groups=groups).accuracy.worst
    assert worst.clustered is not None
    assert worst.headline.low < worst.plain.low


def test_no_way_to_handle_them_is_worse_than_the_worst_case() -> None:
    rng = np.random.default_rng(4)
    tumour = judged().questions[0]
    without = PREDICTED == NOTHING
    for _ in range(200):
        called = np.where(without, rng.integers(0, 3, len(PREDICTED)), PREDICTED)
        kept = ~without | (rng.random(len(PREDICTED)) < 0.5)
        ill, well = REFERENCE != 2, REFERENCE == 2
        assert (called != 2)[ill & kept].mean() >= tumour.sensitivity.worst.plain.value
        assert (called == 2)[well & kept].mean() >= tumour.specificity.worst.plain.value


@pytest.mark.parametrize("positive", [[True, True, False], [True, False, False], [False, False, True]])
def test_taken_as_wrong_is_wrong_for_the_class_and_for_the_question(positive: list[bool]) -> None:
    asked = np.array(positive)
    called = taken_as_wrong(REFERENCE, PREDICTED, positive=asked)
    without = PREDICTED == NOTHING
    assert (called[~without] == PREDICTED[~without]).all()
    assert (called[without] != REFERENCE[without]).all()
    assert (asked[called[without]] != asked[REFERENCE[without]]).all()


def test_reasons_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="100 labels, 100 calls, 16 of them without a result, and 15 reasons"):
        with_no_result(REFERENCE, PREDICTED, REASONS[1:], classes=CLASSES, negative=None)
