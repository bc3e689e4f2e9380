"""Every sentence about reviews: the buttons on a case, the filters of the gallery, the report and the command line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from neuroval.analysis.readers.state import Opinion, Status
from neuroval.dashboard.words.formats import counted, escaped
from neuroval.dashboard.words.general import listed
from neuroval.data.classes import ClassOrder

TITLE: Final = "Your review"
AGREE, WRONG, UNSURE, UNUSABLE = "Agree with the label", "Label wrong", "Unsure", "Cannot be used"
UNDO, NEXT = "Undo", "Next not yet looked at"
NOTE_AND_TAGS, NOTE, TAGS, SAVE = "Note and tags", "Note", "Tags", "Save"
ALL_SEEN: Final = "You have looked at every scan of this list."
NAME: Final = "Your name"
NAME_HELP: Final = (
    "It stands beside each of your reviews. Nobody checks it. Where a sign-in is required the name comes from there."
)
NAME_FIRST: Final = "Type your name to review this scan."
WHICH_CLASS: Final = "Which class is it?"
WHY_UNUSABLE: Final = "Why can it not be used?"
REASONS: Final[Mapping[str, str]] = {
    "not-a-brain-scan": "Not a brain scan",
    "artefact": "Artefact",
    "cut-off": "Cut off",
    "wrong-sequence": "Wrong sequence",
    "too-poor": "Too poor to read",
    "other": "Other",
}
STATUS: Final[Mapping[Status, str]] = {
    "none": "Not yet looked at",
    "agree": "Agree with the label",
    "label-wrong": "Label wrong",
    "unsure": "Unsure",
    "unusable": "Cannot be used",
    "differ": "Readers differ",
}
FILTERS: Final = {"review": "Review", "reader": "Reader", "tag": "Tag"}
NOT_BLIND: Final = (
    "Readers saw the label and the call of the model: they agree more than readers who see the scan alone would."
)
RECORD: Final = (
    "Reviews change neither the study nor its numbers. They are kept by scan and follow it into later studies."
)

# Report and documents
CHAPTER: Final = "Reviews by readers"
READERS_CAPTION: Final = (
    "Who read what. Right: the reader gives the class of the label; model: the same on these scans."
)
DISPUTED_CAPTION: Final = "Scans whose label a reader calls wrong, or on which readers differ"
MOST_SHOWN: Final = 40
AGREEMENT: Final[Mapping[str, str]] = {
    "observed": "Observed agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "gwet_ac1": "Gwet's AC1",
    "krippendorff_alpha": "Krippendorff's alpha",
    "cohen_kappa": "Cohen's kappa",
}
AGREEMENT_CAPTION: Final = "Agreement of the readers on the class"
ONE_READER: Final = "Agreement needs two readers on the same scans."
BROKEN: Final = {  # what a check of the record says
    "changed": "Event {number} is not as it was appended.",
    "order": "Event {number} does not follow the one before it: an event was removed, put elsewhere or put in.",
    "missing": "Event {number} is missing.",
    "end": "The record does not end where it should, at event {number}: events were removed from the end or put there.",
}
NONE_DISPUTED: Final = "No reader calls a label wrong."


def filter_value(key: str, value: str) -> str:
    """Return how a value of a filter is written."""
    if value == "all":
        return "All"
    return next((words for status, words in STATUS.items() if status == value), value) if key == "review" else value


def left_to_look_at(left: int, total: int) -> str:
    """Return how many scans nobody has judged."""
    return f"{left:,} of {counted(total, 'scan')} not yet looked at"


def answer(opinion: Opinion, classes: ClassOrder) -> str:
    """Return what a reader says of the label, and the tags; empty where nothing."""
    parts = []
    if opinion.judgement is not None:
        told = STATUS[opinion.judgement].lower()
        if opinion.judgement == "label-wrong":
            told += f", {_shown(opinion.choice, classes)}" if opinion.choice else ", class not named"
        if opinion.reason:
            told += f" ({REASONS.get(opinion.reason, opinion.reason).lower()})"
        parts.append(told)
    if opinion.tags:
        parts.append(f"tagged {listed(opinion.tags, 'and')}")
    if opinion.note:
        parts.append(f"note: {opinion.note}")
    return "; ".join(parts)


def yours(opinion: Opinion, classes: ClassOrder) -> str:
    """Return what this reader has said of the case."""
    told = answer(opinion, classes)
    return f"Saved: {told}." if told else "You have not reviewed this scan."


def others(opinions: Sequence[Opinion], classes: ClassOrder) -> str:
    """Return what the other readers say."""
    return " ".join(f"{opinion.who}: {answer(opinion, classes) or 'nothing now'}." for opinion in opinions)


def summary(document: Mapping[str, Any]) -> str:
    """Return in a sentence or two how far the review has come."""
    status, read = document["status"], document["judged"]
    parts = [f"{STATUS[name].lower()} {status[name]:,}" for name in status if status[name]]
    readers = len(document["readers"])
    told = f"{counted(readers, 'reader')} looked at {read:,} of {counted(document['cases'], 'scan')}"
    return f"{told}: {', '.join(parts)}." if parts else f"{told}."


def headline_range(document: Mapping[str, Any], estimate: Callable[[Mapping[str, Any]], str]) -> str:
    """Return how accuracy stands with the labels that readers agree on; ``estimate`` writes an estimate."""
    changed, open_, out = (document[key] for key in ("changed", "open", "left_out"))
    before, least, most = (estimate(document[key]) for key in ("before", "least", "most"))
    told = f"Accuracy with the labels of the study: {before}. With {counted(changed, 'label')} that readers corrected"
    told += f" and {counted(out, 'scan')} left out" if out else ""
    if open_:
        return f"{told}, and {counted(open_, 'scan')} still open, it lies between {least} and {most}."
    return f"{told}: {least}."


def tumour_range(document: Mapping[str, Any], estimate: Callable[[Mapping[str, Any]], str]) -> str:
    """Return both rates of any tumour with the labels that readers agree on; nothing without that question."""
    told = []
    for name, rate in (document.get("any_tumour") or {}).items():
        before, least, most = (estimate(rate[key]) for key in ("before", "least", "most"))
        after = least if least == most else f"between {least} and {most}"
        told.append(f"{name.capitalize()} for any tumour: {before} before, {after} with these labels.")
    return " ".join(told)


def reader_rows(document: Mapping[str, Any], estimate: Callable[[Mapping[str, Any]], str]) -> list[dict[str, str]]:
    """Return a row a reader: what was judged, how often it is the label, and the model on the same scans."""

    def shown(value: Mapping[str, Any] | None) -> str:
        return "none named a class" if value is None else estimate(value)

    return [
        {
            "Reader": reader["who"],
            "Scans": f"{reader['judged']:,}",
            "Agree": f"{reader['agree']:,}",
            "Label wrong": f"{reader['label_wrong']:,}",
            "Unsure": f"{reader['unsure']:,}",
            "Cannot be used": f"{reader['unusable']:,}",
            "Right": shown(reader["right"]),
            "Model": shown(reader["model_right"]),
        }
        for reader in document["readers"]
    ]


def agreement_rows(agreement: Mapping[str, Any], estimate: Callable[[Mapping[str, Any]], str]) -> list[dict[str, str]]:
    """Return a row a coefficient of agreement."""
    return [
        {"Agreement": label, "Value": estimate(agreement[name])}
        for name, label in AGREEMENT.items()
        if agreement[name] is not None
    ]


def agreement_caption(agreement: Mapping[str, Any]) -> str:
    """Return what the agreement is of."""
    return f"{AGREEMENT_CAPTION}, on {counted(agreement['cases'], 'evaluated scan')} that two or more gave a class."


def disputed_rows(disputed: Sequence[Mapping[str, Any]], classes: ClassOrder) -> list[dict[str, str]]:
    """Return a row a case whose label is disputed, the first ``MOST_SHOWN``."""
    rows = []
    for case in disputed[:MOST_SHOWN]:
        told = [
            f"{opinion['who']}: {_shown(opinion['class'], classes) or opinion['judgement'] or 'nothing'}"
            for opinion in case["opinions"]
        ]
        rows.append({"Scan": case["case_id"], "Label": _shown(case["label"], classes), "Readers": "\n".join(told)})
    return rows


def disputed_caption(disputed: Sequence[Mapping[str, Any]]) -> str:
    """Return what the table of disputed labels holds."""
    more = f" The first {MOST_SHOWN} of {len(disputed):,}." if len(disputed) > MOST_SHOWN else ""
    return f"{DISPUTED_CAPTION}.{more}"


def end_of_record(document: Mapping[str, Any]) -> str:
    """Return by what the record of reviews can be checked later."""
    return (
        f"The record then held {counted(document['events'], 'event')} and ended with {document['head']}; "
        "neuroval reviews verify checks it against this."
    )


def _shown(name: str | None, classes: ClassOrder) -> str:
    return classes.display.get(name, name) if name else ""


def tags_help(known: Sequence[str]) -> str:
    """Return how tags are written, and those that were used before."""
    used = f" Used before: {escaped(', '.join(known))}." if known else ""
    return f"Words of your own, with commas between them.{used}"
