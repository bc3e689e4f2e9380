"""What ends a report: limitations, settings, the model card, provenance, the sign-off block."""

import importlib.metadata
from typing import Final

from neuroval.analysis.core.bootstrap import RESAMPLES
from neuroval.analysis.study.results import LEVEL, SEED
from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, bullets, facts, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words import training as text_training
from neuroval.data.study.evaluated_cases import preferred_split

SOFTWARE: Final = ("neuroval", "numpy", "scipy", "scikit-learn", "pandas", "typst")


def limitations(subject: Subject) -> list[Block]:
    """Return what the study says of its limits, and what follows from its numbers."""
    evidence, manifest = subject.evidence, subject.manifest
    leakage = evidence.results.leakage
    known = leakage.overall.known_patient
    blocks = [heading(words.LIMITATIONS, label="limitations"), heading("Named by the study", level=2)]
    named = manifest.about.limitations
    blocks.append(bullets(named) if named else paragraph(words.NO_LIMITATIONS))
    blocks += [
        heading("That follow from its numbers", level=2),
        bullets(
            words.derived_limitations(
                manifest,
                split=evidence.split,
                shared=leakage.overall.group,
                reason=leakage.reason or leakage.overall.group.reason,
                unknown_patients=known.count != known.n,
                grouped=evidence.results.grouped.performance is not None,
                empty=[
                    subject.classes.display[rates.name]
                    for rates in evidence.results.performance.classes
                    if not rates.support
                ],
                site_known=bool(subject.study.cases["site"].notna().any()),
                reads=len(manifest.test_reads),
            )
        ),
    ]
    return blocks


def settings(subject: Subject) -> list[Block]:
    """Return every setting beside that of the study's protocol; what differs is marked post hoc."""
    options = subject.options
    rows = words.setting_rows(options, split=subject.evidence.split, usual=preferred_split(subject.study))
    changed = any(row[""] for row in rows)
    blocks = [
        heading(words.SETTINGS, label="settings"),
        paragraph(words.SOME_POST_HOC if changed else words.ALL_PROTOCOL, badge=words.POST_HOC if changed else None),
        table(rows, "Settings that change a number.", label="setting-table"),
    ]
    if options.level != LEVEL:
        blocks.append(paragraph(words.PROTOCOL_LEVEL))
    left = [words.LABELS[name] for name in options.left_out]
    shown = "every error" if options.all_errors else "the high-confidence errors and a sample of the others"
    blocks.append(
        facts(
            [
                ("Sections left out", ", ".join(left) or "none"),
                ("Errors shown", shown if options.has("errors") else "none"),
            ]
        )
    )
    return blocks


def model(subject: Subject) -> list[Block]:
    """Return the model card: what it is, how it was trained, which readings of the test split are recorded."""
    evidence, manifest = subject.evidence, subject.manifest
    facts_of = manifest.model
    blocks = [heading(words.LABELS["model"], label="model" if facts_of is not None else None)]
    if facts_of is None:
        blocks.append(paragraph(words.IMPORTED))
    else:
        rows = [
            ("Name", facts_of.name),
            ("Version", words.reported(facts_of.version)),
            ("sha256", words.reported(facts_of.sha256)),
            *([("Card", facts_of.card)] if facts_of.card else []),
            ("Intended use", words.reported(manifest.about.intended_use)),
        ]
        blocks.append(facts(rows))
    blocks.append(heading("Training", level=2))
    run = evidence.results.final_run
    told = text_training.answer(run, manifest.test_reads, manifest)
    blocks.append(paragraph(told, label="training" if run is not None else None))
    if run is not None:
        caption = f"{text_training.curves(manifest)} Dotted: the chosen epoch, {run.chosen}."
        blocks.append(
            figure(drawings.training(run), caption, alt=f"Loss and accuracy by epoch. {told}", label="history")
        )
    if facts_of is not None and facts_of.recipe:
        blocks.append(table(text_training.recipe_rows(facts_of.recipe), "Settings of the training.", label="recipe"))
    blocks.append(heading("Readings of the test split", level=2))
    if manifest.test_reads:
        rows_of = text_training.reading_rows(manifest.test_reads)
        blocks.append(table(rows_of, "Every recorded reading, oldest first. Times are UTC.", label="readings"))
    else:
        blocks.append(paragraph(text_training.readings(())))
    return blocks


def provenance(subject: Subject, attached: list[tuple[str, str]], stand_ins: tuple[str, ...]) -> list[Block]:
    """Return hashes, versions and seeds, the attached files, and the letters that could not be printed."""
    manifest = subject.manifest
    made = manifest.provenance
    packages = made.get("packages", {})
    written = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
    here = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in SOFTWARE)
    blocks = [
        heading(words.PROVENANCE, label="provenance"),
        facts(
            [
                ("Study", manifest.about.title),
                ("Fingerprint", subject.study.fingerprint),
                ("Made", words.reported(str(made.get("created", "")))),
                ("Made with", words.reported(", ".join(filter(None, (_version(made.get("code_version")), written))))),
                ("This report", here, "software"),
                ("Seed of every bootstrap", f"{SEED}, {RESAMPLES:,} resamples", "seeds"),
                (
                    "Licence of the data",
                    words.reported(manifest.data.licence),
                    "licence" if manifest.data.licence else None,
                ),
            ]
        ),
        table(
            [{"File of the study": name, "sha256": digest} for name, digest in sorted(manifest.files.items())],
            "Files of the study. The fingerprint is a hash over these and all that the study says.",
            label="files",
        ),
        heading("Attached files", level=2, label="attachments"),
        paragraph(words.RECOMPUTE),
        facts([(name, told) for name, told in attached]),
    ]
    if stand_ins:
        blocks.append(note(f"{words.STAND_INS} {', '.join(f'U+{ord(letter):04X}' for letter in stand_ins)}."))
    return blocks


def _version(version: object) -> str:
    return f"NeuroVal {version}" if version else ""


def sign_off(subject: Subject) -> list[Block]:
    """Return the block to be signed."""
    options = subject.options
    fields = [("Reviewer", options.reviewer), ("Site", options.site), ("Role", ""), ("Date", ""), ("Signature", "")]
    block = {"kind": "sign-off", "text": words.SIGN, "choices": list(words.CHOICES), "fields": fields}
    return [heading(words.SIGN_OFF, label="sign-off", new_page=True), block]
