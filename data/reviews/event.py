"""One event of the store: who said what of which scan, when and why, and the hash of the event before it.

The hash is the SHA-256 of the event as canonical JSON: keys in order, no spaces, UTF-8. It holds the hash of the event
before, so that nothing can be changed, put in or taken out of the middle without changing every hash after it.
Source: Haber & Stornetta, J Cryptology 1991;3:99-111.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast, get_args

from neuroval.data.exceptions import InputError

OfCase = Literal["agree", "label-wrong", "unsure", "unusable", "note", "tag", "untag", "undo", "import"]
OfList = Literal["list", "listed", "assign", "unassign", "read", "correct", "decide"]
Kind = Literal[OfCase, OfList]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FIRST: Final = "0" * 64  # stands for the hash before the first event
LONGEST: Final = {"who": 200, "case_id": 200, "reason": 2000}  # letters
LONGEST_PAYLOAD: Final = 8000
HASH_DIGITS: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is appended. Raises ``InputError``, naming the part, for what cannot be kept.

    ``at`` is UTC in ISO 8601, ``study`` the fingerprint of the study that was open, ``image_sha256`` the hash of the
    image file, empty where the study holds none; ``payload`` is what belongs to the kind: ``label`` and ``class`` of
    ``agree`` and ``label-wrong``, ``text`` of ``note``, ``tag`` and ``untag``, ``event`` of ``undo``. Those of
    reading lists are folded in ``analysis/readers/lists.py``.
    """

    who: str
    study: str
    case_id: str
    kind: Kind
    image_sha256: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"review: kind {self.kind!r} is not known; expected one of {list(KINDS)}.")
        for name in ("who", "study", "case_id", "image_sha256", "reason", "at", "id"):
            value = getattr(self, name)
            if not isinstance(value, str) or "\0" in value:
                raise InputError(f"review: {name} is {value!r}; expected a text.")
        if not self.who.strip():
            raise InputError("review: nobody is named; expected the name of the reader.")
        for name, most in LONGEST.items():
            if len(getattr(self, name)) > most:
                raise InputError(f"review: {name} has {len(getattr(self, name)):,} letters, at most {most:,} are kept.")
        if len(canonical(self.payload)) > LONGEST_PAYLOAD:
            raise InputError(f"review: what was written is longer than {LONGEST_PAYLOAD:,} letters.")
        if self.image_sha256 and (len(self.image_sha256) != len(FIRST) or not set(self.image_sha256) <= HASH_DIGITS):
            raise InputError(f"review: image_sha256 is {self.image_sha256!r}; expected 64 hex digits or nothing.")
        try:
            when = datetime.fromisoformat(self.at)
        except ValueError:
            when = None
        if when is None or when.utcoffset() is None:
            raise InputError(f"review: at is {self.at!r}; expected a time with its zone, in ISO 8601.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event in its place: ``number`` counts from 1, ``before`` is the hash of the event before, ``hash`` its own."""

    number: int
    event: Event
    before: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first place where the chain does not hold: the number of the event and what is wrong with it."""

    number: int
    what: Literal["changed", "order", "missing", "end"]


def canonical(value: object) -> str:
    """Return a value as canonical JSON: keys in order, no spaces, no number that is not finite."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content(event: Event) -> dict[str, Any]:
    """Return what an event says, as plain values."""
    return {
        "id": event.id,
        "who": event.who,
        "at": event.at,
        "study": event.study,
        "case_id": event.case_id,
        "image_sha256": event.image_sha256,
        "kind": event.kind,
        "payload": dict(event.payload),
        "reason": event.reason,
    }


def hash_of(event: Event, *, number: int, before: str) -> str:
    """Return the hash of an event in its place, 64 hex digits."""
    sealed = {**content(event), "number": number, "before": before}
    return hashlib.sha256(canonical(sealed).encode()).hexdigest()


def chained(events: Sequence[Event], *, number: int, before: str) -> Iterator[Entry]:
    """Yield events as the entries after the one of that ``number`` and hash."""
    for place, event in enumerate(events, start=number + 1):
        sealed = hash_of(event, number=place, before=before)
        yield Entry(number=place, event=event, before=before, hash=sealed)
        before = sealed


def first_broken(rows: Sequence[Mapping[str, Any]], *, count: int, head: str) -> Broken | None:
    """Return the first place at which rows of the store are not what was appended; none where the chain holds.

    ``rows`` are in the order of their numbers; ``count`` and ``head`` are the number and hash of the last event as the
    store keeps them apart, so that rows taken off the end are missed too.
    """
    before = FIRST
    for expected, row in enumerate(rows, start=1):
        if row["number"] != expected:
            return Broken(number=expected, what="missing")
        if row["before"] != before:
            return Broken(number=expected, what="order")
        if sealed_hash(row) != row["hash"]:
            return Broken(number=expected, what="changed")
        before = row["hash"]
    if len(rows) != count or before != head:
        return Broken(number=len(rows) + 1 if len(rows) < count else len(rows), what="end")
    return None


def sealed_hash(row: Mapping[str, Any]) -> str | None:
    """Return the hash that belongs to what a row says; none where it says nothing that could have been appended."""
    try:
        return hash_of(event_of(row), number=row["number"], before=row["before"])
    except (InputError, KeyError, TypeError, ValueError):
        return None


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the event of a row, whose ``payload`` is JSON or what it stands for. Raises ``InputError``."""
    payload = row["payload"]
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            raise InputError(f"review {row.get('id', '')}: its payload is no JSON.") from None
    if not isinstance(payload, dict):
        raise InputError(f"review {row.get('id', '')}: its payload is no table of names and values.")
    texts = {name: row[name] for name in ("id", "who", "at", "study", "case_id", "image_sha256", "reason")}
    return Event(**texts, kind=cast("Kind", row["kind"]), payload=payload)
