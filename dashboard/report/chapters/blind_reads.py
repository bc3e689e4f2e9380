"""Reading lists in the report: progress, agreement, readers and model, adjudicated labels, open disagreements."""

from collections.abc import Mapping
from typing import Any

from neuroval.dashboard.documents.study_document import estimate_as_text
from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.words import readers, reviews
from neuroval.dashboard.words import readers_report as words
from neuroval.data.classes import ClassOrder


def section(told: Mapping[str, Any], classes: ClassOrder) -> list[Block]:
    """Return what the reading lists of the document ``reviews`` say; nothing without lists."""
    blind = told["blind"]
    if blind is None:
        return []
    blocks = [heading(words.BLIND, level=2, label="blind-reads"), paragraph(words.summary(blind), style="answer")]
    blocks.append(table(words.list_rows(told["lists"]), words.LISTS_CAPTION, label="reading-lists"))
    if not blind["readers"]:
        return blocks
    return [*blocks, *_rates(blind), *_agreement(blind), *_labels(blind, classes), *_open(blind, classes)]


def _rates(blind: Mapping[str, Any]) -> list[Block]:
    rows = words.rate_rows(blind, estimate_as_text)
    notes = [readers.OF_SCANS, words.seen_before(blind)]
    if blind["model_right_adjudicated"] is not None:
        notes.append(readers.CIRCULAR)
    blocks = [table(rows, words.RATES_CAPTION, label="blind-readers"), note(" ".join(filter(None, notes)))]
    if rows := words.help_rows(blind, estimate_as_text):
        blocks += [table(rows, f"{words.HELP_CAPTION}.", label="with-model"), note(readers.HELP_CAPTION)]
    return blocks


def _agreement(blind: Mapping[str, Any]) -> list[Block]:
    if blind["agreement"] is None:
        return [paragraph(reviews.ONE_READER)]
    rows = reviews.agreement_rows(blind["agreement"], estimate_as_text)
    return [table(rows, words.agreement_caption(blind["agreement"]), label="blind-agreement")]


def _labels(blind: Mapping[str, Any], classes: ClassOrder) -> list[Block]:
    blocks = []
    if blind["adjudicated"] is not None:
        blocks.append(paragraph(words.corrected(blind["adjudicated"], estimate_as_text)))
    rows = words.label_rows(blind["labels"], classes)
    if not rows:
        return [*blocks, paragraph(words.LABELS_NONE)]
    caption = words.caption(words.LABELS_CAPTION, len(words.told_labels(blind["labels"])))
    return [*blocks, table(rows, caption, label="adjudicated-labels")]


def _open(blind: Mapping[str, Any], classes: ClassOrder) -> list[Block]:
    rows = words.open_rows(blind["open"], classes)
    if not rows:
        return [paragraph(words.OPEN_NONE)]
    return [table(rows, words.caption(words.OPEN_CAPTION, len(blind["open"])), label="open-disagreements")]
