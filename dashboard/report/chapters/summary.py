"""The summary with the findings."""

from typing import Final

from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import report as words

TONES: Final = {"critical": "red", "warning": "orange", "note": "gray"}


def chapter(subject: Subject) -> list[Block]:
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
