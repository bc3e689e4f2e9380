"""Whom the averages hide: the main rates by each recorded column."""

from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words import subgroups as text


def chapter(subject: Subject) -> list[Block]:
    """Return a table by column, and whether a subgroup is worse; where nothing is recorded, that it is so."""
    results, classes = subject.evidence.results, subject.classes
    blocks = [heading(words.LABELS["subgroups"], label="subgroups")]
    if not results.subgroups.columns:
        return [*blocks, paragraph(text.NOTHING)]
    for name in results.subgroups.columns:
        judged = results.subgroups.by((name,))
        blocks.append(heading(text.column(name), level=2))
        blocks += [paragraph(text.answer(judged, key, classes)) for key in text.main_numbers(judged)]
        caption = f"Rates by {text.columns((name,))}. {text.of_what(judged, subject.evidence.basis)}"
        blocks.append(table(text.main_rows(judged, classes), caption, label=f"subgroups-{len(blocks)}"))
    return [*blocks, note(text.REPORTED)]
