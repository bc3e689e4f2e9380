"""Who read what, how far readers agree, what was adjudicated and whose labels are disputed; nothing without any."""

from collections.abc import Mapping
from typing import Any

from neuroval.dashboard.documents.reviews_document import section
from neuroval.dashboard.documents.study_document import estimate_as_text
from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.chapters import blind_reads
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import readers_report
from neuroval.dashboard.words import reviews as words
from neuroval.data.classes import ClassOrder


def chapter(subject: Subject) -> list[Block]:
    """Return the state of the review, lines to sign and the end of its record, or why the store cannot be read."""
    told = section(subject.evidence.results)
    if told["reason"] is not None:
        return [heading(words.CHAPTER), paragraph(told["reason"])]
    if not told["readers"] and not told["lists"]:
        return []
    blocks = [heading(words.CHAPTER, label="reviews"), *blind_reads.section(told, subject.classes)]
    if told["readers"]:
        blocks += [heading(readers_report.IN_SIGHT, level=2)] if told["lists"] else []
        blocks += _in_sight(told, subject.classes)
    blocks.append(
        {"kind": "sign-off", "text": readers_report.SIGN, "choices": [], "fields": readers_report.signers(told)}
    )
    return [*blocks, note(f"{words.RECORD} {words.end_of_record(told)}")]


def _in_sight(told: Mapping[str, Any], classes: ClassOrder) -> list[Block]:
    """Return what readers say who saw the label."""
    blocks = [paragraph(words.summary(told), style="answer")]
    blocks.append(table(words.reader_rows(told, estimate_as_text), words.READERS_CAPTION, label="readers"))
    if told["agreement"] is None:
        blocks.append(paragraph(words.ONE_READER))
    else:
        rows = words.agreement_rows(told["agreement"], estimate_as_text)
        blocks += [table(rows, words.agreement_caption(told["agreement"]), label="agreement"), note(words.NOT_BLIND)]
    if told["corrected"] is not None:
        blocks.append(paragraph(words.headline_range(told["corrected"], estimate_as_text)))
        if tumour := words.tumour_range(told["corrected"], estimate_as_text):
            blocks.append(paragraph(tumour))
    if not told["disputed"]:
        return [*blocks, paragraph(words.NONE_DISPUTED)]
    rows = words.disputed_rows(told["disputed"], classes)
    return [*blocks, table(rows, words.disputed_caption(told["disputed"]), label="disputed")]
