"""Label suspects: cases whose out-of-fold prediction contradicts their label with confidence.

Confident learning (Northcutt, Jiang & Chuang, J Artif Intell Res 2021;70:1373-1411). It names cases to look at again;
it proves no label wrong. A class the model is bad at gives false suspects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.probabilities import Predictions, read_predictions
from neuroval.data.exceptions import InputError

METHOD: Final = Method("confident_learning")
NO_INTERVAL: Final = Reason("no_interval_known")
ROUNDING: Final = 1e-9  # a mean of equal probabilities may lie above them in the last digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A case whose label may be wrong, with the class suggested instead and the probabilities of both."""

    rank: int
    case_id: str
    label: str
    suggested: str
    self_confidence: float
    suggested_probability: float

    @property
    def margin(self) -> float:
        """How much more probable the suggested class is than the label; below 0 when it is less."""
        return self.suggested_probability - self.self_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNoise:
    """The threshold of a class (its cases' mean self-confidence) and the estimated share of its labels that are wrong.

    Both are values without interval, undefined when the class has no cases.
    """

    name: str
    threshold: Estimate
    wrong: Estimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suspects:
    """Suspects among ``n`` cases, ranked, and the counts they come from.

    ``confident_joint`` (k, k) counts confident cases, rows label, columns the class they are confidently in;
    read-only. ``agreeing`` cases off its diagonal are no suspects, because argmax is their label. ``wrong`` is the
    estimated share of wrong labels over all classes.
    """

    n: int
    cases: tuple[Suspect, ...]
    agreeing: int
    confident_joint: NDArray[np.int64]
    classes: tuple[LabelNoise, ...]
    wrong: Estimate


def label_suspects(
    case_ids: Sequence[str] | NDArray[Any],
    labels: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
) -> Suspects:
    """Return the label suspects, the largest normalised margin first, equal ones by case id.

    ``case_ids`` (n,), ``labels`` (n,) class indices, ``probabilities`` (n, k): out-of-fold, of networks that never saw
    the case or a copy of it; from any other the result means nothing. The threshold of a class is the mean
    probability that cases with its label give it. A case is confidently in the most probable of the classes whose
    threshold it reaches, and in none when it reaches no threshold. Suspects are confidently in another class than
    their label and their argmax is not the label either. They are ranked by normalised margin, the probability of
    the suggested class minus that of the label. The share of wrong labels of a class is the part of its row of the
    confident joint off the diagonal; over all classes these shares are weighted by cases. A class without cases has
    no threshold and is never suggested. Raises ``InputError`` as ``read_predictions`` does and for lengths that
    differ.

    Source: Northcutt, Jiang & Chuang, J Artif Intell Res 2021;70:1373-1411, section 3 (equations 1 to 3, confident
    joint and its off-diagonal cases; margin as in prune by noise rate).
    """
    given = read_predictions(labels, probabilities, classes=classes)
    if len(case_ids) != given.n:
        raise InputError(f"case ids: found {len(case_ids)} for {given.n} labels, expected one per case.")
    k, rows = given.k, np.arange(given.n)
    of_label = given.probabilities[rows, given.reference]
    size = np.bincount(given.reference, minlength=k)
    thresholds = np.full(k, np.inf)
    np.divide(np.bincount(given.reference, weights=of_label, minlength=k), size, out=thresholds, where=size > 0)
    reached = given.probabilities >= thresholds - ROUNDING
    confident = np.where(reached, given.probabilities, -1.0).argmax(axis=1)
    sure = reached.any(axis=1)
    joint = np.bincount(given.reference[sure] * k + confident[sure], minlength=k * k).reshape(k, k)
    joint.setflags(write=False)
    off_diagonal = sure & (confident != given.reference)
    suspected = off_diagonal & (given.predicted != given.reference)
    noise = tuple(
        _noise(name, joint[index], index=index, n=int(size[index]), threshold=float(thresholds[index]))
        for index, name in enumerate(classes)
    )
    return Suspects(
        n=given.n,
        cases=_ranked(case_ids, given, np.flatnonzero(suspected), confident, classes=classes),
        agreeing=int((off_diagonal & ~suspected).sum()),
        confident_joint=joint,
        classes=noise,
        wrong=_overall(noise, n=given.n),
    )


def _ranked(
    case_ids: Sequence[str] | NDArray[Any],
    given: Predictions,
    suspected: NDArray[np.intp],
    confident: NDArray[np.intp],
    *,
    classes: Sequence[str],
) -> tuple[Suspect, ...]:
    ids = np.asarray(case_ids)[suspected].astype(np.str_)
    label, suggested = given.reference[suspected], confident[suspected]
    of_label, other = given.probabilities[suspected, label], given.probabilities[suspected, suggested]
    order = np.lexsort((ids, of_label - other))
    columns = (ids, label, suggested, of_label, other)
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    return tuple(
        Suspect(
            rank=rank,
            case_id=case_id,
            label=classes[label],
            suggested=classes[instead],
            self_confidence=confidence,
            suggested_probability=probability,
        )
        for rank, (case_id, label, instead, confidence, probability) in enumerate(rows, start=1)
    )


def _noise(name: str, row: NDArray[np.int64], *, index: int, n: int, threshold: float) -> LabelNoise:
    if n == 0:
        undefined = Estimate.undefined(reason=Reason("no_cases_of", of=name), n=0)
        return LabelNoise(name=name, threshold=undefined, wrong=undefined)
    # The mean is not above all it is the mean of, so at least one case is confident and the row is not empty.
    share = 1 - int(row[index]) / int(row.sum())
    return LabelNoise(
        name=name,
        threshold=Estimate(value=threshold, method=Method("mean_self_confidence"), n=n, reason=Reason("a_setting")),
        wrong=Estimate(value=share, method=METHOD, n=n, reason=NO_INTERVAL),
    )


def _overall(noise: Sequence[LabelNoise], *, n: int) -> Estimate:
    if n == 0:
        return Estimate.undefined(reason=Reason("no_cases"), n=0)
    wrong = sum((rate.wrong.value or 0.0) * (rate.wrong.n or 0) for rate in noise)
    return Estimate(value=wrong / n, method=METHOD, n=n, reason=NO_INTERVAL)
