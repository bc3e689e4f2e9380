"""What speaks for or against the numbers: cross-validation, the audit of the data, and the published record."""

from typing import Final

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, Cell, bullets, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import cases as text_cases
from neuroval.dashboard.words import claims as text_claims
from neuroval.dashboard.words import cross_validation as text_cross_validation
from neuroval.dashboard.words import data_set as text_data_set
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.formats import full
from neuroval.dashboard.words.overview import HEADLINES

ODD: Final = 20  # images with several labels
LINES: Final = 3  # of the arithmetic of a claim
TONES: Final = {"contradicted_internally": "red", "not_reproduced": "orange", "consistent": "green"}


def folds(subject: Subject) -> list[Block]:
    """Return each number over the folds, grouped against ungrouped, the pooled matrix and suspect labels."""
    evidence, classes, manifest = subject.evidence, subject.classes, subject.manifest
    grouped, ungrouped = evidence.results.grouped, evidence.results.ungrouped
    there = grouped if grouped.performance is not None else ungrouped
    blocks = [
        heading(words.LABELS["folds"], label="folds" if there.performance is not None else None),
        paragraph(text_cross_validation.answer(grouped, ungrouped, evidence.results.grouping), style="answer"),
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
    if evidence.results.suspects is not None:
        told = text_cases.suspects(evidence.results.suspects)
        blocks += [
            heading("Labels to look at again", level=2, label="suspects"),
            paragraph(told),
            note(text_cases.SUSPECTS),
        ]
    return blocks


def audit(subject: Subject) -> list[Block]:
    """Return what is shared with training and what is left without it, odd labels, and other factors."""
    evidence, classes = subject.evidence, subject.classes
    leakage = evidence.results.leakage
    blocks = [
        heading(words.LABELS["audit"], label="audit"),
        paragraph(words.AUDIT, style="answer"),
        heading("Shared with training", level=2),
    ]
    shared = (leakage.overall, *leakage.classes)
    blocks.append(
        table(
            words.shared_rows(shared, classes),
            f"Share of the {evidence.split} scans that share something with the data the model was fitted on.",
            label="shared",
        )
    )
    if evidence.results.twin_kinds:
        kinds = text_data_set.twins(evidence.results.twin_kinds)
        blocks.append(table(kinds, "Copies of training scans, by kind.", label="copies"))
    across = len(evidence.results.patients_across)
    blocks.append(paragraph(words.copies(evidence.results.twin_kinds, across, leakage)))
    blocks += [heading(text_audit.STEPS_TITLE, level=2), *_steps(subject)]
    blocks += [heading("Copies with different labels", level=2), *_odd(subject)]
    blocks += [heading("What besides the disease gives the answer away", level=2, label="confounding")]
    if evidence.results.confounding:
        blocks += [
            table(
                text_data_set.confounding(evidence.results.confounding),
                'How far another factor answers "any tumour?".',
                label="factors",
            ),
            paragraph(words.CONFOUNDING),
        ]
    else:
        blocks.append(paragraph(text_data_set.NO_FACTOR))
    return blocks


def _steps(subject: Subject) -> list[Block]:
    rows = text_audit.step_rows(subject.evidence.results, HEADLINES, words.two_lines)
    return [table(rows, text_audit.STEPS_CAPTION, label="steps")]


def _odd(subject: Subject) -> list[Block]:
    odd_labels = subject.evidence.results.odd_labels
    if not odd_labels:
        return [paragraph(words.NO_ODD_LABELS)]
    more = f" The first {ODD} of {len(odd_labels):,}." if len(odd_labels) > ODD else ""
    rows = [
        {"Image": odd.case_ids[0], "Labels of its copies": text_cases.votes(odd, subject.classes)}
        for odd in odd_labels[:ODD]
    ]
    return [
        paragraph(text_cases.ODD),
        table(rows, f"Images whose copies have different labels.{more}", label="odd-labels"),
    ]


def claims(subject: Subject) -> list[Block]:
    """Return each published claim with its verdict, and what decides where it does not hold."""
    told, audited = subject.study.claims, subject.evidence.results.claims
    blocks = [heading(words.LABELS["claims"], label="claims" if audited else None)]
    if told is None:
        return [*blocks, paragraph(text_claims.NO_CLAIMS)]
    blocks.append(paragraph(text_claims.answer([audited_claim.verdict for audited_claim in audited]), style="answer"))
    blocks.append(paragraph(f"{text_claims.source(told.source.title, told.source.where)} {text_claims.NOT_SAID}"))
    if not audited:
        return blocks
    rows: list[dict[str, Cell]] = []
    for audited_claim in audited:
        told_of = text_claims.claim_row(audited_claim)
        verdict: Cell = {"text": told_of.pop("Verdict"), "tone": TONES.get(audited_claim.verdict, "gray")}
        printed, ours = told_of.values()
        rows.append({"Claim": audited_claim.claim.id, "As printed": printed, "Verdict": verdict, "What we get": ours})
    blocks.append(table(rows, "Claims as printed, and what this study gets.", label="claim-table"))
    held = {audited_claim.verdict for audited_claim in audited}
    meanings = [(verdict, told) for verdict, told in text_claims.MEANING.items() if verdict in held]
    blocks.append(bullets([f"{text_claims.verdict(verdict)}: {told}" for verdict, told in meanings]))
    open_ones = [
        audited_claim
        for audited_claim in audited
        if audited_claim.verdict in ("contradicted_internally", "not_reproduced")
    ]
    if open_ones:
        blocks.append(heading("What decides", level=2))
        caption = "The arithmetic on which a contradiction, or a number that is not reproduced, rests."
        shown = [
            {"Claim": audited_claim.claim.id, "Arithmetic": _arithmetic(audited_claim)} for audited_claim in open_ones
        ]
        blocks.append(table(shown, caption, label="arithmetic"))
    return blocks


def _arithmetic(audited: AuditedClaim) -> str:
    lines = text_claims.decisive(audited)
    more = len(lines) - LINES
    return " ".join(lines[:LINES]) + (f" {more:,} more in the attached numbers." if more > 0 else "")
