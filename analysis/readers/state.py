"""Where the review of each case stands: events folded into what each reader says now.

An event is of a case where case id and image hash are the same, so that a review follows into later studies of the
same data; where no hash of the image is known, it stays with the study that was open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from neuroval.data.reviews.event import Event

Judgement = Literal["agree", "label-wrong", "unsure", "unusable"]
Status = Literal["none", "agree", "label-wrong", "unsure", "unusable", "differ"]

JUDGEMENTS: Final[tuple[Judgement, ...]] = get_args(Judgement)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
IN_SIGHT: Final = (*JUDGEMENTS, "note", "tag", "untag", "undo")  # with label and call in sight; blind reads are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A case as reviews know it: the hash of its image, empty where none is known, and the label it has now."""

    case_id: str
    image_sha256: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one reader says of one case now.

    ``judgement`` is about the label that the case has now, None without one; ``choice`` is the class that the reader
    gives, None where none was named; ``last`` the id of the event that an undo takes back, empty without one; ``at``
    the time of the last event.
    """

    who: str
    case_id: str
    judgement: Judgement | None = None
    choice: str | None = None
    reason: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    last: str = ""
    at: str = ""


def events_on(
    subjects: Mapping[str, Subject], events: Iterable[Event], *, fingerprint: str
) -> dict[tuple[str, str], list[Event]]:
    """Return the events on the cases of a study by case id and reader, in their order."""
    kept: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        subject = subjects.get(event.case_id)
        if subject is None:
            continue
        known = bool(event.image_sha256 and subject.image_sha256)
        if event.image_sha256 == subject.image_sha256 if known else event.study == fingerprint:
            kept.setdefault((event.case_id, event.who), []).append(event)
    return kept


def opinions(
    subjects: Mapping[str, Subject], events: Iterable[Event], *, fingerprint: str
) -> dict[str, tuple[Opinion, ...]]:
    """Return by case id what each reader says of it now, readers in the order of their first event.

    ``subjects`` are the cases of a study by case id, ``fingerprint`` is that of the study. A judgement is carried over
    to the label that the case has now: who gave the class that is now the label agrees, who agreed with another label
    does not; who called another label wrong without naming a class has not judged this one.
    """
    by_case: dict[str, list[Opinion]] = {}
    kept = (event for event in events if event.kind in IN_SIGHT)
    for (case_id, who), told in events_on(subjects, kept, fingerprint=fingerprint).items():
        by_case.setdefault(case_id, []).append(_opinion(who, subjects[case_id], told))
    return {case_id: tuple(given) for case_id, given in by_case.items()}


def status_of(given: Sequence[Opinion]) -> Status:
    """Return where a case stands: what its readers say, ``differ`` where they say different things, or ``none``."""
    answers = {(opinion.judgement, opinion.choice) for opinion in given if opinion.judgement is not None}
    kinds = {judgement for judgement, _ in answers}
    classes = {choice for judgement, choice in answers if judgement == "label-wrong" and choice is not None}
    if not kinds:
        return "none"
    return next(iter(kinds)) if len(kinds) == 1 and len(classes) <= 1 else "differ"


def agreed_class(given: Sequence[Opinion]) -> str | None:
    """Return the class that all give who judged the label; None where they differ, one named none, or nobody did."""
    judged = [opinion for opinion in given if opinion.judgement in ("agree", "label-wrong")]
    choices = {opinion.choice for opinion in judged}
    return next(iter(choices)) if len(choices) == 1 else None


def left_out(given: Sequence[Opinion]) -> bool:
    """Return whether all who judged a case say that it cannot be used."""
    return status_of(given) == "unusable"


def _opinion(who: str, subject: Subject, told: Sequence[Event]) -> Opinion:
    undone = {event.payload.get("event") for event in told if event.kind == "undo"}
    held = [event for event in told if event.kind != "undo" and event.id not in undone]
    judged = next((event for event in reversed(held) if event.kind in JUDGEMENTS), None)
    noted = next((event for event in reversed(held) if event.kind == "note"), None)
    tags: dict[str, None] = {}
    for event in held:
        if event.kind == "tag":
            tags[str(event.payload.get("text", ""))] = None
        elif event.kind == "untag":
            tags.pop(str(event.payload.get("text", "")), None)
    judgement, choice = (None, None) if judged is None else _on_label(judged, subject.label)
    return Opinion(
        who=who,
        case_id=subject.case_id,
        judgement=judgement,
        choice=choice,
        reason="" if judged is None else judged.reason,
        note="" if noted is None else str(noted.payload.get("text", "")),
        tags=tuple(tags),
        last=held[-1].id if held else "",
        at=told[-1].at,
    )


def _on_label(event: Event, label: str) -> tuple[Judgement | None, str | None]:
    """Return what a judgement says of the label that the case has now, and the class that it gives."""
    judgement = cast("Judgement", event.kind)
    if judgement in ("unsure", "unusable"):
        return judgement, None
    then = event.payload.get("label")
    choice = then if judgement == "agree" else event.payload.get("class")
    if choice is None:
        return ("label-wrong", None) if then == label else (None, None)
    return "agree" if choice == label else "label-wrong", str(choice)
