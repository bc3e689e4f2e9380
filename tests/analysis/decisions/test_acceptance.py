import numpy as np
import pytest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import measure
from neuroval.analysis.core.proportions import clustered_proportion, proportion
from neuroval.analysis.decisions.acceptance import OnBasis, judge
from neuroval.analysis.performance.per_class import Performance, performance
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.study.criteria import Acceptance

CLASSES = ("glioma", "notumor")


def result(*counts: tuple[int, int, int]) -> Performance:
    """The performance on so many cases of reference and prediction."""
    reference = np.array([row for row, _, number in counts for _ in range(number)], dtype=np.int64)
    predicted = np.array([column for _, column, number in counts for _ in range(number)], dtype=np.int64)
    return performance(
        reference, predicted, classes=CLASSES, negative="notumor", rng=np.random.default_rng(0), resamples=50
    )


def on_all(judged: Performance) -> OnBasis:
    return OnBasis(basis="all", performance=judged)


GOOD = result((0, 0, 400), (1, 1, 400))
BAD = result((0, 0, 30), (0, 1, 10), (1, 1, 40))
NO_GLIOMA = result((1, 1, 40))
SENSITIVITY = Acceptance(metric="any_tumour.sensitivity", at_least=0.98)


def test_a_criterion_is_judged_by_its_bound() -> None:
    low, value = judge(
        (SENSITIVITY, Acceptance(metric="glioma.sensitivity", at_least=0.75, bound="value")), on_all(BAD)
    )
    assert (low.met, low.on_all.estimate.value) == (False, 0.75)
    assert value.met is True
    assert judge((SENSITIVITY,), on_all(GOOD))[0].met is True


def test_shown_to_be_below_and_not_shown_to_reach_are_two_outcomes() -> None:
    (below,) = judge((SENSITIVITY,), on_all(BAD))  # 30 of 40: the whole interval lies below 0.98
    assert (below.met, below.on_all.shown_below) == (False, True)
    nearly = result((0, 0, 970), (0, 1, 30), (1, 1, 40))  # 0.97, up to 0.979
    (unclear,) = judge((Acceptance(metric="any_tumour.sensitivity", at_least=0.97),), on_all(nearly))
    assert (unclear.met, unclear.on_all.shown_below) == (False, False)
    assert judge((SENSITIVITY,), on_all(GOOD))[0].on_all.shown_below is False


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
    (judged,) = judge(
        (SENSITIVITY,), on_all(everything), unleaked=(OnBasis(basis="new_to_the_model", performance=rest),)
    )
    assert (judged.met, judged.decisive.basis) == (met, basis)


def test_what_cannot_be_judged_says_why() -> None:
    (judged,) = judge(
        (SENSITIVITY,),
        on_all(GOOD),
        unleaked=(OnBasis(basis="folds", performance=None, reason=Reason("no_grouped_folds")),),
    )
    assert (judged.met, judged.decisive.reason, judged.on_all.met) == (None, Reason("no_grouped_folds"), True)
    (empty,) = judge((SENSITIVITY,), on_all(NO_GLIOMA))
    assert (empty.met, empty.decisive.reason) == (None, Reason("no_reference_cases", of="any tumour"))


def test_a_number_of_another_study_is_neither_met_nor_missed() -> None:
    (judged,) = judge((Acceptance(metric="pituitary.sensitivity", at_least=0.9),), on_all(GOOD))
    assert (judged.met, judged.decisive.reason) == (None, Reason("unknown_metric", metric="pituitary.sensitivity"))


def test_of_folds_and_new_cases_the_worse_counts_and_one_that_decides_nothing_is_left_aside() -> None:
    folds = OnBasis(basis="folds", performance=GOOD)
    bad, few = (OnBasis(basis="new_to_the_model", performance=one) for one in (BAD, NO_GLIOMA))
    for order in ((folds, bad), (bad, folds)):
        (worse,) = judge((SENSITIVITY,), on_all(GOOD), unleaked=order)
        assert (worse.met, worse.decisive.basis) == (False, "new_to_the_model")
    (decided,) = judge((SENSITIVITY,), on_all(GOOD), unleaked=(folds, few))
    assert (decided.met, decided.unleaked.basis) == (True, "folds")


@pytest.mark.parametrize(("low", "met", "decides"), [(0.97, False, True), (0.985, True, True), (0.999, True, False)])
def test_the_lower_of_pooled_and_mean_over_the_folds_counts(low: float, met: bool, decides: bool) -> None:
    mean = Estimate(value=0.999, low=low, high=1.0, level=0.95, method=Method("t"), n=5)
    folds = OnBasis(basis="folds", performance=GOOD, means={"any_tumour.sensitivity": mean, "accuracy": mean})
    sensitivity, accuracy, other = judge(
        (
            SENSITIVITY,
            Acceptance(metric="overall.accuracy", at_least=0.98),
            Acceptance(metric="glioma.ppv", at_least=0.5),
        ),
        on_all(GOOD),
        unleaked=(folds,),
    )
    assert (sensitivity.met, accuracy.met, other.met) == (met, met, True)
    for one in (sensitivity, accuracy):
        assert one.unleaked is not None
        assert one.unleaked.over_folds == (mean if decides else None)
        assert one.unleaked.estimate.n == (400 if one is sensitivity else 800)  # the pooled number stays
        assert one.decisive.required is None
    few = OnBasis(basis="folds", performance=NO_GLIOMA, means={"any_tumour.sensitivity": mean})
    assert judge((SENSITIVITY,), on_all(GOOD), unleaked=(few,))[0].met is None


def test_a_metric_names_one_number() -> None:
    assert measure("overall.accuracy", BAD) == measure("accuracy", BAD) == BAD.overall.accuracy
    assert measure("classes.glioma.ppv", BAD) == measure("glioma.ppv", BAD) == BAD.classes[0].ppv
    assert measure("any_tumour.specificity", BAD) == BAD.any_tumour.specificity
    assert measure("classes.accuracy", BAD) is None
    assert measure("overall.sensitivity", BAD) is None


def test_so_few_cases_that_no_result_could_pass_are_not_decidable() -> None:
    (few,) = judge((SENSITIVITY,), on_all(result((0, 0, 10), (1, 1, 10))))
    assert few.met is None
    assert in_words(few.on_all.reason) == "too few cases: without any error the lower bound would be 0.722"
    (ruled_out,) = judge(
        (SENSITIVITY,), on_all(result((0, 0, 5), (0, 1, 5), (1, 1, 10)))
    )  # even the upper bound is below
    assert ruled_out.met is False


def test_a_lower_bound_that_falls_short_says_how_many_cases_it_would_take() -> None:
    (close,) = judge(
        (SENSITIVITY,), on_all(result((0, 0, 99), (0, 1, 1), (1, 1, 10)))
    )  # 99 of 100: the rate is above 0.98
    required = close.on_all.required
    assert required is not None
    assert (required.rate, required.limit, required.design_effect) == (0.99, 0.98, 1.0)
    n, right = required.n, required.n * 99 // 100
    assert proportion(right, n).low >= 0.98 > proportion((n - 1) * 99 // 100, n - 1).low
    (below,) = judge((SENSITIVITY,), on_all(BAD))
    assert below.on_all.required is not None
    assert (below.on_all.required.n, below.on_all.required.reason) == (
        None,
        Reason("rate_below_limit", rate=0.75, limit=0.98),
    )


def test_cases_of_groups_count_for_less() -> None:
    reference, predicted = np.repeat([0, 1], [100, 20]), np.repeat([0, 1, 1], [98, 2, 20])
    groups = np.arange(120) // 2  # two by two; both wrong cases are in one group
    judged = performance(
        reference,
        predicted,
        classes=CLASSES,
        negative="notumor",
        groups=groups,
        rng=np.random.default_rng(0),
        resamples=50,
    )
    (found,) = judge((Acceptance(metric="any_tumour.sensitivity", at_least=0.95),), on_all(judged))
    required = found.on_all.required
    assert required is not None
    estimate = clustered_proportion(predicted[:100] == 0, groups[:100])
    assert estimate.effective_n is not None
    assert required.design_effect == estimate.design_effect == 100 / estimate.effective_n > 1.5
    assert required.n == int(np.ceil(required.independent * required.design_effect))


def test_what_is_met_or_no_rate_needs_no_number_of_cases() -> None:
    balanced = Acceptance(metric="overall.balanced_accuracy", at_least=0.95)
    value = Acceptance(metric="glioma.sensitivity", at_least=0.9, bound="value")
    assert judge((SENSITIVITY,), on_all(GOOD))[0].on_all.required is None
    assert [one.on_all.required for one in judge((balanced, value), on_all(BAD))] == [None, None]


def test_a_number_of_the_trial_is_judged_once_and_by_its_own_interval() -> None:
    need = Measure(
        plain=Estimate(value=0.9, low=0.8, high=0.95, level=0.95, method=Method("newcombe_paired"), n=50),
        clustered=Estimate(value=0.9, low=0.6, high=0.97, level=0.95, method=Method("newcombe_paired"), n=50),
    )
    asked = [Acceptance(metric="any_tumour.need", at_least=limit) for limit in (0.5, 0.7)]
    unleaked = OnBasis(basis="folds", performance=GOOD)
    low, high = judge(asked, on_all(GOOD), unleaked=[unleaked], tried={"any_tumour.need": need})
    assert (low.met, high.met) == (True, False)  # the wider interval begins at 0.6
    assert low.unleaked is None


def test_without_a_trial_or_without_that_class_it_is_not_decidable() -> None:
    asked = [Acceptance(metric="glioma.sufficiency", at_least=0.5)]
    (without,) = judge(asked, on_all(GOOD))
    assert (without.met, without.on_all.reason) == (None, Reason("no_trial"))
    other = Measure(plain=Estimate.undefined(reason=Reason("no_cases")))
    (unknown,) = judge(asked, on_all(GOOD), tried={"any_tumour.need": other})
    assert (unknown.met, unknown.on_all.reason) == (None, Reason("unknown_metric", metric="glioma.sufficiency"))
