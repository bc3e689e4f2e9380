"""Each metric that a page shows, in one plain sentence with its formula. TP, FN, FP, TN: a class against all others."""

from collections.abc import Sequence
from typing import Any

from neuroval.analysis.core.metrics import (
    COUNTED,
    COUNTED_OVERALL,
    FURTHER,
    MINUS,
    OF_MAPS,
    OF_SUBGROUP,
    RANKED_OVERALL,
    SCORES,
    TRIED,
    Metric,
)

# The registry in the order of a report: rates and what is read from them first.
_ORDER: tuple[Metric[Any], ...] = (
    *COUNTED_OVERALL[:2],
    *COUNTED,
    *FURTHER,
    *COUNTED_OVERALL[2:],
    *RANKED_OVERALL,
    *SCORES,
    *TRIED,
    *OF_MAPS,
    *OF_SUBGROUP,
)
METRICS = {metric.explained_as: metric.meaning for metric in _ORDER if metric.meaning and metric.shown} | {
    "Loss": f"what training makes small: the mean of {MINUS}ln p of the reference class, and what the settings add.",
    "SD": "the standard deviation over the folds.",
}
RATES = tuple(metric.label for metric in COUNTED if metric.shown == "rates")
RATIOS = tuple(metric.label for metric in _ORDER if metric.shown == "ratios")
AVERAGES = tuple(metric.explained_as for metric in COUNTED_OVERALL if metric.shown == "averages")
SCORE_TERMS = tuple(dict.fromkeys(metric.explained_as for metric in SCORES))


def explained(names: Sequence[str]) -> str:
    """Return what metrics mean, as a Markdown list; empty without any."""
    return "\n".join(f"- **{name}**: {METRICS[name]}" for name in names)


def help_on(name: str) -> str:
    """Return what one metric means, as a sentence of its own."""
    return METRICS[name][:1].upper() + METRICS[name][1:]
