"""The cases behind the numbers, each looked up or made when it is asked for: a study may hold a million."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.performance.ranked_errors import Tier
from neuroval.data.storage.arrow_text import increasing, order, text

T = TypeVar("T")
MapOf = Literal["network", "fold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One evaluated case as the pages show it; facts that are not known are none.

    ``shared`` says whether training holds its patient or a copy, none when that cannot be said; ``twin`` whether it
    holds a copy; ``on_target`` whether the evidence for the predicted class is strongest on the tumour, none without
    outline or evidence; ``map_of`` by which network a map of it was drawn: the network itself, or that of its fold;
    ``mapped`` are the classes whose map is given;
    ``copies`` how many errors of the same image it stands for, itself included.
    """

    case_id: str
    reference: str
    predicted: str
    probabilities: Mapping[str, float]
    tier: Tier
    facts: Mapping[str, str]
    group_size: int
    shared: bool | None
    twin: bool
    on_target: bool | None
    map_of: MapOf | None = None
    mapped: tuple[str, ...] = ()
    copies: int = 1

    @property
    def confidence(self) -> float:
        return self.probabilities[self.predicted]

    @property
    def correct(self) -> bool:
        return self.reference == self.predicted

    @property
    def call_is_mapped(self) -> bool:
        """Whether there is a map of the class that was called."""
        return self.predicted in self.mapped

    @property
    def second(self) -> str:
        """The reference class of an error; the runner-up of a correct case."""
        if not self.correct:
            return self.reference
        rest = {name: value for name, value in self.probabilities.items() if name != self.predicted}
        return max(rest, key=lambda name: rest[name])


class ByCase(Mapping[str, T]):
    """What ``made`` returns for the row of a case, by case id; nothing is made before it is asked for.

    ``ids`` are the case ids of the rows, each once.
    """

    def __init__(self, ids: pd.Series, made: Callable[[int], T]) -> None:
        self._ids = text(ids)
        self._order: NDArray[np.int64] | None = None if increasing(ids) else order(ids)
        self._made = made

    def __getitem__(self, case_id: str) -> T:
        place = bisect_left(range(len(self)), case_id, key=self._at)
        if place == len(self) or self._at(place) != case_id:
            raise KeyError(case_id)
        return self._made(place if self._order is None else int(self._order[place]))

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return map(self._at, range(len(self)))

    def _at(self, place: int) -> str:
        """Return the id at a place of the ids in order."""
        case_id: str = self._ids[place if self._order is None else int(self._order[place])].as_py()
        return case_id


def together(ids: pd.Series, owner: NDArray[np.int64]) -> ByCase[tuple[str, ...]]:
    """Return by case id all cases of its owner, itself included; none where the owner is not known, that is -1.

    ``owner`` (n,) is the number of what a case belongs to, such as its image or its patient.
    """

    def relatives(row: int) -> tuple[str, ...]:
        return () if owner[row] < 0 else tuple(ids.array[np.flatnonzero(owner == owner[row])])

    return ByCase(ids, relatives)
