"""Is it stable? One number over the folds of cross-validation, with the interval that their overlap asks for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import any_tumour, confusion_matrix, two_by_two
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import check_level, proportion
from neuroval.analysis.performance import summaries
from neuroval.data.exceptions import InputError

METHOD = Method("corrected_resampled_t")
TOO_FEW = 2  # folds: from here on a spread can be estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class OverFolds:
    """One number in each fold, in the order of the folds, and its mean with the corrected interval.

    ``sd`` is the standard deviation with n - 1; none when the mean is undefined, with the reason in ``mean``.
    """

    name: str
    values: tuple[Estimate, ...]
    mean: Estimate
    sd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldSizes:
    """The cases of each fold, by number of the fold."""

    folds: tuple[int, ...]
    n: tuple[int, ...]


def over_folds(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    folds: NDArray[np.integer[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
    level: float = 0.95,
) -> tuple[FoldSizes, tuple[OverFolds, ...]]:
    """Return the sizes of the folds and accuracy, balanced accuracy, any tumour and sensitivities over them.

    ``reference``, ``predicted`` are class indices ``(n,)``, ``folds`` the number of each case's fold ``(n,)``. Rates
    within a fold carry the Wilson interval, balanced accuracy none.
    """
    numbers = sorted(set(folds.tolist()))
    matrices = [confusion_matrix(reference[folds == f], predicted[folds == f], classes=classes) for f in numbers]
    named: dict[str, list[Estimate]] = {"accuracy": [], "balanced_accuracy": []}
    for matrix in matrices:
        named["accuracy"].append(proportion(int(np.trace(matrix.counts)), matrix.n, level=level))
        named["balanced_accuracy"].append(_plain(float(summaries.macro_sensitivity(matrix.counts)), n=matrix.n))
        if negative is not None:
            counts = any_tumour(matrix, negative=list(classes).index(negative))
            for name, hit, others in (("sensitivity", counts.tp, counts.fn), ("specificity", counts.tn, counts.fp)):
                named.setdefault(f"any_tumour.{name}", []).append(proportion(hit, hit + others, level=level))
        for index, name in enumerate(classes):
            table = two_by_two(matrix, index=index)
            named.setdefault(f"{name}.sensitivity", []).append(proportion(table.tp, table.tp + table.fn, level=level))
    n = tuple(matrix.n for matrix in matrices)
    results = tuple(_summary(name, tuple(values), n=n, level=level) for name, values in named.items())
    return FoldSizes(folds=tuple(numbers), n=n), results


def corrected_mean(values: Sequence[float], *, test_share: float, level: float = 0.95) -> Estimate:
    """Return the mean of a number over the folds with the corrected resampled t interval.

    ``test_share`` is the size of a fold as a share of what its network was fitted on, 1 / (k - 1) for k equal folds.
    The variance is s^2 (1/k + test_share), because the training sets overlap, with k - 1 degrees of freedom; it is
    approximate, as no unbiased estimate exists. Cut at 0 and 1. No interval for fewer than two folds, or when all
    values are equal. Source: Nadeau & Bengio, Mach Learn 2003;52:239-281, section 3.
    """
    check_level(level)
    if not values or test_share <= 0:
        raise InputError(f"folds: expected values and a positive share, found {len(values)} values and {test_share}.")
    k, mean = len(values), float(np.mean(values))
    if k < TOO_FEW or len(set(values)) == 1:
        reason = Reason("one_fold" if k < TOO_FEW else "equal_folds")
        return Estimate(value=mean, method=METHOD, n=k, reason=reason)
    error = math.sqrt(float(np.var(values, ddof=1)) * (1 / k + test_share))
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * error
    return Estimate(value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), level=level, method=METHOD, n=k)


def _summary(name: str, values: tuple[Estimate, ...], *, n: tuple[int, ...], level: float) -> OverFolds:
    known = [estimate.value for estimate in values if estimate.value is not None]
    if len(known) < len(values):
        missing = next(estimate.reason for estimate in values if estimate.value is None)
        undefined = len(values) - len(known)
        reason = Reason("undefined_in_folds", undefined=undefined, folds=len(values), reason=missing)
        return OverFolds(name=name, values=values, mean=Estimate.undefined(reason=reason), sd=None)
    share = (sum(n) / len(n)) / (sum(n) - sum(n) / len(n)) if len(n) > 1 else 1.0
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return OverFolds(name=name, values=values, mean=corrected_mean(known, test_share=share, level=level), sd=sd)


def _plain(value: float, *, n: int) -> Estimate:
    if not math.isfinite(value):
        return Estimate.undefined(reason=Reason("a_class_is_empty"), n=n)
    return Estimate(value=value, method=Method("mean_of_sensitivities"), n=n, reason=Reason("single_fold"))
