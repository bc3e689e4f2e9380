import numpy as np
import pytest

from analysis.acceptance import Unleaked, judge, measure
from analysis.per_class import Performance, performance
from data.manifest import Acceptance

CLASSES = ("glioma", "notumor")


def result(*counts: tuple[int, int, int]) -> Performance:
    """The performance on so many cases of reference and prediction."""
    reference = np.array([row for row, _, number in counts for _ in range(number)], dtype=np.int64)
    predicted = np.array([column for _, column, number in counts for _ in range(number)], dtype=np.int64)
    return performance(
        reference, predicted, classes=CLASSES, negative="notumor", rng=np.random.default_rng(0), resamples=50
    )


GOOD = result((0, 0, 400), (1, 1, 400))
BAD = result((0, 0, 30), (0, 1, 10), (1, 1, 40))
NO_GLIOMA = result((1, 1, 40))
SENSITIVITY = Acceptance(metric="any_tumour.sensitivity", at_least=0.98)


def test_a_criterion_is_judged_by_its_bound() -> None:
    low, value = judge((SENSITIVITY, Acceptance(metric="glioma.sensitivity", at_least=0.75, bound="value")), BAD)
    assert (low.met, low.on_all.estimate.value) == (False, 0.75)
    assert value.met is True
    assert judge((SENSITIVITY,), GOOD)[0].met is True


@pytest.mark.parametrize(
    ("everything", "rest", "met", "basis"),
    [
        (GOOD, GOOD, True, "all"),
        (GOOD, BAD, False, "new_to_the_model"),
        (BAD, GOOD, False, "all"),
        (GOOD, NO_GLIOMA, None, "new_to_the_model"),
        (BAD, NO_GLIOMA, False, "all"),
        (NO_GLIOMA, BAD, False, "new_to_the_model"),
    ],
)
def test_the_worse_of_the_two_counts(everything: Performance, rest: Performance, met: bool | None, basis: str) -> None:
    (judged,) = judge((SENSITIVITY,), everything, unleaked=Unleaked(basis="new_to_the_model", performance=rest))
    assert (judged.met, judged.decisive.basis) == (met, basis)


def test_what_cannot_be_judged_says_why() -> None:
    (judged,) = judge((SENSITIVITY,), GOOD, unleaked=Unleaked(basis="folds", performance=None, reason="no folds"))
    assert (judged.met, judged.decisive.reason, judged.on_all.met) == (None, "no folds", True)
    (empty,) = judge((SENSITIVITY,), NO_GLIOMA)
    assert (empty.met, empty.decisive.reason) == (None, "no reference cases of any tumour")


def test_unknown_metrics_and_bounds_are_neither_met_nor_missed() -> None:
    metric, bound = judge(
        (Acceptance(metric="glioma.auc", at_least=0.9), Acceptance(metric="accuracy", at_least=0.9, bound="middle")),
        GOOD,
    )
    assert (metric.met, metric.decisive.reason) == (None, "no number is called glioma.auc")
    assert bound.decisive.reason == "bound 'middle' is not known; expected one of ['low', 'value', 'high']"


def test_a_metric_names_one_number() -> None:
    assert measure("overall.accuracy", BAD) == measure("accuracy", BAD) == BAD.overall.accuracy
    assert measure("classes.glioma.ppv", BAD) == measure("glioma.ppv", BAD) == BAD.classes[0].ppv
    assert measure("any_tumour.specificity", BAD) == BAD.any_tumour.specificity
    assert measure("classes.accuracy", BAD) is None
    assert measure("overall.sensitivity", BAD) is None


def test_so_few_cases_that_no_result_could_pass_are_not_decidable() -> None:
    (few,) = judge((SENSITIVITY,), result((0, 0, 10), (1, 1, 10)))
    assert (few.met, few.on_all.reason) == (None, "too few cases: the lower bound of 10 out of 10 would be 0.722")
    (ruled_out,) = judge((SENSITIVITY,), result((0, 0, 5), (0, 1, 5), (1, 1, 10)))  # even the upper bound is below
    assert ruled_out.met is False
