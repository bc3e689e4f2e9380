"""The published record against the numbers of the study."""

from typing import Final

from neuroval.analysis.claims.audit import AuditedClaim
from neuroval.dashboard.report.blocks import Block, Cell, bullets, heading, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import claims as text_claims
from neuroval.dashboard.words import report as words

LINES: Final = 3  # of the arithmetic of a claim
TONES: Final = {"contradicted_internally": "red", "not_reproduced": "orange", "consistent": "green"}


def chapter(subject: Subject) -> list[Block]:
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
