"""The confusion matrix and what is read from it directly. Everything here rests on argmax."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfusionMatrix:
    """Counts (k, k) of cases: rows are the reference standard, columns the prediction. Read-only.

    Raises ``InputError`` unless ``counts`` holds k x k whole numbers of 0 or more for the k ``classes``.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        k = len(self.classes)
        counts = np.array(self.counts)
        if counts.shape != (k, k) or not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
            raise InputError(
                f"confusion matrix: expected {k} x {k} whole numbers of 0 or more for classes {list(self.classes)}, "
                f"found an array of shape {counts.shape} and type {counts.dtype}."
            )
        counts = counts.astype(np.int64)
        counts.setflags(write=False)
        object.__setattr__(self, "counts", counts)

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def support(self) -> tuple[int, ...]:
        """Cases per reference class."""
        return tuple(self.counts.sum(axis=1).tolist())

    @property
    def predicted(self) -> tuple[int, ...]:
        """Cases per predicted class."""
        return tuple(self.counts.sum(axis=0).tolist())

    @property
    def errors(self) -> int:
        """Cases off the diagonal."""
        return int(self.counts.sum() - np.trace(self.counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoByTwo:
    """True and false positives and negatives of a two-class question."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def n(self) -> int:
        return self.tp + self.fp + self.fn + self.tn


def predicted_class(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the index (n,) of the largest of each case's probabilities (n, k); ties go to the lower index.

    Probabilities are compared as they are, never rounded. Raises ``InputError`` unless the array is (n, k).
    """
    if probabilities.ndim != 2 or probabilities.shape[1] == 0:
        raise InputError(f"probabilities: expected shape (n, k), found {probabilities.shape}.")
    return np.asarray(np.argmax(probabilities, axis=1), dtype=np.int64)


def confusion_matrix(
    reference: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], *, classes: Sequence[str]
) -> ConfusionMatrix:
    """Return the confusion matrix of class indices ``reference`` (n,) and ``predicted`` (n,).

    Raises ``InputError`` for lengths that differ and for indices that are not whole numbers from 0 to k - 1.
    """
    k = len(classes)
    for name, values in (("reference", reference), ("predicted", predicted)):
        if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
            raise InputError(f"{name}: expected class indices of shape (n,), found {values.dtype} {values.shape}.")
        outside = (values < 0) | (values >= k)
        if outside.any():
            first = int(np.argmax(outside))
            raise InputError(f"{name}: index {values[first]} of case {first} (counted from 0) must be 0 to {k - 1}.")
    if len(reference) != len(predicted):
        raise InputError(f"predicted: found {len(predicted)} indices for {len(reference)} reference labels.")
    cells = reference.astype(np.int64) * k + predicted
    return ConfusionMatrix(classes=tuple(classes), counts=np.bincount(cells, minlength=k * k).reshape(k, k))


def two_by_two(matrix: ConfusionMatrix, *, index: int) -> TwoByTwo:
    """Return the counts of one class against all others."""
    tp = int(matrix.counts[index, index])
    fp = matrix.predicted[index] - tp
    fn = matrix.support[index] - tp
    return TwoByTwo(tp=tp, fp=fp, fn=fn, tn=matrix.n - tp - fp - fn)


def any_tumour(matrix: ConfusionMatrix, *, negative: int) -> TwoByTwo:
    """Return the counts of any tumour against the negative class at index ``negative``.

    A case is called a tumour when its argmax class is not the negative class, so a glioma taken for a meningioma
    counts as found. This rests on argmax, not on a threshold on the summed tumour probability.
    """
    nothing = two_by_two(matrix, index=negative)
    return TwoByTwo(tp=nothing.tn, fp=nothing.fn, fn=nothing.fp, tn=nothing.tp)
