"""The labels that blind reads and decisions give: adjudicated where readers differed, else what all readers say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from neuroval.analysis.readers.lists import Decision, Read, ReadingList


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjudicated:
    """Labels by case id; ``unusable`` cases have none, and of ``open`` ones the readers differ and nobody decided.

    ``decisions`` are those that count, by case id; other labels are what all readers gave.
    """

    labels: Mapping[str, str]
    unusable: frozenset[str]
    open: frozenset[str]
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    @property
    def decided(self) -> int:
        """How many cases were decided."""
        return len(self.decisions)


def blind_reads(lists: Iterable[ReadingList]) -> dict[tuple[str, str], Read]:
    """Return by case id and reader the last blind read over all lists."""
    last: dict[tuple[str, str], Read] = {}
    for reading_list in lists:
        for case_id in reading_list.cases:
            for who, read in reading_list.blind(case_id).items():
                if (case_id, who) not in last or last[case_id, who].place < read.place:
                    last[case_id, who] = read
    return last


def adjudicated(lists: Iterable[ReadingList]) -> Adjudicated:
    """Return the adjudicated label of each case that was decided, or that all its readers, two or more, have read.

    The last decision counts, whichever list it was made in. Without one the readers of all lists with the case are
    taken together. A case that a reader still has to read has no label yet and is not open either.
    """
    held = tuple(lists)
    decisions = _decisions(held)
    answers: dict[str, set[str | None]] = {}
    readers: dict[str, int] = {}
    for (case_id, _), read in blind_reads(held).items():
        answers.setdefault(case_id, set()).add(read.choice)
        readers[case_id] = readers.get(case_id, 0) + 1
    waiting = {case_id for each in held for who in each.readers for case_id in each.left(who)}
    labels: dict[str, str] = {}
    unusable, undecided = set(), set()
    for case_id in answers.keys() | decisions.keys():
        if case_id in decisions:
            choice = decisions[case_id].choice
        elif case_id in waiting or readers[case_id] < 2:
            continue
        elif len(answers[case_id]) > 1:
            undecided.add(case_id)
            continue
        else:
            (choice,) = answers[case_id]
        if choice is None:
            unusable.add(case_id)
        else:
            labels[case_id] = choice
    return Adjudicated(labels=labels, unusable=frozenset(unusable), open=frozenset(undecided), decisions=decisions)


def _decisions(lists: tuple[ReadingList, ...]) -> dict[str, Decision]:
    last: dict[str, Decision] = {}
    for reading_list in lists:
        for case_id in reading_list.cases:
            decision = reading_list.decision(case_id)
            if decision is not None and (case_id not in last or last[case_id].place < decision.place):
                last[case_id] = decision
    return last
