import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neuroval.analysis.claims.against_study import OurNumbers, our_numbers
from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.core.clusters import group_types
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.folds import over_folds
from neuroval.analysis.performance.per_class import performance
from neuroval.analysis.performance.ranked_errors import rank_errors
from neuroval.dashboard.words.claims import decisive, line
from neuroval.dashboard.words.interval_methods import in_words
from neuroval.data.claims.kinds import (
    Claim,
    Claims,
    ClassCounts,
    Correct,
    CrossValidation,
    Errors,
    Matrix,
    Rate,
    Score,
    Source,
)
from neuroval.data.claims.printed_number import Printed, printed

CLASSES = ("glioma", "notumor")
SOURCE = Source(title="a paper", classes=CLASSES, dataset="scans", negative="notumor")


def as_printed(text: str) -> Printed:
    number = printed(text)
    assert number is not None
    return number


def rate(**parts: Any) -> Rate:
    numbers = {key: as_printed(value) if key in ("value", "count", "n") else value for key, value in parts.items()}
    return Rate(**{"id": "one", "text": "", "metric": "overall.accuracy"} | numbers)


def study(count: int = 48, n: int = 80, **parts: Any) -> OurNumbers:
    """Our study: so many of n are called correctly, all errors being gliomas called no tumour."""
    half = n // 2
    matrix = np.array([[half - (n - count), n - count], [0, n - half]])
    own: dict[str, Any] = {
        "dataset": "scans",
        "split": "test",
        "matrix": ConfusionMatrix(classes=CLASSES, counts=matrix),
        "rates": {"overall.accuracy": proportion(count, n), "glioma.ppv": proportion(half, half)},
    }
    return OurNumbers(**own | parts)


def audit(claim: Claim, ours: OurNumbers | None, *more: Claim, source: Source = SOURCE) -> AuditedClaim:
    return audit_claims(Claims(source=source, claims=(claim, *more)), ours=ours)[0]


@pytest.mark.parametrize(
    ("theirs", "ours", "interval", "verdict"),
    [
        # Newcombe, Stat Med 1998;17:873-890, Table II, method 10.
        ((56, 70), (48, 80), (0.0524, 0.3339), "not_reproduced"),
        ((9, 10), (3, 10), (0.1705, 0.8090), "not_reproduced"),
        ((6, 7), (2, 7), (0.0582, 0.8062), "not_reproduced"),
        ((5, 56), (0, 29), (-0.0381, 0.1926), "consistent"),
        ((0, 10), (0, 20), (-0.1611, 0.2775), "consistent"),
        ((10, 10), (0, 20), (0.6791, 1.0000), "not_reproduced"),
    ],
)
def test_the_interval_of_the_difference_is_the_published_one(
    theirs: tuple[int, int], ours: tuple[int, int], interval: tuple[float, float], verdict: str
) -> None:
    own = study(rates={"overall.accuracy": proportion(*ours)})
    one = audit(rate(count=str(theirs[0]), n=str(theirs[1])), own)
    assert one.verdict == verdict
    plain = " ".join(decisive(one)).replace("\N{MINUS SIGN}", "-")
    shown = re.search(r"\((-?[\d.]+) to (-?[\d.]+)\), Newcombe", plain)
    assert shown is not None
    assert [float(bound) for bound in shown.groups()] == pytest.approx(interval, abs=1.01e-4)
    assert f"n {theirs[1]} and {ours[1]}" in " ".join(decisive(one))


def test_what_we_get_is_shown_with_its_counts() -> None:
    one = audit(rate(value="80.0%", count="56", n="70"), study())
    assert one.ours == proportion(48, 80)
    assert "Our study: 0.6000 (0.4905 to 0.7004), 48 of 80." in one.arithmetic


@pytest.mark.parametrize(
    ("source", "own", "said"),
    [
        ({"dataset": "others"}, {}, "data set others in the source, scans in our study"),
        ({"dataset": ""}, {}, "data set not known in the source"),
        ({"unit": "patients"}, {}, "unit patients in the source, images in our study"),
        ({}, {"split": "external"}, "split test in the source, external in our study"),
        ({"classes": ("glioma", "notumor", "other")}, {}, "classes glioma, notumor, other in the source"),
    ],
)
def test_numbers_of_different_kinds_are_not_compared(source: dict[str, Any], own: dict[str, Any], said: str) -> None:
    one = audit(rate(count="56", n="70"), study(**own), source=replace(SOURCE, **source))
    assert one.verdict == "not_comparable"
    assert said in " ".join(decisive(one))


def test_a_test_set_of_another_size_is_another_test_set() -> None:
    assert audit(rate(count="56", n="161"), study()).verdict == "not_comparable"
    assert "more than 2 times as many cases: 161 and 80" in " ".join(
        decisive(audit(rate(count="56", n="161"), study()))
    )
    assert audit(rate(count="96", n="160"), study()).verdict == "consistent"


def test_a_contradiction_within_the_source_stands_whatever_we_find() -> None:
    for own in (None, study(), study(dataset="others")):
        one = audit(rate(value="81.0%", count="56", n="70"), own)
        assert one.verdict == "contradicted_internally"
    assert "Published 56 / 70 = 0.8000" in line(audit(rate(value="81.0%", count="56", n="70"), study()).arithmetic[-1])


def test_of_several_possible_counts_the_one_nearest_to_ours_is_compared() -> None:
    # 0.6 of 80 is 44 to 55 by rounding or by cutting digits off (44 / 80 = 0.55, 55 / 80 = 0.6875).
    one = audit(rate(value="0.6", n="80"), study(count=54))
    assert one.verdict == "consistent"
    assert "Published 54 / 80" in " ".join(decisive(one))


def test_counts_that_other_claims_give_are_used() -> None:
    table = Correct(
        id="table",
        text="",
        n={"glioma": as_printed("35"), "notumor": as_printed("35")},
        correct={"glioma": as_printed("20"), "notumor": as_printed("35")},
    )
    recall = rate(metric="glioma.sensitivity", value="0.571")
    own = study(rates={"glioma.sensitivity": proportion(39, 40)})
    one = audit(recall, own, table)
    assert one.verdict == "not_reproduced"
    assert "Published 20 / 35 = 0.5714" in " ".join(decisive(one))
    alone = audit(recall, own)
    assert alone.verdict == "not_checkable"
    assert "No count and n are known" in " ".join(decisive(alone))


def test_a_number_that_we_do_not_have_cannot_be_checked() -> None:
    recall = rate(metric="glioma.sensitivity", value="0.571")
    assert audit(recall, study()).verdict == "not_checkable"
    undefined = study(
        rates={"glioma.sensitivity": Estimate.undefined(reason=Reason("no_reference_cases", of="glioma"), n=0)}
    )
    one = audit(recall, undefined)
    assert one.verdict == "not_checkable"
    assert " ".join(decisive(one)) == "Our study has no such number (no reference cases of glioma)."


def test_what_holds_within_the_source_stays_consistent_without_our_number() -> None:
    assert audit(rate(count="20", n="35", metric="glioma.sensitivity"), study()).verdict == "consistent"
    assert audit(rate(count="20", n="35", metric="glioma.sensitivity"), None).verdict == "consistent"


def test_tables_and_matrices_are_compared_by_all_that_is_correct() -> None:
    rows = tuple(tuple(as_printed(cell) for cell in row) for row in (("21", "14"), ("0", "35")))
    one = audit(Matrix(id="one", text="", rows=rows), study())
    assert one.verdict == "not_reproduced"
    assert "Published 56 / 70" in " ".join(decisive(one))


def test_errors_by_pair_are_compared_among_the_cases_of_their_reference_classes() -> None:
    none_missed = Errors(id="one", text="", count=as_printed("0"), reference=("glioma",), predicted=("notumor",))
    counts = {"glioma": as_printed("35"), "notumor": as_printed("35")}
    table = ClassCounts(id="table", text="", split="test", counts=counts)
    one = audit(none_missed, study(), table)
    assert one.ours == proportion(32, 40)
    assert one.verdict == "not_reproduced"
    assert "Published 0 / 35 = 0.0000" in " ".join(decisive(one))
    assert audit(none_missed, study(80), table).verdict == "consistent"


def test_errors_by_pair_allow_for_cases_that_come_in_groups() -> None:
    # 32 missed of 40: as cases, no 20 of 35; as 10 patients of 4 slices, 8 of them missed whole, it can be.
    missed = Errors(id="one", text="", count=as_printed("20"), reference=("glioma",), predicted=("notumor",))
    counts = {"glioma": as_printed("35"), "notumor": as_printed("35")}
    table = ClassCounts(id="table", text="", split="test", counts=counts)
    reference, predicted = np.repeat([0, 0, 1], [8, 32, 40]), np.repeat([0, 1, 1], [8, 32, 40])
    types = group_types(reference, predicted, np.arange(80) // 4, k=2)
    assert audit(missed, study(), table).verdict == "not_reproduced"
    one = audit(missed, study(types=types), table)
    assert one.verdict == "consistent"
    assert "cluster-adjusted" in in_words(one.ours.method)
    single = group_types(reference, predicted, np.arange(80), k=2)
    assert audit(missed, study(types=single), table).ours == proportion(32, 40)


def test_confident_errors_are_compared_at_the_same_confidence_only() -> None:
    claim = Errors(
        id="one", text="", count=as_printed("0"), reference=CLASSES, predicted=CLASSES, above=as_printed("90%")
    )
    counts = {"glioma": as_printed("35"), "notumor": as_printed("35")}
    table = ClassCounts(id="table", text="", split="test", counts=counts)
    many = study(confident_errors=proportion(20, 80), high_confidence=0.9)
    assert audit(claim, many, table).verdict == "not_reproduced"
    few = study(confident_errors=proportion(1, 80), high_confidence=0.9)
    # Agreement says nothing about the printed record, but ours is all that could be checked.
    assert audit(claim, few, table).verdict == "consistent"
    assert audit(claim, replace(many, high_confidence=0.8), table).verdict == "not_checkable"
    assert audit(claim, None, table).verdict == "not_checkable"


def test_scores_are_shown_and_not_judged() -> None:
    auc = Score(id="one", text="", metric="glioma.auc", value=as_printed("0.998"))
    own = Estimate(value=0.9, low=0.85, high=0.95, level=0.95, method=Method("delong"), n=80)
    one = audit(auc, study(scores={"glioma.auc": own}))
    assert (one.verdict, one.ours) == ("not_checkable", own)
    assert "Our study: 0.9000 (0.8500 to 0.9500)." in one.arithmetic
    assert audit(auc, study(scores={"glioma.auc": own}, dataset="others")).verdict == "not_comparable"
    assert " ".join(decisive(audit(auc, study()))) == "Our study has no such number."


def test_a_mean_over_folds_of_another_data_set_is_not_compared() -> None:
    one = audit(folds(), study(folds=mean(0.95, 0.02), dataset="others"))
    assert one.verdict == "not_comparable"
    assert "data set scans in the source, others in our study" in " ".join(decisive(one))


def test_a_rate_without_an_interval_of_ours_is_not_judged() -> None:
    bare = Estimate(value=0.6, method=Method("given"), n=80, count=48, reason=Reason("no_interval_given"))
    one = audit(rate(count="56", n="70"), study(rates={"overall.accuracy": bare}))
    assert one.verdict == "consistent"
    assert line(one.arithmetic[-1]) == "The difference has no interval (given without interval)."


def test_what_counts_more_cases_than_there_are_is_compared_with_nothing() -> None:
    one = audit(rate(count="71", n="70"), study())
    assert one.verdict == "contradicted_internally"
    assert "No count and n are known" in line(one.arithmetic[-1])


def folds(**parts: Any) -> CrossValidation:
    return CrossValidation(
        **{
            "id": "one",
            "text": "",
            "metric": "overall.accuracy",
            "folds": as_printed("5"),
            "mean": as_printed("98.2%"),
            "sd": as_printed("0.8%"),
        }
        | parts
    )


def mean(value: float, half: float) -> dict[str, Estimate]:
    own = Estimate(
        value=value, low=value - half, high=value + half, level=0.95, method=Method("corrected_resampled_t"), n=5
    )
    return {"overall.accuracy": own}


def test_means_over_folds_are_compared_by_their_corrected_intervals() -> None:
    # t of 4 degrees of freedom 2.776445; 0.0085 x sqrt(1/5 + 1/4) x 2.776445 = 0.015831 about 0.982.
    # Difference 0.032, lower bound 0.032 - sqrt(0.015831^2 + 0.02^2) = 0.006492.
    one = audit(folds(), study(folds=mean(0.95, 0.02)))
    assert one.verdict == "not_reproduced"
    assert "0.0320 (0.0065 to 0.0575)" in " ".join(decisive(one))
    assert audit(folds(), study(folds=mean(0.97, 0.02))).verdict == "consistent"


def test_folds_by_patient_are_not_compared_with_folds_by_image() -> None:
    by_patient = study(folds=mean(0.95, 0.02), grouped=True)
    assert audit(folds(), by_patient).verdict == "not_comparable"
    assert audit(folds(grouped=True), by_patient).verdict == "not_reproduced"
    assert audit(folds(grouped=True), study(folds=mean(0.95, 0.02))).verdict == "not_comparable"


@pytest.mark.parametrize("parts", [{"sd": None}, {"folds": printed("1")}])
def test_without_a_spread_folds_are_not_judged(parts: dict[str, Any]) -> None:
    one = audit(folds(**parts), study(folds=mean(0.5, 0.02)))
    assert one.verdict == "not_checkable"
    assert "no standard deviation" in " ".join(decisive(one))


def test_a_study_without_folds_cannot_check_them() -> None:
    assert audit(folds(), study()).verdict == "not_checkable"


def test_the_numbers_of_a_study_go_by_the_names_of_claims() -> None:
    rng = np.random.default_rng(3)
    reference = np.repeat([0, 1], 40)
    probabilities = rng.dirichlet([1, 1], size=80)
    predicted = np.argmax(probabilities, axis=1)
    groups = np.arange(80) // 2
    result = performance(reference, predicted, classes=CLASSES, negative="notumor", rng=rng, groups=groups)
    errors = rank_errors(
        [str(i) for i in range(80)], reference, probabilities, classes=CLASSES, groups=groups, high=0.9
    )
    _, means = over_folds(reference, predicted, np.arange(80) % 5, classes=CLASSES, negative="notumor")
    own = our_numbers(result, dataset="scans", split="test", errors=errors, folds=means, grouped=True)
    assert own.rates["any_tumour.sensitivity"] == result.any_tumour.sensitivity.headline
    assert own.rates["notumor.npv"] == result.classes[1].npv.headline
    assert in_words(own.rates["overall.accuracy"].method).startswith("Wilson")
    assert own.scores["glioma.f1"] == result.classes[0].f1.headline
    assert own.scores["overall.kappa"] == result.overall.kappa.headline
    assert own.confident_errors == errors.high_confidence_rate.headline
    assert set(own.folds) >= {"overall.accuracy", "overall.balanced_accuracy", "glioma.sensitivity"}
    assert (own.high_confidence, own.grouped) == (0.9, True)


def test_what_was_compared_is_kept() -> None:
    one = audit(rate(count="56", n="70"), study())
    assert (one.published, one.ours) == ((56, 70), proportion(48, 80))
    assert one.difference is not None
    assert one.difference.value == pytest.approx(56 / 70 - 48 / 80)
    other = audit(rate(count="56", n="70"), study(dataset="others"))
    assert (other.published, other.difference) == ((56, 70), None)
    unknown = audit(rate(value="0.9"), study())
    assert (unknown.published, unknown.difference) == (None, None)


def test_folds_are_compared_with_those_of_their_kind() -> None:
    both = study(folds=mean(0.95, 0.02), grouped=True, other_folds=mean(0.97, 0.02))
    assert audit(folds(grouped=True), both).ours == mean(0.95, 0.02)["overall.accuracy"]
    by_image = audit(folds(), both)
    assert (by_image.verdict, by_image.ours) == ("consistent", mean(0.97, 0.02)["overall.accuracy"])
