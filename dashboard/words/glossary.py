"""Each metric in one plain sentence with its formula. TP, FN, FP, TN: one class against all others."""

from collections.abc import Sequence
from typing import Any

from neuroval.analysis.core.metrics import COUNTED, COUNTED_OVERALL, FURTHER, MINUS, RANKED_OVERALL, SCORES, Metric

# The registry in the order of a report: rates and what is read from them first.
_ORDER: tuple[Metric[Any], ...] = (
    *COUNTED_OVERALL[:2],
    *COUNTED,
    *FURTHER,
    *COUNTED_OVERALL[2:],
    *RANKED_OVERALL,
    *SCORES,
)
METRICS = {one.explained_as: one.meaning for one in _ORDER if one.meaning} | {
    "Loss": f"what training makes small: the mean of {MINUS}ln p of the reference class, and what the settings add.",
    "SD": "the standard deviation over the folds.",
}
RATES = tuple(one.label for one in COUNTED if one.shown == "rates")
RATIOS = tuple(one.label for one in _ORDER if one.shown == "ratios")
AVERAGES = tuple(one.explained_as for one in COUNTED_OVERALL if one.shown == "averages")
SCORE_TERMS = tuple(dict.fromkeys(one.explained_as for one in SCORES))


def explained(names: Sequence[str]) -> str:
    """Return what metrics mean, as a Markdown list; empty without any."""
    return "\n".join(f"- **{name}**: {METRICS[name]}" for name in names)


def help_on(name: str) -> str:
    """Return what one metric means, as a sentence of its own."""
    return METRICS[name][:1].upper() + METRICS[name][1:]
