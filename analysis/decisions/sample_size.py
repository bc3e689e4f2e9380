"""How many cases it would take: the smallest n at which a criterion on a lower bound is met at the observed rate."""

import math
import operator
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scipy import special

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.proportions import RateMethod, proportion
from neuroval.data.exceptions import InputError

LARGEST: Final = 10_000_000  # cases: nobody collects more
CHANCES: Final = (0.8, 0.9)  # of passing, for which a study is planned


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCases:
    """The number of cases ``n`` that a lower bound of ``limit`` takes at ``rate``; none with the reason.

    ``independent`` is the number when cases are independent; ``n`` is that times the design effect, rounded up.
    ``chance`` is how likely a study of that size passes when the observed rate is the true one: new cases scatter about
    it, so this is little more than one in two. ``for_80`` and ``for_90`` are the cases at which it passes in 80% and
    90%; all three are none as ``n`` is, and beyond ten million cases.
    """

    limit: float
    rate: float | None
    n: int | None
    independent: int | None
    design_effect: float
    method: RateMethod
    level: float
    reason: Reason | None = None
    chance: float | None = None
    for_80: int | None = None
    for_90: int | None = None


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

    The chance that a study passes: with m cases the bound reaches the limit with at most e errors, and the binomial
    distribution says how often there are no more. The cases for 80% and 90% are the smallest numbers that give this
    chance; a few more with the same number of allowed errors give a little less, until one more error is allowed.

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
    chance, for_80, for_90 = None, None, None
    if independent is not None and observed.value is not None:
        wrong = 1 - observed.value
        chance = _chance(independent - independent * count // n, independent, wrong=wrong)
        for_80, for_90 = (_planned(target, wrong=wrong, limit=limit, method=method, level=level) for target in CHANCES)
    return RequiredCases(
        limit=limit,
        rate=observed.value,
        n=_with_effect(independent, design_effect),
        independent=independent,
        design_effect=design_effect,
        method=method,
        level=level,
        reason=reason,
        chance=chance,
        for_80=_with_effect(for_80, design_effect),
        for_90=_with_effect(for_90, design_effect),
    )


def _with_effect(cases: int | None, design_effect: float) -> int | None:
    # 1.1 * 10 is a little more than 11 in floating point: that is not a twelfth case.
    return None if cases is None else math.ceil(round(cases * design_effect, 6))


def _chance(errors: int, cases: int, *, wrong: float) -> float:
    """Return how likely there are at most ``errors`` among ``cases`` of which each is wrong with the same chance."""
    return float(special.bdtr(errors, cases, wrong))


def _planned(target: float, *, wrong: float, limit: float, method: RateMethod, level: float) -> int | None:
    """Return the smallest number of cases whose bound reaches the limit with the chance ``target``.

    With e errors allowed, the fewest cases are those at which e errors still reach the limit; fewer of them cannot pass
    so, and more are wrong more often. For one e no such number is sought: the most cases that have no more errors with
    this chance, which the binomial distribution gives, reach the limit or not. The chance rises with e but for
    rounding to whole cases. So an e is bisected at which even one case more would not do, which excludes it and all
    below; from there on they are tried in turn, a few.
    """

    def reached(errors: int, cases: int) -> bool:
        return _reached(cases - errors, cases, limit=limit, method=method, level=level)

    def passes(errors: int, *, more: int = 0) -> bool:
        too_many = _first(lambda cases: _chance(errors, cases, wrong=wrong) < target, errors + 1, LARGEST + 1)
        most = too_many - 1 + more
        return most > errors and reached(errors, most)

    beyond = _first(lambda errors: not reached(errors, LARGEST), 0, LARGEST)
    start = _first(lambda errors: passes(errors, more=1), 0, beyond)
    allowed = next((errors for errors in range(start, beyond) if passes(errors)), None)
    return None if allowed is None else _first(lambda cases: reached(allowed, cases), allowed + 1, LARGEST)


def _first(holds: Callable[[int], bool], start: int, end: int) -> int:
    """Return the first number from ``start`` on from which something holds; ``end`` where that is none below."""
    return start + bisect_left(range(start, end), True, key=holds)


def _reached(successes: int, size: int, *, limit: float, method: RateMethod, level: float) -> bool:
    low = proportion(successes, size, method=method, level=level).low
    return low is not None and low >= limit


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
        return _reached(successes, size, limit=limit, method=method, level=level)

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
