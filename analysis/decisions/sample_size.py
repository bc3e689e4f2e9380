"""How many cases it would take: the smallest n at which a criterion on a lower bound is met at the observed rate."""

import math
import operator
from dataclasses import dataclass
from typing import Final

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import RateMethod, proportion
from neuroval.data.exceptions import InputError

LARGEST: Final = 10_000_000  # cases: nobody collects more


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCases:
    """The number of cases ``n`` that a lower bound of ``limit`` takes at ``rate``; none with the reason.

    ``independent`` is the number when cases are independent; ``n`` is that times the design effect, rounded up.
    """

    limit: float
    rate: float | None
    n: int | None
    independent: int | None
    design_effect: float
    method: RateMethod
    level: float
    reason: Reason | None = None


def required_cases(
    count: int,
    n: int,
    *,
    limit: float,
    method: RateMethod = "wilson",
    design_effect: float = 1.0,
    level: float = 0.95,
) -> RequiredCases:
    """Return the smallest number of cases at which the lower bound of the rate ``count / n`` reaches ``limit``.

    With m cases, the observed rate is taken as floor(m * count / n) of m: as many successes as m cases can have
    without a better rate than observed. The result is the smallest m whose lower bound is ``limit`` (0 to 1) or more.
    Since a success is a whole number the bound moves in steps, and some larger m may fall short again by a part of
    one case. ``design_effect``, 1 or more, multiplies m, rounded up. None when there are no cases, when the observed
    rate is at or below the limit, which no number of cases can mend, and beyond ten million cases. Raises
    ``InputError`` for a limit, design effect, count, method or level that cannot be used.

    Source: the interval's own, in ``proportions``; for Wilson and whole multiples of n this is n = z^2 limit
    (1 - limit) / (rate - limit)^2, the score test turned round (Wilson, J Am Stat Assoc 1927;22:209-212).
    """
    if not 0 <= limit <= 1:
        raise InputError(f"limit: {limit} must be from 0 to 1.")
    if not (math.isfinite(design_effect) and design_effect >= 1):
        raise InputError(f"design effect: {design_effect} must be 1 or more.")
    observed = proportion(count, n, method=method, level=level)
    count, n = operator.index(count), operator.index(n)
    independent, reason = None, observed.reason
    if observed.value is not None and observed.value <= limit:
        reason = Reason("rate_below_limit", rate=observed.value, limit=limit)
    elif observed.value is not None:
        independent = _smallest(count, n, limit=limit, method=method, level=level)
        reason = None if independent else Reason("too_many_cases_needed", cases=LARGEST)
    return RequiredCases(
        limit=limit,
        rate=observed.value,
        # 1.1 * 10 is a little more than 11 in floating point: that is not a twelfth case.
        n=None if independent is None else math.ceil(round(independent * design_effect, 6)),
        independent=independent,
        design_effect=design_effect,
        method=method,
        level=level,
        reason=reason,
    )


def _smallest(count: int, n: int, *, limit: float, method: RateMethod, level: float) -> int | None:
    """Return the smallest m at which floor(m count / n) successes in m reach the limit.

    The bound is monotone in m for a rate that is met exactly, and for a fixed number of errors; it is not for whole
    numbers of both. So three things are done, each on what is monotone. With one success more than floor (the rate or
    better) a bound that falls short excludes m and all below; with floor a bound that reaches the limit makes m a
    solution: bisection narrows to the m between, where rounding decides. These are runs of m with one number of
    errors each: the first run is sought whose last and best m reaches the limit. Within it m is bisected.
    """
    errors = n - count

    def reached(successes: int, size: int) -> bool:
        low = proportion(successes, size, method=method, level=level).low
        return low is not None and low >= limit

    high = 1
    while not reached(high * count // n, high):
        high *= 2
        if high > 4 * LARGEST:  # rounding costs less than one case: a solution below would be one at twice as many
            return None
    below = 0  # excluded, as is all that is smaller
    while high - below > 1:
        middle = (below + high) // 2
        if reached(middle * count // n, middle):
            high = middle
        elif not reached(-(-middle * count // n), middle):
            below = middle
        else:
            break
    wrong = -(-(below + 1) * errors // n)
    while errors:
        last = min(wrong * n // errors, high)
        if reached(last - wrong, last):
            high = last
            break
        below, wrong = last, wrong + 1
    wrong = high - high * count // n
    while high - below > 1:
        middle = (below + high) // 2
        if reached(middle - wrong, middle):
            high = middle
        else:
            below = middle
    return high if high <= LARGEST else None
