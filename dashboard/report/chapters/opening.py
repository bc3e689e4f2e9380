"""The cover with the verdict, the summary with the findings, and what was tested, and on whom."""

from collections.abc import Sequence
from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.report.blocks import Block, bullets, facts, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import data_set as text_data
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counts, interval, number
from neuroval.data.classes import ClassOrder
from neuroval.data.study.evaluated_cases import preferred_split

CLASSES_IN_FLOW: Final = 5
SOURCES: Final = 6  # columns of a table
LISTED: Final = 20  # rejected files
TONES: Final = {"critical": "red", "warning": "orange", "note": "gray"}
MET: Final = {True: "green", False: "red", None: "gray"}


def cover(subject: Subject) -> list[Block]:
    """Return the verdict with its criteria, the two headline numbers, and what the report is of."""
    evidence, manifest = subject.evidence, subject.manifest
    word, tone = text_overview.verdict_title(evidence.results.criteria, evidence.results.findings)
    basis = text_overview.verdict_basis(evidence.results.criteria, readings=len(manifest.test_reads))
    limit = text_overview.verdict_limit(evidence.results.findings, where="in the summary")
    banner = {
        "kind": "banner",
        "over": words.VERDICT,
        "word": word,
        "tone": tone,
        "text": " ".join(filter(None, (basis, limit))),
    }
    return [banner, *_post_hoc(subject), *_criteria(subject), _headlines(subject), _identity(subject)]


def _post_hoc(subject: Subject) -> list[Block]:
    """Return which settings are not those of the study, where the reader sees it first; nothing when all are."""
    changed = words.changed(subject.options, split=subject.evidence.split, usual=preferred_split(subject.study))
    return [paragraph(words.chosen_here(changed), badge=words.POST_HOC)] if changed else []


def _criteria(subject: Subject) -> list[Block]:
    rows = []
    for criterion in text_overview.hardest_first(subject.evidence.results.criteria):
        sentence, details = text_overview.criterion_lines(criterion, subject.classes)
        symbol, _, sentence = sentence.partition(" ")
        rows.append({"symbol": symbol, "tone": MET[criterion.decisive.met], "text": sentence, "found": details})
    return [{"kind": "criteria", "rows": rows, "label": "criteria"}] if rows else []


def _headlines(subject: Subject) -> Block:
    rows = [
        {
            "label": headline.label,
            "value": NOT_ESTIMABLE if headline.estimate.value is None else number(headline.estimate.value),
            "interval": _beside(headline.estimate),
            "note": headline.note,
            "small": headline.estimate.value is None,
        }
        for headline in text_overview.headlines(subject.evidence, subject.manifest)
    ]
    return {"kind": "headlines", "rows": rows}


def _beside(estimate: Estimate) -> str:
    if estimate.value is None:
        return text_overview.sentence(estimate.reason)
    return ", ".join(filter(None, (f"({interval(estimate)})" if interval(estimate) else "", counts(estimate))))


def _identity(subject: Subject) -> Block:
    manifest, options, evidence = subject.manifest, subject.options, subject.evidence
    rows = [
        ("Model", words.model_line(manifest.model)),
        ("Data set", manifest.data.name),
        ("Evaluated", f"{evidence.split} split, {evidence.results.evaluated.n:,} scans", evidence.split),
        ("Study fingerprint", subject.study.fingerprint),
        ("Reviewer", options.reviewer or "not named"),
        ("Site", options.site or "not named"),
    ]
    return facts(rows)


def summary(subject: Subject) -> list[Block]:
    """Return the answer, the numbers with and without what training has seen, findings and remarks."""
    evidence, manifest = subject.evidence, subject.manifest
    blocks = [
        heading(words.SUMMARY, label="summary"),
        paragraph(text_overview.answer(evidence), style="answer"),
        paragraph(text_overview.gap(evidence, manifest)),
    ]
    rows = text_overview.comparison(evidence, manifest)
    if rows:
        blocks.append(table(rows, "The headline numbers, with and without what training has seen.", label="headlines"))
    if also := text_overview.compared_on(evidence, manifest):
        blocks.append(note(also))
    blocks.append(heading(words.FINDINGS, level=2, label="findings"))
    findings = [
        {"word": finding.severity.capitalize(), "tone": TONES[finding.severity], "text": text_findings.text(finding)}
        for finding in evidence.results.findings
    ]
    blocks.append({"kind": "findings", "rows": findings} if findings else paragraph(words.NO_FINDINGS))
    if subject.options.remarks.strip():
        blocks.append(heading(words.REMARKS, level=2))
        blocks += [paragraph(part) for part in subject.options.remarks.splitlines() if part.strip()]
    return blocks


def data(subject: Subject) -> list[Block]:
    """Return what was tested, and on whom: intended use, the flow of scans, classes, splits, sources, images."""
    evidence, classes, about = subject.evidence, subject.classes, subject.manifest.about
    dataset = evidence.results.dataset
    blocks = [
        heading(words.LABELS["data"], label="data"),
        paragraph(text_data.answer(dataset, evidence.results.leakage, classes), style="answer"),
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
    dataset, judged = evidence.results.dataset, evidence.results.performance
    splits = {split.name: split.n for split in dataset.splits}
    drawing = {
        "draw": "flow",
        "steps": words.flow(
            subject.manifest,
            files=dataset.n,
            rejected=dataset.rejected,
            splits=splits,
            split=evidence.split,
            n=evidence.results.evaluated.n,
        ),
        "results": words.flow_results(judged.matrix, judged.any_tumour, subject.classes, most=CLASSES_IN_FLOW),
    }
    caption = f"Flow of scans (STARD). n counts scans; {text_overview.split_name(evidence.split, subject.manifest)}."
    return figure(drawing, caption, alt=words.FLOW_ALT, label="flow")


def _composition(subject: Subject) -> list[Block]:
    evidence, classes = subject.evidence, subject.classes
    dataset = evidence.results.dataset
    by_split = [
        {
            "Class": classes.display[name],
            **{split.name.capitalize(): f"{split.counts[index]:,}" for split in dataset.splits},
        }
        for index, name in enumerate(classes.names)
    ]
    blocks = [
        _counts(by_split, f"Scans by class and split. {text_data.imbalance(dataset, evidence.split)}", "splits"),
        _counts(text_data.class_rows(dataset, classes), "Scans, groups and patients of all splits.", "groups"),
    ]
    sources = _narrow(text_data.source_rows(dataset, classes), subject)
    if sources:
        blocks.append(_counts(sources, "Scans by class and source.", "sources"))
    return [*blocks, note(text_data.missing(evidence.results.images))]


def _counts(rows: Sequence[dict[str, str]], caption: str, label: str) -> Block:
    """Return a table of counts, flush right."""
    return table(rows, caption, label=label, right=list(rows[0])[1:])


def _narrow(rows: Sequence[dict[str, str]], subject: Subject) -> list[dict[str, str]]:
    """Return the table of sources, turned where there are many of them."""
    dataset, classes = subject.evidence.results.dataset, subject.classes
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
    rows = _known(text_data.image_rows(evidence.results.images.classes, "Class", classes))
    blocks = []
    if len(rows[0]) > 2:
        caption = f"What the image files are like, by class. {text_data.SPREADS}"
        blocks.append(table(rows, caption, label="acquisition"))
    if brightness := text_data.greys(evidence.results.images, classes):
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
