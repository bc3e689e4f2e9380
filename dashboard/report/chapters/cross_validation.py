"""Cross-validation: how stable the numbers are, and what leaks add."""

from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import cases as text_cases
from neuroval.dashboard.words import cross_validation as text_cross_validation
from neuroval.dashboard.words import label_errors as text_label_errors
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.formats import full


def chapter(subject: Subject) -> list[Block]:
    """Return each number over the folds, grouped against ungrouped, the pooled matrix and suspect labels."""
    evidence, classes, manifest = subject.evidence, subject.classes, subject.manifest
    grouped, ungrouped = evidence.results.whole.grouped, evidence.results.whole.ungrouped
    there = grouped if grouped.performance is not None else ungrouped
    blocks = [
        heading(words.LABELS["folds"], label="folds" if there.performance is not None else None),
        paragraph(text_cross_validation.answer(grouped, ungrouped, evidence.results.whole.grouping), style="answer"),
    ]
    if there.performance is None:
        return blocks
    if lighter := text_cross_validation.lighter(manifest):
        blocks.append(paragraph(lighter))
    rows = text_cross_validation.fold_rows(grouped, ungrouped, classes)
    first = ", ".join(f"{key} {value}" for key, value in rows[0].items() if key != "Number")
    level = words.level_of(subject.options.level)
    blocks += [
        figure(
            drawings.folds(grouped, ungrouped),
            f"Each number in each fold. A dot is a fold, the bar their mean, the line the corrected {level} interval "
            "of the mean.",
            alt=f"Numbers over the folds. {rows[0]['Number']}: {first}",
            label="fold-dots",
        ),
        table(rows, "Numbers over the folds, with the corrected interval of the mean.", label="over-folds"),
        heading("All folds pooled", level=2),
        paragraph(text_cross_validation.basis(there, classes)),
        figure(
            drawings.matrix(there.performance.matrix, classes, harm=manifest.harm),
            f"Pooled confusion matrix of the {'grouped' if there is grouped else 'ungrouped'} folds. "
            f"n = {there.performance.matrix.n:,} scans. {words.AREA if manifest.harm else words.AREA_ONLY}",
            alt=f"Pooled confusion matrix. Accuracy {full(there.performance.overall.accuracy.headline)}",
            label="pooled",
        ),
    ]
    if evidence.results.whole.suspects is not None:
        told = text_cases.suspects(evidence.results.whole.suspects)
        blocks += [
            heading("Labels to look at again", level=2, label="suspects"),
            paragraph(told),
            note(text_cases.SUSPECTS),
            table(
                text_label_errors.rows(evidence.results.imperfect_reference.values(), classes),
                text_label_errors.CAPTION,
                label="label-errors",
            ),
        ]
    return blocks
