"""A number with its interval: the one form in which every result travels."""

import math
from dataclasses import dataclass, replace
from typing import Self

from neuroval.analysis.core.codes import Method, Reason
from neuroval.data.exceptions import InputError

NOT_ESTIMABLE = Method("not_estimable")
TOLERANCE = 1e-9  # bounds and value come from different formulas and may differ in the last digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval, level, method and n.

    Three states: value with interval; value without interval, with the reason; undefined (no value), with the
    reason. ``n`` is the number of cases behind the number and ``count`` how many of them count towards it (for
    proportions). ``effective_n`` is the number of independent cases that a cluster-adjusted proportion is worth; none
    when cases count in full. Raises ``InputError`` when the parts contradict each other.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    method: Method
    n: int | None = None
    count: int | None = None
    reason: Reason | None = None
    effective_n: float | None = None

    def __post_init__(self) -> None:
        numbers = [number for number in (self.value, self.low, self.high) if number is not None]
        if not all(math.isfinite(number) for number in numbers):
            raise InputError(f"estimate: value, low and high must be finite, found {numbers}.")
        if (self.low is None) != (self.high is None):
            raise InputError(f"estimate: low and high come together, found {self.low} and {self.high}.")
        if (self.value is None or self.low is None) and self.reason is None:
            raise InputError("estimate: a missing value or interval needs a reason.")
        if self.low is None or self.high is None:
            return
        if self.value is None or not self.low - TOLERANCE <= self.value <= self.high + TOLERANCE:
            raise InputError(f"estimate: value {self.value} must lie in its interval {self.low} to {self.high}.")
        if self.level is None or not 0 < self.level < 1:
            raise InputError(f"estimate: level {self.level} must be above 0 and below 1.")

    @classmethod
    def undefined(cls, *, reason: Reason, n: int | None = None) -> Self:
        """Return the estimate of something that has no value here, with the reason."""
        return cls(value=None, method=NOT_ESTIMABLE, n=n, reason=reason)

    @property
    def defined(self) -> bool:
        return self.value is not None

    @property
    def design_effect(self) -> float:
        """How many cases are worth one independent case: n / effective n, 1 when cases count in full."""
        return self.n / self.effective_n if self.n and self.effective_n else 1.0

    @property
    def width(self) -> float | None:
        """The length of the interval; none without an interval."""
        return None if self.low is None or self.high is None else self.high - self.low


def widest(*estimates: Estimate) -> Estimate:
    """Return the estimate with the widest interval, the first of equals.

    A missing interval counts as wider than any: it says that the uncertainty is not known. Raises
    ``InputError`` when none is given.
    """
    if not estimates:
        raise InputError("widest: at least one estimate is needed, found none.")
    return max(estimates, key=lambda estimate: math.inf if estimate.width is None else estimate.width)


def enclosing(*estimates: Estimate) -> Estimate:
    """Return the widest estimate with the lowest low and the highest high of all, where several methods speak.

    The widest interval need not reach as far on each side as a narrower one does. Where the bounds come from two
    methods, the method names both. A missing interval is returned as it is, as by ``widest``. Raises ``InputError``
    when none is given.
    """
    wide = widest(*estimates)
    if wide.low is None or wide.high is None:
        return wide
    bounded = [estimate for estimate in estimates if estimate.width is not None]
    lower = min([wide, *bounded], key=lambda estimate: math.inf if estimate.low is None else estimate.low)
    upper = max([wide, *bounded], key=lambda estimate: -math.inf if estimate.high is None else estimate.high)
    if lower is wide and upper is wide:
        return wide
    method = Method("lower_and_upper", lower=_of_bound(lower, "lower"), upper=_of_bound(upper, "upper"))
    return replace(wide, low=lower.low, high=upper.high, method=method)


def _of_bound(estimate: Estimate, bound: str) -> Method:
    """Return the method that made a bound of an estimate: one of two, where each bound has its own."""
    if estimate.method.code != "lower_and_upper":
        return estimate.method
    method = dict(estimate.method.facts)[bound]
    return method if isinstance(method, Method) else estimate.method


def reach(estimate: Estimate) -> tuple[float, float]:
    """Return how far the interval reaches below and above the value: 0 where there is none."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return 0.0, 0.0
    return estimate.value - estimate.low, estimate.high - estimate.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number read in two ways: as if cases were independent, and with the groups they come in.

    ``clustered`` is none when no groups were given, when every group is a single case, or when the number
    itself is undefined. ``headline`` is what is shown first and judged against criteria: the wider of the two, with the
    bound of the other where that reaches farther.
    """

    plain: Estimate
    clustered: Estimate | None = None

    @property
    def headline(self) -> Estimate:
        return self.plain if self.clustered is None else enclosing(self.plain, self.clustered)
