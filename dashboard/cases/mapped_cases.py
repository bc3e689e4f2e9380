"""The judged cases as a map: where each lies, by what it is coloured, and which lie in a region that a reader drew."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.data_audit.case_map import Alike, inside, neighbours_alike
from neuroval.analysis.study.whole_study import SEED
from neuroval.dashboard.cases.selection import Selection
from neuroval.data.storage.arrow_text import positions

COLOURS: Final = ("source", "reference", "predicted", "call", "confidence", "plane", "site", "shared")
CALL: Final = "call"  # right or wrong
RIGHT, WRONG = "right", "wrong"
MOST_LEVELS: Final = 8  # of a column that the map is coloured by


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MappedCases:
    """``rows`` (m,) of the evaluated cases that have an embedding, ``places`` (m, 2) its first two components."""

    selection: Selection
    rows: NDArray[np.int64]
    places: NDArray[np.float64]

    @property
    def columns(self) -> tuple[str, ...]:
        """By what the map can be coloured: columns of two to eight values."""
        return tuple(key for key in COLOURS if 1 < len(self.levels(key)[0]) <= MOST_LEVELS)

    def levels(self, key: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Return the values of a column that occur, and for each case the number of its value, -1 without."""
        if key == CALL:
            wrong = self.selection.is_wrong(self.rows)
            return (RIGHT, WRONG), wrong.astype(np.int64)
        column = self.selection.column(key)
        codes = np.asarray(column.codes[self.rows], dtype=np.int64)
        occurring, numbers = np.unique(codes[codes >= 0], return_inverse=True)
        again = np.full(len(codes), -1, dtype=np.int64)
        again[codes >= 0] = numbers
        return tuple(column.categories[occurring].tolist()), again

    def alike(self, key: str) -> Alike | None:
        """Return how often the nearest cases of other patients share the value of a column."""
        groups = np.asarray(self.selection.results.groups)[self.rows]
        return neighbours_alike(self.places, self.levels(key)[1], groups, rng=np.random.default_rng(SEED))

    def within(self, corners: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the rows of the evaluated cases in a region, errors first, then the most confident."""
        return self.selection.in_order(self.rows[inside(self.places, corners)])

    def errors(self, rows: NDArray[np.int64]) -> Estimate:
        """Return the share of errors among rows of the evaluated cases, with the wider interval."""
        results = self.selection.results
        return share_of(self.selection.is_wrong(rows), groups=results.groups[rows], level=results.level).headline

    def counts(self, rows: NDArray[np.int64], key: str) -> Mapping[str, int]:
        """Return how many of the rows have each value of a column, in its order."""
        levels, codes = self.levels(key)
        here = codes[np.isin(self.rows, rows)]
        return {level: int((here == number).sum()) for number, level in enumerate(levels)}


def mapped_cases(selection: Selection) -> MappedCases | None:
    """Return the map of the evaluated cases; none where fewer than three have an embedding of two components."""
    embeddings = selection.results.study.embeddings
    if embeddings is None or embeddings.vectors.shape[1] < 2:
        return None
    ids = pd.Series(embeddings.case_ids.array)
    place = positions(ids, among=selection.results.evaluated.case_ids)
    known = place >= 0
    if known.sum() < 3:
        return None
    return MappedCases(selection=selection, rows=place[known], places=embeddings.vectors[known, :2].astype(np.float64))
