"""What is mistaken for what, and what it costs."""

from typing import Final

from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, figure, heading, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import confusion as text_confusion
from neuroval.dashboard.words import decisions as text_decisions
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import cut_names, full

PAIRS: Final = 20  # kinds of error in the table


def chapter(subject: Subject) -> list[Block]:
    """Return the matrix, the kinds of error with their impact, harm and net benefit."""
    evidence, classes, manifest = subject.evidence, subject.classes, subject.manifest
    matrix = evidence.results.performance.matrix
    n = of_scans(matrix.n, evidence.basis)
    seen = [f"{text.arrow(pair, classes)} {pair.count:,}" for pair in evidence.results.pairs if pair.count]
    alt = f"Confusion matrix of {matrix.n:,} scans. Errors: {', '.join(seen) or 'none'}"
    caption = f"Confusion matrix. {n} {words.AREA if manifest.harm else words.AREA_ONLY}"
    if names := cut_names([classes.display[name] for name in matrix.classes]):
        caption += f" {names}"
    blocks = [
        heading(words.LABELS["confusion"], label="confusion"),
        paragraph(text_confusion.answer(evidence.results.pairs, classes, matrix.n), style="answer"),
        figure(drawings.matrix(matrix, classes, harm=manifest.harm), caption, alt=alt, label="matrix"),
        heading("What each error means", level=2),
        *_pairs(subject),
        heading("Harm and net benefit", level=2, label="harm"),
        paragraph(text_decisions.harm(evidence.results.decisions.harm, manifest.harm, classes)),
    ]
    curve = None if classes.negative is None else evidence.results.decisions.net_benefit
    if curve is None:
        return [*blocks, paragraph(text_decisions.NO_CURVE)]
    told = text_decisions.decision(curve)
    caption = f"Net benefit over thresholds. {n} {text_decisions.units(curve, subject.options.level)}"
    blocks.append(paragraph(told))
    if curve.n and curve.call_all is not None:
        blocks.append(
            figure(drawings.decision(curve), caption, alt=f"Net benefit over thresholds. {told}", label="decision")
        )
    return blocks


def _pairs(subject: Subject) -> list[Block]:
    evidence, manifest = subject.evidence, subject.manifest
    ranked = evidence.costliest
    rows = [
        {
            "Error": text.arrow(pair, subject.classes),
            "Rate": full(pair.rate.headline),
            **({"Harm": f"{text_confusion.harm_of(pair, manifest):g}"} if manifest.harm else {}),
            "What it means for the patient": _impact(subject, pair.reference, pair.predicted),
        }
        for pair in ranked[:PAIRS]
    ]
    if not any(row["What it means for the patient"] for row in rows):
        rows = [{key: row[key] for key in list(row)[:-1]} for row in rows]
    order = "harm times the upper bound of the rate" if manifest.harm else "number"
    caption = f"Kinds of error, by {order}. The rate is of the scans of the reference class."
    if len(ranked) > PAIRS:
        caption += f" The first {PAIRS} of {len(ranked):,}; the attached numbers hold all."
    return [table(rows, caption, label="pairs")]


def _impact(subject: Subject, reference: str, predicted: str) -> str:
    impact = subject.manifest.impact(reference, predicted)
    return "" if impact is None else words.impact_cell(impact.text, impact.next_step)
