"""The audit of the data: what training has seen, what gives the answer away, which labels differ."""

from typing import Final

from neuroval.dashboard.report.blocks import Block, heading, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import cases as text_cases
from neuroval.dashboard.words import data_set as text_data_set
from neuroval.dashboard.words import distance_to_training as text_distance
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.overview import HEADLINES

ODD: Final = 20  # images with several labels


def chapter(subject: Subject) -> list[Block]:
    """Return what is shared with training and what is left without it, odd labels, and other factors."""
    evidence, classes = subject.evidence, subject.classes
    leakage = evidence.results.audit.leakage
    blocks = [
        heading(words.LABELS["audit"], label="audit"),
        paragraph(words.AUDIT, style="answer"),
        heading("Shared with training", level=2),
    ]
    shared = (leakage.overall, *leakage.classes)
    blocks.append(
        table(
            words.shared_rows(shared, classes),
            f"Share of the {leakage.split} scans that share something with the data the model was fitted on.",
            label="shared",
        )
    )
    if evidence.results.audit.twin_kinds:
        kinds = text_data_set.twins(evidence.results.audit.twin_kinds)
        blocks.append(table(kinds, "Copies of training scans, by kind.", label="copies"))
    across = len(evidence.results.audit.patients_across)
    blocks.append(paragraph(words.copies(evidence.results.audit.twin_kinds, across, leakage)))
    blocks += [heading(text_audit.STEPS_TITLE, level=2), *_steps(subject)]
    blocks += [heading(text_distance.TITLE, level=2), *_by_distance(subject)]
    blocks += [heading("Copies with different labels", level=2), *_odd(subject)]
    blocks += [heading("What besides the disease gives the answer away", level=2, label="confounding")]
    if evidence.results.whole.confounding:
        blocks += [
            table(
                text_data_set.confounding(evidence.results.whole.confounding),
                'How far another factor answers "any tumour?".',
                label="factors",
            ),
            paragraph(words.CONFOUNDING),
        ]
    else:
        blocks.append(paragraph(text_data_set.NO_FACTOR))
    return blocks


def _by_distance(subject: Subject) -> list[Block]:
    told = subject.evidence.results.audit.by_distance
    if told.reason is not None:
        return [paragraph(text_distance.nothing(told.reason))]
    caption = f"{text_distance.ALT}. {text_distance.of_what(told, subject.evidence.published.basis)}"
    return [paragraph(text_distance.answer(told)), table(text_distance.rows(told), caption, label="distance")]


def _steps(subject: Subject) -> list[Block]:
    rows = text_audit.step_rows(subject.evidence.results.published, HEADLINES, words.two_lines)
    return [table(rows, text_audit.STEPS_CAPTION, label="steps")]


def _odd(subject: Subject) -> list[Block]:
    odd_labels = subject.evidence.results.whole.odd_labels
    if not odd_labels:
        return [paragraph(words.NO_ODD_LABELS)]
    more = f" The first {ODD} of {len(odd_labels):,}." if len(odd_labels) > ODD else ""
    rows = [
        {"Image": odd.case_ids[0], "Labels of its copies": text_cases.votes(odd, subject.classes)}
        for odd in odd_labels[:ODD]
    ]
    return [
        paragraph(text_cases.ODD),
        table(rows, f"Images whose copies have different labels.{more}", label="odd-labels"),
    ]
