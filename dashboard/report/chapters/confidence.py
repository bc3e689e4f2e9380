"""How far the confidence of the model can be relied on."""

from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import confidence as text_confidence
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import full


def chapter(subject: Subject) -> list[Block]:
    """Return reliability, tiers, referral, scores and prediction sets."""
    evidence, classes = subject.evidence, subject.classes
    scores = evidence.results.confidence
    n = of_scans(evidence.results.evaluated.n, evidence.basis)
    bins = scores.reliability.top_label.bins
    told = "; ".join(
        f"confidence {bin_of_curve.mean_probability:.3f}: accuracy {full(bin_of_curve.observed.headline)}"
        for bin_of_curve in bins
        if bin_of_curve.mean_probability is not None
    )
    referred = text_confidence.referral(scores.referral)
    blocks = [
        heading(words.LABELS["confidence"], label="confidence"),
        paragraph(text_confidence.answer(scores), style="answer"),
        figure(
            drawings.reliability(scores.reliability.top_label),
            f"Reliability: accuracy against confidence in 15 bins of equal width, and the scans of each bin. {n} "
            f"Below the dotted line the model is overconfident. {words.intervals(subject.options.level)}",
            alt=f"Reliability diagram. {told}",
            label="reliability",
        ),
        heading("Tiers", level=2),
        table(text_confidence.tier_rows(scores.tiers), f"Tiers of confidence. {n}", label="tiers"),
        heading("If the least certain scans go to an expert", level=2),
        paragraph(referred),
        figure(
            drawings.referral(scores.risk_coverage, referred=scores.referral.referred.plain.value),
            f"Errors and missed tumours against the share referred. {n} {text_confidence.REFERRED}",
            alt=f"Errors and missed tumours against the share referred. {referred}",
            label="referral",
        ),
        heading("Scores", level=2),
        table(
            text_confidence.score_rows(scores),
            f"Scores of calibration. {n}",
            label="scores",
            dense=True,
        ),
        heading("Prediction sets", level=2),
    ]
    if rows := text_confidence.set_rows(scores, classes):
        blocks.append(paragraph(text_confidence.held_too_seldom(scores, classes)))
        blocks.append(table(rows, f"How often a prediction set holds the reference class. {n}", label="sets"))
    return [*blocks, note(text_confidence.set_sizes(scores))]
