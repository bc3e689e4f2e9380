"""Class probabilities as the modules on confidence need them: checked, read by argmax, put into bins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import group_codes
from neuroval.data.exceptions import InputError
from neuroval.data.schema import PROBABILITY_SUM_NOTE

Scheme = Literal["equal-width", "equal-mass"]

BINS: Final = 15


def any_tumour_score(probabilities: NDArray[np.floating[Any]], *, negative: int) -> NDArray[np.float64]:
    """Return P(any tumour) of each case (n,): 1 - P(negative class), from probabilities (n, k).

    Probabilities are not renormalised: where those of a case do not add up to 1, which is allowed within 0.01, this
    differs from the sum over the other classes. Resting on one stored number it keeps equal cases equal, where a sum
    would break ties by rounding, and differently for each order of the classes.
    """
    return 1.0 - np.asarray(probabilities[:, negative], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """n cases with their probabilities, read by argmax; all arrays are read-only.

    ``reference`` and ``predicted`` are class indices (n,), ``probabilities`` (n, k) in [0, 1], ``confidence`` (n,) the
    largest probability of each case. ``negative`` is the index of the negative class, none where there is none.
    """

    reference: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    predicted: NDArray[np.int64]
    confidence: NDArray[np.float64]
    negative: int | None

    @property
    def n(self) -> int:
        return len(self.reference)

    @property
    def k(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Per case (n,), whether the predicted class is the reference class."""
        return np.asarray(self.predicted == self.reference)

    @property
    def tumour(self) -> NDArray[np.bool_] | None:
        """Per case (n,), whether the reference class is any but the negative one; none without a negative class."""
        return None if self.negative is None else self.reference != self.negative

    @property
    def missed(self) -> NDArray[np.bool_] | None:
        """Per case (n,), whether it is a tumour that argmax calls negative; none without a negative class."""
        tumour = self.tumour
        return None if tumour is None else tumour & (self.predicted == self.negative)

    @property
    def any_tumour_probability(self) -> NDArray[np.float64] | None:
        """Per case (n,), ``any_tumour_score``; none without a negative class."""
        return None if self.negative is None else any_tumour_score(self.probabilities, negative=self.negative)


def read_predictions(
    reference: NDArray[np.integer[Any]],
    probabilities: NDArray[np.floating[Any]],
    *,
    classes: Sequence[str],
    negative: str | None = None,
) -> Predictions:
    """Return the checked predictions of class indices ``reference`` (n,) with ``probabilities`` (n, k).

    Single precision becomes double before anything is compared, so that a threshold means the same everywhere. Raises
    ``InputError`` for shapes that do not fit, an index that is no class, a probability outside [0, 1] or missing, and
    a negative class that is not among the classes.
    """
    k = len(classes)
    if reference.ndim != 1 or probabilities.shape != (len(reference), k):
        raise InputError(
            f"probabilities: expected reference (n,) and probabilities (n, {k}), found {reference.shape} and "
            f"{probabilities.shape}."
        )
    if not np.issubdtype(reference.dtype, np.integer):
        raise InputError(f"reference: expected class indices, found {reference.dtype}.")
    if negative is not None and negative not in classes:
        raise InputError(f"negative: {negative!r} is not a class; expected one of {list(classes)}.")
    if len(reference) and not 0 <= reference.min() <= reference.max() < k:
        first = int(np.argmax((reference < 0) | (reference >= k)))
        raise InputError(f"reference: index {reference[first]} of case {first} (counted from 0) must be 0 to {k - 1}.")
    if len(reference) and not (probabilities.min() >= 0 and probabilities.max() <= 1):  # false for NaN as well
        first = int(np.argmin(((probabilities >= 0) & (probabilities <= 1)).all(axis=1)))
        raise InputError(
            f"probabilities: {probabilities[first].tolist()} of case {first} (counted from 0) must lie in [0, 1]."
        )
    values = np.asarray(probabilities, dtype=np.float64)
    predicted = predicted_class(values)
    return Predictions(
        reference=_read_only(np.asarray(reference, dtype=np.int64)),
        probabilities=_read_only(values),
        predicted=_read_only(predicted),
        confidence=_read_only(values[np.arange(len(values)), predicted]),
        negative=None if negative is None else list(classes).index(negative),
    )


def group_numbers(groups: NDArray[Any] | pd.Series | None, *, n: int) -> NDArray[np.int64] | None:
    """Return a number from 0 per case for its group, (n,), or none without groups.

    Raises ``InputError`` as ``group_codes`` does.
    """
    return None if groups is None else group_codes(groups, n=n)[0]


def assign_bins(
    values: NDArray[np.float64], *, bins: int = BINS, scheme: Scheme = "equal-width"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the bin (n,) of each of the ``values`` (n,) in [0, 1], counted from 0, and the edges (bins + 1,).

    - ``equal-width``: bin b holds b / bins < value <= (b + 1) / bins, and the first bin holds 0 too (Guo et al., ICML
      2017, PMLR 70:1321-1330).
    - ``equal-mass``: the value that is larger than r of the n values falls in bin floor(r bins / n), so equal values
      stay together; without equal values the bins' sizes differ by 1 at most. Bin b holds edge b <= value < edge
      b + 1, the last bin with cases 1 too; the lower edge of a bin is its smallest value, of the first bin 0. Bins
      that equal values leave empty have no width.

    Raises ``InputError`` for fewer than 1 bin or an unknown scheme.
    """
    if bins < 1:
        raise InputError(f"bins: {bins} must be 1 or more.")
    if scheme not in get_args(Scheme):
        raise InputError(f"scheme: {scheme!r} is not known; expected one of {list(get_args(Scheme))}.")
    edges = np.arange(bins + 1) / bins
    if scheme == "equal-width":
        bin_of = np.minimum((values * bins).astype(np.int64), bins - 1)  # off by one at an edge, at most
        bin_of -= (values <= edges[bin_of]) & (bin_of > 0)
        bin_of += values > edges[bin_of + 1]
        return bin_of, edges
    n = len(values)
    if n == 0:
        return np.zeros(0, dtype=np.int64), edges
    ordered = np.sort(values)
    begin = -(-np.arange(1, bins) * n // bins)  # how many values are smaller than those of a bin, at least
    inside = begin < n
    first = np.full(bins - 1, n)
    first[inside] = np.searchsorted(ordered, ordered[begin[inside]], side="left")
    split = inside & (first < begin)  # equal values on both sides belong to the lower bin
    first[split] = np.searchsorted(ordered, ordered[begin[split]], side="right")
    inner = np.append(ordered, np.inf)[first]
    bin_of = np.searchsorted(inner, values, side="right")
    return bin_of.astype(np.int64), np.concatenate([[0.0], np.minimum(inner, 1.0), [1.0]])


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    view = values.view()
    view.setflags(write=False)
    return view


def ties(probabilities: NDArray[np.floating[Any]], *, case_ids: Sequence[str] | NDArray[Any]) -> Finding | None:
    """Return which cases have several classes of the same largest probability (n, k), none without any."""
    tied = (probabilities == probabilities.max(axis=1, initial=0.0, keepdims=True)).sum(axis=1) > 1
    if not tied.any():
        return None
    return _about(tied, code="ties", case_ids=case_ids)


def deviating_sums(
    probabilities: NDArray[np.floating[Any]], *, case_ids: Sequence[str] | NDArray[Any]
) -> Finding | None:
    """Return which cases have probabilities (n, k) that do not sum to 1 within 1e-6, none without any."""
    deviation = np.abs(probabilities.sum(axis=1) - 1)
    far = deviation > PROBABILITY_SUM_NOTE
    if not far.any():
        return None
    return _about(far, code="probability_sums", case_ids=case_ids, largest=float(deviation.max()))


def _about(cases: NDArray[np.bool_], *, code: str, case_ids: Sequence[str] | NDArray[Any], **facts: float) -> Finding:
    return Finding(
        code=code,
        severity="warning",
        check="probabilities",
        page="confidence",
        count=int(cases.sum()),
        n=len(cases),
        facts=facts,
        case_ids=tuple(np.asarray(case_ids)[cases].tolist()),
    )
