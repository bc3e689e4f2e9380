"""The reporting checklists with the pages on which the report answers them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from neuroval.dashboard.report.blocks import Block, Cell, heading, paragraph, table
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.words import ai_checklists as ai_words
from neuroval.dashboard.words import checklists as words
from neuroval.dashboard.words import report as text_report
from neuroval.dashboard.words.checklists import Item

# The section in which a label would be, if the report had it; the others are part of every report.
HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "data": ("data", "intended-use", "flow", "composition", "splits", "groups", "sources", "acquisition", "rejected"),
    "methods": (
        *("methods", "call-rule", "model-name", "reference-standard", "data-source", "cut-offs", "statistics"),
        *("uncertainty", "missing-data", "sample-size", "formulas"),
    ),
    "per-class": (
        "rates",
        "two-by-two",
        "prevalence",
        "ratios",
        "roc",
        "overall",
        "external",
        "no-result",
        "risk-control",
    ),
    "confusion": ("matrix", "pairs"),
    "confidence": ("referral", "scores"),
    "folds": ("fold-dots", "over-folds", "suspects", "label-errors"),
    "audit": ("audit", "shared", "steps", "odd-labels", "factors", "distance"),
    "errors": ("errors", "high-confidence", "saliency"),
    "model": ("model", "training", "recipe", "readings"),
}


def chapter(present: Collection[str], options: Options) -> list[Block]:
    """Return the checklists; ``present`` are the labels that the report has."""
    left_out = {label for section in options.left_out for label in HOMES.get(section, ())}
    return [
        heading(text_report.LABELS["checklists"], label="checklists"),
        paragraph(words.HOW),
        _checklist(words.STARD_ITEMS, words.STARD, "stard", present, left_out),
        _checklist(ai_words.STARD_AI_ITEMS, ai_words.STARD_AI, "stard-ai", present, left_out),
        _checklist(words.CLAIM_ITEMS, words.CLAIM, "claim", present, left_out),
        _checklist(ai_words.TRIPOD_AI_ITEMS, ai_words.TRIPOD_AI, "tripod-ai", present, left_out),
    ]


def _checklist(
    items: Sequence[Item], caption: str, label: str, present: Collection[str], left_out: Collection[str]
) -> Block:
    rows: list[dict[str, Cell]] = [
        {"No.": item.number, "Part": item.topic, "Item": item.asked, words.PAGE: answered(item, present, left_out)}
        for item in items
    ]
    return table(rows, caption, label=label)


def answered(item: Item, present: Collection[str], left_out: Collection[str]) -> dict[str, Any]:
    """Return the labels at which an item is answered; else that it is not, or that the section is left out."""
    labels = [label for label in item.labels if label in present]
    if labels:
        return {"labels": labels, "note": item.open}
    gone = any(label in left_out for label in item.labels)
    return {"text": words.LEFT_OUT if gone else words.NOT_REPORTED, "tone": "gray"}
