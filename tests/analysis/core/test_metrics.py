"""The registry of numbers: what it says of each number, written out a second time."""

from typing import Any

import pytest

from neuroval.analysis.core.metrics import COUNTED, COUNTED_OVERALL, METRICS, Metric
from neuroval.analysis.core.metrics import TRIED as TRIED_METRICS
from neuroval.data.study.criteria import OVERALL, PER_CLASS, TRIED


def test_areas_and_scores_rest_on_the_probabilities_all_else_on_the_called_class() -> None:
    ranked = {"auc", "auc_macro_ovr", "hand_till", "average_precision"}
    ranked |= {f"{curve}_{number}" for curve in ("deletion", "insertion") for number in ("gain", "better")}
    for metric in METRICS:
        assert metric.argmax == (metric.key not in ranked and metric.scope != "confidence"), metric.key


@pytest.mark.parametrize(
    ("scope", "asked", "read"),
    [("overall", OVERALL, COUNTED_OVERALL), ("class", PER_CLASS, COUNTED), ("trial", TRIED, TRIED_METRICS)],
)
def test_a_criterion_may_name_what_the_registry_says_and_the_study_refuses_all_else(
    scope: str, asked: tuple[str, ...], read: tuple[Metric[Any], ...]
) -> None:
    named = [one.key for one in METRICS if "criteria" in one.places and one.scope == scope]
    assert sorted(named) == sorted(asked)
    assert set(named) <= {one.key for one in read}  # what judges criteria looks for them there


def test_only_numbers_over_all_classes_of_a_class_and_of_a_trial_may_be_named_by_a_criterion() -> None:
    assert {one.scope for one in METRICS if "criteria" in one.places} == {"overall", "class", "trial"}
