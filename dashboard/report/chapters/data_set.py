"""What was tested, and on whom: flow, composition, images."""

from collections.abc import Sequence
from typing import Final

from neuroval.dashboard.report.blocks import Block, bullets, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import data_set as text_data
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import report as words
from neuroval.data.classes import ClassOrder

CLASSES_IN_FLOW: Final = 5
SOURCES: Final = 6  # columns of a table
LISTED: Final = 20  # rejected files


def chapter(subject: Subject) -> list[Block]:
    """Return what was tested, and on whom: intended use, the flow of scans, classes, splits, sources, images."""
    evidence, classes, about = subject.evidence, subject.classes, subject.manifest.about
    dataset = evidence.results.whole.dataset
    blocks = [
        heading(words.LABELS["data"], label="data"),
        paragraph(text_data.answer(dataset, evidence.results.audit.leakage, classes), style="answer"),
        heading("Intended use", level=2),
        paragraph(words.reported(about.intended_use), label="intended-use" if about.intended_use else None),
    ]
    if about.contraindications:
        blocks += [heading("Not intended for", level=2, label="contraindications"), bullets(about.contraindications)]
    blocks += [heading("Flow of scans", level=2), _flow(subject)]
    blocks += [heading("Classes, splits and sources", level=2, label="composition"), *_composition(subject)]
    blocks += [heading("Images", level=2), *_images(subject)]
    return blocks


def _flow(subject: Subject) -> Block:
    evidence = subject.evidence
    dataset, judged = evidence.results.whole.dataset, evidence.results.performance
    splits = {split.name: split.n for split in dataset.splits}
    drawing = {
        "draw": "flow",
        "steps": words.flow(
            subject.manifest,
            files=dataset.n,
            rejected=dataset.rejected,
            splits=splits,
            basis=evidence.basis,
            n=evidence.results.evaluated.n,
        ),
        "results": words.flow_results(judged.matrix, judged.any_tumour, subject.classes, most=CLASSES_IN_FLOW),
    }
    caption = f"Flow of scans (STARD). n counts scans; {text_overview.split_name(evidence.basis, subject.manifest)}."
    return figure(drawing, caption, alt=words.FLOW_ALT, label="flow")


def _composition(subject: Subject) -> list[Block]:
    evidence, classes = subject.evidence, subject.classes
    dataset = evidence.results.whole.dataset
    by_split = [
        {
            "Class": classes.display[name],
            **{split.name.capitalize(): f"{split.counts[index]:,}" for split in dataset.splits},
        }
        for index, name in enumerate(classes.names)
    ]
    blocks = [
        _counts(
            by_split,
            f"Scans by class and split. {text_data.imbalance(dataset, evidence.results.audit.split)}",
            "splits",
        ),
        _counts(text_data.class_rows(dataset, classes), "Scans, groups and patients of all splits.", "groups"),
    ]
    sources = _narrow(text_data.source_rows(dataset, classes), subject)
    if sources:
        blocks.append(_counts(sources, "Scans by class and source.", "sources"))
    return [*blocks, note(text_data.missing(evidence.results.whole.images))]


def _counts(rows: Sequence[dict[str, str]], caption: str, label: str) -> Block:
    """Return a table of counts, flush right."""
    return table(rows, caption, label=label, right=list(rows[0])[1:])


def _narrow(rows: Sequence[dict[str, str]], subject: Subject) -> list[dict[str, str]]:
    """Return the table of sources, turned where there are many of them."""
    dataset, classes = subject.evidence.results.whole.dataset, subject.classes
    if not dataset.sources:
        return []
    if len(dataset.sources) <= SOURCES or len(classes) > SOURCES:
        return list(rows) if len(dataset.sources) <= SOURCES else []
    return [
        {"Source": source, **{classes.display[name]: f"{n:,}" for name, n in zip(classes.names, counts, strict=True)}}
        for source, counts in zip(dataset.sources, dataset.source_counts.tolist(), strict=True)
    ]


def _images(subject: Subject) -> list[Block]:
    evidence, classes = subject.evidence, subject.classes
    rows = _known(text_data.image_rows(evidence.results.whole.images.classes, "Class", classes))
    blocks = []
    if len(rows[0]) > 2:
        caption = f"What the image files are like, by class. {text_data.SPREADS}"
        blocks.append(table(rows, caption, label="acquisition"))
    if brightness := text_data.greys(evidence.results.whole.images, classes):
        blocks.append(paragraph(brightness))
    rejected = text_data.rejected(evidence.rejected)
    if rejected:
        blocks.append(table(rejected, "Files that could not be used.", label="rejected"))
    return blocks or [paragraph("Size, format and grey values of the images are not recorded.")]


def _known(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows without the columns that hold nothing for any row."""
    empty = {"not recorded", "no case has this value"}
    kept = [key for key in rows[0] if any(row[key] not in empty for row in rows)]
    return [{key: row[key] for key in kept} for row in rows]


def order_of(classes: ClassOrder) -> str:
    """Return the classes in their order."""
    return ", ".join(classes.display[name] for name in classes.names)
