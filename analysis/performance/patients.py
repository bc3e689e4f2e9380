"""The classifier judged by patient instead of by slice: three ways to turn a patient's slices into one answer.

Patients are independent of each other, so every interval is a plain one, with n patients. Everything rests on argmax.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import ConfusionMatrix, TwoByTwo, confusion_matrix, predicted_class
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.probabilities import read_predictions
from neuroval.analysis.core.proportions import RateMethod, proportion
from neuroval.analysis.performance.comparison import ComparedNumber, PairedCounts, mcnemar, paired_difference
from neuroval.data.exceptions import InputError

Rule = Literal["any_slice", "majority", "mean_probability"]

NO_PATIENT: Final = Reason("no_patient_ids")

_Rate = Callable[[int, int, Reason], Measure]  # count, n, and why there is none without patients


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTumour:
    """Any tumour by patient, under one ``rule``; ``ties`` patients were decided by the rule for ties.

    - ``any_slice``: a tumour when any slice is called one. No ties.
    - ``majority``: a tumour when at least half of the slices are called one; exactly half is a tie, called a tumour.
    - ``mean_probability``: a tumour when the largest mean probability over slices is not the negative class's; of
      equal ones the class of the lower index counts.
    """

    rule: Rule
    counts: TwoByTwo
    sensitivity: Measure
    specificity: Measure
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientClass:
    """The class by patient, under one ``rule``: most slices, or largest mean probability.

    ``ties`` patients had two classes with as many slices, or with the same mean; the lower index counts.
    """

    rule: Rule
    matrix: ConfusionMatrix
    accuracy: Measure
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patients:
    """Results on ``n`` patients with ``slices`` slices in all.

    ``mixed`` names the patients who have no single reference class and are left out of ``classes``, ``mixed_slices``
    is how many slices that are; ``without_id`` slices are left out because their patient is not known. ``tumour`` is
    of all ``n`` patients, and empty without a negative class.
    """

    n: int
    slices: int
    without_id: int
    mixed: tuple[str, ...]
    mixed_slices: int
    tumour: tuple[PatientTumour, ...]
    classes: tuple[PatientClass, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPatients:
    """Two models on the same ``n`` patients; ``without_id`` slices are left out because their patient is not known.

    The names of ``numbers`` are ``<rule>.sensitivity`` and ``<rule>.specificity`` of any tumour, where there is a
    negative class, and ``<rule>.accuracy`` of the class, which leaves out the ``mixed`` patients.
    """

    n: int
    without_id: int
    mixed: int
    numbers: tuple[ComparedNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """By patient: reference class (p,), -1 for several; slices called each class and summed probabilities (p, k).

    Several tumour classes are a tumour all the same: -1 is not the negative class.
    """

    reference: NDArray[np.int64]
    votes: NDArray[np.int64]
    sums: NDArray[np.float64]


def per_patient(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    patients: NDArray[Any] | pd.Series,
    *,
    classes: Sequence[str],
    negative: str | None,
    method: RateMethod = "wilson",
    level: float = 0.95,
) -> Patients:
    """Return any tumour, and the class, judged by patient under each rule.

    ``reference`` (n,) are class indices, ``probabilities`` (n, k), ``patients`` (n,) a patient id per slice, missing
    where it is not known.

    The reference of a patient whose slices have several classes: a patient has a tumour when any slice shows one, and
    the class of the tumour is that of the slices which do; slices without a tumour say nothing against it. A patient
    with tumours of several classes, or without a negative class with slices of several, has no single class: for the
    class such a patient is counted and left out. A rate without patients behind it is undefined, with the reason. By
    the majority, and by the mean, a tumour on few of a patient's slices can be outvoted even where every slice is
    called rightly. Raises ``InputError`` as ``read_predictions`` does and
    for lengths that differ.

    Source of the rules: Kittler, Hatef, Duin & Matas, IEEE Trans Pattern Anal Mach Intell 1998;20:226-239 (majority
    vote and sum rule).
    """
    cases = read_predictions(reference, probabilities, classes=classes, negative=negative)
    if len(patients) != cases.n:
        raise InputError(f"patients: found {len(patients)} ids for {cases.n} cases, expected one per case.")
    codes, ids = pd.factorize(patients)
    known = codes >= 0
    slices = cases.reference[known], cases.probabilities[known], cases.predicted[known]
    judged = _by_patient(codes[known], *slices, negative=cases.negative)
    mixed = judged.reference < 0
    of_one = _Judged(reference=judged.reference[~mixed], votes=judged.votes[~mixed], sums=judged.sums[~mixed])

    def rate(count: int, n: int, reason: Reason) -> Measure:
        if n == 0:
            return Measure(plain=Estimate.undefined(reason=reason if known.any() else NO_PATIENT, n=0))
        return Measure(plain=proportion(count, n, method=method, level=level))

    tumour: tuple[PatientTumour, ...] = ()
    if cases.negative is not None:
        index = cases.negative
        tumour = tuple(_tumour(judged, rule, negative=index, rate=rate) for rule in get_args(Rule))
    return Patients(
        n=len(judged.reference),
        slices=int(judged.votes.sum()),
        without_id=int((~known).sum()),
        mixed=tuple(sorted(str(name) for name in ids[mixed])),
        mixed_slices=int(judged.votes[mixed].sum()),
        tumour=tumour,
        classes=tuple(_class(of_one, rule, classes=classes, rate=rate) for rule in get_args(Rule)[1:]),
    )


def compare_patients(
    reference: NDArray[np.integer[Any]],
    probabilities_a: NDArray[np.floating[Any]],
    probabilities_b: NDArray[np.floating[Any]],
    patients: NDArray[Any] | pd.Series,
    *,
    classes: Sequence[str],
    negative: str | None,
    level: float = 0.95,
) -> ComparedPatients:
    """Return two models compared by patient: each rule of ``per_patient`` turns both models' slices into one answer.

    Arguments, the reference of a patient and what is raised are as for ``per_patient``; both sets of probabilities are
    (n, k) in the order of ``classes``. A patient counts once, so differences carry Newcombe's paired interval and
    McNemar's test is exact, without any adjustment for groups. A number without patients behind it is undefined, with
    the reason.

    Sources: Newcombe, Stat Med 1998;17:2635-2650, method 10; McNemar, Psychometrika 1947;12:153-157.
    """
    both = [
        read_predictions(reference, probabilities, classes=classes, negative=negative)
        for probabilities in (probabilities_a, probabilities_b)
    ]
    if len(patients) != len(reference):
        raise InputError(f"patients: found {len(patients)} ids for {len(reference)} cases, expected one per case.")
    codes, _ = pd.factorize(patients)
    known = codes >= 0
    a, b = (
        _by_patient(
            codes[known],
            cases.reference[known],
            cases.probabilities[known],
            cases.predicted[known],
            negative=cases.negative,
        )
        for cases in both
    )
    numbers = []
    index = both[0].negative
    if index is not None:
        has = a.reference != index
        for rule in get_args(Rule):
            called_a, called_b = (_called_tumour(judged, rule, negative=index)[0] for judged in (a, b))
            for name, among, right_a, right_b, missing in (
                ("sensitivity", has, called_a, called_b, Reason("no_patient_with_tumour")),
                ("specificity", ~has, ~called_a, ~called_b, Reason("no_patient_without_tumour")),
            ):
                number = _paired(f"{rule}.{name}", right_a[among], right_b[among], missing=missing, level=level)
                numbers.append(number)
    single = a.reference >= 0
    for rule in get_args(Rule)[1:]:
        right_a, right_b = (_called_class(judged, rule) == a.reference for judged in (a, b))
        missing = Reason("no_patient_of_one_class")
        numbers.append(_paired(f"{rule}.accuracy", right_a[single], right_b[single], missing=missing, level=level))
    return ComparedPatients(
        n=len(a.reference), without_id=int((~known).sum()), mixed=int((~single).sum()), numbers=tuple(numbers)
    )


def _paired(
    name: str, right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], *, missing: Reason, level: float
) -> ComparedNumber:
    both, only_a, only_b = (int(part.sum()) for part in (right_a & right_b, right_a & ~right_b, right_b & ~right_a))
    counts = PairedCounts(both=both, only_a=only_a, only_b=only_b, neither=len(right_a) - both - only_a - only_b)
    if counts.n == 0:
        nothing = Measure(plain=Estimate.undefined(reason=missing, n=0))
        return ComparedNumber(name=name, counts=counts, a=nothing, b=nothing, difference=nothing, test=None)
    return ComparedNumber(
        name=name,
        counts=counts,
        a=Measure(plain=proportion(int(right_a.sum()), counts.n, level=level)),
        b=Measure(plain=proportion(int(right_b.sum()), counts.n, level=level)),
        difference=Measure(plain=paired_difference(counts, level=level)),
        test=mcnemar(only_a, only_b),
    )


def _by_patient(
    codes: NDArray[np.intp],
    reference: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    predicted: NDArray[np.int64],
    *,
    negative: int | None,
) -> _Judged:
    k = probabilities.shape[1]
    if len(codes) == 0:
        return _Judged(reference=reference, votes=np.zeros((0, k), dtype=np.int64), sums=probabilities)
    n = int(codes.max()) + 1
    votes = np.bincount(codes * k + predicted, minlength=n * k).reshape(n, k)
    # Sums of floats depend on their order in the last digit, and a tie may hang on it: within a patient, add in the
    # order of a number made from the bits of the probabilities, not in that of the slices.
    bits = np.ascontiguousarray(probabilities).view(np.uint64)
    number = bits @ np.random.default_rng(0).integers(2**64, size=k, dtype=np.uint64)
    order = np.lexsort((number, codes))
    alike = (np.diff(codes[order]) == 0) & (np.diff(number[order]) == 0)
    if (bits[order][1:][alike] != bits[order][:-1][alike]).any():  # two slices of one number: their bits decide
        order = np.lexsort((*bits.T, number, codes))
    starts = np.concatenate([[0], np.cumsum(votes.sum(axis=1))[:-1]])
    sums = np.add.reduceat(probabilities[order], starts, axis=0)
    shown = reference[order]
    tumour = np.ones(len(shown), dtype=np.bool_) if negative is None else shown != negative
    lowest = np.minimum.reduceat(np.where(tumour, shown, k), starts)
    highest = np.maximum.reduceat(np.where(tumour, shown, -1), starts)
    single = np.where(lowest == highest, lowest, -1)
    of_patient = single if negative is None else np.where(highest < 0, negative, single)
    return _Judged(reference=of_patient, votes=votes, sums=sums)


def _called_tumour(judged: _Judged, rule: Rule, *, negative: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which patients (p,) are called a tumour, and for which of them the rule for ties decided."""
    slices = judged.votes.sum(axis=1)
    called = slices - judged.votes[:, negative]
    if rule == "any_slice":
        return called > 0, np.zeros(len(slices), dtype=np.bool_)
    if rule == "majority":
        return 2 * called >= slices, 2 * called == slices
    return predicted_class(judged.sums) != negative, _tied(judged.sums)


def _called_class(judged: _Judged, rule: Rule) -> NDArray[np.int64]:
    scores = judged.votes if rule == "majority" else judged.sums
    return np.asarray(np.argmax(scores, axis=1), dtype=np.int64)


def _tumour(judged: _Judged, rule: Rule, *, negative: int, rate: _Rate) -> PatientTumour:
    positive, ties = _called_tumour(judged, rule, negative=negative)
    has = judged.reference != negative
    tp, fp, fn, tn = (int(part.sum()) for part in (has & positive, ~has & positive, has & ~positive, ~has & ~positive))
    return PatientTumour(
        rule=rule,
        counts=TwoByTwo(tp=tp, fp=fp, fn=fn, tn=tn),
        sensitivity=rate(tp, tp + fn, Reason("no_patient_with_tumour")),
        specificity=rate(tn, tn + fp, Reason("no_patient_without_tumour")),
        ties=int(ties.sum()),
    )


def _class(judged: _Judged, rule: Rule, *, classes: Sequence[str], rate: _Rate) -> PatientClass:
    scores = judged.votes if rule == "majority" else judged.sums
    matrix = confusion_matrix(judged.reference, _called_class(judged, rule), classes=classes)
    accuracy = rate(int(np.trace(matrix.counts)), matrix.n, Reason("no_patient_of_one_class"))
    return PatientClass(rule=rule, matrix=matrix, accuracy=accuracy, ties=int(_tied(scores).sum()))


def _tied(scores: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1)
