"""Every high-confidence error with image, Grad-CAM and probabilities, and a sample of the others."""

from collections.abc import Sequence
from typing import Any, Final

from neuroval.analysis.performance.ranked_errors import ErrorCase
from neuroval.dashboard.cases.evaluated_case import Case
from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.letters import shortened
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.formats import probability
from neuroval.dashboard.words.trial_maps import WORTHLESS

MOST: Final = 600  # cases in a report
SAMPLE: Final = 12  # of the errors that were not made with high confidence
BARS: Final = 6  # probabilities on a card


def chosen(errors: Sequence[ErrorCase], *, everything: bool) -> tuple[list[ErrorCase], list[ErrorCase]]:
    """Return the high-confidence errors that are shown, and those of the others; the most confident come first."""
    high = [error for error in errors if error.high_confidence][:MOST]
    rest = [error for error in errors if not error.high_confidence]
    left = MOST - len(high)
    if everything:
        return high, rest[:left]
    most = min(SAMPLE, left)
    if len(rest) <= most:
        return high, rest
    return high, [rest[place * len(rest) // most] for place in range(most)]


def chapter(subject: Subject) -> list[Block]:
    """Return the chapter on errors: the rate, where the evidence lies, and the cases."""
    evidence, options = subject.evidence, subject.options
    cases = evidence.results.errors
    blocks = [
        heading(words.LABELS["errors"], label="errors"),
        paragraph(text_errors.answer(cases), style="answer"),
        *_saliency(subject),
    ]
    high, rest = chosen(cases.cases, everything=options.all_errors)
    if not cases.count:
        return blocks
    if subject.pictures:
        blocks.append(note(words.PAIRED.format(maps=subject.study.maps)))
        if subject.images is not None and (other := words.encodings(subject.images)):
            blocks.append(note(other))
    elif subject.images is None:
        blocks.append(paragraph(words.NO_IMAGES))
    of_high = cases.high_confidence_count
    blocks.append(heading("Made with high confidence", level=2, label="high-confidence"))
    if of_high:
        blocks.append(paragraph(words.shown_errors(len(high), of_high, what="high-confidence error")))
        blocks += _shown(subject, high)
    else:
        blocks.append(paragraph(words.NOTHING_HIGH))
    others = cases.count - of_high
    blocks.append(heading("Other errors", level=2))
    if not others:
        return [*blocks, paragraph(words.NOTHING_LOW)]
    told = (
        words.shown_errors(len(rest), others, what="other error")
        if options.all_errors
        else words.sampled(len(rest), others)
    )
    blocks.append(paragraph(told))
    if len(high) + len(rest) == MOST:
        blocks.append(note(words.bounded(MOST)))
    return [*blocks, *(_shown(subject, rest) if rest else [])]


def _saliency(subject: Subject) -> list[Block]:
    evidence, results = subject.evidence, subject.evidence.mapped.results
    if results.maps is None:
        return [paragraph(words.NO_MAPS)]
    rows = text_audit.saliency_rows(results.saliency, results.evidence_share, subject.classes)
    whose = text_audit.of_network_itself(evidence.basis, results.basis)
    if not rows:
        return [paragraph(text_audit.NO_OUTLINES)]
    return [
        heading(text_audit.SALIENCY_TITLE, level=2),
        *([paragraph(WORTHLESS)] if evidence.maps_are_worthless else []),
        paragraph(" ".join(filter(None, (whose, text_audit.SALIENCY, text_audit.guided(subject.manifest))))),
        table(
            rows,
            "Grad-CAM of the reference class against the outline.",
            label="saliency",
        ),
    ]


def _shown(subject: Subject, errors: Sequence[ErrorCase]) -> list[Block]:
    cases = [subject.evidence.cases[error.case_id] for error in errors]
    if subject.pictures:
        return [{"kind": "cards", "cards": [_card(subject, case) for case in cases]}]
    rows = [words.error_row(case, subject.classes) for case in cases]
    return [table(rows, "Errors with their probabilities.")]


def _card(subject: Subject, case: Case) -> dict[str, Any]:
    classes = subject.classes
    with_map = case.predicted if case.call_is_mapped else None
    ranked = sorted(case.probabilities, key=lambda name: -case.probabilities[name])[:BARS]
    if case.reference not in ranked:
        ranked[-1] = case.reference
    return {
        "title": text_errors.caption(case, classes),
        "confidence": words.card_confidence(case),
        "high": case.tier == "high",
        "picture": subject.pictures.get(case.case_id),
        "wide": with_map is not None,
        "no-picture": words.NO_PICTURE,
        "alt": text_errors.alt(case, classes, with_map=with_map, maps=subject.study.maps),
        "probabilities": [
            {
                "name": shortened(classes.display[name], 24),
                "share": min(1.0, max(0.0, case.probabilities[name])),
                "text": probability(case.probabilities[name]),
                "strong": name == case.reference,
            }
            for name in ranked
        ],
        "facts": words.card_facts(case),
    }
