"""The block to sign."""

from neuroval.dashboard.report.blocks import Block, heading
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import report as words


def chapter(subject: Subject) -> list[Block]:
    """Return the block to be signed."""
    options = subject.options
    fields = [("Reviewer", options.reviewer), ("Site", options.site), ("Role", ""), ("Date", ""), ("Signature", "")]
    block = {"kind": "sign-off", "text": words.SIGN, "choices": list(words.CHOICES), "fields": fields}
    return [heading(words.SIGN_OFF, label="sign-off", new_page=True), block]
