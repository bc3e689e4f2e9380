"""Sentences of the pages Per class, Confusion and Data set, and of the cases that a criterion would take."""

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import TwoByTwo
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.composition import describe
from neuroval.analysis.data_audit.image_contents import Spread, describe_images
from neuroval.analysis.decisions.acceptance import Criterion, OnBasis, judge
from neuroval.analysis.decisions.net_benefit import decision_curve, expected_harm
from neuroval.analysis.decisions.threshold_choice import operating_point
from neuroval.analysis.performance.patients import per_patient
from neuroval.analysis.performance.per_class import performance
from neuroval.analysis.performance.prevalence import natural_frequencies
from neuroval.dashboard.words import data_set as text_data
from neuroval.dashboard.words import decisions as text_decisions
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import per_class as text_classes
from neuroval.dashboard.words.formats import area, fine, probability, ratio
from neuroval.data.classes import BRAIN_TUMOR, ClassOrder
from neuroval.data.study.criteria import Acceptance


def between(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, level=0.95, method=Method("given"))


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (between(67.87, 9.694, 475.153), "67.9 (9.69\N{EN DASH}475)"),
        (between(0.0312, 0.014, 0.0684), "0.031 (0.014\N{EN DASH}0.068)"),
        (between(30058.2, 4655.1, 194096.4), "30,100 (4,660\N{EN DASH}194,000)"),
        (between(9.999, 0.9999, 99.96), "10.0 (1.00\N{EN DASH}100)"),
        (between(-0.02, -0.3, 0.2), "\N{MINUS SIGN}0.020 (\N{MINUS SIGN}0.300 to 0.200)"),
        (Estimate(value=12.345, method=Method("given"), reason=Reason("no_interval_given")), "12.3 (no interval)"),
        (
            Estimate.undefined(reason=Reason("infinite_ratio", empty=("fp",), least=None)),
            "infinite (no false positives)",
        ),
    ],
)
def test_a_ratio_is_written_with_three_digits(estimate: Estimate, written: str) -> None:
    assert ratio(estimate) == written


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (between(0.67, 0.38, 0.88), "0.670 (0.380\N{EN DASH}0.880)"),
        (between(0.99993, 0.99972, 0.99998), "0.99993 (0.99972\N{EN DASH}0.99998)"),
        (between(1.0, 0.9996, 1.0), "1.0000 (0.9996\N{EN DASH}1.0000)"),
        (between(0.0002, 0.0, 0.01), "0.0002 (0.0000\N{EN DASH}0.0100)"),
        (Estimate.undefined(reason=Reason("no_cases")), "not estimable (no cases)"),
    ],
)
def test_what_is_nearly_one_is_not_written_as_one(estimate: Estimate, written: str) -> None:
    assert fine(estimate) == written


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (between(0.99996, 0.9971, 0.99999), "> 0.999 (0.997\N{EN DASH}1.000)"),
        (between(1.0, 0.9971, 1.0), "1.000 (0.997\N{EN DASH}1.000)"),
        (between(0.99949, 0.9, 1.0), "0.999 (0.900\N{EN DASH}1.000)"),
        (Estimate.undefined(reason=Reason("no_cases")), "not estimable (no cases)"),
    ],
)
def test_an_area_that_is_not_1_is_not_written_as_1(estimate: Estimate, written: str) -> None:
    assert area(estimate) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.5, "0.500"), (0.00042, "0.00042"), (0.9999871, "0.9999871"), (1.0, "1.000"), (0.0, "0.000")],
)
def test_a_threshold_close_to_an_end_keeps_its_digits(value: float, written: str) -> None:
    assert probability(value).rstrip("0").ljust(len(written), "0") == written


@pytest.mark.parametrize(
    ("counts", "prevalence", "name", "sentence"),
    [
        (
            TwoByTwo(tp=29, fn=1, fp=14, tn=956),
            0.03,
            "any tumour",
            "Of 1,000 scans, 30 have a tumour: 29 are found, 1 is missed. Of the 970 others, 14 are called a tumour by "
            "mistake. Of 43 such calls, 29 would be right.",
        ),
        (
            TwoByTwo(tp=1, fn=0, fp=0, tn=9),
            0.001,
            "glioma",
            "Of 1,000 scans, 1 is glioma: 1 is found, 0 are missed. Of the 999 others, 0 are called glioma by mistake. "
            "Of 1 such call, 1 would be right.",
        ),
        (
            TwoByTwo(tp=0, fn=9, fp=0, tn=9),
            0.5,
            "notumor",
            "Of 1,000 scans, 500 are no tumour: 0 are found, 500 are missed. Of the 500 others, 0 are called no tumour "
            "by mistake. None is called no tumour.",
        ),
        (
            TwoByTwo(tp=0, fn=0, fp=1, tn=9),
            0.1,
            "glioma",
            "Of 1,000 scans, 100 are glioma; what becomes of them is not estimable (no reference cases of the "
            "condition).",
        ),
    ],
)
def test_natural_frequencies_are_a_sentence(counts: TwoByTwo, prevalence: float, name: str, sentence: str) -> None:
    found = natural_frequencies(counts, prevalence=prevalence)
    assert text_classes.frequencies(found, name, BRAIN_TUMOR) == sentence


def test_what_is_not_estimable_in_the_table_of_frequencies_says_so() -> None:
    found = natural_frequencies(TwoByTwo(tp=0, fn=0, fp=1, tn=9), prevalence=0.1)
    with_it, others, every = (list(row.values()) for row in text_classes.frequency_rows(found, "glioma", BRAIN_TUMOR))
    assert with_it == ["With glioma", "not estimable", "not estimable", "100"]
    assert others == ["Others", "90", "810", "900"]
    assert every == ["All", "not estimable", "not estimable", "1,000"]


def test_the_operating_point_says_where_it_comes_from() -> None:
    positives, scores = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.3, 0.1])
    point = operating_point(positives, scores, tuning_positives=positives, tuning_scores=scores, target=0.98)
    said = text_classes.operating_point(point, None)
    assert "P(any tumour) of 0.400 or more, the highest threshold that finds 98% of the tumours" in said
    assert "(there 1.000, 2/2)" in said
    nobody = operating_point(positives, scores, tuning_positives=~positives[:1], tuning_scores=scores[:1], target=0.98)
    assert text_classes.operating_point(nobody, None) == "Operating point: no tumour among the tuning cases."
    missing = Reason("no_tuning_predictions")
    assert text_classes.operating_point(None, missing) == (
        "Operating point: the study holds no predictions of tuning cases."
    )


def test_patients_that_are_left_out_are_counted() -> None:
    reference = np.array([0, 0, 0, 1, 1, 2])
    chances = np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1.0]])
    names = np.array(["a", "a", "b", "b", None, "c"], dtype=object)
    found = per_patient(reference, chances, names, classes=("x", "y", "z"), negative="z")
    assert text_classes.patients(found) == (
        "n = 3 patients with 5 slices. Left out: 1 scan without a patient id, 1 patient with tumours of several "
        "classes (for the class only). Ties: at most 1 patient."
    )
    of_tumours = per_patient(reference[:5], chances[:5], names[:5], classes=("x", "y", "z"), negative="z")
    assert text_classes.patients(of_tumours).endswith(" Specificity is not estimable: no patient without any tumour.")
    assert {"Specificity"} & {key for row in text_classes.patient_rows(of_tumours) for key in row} == set()
    without = per_patient(reference, chances, names, classes=("x", "y", "z"), negative=None)
    assert [list(row) for row in text_classes.patient_rows(without)] == [["A patient's answer is", "Class right"]] * 2


HARM = np.array([[0, 5, 10, 5], [4, 0, 7, 4], [3, 2, 0, 2], [4, 4, 7, 0.0]])


def harm(reference: list[int], predicted: list[int]) -> str:
    found = expected_harm(np.array(reference), np.array(predicted), harm=HARM, classes=BRAIN_TUMOR.names)
    return text_decisions.harm(found, HARM.tolist(), BRAIN_TUMOR)


def test_the_mean_harm_says_its_scale_and_its_largest_part() -> None:
    said = harm([0, 0, 1, 1], [0, 2, 1, 0])
    assert said.startswith("Mean harm per scan: 3.500 (0.000\N{EN DASH}")
    assert "0 for a correct call to 10 for the worst" in said
    assert said.endswith("The largest part, 71%, comes from Glioma \N{RIGHTWARDS ARROW} No tumour.")
    assert harm([0, 1], [0, 1]).endswith("10 for the worst; no interval (no harm observed).")
    assert text_decisions.harm(None, (), BRAIN_TUMOR) == text_decisions.NO_HARM


def test_the_decision_curve_says_where_the_model_is_better() -> None:
    limits = np.arange(0.01, 1.0, 0.01)
    perfect = np.repeat([True, False], 50)
    found = decision_curve(perfect, np.where(perfect, 0.995, 0.005), thresholds=limits)
    assert "at thresholds from 1% to 99%; the intervals of both differences lie above 0 at " in text_decisions.decision(
        found
    )
    useless = decision_curve(perfect, np.full(100, 0.999), thresholds=limits)
    assert text_decisions.decision(useless).startswith("At no threshold does the model do better")
    holed = decision_curve(perfect, np.where(perfect, 0.995, 0.005), thresholds=np.array([0.0, 0.5]))
    assert "at thresholds from 50% to 50%" in text_decisions.decision(holed)
    nobody = decision_curve(perfect[:0], np.empty(0), thresholds=limits)
    assert text_decisions.decision(nobody) == "Net benefit is not estimable (no cases)."


def criterion(right: int, wrong: int, **values: object) -> Criterion:
    reference, predicted = np.repeat([0, 2], [right + wrong, 40]), np.repeat([0, 2, 2], [right, wrong, 40])
    judged = performance(
        reference,
        predicted,
        classes=BRAIN_TUMOR.names,
        negative="notumor",
        rng=np.random.default_rng(0),
        resamples=50,
    )
    asked = {"metric": "any_tumour.sensitivity", "at_least": 0.95, **values}
    return judge((Acceptance(**asked),), OnBasis(basis="all", performance=judged))[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (criterion(98, 2), "about 230 at this rate (chance of passing 69%), 311 for 80%, 389 for 90%; 100 are there"),
        (criterion(90, 10), "at 0.900 no number of scans would reach 0.95"),
        (criterion(1000, 0), ""),
        (criterion(90, 10, bound="value"), ""),
        (criterion(90, 10, metric="overall.mcc"), "not estimable: no rate of cases"),
        (criterion(90, 10, metric="gone.sensitivity"), ""),
    ],
)
def test_a_criterion_says_how_many_cases_it_would_take(found: Criterion, said: str) -> None:
    written = text_overview.criterion_lines(found, BRAIN_TUMOR)[1]
    assert written.partition(" Scans it would take: ")[2].removesuffix(".") == said


def cases(**columns: object) -> pd.DataFrame:
    base = {"split": "test", "label": ["a", "a", "b", "b"], "case_id": list("1234"), "group_id": list("1124")}
    unknown = dict.fromkeys(["source", "patient_id", "width", "height", "sha256"])
    return pd.DataFrame({**base, **unknown, **columns})


CLASSES = ClassOrder(names=("a", "b"))


def test_classes_are_listed_with_groups_and_known_patients() -> None:
    rows = text_data.class_rows(describe(cases(patient_id=["p", "p", "q", None]), classes=CLASSES.names), CLASSES)
    assert [list(row.values()) for row in rows] == [["a", "2", "50%", "1", "1"], ["b", "2", "50%", "2", "1"]]


def test_brightness_is_said_where_it_is_recorded() -> None:
    found = describe_images(cases(mean_intensity=[10, 20, 60, 80.0]), classes=CLASSES.names)
    assert "from 15.0 (a) to 70.0 (b)" in text_data.greys(found, CLASSES)
    assert text_data.greys(describe_images(cases(), classes=CLASSES.names), CLASSES) == ""


def test_missing_metadata_is_told_apart() -> None:
    found = describe_images(cases(patient_id=["p", None, "q", "r"], source="s"), classes=CLASSES.names)
    said = text_data.missing(found)
    assert said.startswith("Recorded of no scan: ")
    assert "perceptual hash" in said
    assert said.endswith("Missing for some: patient (1 of 4).")
    (row,) = [one for one in text_data.missing_rows(found, CLASSES) if one["Not recorded"] == "patient"]
    assert row == {"Not recorded": "patient", "Scans": "1 of 4", "By class": "a 1, b 0"}


@pytest.mark.parametrize(
    ("found", "written"),
    [
        (Spread(n=2, known=0, reason=Reason("not_recorded")), "not recorded"),
        (Spread(n=2, known=2, smallest=9, lower_quartile=9, median=9, upper_quartile=9, largest=9), "9"),
        (
            Spread(n=3, known=2, smallest=1, lower_quartile=2, median=3, upper_quartile=4000, largest=5000),
            "3 (2\N{EN DASH}4,000), 2 known",
        ),
    ],
)
def test_a_spread_is_its_median_and_quartiles(found: Spread, written: str) -> None:
    assert text_data.spread(found) == written


def test_images_are_described_by_class() -> None:
    table = cases(
        width=[9, 9, 9, 9], height=8, file_bytes=[1000, 3000, 2000, 2000], file_format=["PNG", "PNG", "JPEG", None]
    )
    first, second = text_data.image_rows(describe_images(table, classes=CLASSES.names).classes, "Class", CLASSES)
    assert (first["Width"], first["Format"], first["File size, kB"]) == ("9", "PNG 2", "2.0 (1.5\N{EN DASH}2.5)")
    assert (second["Format"], second["Mean grey value"]) == ("JPEG 1", "not recorded")
