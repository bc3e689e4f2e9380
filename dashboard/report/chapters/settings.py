"""Every setting beside that of the protocol."""

from neuroval.analysis.study.results import LEVEL
from neuroval.dashboard.report.blocks import Block, facts, heading, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words


def chapter(subject: Subject) -> list[Block]:
    """Return every setting beside that of the study's protocol; what differs is marked post hoc."""
    options = subject.options
    rows = words.setting_rows(
        options, basis=subject.evidence.basis, usual=subject.evidence.results.of_study.default_basis
    )
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
