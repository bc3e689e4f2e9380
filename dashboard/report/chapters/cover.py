"""The cover: the verdict, the criteria, the headline numbers and what identifies the study."""

from typing import Final

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.report.blocks import Block, facts, paragraph
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.basis import line
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counts, interval, number

MET: Final = {True: "green", False: "red", None: "gray"}


def chapter(subject: Subject) -> list[Block]:
    """Return the verdict with its criteria, the two headline numbers, and what the report is of."""
    evidence, manifest = subject.evidence, subject.manifest
    word, tone = text_overview.verdict_title(evidence.results.criteria, evidence.results.findings)
    basis = text_overview.verdict_basis(
        evidence.results.criteria, readings=len(manifest.test_reads), late=manifest.criteria_set
    )
    limit = text_overview.verdict_limit(evidence.results.findings, where="in the summary")
    banner = {
        "kind": "banner",
        "over": words.VERDICT,
        "word": word,
        "tone": tone,
        "text": " ".join(filter(None, (basis, limit))),
    }
    return [banner, *_post_hoc(subject), *_criteria(subject), _headlines(subject), _identity(subject)]


def _post_hoc(subject: Subject) -> list[Block]:
    """Return which settings are not those of the study, where the reader sees it first; nothing when all are."""
    changed = words.changed(
        subject.options, basis=subject.evidence.basis, usual=subject.evidence.results.of_study.default_basis
    )
    return [paragraph(words.chosen_here(changed), badge=words.POST_HOC)] if changed else []


def _criteria(subject: Subject) -> list[Block]:
    rows = []
    for criterion in text_overview.hardest_first(subject.evidence.results.criteria):
        sentence, details = text_overview.criterion_lines(criterion, subject.classes)
        symbol, _, sentence = sentence.partition(" ")
        rows.append({"symbol": symbol, "tone": MET[criterion.decisive.met], "text": sentence, "found": details})
    return [{"kind": "criteria", "rows": rows, "label": "criteria"}] if rows else []


def _headlines(subject: Subject) -> Block:
    rows = [
        {
            "label": headline.label,
            "value": NOT_ESTIMABLE if headline.estimate.value is None else number(headline.estimate.value),
            "interval": _beside(headline.estimate),
            "note": headline.note,
            "small": headline.estimate.value is None,
        }
        for headline in text_overview.headlines(subject.evidence.published, subject.manifest)
    ]
    return {"kind": "headlines", "rows": rows}


def _beside(estimate: Estimate) -> str:
    if estimate.value is None:
        return text_overview.sentence(estimate.reason)
    return ", ".join(filter(None, (f"({interval(estimate)})" if interval(estimate) else "", counts(estimate))))


def _identity(subject: Subject) -> Block:
    manifest, options, evidence = subject.manifest, subject.options, subject.evidence
    rows = [
        ("Model", words.model_line(manifest.model)),
        ("Data set", manifest.data.name),
        ("Judged on", line(evidence.results), evidence.basis),
        ("Study fingerprint", subject.study.fingerprint),
        ("Reviewer", options.reviewer or "not named"),
        ("Site", options.site or "not named"),
    ]
    return facts(rows)
