"""Whether the model needs the tumour, and what breaks it: the trial of the study, where it has one."""

from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words import trial_maps as text_maps


def chapter(subject: Subject) -> list[Block]:
    """Return need, sufficiency and robustness with their controls; nothing for a study without a trial."""
    results, classes = subject.evidence.results, subject.classes
    tried = results.trial
    if tried is None:
        return []
    blocks = [heading(words.LABELS["trial"], label="trial")]
    if tried.needs:
        blocks.append(paragraph(text.answer(tried, classes), style="answer"))
        blocks += [
            paragraph(part)
            for part in (text.moved(tried), text.healthy(tried), text.of_what(tried, subject.evidence.published.basis))
            if part
        ]
        rows = text.need_rows(tried, classes)
        blocks.append(table(rows, "What is still called once the tumour is removed.", label="need"))
        if moved := text.sufficiency_rows(tried, classes):
            blocks.append(table(moved, "What moved tumours are called.", label="sufficiency"))
        blocks.append(note(text.LIMITS))
    if tried.maps is not None:
        blocks += [
            heading(text_maps.TITLE, level=2),
            paragraph(text_maps.answer(tried.maps)),
            paragraph(text_maps.pointing(tried.maps)),
            table(text_maps.rows(tried.maps), f"{text_maps.TABLE_TITLE} {text_maps.CAPTION}", label="maps"),
            table(text_maps.pointing_rows(tried.maps), text_maps.POINTING_TITLE, label="deletion-and-insertion"),
            note(text_maps.of_what(tried.maps, subject.evidence.published.basis)),
        ]
    if results.whole.baselines is not None:
        blocks += [
            heading(text.BASELINE_TITLE, level=2),
            paragraph(text.without_looking(results.whole.baselines)),
            table(
                text.baseline_rows(results.whole.baselines), text.judged_on(results.whole.baselines), label="baselines"
            ),
        ]
    if tried.corruptions:
        blocks += [
            heading("What breaks it", level=2),
            paragraph(text.what_breaks(tried.corruptions)),
            paragraph(
                " ".join(part for part in (text.notices(tried.corruptions), text.flags(tried.corruptions)) if part)
            ),
            table(
                text.corruption_rows(tried.corruptions),
                f"Scans made worse. {text.sampled(tried.corruptions, subject.evidence.published.basis)} "
                f"{text.limits(tried.corruptions[0].limits)}",
                label="corruptions",
            ),
            table(text.notice_rows(tried.corruptions), f"{text.NOTICE_TABLE}. {text.NOTICE}", label="notices"),
        ]
    if tried.repeats:
        blocks.append(paragraph(text.repeated(tried.repeats)))
    return blocks
