"""The report as PDF: chapters in their order, drawn by the template, with the same bytes for the same study."""

import importlib.metadata
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import typst

from neuroval.dashboard.cases.evidence import Evidence, evidence_of
from neuroval.dashboard.figures import scan
from neuroval.dashboard.figures.palette import PAPER
from neuroval.dashboard.report.attached_files import Attachment, attachments
from neuroval.dashboard.report.blocks import Block, laid_out
from neuroval.dashboard.report.chapters import (
    audit,
    claims,
    confidence,
    confusion,
    cover,
    cross_validation,
    data_set,
    errors,
    limitations,
    methods,
    model_card,
    per_class,
    provenance,
    reporting_checklists,
    reviews,
    settings,
    sign_off,
    subgroups,
    summary,
    trial,
)
from neuroval.dashboard.report.letters import STANDARDS, TEMPLATE, fonts, one_line, printable, shortened
from neuroval.dashboard.report.options import Options
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words
from neuroval.data.images.linking import LinkedImages, linked_images
from neuroval.data.storage.scratch import scratch
from neuroval.data.study.folder import Study
from neuroval.data.study.manifest import Manifest

CHAPTERS: Final = (
    ("data", data_set.chapter),
    ("methods", methods.chapter),
    ("per-class", per_class.chapter),
    ("subgroups", subgroups.chapter),
    ("confusion", confusion.chapter),
    ("confidence", confidence.chapter),
    ("folds", cross_validation.chapter),
    ("audit", audit.chapter),
    ("trial", trial.chapter),
    ("claims", claims.chapter),
    ("errors", errors.chapter),
)
SIZES: Final = ((60, 25.0), (110, 19.0), (200, 14.0))  # letters of a title, and points
SMALLEST: Final = 11.5
UNDATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


def report(study: Study, options: Options | None = None) -> bytes:
    """Return the report of a study as PDF/A-3a and PDF/UA-1; images are those of the linked folder of its data set.

    Raises ``InputError`` for a basis without predictions.
    """
    chosen = options or Options()
    evidence = evidence_of(study, basis=chosen.basis, level=chosen.level)
    return build(evidence, chosen, images=linked_images(study.manifest.data.name))


def build(evidence: Evidence, options: Options, *, images: LinkedImages | None) -> bytes:
    """Return the report on evidence that is at the level and on the basis of the options, as PDF."""
    with scratch("report") as folder:
        pictures = _pictures(evidence, options, images, folder) if options.has("errors") else {}
        subject = Subject(evidence=evidence, options=options, images=images, pictures=pictures)
        files = attachments(evidence, options)
        document = _document(subject, files)
        for file in files:
            (folder / file.path).write_bytes(file.content)
        for template in TEMPLATE.glob("*.typ"):
            shutil.copy(template, folder)
        (folder / "paper.json").write_text(json.dumps(dict(PAPER)), encoding="utf-8")
        (folder / "report.json").write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
        return typst.compile(str(folder / "report.typ"), root=str(folder), font_paths=fonts(), pdf_standards=STANDARDS)


def _document(subject: Subject, files: tuple[Attachment, ...]) -> dict[str, Any]:
    attached = [(file.path, file.description) for file in files]
    front, first, blocks = _front(subject), cover.chapter(subject), _blocks(subject)
    _, stand_ins = printable([front, first, blocks])
    blocks += provenance.chapter(subject, attached, stand_ins)
    if subject.options.has("checklists"):
        present = {label for block in (*first, *blocks) for label in _labels(block)}
        blocks += reporting_checklists.chapter(present, subject.options)
    (front, first, blocks), _ = printable([front, first, [*blocks, *sign_off.chapter(subject)]])
    return {
        **front,
        "cover": laid_out(first),
        "blocks": laid_out(blocks),
        "date": list(_date(subject.manifest).timetuple()[:6]),
        "attachments": [
            {"path": file.path, "mime": file.mime, "description": file.description, "relationship": file.relationship}
            for file in files
        ],
    }


def _front(subject: Subject) -> dict[str, Any]:
    about, options = subject.manifest.about, subject.options
    title = one_line(about.title) or about.name
    made = subject.manifest.provenance.get("created")
    return {
        "title": title,
        "title-size": next((size for letters, size in SIZES if len(title) <= letters), SMALLEST),
        "short-title": shortened(title, 60),
        "document-title": words.document_title(shortened(title, 120)),
        "subtitle": words.subtitle(
            subject.evidence.basis, subject.evidence.results.evaluated.n, synthetic=about.synthetic
        ),
        "author": options.reviewer or "NeuroVal",
        "description": words.description(subject.study.fingerprint),
        "keywords": ["validation report", "diagnostic accuracy"],
        "short-fingerprint": subject.study.fingerprint[:16],
        "foot": words.foot(synthetic=about.synthetic),
        "version": importlib.metadata.version("neuroval"),
        "made": words.study_made(str(made)[:10] if made else ""),
    }


def _blocks(subject: Subject) -> list[Block]:
    blocks = summary.chapter(subject)
    for name, chapter in CHAPTERS:
        if subject.options.has(name):
            blocks += chapter(subject)
    blocks += [*reviews.chapter(subject), *limitations.chapter(subject), *settings.chapter(subject)]
    return [*blocks, *(model_card.chapter(subject) if subject.options.has("model") else [])]


def _labels(block: Mapping[str, Any]) -> list[str]:
    labels = [block["label"]] if block.get("label") else []
    return labels + ([row[2] for row in block["rows"] if row[2]] if block["kind"] == "facts" else [])


def _date(manifest: Manifest) -> datetime:
    """Return when the study was made, in UTC: the document is dated by what it is about, not by when it is printed."""
    try:
        made = datetime.fromisoformat(str(manifest.provenance.get("created", "")))
    except ValueError:
        return UNDATED
    return made.astimezone(UTC) if made.tzinfo is not None else made.replace(tzinfo=UTC)


def _pictures(evidence: Evidence, options: Options, images: LinkedImages | None, folder: Path) -> dict[str, str]:
    """Write the picture of each error that is shown, and return the file names by case id."""
    if images is None:
        return {}
    study, paths = evidence.study, evidence.study.cases.set_index("case_id")["image_path"]
    pictures = {}
    high, rest = errors.chosen(evidence.results.errors.cases, everything=options.all_errors)
    for number, case in enumerate((*high, *rest)):
        path = images.path(paths[case.case_id])
        shown = evidence.cases[case.case_id]
        of, name, size = shown.map_of, None, "thumbnail"
        if shown.call_is_mapped:
            name, size = shown.predicted, "pair"
        made = (
            None
            if path is None
            else scan.render(study, case.case_id, path, class_name=name, size=size, of=of, kind="JPEG")
        )
        if made is not None:
            pictures[case.case_id] = f"{number}.jpg"
            (folder / pictures[case.case_id]).write_bytes(made)
    return pictures
