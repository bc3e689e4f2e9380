"""Reading lists: which cases, who reads them blind, what the readers say and what is decided; folded from events.

A list is one event ``list``, whose id is that of the list, and one event ``listed`` for each case, with the hash of its
image. ``assign`` and ``unassign`` name readers, ``read`` is a blind read, ``correct`` another answer to a case read
before, with its reason, and ``decide`` an adjudication, with its reason. Nothing else is kept of a list.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import numpy as np

from neuroval.analysis.readers.state import JUDGEMENTS, Subject
from neuroval.data.reviews.event import Event

Source = Literal["gallery", "suspects", "differ", "sample"]
Reveal = Literal["once", "end"]
By = Literal["third", "consensus"]
Standing = Literal["pending", "agree", "differ", "decided"]

SOURCES: Final[tuple[Source, ...]] = get_args(Source)
REVEALS: Final[tuple[Reveal, ...]] = get_args(Reveal)
CONFIDENCES: Final = (1, 2, 3, 4)  # from a guess to certain
LIST_KINDS: Final = ("list", "listed", "assign", "unassign", "read", "correct", "decide")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One answer of a reader to a case: a class with a confidence of 1 to 4, or none where it cannot be read.

    ``seconds`` from shown to answered, None where not known. ``reason`` is that of a correction. ``aided``: when it was
    given, the reader could see what the model and the reference say. ``seen``: the reader had judged the case with its
    label in sight before. ``place`` is that of its event among all.
    """

    who: str
    case_id: str
    choice: str | None
    confidence: int | None
    seconds: float | None
    at: str
    place: int
    reason: str = ""
    aided: bool = False
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided on a case: a class, or None where it cannot be used; ``by`` a third reader or consensus."""

    who: str
    case_id: str
    choice: str | None
    by: By
    reason: str
    at: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingList:
    """A reading list as it stands: ``cases`` by case id with the hash of the image, ``readers`` as they are assigned.

    ``reads`` are by case id and reader, in their order, a first read and its corrections; ``decisions`` by case id.
    """

    id: str
    name: str
    study: str
    made_by: str
    at: str
    source: Source
    reveal: Reveal
    seed: int | None = None
    cases: Mapping[str, str] = field(default_factory=dict)
    readers: tuple[str, ...] = ()
    reads: Mapping[str, Mapping[str, tuple[Read, ...]]] = field(default_factory=dict)
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)

    def order(self, who: str) -> tuple[str, ...]:
        """Return the case ids in the order in which this reader sees them, seeded by list and reader."""
        seed = int.from_bytes(hashlib.sha256(f"{self.id}\0{who}".encode()).digest()[:8])
        ids = sorted(self.cases)
        return tuple(ids[place] for place in np.random.default_rng(seed).permutation(len(ids)).tolist())

    def left(self, who: str) -> tuple[str, ...]:
        """Return the cases that this reader has not read, in the reader's order."""
        return tuple(case_id for case_id in self.order(who) if not self.given(case_id, who))

    def given(self, case_id: str, who: str) -> tuple[Read, ...]:
        """Return what this reader says of a case, the first read and its corrections; empty before it is read."""
        return self.reads.get(case_id, {}).get(who, ())

    def busy(self, who: str) -> bool:
        """Return whether this reader is assigned and has cases left: then nothing of others, or the model, is shown."""
        return who in self.readers and bool(self.left(who))

    def blind(self, case_id: str) -> dict[str, Read]:
        """Return by reader the last answer that was given without the model and the reference in sight."""
        return {
            who: next(read for read in reversed(given) if not read.aided)
            for who, given in self.reads.get(case_id, {}).items()
        }

    def decision(self, case_id: str) -> Decision | None:
        """Return what is decided on a case now."""
        given = self.decisions.get(case_id, ())
        return given[-1] if given else None

    def standing(self, case_id: str) -> Standing:
        """Return where a case stands; it is pending until all assigned readers, and two at least, have read it."""
        if self.decision(case_id) is not None:
            return "decided"
        answers = self.blind(case_id)
        if len(answers) < 2 or not set(self.readers) <= set(answers):
            return "pending"
        return "agree" if len({read.choice for read in answers.values()}) == 1 else "differ"

    def standing_at(self, *standings: Standing) -> tuple[str, ...]:
        """Return the cases that stand there, in the order of the list."""
        return tuple(case_id for case_id in self.cases if self.standing(case_id) in standings)


def reading_lists(events: Iterable[Event]) -> tuple[ReadingList, ...]:
    """Return the reading lists that events say, in the order in which they were made.

    Of two first reads of a case by one reader the earlier one counts. Reads and corrections count from assigned readers
    and of listed cases alone, a correction after a read and with a reason, a decision with a reason.
    """
    lists: dict[str, _Draft] = {}
    judged: set[tuple[str, str, str]] = set()
    for place, event in enumerate(events):
        if event.kind in JUDGEMENTS:
            judged.add((event.who, event.case_id, event.image_sha256))
        elif event.kind == "list" and event.id not in lists:
            lists[event.id] = _Draft(event=event)
        elif event.kind in LIST_KINDS and (draft := lists.get(str(event.payload.get("list")))) is not None:
            draft.take(event, place=place, seen=(event.who, event.case_id, event.image_sha256) in judged)
    return tuple(draft.made() for draft in lists.values())


def lists_in(
    lists: Iterable[ReadingList], subjects: Mapping[str, Subject], *, fingerprint: str
) -> tuple[ReadingList, ...]:
    """Return the lists with cases of a study, each with these alone.

    A case is of the study where case id and image hash are the same; where no hash is known, where the list was made in
    the study itself.
    """
    kept = []
    for reading_list in lists:
        ids = {
            case_id: image
            for case_id, image in reading_list.cases.items()
            if (subject := subjects.get(case_id)) is not None
            and (image == subject.image_sha256 if image and subject.image_sha256 else reading_list.study == fingerprint)
        }
        if ids:
            reads = {key: given for key, given in reading_list.reads.items() if key in ids}
            decisions = {key: given for key, given in reading_list.decisions.items() if key in ids}
            kept.append(replace(reading_list, cases=ids, reads=reads, decisions=decisions))
    return tuple(kept)


def events_of_lists(events: Sequence[Event], ids: Iterable[str]) -> set[str]:
    """Return the ids of the events of these lists."""
    wanted = set(ids)
    return {
        event.id
        for event in events
        if event.kind in LIST_KINDS and (event.id if event.kind == "list" else event.payload.get("list")) in wanted
    }


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A list while its events are read."""

    event: Event
    cases: dict[str, str] = field(default_factory=dict)
    readers: dict[str, None] = field(default_factory=dict)
    reads: dict[str, dict[str, tuple[Read, ...]]] = field(default_factory=dict)
    decisions: dict[str, tuple[Decision, ...]] = field(default_factory=dict)

    def take(self, event: Event, *, place: int, seen: bool) -> None:
        if event.kind == "listed":
            self.cases.setdefault(event.case_id, event.image_sha256)
        elif event.kind == "assign":
            self.readers[str(event.payload.get("reader"))] = None
        elif event.kind == "unassign":
            self.readers.pop(str(event.payload.get("reader")), None)
        elif self.cases.get(event.case_id) != event.image_sha256:
            return
        elif event.kind == "decide" and event.reason:
            decided = _decision(event, place=place)
            self.decisions[event.case_id] = (*self.decisions.get(event.case_id, ()), decided)
        elif event.kind in ("read", "correct") and event.who in self.readers:
            self._answer(event, place=place, seen=seen)

    def _answer(self, event: Event, *, place: int, seen: bool) -> None:
        given = self.reads.setdefault(event.case_id, {})
        before = given.get(event.who, ())
        if event.kind == "read" and not before:
            given[event.who] = (_read(event, place=place, seen=seen),)
        elif event.kind == "correct" and before and event.reason:
            finished = all(event.who in self.reads.get(case_id, {}) for case_id in self.cases)
            aided = finished or self.event.payload.get("reveal") == "once"
            given[event.who] = (*before, _read(event, place=place, seen=before[0].seen, aided=aided))

    def made(self) -> ReadingList:
        payload = self.event.payload
        return ReadingList(
            id=self.event.id,
            name=str(payload.get("name", "")),
            study=self.event.study,
            made_by=self.event.who,
            at=self.event.at,
            source=_one_among(payload.get("source"), SOURCES),
            reveal="once" if payload.get("reveal") == "once" else "end",
            seed=payload.get("seed"),
            cases=self.cases,
            readers=tuple(self.readers),
            reads=self.reads,
            decisions=self.decisions,
        )


def _one_among(value: object, known: tuple[Source, ...]) -> Source:
    return next((source for source in known if source == value), known[0])


def _read(event: Event, *, place: int, seen: bool, aided: bool = False) -> Read:
    choice, seconds = event.payload.get("class"), event.payload.get("seconds")
    confidence: Any = event.payload.get("confidence")
    return Read(
        who=event.who,
        case_id=event.case_id,
        choice=None if choice is None else str(choice),
        confidence=confidence if confidence in CONFIDENCES else None,
        seconds=float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None,
        at=event.at,
        place=place,
        reason=event.reason,
        aided=aided,
        seen=seen,
    )


def _decision(event: Event, *, place: int) -> Decision:
    choice = event.payload.get("class")
    return Decision(
        who=event.who,
        case_id=event.case_id,
        choice=None if choice is None else str(choice),
        by="consensus" if event.payload.get("by") == "consensus" else "third",
        reason=event.reason,
        at=event.at,
        place=place,
    )
