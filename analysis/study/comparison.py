"""Two studies on the cases they have in common: page and command line take their numbers from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.performance.auc_paired import AucDifference, paired_delong
from neuroval.analysis.performance.comparison import ComparedNumber, Comparison, compare, holm, net_benefit_difference
from neuroval.analysis.performance.non_inferiority import AgainstMargin, against_margin
from neuroval.analysis.performance.patients import ComparedPatients, compare_patients
from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.analysis.study.results import Results, StudyResults
from neuroval.data.exceptions import InputError
from neuroval.data.lazy import once
from neuroval.data.study.common_cases import Matched, matched
from neuroval.data.study.evaluated_cases import PREFERRED, Evaluated
from neuroval.data.study.folder import Study
from neuroval.data.study.listing import known_manifest
from neuroval.data.study.manifest import Manifest

ANY_TUMOUR_KEY: Final = "any_tumour"
NET_BENEFIT_AT: Final = (0.02, 0.05, 0.1, 0.2, 0.5)  # the low ones are those a clinic that must miss nothing acts on


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAuc:
    """The AUC of one question, any tumour or a class against the rest, of both models."""

    name: str
    areas: AucDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedNetBenefit:
    """How far the net benefit of the first model is above that of the second at a threshold on P(any tumour)."""

    threshold: float
    difference: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Discordant:
    """A case that one model calls rightly and the other wrongly; its id and both answers."""

    case_a: str
    case_b: str
    reference: str
    predicted_a: str
    predicted_b: str
    confidence_a: float
    confidence_b: float

    @property
    def a_is_right(self) -> bool:
        return self.predicted_a == self.reference

    @property
    def wrong_confidence(self) -> float:
        """The confidence of the model that is wrong."""
        return self.confidence_b if self.a_is_right else self.confidence_a


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWithTraining:
    """How many of the common cases share a patient or a copy with a study's training data, of those where known."""

    count: int
    known: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """What distinguishes the models of studies ``a`` and ``b``, each number computed when it is first asked for."""

    of_a: Results
    of_b: Results
    matched: Matched

    @property
    def a(self) -> Study:
        return self.of_a.study

    @property
    def b(self) -> Study:
        return self.of_b.study

    @property
    def basis(self) -> str:
        """What is judged of both: a split, or new patients, whom the networks of cross-validation call."""
        return self.of_a.basis

    @once
    def predicted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each model says, (n,), in the class order of ``a``; ties break as they do in each study."""
        of_b = np.argsort(self.matched.in_b)  # where each class of b stands in a
        called = predicted_class(self.matched.a.probabilities), predicted_class(self.matched.b.probabilities)
        return called[0], of_b[called[1]]

    @once
    def rates(self) -> Comparison:
        """Accuracy, and sensitivity and specificity of any tumour and of each class."""
        common = self.matched
        return compare(
            common.a.reference,
            *self.predicted,
            classes=common.classes.names,
            negative=common.classes.negative,
            groups=common.groups,
        )

    @property
    def accuracy(self) -> ComparedNumber:
        return self.rates.numbers[0]

    @once
    def aucs(self) -> tuple[ComparedAuc, ...]:
        """The AUC of any tumour, where a negative class is known, and of each class."""
        common = self.matched
        names, negative, reference = common.classes.names, common.classes.negative, common.a.reference
        scores_a, scores_b = common.a.probabilities, common.b.probabilities[:, common.in_b]
        questions = []  # key, what the two sides are called, the positive cases, both scores
        if negative is not None:
            index = names.index(negative)
            both = [any_tumour_score(scores, negative=index) for scores in (scores_a, scores_b)]
            questions.append((ANY_TUMOUR_KEY, ANY_TUMOUR, negative, reference != index, *both))
        for place, name in enumerate(names):
            questions.append((name, name, "another class", reference == place, scores_a[:, place], scores_b[:, place]))
        return tuple(
            ComparedAuc(
                name=f"{key}.auc",
                areas=paired_delong(positive, scores_a, scores_b, groups=common.groups, name=name, other=other),
            )
            for key, name, other, positive, scores_a, scores_b in questions
        )

    @once
    def by_patient(self) -> ComparedPatients:
        """Both models by patient. Ids are those of the first study, of the second where the first holds none."""
        common = self.matched
        ids = [side.study_cases["patient_id"].iloc[side.rows] for side in (common.a, common.b)]
        return compare_patients(
            common.a.reference,
            common.a.probabilities,
            common.b.probabilities[:, common.in_b],
            (ids[0] if ids[0].notna().any() else ids[1]).array,
            classes=common.classes.names,
            negative=common.classes.negative,
        )

    @once
    def net_benefit(self) -> tuple[ComparedNetBenefit, ...]:
        """How far the net benefit of the first model is above that of the second, of any tumour, at usual thresholds.

        Empty without a negative class and where the common cases are all of one kind.
        """
        common = self.matched
        if common.classes.negative is None:
            return ()
        index = common.classes.names.index(common.classes.negative)
        positives = common.a.reference != index
        if positives.all() or not positives.any():
            return ()
        scores = [
            any_tumour_score(probabilities, negative=index)
            for probabilities in (common.a.probabilities, common.b.probabilities[:, common.in_b])
        ]
        compared = []
        for threshold in NET_BENEFIT_AT:
            called = ((side >= threshold).astype(np.int64) for side in scores)
            names = ("none", ANY_TUMOUR)
            rates = compare(
                positives.astype(np.int64), *called, classes=names, negative="none", groups=common.groups
            ).numbers
            both = {number.name: number.difference for number in rates}
            compared.append(
                ComparedNetBenefit(
                    threshold=threshold,
                    difference=net_benefit_difference(
                        both["any_tumour.sensitivity"],
                        both["any_tumour.specificity"],
                        prevalence=float(positives.mean()),
                        threshold=threshold,
                    ),
                )
            )
        return tuple(compared)

    @property
    def margin(self) -> float:
        """By how much a rate may be lower and still not be inferior, as fixed in the studies; the stricter of two.

        It is 0 where neither study fixes one.
        """
        fixed = [study.manifest.thresholds.non_inferiority_margin for study in (self.a, self.b)]
        return min((margin for margin in fixed if margin), default=0.0)

    @once
    def against_margin(self) -> tuple[AgainstMargin, ...]:
        """Each distinct rate against the margin; empty where none is fixed."""
        if not self.margin:
            return ()
        judged = (against_margin(number, margin=self.margin) for number in self.distinct[0])
        return tuple(number for number in judged if number is not None)

    @property
    def distinct(self) -> tuple[tuple[ComparedNumber, ...], tuple[ComparedAuc, ...]]:
        """Rates and AUCs without those of the negative class: any tumour asks the same the other way round."""
        negative = self.matched.classes.negative
        binary = (
            ()
            if negative is None
            else tuple(f"{negative}.{number}" for number in ("sensitivity", "specificity", "auc"))
        )
        rates = tuple(number for number in self.rates.numbers if number.name not in binary)
        return rates, tuple(auc for auc in self.aucs if auc.name not in binary)

    @once
    def holm(self) -> Mapping[str, float]:
        """By name, Holm's adjusted p-value of each distinct question that has a p-value, of rates and AUCs together."""
        rates, aucs = self.distinct
        raw = {number.name: number.p_value for number in rates}
        raw |= {area.name: area.areas.headline_p_value.value for area in aucs}
        known = {name: p for name, p in raw.items() if p is not None}
        return dict(zip(known, holm(list(known.values())), strict=True))

    @property
    def tests(self) -> int:
        """How many distinct questions have a p-value."""
        rates, aucs = self.distinct
        return sum(rate.test is not None for rate in rates) + sum(auc.areas.headline_p_value.defined for auc in aucs)

    @once
    def only_a(self) -> tuple[Discordant, ...]:
        """The cases that only the first model calls rightly, those first that the other is surest of."""
        return self._discordant(a_is_right=True)

    @once
    def only_b(self) -> tuple[Discordant, ...]:
        """The cases that only the second model calls rightly, those first that the other is surest of."""
        return self._discordant(a_is_right=False)

    def _discordant(self, *, a_is_right: bool) -> tuple[Discordant, ...]:
        common, names = self.matched, self.matched.classes.names
        reference, (called_a, called_b) = common.a.reference, self.predicted
        right, wrong = (called_a, called_b) if a_is_right else (called_b, called_a)
        rows = np.flatnonzero((right == reference) & (wrong != reference))
        ids_a, ids_b = (side.case_ids.to_numpy()[rows] for side in (common.a, common.b))
        sure_a, sure_b = (side.probabilities[rows].max(axis=1, initial=0.0) for side in (common.a, common.b))
        cases = [
            Discordant(
                case_a=str(ids_a[place]),
                case_b=str(ids_b[place]),
                reference=names[int(reference[row])],
                predicted_a=names[int(called_a[row])],
                predicted_b=names[int(called_b[row])],
                confidence_a=float(sure_a[place]),
                confidence_b=float(sure_b[place]),
            )
            for place, row in enumerate(rows)
        ]
        return tuple(sorted(cases, key=lambda case: (-case.wrong_confidence, case.case_a)))

    @once
    def shared(self) -> tuple[SharedWithTraining, SharedWithTraining]:
        """What the common cases share with the training data of each study."""
        first, second = (
            SharedWithTraining(count=int(reaches.sum()), known=int(known.sum())) for known, reaches in self._seen
        )
        return first, second

    @property
    def seen_by_both(self) -> int:
        """How many of the common cases share a patient or a copy with the training data of both studies."""
        (_, of_a), (_, of_b) = self._seen
        return int((of_a & of_b).sum())

    @once
    def _seen(self) -> tuple[tuple[NDArray[np.bool_], NDArray[np.bool_]], ...]:
        """By study, for each common case whether it can be compared with training, and whether it is shared."""
        return _in_common(self.of_a, self.matched.a), _in_common(self.of_b, self.matched.b)


def _in_common(judged: Results, common: Evaluated) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return ``compared`` of the common cases, in their order."""
    place = np.empty(len(common.study_cases), dtype=np.int64)
    place[judged.evaluated.rows] = np.arange(judged.evaluated.n)
    known, reaches = judged.compared
    return known[place[common.rows]], reaches[place[common.rows]]


def comparisons(a: StudyResults, b: StudyResults, *, basis: str | None = None) -> Comparisons:
    """Return two studies compared on a basis, by default the one that the first opens with, or the second.

    Where one of them does not have it, it is the first of test, external and tuning that both have. Raises
    ``InputError`` as ``matched`` does, and for a basis that a study does not have.
    """
    name = basis or _common_basis(a, b)
    of_a, of_b = a.on(name), b.on(name)
    return Comparisons(of_a=of_a, of_b=of_b, matched=matched(a.study, b.study, judged=(of_a.evaluated, of_b.evaluated)))


def comparable(study: Study, folders: Mapping[str, Path]) -> dict[str, Manifest]:
    """Return by name the other studies of the same classes that can be read, those of the same data set first."""
    manifests: dict[str, Manifest] = {}
    for name, path in folders.items():
        if path == study.path:
            continue
        try:
            manifest = known_manifest(path)
        except InputError:  # the sidebar says of it that it cannot be opened
            continue
        if set(manifest.classes.names) == set(study.classes.names):
            manifests[name] = manifest
    data = study.manifest.data.name
    return dict(sorted(manifests.items(), key=lambda item: item[1].data.name != data))


def _common_basis(a: StudyResults, b: StudyResults) -> str:
    wanted = (a.default_basis, b.default_basis, *PREFERRED)
    return next((basis for basis in wanted if basis in a.bases and basis in b.bases), a.default_basis)
