"""The judged cases of a split together with those that have no result: the numbers with them, and the criteria."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.metrics import ANY_TUMOUR, OVERALL, split_key
from neuroval.analysis.data_audit.training_overlap import compared_with_training
from neuroval.analysis.decisions.acceptance import (
    Basis,
    BySubgroup,
    Criterion,
    OfSubgroup,
    OnBasis,
    judge,
    with_worst_case,
)
from neuroval.analysis.performance.no_result import NOTHING, NoResult, taken_as_wrong, with_no_result
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.study.subgroups import parts_of
from neuroval.analysis.study.whole_study import WholeStudy, performance_of
from neuroval.data.lazy import once
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.criteria import TRIED, Acceptance
from neuroval.data.study.evaluated_cases import Evaluated
from neuroval.data.study.folder import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class WithNoResult:
    """The n cases of a split that were to be called, those without a result last.

    ``rows`` (n,) are their places among the cases of the study, ``reference`` and ``predicted`` (n,) class indices, -1
    for a case without a result; ``reasons`` are of these, in their order.
    """

    whole: WholeStudy
    basis: str
    rows: NDArray[np.int64]
    reference: NDArray[np.int64]
    predicted: NDArray[np.int64]
    reasons: tuple[str, ...]

    @property
    def study(self) -> Study:
        return self.whole.study

    @once
    def groups(self) -> NDArray[np.int64]:
        """The group of each case as a number."""
        return codes_of(self.whole.table["group_id"].array[self.rows])

    @once
    def numbers(self) -> NoResult:
        return with_no_result(
            self.reference,
            self.predicted,
            self.reasons,
            classes=self.study.classes.names,
            negative=self.study.classes.negative,
            groups=self.groups,
            basis=self.basis,
            level=self.whole.level,
        )

    def criteria(
        self,
        complete: Sequence[Criterion],
        judged: OnBasis,
        *,
        unleaked: Sequence[OnBasis],
        by_subgroup: BySubgroup,
    ) -> tuple[Criterion, ...]:
        """Return criteria that were judged without the cases that have no result as they stand with them.

        ``judged``, ``unleaked`` and ``by_subgroup`` are what they were judged on: see ``judge``.
        """
        return tuple(
            criterion if criterion.criterion.name in TRIED else self._held(criterion, judged, unleaked, by_subgroup)
            for criterion in complete
        )

    def _held(
        self, complete: Criterion, judged: OnBasis, unleaked: Sequence[OnBasis], by_subgroup: BySubgroup
    ) -> Criterion:
        positive = self._asked(complete.criterion.metric)

        def parts(criterion: Acceptance, basis: Basis) -> Sequence[OfSubgroup]:
            if basis == "folds":
                return by_subgroup(criterion, basis)
            kept, rows = self._kept[basis], self.rows
            return parts_of(
                self.study, criterion, kept, rows=rows, performance_on=lambda kept: self._worst(kept, positive)
            )

        (worst,) = judge(
            (complete.criterion,),
            self._with_them(judged, positive),
            unleaked=[self._with_them(subset, positive) for subset in unleaked],
            by_subgroup=parts,
        )
        return with_worst_case(complete, worst, without=self.numbers.count)

    def _with_them(self, subset: OnBasis, positive: NDArray[np.bool_]) -> OnBasis:
        if subset.basis == "folds" or subset.performance is None:
            return subset
        key = (subset.basis, positive.tobytes())
        if key not in self._made:
            self._made[key] = self._worst(self._kept[subset.basis], positive)
        return replace(subset, performance=self._made[key])

    @once
    def _made(self) -> dict[tuple[Basis, bytes], Performance]:
        """The worst cases that criteria have asked for, by basis and classes: criteria of one subject share them."""
        return {}

    @once
    def _kept(self) -> Mapping[Basis, NDArray[np.bool_]]:
        """For each basis of the criteria, which of the cases (n,) are of it."""
        known, reaches = (part[self.rows] for part in compared_with_training(self.whole.table, split=self.basis))
        return {"all": np.ones(len(self.rows), dtype=np.bool_), "new_to_the_model": known & ~reaches}

    def _worst(self, kept: NDArray[np.bool_], positive: NDArray[np.bool_]) -> Performance:
        reference = self.reference[kept]
        called = taken_as_wrong(reference, self.predicted[kept], positive=positive)
        return performance_of(self.study, reference, called, groups=self.groups[kept], level=self.whole.level)

    def _asked(self, metric: str) -> NDArray[np.bool_]:
        """Return the classes (k,) that a criterion is after; over all classes, those with a tumour."""
        names, negative = np.array(self.study.classes.names), self.study.classes.negative
        subject, _ = split_key(metric)
        if subject in (OVERALL, ANY_TUMOUR) and subject not in self.study.classes.names:
            return np.asarray(names != (names[-1] if negative is None else negative))
        return np.asarray(names == subject)


def cases_with_no_result(whole: WholeStudy, evaluated: Evaluated, predicted: NDArray[np.int64]) -> WithNoResult | None:
    """Return the evaluated cases of a split and those of it without a result; none where all have one.

    ``predicted`` (n,) are the called classes of the evaluated ones.
    """
    study = whole.study
    table: pd.DataFrame | None = study.no_result
    if table is None:
        return None
    of_split = study.cases["split"].to_numpy()[study.rows["no_result"]] == evaluated.basis
    if not of_split.any():
        return None
    rows: NDArray[np.int64] = study.rows["no_result"][of_split]
    labels: pd.Series[Any] = study.cases["label"].iloc[rows]
    return WithNoResult(
        whole=whole,
        basis=evaluated.basis,
        rows=np.concatenate([evaluated.rows, rows]),
        reference=np.concatenate([evaluated.reference, positions(labels, among=study.classes.names)]),
        predicted=np.concatenate([predicted, np.full(len(rows), NOTHING)]),
        reasons=tuple(table["reason"].to_numpy()[of_split].tolist()),
    )
