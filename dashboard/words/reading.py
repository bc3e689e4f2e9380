"""Every sentence about reading lists, blind reads and adjudication."""

from collections.abc import Mapping, Sequence
from typing import Final

from neuroval.analysis.readers.lists import By, Decision, Read, ReadingList, Reveal, Source
from neuroval.dashboard.words.formats import counted
from neuroval.dashboard.words.general import listed
from neuroval.data.classes import ClassOrder

# Reading lists
LISTS: Final = "Reading lists"
NO_LISTS: Final = "There is no reading list yet."
MAKE, MAKE_BUTTON, NAME, READERS, READERS_HELP = (
    "Make a reading list",
    "Make the list",
    "Name of the list",
    "Readers",
    "Names with commas between them. With a sign-in: the addresses that they sign in with.",
)
NAME_HELP: Final = "Readers see it: it should not say what the scans show, or why they were chosen."
FROM, SIZE, SEED, REVEAL = "Scans from", "Scans, at most", "Seed", "Model and label are shown"
SIZE_HELP: Final = "One scan of each image: nobody reads the same picture twice."
SOURCES: Final[Mapping[Source, str]] = {
    "gallery": "This gallery",
    "sample": "Sample",
    "suspects": "Suspect labels",
    "differ": "Readers differ",
}
SOURCE_HELP: Final = (
    "Sample: errors and correct calls alike, classes alike, by the seed. Suspect labels: those that cross-validation "
    "contradicts. Readers differ: scans on which readers differ and nobody has decided."
)
WHY_CHOSEN: Final[Mapping[Source, str]] = {
    "gallery": "chosen in the gallery",
    "sample": "a sample, errors and correct calls alike",
    "suspects": "suspect labels",
    "differ": "readers differ on them",
}
REVEALS: Final[Mapping[Reveal, str]] = {"end": "At the end of the list", "once": "After each scan"}
NO_CASES: Final = "There are no such scans with an image on this machine; no list was made."
READ, GO_ON, RESULTS, ADJUDICATE, CLOSE = "Read", "Go on reading", "Your reads", "Adjudicate", "Back to all lists"
MEMBERS, ASSIGN, WITHDRAW, WITHDRAW_WHY = "Change readers", "Add", "Take the list from", "Why"
STAY: Final = "Reads that were made stay."
NAME_FIRST: Final = "Type your name to read or to make a list."

# A blind read
QUESTION: Final = "What does this scan show?"
WHICH, HOW_SURE = "Class", "How sure are you?"
CONFIDENCE: Final[Mapping[int, str]] = {1: "Guess", 2: "Unsure", 3: "Fairly sure", 4: "Certain"}
CONFIDENCE_KEYS: Final = ("A", "S", "D", "F")
UNREADABLE: Final = "Cannot be read"
SAVE_NEXT, SAVE_CORRECTION, NEXT_SCAN = "Save and next", "Save the correction", "Next scan"
REASON: Final = "Why is it corrected?"
BLIND: Final = "Model and label stay hidden until you have read the whole list. Each read is kept with its time."
BLIND_ONCE: Final = "Model and label are shown once your read is saved. Each read is kept with its time."
AGAIN: Final = "Look at a scan again"
AGAIN_HELP: Final = "A read is not overwritten: a correction is kept beside it, with its reason."
GO_BACK: Final = "Back to the next scan"
DONE_TITLE: Final = "You have read this list"
NOT_YOURS: Final = "This list is given to other readers."
IMAGE_AWAY: Final = "The image of this scan is not on this machine. It can be passed over as one that cannot be read."
ALT: Final = "Scan to be read"

# Adjudication
DECIDE_QUESTION: Final = "What do these readers see?"
DECIDED_BY: Final = "Decided by"
BY: Final[Mapping[By, str]] = {"third": "A further reader", "consensus": "All readers together"}
CANNOT_BE_USED: Final = "Cannot be used"
DECIDE_REASON, DECIDE = "Reason", "Save the decision"
NOTHING_TO_DECIDE: Final = "On no scan of this list do readers differ."
BUSY: Final = "You have scans of this list left to read. What others say is shown after that."
AFTER_DECISION: Final = "What the model says is shown once the scan is decided."


def progress(reading_list: ReadingList) -> str:
    """Return how far each reader has come."""
    total = len(reading_list.cases)
    parts = [f"{who} {total - len(reading_list.left(who)):,} of {total:,}" for who in reading_list.readers]
    return ", ".join(parts) if parts else "nobody reads it now"


def about(reading_list: ReadingList, *, hidden: bool) -> str:
    """Return what a list is; to its readers not why its scans were chosen, until they are through."""
    why = "" if hidden else f", {WHY_CHOSEN[reading_list.source]}"
    shown = REVEALS[reading_list.reveal].lower()
    made = f"made by {reading_list.made_by} on {reading_list.at[:10]}"
    return f"{counted(len(reading_list.cases), 'scan')}{why}; {made}; model and label are shown {shown}."


def stands(reading_list: ReadingList) -> str:
    """Return how many scans of a list all have read, and where these stand."""
    counts = {name: len(reading_list.standing_at(name)) for name in ("agree", "differ", "decided")}
    if not any(counts.values()):
        return "No scan has been read by all of them yet."
    words = {"agree": "the readers agree", "differ": "they differ", "decided": "it is decided"}
    return f"Read by all: {', '.join(f'on {counts[name]:,} {words[name]}' for name in counts if counts[name])}."


def too_few_readers(reading_list: ReadingList) -> str:
    """Return what is missing for readers to be compared; empty where two are assigned."""
    return "" if len(reading_list.readers) > 1 else "With a second reader their answers can be compared."


def place(number: int, total: int) -> str:
    """Return which scan of how many this is."""
    return f"Scan {number:,} of {total:,}"


def answer(read: Read, classes: ClassOrder) -> str:
    """Return an answer with its confidence."""
    if read.choice is None:
        return UNREADABLE
    sure = "" if read.confidence is None else f", {CONFIDENCE[read.confidence].lower()}"
    return f"{classes.display.get(read.choice, read.choice)}{sure}"


def answers(reads: Sequence[Read], classes: ClassOrder) -> str:
    """Return all that a reader gave to a scan, first answer first."""
    first, *others = reads
    parts = [answer(first, classes)]
    for read in others:
        when = " after the model was shown" if read.aided else ""
        parts.append(f"corrected{when} to {answer(read, classes)} ({read.reason})")
    return "; ".join(parts)


def seconds(read: Read) -> str:
    """Return how long a read took."""
    return "" if read.seconds is None else f"{read.seconds:,.0f} s"


def kept(reads: Sequence[Read], classes: ClassOrder) -> str:
    """Return what this reader gave to a scan before."""
    return f"Your read: {answers(reads, classes)}."


def shown(model: str | None, label: str, classes: ClassOrder) -> str:
    """Return what model and reference say of a scan."""
    says = "The model has not judged this scan" if model is None else f"The model says {classes.display[model]}"
    return f"{says}; the label is {classes.display[label]}."


def done(reads: int, label: int, model: int, judged: int) -> str:
    """Return how the reads of a finished list compare."""
    told = f"You have read all {counted(reads, 'scan')}. Your class is the label on {label:,} of {reads:,}"
    return f"{told}, and the model's on {model:,} of {judged:,}." if judged else f"{told}."


def own_rows(rows: Sequence[tuple[int, Sequence[Read], str | None, str]], classes: ClassOrder) -> list[dict[str, str]]:
    """Return a row a scan of a finished list: place, what the reader gave, the model's call, the label."""
    return [
        {
            "Scan": f"{number:,}",
            "You": answers(reads, classes),
            "Model": "" if model is None else classes.display[model],
            "Label": classes.display[label],
        }
        for number, reads, model, label in rows
    ]


def side_by_side(reading_list: ReadingList, case_id: str, classes: ClassOrder) -> list[dict[str, str]]:
    """Return a row a reader of a scan."""
    return [
        {"Reader": who, "Read": answers(reads, classes), "Time": seconds(reads[0])}
        for who, reads in sorted(reading_list.reads.get(case_id, {}).items())
    ]


def decision(decided: Decision, classes: ClassOrder) -> str:
    """Return what was decided, by whom and why."""
    choice = CANNOT_BE_USED if decided.choice is None else classes.display.get(decided.choice, decided.choice)
    return f"{choice}: {decided.who}, {BY[decided.by].lower()}, {decided.at[:10]} ({decided.reason})."


def to_decide(number: int, decided: int) -> str:
    """Return how many scans wait for a decision."""
    return f"{counted(number, 'scan')} to decide, {decided:,} decided"


def list_name(number: int) -> str:
    """Return how a new list is called where nothing else is typed: nothing of what is in it."""
    return f"List {number}"


def made(name: str, number: int) -> str:
    """Return that a list was made."""
    return f"{name} holds {counted(number, 'scan')}."


def members(reading_list: ReadingList) -> str:
    """Return the readers of a list."""
    return f"Readers: {listed(reading_list.readers, 'and')}." if reading_list.readers else "Nobody reads it now."
