"""Every result about one evaluated split of a study: pages, report and command line take their numbers from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import confounding as confounding_of
from analysis.acceptance import Criterion, Unleaked, judge
from analysis.claims import AuditedClaim
from analysis.class_auc import ClassAucs, class_aucs
from analysis.clusters import GroupTypes, group_types
from analysis.confounding import Confounding
from analysis.confusion import predicted_class
from analysis.dataset import Dataset, describe
from analysis.errors import Errors, rank_errors
from analysis.estimate import Estimate, Measure
from analysis.evidence_share import ClassEvidence, evidence_share
from analysis.findings import SHARED_GROUPS, Finding, find
from analysis.folds import FoldSizes, OverFolds, over_folds
from analysis.intensities import Images, describe_images
from analysis.odd_labels import OddLabels, odd_labels
from analysis.pairs import ConfusionPair, confusion_pairs
from analysis.patients import Patients, per_patient
from analysis.per_class import ANY_TUMOUR, Performance, performance
from analysis.proportions import proportion
from analysis.ratios import Ratios, ratios
from analysis.saliency import ClassSaliency, pointing_game, saliency
from analysis.splits import Leakage, against_of, copies, leakage, shared_with_training, within_one_fold
from analysis.steps import Step, Steps, without_leaks
from analysis.suspects import Suspects, label_suspects
from analysis.training import Run, training_runs
from analysis.twins import TwinKind, by_kind, patients_across, twins_across
from dashboard.further import Confidence, Decisions, confidence_of, decisions_of
from dashboard.published import audited
from dashboard.questions import Question, questions
from data.evaluated import Evaluated, chosen, evaluated, evaluated_splits, out_of_fold
from data.study import Study

SEED: Final = 0  # of every bootstrap: pages, report and command line show the same digits
NO_FOLDS: Final = "grouped cross-validation is not available in this study"
NO_UNGROUPED: Final = "ungrouped cross-validation is not available in this study"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Cross-validation, pooled over its folds and by fold; without it ``performance`` is none, with the reason.

    ``left_out`` cases are not part of it: their group lies in several folds, which only ungrouped folds may do.
    ``known_patient`` is the share of each class whose patient is known; the others are grouped by copies only.
    """

    performance: Performance | None
    reason: str | None
    sizes: FoldSizes
    numbers: tuple[OverFolds, ...]
    left_out: int
    known_patient: Mapping[str, Estimate]

    @property
    def folds(self) -> int:
        return len(self.sizes.folds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlined:
    """The evaluated cases with a reference outline: the map of the reference class (m, h, w) beside the outline."""

    maps: NDArray[np.float16]
    outlines: NDArray[np.uint8]
    reference: NDArray[np.int64]
    predicted: NDArray[np.int64]
    classes: tuple[str, ...]
    groups: NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """The results on the cases ``found`` of a study, each computed when it is first asked for."""

    study: Study
    found: Evaluated

    @cached_property
    def performance(self) -> Performance:
        return performance_of(self.study, self.found)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """The group of each evaluated case as a number: text would be sorted out again by every analysis."""
        return pd.factorize(self.found.cases["group_id"].to_numpy(dtype=object))[0].astype(np.int64)

    @cached_property
    def types(self) -> GroupTypes:
        """The groups of the evaluated cases, by their confusion matrix."""
        predicted = predicted_class(self.found.probabilities)
        return group_types(self.found.reference, predicted, self.groups, k=len(self.study.classes))

    @cached_property
    def aucs(self) -> ClassAucs:
        found, classes = self.found, self.study.classes
        return class_aucs(
            found.reference,
            found.probabilities,
            classes=classes.names,
            negative=classes.negative,
            groups=self.groups,
        )

    @cached_property
    def auc_of(self) -> Mapping[str, Measure]:
        """By name, the AUC of any tumour where the study asks for it, and of each class."""
        found = self.aucs
        tumour = {} if found.any_tumour is None else {ANY_TUMOUR: found.any_tumour}
        return {**tumour, **dict(zip(self.study.classes.names, found.classes, strict=True))}

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """By name, any tumour and each class against the rest."""
        negative = self.study.classes.negative
        asked = questions(self.found, self.performance, negative=negative, groups=self.groups)
        return {one.name: one for one in asked}

    @cached_property
    def ratios(self) -> Mapping[str, Ratios]:
        """Likelihood ratios, odds ratio and Youden's index by class, and of any tumour where the study asks for it."""
        names, negative = np.array(self.study.classes.names), self.study.classes.negative
        subjects = {one.name: (one, names == one.name) for one in self.performance.classes}
        if self.performance.any_tumour is not None:
            subjects[ANY_TUMOUR] = (self.performance.any_tumour, names != negative)
        return {
            name: ratios(one.counts, types=self.types, positive=positive, name=name)
            for name, (one, positive) in subjects.items()
        }

    @cached_property
    def patients(self) -> Patients:
        found, classes = self.found, self.study.classes
        return per_patient(
            found.reference,
            found.probabilities,
            found.cases["patient_id"],
            classes=classes.names,
            negative=classes.negative,
        )

    @cached_property
    def tuning(self) -> Evaluated | None:
        """The tuning cases that have a prediction; none when these are the evaluated ones, or there are none."""
        if self.found.split == "tuning" or "tuning" not in evaluated_splits(self.study):
            return None
        return evaluated(self.study, "tuning")

    @cached_property
    def confidence(self) -> Confidence:
        rng = np.random.default_rng(SEED)
        return confidence_of(self.found, self.tuning, self.study.manifest, groups=self.groups, rng=rng)

    @cached_property
    def decisions(self) -> Decisions:
        return decisions_of(self.found, self.tuning, self.study.manifest, groups=self.groups)

    @cached_property
    def suspects(self) -> Suspects | None:
        """Cases whose out-of-fold prediction contradicts their label; none without grouped cross-validation."""
        pooled = out_of_fold(self.study)
        if pooled is None:
            return None
        ids = pooled.cases["case_id"].to_numpy()
        return label_suspects(ids, pooled.reference, pooled.probabilities, classes=self.study.classes.names)

    @cached_property
    def steps(self) -> Steps:
        """Which evaluated cases are left without exact copies, near-duplicates and shared patients."""
        study = self.study
        return without_leaks(study.cases, classes=study.classes.names, pairs=study.pairs, split=self.found.split)

    def at_step(self, step: Step) -> Performance | None:
        """Return the performance on the cases that a step leaves; none when nothing can be said of it."""
        if step.reason is not None:
            return None
        kept = self.found.cases["case_id"].isin(self.steps.case_ids_of(step)).to_numpy(dtype=np.bool_)
        return performance_of(self.study, chosen(self.found, kept))

    @cached_property
    def odd_labels(self) -> tuple[OddLabels, ...]:
        """Copies with different labels, and which of them is the odd one."""
        predictions = self.study.predictions if self.study.folds is None else self.study.folds
        conflicts = self.dataset.label_conflicts
        return odd_labels(conflicts, classes=self.study.classes.names, predictions=predictions)

    @cached_property
    def images(self) -> Images:
        return describe_images(self.study.cases, classes=self.study.classes.names)

    @cached_property
    def shared(self) -> Mapping[str, bool | None]:
        """By case id, whether training holds the patient or a copy; none when there is nothing to compare by."""
        return shared_with_training(self.study.cases, split=self.found.split)

    @cached_property
    def new(self) -> Evaluated:
        """The evaluated cases that share no patient and no copy with what the model was fitted on."""
        kept = [self.shared[case_id] is False for case_id in self.found.cases["case_id"]]
        return chosen(self.found, np.array(kept, dtype=np.bool_))

    @cached_property
    def unseen(self) -> Unleaked:
        reason = self.leakage.reason
        judged = performance_of(self.study, self.new) if reason is None else None
        return Unleaked(basis="new_to_the_model", performance=judged, reason=reason)

    @cached_property
    def grouped(self) -> CrossValidation:
        return self._cross_validation(grouped=True)

    @cached_property
    def ungrouped(self) -> CrossValidation:
        return self._cross_validation(grouped=False)

    def _cross_validation(self, *, grouped: bool) -> CrossValidation:
        pooled = out_of_fold(self.study, grouped=grouped)
        if pooled is None:
            return CrossValidation(
                performance=None,
                reason=NO_FOLDS if grouped else NO_UNGROUPED,
                sizes=FoldSizes(folds=(), n=()),
                numbers=(),
                left_out=0,
                known_patient={},
            )
        kept = np.ones(pooled.n, dtype=np.bool_)
        if grouped:
            kept = within_one_fold(pooled.cases["group_id"], pooled.cases["fold"])
        judged = chosen(pooled, kept)
        patients = pooled.cases["patient_id"].notna().groupby(pooled.cases["label"])
        known, of_class = patients.sum(), patients.size()
        sizes, numbers = over_folds(
            judged.reference,
            predicted_class(judged.probabilities),
            judged.cases["fold"].to_numpy(dtype=np.int64),
            classes=self.study.classes.names,
            negative=self.study.classes.negative,
        )
        return CrossValidation(
            performance=performance_of(self.study, judged),
            reason=None,
            sizes=sizes,
            numbers=numbers,
            left_out=int((~kept).sum()),
            known_patient={
                name: proportion(int(known.get(name, 0)), int(of_class.get(name, 0)))
                for name in self.study.classes.names
            },
        )

    @cached_property
    def training(self) -> tuple[Run, ...]:
        """The training runs; empty for a study without history."""
        return () if self.study.history is None else training_runs(self.study.history)

    @cached_property
    def dataset(self) -> Dataset:
        study = self.study
        return describe(study.cases, classes=study.classes.names, pairs=study.pairs, rejected=len(study.rejected))

    @cached_property
    def leakage(self) -> Leakage:
        study = self.study
        return leakage(study.cases, classes=study.classes.names, pairs=study.pairs, split=self.found.split)

    @cached_property
    def twins(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs of copies across splits: evaluated case, case the model was fitted on, kind."""
        study = self.study
        return tuple(twins_across(study.cases, study.pairs, split=self.found.split, against=self.leakage.against))

    @cached_property
    def patients_across(self) -> tuple[tuple[str, int, int], ...]:
        """The patients on both sides: id, evaluated cases, cases that the model was fitted on."""
        split = self.found.split
        return tuple(patients_across(self.study.cases, split=split, against=against_of(split)))

    @cached_property
    def twin_kinds(self) -> tuple[TwinKind, ...]:
        return by_kind(self.twins, self.study.cases)

    @cached_property
    def saliency(self) -> tuple[ClassSaliency, ...]:
        """The pointing game by class; empty for a study without maps or outlines."""
        seen = self._outlined
        if seen is None:
            return ()
        return saliency(
            seen.maps,
            seen.outlines,
            reference=seen.reference,
            predicted=seen.predicted,
            classes=seen.classes,
            groups=seen.groups,
        )

    @cached_property
    def evidence_share(self) -> tuple[ClassEvidence, ...]:
        """The share of evidence inside the outline by class; empty for a study without maps or outlines."""
        seen = self._outlined
        if seen is None:
            return ()
        return evidence_share(
            seen.maps,
            seen.outlines,
            reference=seen.reference,
            predicted=seen.predicted,
            classes=seen.classes,
            groups=seen.groups,
        )

    @cached_property
    def _outlined(self) -> Outlined | None:
        gradcam, found = self.study.gradcam, self.found
        if gradcam is None:
            return None
        rows = gradcam.case_ids.get_indexer(pd.Index(found.cases["case_id"]))
        outlined = (rows >= 0) & gradcam.has_mask[rows]
        reference = found.reference[outlined]
        return Outlined(
            maps=gradcam.maps[rows[outlined], reference],
            outlines=gradcam.masks[rows[outlined]],
            reference=reference,
            predicted=predicted_class(found.probabilities)[outlined],
            classes=self.study.classes.names,
            groups=found.cases.loc[outlined, "group_id"].to_numpy(),
        )

    @cached_property
    def on_target(self) -> Mapping[str, bool]:
        """By case id, whether the evidence for the predicted class is strongest in the reference outline.

        Only cases with an outline and with evidence are in it.
        """
        gradcam, found = self.study.gradcam, self.found
        if gradcam is None:
            return {}
        ids = found.cases["case_id"].to_numpy()
        rows = gradcam.case_ids.get_indexer(pd.Index(ids))
        outlined = (rows >= 0) & gradcam.has_mask[rows]
        maps = gradcam.maps[rows[outlined], predicted_class(found.probabilities)[outlined]]
        hits = pointing_game(maps, gradcam.masks[rows[outlined]])
        evident = maps.max(axis=(1, 2), initial=0) > 0
        return dict(zip(ids[outlined][evident].tolist(), hits[evident].tolist(), strict=True))

    @cached_property
    def confounding(self) -> tuple[Confounding, ...]:
        return confounding_of.confounding(self.study.cases, negative=self.study.classes.negative)

    @cached_property
    def claims(self) -> tuple[AuditedClaim, ...]:
        """The published claims with their verdicts; empty for a study without any."""
        return () if self.study.claims is None else audited(self.study.claims, self)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        return find(
            classes=self.study.classes,
            dataset=self.dataset,
            leakage=self.leakage,
            matrix=self.performance.matrix,
            probabilities=self.found.probabilities,
            confounding=self.confounding,
            claims=self.claims,
        )

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """The acceptance criteria; where cases are shared with training, judged without these too."""
        leaks = any(finding.code == SHARED_GROUPS for finding in self.findings)
        return judge(self.study.manifest.acceptance, self.performance, unleaked=self._unleaked if leaks else None)

    @property
    def _unleaked(self) -> Unleaked:
        if self.grouped.performance is None:
            return self.unseen
        return Unleaked(basis="folds", performance=self.grouped.performance)

    @cached_property
    def errors(self) -> Errors:
        thresholds = self.study.manifest.thresholds
        return rank_errors(
            self.found.cases["case_id"].to_numpy(),
            self.found.reference,
            self.found.probabilities,
            classes=self.study.classes.names,
            groups=self.groups,
            high=thresholds.high_confidence,
            review=thresholds.review,
        )

    @cached_property
    def pairs(self) -> tuple[ConfusionPair, ...]:
        return confusion_pairs(self.performance.matrix, types=self.types)

    @cached_property
    def image_of(self) -> Mapping[str, str]:
        """By case id, the image that a case shows: equal for copies."""
        return {str(key): str(value) for key, value in copies(self.study.cases, self.study.pairs).items()}


def results(study: Study, *, split: str = "test") -> Results:
    """Return the results on a split. Raises ``InputError`` for a split without predictions, naming what there is."""
    return Results(study=study, found=evaluated(study, split))


def performance_of(study: Study, found: Evaluated) -> Performance:
    """Return the performance on evaluated cases with the study's classes and groups, and the project's seed."""
    return performance(
        found.reference,
        predicted_class(found.probabilities),
        classes=study.classes.names,
        negative=study.classes.negative,
        groups=found.cases["group_id"],
        rng=np.random.default_rng(SEED),
    )
