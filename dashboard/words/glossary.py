"""Each metric in one plain sentence with its formula. TP, FN, FP, TN: one class against all others."""

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
_RATES = tuple(one.label for one in COUNTED if one.shown == "rates")
_RATIOS = tuple(one.label for one in _ORDER if one.shown == "ratios")
_AVERAGES = tuple(one.explained_as for one in COUNTED_OVERALL if one.shown == "averages")
SHOWN = {
    "overview": ("Accuracy", "Balanced accuracy", *_RATES[:2]),
    "training": ("Loss", "Accuracy"),
    "cross_validation": ("Accuracy", "Balanced accuracy", *_RATES[:2], "SD"),
    "per_class": (*_RATES, *_RATIOS, *_AVERAGES),
    "confidence": ("Accuracy", *dict.fromkeys(one.explained_as for one in SCORES)),
    "claims": ("Accuracy", *_RATES, "AUC"),
    "compare": ("Accuracy", *_RATES[:2], "AUC"),
}


def explained(page: str) -> str:
    """Return what the metrics of a page mean, as a Markdown list; empty where it shows none."""
    return "\n".join(f"- **{name}**: {METRICS[name]}" for name in SHOWN.get(page, ()))


def help_on(name: str) -> str:
    """Return what one metric means, as a sentence of its own."""
    return METRICS[name][:1].upper() + METRICS[name][1:]
