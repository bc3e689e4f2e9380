"""Probabilities where fewer or more scans have it: recalibrated to another prevalence, and the threshold for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.decisions.threshold_choice import AtThreshold, at_threshold
from neuroval.data.exceptions import InputError

EVEN: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibrated:
    """A score and the probability that it means at the other prevalence."""

    score: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorShift:
    """What scores mean where ``prevalence`` of the scans have it, and not ``prevalence_here`` as in these cases.

    ``threshold`` is the score whose probability is even there, and ``result`` what calling from there on does; its PPV
    and NPV are those of these cases. ``scores`` are some scores with what they mean.
    """

    prevalence_here: float
    prevalence: float
    threshold: float
    result: AtThreshold
    scores: tuple[Recalibrated, ...]


def recalibrated(scores: NDArray[np.floating[Any]] | float, *, here: float, there: float) -> NDArray[np.float64]:
    """Return the probabilities (n,) that scores have where ``there`` of the scans have it, and not ``here``.

    The odds are multiplied by the ratio of the odds of both prevalences: p' = p r / (p r + 1 - p). That is right for
    scores that are calibrated on the cases here and when the scans of each class are alike in both places. Scores of 0
    and 1 stay what they are. Raises ``InputError`` for a prevalence outside (0, 1).

    Sources: Elkan, IJCAI 2001:973-978 (theorem 2); Saerens, Latinne & Decaestecker, Neural Comput 2002;14:21-41
    (equation 2.4); for images Godau et al., Med Image Anal 2025;102:103504.
    """
    ratio = math.exp(_shift(here, there))
    given = np.asarray(scores, dtype=np.float64)
    return np.asarray(given * ratio / (given * ratio + (1 - given)))


def score_for(probability: float, *, here: float, there: float) -> float:
    """Return the score that means ``probability``, above 0 and below 1, at the other prevalence."""
    return float(special.expit(special.logit(probability) - _shift(here, there)))


def prior_shift(
    positives: NDArray[np.bool_],
    scores: NDArray[np.floating[Any]],
    *,
    prevalence: float,
    marks: Sequence[float],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> PriorShift | None:
    """Return what scores mean at another prevalence and the threshold for it; none when all or no cases have it.

    ``positives`` (n,) says which cases have it, ``scores`` (n,) are their probabilities, ``marks`` are scores of
    interest, ``groups`` (n,) a group id per case. Raises ``InputError`` as ``at_threshold`` does and for a prevalence
    outside (0, 1).
    """
    here = float(positives.mean()) if len(positives) else 0.0
    if not 0 < here < 1:
        return None
    threshold = score_for(EVEN, here=here, there=prevalence)
    meant = recalibrated(np.array(marks), here=here, there=prevalence).tolist()
    return PriorShift(
        prevalence_here=here,
        prevalence=prevalence,
        threshold=threshold,
        result=at_threshold(positives, scores, threshold=threshold, groups=groups, level=level),
        scores=tuple(
            Recalibrated(score=float(score), probability=value) for score, value in zip(marks, meant, strict=True)
        ),
    )


def _shift(here: float, there: float) -> float:
    for prevalence in (here, there):
        if not 0 < prevalence < 1:
            raise InputError(f"prevalence: {prevalence} must be above 0 and below 1, for example 0.03.")
    return float(special.logit(there) - special.logit(here))
