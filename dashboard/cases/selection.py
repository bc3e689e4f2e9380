"""Which evaluated cases a gallery shows: filters as columns over all of them; a case is made only to be drawn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.calibration.tiers import TIERS, tier_numbers
from neuroval.analysis.core.coded_tables import levels
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.probabilities import BINS, assign_bins
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.study.results import Results
from neuroval.data.lazy import once

FILTERS: Final = (
    "reference",
    "predicted",
    "confidence",
    "bin",
    "plane",
    "source",
    "site",
    "evidence",
    "shared",
    "twin",
    "patient",
)
SUBGROUP: Final = "subgroup"  # any subgroup, by its name: a case is in one of each column
RECORDED: Final = {"plane": "plane", "source": "source", "site": "site", "patient": "patient_id"}


def edges(number: str) -> tuple[float, float]:
    """Return the confidence between which a bin lies; bins are counted from 1, as in the address."""
    return (int(number) - 1) / BINS, int(number) / BINS


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """The evaluated cases by what they can be filtered by; each column is made when it is first asked for."""

    results: Results
    _columns: dict[str, "pd.Categorical[Any]"] = field(default_factory=dict)

    def rows(self, wanted: Mapping[str, str], *, everything: bool) -> NDArray[np.int64]:
        """Return the rows of the evaluated cases with the ``wanted`` value of each filter, errors only by default.

        Errors come first, then the most confident, then by case id.
        """
        order = self._order if everything else self._order[: self.errors]
        kept = np.ones(len(order), dtype=np.bool_)
        for key, value in wanted.items():
            if key == SUBGROUP:
                kept &= self.results.subgroups.cases_of(value)[order]
                continue
            column = self.column(key)
            kept &= column.codes[order] == column.categories.get_loc(value)
        return order[kept]

    def ids(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the case ids of rows."""
        ids: list[str] = self.results.evaluated.case_ids.array[rows].tolist()
        return ids

    def is_wrong(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the rows are errors."""
        wrong: NDArray[np.bool_] = self._wrong[rows]
        return wrong

    def in_order(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return rows in the order of the gallery: errors first, then the most confident."""
        return self._order[np.isin(self._order, rows)]

    def records(self, rows: NDArray[np.int64]) -> list[dict[str, str]]:
        """Return rows for download: case id, largest probability, and each filter as the address names it."""
        columns = [self.column(key) for key in FILTERS]
        values = [np.append(column.categories.to_numpy(dtype=object), "")[column.codes[rows]] for column in columns]
        largest = map(repr, self._confidence[rows].tolist())
        names = ("case_id", "largest_probability", *FILTERS)
        return [dict(zip(names, row, strict=True)) for row in zip(self.ids(rows), largest, *values, strict=True)]

    def rate(self, wanted: Mapping[str, str]) -> Estimate:
        """Return the share of errors among all cases with the ``wanted`` values, errors or not."""
        rows = self.rows(wanted, everything=True)
        return share_of(self._wrong[rows], groups=self.results.groups[rows], level=self.results.level).headline

    def wrong(self, rows: NDArray[np.int64]) -> int:
        """Return how many of the rows are errors."""
        return int(self._wrong[rows].sum())

    @property
    def errors(self) -> int:
        """The number of errors among all evaluated cases."""
        return int(self._wrong.sum())

    def known(self, key: str) -> Collection[str]:
        """Return the values that a filter can have."""
        values: Collection[str] = self.column(key).categories
        return values

    def values(self, key: str, rows: NDArray[np.int64]) -> Sequence[str]:
        """Return the values of a filter that occur in rows, in their order."""
        column = self.column(key)
        held = np.unique(column.codes[rows])
        values: list[str] = column.categories[held[held >= 0]].tolist()
        return values

    def column(self, key: str) -> "pd.Categorical[Any]":
        """Return the value of a filter for each evaluated case; where it is not known there is none."""
        if key not in self._columns:
            self._columns[key] = self._made(key)
        return self._columns[key]

    def _made(self, key: str) -> "pd.Categorical[Any]":
        results, evaluated = self.results, self.results.evaluated
        if key in RECORDED:
            names, codes = levels(results.study.cases[RECORDED[key]].iloc[evaluated.rows])
            return _coded(codes, names)
        if key == "reference":
            return _coded(evaluated.reference, results.study.classes.names)
        if key == "predicted":
            return _coded(results.predicted, results.study.classes.names)
        if key == "confidence":
            limits = results.study.manifest.thresholds
            numbers = tier_numbers(self._confidence, high=limits.high_confidence, review=limits.review)
            return _coded(numbers, TIERS)
        if key == "bin":
            return _coded(assign_bins(self._confidence, bins=BINS)[0], [str(number + 1) for number in range(BINS)])
        if key == "evidence":
            on = results.on_target
            return _coded(np.where(on < 0, -1, 1 - on), ("on", "off"))
        if key == "shared":
            known, shared = results.compared
            return _coded(np.where(known, np.where(shared, 0, 1), 2), ("yes", "no", "unknown"))
        return _coded(results.has_twin, ("no", "yes"))

    @once
    def _confidence(self) -> NDArray[np.float64]:
        largest: NDArray[np.float64] = self.results.evaluated.probabilities.max(axis=1)
        return largest

    @once
    def _wrong(self) -> NDArray[np.bool_]:
        wrong: NDArray[np.bool_] = self.results.predicted != self.results.evaluated.reference
        return wrong

    @once
    def _order(self) -> NDArray[np.int64]:
        # The cases are in order of their ids, and equal ones stay so.
        return np.lexsort((-self._confidence, ~self._wrong)).astype(np.int64)


def _coded(codes: NDArray[Any], values: Sequence[str]) -> "pd.Categorical[Any]":
    return pd.Categorical.from_codes(codes.astype(np.int64), categories=pd.Index(list(values)))
