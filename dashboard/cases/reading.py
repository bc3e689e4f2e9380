"""Reading lists of a study: the cases that they are made of, and the events that make, read and decide them."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.readers.adjudicated_labels import adjudicated
from neuroval.analysis.readers.blind import BlindNumbers, blind_numbers
from neuroval.analysis.readers.lists import CONFIDENCES, By, ReadingList, Reveal, Source
from neuroval.analysis.readers.sample import stratified
from neuroval.analysis.study.results import Results
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.reviews import Reviews, event_on, record, subjects_of
from neuroval.dashboard.cases.selection import FILTERS
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import Event
from neuroval.data.study.folder import Study

SEED: Final = 20261130
RESAMPLES: Final = 1000
LONGEST_NAME: Final = 80
MOST_CASES: Final = 1000
MOST_READERS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A list to be made: its name, the readers, where its cases come from, and when answers are shown."""

    name: str
    readers: tuple[str, ...]
    source: Source
    reveal: Reveal = "end"
    seed: int | None = None


def cases_of(
    evidence: Evidence, reviews: Reviews, source: Source, *, size: int, seed: int, have: Collection[str] | None = None
) -> list[str]:
    """Return the cases of a source, ``size`` at most, one of each image file; those of the gallery are not known here.

    ``have`` are the cases with an image on this machine, None where that does not matter.
    """
    results = evidence.results
    if source == "sample":
        ids = results.evaluated.case_ids.tolist()
        kept = [row for row in _first_of_each(evidence).tolist() if have is None or ids[row] in have]
        rows = np.array(kept, dtype=np.int64)
        wrong = (results.predicted != results.evaluated.reference)[rows]
        rng = np.random.default_rng(seed)
        return [ids[row] for row in rows[stratified(results.evaluated.reference[rows], wrong, size=size, rng=rng)]]
    suspects = (suspect.case_id for suspect, _ in evidence.suspect_images)
    ids = list(suspects) if source == "suspects" else differing(reviews)
    return [case_id for case_id in ids if have is None or case_id in have][:size]


def filters_of(texts: Sequence[str], evidence: Evidence) -> dict[str, str]:
    """Return filters of the gallery from texts such as ``predicted=glioma``. Raises ``InputError``."""
    wanted = {}
    for text in texts:
        key, _, value = text.partition("=")
        if key not in FILTERS or value not in evidence.selection.known(key):
            raise InputError(f"filter {text!r} is not known; expected KEY=VALUE, KEY one of {list(FILTERS)}.")
        wanted[key] = value
    return wanted


def _first_of_each(evidence: Evidence) -> NDArray[np.int64]:
    """Return the rows of the first case of each image: nobody reads the same picture twice."""
    images = evidence.results.whole.shown_images[evidence.results.evaluated.rows]
    return np.sort(np.unique(images, return_index=True)[1])


def differing(reviews: Reviews) -> list[str]:
    """Return the cases on which readers differ, in sight of the label or blind, and nobody has decided."""
    in_sight = {case_id for case_id in reviews.by_case if reviews.status(case_id) == "differ"}
    labels = adjudicated(reviews.lists)
    return sorted((in_sight - labels.labels.keys() - labels.unusable) | labels.open)


def names_of(text: str, *, folded: bool = False) -> tuple[str, ...]:
    """Return the readers of a text with commas between them, each once; ``folded`` as a sign-in has them."""
    names = (name.strip().casefold() if folded else name.strip() for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def make_list(study: Study, wanted: Wanted, case_ids: Sequence[str], *, who: str) -> str:
    """Append the events of a new list, all or none, and return its id. Raises ``InputError``."""
    name = wanted.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise InputError(f"reading list: the name {wanted.name!r} has no, or more than {LONGEST_NAME} letters.")
    if not wanted.readers or len(wanted.readers) > MOST_READERS:
        raise InputError(f"reading list: {len(wanted.readers)} readers; expected 1 to {MOST_READERS}.")
    ids = list(dict.fromkeys(case_ids))
    if not ids or len(ids) > MOST_CASES:
        raise InputError(f"reading list: {len(ids):,} cases; expected 1 to {MOST_CASES:,}.")
    subjects = subjects_of(study)
    list_id = uuid.uuid4().hex
    about = {"name": name, "source": wanted.source, "reveal": wanted.reveal, "seed": wanted.seed, "cases": len(ids)}
    made = Event(who=who, study=study.fingerprint, case_id="", kind="list", payload=about, id=list_id)
    listed = [
        Event(
            who=who,
            study=study.fingerprint,
            case_id=case_id,
            image_sha256=subjects[case_id].image_sha256,
            kind="listed",
            payload={"list": list_id},
        )
        for case_id in ids
    ]
    record(made, *listed, *(_assign(study, list_id, reader, who=who) for reader in wanted.readers))
    return list_id


def assign(study: Study, reading_list: ReadingList, reader: str, *, who: str) -> None:
    """Give a list to a further reader. Raises ``InputError``."""
    if reader not in reading_list.readers:
        record(_assign(study, reading_list.id, reader, who=who))


def withdraw(study: Study, reading_list: ReadingList, reader: str, *, who: str, reason: str) -> None:
    """Take a list from a reader, whose reads stay. Raises ``InputError`` without a reason."""
    _with_reason(reason)
    payload = {"list": reading_list.id, "reader": reader}
    record(Event(who=who, study=study.fingerprint, case_id="", kind="unassign", payload=payload, reason=reason.strip()))


def record_read(
    study: Study,
    reading_list: ReadingList,
    case_id: str,
    *,
    who: str,
    choice: str | None,
    confidence: int | None,
    seconds: float | None,
    reason: str = "",
) -> None:
    """Append a blind read; of a case that the reader has read before a correction, which needs a reason.

    Raises ``InputError`` for a reader to whom the list is not given, a class that the study has not, a class without a
    confidence, and a correction without a reason.
    """
    if who not in reading_list.readers:
        raise InputError(f"reading list {reading_list.name!r}: {who!r} is none of its readers.")
    if choice is not None and (choice not in study.classes.names or confidence not in CONFIDENCES):
        raise InputError(f"read: {choice!r} with confidence {confidence!r}; expected a class of the study and 1 to 4.")
    corrects = bool(reading_list.given(case_id, who))
    if corrects:
        _with_reason(reason)
    payload: dict[str, Any] = {"list": reading_list.id, "class": choice}
    payload |= {"confidence": None if choice is None else confidence}
    payload |= {"seconds": None if seconds is None else round(seconds, 1)}
    record(
        event_on(
            study,
            case_id,
            who=who,
            kind="correct" if corrects else "read",
            payload=payload,
            reason=reason.strip() if corrects else "",
        )
    )


def decide(
    study: Study, reading_list: ReadingList, case_id: str, *, who: str, choice: str | None, by: By, reason: str
) -> None:
    """Append what is decided on a case of a list: a class, or None for a scan that cannot be used.

    Raises ``InputError`` without a reason, while readers still have the case to read, and where a reader of the case
    decides alone.
    """
    _with_reason(reason)
    if reading_list.standing(case_id) not in ("differ", "decided"):
        raise InputError("adjudication: the readers of this scan do not differ, or have not all read it.")
    if by == "third" and who in reading_list.blind(case_id):
        raise InputError(f"adjudication: {who} has read this scan; a third reader decides, or all by consensus.")
    if choice is not None and choice not in study.classes.names:
        raise InputError(f"adjudication: {choice!r} is no class of the study.")
    payload = {"list": reading_list.id, "class": choice, "by": by}
    record(event_on(study, case_id, who=who, kind="decide", payload=payload, reason=reason.strip()))


def numbers_of(results: Results, reviews: Reviews) -> BlindNumbers:
    """Return what the blind reads say of the evaluated cases."""
    return blind_numbers(
        reviews.lists,
        reviews.by_case,
        case_ids=results.evaluated.case_ids.tolist(),
        reference=results.evaluated.reference,
        predicted=results.predicted,
        groups=results.groups,
        classes=results.study.classes.names,
        rng=np.random.default_rng(SEED),
        level=results.level,
        resamples=RESAMPLES,
    )


def _assign(study: Study, list_id: str, reader: str, *, who: str) -> Event:
    payload = {"list": list_id, "reader": reader}
    return Event(who=who, study=study.fingerprint, case_id="", kind="assign", payload=payload)


def _with_reason(reason: str) -> None:
    if not reason.strip():
        raise InputError("the reason is missing; nothing was saved. Say why in a few words.")
