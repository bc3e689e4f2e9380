"""The limitations, always: those the study names and those that follow from its numbers."""

from neuroval.dashboard.report.blocks import Block, bullets, heading, paragraph
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words


def chapter(subject: Subject) -> list[Block]:
    """Return what the study says of its limits, and what follows from its numbers."""
    evidence, manifest = subject.evidence, subject.manifest
    leakage = evidence.results.audit.leakage
    known = leakage.overall.known_patient
    blocks = [heading(words.LIMITATIONS, label="limitations"), heading("Named by the study", level=2)]
    named = manifest.about.limitations
    blocks.append(bullets(named) if named else paragraph(words.NO_LIMITATIONS))
    blocks += [
        heading("That follow from its numbers", level=2),
        bullets(
            words.derived_limitations(
                manifest,
                split=evidence.results.audit.split,
                basis=evidence.basis,
                shared=leakage.overall.group,
                reason=leakage.reason or leakage.overall.group.reason,
                unknown_patients=known.count != known.n,
                grouped=evidence.results.whole.grouped.performance is not None,
                empty=[
                    subject.classes.display[rates.name]
                    for rates in evidence.results.performance.classes
                    if not rates.support
                ],
                site_known=bool(subject.study.cases["site"].notna().any()),
                reads=len(manifest.test_reads),
            )
        ),
    ]
    return blocks
