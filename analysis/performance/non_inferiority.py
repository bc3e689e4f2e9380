"""Whether one model is no worse than another, or as good, by a margin that was fixed before: Tango's score interval."""

import math
from dataclasses import dataclass
from typing import Final

from scipy.optimize import brentq
from scipy.stats import norm

from neuroval.analysis.core.codes import Method
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.proportions import check_level
from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.data.exceptions import InputError

CLOSEST: Final = 1 - 1e-12  # a difference of 1 itself has no variance left


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstMargin:
    """A paired difference, a less b, against a ``margin``; each p-value is one-sided, of the score test at the margin.

    ``a_not_inferior``: the whole interval lies above -margin; ``b_not_inferior``: below +margin; ``equivalent``: both.
    """

    name: str
    margin: float
    difference: Estimate
    a_not_inferior: bool
    b_not_inferior: bool
    p_value_a: float
    p_value_b: float

    @property
    def equivalent(self) -> bool:
        return self.a_not_inferior and self.b_not_inferior


def against_margin(number: ComparedNumber, *, margin: float, level: float = 0.95) -> AgainstMargin | None:
    """Return a number of both models against a margin; none without cases.

    The counts are scaled to the number of independent cases that the paired difference is worth where cases come in
    groups (n over its design effect, see ``comparison.compare``). Raises ``InputError`` for a margin outside (0, 1).

    Source: Tango, Stat Med 1998;17:891-908, equations for the restricted estimate and the score statistic.
    """
    check_level(level)
    if not 0 < margin < 1:
        raise InputError(f"margin: {margin:g} is not above 0 and below 1.")
    counts = number.counts
    if not counts.n:
        return None
    clustered = number.difference.clustered
    size = counts.n if clustered is None or clustered.effective_n is None else clustered.effective_n
    scale = size / counts.n
    only_a, only_b = counts.only_a * scale, counts.only_b * scale
    low, high = tango(only_a, only_b, size, level=level)
    method = Method("tango") if clustered is None else Method("tango_on_design_effect")
    return AgainstMargin(
        name=number.name,
        margin=margin,
        difference=Estimate(
            value=(counts.only_a - counts.only_b) / counts.n,
            low=low,
            high=high,
            level=level,
            method=method,
            n=counts.n,
            effective_n=size,
        ),
        a_not_inferior=low > -margin,
        b_not_inferior=high < margin,
        p_value_a=float(norm.sf(_score(only_a, only_b, size, -margin))),
        p_value_b=float(norm.cdf(_score(only_a, only_b, size, margin))),
    )


def tango(only_a: float, only_b: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of the paired difference (only_a - only_b) / n; counts need not be whole.

    ``only_a`` are the pairs that only the first gets right, ``only_b`` those that only the second does, of ``n``.
    """
    z, value = float(norm.ppf(0.5 + level / 2)), (only_a - only_b) / n

    def bound(end: float, sign: float) -> float:
        """Return where the score statistic is z, between the value and an end of what there can be."""
        beyond = end * CLOSEST
        if _score(only_a, only_b, n, beyond) * sign < z:
            return end
        return float(brentq(lambda delta: _score(only_a, only_b, n, delta) * sign - z, beyond, value, xtol=1e-13))

    return (-1.0 if value <= -1 else bound(-1.0, 1.0)), (1.0 if value >= 1 else bound(1.0, -1.0))


def _score(only_a: float, only_b: float, n: float, delta: float) -> float:
    """Return the score statistic of the hypothesis that the difference is ``delta``."""
    apart = only_a - only_b - n * delta
    linear = -only_a - only_b + (2 * n - only_a + only_b) * delta
    constant = -only_b * delta * (1 - delta)
    # The restricted estimate of the share that only the second gets right.
    share = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * share + delta * (1 - delta))
    if variance <= 0:
        return 0.0 if apart == 0 else math.copysign(math.inf, apart)
    return apart / math.sqrt(variance)
