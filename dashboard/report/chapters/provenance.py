"""Provenance: how the study was made, with what, and what is attached."""

import importlib.metadata
from typing import Final

from neuroval.analysis.core.bootstrap import RESAMPLES
from neuroval.analysis.study.whole_study import SEED
from neuroval.dashboard.report.blocks import Block, facts, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words

SOFTWARE: Final = ("neuroval", "numpy", "scipy", "scikit-learn", "pandas", "typst")


def chapter(subject: Subject, attached: list[tuple[str, str]], stand_ins: tuple[str, ...]) -> list[Block]:
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
