"""What readers say of the cases of a study, as the store of reviews has it, and how it is added to."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.engine import URL

from neuroval.analysis.readers.lists import ReadingList, lists_in, reading_lists
from neuroval.analysis.readers.state import JUDGEMENTS, STATUSES, Opinion, Status, Subject, opinions, status_of
from neuroval.dashboard.cases.evaluated_case import ByCase
from neuroval.dashboard.permissions import OF_EVENT, check
from neuroval.dashboard.settings import current_settings
from neuroval.data.reviews.event import FIRST, Event, Kind
from neuroval.data.reviews.store import Head, Store, address_of, open_store
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.folder import Study

REVIEW, READER, TAG = "review", "reader", "tag"  # filters of the gallery
REVIEW_FILTERS: Final = (REVIEW, READER, TAG)
REASONS: Final = ("not-a-brain-scan", "artefact", "cut-off", "wrong-sequence", "too-poor", "other")
NOBODY: Final = Head(number=0, hash=FIRST)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reviews:
    """What each reader says now of the cases of a study; ``head`` is where the store's chain ended then.

    ``lists`` are the reading lists with cases of the study. Their blind reads are not in ``by_case``.
    """

    by_case: Mapping[str, tuple[Opinion, ...]] = field(default_factory=dict)
    lists: tuple[ReadingList, ...] = ()
    head: Head = NOBODY

    def status(self, case_id: str, *, who: str = "") -> Status:
        """Return where a case stands, for one reader if named."""
        return status_of([given for given in self.by_case.get(case_id, ()) if who in ("", given.who)])

    def opinion(self, case_id: str, who: str) -> Opinion:
        """Return what a reader says of a case; an empty opinion where nothing."""
        given = (opinion for opinion in self.by_case.get(case_id, ()) if opinion.who == who)
        return next(given, Opinion(who=who, case_id=case_id))

    @property
    def readers(self) -> tuple[str, ...]:
        """Who has said anything, in order of the alphabet."""
        return tuple(sorted({opinion.who for given in self.by_case.values() for opinion in given}))

    def reading_list(self, name: str) -> ReadingList | None:
        """Return the reading list of that id; none where the study has none such."""
        return next((reading_list for reading_list in self.lists if reading_list.id == name), None)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that are set on any case, in order of the alphabet."""
        every = (opinion.tags for given in self.by_case.values() for opinion in given)
        return tuple(sorted({tag for tags in every for tag in tags}))

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values that a filter can have."""
        return {REVIEW: STATUSES, READER: self.readers, TAG: self.tags}[key]

    def passing(self, case_ids: pd.Series, rows: NDArray[np.int64], wanted: Mapping[str, str]) -> NDArray[np.bool_]:
        """Return which of the rows (m,) of cases pass the filters; with a reader, by what that reader says.

        A reader alone passes the cases that he has said something of. ``case_ids`` (n,) are those of all rows.
        """
        who, status, tag = (wanted.get(key, "") for key in (READER, REVIEW, TAG))

        def passes(given: Sequence[Opinion]) -> bool:
            told = [opinion for opinion in given if who in ("", opinion.who)]
            return (
                (not who or bool(told) or status == "none")
                and (not status or status_of(told) == status)
                and (not tag or any(tag in opinion.tags for opinion in told))
            )

        kept = np.full(len(case_ids), passes(()), dtype=np.bool_)
        places = self._places(case_ids, list(self.by_case))
        for place, given in zip(places.tolist(), self.by_case.values(), strict=True):
            if place >= 0:
                kept[place] = passes(given)
        return kept[rows]

    def left(self, case_ids: pd.Series, rows: NDArray[np.int64]) -> int:
        """Return how many of the rows of cases nobody has judged."""
        judged = [case_id for case_id in self.by_case if self.status(case_id) != "none"]
        return len(rows) - int(np.isin(self._places(case_ids, judged), rows).sum())

    def next_to_judge(self, order: Sequence[str], here: str, *, who: str) -> str | None:
        """Return the case after ``here``, from there on and round, that this reader has not judged."""
        start = order.index(here) + 1 if here in order else 0
        further = itertools.chain(order[start:], order[:start])
        return next((name for name in further if name != here and self.status(name, who=who) == "none"), None)

    @staticmethod
    def _places(case_ids: pd.Series, ids: Sequence[str]) -> NDArray[np.int64]:
        return positions(pd.Series(ids, dtype="str"), among=case_ids)

    def counts(self) -> dict[str, int]:
        """Return how many cases stand where, of those that anybody has judged."""
        found = Counter(status_of(given) for given in self.by_case.values())
        return {status: found[status] for status in STATUSES if status != "none"}


def review_store(*, create: bool = False) -> Store | None:
    """Return the store that the settings name; none where it is the file of the working folder and not there yet.

    Raises ``StoreError`` where it cannot be reached.
    """
    address = current_settings().reviews
    return open_store("" if address is None else address.get_secret_value(), create=create)


def store_address() -> URL:
    """Return the address of the store that the settings name."""
    address = current_settings().reviews
    return address_of("" if address is None else address.get_secret_value())


def subjects_of(study: Study) -> Mapping[str, Subject]:
    """Return the cases of a study as reviews know them, each made when it is asked for."""
    ids, labels = study.cases["case_id"].array, study.cases["label"].array
    hashes = study.cases["sha256"].array if "sha256" in study.cases else None

    def made(row: int) -> Subject:
        image = None if hashes is None else hashes[row]
        return Subject(
            case_id=str(ids[row]), image_sha256=image if isinstance(image, str) else "", label=str(labels[row])
        )

    return ByCase(study.cases["case_id"], made)


def reviews_in(study: Study, events: Iterable[Event], head: Head) -> Reviews:
    """Return what events say of the cases of a study."""
    every, subjects = tuple(events), subjects_of(study)
    return Reviews(
        by_case=opinions(subjects, every, fingerprint=study.fingerprint),
        lists=lists_in(reading_lists(every), subjects, fingerprint=study.fingerprint),
        head=head,
    )


def reviews_of(study: Study) -> Reviews:
    """Return what the store says of the cases of a study now. Raises ``StoreError``."""
    store = review_store()
    if store is None:
        return Reviews()
    entries = store.entries()
    head = Head(number=entries[-1].number, hash=entries[-1].hash) if entries else NOBODY
    return reviews_in(study, (entry.event for entry in entries), head)


def event_on(
    study: Study, case_id: str, *, who: str, kind: Kind, payload: Mapping[str, Any] | None = None, reason: str = ""
) -> Event:
    """Return an event on a case of a study, with the label that stands there. Raises ``InputError``."""
    subject = subjects_of(study)[case_id]
    label = {"label": subject.label} if kind in JUDGEMENTS else {}
    return Event(
        who=who,
        study=study.fingerprint,
        case_id=case_id,
        image_sha256=subject.image_sha256,
        kind=kind,
        payload={**label, **(payload or {})},
        reason=reason,
    )


def record(*events: Event) -> None:
    """Append events to the store, all or none; they are kept when this returns. Every event of a person comes here.

    Raises ``NotAllowedError`` for who may not say this by the roles, and ``StoreError`` where the store is away; then
    nothing is kept.
    """
    for who, action in dict.fromkeys((event.who, OF_EVENT[event.kind]) for event in events):
        check(who, action)
    store = review_store(create=True)
    if store is not None:
        store.append(*events)
