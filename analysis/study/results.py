"""Every result about the judged cases of a study: pages, report, API and command line take their numbers from here.

What is judged is one choice, the basis: new patients (the grouped folds), or a split.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.calibration.referral import Referral, refer_below
from neuroval.analysis.claims.against_study import OurNumbers, our_numbers
from neuroval.analysis.claims.audit import AuditedClaim, audit_claims
from neuroval.analysis.core.clusters import GroupTypes, group_types
from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import TwoByTwo, predicted_class
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.metrics import TRIED as TRIED_METRICS
from neuroval.analysis.core.metrics import read
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.data_audit.against_chance import worse_than_chance
from neuroval.analysis.data_audit.id_forms import forms_of_ids
from neuroval.analysis.data_audit.training_overlap import (
    SHARED_GROUPS,
    comparable,
    compared_with_training,
)
from neuroval.analysis.decisions.acceptance import Basis, Criterion, OfSubgroup, OnBasis, judge
from neuroval.analysis.explanations.outlined_evidence import ClassEvidence, evidence_share
from neuroval.analysis.explanations.pointing import ClassSaliency, pointing_game, saliency
from neuroval.analysis.performance.class_auc import ClassAucs, class_aucs
from neuroval.analysis.performance.error_pairs import ConfusionPair, confusion_pairs
from neuroval.analysis.performance.imperfect_reference import ImperfectReference, nothing_known, ranges
from neuroval.analysis.performance.likelihood_ratios import Ratios, ratios
from neuroval.analysis.performance.no_result import NoResult
from neuroval.analysis.performance.patients import Patients, per_patient
from neuroval.analysis.performance.per_class import ANY_TUMOUR, ClassPerformance, Performance
from neuroval.analysis.performance.ranked_errors import Errors, rank_errors
from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.study.basis import bases, default_basis
from neuroval.analysis.study.confidence_and_decisions import Confidence, Decisions, confidence_of, decisions_of
from neuroval.analysis.study.findings import find
from neuroval.analysis.study.no_result import WithNoResult, cases_with_no_result
from neuroval.analysis.study.split_audit import SplitAudit
from neuroval.analysis.study.subgroups import StudySubgroups
from neuroval.analysis.study.trial import TrialResults, trial_results
from neuroval.analysis.study.two_class_questions import Question, curves_of, questions
from neuroval.analysis.study.whole_study import LEVEL as LEVEL
from neuroval.analysis.study.whole_study import SEED, WholeStudy, performance_of
from neuroval.data.exceptions import InputError
from neuroval.data.lazy import once
from neuroval.data.schema import SPLITS
from neuroval.data.storage.arrow_text import is_one_of, positions
from neuroval.data.study.criteria import TRIED, Acceptance
from neuroval.data.study.evaluated_cases import (
    NEW_PATIENTS,
    Evaluated,
    evaluated,
    evaluated_splits,
    preferred_split,
)
from neuroval.data.study.folder import Study
from neuroval.data.study.gradcam import GradCams

_T = TypeVar("_T")


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
class StudyResults:
    """The results of a study on each basis that it has; what rests on all its cases is computed once for all of them.

    ``level`` is that of every interval but those of criteria and claims: another level does not change a verdict.
    """

    study: Study
    level: float = LEVEL
    _made: dict[str, "Results"] = field(default_factory=dict)

    @once
    def whole(self) -> WholeStudy:
        return WholeStudy(study=self.study, level=self.level)

    @once
    def at_usual_level(self) -> "StudyResults":
        """The results at the usual level, on which criteria and claims are judged."""
        return StudyResults(study=self.study)

    @once
    def bases(self) -> Mapping[str, int]:
        """The number of cases of each basis that the study has, in the order in which they are offered."""
        new = self.whole.new_patients
        return bases(0 if new is None else new.n, evaluated_splits(self.study))

    @once
    def default_basis(self) -> str:
        """What is judged unless the reader chooses: see ``basis.default_basis``."""
        shared = NEW_PATIENTS in self.bases and bool(self.on(preferred_split(self.study)).audit.compared[1].any())
        return default_basis(self.bases, shared=shared)

    def on(self, basis: str | None = None) -> "Results":
        """Return the results on a basis, by default ``default_basis``; the same each time.

        Raises ``InputError`` for a basis that the study does not have, naming those that it has.
        """
        name = basis or self.default_basis
        if name not in self._made:
            new = self.whole.new_patients if name == NEW_PATIENTS else None
            if new is None and name not in self.bases:
                known = ", ".join(f"{held} ({n:,} cases)" for held, n in self.bases.items())
                study = self.study.manifest.about.name
                raise InputError(f"{study}: basis {name!r} has no predictions; evaluated are: {known}.")
            judged = evaluated(self.study, name) if new is None else new
            self._made.setdefault(name, Results(of_study=self, evaluated=judged))
        return self._made[name]


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """The results on the cases ``evaluated`` of a study, each computed when it is first asked for."""

    of_study: StudyResults
    evaluated: Evaluated

    @property
    def study(self) -> Study:
        return self.of_study.study

    @property
    def level(self) -> float:
        return self.of_study.level

    @property
    def whole(self) -> WholeStudy:
        return self.of_study.whole

    @property
    def basis(self) -> str:
        return self.evaluated.basis

    @property
    def published(self) -> "Results":
        """The results of the network itself: these, unless they are of the networks of cross-validation."""
        return self.of_study.on(preferred_split(self.study)) if self.basis == NEW_PATIENTS else self

    @once
    def audit(self) -> SplitAudit:
        """What the split shares with training; for new patients, the published split."""
        if self.published is not self:
            return self.published.audit
        return SplitAudit(whole=self.whole, evaluated=self.evaluated, performance_on=self.performance_on)

    @once
    def predicted(self) -> NDArray[np.int64]:
        """The predicted class of each evaluated case."""
        return predicted_class(self.evaluated.probabilities)

    @once
    def performance(self) -> Performance:
        pooled = self.whole.grouped.performance
        if self.basis == NEW_PATIENTS and pooled is not None:
            return pooled
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
        return codes_of(self.whole.table["group_id"].array[self.evaluated.rows])

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
        return {
            name: ratios(counts, types=self.types, positive=positive, name=name, level=self.level)
            for name, (counts, positive) in self._sides.items()
        }

    @once
    def imperfect_reference(self) -> Mapping[str, ImperfectReference]:
        """By name, what sensitivity and specificity may be with as many wrong labels as cross-validation suspects."""
        suspects = self.whole.suspects
        if suspects is None:
            reason = self.whole.grouped.reason or Reason("not_known")
            return {name: nothing_known(name, reason) for name in self._sides}
        return ranges(self._sides, suspects.confident_joint, np.array(self.performance.matrix.support))

    @property
    def _sides(self) -> dict[str, tuple[TwoByTwo, NDArray[np.bool_]]]:
        """By name, the counts of each class and of any tumour, and which classes (k,) the question is after."""
        names, negative = np.array(self.study.classes.names), self.study.classes.negative
        sides = {rates.name: (rates.counts, names == rates.name) for rates in self.performance.classes}
        if self.performance.any_tumour is not None:
            sides[ANY_TUMOUR] = (self.performance.any_tumour.counts, names != negative)
        return sides

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
        """The tuning cases that the judged network calls; none when these are the evaluated ones, or there are none.

        The networks of cross-validation have called none: what is chosen on the tuning cases is not theirs.
        """
        if self.basis in ("tuning", NEW_PATIENTS) or "tuning" not in evaluated_splits(self.study):
            return None
        return evaluated(self.study, "tuning")

    @once
    def on_tuning(self) -> Estimate | None:
        """The share of tuning cases that the model calls rightly; none as for ``tuning``."""
        if self.tuning is None:
            return None
        right = predicted_class(self.tuning.probabilities) == self.tuning.reference
        return share_of(right, groups=self._tuning_groups, level=self.level).headline

    @once
    def tuning_shared(self) -> int | None:
        """How many tuning cases with a prediction share a group with a training case; none when it is not known."""
        if self.tuning is None:
            return 0
        known, reaches = (rows[self.tuning.rows] for rows in compared_with_training(self.whole.table, split="tuning"))
        return int(reaches.sum()) if known.all() else None

    @once
    def confidence(self) -> Confidence:
        rng = np.random.default_rng(SEED)
        manifest, groups = self.study.manifest, self.groups
        return confidence_of(self.evaluated, self.tuning, manifest, groups=groups, rng=rng, level=self.level)

    def referral_below(self, threshold: float) -> Referral:
        """Return what it does to send every scan with a confidence below ``threshold`` to an expert."""
        classes = self.study.classes
        return refer_below(
            self.evaluated.reference,
            self.evaluated.probabilities,
            threshold=threshold,
            classes=classes.names,
            negative=classes.negative,
            groups=self.groups,
            level=self.level,
        )

    @once
    def decisions(self) -> Decisions:
        manifest, groups = self.study.manifest, self.groups
        return decisions_of(
            self.evaluated,
            self.tuning,
            manifest,
            groups=groups,
            tuning_groups=self._tuning_groups,
            level=self.level,
        )

    @property
    def _tuning_groups(self) -> NDArray[np.int64] | None:
        """The group of each tuning case as a number; none without these."""
        return None if self.tuning is None else codes_of(self.whole.table["group_id"])[self.tuning.rows]

    @once
    def compared(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """For each evaluated case, whether it can be compared with training, and whether it shares a group with it."""
        if self.basis == NEW_PATIENTS:  # none is shared: see ``WholeStudy.new_patients``
            known, nothing = comparable(self.whole.table, against=SPLITS), np.zeros(self.evaluated.n, dtype=np.bool_)
            return known[self.evaluated.rows], nothing
        return self.audit.compared

    @property
    def maps(self) -> GradCams | None:
        """The Grad-CAM maps of the networks that judged these cases; none where they are not kept."""
        return self.study.gradcam_folds if self.basis == NEW_PATIENTS else self.study.gradcam

    @property
    def mapped(self) -> "Results":
        """The results on the cases whose maps are kept: these, or those of the network itself."""
        return self if self.maps is not None else self.published

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
        gradcam, evaluated = self.maps, self.evaluated
        if gradcam is None:
            return None
        outlined, rows = _with_outline(evaluated, gradcam)
        if gradcam.given is not None:
            given = gradcam.given[rows, evaluated.reference[outlined]]
            outlined, rows = outlined[given], rows[given]
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
        gradcam, evaluated = self.maps, self.evaluated
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
        """For each evaluated case, whether the network that judged it was fitted on a copy of it."""
        if self.basis == NEW_PATIENTS:
            return np.zeros(self.evaluated.n, dtype=np.bool_)
        return is_one_of(self.evaluated.case_ids, [test for test, _, _ in self.audit.twins])

    @once
    def claims(self) -> tuple[AuditedClaim, ...]:
        """The published claims with their verdicts, about the network itself; empty for a study without any."""
        if self.published is not self:
            return self.published.claims
        if self.level != LEVEL:
            return self._at_usual_level.claims
        return () if self.study.claims is None else audit_claims(self.study.claims, ours=self._ours)

    @property
    def _at_usual_level(self) -> "Results":
        return self.of_study.at_usual_level.on(self.basis)

    @property
    def _ours(self) -> OurNumbers:
        """What a published record is compared with."""
        return our_numbers(
            self.performance,
            dataset=self.study.manifest.data.name,
            split=self.basis,
            types=self.types,
            errors=self.errors,
            folds=self.whole.grouped.numbers,
            grouped=True,
            other_folds=self.whole.ungrouped.numbers,
            aucs=self.aucs,
        )

    @once
    def findings(self) -> tuple[Finding, ...]:
        return find(
            classes=self.study.classes,
            dataset=self.whole.dataset,
            leakage=self.audit.leakage,
            matrix=self.performance.matrix,
            probabilities=self.evaluated.probabilities,
            case_ids=self.evaluated.case_ids.to_numpy(),
            reference=self.evaluated.reference,
            groups=self.groups,
            confounding=self.whole.confounding,
            claims=self.claims,
            claimed_by="" if self.study.claims is None else self.study.claims.source.title,
            read_for=[read.model_sha256 for read in self.study.manifest.test_reads],
            ids=forms_of_ids(self.study.cases, split=self.audit.split),
            basis=self.basis,
            chance=worse_than_chance(self.performance.matrix, self.auc_of),
            tried=() if self.trial is None else self.trial.findings,
            without_looking=self.whole.baselines,
            scanned=self.subgroups.worse,
            no_result=self.no_result,
        )

    @once
    def with_no_result(self) -> WithNoResult | None:
        """The evaluated cases and those that the network itself gave no result for; none where it gave one for all."""
        if self.study.no_result is None:
            return None
        if self.published is not self:
            return self.published.with_no_result
        return cases_with_no_result(self.whole, self.evaluated, self.predicted)

    @property
    def no_result(self) -> NoResult | None:
        """How many cases have no result, and the rates with them; none where all have one."""
        return None if self.with_no_result is None else self.with_no_result.numbers

    @once
    def criteria(self) -> tuple[Criterion, ...]:
        """The acceptance criteria; where cases are shared with training, judged without these too."""
        if self.level != LEVEL:
            return self._at_usual_level.criteria
        leaks = any(finding.code == SHARED_GROUPS for finding in self.findings)
        asked = self.study.manifest.acceptance
        tried = self.tried_numbers if any(criterion.name in TRIED for criterion in asked) else {}
        judged, unleaked = OnBasis(basis="all", performance=self.performance), self._unleaked if leaks else ()
        if self.basis == NEW_PATIENTS:
            judged, unleaked = self._over_folds, (self.audit.unseen,)
        complete = judge(asked, judged, unleaked=unleaked, tried=tried, by_subgroup=self._by_subgroup)
        with_them = self.with_no_result
        if with_them is None:
            return complete
        return with_them.criteria(complete, judged, unleaked=unleaked, by_subgroup=self._by_subgroup)

    def _by_subgroup(self, criterion: Acceptance, basis: Basis) -> list[OfSubgroup]:
        """Return the performance in each subgroup that a criterion names."""
        judged = self.of_study.on(NEW_PATIENTS) if basis == "folds" else self.published
        kept = np.ones(judged.evaluated.n, dtype=np.bool_)
        if basis == "new_to_the_model":
            known, reaches = judged.compared
            kept = known & ~reaches
        return judged.subgroups.judged(criterion, kept, performance_on=judged.performance_on)

    @once
    def trial(self) -> TrialResults | None:
        """What the network itself says of changed scans; none for a study without a trial of its cases."""
        if self.published is not self:
            return self.published.trial
        groups = codes_of(self.whole.table["group_id"])
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

    @property
    def _unleaked(self) -> tuple[OnBasis, ...]:
        """The fold networks on all cases and this network on those that are new to it; neither replaces the other."""
        if self.whole.grouped.performance is None:
            return (self.audit.unseen,)
        return self._over_folds, self.audit.unseen

    @property
    def _over_folds(self) -> OnBasis:
        grouped = self.whole.grouped
        means = {number.name: number.mean for number in grouped.numbers}
        return OnBasis(basis="folds", performance=grouped.performance, reason=grouped.reason, means=means)

    @once
    def subgroups(self) -> StudySubgroups:
        """The evaluated cases by what is recorded of them."""
        return StudySubgroups(
            study=self.study,
            evaluated=self.evaluated,
            predicted=self.predicted,
            groups=self.groups,
            patients=self.whole.table["patient_id"].iloc[self.evaluated.rows],
            performance=self.performance,
            level=self.level,
        )

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


def results_of(study: Study, *, basis: str | None = None, level: float = LEVEL) -> Results:
    """Return the results on a basis, by default that of the study.

    Raises ``InputError`` for a basis without predictions, naming what there is.
    """
    return StudyResults(study=study, level=level).on(basis)


def rows(judged: Performance) -> tuple[ClassPerformance, ...]:
    """Return the classes, any tumour first where the study asks for it."""
    return (*((judged.any_tumour,) if judged.any_tumour else ()), *judged.classes)
