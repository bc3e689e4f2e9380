"""The judged cases of a study by what is recorded of them: their rates by level, and where they are worse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.metrics import measure, split_key
from neuroval.analysis.decisions.acceptance import OfSubgroup
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.performance.subgroup_columns import Column, column, column_names, crossed
from neuroval.analysis.performance.subgroup_scan import Scan, scan, worth_showing
from neuroval.analysis.performance.subgroups import Outcomes, Subgroups, outcomes, subgroups
from neuroval.analysis.study.whole_study import SEED
from neuroval.data.lazy import once
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.evaluated_cases import Evaluated
from neuroval.data.study.folder import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class StudySubgroups:
    """The cases ``evaluated`` (n) by the columns that the study records, each computed when it is first asked for.

    ``predicted`` (n,) is the class that is called, ``groups`` (n,) the group of each case as a number,
    ``patients`` (n,) their ids.
    """

    study: Study
    evaluated: Evaluated
    predicted: NDArray[np.int64]
    groups: NDArray[np.int64]
    patients: "pd.Series[Any]"
    performance: Performance
    level: float

    @once
    def outcomes(self) -> Outcomes:
        """What became of each evaluated case, as the rates of subgroups count it."""
        classes = self.study.classes
        return outcomes(self.evaluated.reference, self.predicted, classes=classes.names, negative=classes.negative)

    @once
    def columns(self) -> tuple[str, ...]:
        """The columns whose subgroups are worth showing, those that a clinic asks for first in front."""
        return tuple(part.name for part in worth_showing([self.column(name) for name in column_names(self.study)]))

    def column(self, name: str) -> Column:
        """Return the levels of a recorded column. Raises ``InputError`` for another, naming those that there are."""
        held = self._columns
        if name not in held:
            held[name] = column(self.study, name, rows=self.evaluated.rows)
        return held[name]

    def by(self, names: tuple[str, ...]) -> Subgroups:
        """Return the rates by the levels of a column, or of two columns crossed; kept once they are computed.

        Raises ``InputError`` for a column that the study does not record.
        """
        held = self._rates
        if names not in held:
            held[names] = subgroups(
                self.outcomes,
                [self.column(name) for name in names],
                groups=self.groups,
                patients=self.patients,
                rng=np.random.default_rng(SEED),
                level=self.level,
            )
        return held[names]

    def named(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Return columns and values of a subgroup by its name, ``site=north&sex=F``; none for another name.

        A value may hold what stands between the parts, so that each way to part them is tried.
        """
        cuts = [place for place, letter in enumerate(name) if letter == "&"]
        for parts in ((name,), *((name[:cut], name[cut + 1 :]) for cut in cuts)):
            pairs = [part.partition("=") for part in parts]
            known = column_names(self.study)
            if all(head in known and value in self.column(head).levels for head, _, value in pairs):
                return tuple(head for head, _, _ in pairs), tuple(value for _, _, value in pairs)
        return None

    def cases_of(self, name: str) -> NDArray[np.bool_]:
        """Return for each evaluated case (n,) whether it is in a subgroup; none is in a subgroup that is not there."""
        kept = np.ones(self.evaluated.n, dtype=np.bool_)
        for head, value in zip(*(self.named(name) or ((), ())), strict=True):
            part = self.column(head)
            kept &= part.codes == part.levels.index(value)
        return kept

    @once
    def worse(self) -> Scan:
        """The subgroups that are worse, among all columns and pairs of columns; and those that miss a criterion."""
        limits = {
            key: criterion.at_least
            for criterion in self.study.manifest.acceptance
            if not criterion.columns and (key := self._key(criterion.metric)) is not None
        }
        whole = {key: self._lowest(key) for key in limits}
        met = {key: limits[key] for key, low in whole.items() if low is not None and low >= limits[key]}
        return scan(
            self.outcomes,
            [self.column(name) for name in self.columns],
            groups=self.groups,
            patients=self.patients,
            limits=met,
            rng=np.random.default_rng(SEED),
            level=self.level,
        )

    def judged(
        self,
        criterion: Acceptance,
        kept: NDArray[np.bool_],
        *,
        performance_on: Callable[[NDArray[np.bool_]], Performance],
    ) -> list[OfSubgroup]:
        """Return the performance in each subgroup that a criterion names, on the cases that are ``kept`` (n,)."""
        return parts_of(self.study, criterion, kept, rows=self.evaluated.rows, performance_on=performance_on)

    @once
    def _columns(self) -> dict[str, Column]:
        return {}

    @once
    def _rates(self) -> dict[tuple[str, ...], Subgroups]:
        return {}

    def _key(self, metric: str) -> str | None:
        """Return the number of subgroups that a criterion names; none when it is not a number of these."""
        subject, name = split_key(metric)
        key = f"{subject}.{name}"
        return key if key in self.outcomes.among else None

    def _lowest(self, key: str) -> float | None:
        """Return the lower bound of a number on all cases."""
        number = measure(key, self.performance)
        return None if number is None else number.headline.low


def parts_of(
    study: Study,
    criterion: Acceptance,
    kept: NDArray[np.bool_],
    *,
    rows: NDArray[np.int64],
    performance_on: Callable[[NDArray[np.bool_]], Performance],
) -> list[OfSubgroup]:
    """Return the performance in each subgroup that a criterion names, on those that are ``kept`` (n,) of some cases.

    ``rows`` (n,) are the places of these cases in the study.
    """
    if set(criterion.columns) - set(column_names(study)):
        return [OfSubgroup(values=(), performance=None, reason=Reason("not_recorded"))]
    names, codes = crossed([column(study, name, rows=rows) for name in criterion.columns])
    wanted = tuple(criterion.subgroup.values())
    chosen = range(len(names)) if criterion.each else [names.index(wanted)] if wanted in names else []
    return [
        OfSubgroup(values=names[place], performance=performance_on(kept & (codes == place)))
        for place in chosen
        if (kept & (codes == place)).any()
    ] or [OfSubgroup(values=wanted, performance=None, reason=Reason("no_cases"))]
