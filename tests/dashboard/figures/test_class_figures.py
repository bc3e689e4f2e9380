"""Figures of predictive values, curves and net benefit: intervals drawn, few points sent, names shown as they are."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from neuroval.analysis.calibration.referral import risk_coverage
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.data_audit.composition import describe
from neuroval.analysis.decisions.net_benefit import decision_curve
from neuroval.analysis.performance.prevalence import PredictiveValues
from neuroval.analysis.performance.roc import Curves, curves
from neuroval.dashboard.figures.decision_curve import decision_figure
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.figures.predictive_values import predictive_value_figure
from neuroval.dashboard.figures.risk_coverage import SHORTEST, risk_coverage_figure
from neuroval.dashboard.figures.roc import Decision, precision_recall_figure, roc_figure
from neuroval.dashboard.figures.split_composition import split_bars
from neuroval.dashboard.words.formats import cut_names, figure_names
from neuroval.data.classes import ClassOrder


def line(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def values(prevalence: float, *, npv: bool = True) -> PredictiveValues:
    found = Estimate(value=0.5, low=0.4, high=0.6, level=0.95, method=Method("logit_mercaldo"))
    missing = Estimate.undefined(reason=Reason("none_called_negative"))
    return PredictiveValues(
        prevalence=prevalence, ppv=Measure(plain=found), npv=Measure(plain=found if npv else missing)
    )


def test_predictive_values_are_drawn_over_a_log_scale_with_their_band() -> None:
    figure = predictive_value_figure([values(0.001), values(0.1), values(0.6)], chosen=0.03)
    assert figure.layout.xaxis.type == "log"
    assert list(line(figure, "PPV").x) == [0.001, 0.1, 0.6]
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert (min(band.y), max(band.y)) == (0.4, 0.6)
    assert figure.layout.shapes[0].x0 == 0.03
    assert line(figure, "NPV").line.dash == "dash"  # told apart by more than colour


def test_what_is_not_estimable_is_not_drawn() -> None:
    figure = predictive_value_figure([values(0.001, npv=False), values(0.6, npv=False)], chosen=0.03)
    assert [trace.name for trace in figure.data if trace.name] == ["PPV"]


def test_a_tick_of_prevalence_gives_way_to_the_last_one() -> None:
    ticks = predictive_value_figure([values(0.001), values(0.32)], chosen=0.03).layout.xaxis
    assert list(ticks.tickvals) == [0.001, 0.003, 0.01, 0.03, 0.1, 0.32]
    assert ticks.ticktext[-1] == "32%"


def referred(confidences: list[float], *, wrong: list[int]) -> go.Figure:
    """The curve of cases of two classes, all but some of them right, with these confidences."""
    found = np.array([[one, 1 - one] for one in confidences])
    reference = np.array([int(row in wrong) for row in range(len(confidences))])
    curve = risk_coverage(reference, found, classes=("a", "b"), negative=None)
    return risk_coverage_figure(curve, referred=None)


def test_the_axis_of_referral_ends_a_little_after_the_last_error() -> None:
    sure = [0.99 - 0.001 * row for row in range(100)]
    assert referred(sure, wrong=[]).layout.xaxis.range == (0, 1.25 * SHORTEST)
    assert referred(sure, wrong=[59]).layout.xaxis.range == (0, pytest.approx(1.25 * 0.4))
    assert referred(sure, wrong=[1]).layout.xaxis.range == (0, 1)


@pytest.fixture(scope="module")
def many() -> Curves:
    rng = np.random.default_rng(2)
    positive = rng.random(200_000) < 0.4
    return curves(positive, rng.normal(positive * 1.0, 1.0), name="x")


def test_curves_of_many_cases_are_sent_as_few_points(many: Curves) -> None:
    for figure in (roc_figure(many.roc), precision_recall_figure(many.precision_recall)):
        assert len(figure.data[1].x) <= 300
        assert len(figure.to_json()) < 60_000


def test_decisions_are_marked_where_their_rates_lie(many: Curves) -> None:
    both = [
        Decision(label="<b>argmax</b>", sensitivity=0.7, specificity=0.8, ppv=0.6),
        Decision(label="here", sensitivity=0.9, specificity=0.5, ppv=None),
    ]
    roc = roc_figure(many.roc, decisions=both)
    first, second = (trace for trace in roc.data if trace.mode == "markers")
    assert (first.x[0], first.y[0]) == (pytest.approx(0.2), 0.7)
    assert first.marker.symbol != second.marker.symbol
    assert "<b>argmax" not in roc.to_json()
    precision = precision_recall_figure(many.precision_recall, decisions=both)
    (only,) = (trace for trace in precision.data if trace.mode == "markers")
    assert (only.x[0], only.y[0]) == (0.7, 0.6)


def test_the_pointer_says_the_threshold_and_what_it_does() -> None:
    found = curves(np.array([True, False]), np.array([0.9, 0.2]), name="x")
    said = [text for (text,) in roc_figure(found.roc).data[1].customdata]
    assert said == [
        "no scan called: sensitivity 0.000, specificity 1.000",
        "P from 0.900: sensitivity 1.000, specificity 1.000",
        "P from 0.200: sensitivity 1.000, specificity 0.000",
    ]


def test_net_benefit_is_drawn_beside_calling_every_scan_and_none() -> None:
    positives = np.repeat([True, False], 30)
    found = decision_curve(positives, np.where(positives, 0.9, 0.1), thresholds=np.array([0.1, 0.5, 0.9]))
    figure = decision_figure(found)
    assert list(line(figure, "model").y) == [one.headline.value for one in found.model]
    assert list(line(figure, "call every scan").y) == pytest.approx([0.5 - 0.5 / 9, 0.0, 0.5 - 4.5])
    assert set(line(figure, "call none").y) == {0.0}
    low, high = figure.layout.yaxis.range
    assert low < 0 < 0.5 < high < 1
    json.loads(figure.to_json())


def test_net_benefit_without_cases_is_an_empty_plot() -> None:
    found = decision_curve(np.zeros(0, dtype=bool), np.zeros(0), thresholds=np.array([0.5]))
    assert [list(trace.x or ()) for trace in decision_figure(found).data[:2]] == [[], []]


def test_missed_tumours_are_part_of_the_errors_and_never_drawn_above_them() -> None:
    """Of ten scans two are wrong, both missed tumours of three: 2/3 of the tumours, and 2/10 of the scans."""
    reference = np.array([0, 0, 0, *[1] * 7])
    probabilities = np.array([[0.3, 0.7], [0.2, 0.8], [0.9, 0.1], *[[0.05, 0.95]] * 7])
    found = risk_coverage(reference, probabilities, classes=("tumour", "none"), negative="none")
    errors, missed = risk_coverage_figure(found, referred=None).data
    assert (errors.name, missed.name) == ("errors", "missed tumours")
    assert all(part <= whole for part, whole in zip(missed.y, errors.y, strict=True))
    assert missed.y[0] == 0.2


def order_of(k: int) -> ClassOrder:
    return ClassOrder(names=tuple(f"Histological subtype {n} of the cohort" for n in range(k)))


@pytest.mark.parametrize("k", [7, 10, 12, 15])
def test_numbers_of_many_classes_stand_in_the_middle_of_their_cells(k: int) -> None:
    counts = np.full((k, k), 30) + np.diag([300] * k)
    figure = matrix_figure(ConfusionMatrix(classes=order_of(k).names, counts=counts), order_of(k), harm=())
    written = [trace for trace in figure.data if trace.mode == "text"]
    assert sum(len(trace.text) for trace in written) == k * k
    assert {place for trace in written for place in trace.textposition} == {"middle center"}


def test_long_names_are_told_apart_and_stand_in_full_below() -> None:
    names = [*order_of(10).names, "short"]
    cut = figure_names(names)
    assert len(set(cut)) == 11
    assert cut[-1] == "short"
    assert all(len(name) <= 18 for name in cut)
    assert "10: Histological subtype 9 of the cohort" in cut_names(names)
    assert cut_names(["short"]) == ""


def test_a_colour_that_comes_again_is_hatched() -> None:
    order = order_of(20)
    cases = pd.DataFrame({"label": order.names, "split": "test", "group_id": order.names})
    cases = cases.assign(case_id=order.names, patient_id=None, sha256=None, source=None, width=None, height=None)
    bars = split_bars(describe(cases, classes=order.names), order).data
    assert len({(bar.marker.color, bar.marker.pattern.shape) for bar in bars}) == 20
