"""The model card: what the model is and how it was trained."""

from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, facts, figure, heading, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words import training as text_training


def chapter(subject: Subject) -> list[Block]:
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
    run = evidence.results.whole.final_run
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
