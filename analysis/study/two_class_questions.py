"""The two-class questions of a study, any tumour and each class against the rest, and what is asked of one."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.analysis.decisions.prior_shift import PriorShift, prior_shift
from neuroval.analysis.decisions.threshold_choice import AtThreshold, at_threshold
from neuroval.analysis.performance.per_class import ANY_TUMOUR, ClassPerformance, Performance
from neuroval.analysis.performance.prevalence import (
    NaturalFrequencies,
    PredictiveValues,
    natural_frequencies,
    predictive_values,
)
from neuroval.analysis.performance.roc import Curves, curves
from neuroval.data.study.evaluated_cases import Evaluated

SCANS: Final = 1000  # of the natural frequencies
DRAWN: Final = 49  # points of the curves over prevalence
STEPS: Final = (
    0.001,
    0.002,
    0.003,
    0.005,
    0.007,
    0.01,
    0.015,
    0.02,
    0.03,
    0.05,
    0.07,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
)
MARKS: Final = (0.5, 0.9, 0.99)  # scores whose meaning at another prevalence is said
RARE: Final = 0.01  # set beside the prevalence of the cases: data sets hold far more of what is looked for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Is it any tumour, or is it this class? Who has it (n,), the score (n,) it is ranked by, what argmax made of it.

    ``groups`` (n,) are those of the cases, ``other`` is what the rest is called in reasons, ``level`` is that of the
    intervals.
    """

    name: str
    other: str
    judged: ClassPerformance
    positives: NDArray[np.bool_]
    scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    level: float

    @property
    def prevalence(self) -> float | None:
        """The share of the evaluated cases that have it; none when all or none have."""
        n = len(self.positives)
        return self.judged.support / n if 0 < self.judged.support < n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPrevalence:
    """PPV and NPV at a prevalence, and what becomes of 1,000 scans; none without a prevalence."""

    prevalence: float | None
    ppv: Measure
    npv: Measure
    frequencies: NaturalFrequencies | None


def questions(
    evaluated: Evaluated, judged: Performance, *, negative: str | None, groups: NDArray[np.int64], level: float
) -> tuple[Question, ...]:
    """Return the questions that the cases ``evaluated`` can be asked, any tumour first where a class means none.

    ``groups`` (n,) are the groups of the cases as numbers.
    """
    asked = []
    if judged.any_tumour is not None and negative is not None:
        index = judged.matrix.classes.index(negative)
        asked.append(
            Question(
                name=ANY_TUMOUR,
                other=negative,
                judged=judged.any_tumour,
                positives=evaluated.reference != index,
                scores=any_tumour_score(evaluated.probabilities, negative=index),
                groups=groups,
                level=level,
            )
        )
    for index, rates in enumerate(judged.classes):
        positives, scores = evaluated.reference == index, evaluated.probabilities[:, index]
        asked.append(
            Question(
                name=rates.name,
                other="another class",
                judged=rates,
                positives=positives,
                scores=scores,
                groups=groups,
                level=level,
            )
        )
    return tuple(asked)


def at_prevalence(question: Question, prevalence: float | None) -> AtPrevalence:
    """Return PPV and NPV, by argmax, where ``prevalence`` of the scans have it; undefined without a prevalence.

    Where cases come in groups, sensitivity and specificity count with their effective number of cases.
    """
    if prevalence is None:
        nothing = Measure(plain=Estimate.undefined(reason=_one_sided(question), n=len(question.positives)))
        return AtPrevalence(prevalence=None, ppv=nothing, npv=nothing, frequencies=None)
    values = _values(question, prevalence)
    return AtPrevalence(
        prevalence=prevalence,
        ppv=values.ppv,
        npv=values.npv,
        frequencies=natural_frequencies(question.judged.counts, prevalence=prevalence, scans=SCANS),
    )


def shifted(question: Question, prevalence: float) -> PriorShift | None:
    """Return what the scores of a question mean where ``prevalence`` of the scans have it, and the threshold for it."""
    return prior_shift(
        question.positives,
        question.scores,
        prevalence=prevalence,
        marks=MARKS,
        groups=question.groups,
        level=question.level,
    )


def over_prevalences(question: Question) -> tuple[PredictiveValues, ...]:
    """Return PPV and NPV from the lowest prevalence that can be chosen to the highest; empty when one-sided."""
    if question.prevalence is None:
        return ()
    highest = max(STEPS[-1], question.prevalence)
    return tuple(_values(question, value) for value in np.geomspace(STEPS[0], highest, DRAWN).tolist())


def at(question: Question, threshold: float) -> AtThreshold:
    """Return what calling every case with a score at or above ``threshold`` does."""
    scores, groups, level = question.scores, question.groups, question.level
    return at_threshold(question.positives, scores, threshold=threshold, groups=groups, level=level)


def curves_of(question: Question) -> Curves:
    """Return the ROC and the precision-recall curve of a question, thinned for drawing."""
    return curves(
        question.positives,
        question.scores,
        groups=question.groups,
        name=question.name,
        other=question.other,
        level=question.level,
    )


def _one_sided(question: Question) -> Reason:
    return Reason("no_reference_cases", of=question.other if question.judged.support else question.name)


def _values(question: Question, prevalence: float) -> PredictiveValues:
    sensitivity, specificity = question.judged.sensitivity.clustered, question.judged.specificity.clustered
    return predictive_values(
        question.judged.counts,
        prevalence=prevalence,
        effective_positives=None if sensitivity is None else sensitivity.effective_n,
        effective_negatives=None if specificity is None else specificity.effective_n,
        level=question.level,
    )
