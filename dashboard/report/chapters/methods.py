"""How the numbers were made: index test, reference standard, categories, formulas with their sources."""

from collections.abc import Iterator
from typing import Final

from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.report.blocks import Block, facts, heading, paragraph, table
from neuroval.dashboard.report.chapters.data_set import order_of
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import per_class as text_classes
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.formats import sentence_case
from neuroval.dashboard.words.glossary import METRICS

# What is explained with which section, by the name of the page that shows the same numbers.
CHAPTERS: Final = {
    "overview": ("Verdict", None),
    "data_set": ("Audit of the data", "audit"),
    "per_class": ("Performance by class", "per-class"),
    "confusion": ("Confusions", "confusion"),
    "errors": ("Errors", "errors"),
    "confidence": ("Confidence", "confidence"),
    "cross_validation": ("Cross-validation", "folds"),
    "training": ("Training", "model"),
    "shortcuts": ("The need for the tumour", "trial"),
    "robustness": ("Robustness", "trial"),
    "claims": ("Published claims", "claims"),
}


def chapter(subject: Subject) -> list[Block]:
    """Return index test, reference standard, categories and statistics."""
    manifest, classes = subject.manifest, subject.classes
    point = subject.evidence.results.decisions
    data_of = words.data_line(manifest.data)
    blocks = [heading(words.LABELS["methods"], label="methods"), heading("Index test", level=2)]
    if manifest.model is None:
        blocks.append(paragraph(words.IMPORTED))
    blocks.append(paragraph(words.INDEX_TEST, label="call-rule"))
    blocks += [
        facts(
            [
                ("Model", words.model_line(manifest.model), "model-name" if manifest.model else None),
                ("Classes, in order", order_of(classes)),
                ("Class without a tumour", classes.display[classes.negative] if classes.negative else "none is named"),
            ]
        ),
        heading("Reference standard", level=2),
        paragraph(words.REFERENCE_STANDARD, label="reference-standard"),
        facts(
            [("Data set", manifest.data.name), ("Source", words.reported(data_of), "data-source" if data_of else None)]
        ),
        heading("Result categories and thresholds", level=2, label="cut-offs"),
        paragraph(words.thresholds_text(manifest)),
        paragraph(words.ANY) if classes.negative else paragraph("The study names no class without a tumour."),
        paragraph(text_classes.operating_point(point.operating_point, point.no_operating_point)),
        heading("Statistics", level=2, label="statistics"),
        paragraph(words.WIDER, label="uncertainty"),
        paragraph(words.UNDEFINED, label="missing-data"),
        *_sample_size(subject),
        *_formulas(subject),
    ]
    for page, (title, section) in CHAPTERS.items():
        if section is None or _has(subject, section):
            blocks.append(heading(title, level=3))
            blocks += [paragraph(part, style="fine") for part in _paragraphs(PAGES[page].methods)]
    return blocks


def _sample_size(subject: Subject) -> list[Block]:
    taken = [
        f"{text_overview.criterion_lines(criterion, subject.classes)[0].partition(' ')[2]}. {sentence_case(needed)}."
        for criterion in subject.evidence.results.criteria
        if (needed := text_overview.required(criterion))
    ]
    if not taken:
        return [paragraph(words.SAMPLE_SIZE)]
    return [
        paragraph(f"{words.SAMPLE_SIZE} Cases it would take:", label="sample-size"),
        {"kind": "list", "items": taken},
    ]


def _formulas(subject: Subject) -> list[Block]:
    sections = {page for page, (_, section) in CHAPTERS.items() if section is None or _has(subject, section)}
    named = {name for page in sections for name in PAGES[page].metrics}
    rows = [{"Number": name, "What it is": METRICS[name]} for name in METRICS if name in named]
    return [table(rows, words.FORMULAS, label="formulas")]


def _has(subject: Subject, section: str) -> bool:
    """Return whether the report has a section: that on a trial needs one."""
    return subject.options.has(section) and (section != "trial" or subject.evidence.results.trial is not None)


def _paragraphs(how: str) -> Iterator[str]:
    """Each paragraph in one line."""
    for part in how.strip().split("\n\n"):
        yield " ".join(part.split())
