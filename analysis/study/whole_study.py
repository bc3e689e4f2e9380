"""What is true of a study whichever of its cases are judged: the data set, cross-validation, the training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import coded, codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.data_audit import confounders as confounding_of
from neuroval.analysis.data_audit.baselines import Baselines, baselines_of
from neuroval.analysis.data_audit.composition import Dataset, describe
from neuroval.analysis.data_audit.confident_learning import Suspects, label_suspects
from neuroval.analysis.data_audit.conflicting_labels import OddLabels, odd_labels
from neuroval.analysis.data_audit.confounders import Confounding
from neuroval.analysis.data_audit.image_contents import Images, describe_images
from neuroval.analysis.data_audit.training_overlap import shown_images, within_one_fold
from neuroval.analysis.performance.comparison import ComparedNumber, compare
from neuroval.analysis.performance.folds import FoldSizes, OverFolds, over_folds
from neuroval.analysis.performance.per_class import Performance, performance
from neuroval.analysis.performance.training_course import Run, training_runs
from neuroval.data.lazy import once
from neuroval.data.study.evaluated_cases import Evaluated, chosen, evaluated, out_of_fold, preferred_split
from neuroval.data.study.folder import Study

LEVEL: Final = 0.95  # of every interval, unless a report asks for another
SEED: Final = 0  # of every bootstrap: pages, report and command line show the same digits
NO_FOLDS: Final = Reason("no_grouped_folds")
NO_UNGROUPED: Final = Reason("no_ungrouped_folds")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Cross-validation, pooled over its folds and by fold; without it ``performance`` is none, with the reason.

    ``left_out`` cases are not part of it: their group lies in several folds, which only ungrouped folds may do.
    ``known_patient`` is the share of each class whose patient is known; the others are grouped by copies only.
    """

    performance: Performance | None
    reason: Reason | None
    sizes: FoldSizes
    numbers: tuple[OverFolds, ...]
    left_out: int
    known_patient: Mapping[str, Estimate]

    @property
    def folds(self) -> int:
        return len(self.sizes.folds)


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeStudy:
    """The numbers of a study that rest on all its cases, each computed when it is first asked for."""

    study: Study
    level: float = LEVEL

    @once
    def table(self) -> pd.DataFrame:
        """The study's cases with numbers in the place of names; for analyses that show no names."""
        return coded(self.study.cases)

    @once
    def shown_images(self) -> NDArray[np.int64]:
        """For each case of the study, the number of the image it shows: equal for copies."""
        return shown_images(self.table, self.study.pairs)

    @once
    def suspects(self) -> Suspects | None:
        """Cases whose out-of-fold prediction contradicts their label; none without grouped cross-validation."""
        pooled = self._folds[True]
        if pooled is None:
            return None
        ids = pooled.case_ids.to_numpy()
        return label_suspects(ids, pooled.reference, pooled.probabilities, classes=self.study.classes.names)

    @once
    def odd_labels(self) -> tuple[OddLabels, ...]:
        """Copies with different labels, and which of them is the odd one."""
        predictions = self.study.predictions if self.study.folds is None else self.study.folds
        conflicts = self.dataset.label_conflicts
        return odd_labels(conflicts, classes=self.study.classes.names, predictions=predictions)

    @once
    def images(self) -> Images:
        return describe_images(self.table, classes=self.study.classes.names)

    @once
    def grouped(self) -> CrossValidation:
        return self._cross_validation(grouped=True)

    @once
    def ungrouped(self) -> CrossValidation:
        return self._cross_validation(grouped=False)

    @once
    def grouping(self) -> ComparedNumber | None:
        """Accuracy of the networks of the ungrouped folds and of the grouped ones, on the cases that both predict.

        None unless the study holds both.
        """
        ours, theirs = self._folds[True], self._folds[False]
        if ours is None or theirs is None:
            return None
        _, in_theirs, in_ours = np.intersect1d(theirs.rows, ours.rows, return_indices=True)
        called_theirs, called_ours = predicted_class(theirs.probabilities), predicted_class(ours.probabilities)
        return compare(
            ours.reference[in_ours],
            called_theirs[in_theirs],
            called_ours[in_ours],
            classes=self.study.classes.names,
            negative=self.study.classes.negative,
            groups=codes_of(self.table["group_id"])[ours.rows[in_ours]],
            level=self.level,
        ).numbers[0]

    @once
    def _folds(self) -> Mapping[bool, Evaluated | None]:
        """The cases of cross-validation, grouped and not; none where there is none."""
        return {grouped: out_of_fold(self.study, grouped=grouped) for grouped in (True, False)}

    @once
    def new_patients(self) -> Evaluated | None:
        """The cases of grouped cross-validation whose group lies in a single fold; none without any."""
        pooled = self._folds[True]
        if pooled is None:
            return None
        groups = codes_of(self.table["group_id"].array[pooled.rows])
        kept = within_one_fold(groups, pooled.predictions["fold"])
        return chosen(pooled, kept) if kept.any() else None

    def _cross_validation(self, *, grouped: bool) -> CrossValidation:
        pooled = self._folds[grouped]
        if pooled is None:
            return CrossValidation(
                performance=None,
                reason=NO_FOLDS if grouped else NO_UNGROUPED,
                sizes=FoldSizes(folds=(), n=()),
                numbers=(),
                left_out=0,
                known_patient={},
            )
        table, fold = self.table.iloc[pooled.rows], pooled.predictions["fold"].to_numpy(dtype=np.int64)
        groups = codes_of(table["group_id"])
        kept = within_one_fold(groups, fold) if grouped else np.ones(pooled.n, dtype=np.bool_)
        reference, predicted = pooled.reference[kept], predicted_class(pooled.probabilities)[kept]
        patients = table["patient_id"].notna().groupby(table["label"])
        known, of_class = patients.sum(), patients.size()
        sizes, numbers = over_folds(
            reference,
            predicted,
            fold[kept],
            classes=self.study.classes.names,
            negative=self.study.classes.negative,
            level=self.level,
        )
        return CrossValidation(
            performance=performance_of(self.study, reference, predicted, groups=groups[kept], level=self.level),
            reason=None,
            sizes=sizes,
            numbers=numbers,
            left_out=int((~kept).sum()),
            known_patient={
                name: proportion(int(known.get(name, 0)), int(of_class.get(name, 0)), level=self.level)
                for name in self.study.classes.names
            },
        )

    @once
    def training(self) -> tuple[Run, ...]:
        """The training runs; empty for a study without history."""
        if self.study.history is None:
            return ()
        model = self.study.manifest.model
        recipes = ({}, {}) if model is None else (model.recipe, model.folds_recipe or model.recipe)
        of_model, folds = (len(recipe.get("early_sizes", ())) for recipe in recipes)
        return training_runs(self.study.history, early=of_model, early_of_folds=folds)

    @property
    def final_run(self) -> Run | None:
        """The run that trained the network itself, not a fold; none without history."""
        return next((run for run in self.training if run.run == "final"), None)

    @once
    def dataset(self) -> Dataset:
        study = self.study
        return describe(
            self.table,
            classes=study.classes.names,
            images=self.shown_images,
            rejected=len(study.rejected),
            level=self.level,
        )

    @once
    def confounding(self) -> tuple[Confounding, ...]:
        return confounding_of.confounding(self.table, negative=self.study.classes.negative)

    @once
    def baselines(self) -> Baselines | None:
        """What answers "any tumour?" without looking; none without a negative class or anything recorded.

        On the cases of grouped cross-validation in its folds where the study has it, else on the published split.
        """
        negative, folds = self.study.classes.negative, self._folds[True]
        pooled = folds or evaluated(self.study, preferred_split(self.study))
        if negative is None:
            return None
        place = self.study.classes.index(negative)
        return baselines_of(
            self.study.cases.iloc[pooled.rows],
            pooled.reference != place,
            groups=codes_of(self.table["group_id"])[pooled.rows],
            fold=pooled.predictions["fold"].to_numpy(dtype=np.int64) if folds is not None else None,
            called_tumour=predicted_class(pooled.probabilities) != place,
            tumour_score=any_tumour_score(pooled.probabilities, negative=place),
            seed=SEED,
            level=self.level,
        )


def performance_of(
    study: Study,
    reference: NDArray[np.int64],
    predicted: NDArray[np.int64],
    *,
    groups: NDArray[Any],
    level: float = LEVEL,
) -> Performance:
    """Return the performance of predicted classes (n,) with the study's classes, and the project's seed."""
    return performance(
        reference,
        predicted,
        classes=study.classes.names,
        negative=study.classes.negative,
        groups=groups,
        rng=np.random.default_rng(SEED),
        level=level,
    )
