"""The registry of numbers: what it says of each number, written out a second time."""

from neuroval.analysis.core.metrics import METRICS


def test_areas_and_scores_rest_on_the_probabilities_all_else_on_the_called_class() -> None:
    ranked = {"auc", "auc_macro_ovr", "hand_till", "average_precision"}
    for metric in METRICS:
        assert metric.argmax == (metric.key not in ranked and metric.scope != "confidence"), metric.key
