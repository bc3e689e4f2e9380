"""Who read what, how far readers agree, and whose labels they dispute; nothing where nobody has read anything."""

from neuroval.dashboard.documents.reviews_document import section
from neuroval.dashboard.documents.study_document import estimate_as_text
from neuroval.dashboard.report.blocks import Block, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import reviews as words


def chapter(subject: Subject) -> list[Block]:
    """Return the state of the review with the end of its record, or why the store cannot be read."""
    told = section(subject.evidence.results)
    if told["reason"] is not None:
        return [heading(words.CHAPTER), paragraph(told["reason"])]
    if not told["readers"]:
        return []
    blocks = [heading(words.CHAPTER, label="reviews"), paragraph(words.summary(told), style="answer")]
    blocks.append(table(words.reader_rows(told, estimate_as_text), words.READERS_CAPTION, label="readers"))
    if told["agreement"] is None:
        blocks.append(paragraph(words.ONE_READER))
    else:
        rows = words.agreement_rows(told["agreement"], estimate_as_text)
        blocks += [table(rows, words.agreement_caption(told["agreement"]), label="agreement"), note(words.NOT_BLIND)]
    if told["corrected"] is not None:
        blocks.append(paragraph(words.headline_range(told["corrected"], estimate_as_text)))
        if tumour := words.tumour_range(told["corrected"], estimate_as_text):
            blocks.append(paragraph(tumour))
    if told["disputed"]:
        rows = words.disputed_rows(told["disputed"], subject.classes)
        blocks.append(table(rows, words.disputed_caption(told["disputed"]), label="disputed"))
    else:
        blocks.append(paragraph(words.NONE_DISPUTED))
    return [*blocks, note(f"{words.RECORD} {words.end_of_record(told)}")]
