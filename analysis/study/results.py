"""Every result about one evaluated split of a study: pages, report and command line take their numbers from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.claims.against_study import OurNumbers, our_numbers
from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.core.clusters import GroupTypes, group_types
from neuroval.analysis.core.coded_tables import coded, codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import TRIED as TRIED_METRICS
from neuroval.analysis.core.metrics import measure, read, split_key
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.core.proportions import proportion, share_of
from neuroval.analysis.data_audit import confounders as confounding_of
from neuroval.analysis.data_audit.against_chance import worse_than_chance
from neuroval.analysis.data_audit.baselines import Baselines, baselines_of
from neuroval.analysis.data_audit.composition import Dataset, describe
from neuroval.analysis.data_audit.confident_learning import Suspects, label_suspects
from neuroval.analysis.data_audit.conflicting_labels import OddLabels, odd_labels
from neuroval.analysis.data_audit.confounders import Confounding
from neuroval.analysis.data_audit.id_forms import forms_of_ids
from neuroval.analysis.data_audit.image_contents import Images, describe_images
from neuroval.analysis.data_audit.leak_steps import Step, Steps, without_leaks
from neuroval.analysis.data_audit.training_overlap import (
    SHARED_GROUPS,
    Leakage,
    against_of,
    compared_with_training,
    leakage,
    shown_images,
    within_one_fold,
)
from neuroval.analysis.data_audit.twins import TwinKind, by_kind, patients_across, twins_across
from neuroval.analysis.decisions.acceptance import Basis, Criterion, OfSubgroup, Unleaked, judge
from neuroval.analysis.explanations.outlined_evidence import ClassEvidence, evidence_share
from neuroval.analysis.explanations.pointing import ClassSaliency, pointing_game, saliency
from neuroval.analysis.performance.class_auc import ClassAucs, class_aucs
from neuroval.analysis.performance.comparison import ComparedNumber, compare
from neuroval.analysis.performance.error_pairs import ConfusionPair, confusion_pairs
from neuroval.analysis.performance.folds import FoldSizes, OverFolds, over_folds
from neuroval.analysis.performance.likelihood_ratios import Ratios, ratios
from neuroval.analysis.performance.patients import Patients, per_patient
from neuroval.analysis.performance.per_class import ANY_TUMOUR, ClassPerformance, Performance, performance
from neuroval.analysis.performance.ranked_errors import Errors, rank_errors
from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.performance.subgroup_columns import Column, column, column_names, crossed
from neuroval.analysis.performance.subgroup_scan import Scan, scan, worth_showing
from neuroval.analysis.performance.subgroups import Outcomes, Subgroups, outcomes, subgroups
from neuroval.analysis.performance.training_course import Run, training_runs
from neuroval.analysis.study.confidence_and_decisions import Confidence, Decisions, confidence_of, decisions_of
from neuroval.analysis.study.findings import find
from neuroval.analysis.study.trial import TrialResults, trial_results
from neuroval.analysis.study.two_class_questions import Question, curves_of, questions
from neuroval.data.lazy import once
from neuroval.data.storage.arrow_text import is_one_of, positions
from neuroval.data.study.evaluated_cases import Evaluated, evaluated, evaluated_splits, out_of_fold
from neuroval.data.study.folder import GradCams, Study
from neuroval.data.study.manifest import TRIED, Acceptance

_T = TypeVar("_T")

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
    """The results on the cases ``evaluated`` of a study, each computed when it is first asked for.

    ``level`` is that of every interval but those of criteria and claims: another level does not change a verdict.
    """

    study: Study
    evaluated: Evaluated
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
    def predicted(self) -> NDArray[np.int64]:
        """The predicted class of each evaluated case."""
        return predicted_class(self.evaluated.probabilities)

    @once
    def performance(self) -> Performance:
        return self.performance_on(np.ones(self.evaluated.n, dtype=np.bool_))

    def performance_on(self, kept: NDArray[np.bool_]) -> Performance:
        """Return the performance on the evaluated cases that are ``kept`` (n,)."""
        groups, level = self.groups[kept], self.level
        return performance_of(
            self.study, self.evaluated.reference[kept], self.predicted[kept], groups=groups, level=level
        )

    @once
    def groups(self) -> NDArray[np.int64]:
        """The group of each evaluated case as a number."""
        return codes_of(self.table["group_id"].array[self.evaluated.rows])

    @once
    def types(self) -> GroupTypes:
        """The groups of the evaluated cases, by their confusion matrix."""
        return group_types(self.evaluated.reference, self.predicted, self.groups, k=len(self.study.classes))

    @once
    def aucs(self) -> ClassAucs:
        evaluated, classes = self.evaluated, self.study.classes
        return class_aucs(
            evaluated.reference,
            evaluated.probabilities,
            classes=classes.names,
            negative=classes.negative,
            groups=self.groups,
            level=self.level,
        )

    @once
    def auc_of(self) -> Mapping[str, Measure]:
        """By name, the AUC of any tumour where the study asks for it, and of each class."""
        aucs = self.aucs
        tumour = {} if aucs.any_tumour is None else {ANY_TUMOUR: aucs.any_tumour}
        return {**tumour, **dict(zip(self.study.classes.names, aucs.classes, strict=True))}

    @once
    def questions(self) -> Mapping[str, Question]:
        """By name, any tumour and each class against the rest."""
        negative = self.study.classes.negative
        asked = questions(self.evaluated, self.performance, negative=negative, groups=self.groups, level=self.level)
        return {question.name: question for question in asked}

    @once
    def ratios(self) -> Mapping[str, Ratios]:
        """Likelihood ratios, odds ratio and Youden's index by class, and of any tumour where the study asks for it."""
        names, negative = np.array(self.study.classes.names), self.study.classes.negative
        subjects = {rates.name: (rates, names == rates.name) for rates in self.performance.classes}
        if self.performance.any_tumour is not None:
            subjects[ANY_TUMOUR] = (self.performance.any_tumour, names != negative)
        return {
            name: ratios(table.counts, types=self.types, positive=positive, name=name, level=self.level)
            for name, (table, positive) in subjects.items()
        }

    @once
    def curves(self) -> Mapping[str, Curves]:
        """By name, the ROC and the precision-recall curve of each question, thinned for drawing."""
        return {name: curves_of(question) for name, question in self.questions.items()}

    @once
    def subjects(self) -> Mapping[str, "Subject"]:
        """By name, what the numbers of any tumour and of each class are read from."""
        return {rates.name: Subject(rates=rates, results=self) for rates in rows(self.performance)}

    @once
    def patients(self) -> Patients:
        evaluated, classes = self.evaluated, self.study.classes
        return per_patient(
            evaluated.reference,
            evaluated.probabilities,
            self.study.cases["patient_id"].array[evaluated.rows],
            classes=classes.names,
            negative=classes.negative,
            level=self.level,
        )

    @once
    def tuning(self) -> Evaluated | None:
        """The tuning cases that have a prediction; none when these are the evaluated ones, or there are none."""
        if self.evaluated.split == "tuning" or "tuning" not in evaluated_splits(self.study):
            return None
        return evaluated(self.study, "tuning")

    @once
    def on_tuning(self) -> Estimate | None:
        """The share of tuning cases that the model calls rightly; none as for ``tuning``."""
        if self.tuning is None:
            return None
        right = predicted_class(self.tuning.probabilities) == self.tuning.reference
        groups = codes_of(self.table["group_id"])[self.tuning.rows]
        return share_of(right, groups=groups, level=self.level).headline

    @once
    def tuning_shared(self) -> int | None:
        """How many tuning cases with a prediction share a group with a training case; none when it is not known."""
        if self.tuning is None:
            return 0
        known, reaches = (rows[self.tuning.rows] for rows in compared_with_training(self.table, split="tuning"))
        return int(reaches.sum()) if known.all() else None

    @once
    def confidence(self) -> Confidence:
        rng = np.random.default_rng(SEED)
        manifest, groups = self.study.manifest, self.groups
        return confidence_of(self.evaluated, self.tuning, manifest, groups=groups, rng=rng, level=self.level)

    @once
    def decisions(self) -> Decisions:
        manifest, groups = self.study.manifest, self.groups
        return decisions_of(self.evaluated, self.tuning, manifest, groups=groups, level=self.level)

    @once
    def suspects(self) -> Suspects | None:
        """Cases whose out-of-fold prediction contradicts their label; none without grouped cross-validation."""
        pooled = self._folds[True]
        if pooled is None:
            return None
        ids = pooled.case_ids.to_numpy()
        return label_suspects(ids, pooled.reference, pooled.probabilities, classes=self.study.classes.names)

    @once
    def steps(self) -> Steps:
        """Which evaluated cases are left without exact copies, near-duplicates and shared patients."""
        study, split = self.study, self.evaluated.split
        names, images = study.classes.names, self.shown_images
        return without_leaks(self.table, classes=names, pairs=study.pairs, images=images, split=split)

    @once
    def at_steps(self) -> tuple[tuple[Step, Performance | None], ...]:
        """Each step with the performance on the cases that it leaves; none when nothing can be said of it."""
        return tuple((step, None if step.reason is not None else self._at(step)) for step in self.steps.steps)

    def _at(self, step: Step) -> Performance:
        kept = np.zeros(len(self.table), dtype=np.bool_)
        kept[np.flatnonzero((self.table["split"] == self.evaluated.split).to_numpy())[step.kept]] = True
        return self.performance_on(kept[self.evaluated.rows])

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
    def compared(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each evaluated case, whether it can be compared with training, and whether it shares a group with it."""
        known, reaches = compared_with_training(self.table, split=self.evaluated.split)
        return known[self.evaluated.rows], reaches[self.evaluated.rows]

    @once
    def unseen(self) -> Unleaked:
        """The performance on the evaluated cases that share no patient and no copy with training."""
        reason = self.leakage.reason
        known, reaches = self.compared
        if reason is None and not known.all() and not (known & ~reaches).any():
            reason = self.leakage.overall.group.reason
        judged = self.performance_on(known & ~reaches) if reason is None else None
        return Unleaked(basis="new_to_the_model", performance=judged, reason=reason)

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
    def leakage(self) -> Leakage:
        names, images = self.study.classes.names, self.shown_images
        return leakage(self.table, classes=names, images=images, split=self.evaluated.split, level=self.level)

    @once
    def twins(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs of copies across splits: evaluated case, case the model was fitted on, kind."""
        split = self.evaluated.split
        return tuple(twins_across(self.table, self.study.pairs, split=split, against=against_of(split)))

    @once
    def patients_across(self) -> tuple[tuple[str, int, int], ...]:
        """The patients on both sides: id, evaluated cases, cases that the model was fitted on."""
        split = self.evaluated.split
        return tuple(patients_across(self.study.cases, split=split, against=against_of(split)))

    @once
    def twin_kinds(self) -> tuple[TwinKind, ...]:
        return by_kind(self.twins, self.study.cases)

    @once
    def saliency(self) -> tuple[ClassSaliency, ...]:
        """The pointing game by class; empty for a study without maps or outlines."""
        return self._over_outlines(saliency)

    @once
    def evidence_share(self) -> tuple[ClassEvidence, ...]:
        """The share of evidence inside the outline by class; empty for a study without maps or outlines."""
        return self._over_outlines(evidence_share)

    def _over_outlines(self, measured: Callable[..., tuple[_T, ...]]) -> tuple[_T, ...]:
        seen = self._outlined
        if seen is None:
            return ()
        return measured(
            seen.maps,
            seen.outlines,
            reference=seen.reference,
            predicted=seen.predicted,
            classes=seen.classes,
            groups=seen.groups,
            level=self.level,
        )

    @once
    def _outlined(self) -> Outlined | None:
        gradcam, evaluated = self.study.gradcam, self.evaluated
        if gradcam is None:
            return None
        outlined, rows = _with_outline(evaluated, gradcam)
        reference = evaluated.reference[outlined]
        return Outlined(
            maps=gradcam.maps[rows, reference],
            outlines=gradcam.masks[rows],
            reference=reference,
            predicted=self.predicted[outlined],
            classes=self.study.classes.names,
            groups=self.groups[outlined],
        )

    @once
    def on_target(self) -> NDArray[np.int64]:
        """For each evaluated case, 1 if the evidence for the predicted class is strongest in the outline, 0 if not.

        It is -1 for a case without an outline or without evidence.
        """
        gradcam, evaluated = self.study.gradcam, self.evaluated
        on_target = np.full(evaluated.n, -1, dtype=np.int64)
        if gradcam is None:
            return on_target
        outlined, rows = _with_outline(evaluated, gradcam)
        maps = gradcam.maps[rows, self.predicted[outlined]]
        hits = pointing_game(maps, gradcam.masks[rows])
        evident = maps.max(axis=(1, 2), initial=0) > 0
        on_target[outlined[evident]] = hits[evident]
        return on_target

    @once
    def has_twin(self) -> NDArray[np.bool_]:
        """For each evaluated case, whether the model was fitted on a copy of it."""
        return is_one_of(self.evaluated.case_ids, [test for test, _, _ in self.twins])

    @once
    def confounding(self) -> tuple[Confounding, ...]:
        return confounding_of.confounding(self.table, negative=self.study.classes.negative)

    @once
    def claims(self) -> tuple[AuditedClaim, ...]:
        """The published claims with their verdicts; empty for a study without any."""
        if self.level != LEVEL:
            return replace(self, level=LEVEL).claims
        return () if self.study.claims is None else audit_claims(self.study.claims, ours=self._ours)

    @property
    def _ours(self) -> OurNumbers:
        """What a published record is compared with."""
        return our_numbers(
            self.performance,
            dataset=self.study.manifest.data.name,
            split=self.evaluated.split,
            types=self.types,
            errors=self.errors,
            folds=self.grouped.numbers,
            grouped=True,
            other_folds=self.ungrouped.numbers,
            aucs=self.aucs,
        )

    @once
    def findings(self) -> tuple[Finding, ...]:
        return find(
            classes=self.study.classes,
            dataset=self.dataset,
            leakage=self.leakage,
            matrix=self.performance.matrix,
            probabilities=self.evaluated.probabilities,
            case_ids=self.evaluated.case_ids.to_numpy(),
            reference=self.evaluated.reference,
            groups=self.groups,
            confounding=self.confounding,
            claims=self.claims,
            claimed_by="" if self.study.claims is None else self.study.claims.source.title,
            read_for=[read.model_sha256 for read in self.study.manifest.test_reads],
            ids=forms_of_ids(self.study.cases, split=self.evaluated.split),
            chance=worse_than_chance(self.performance.matrix, self.auc_of),
            tried=() if self.trial is None else self.trial.findings,
            without_looking=self.baselines,
            scanned=self.scanned,
        )

    @once
    def criteria(self) -> tuple[Criterion, ...]:
        """The acceptance criteria; where cases are shared with training, judged without these too."""
        if self.level != LEVEL:
            return replace(self, level=LEVEL).criteria
        leaks = any(finding.code == SHARED_GROUPS for finding in self.findings)
        asked = self.study.manifest.acceptance
        tried = self.tried_numbers if any(criterion.name in TRIED for criterion in asked) else {}
        unleaked = self._unleaked if leaks else ()
        return judge(asked, self.performance, unleaked=unleaked, tried=tried, by_subgroup=self._by_subgroup)

    @once
    def _on_folds(self) -> "Results":
        """The results on the cases of grouped cross-validation; these where there is none."""
        pooled = self._folds[True]
        return self if pooled is None else replace(self, evaluated=pooled)

    def _by_subgroup(self, criterion: Acceptance, basis: Basis) -> list[OfSubgroup]:
        """Return the performance in each subgroup that a criterion names."""
        whole = self._on_folds if basis == "folds" else self
        kept = np.ones(whole.evaluated.n, dtype=np.bool_)
        if basis == "new_to_the_model":
            known, reaches = self.compared
            kept = known & ~reaches
        missing = [name for name in criterion.columns if name not in column_names(self.study)]
        if missing:
            return [OfSubgroup(values=(), performance=None, reason=Reason("not_recorded"))]
        names, codes = crossed([whole.column(name) for name in criterion.columns])
        wanted = tuple(criterion.subgroup.values())
        chosen = range(len(names)) if criterion.each else [names.index(wanted)] if wanted in names else []
        return [
            OfSubgroup(values=names[place], performance=whole.performance_on(kept & (codes == place)))
            for place in chosen
            if (kept & (codes == place)).any()
        ] or [OfSubgroup(values=wanted, performance=None, reason=Reason("no_cases"))]

    @once
    def trial(self) -> TrialResults | None:
        """What the network says of changed scans; none for a study without a trial of these cases."""
        groups = codes_of(self.table["group_id"])
        return trial_results(self.study, self.evaluated, groups=groups, level=self.level)

    @once
    def tried_numbers(self) -> Mapping[str, Measure]:
        """By key, the numbers of the trial that a criterion may name; empty without a trial."""
        subjects = {} if self.trial is None else self.trial.subjects
        return {
            f"{name}.{metric.key}": number
            for name, subject in subjects.items()
            for metric, number in read(TRIED_METRICS, subject, place="criteria")
        }

    @once
    def baselines(self) -> Baselines | None:
        """What answers "any tumour?" without looking; none without a negative class or anything recorded.

        On the cases of grouped cross-validation in its folds where the study has it, else on these cases.
        """
        pooled, negative = self._folds[True] or self.evaluated, self.study.classes.negative
        if negative is None:
            return None
        place = self.study.classes.index(negative)
        return baselines_of(
            self.study.cases.iloc[pooled.rows],
            pooled.reference != place,
            groups=codes_of(self.table["group_id"])[pooled.rows],
            fold=pooled.predictions["fold"].to_numpy(dtype=np.int64) if pooled is not self.evaluated else None,
            called_tumour=predicted_class(pooled.probabilities) != place,
            tumour_score=any_tumour_score(pooled.probabilities, negative=place),
            seed=SEED,
            level=self.level,
        )

    @property
    def _unleaked(self) -> tuple[Unleaked, ...]:
        """The fold networks on all cases and this network on those that are new to it; neither replaces the other."""
        grouped = self.grouped
        if grouped.performance is None:
            return (self.unseen,)
        means = {number.name: number.mean for number in grouped.numbers}
        return Unleaked(basis="folds", performance=grouped.performance, means=means), self.unseen

    @once
    def outcomes(self) -> Outcomes:
        """What became of each evaluated case, as the rates of subgroups count it."""
        classes = self.study.classes
        return outcomes(self.evaluated.reference, self.predicted, classes=classes.names, negative=classes.negative)

    @once
    def _columns(self) -> dict[str, Column]:
        return {}

    def column(self, name: str) -> Column:
        """Return the levels of a recorded column. Raises ``InputError`` for another, naming those that there are."""
        held = self._columns
        if name not in held:
            held[name] = column(self.study, name, rows=self.evaluated.rows)
        return held[name]

    @once
    def subgroup_columns(self) -> tuple[str, ...]:
        """The columns whose subgroups are worth showing, those that a clinic asks for first in front."""
        return tuple(part.name for part in worth_showing([self.column(name) for name in column_names(self.study)]))

    @once
    def _subgroups(self) -> dict[tuple[str, ...], Subgroups]:
        return {}

    def subgroups(self, by: tuple[str, ...]) -> Subgroups:
        """Return the rates by the levels of a column, or of two columns crossed; kept once they are computed.

        Raises ``InputError`` for a column that the study does not record.
        """
        held = self._subgroups
        if by not in held:
            held[by] = subgroups(
                self.outcomes,
                [self.column(name) for name in by],
                groups=self.groups,
                patients=self.table["patient_id"].iloc[self.evaluated.rows],
                rng=np.random.default_rng(SEED),
                level=self.level,
            )
        return held[by]

    def subgroup_named(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
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

    def in_subgroup(self, name: str) -> NDArray[np.bool_]:
        """Return for each evaluated case (n,) whether it is in a subgroup; none is in one that there is not."""
        kept = np.ones(self.evaluated.n, dtype=np.bool_)
        for head, value in zip(*(self.subgroup_named(name) or ((), ())), strict=True):
            part = self.column(head)
            kept &= part.codes == part.levels.index(value)
        return kept

    @once
    def scanned(self) -> Scan:
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
            [self.column(name) for name in self.subgroup_columns],
            groups=self.groups,
            patients=self.table["patient_id"].iloc[self.evaluated.rows],
            limits=met,
            rng=np.random.default_rng(SEED),
            level=self.level,
        )

    def _key(self, metric: str) -> str | None:
        """Return the number of subgroups that a criterion names; none when it is not one of these."""
        subject, name = split_key(metric)
        key = f"{subject}.{name}"
        return key if key in self.outcomes.among else None

    def _lowest(self, key: str) -> float | None:
        """Return the lower bound of a number on all cases."""
        number = measure(key, self.performance)
        return None if number is None else number.headline.low

    @once
    def errors(self) -> Errors:
        thresholds = self.study.manifest.thresholds
        return rank_errors(
            self.evaluated.case_ids.to_numpy(),
            self.evaluated.reference,
            self.evaluated.probabilities,
            classes=self.study.classes.names,
            groups=self.groups,
            high=thresholds.high_confidence,
            review=thresholds.review,
            level=self.level,
        )

    @once
    def pairs(self) -> tuple[ConfusionPair, ...]:
        return confusion_pairs(self.performance.matrix, types=self.types, level=self.level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """One class against the others, or any tumour: what its numbers are read from."""

    rates: ClassPerformance
    results: Results

    @property
    def ratios(self) -> Ratios:
        return self.results.ratios[self.rates.name]

    @property
    def auc(self) -> Measure:
        return self.results.auc_of[self.rates.name]

    @property
    def average_precision(self) -> Measure:
        return self.results.curves[self.rates.name].average_precision


def _with_outline(evaluated: Evaluated, gradcam: GradCams) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the evaluated cases whose outline is known, and the row of each among the maps."""
    rows = positions(evaluated.case_ids, among=gradcam.case_ids.to_series())
    mapped = np.flatnonzero(rows >= 0)
    outlined = mapped[gradcam.has_mask[rows[mapped]]]
    return outlined, rows[outlined]


def results_of(study: Study, *, split: str = "test", level: float = LEVEL) -> Results:
    """Return the results on a split. Raises ``InputError`` for a split without predictions, naming what there is."""
    return Results(study=study, evaluated=evaluated(study, split), level=level)


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


def rows(judged: Performance) -> tuple[ClassPerformance, ...]:
    """Return the classes, any tumour first where the study asks for it."""
    return (*((judged.any_tumour,) if judged.any_tumour else ()), *judged.classes)
