"""What blind reads say: agreement, readers and model against the reference and the adjudicated label, and with help."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.bootstrap import RESAMPLES
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.comparison import ComparedNumber, compare_shares
from neuroval.analysis.readers.adjudicated_labels import Adjudicated, adjudicated, blind_reads
from neuroval.analysis.readers.against_reference import (
    Corrected,
    ReaderRates,
    as_ratings,
    corrected,
    readers_against,
)
from neuroval.analysis.readers.agreement import Agreement, agreement
from neuroval.analysis.readers.lists import Read, ReadingList
from neuroval.analysis.readers.state import Opinion

MISSING: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Each reader on the cases that the reader gave a class, and the ``model`` on all ``n`` cases that anybody did."""

    n: int
    readers: tuple[ReaderRates, ...]
    model: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Helped:
    """One reader on ``n`` cases read both ways: ``compared`` is right with the model in sight (a) and blind (b)."""

    who: str
    n: int
    compared: ComparedNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Of one reader the number of blind reads, the ``median`` of their seconds, and how many cases were ``seen``."""

    who: str
    reads: int
    median: float | None
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindNumbers:
    """What the blind reads of evaluated cases say; parts are None where there is nothing to say.

    ``with_adjudicated`` is the accuracy of the model with the adjudicated labels, beside that with the labels there
    are.
    """

    readers: tuple[str, ...]
    cases: int
    labels: Adjudicated
    times: tuple[Times, ...]
    agreement: Agreement | None
    against_reference: Against | None
    against_adjudicated: Against | None
    helped: tuple[Helped, ...]
    with_adjudicated: Corrected | None


def blind_numbers(
    lists: Sequence[ReadingList],
    opinions: Mapping[str, Sequence[Opinion]],
    *,
    case_ids: Sequence[str],
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    groups: NDArray[Any],
    classes: Sequence[str],
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> BlindNumbers:
    """Return what the blind reads of lists say of the evaluated cases ``case_ids`` (n,).

    ``reference``, ``predicted`` and ``groups`` (n,) are those of the cases; ``opinions`` what readers say with the
    label in sight, by case id. A reader who read a case on two lists counts with the later read. Where a reader also
    gave a class with the model and the label in sight, on the case itself or as a correction after they were shown,
    both are compared. Cases that were not evaluated have no number.
    """
    place = {case_id: row for row, case_id in enumerate(case_ids)}
    reads = {key: read for key, read in blind_reads(lists).items() if key[0] in place}
    readers = tuple(sorted({who for _, who in reads}))
    ids = sorted({case_id for case_id, _ in reads}, key=place.__getitem__)
    rows = np.array([place[case_id] for case_id in ids], dtype=np.int64)
    choices = {key: read.choice for key, read in reads.items() if read.choice is not None}
    ratings = as_ratings(choices, cases=ids, readers=readers, classes=classes)
    labels = adjudicated(lists)
    index = {name: number for number, name in enumerate(classes)}
    settled = np.array([index.get(labels.labels.get(case_id, ""), MISSING) for case_id in ids], dtype=np.int64)

    def against(truth: NDArray[np.integer[Any]]) -> Against | None:
        kept = (ratings >= 0).any(axis=1) & (truth >= 0)
        if not kept.any():
            return None
        known, model, within = truth[kept], predicted[rows][kept], groups[rows][kept]
        rates = readers_against(ratings[kept], known, model, readers=readers, groups=within, level=level)
        return Against(n=int(kept.sum()), readers=rates, model=share_of(model == known, groups=within, level=level))

    return BlindNumbers(
        readers=readers,
        cases=len(ids),
        labels=labels,
        times=tuple(_times(who, reads) for who in readers),
        agreement=None
        if len(readers) < 2
        else agreement(ratings, k=len(classes), rng=rng, groups=groups[rows], level=level, resamples=resamples),
        against_reference=against(reference[rows]),
        against_adjudicated=against(settled),
        helped=_helped(
            ratings,
            as_ratings(_in_sight(lists, opinions), cases=ids, readers=readers, classes=classes),
            reference[rows],
            readers=readers,
            groups=groups[rows],
            level=level,
        ),
        with_adjudicated=_with(labels, place, index, reference, predicted, groups=groups, level=level),
    )


def _times(who: str, reads: Mapping[tuple[str, str], Read]) -> Times:
    given = [read for (_, reader), read in reads.items() if reader == who]
    seconds = [read.seconds for read in given if read.seconds is not None]
    return Times(
        who=who,
        reads=len(given),
        median=median(seconds) if seconds else None,
        seen=sum(read.seen for read in given),
    )


def _in_sight(lists: Sequence[ReadingList], opinions: Mapping[str, Sequence[Opinion]]) -> dict[tuple[str, str], str]:
    """Return by case id and reader the class that was given with the model and the label in sight."""
    choices = {
        (case_id, opinion.who): opinion.choice
        for case_id, given in opinions.items()
        for opinion in given
        if opinion.choice is not None
    }
    for reading_list in lists:
        for case_id, given in reading_list.reads.items():
            for who, reads in given.items():
                if reads[-1].aided and (choice := reads[-1].choice) is not None:
                    choices[case_id, who] = choice
    return choices


def _helped(
    blind: NDArray[np.int64],
    in_sight: NDArray[np.int64],
    reference: NDArray[np.integer[Any]],
    *,
    readers: Sequence[str],
    groups: NDArray[Any],
    level: float,
) -> tuple[Helped, ...]:
    both_ways = (blind >= 0) & (in_sight >= 0)
    helped = []
    for column, who in enumerate(readers):
        kept = both_ways[:, column]
        if kept.any():
            right = (in_sight[kept, column] == reference[kept], blind[kept, column] == reference[kept])
            compared = compare_shares(*right, name="accuracy", groups=groups[kept], level=level)
            helped.append(Helped(who=who, n=int(kept.sum()), compared=compared))
    return tuple(helped)


def _with(
    labels: Adjudicated,
    place: Mapping[str, int],
    index: Mapping[str, int],
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    *,
    groups: NDArray[Any],
    level: float,
) -> Corrected | None:
    known = {case_id: index[name] for case_id, name in labels.labels.items() if name in index}
    agreed = {place[case_id]: number for case_id, number in known.items() if case_id in place}
    open_rows, left_out = np.zeros((2, len(reference)), dtype=np.bool_)
    for ids, mask in ((labels.open, open_rows), (labels.unusable, left_out)):
        mask[[place[case_id] for case_id in ids if case_id in place]] = True
    if not (agreed or open_rows.any() or left_out.any()):
        return None
    return corrected(predicted, reference, agreed, open_rows=open_rows, left_out=left_out, groups=groups, level=level)
