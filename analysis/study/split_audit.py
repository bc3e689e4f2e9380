"""What the evaluated cases of a split share with training, and what the numbers are without it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.data_audit.distance_to_training import ByDistance, accuracy_by_distance, nothing
from neuroval.analysis.data_audit.leak_steps import Step, Steps, without_leaks
from neuroval.analysis.data_audit.training_overlap import Leakage, against_of, compared_with_training, leakage
from neuroval.analysis.data_audit.twins import TwinKind, by_kind, patients_across, twins_across
from neuroval.analysis.decisions.acceptance import OnBasis
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.study.whole_study import WholeStudy
from neuroval.data.lazy import once
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.evaluated_cases import Evaluated


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitAudit:
    """The cases ``evaluated`` of a split against those that the model was fitted on.

    ``performance_on`` returns the performance on those of them that a mask (n,) keeps.
    """

    whole: WholeStudy
    evaluated: Evaluated
    performance_on: Callable[[NDArray[np.bool_]], Performance]

    @property
    def split(self) -> str:
        return self.evaluated.basis

    @once
    def steps(self) -> Steps:
        """Which evaluated cases are left without exact copies, near-duplicates and shared patients."""
        study, split = self.whole.study, self.split
        names, images = study.classes.names, self.whole.shown_images
        return without_leaks(self.whole.table, classes=names, pairs=study.pairs, images=images, split=split)

    @once
    def at_steps(self) -> tuple[tuple[Step, Performance | None], ...]:
        """Each step with the performance on the cases that it leaves; none when nothing can be said of it."""
        return tuple((step, None if step.reason is not None else self._at(step)) for step in self.steps.steps)

    def _at(self, step: Step) -> Performance:
        kept = np.zeros(len(self.whole.table), dtype=np.bool_)
        kept[np.flatnonzero((self.whole.table["split"] == self.split).to_numpy())[step.kept]] = True
        return self.performance_on(kept[self.evaluated.rows])

    @once
    def compared(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each evaluated case, whether it can be compared with training, and whether it shares a group with it."""
        known, reaches = compared_with_training(self.whole.table, split=self.split)
        return known[self.evaluated.rows], reaches[self.evaluated.rows]

    @once
    def by_distance(self) -> ByDistance:
        """The accuracy by distance to the nearest case that the model was fitted on, as it sees them."""
        study, judged = self.whole.study, self.evaluated
        if study.embeddings is None:
            return nothing(Reason("no_embeddings"))
        place = positions(study.embeddings.case_ids.to_series(), among=study.cases["case_id"])
        fitted = study.cases["split"].isin(against_of(self.split)).to_numpy()[place]
        row_of = np.full(len(study.cases), -1)
        row_of[place] = np.arange(len(place))
        row = row_of[judged.rows]
        known = row >= 0
        right = predicted_class(judged.probabilities) == judged.reference
        return accuracy_by_distance(
            study.embeddings.vectors[row[known]],
            study.embeddings.vectors[fitted],
            right[known],
            groups=codes_of(self.whole.table["group_id"].array[judged.rows])[known],
            without_embedding=int((~known).sum()),
            level=self.whole.level,
        )

    @once
    def unseen(self) -> OnBasis:
        """The performance on the evaluated cases that share no patient and no copy with training."""
        reason = self.leakage.reason
        known, reaches = self.compared
        if reason is None and not known.all() and not (known & ~reaches).any():
            reason = self.leakage.overall.group.reason
        judged = self.performance_on(known & ~reaches) if reason is None else None
        return OnBasis(basis="new_to_the_model", performance=judged, reason=reason)

    @once
    def leakage(self) -> Leakage:
        names, images = self.whole.study.classes.names, self.whole.shown_images
        return leakage(self.whole.table, classes=names, images=images, split=self.split, level=self.whole.level)

    @once
    def twins(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs of copies across splits: evaluated case, case the model was fitted on, kind."""
        split = self.split
        return tuple(twins_across(self.whole.table, self.whole.study.pairs, split=split, against=against_of(split)))

    @once
    def patients_across(self) -> tuple[tuple[str, int, int], ...]:
        """The patients on both sides: id, evaluated cases, cases that the model was fitted on."""
        split = self.split
        return tuple(patients_across(self.whole.study.cases, split=split, against=against_of(split)))

    @once
    def twin_kinds(self) -> tuple[TwinKind, ...]:
        return by_kind(self.twins, self.whole.study.cases)
