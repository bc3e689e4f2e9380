"""Which method gives a printed interval of a proportion."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

from scipy import special

from neuroval.analysis.claims.printed_classes import MOST_POSSIBLE, Possible, stands_alone
from neuroval.analysis.claims.rounding import NOISE, counts_that_fit, decimals, nearly_fits
from neuroval.analysis.claims.statements import Check, named, of_kind
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.proportions import proportion
from neuroval.data.claims.kinds import Claims, IntervalMethod, Rate
from neuroval.data.claims.printed_number import Printed

NAMES: Final[Mapping[IntervalMethod, str]] = {
    "wilson": "Wilson",
    "clopper-pearson": "Clopper-Pearson",
    "wald": "Wald",
    "agresti-coull": "Agresti-Coull",
    "jeffreys": "Jeffreys",
}
LEVEL: Final = 0.95
Z_OF_TABLES: Final = 1.96  # what often stands in for 1.959964 at 95%


def interval_checks(claims: Claims, possible: Mapping[str, Sequence[Possible]]) -> list[Check]:
    """Return for each rate with an interval which of the five usual methods give it, all printed digits.

    ``possible`` are the counts that other claims leave a rate (see ``possible_counts``); they serve where the claim
    prints none. Where no
    method gives an interval and the source names none, the interval stays open: a bootstrap, or an adjustment for
    patients, may have given it. Only a method that is named can be contradicted by what it gives.
    """
    level = LEVEL if claims.source.level is None else float(claims.source.level.value)
    checks = []
    for rate in of_kind(claims, Rate):
        if rate.low is not None and rate.high is not None:
            known = own_counts(rate) or possible.get(rate.id, ())
            checks.append(_interval(rate, rate.low, rate.high, known, level=level))
    return checks


def intervals(count: int, n: int, *, method: IntervalMethod, level: float) -> list[tuple[float, float]]:
    """Return the intervals of ``count`` out of ``n``, 1 or more, that go by the name of a method.

    They differ in the continuity correction (Wilson), in the ends at 0/n and n/n (Jeffreys), in whether they are cut
    at 0 and 1, and in whether z is 1.96. Sources: see ``core.proportions``; Newcombe, Stat Med 1998;17:857-872,
    methods 1 (Wald) and 4 (Wilson with continuity correction).
    """
    p, tail, bounds = count / n, (1 - level) / 2, []
    if method in ("clopper-pearson", "jeffreys"):
        estimate = proportion(count, n, method=method, level=level)
        if estimate.low is not None and estimate.high is not None:
            bounds.append((estimate.low, estimate.high))
        if method == "jeffreys":
            low, high = (float(special.betaincinv(count + 0.5, n - count + 0.5, q)) for q in (tail, 1 - tail))
            bounds.append((low, high))
        return bounds
    for z in (normal_quantile(level), *([Z_OF_TABLES] if level == LEVEL else [])):
        size, middle = n + z * z, (count + z * z / 2) / (n + z * z)
        if method == "wald":
            half = z * math.sqrt(p * (1 - p) / n)
            bounds.append((p - half, p + half))
        elif method == "agresti-coull":
            half = z * math.sqrt(middle * (1 - middle) / size)
            bounds.append((middle - half, middle + half))
        else:
            half = z * math.sqrt(n * p * (1 - p) + z * z / 4) / size
            bounds.append((middle - half, middle + half))
            bounds.append(_wilson_corrected(count, n, z=z))
    return [*bounds, *((max(0.0, low), min(1.0, high)) for low, high in bounds)]


def _wilson_corrected(count: int, n: int, *, z: float) -> tuple[float, float]:
    p = count / n
    below = z * math.sqrt(max(0.0, z * z - 2 - 1 / n + 4 * p * (n * (1 - p) + 1)))
    above = z * math.sqrt(max(0.0, z * z + 2 - 1 / n + 4 * p * (n * (1 - p) - 1)))
    low = (2 * count + z * z - 1 - below) / (2 * (n + z * z))
    high = (2 * count + z * z + 1 + above) / (2 * (n + z * z))
    return (0.0 if count == 0 else low), (1.0 if count == n else high)


def own_counts(rate: Rate) -> tuple[Possible, ...]:
    """Return the counts that a claim itself prints or leaves possible, as ``possible_counts`` does."""
    if rate.n is None or not rate.n.value or not stands_alone(rate):
        return ()
    n = int(rate.n.value)
    if rate.count is not None:
        return (Possible(pairs=((int(rate.count.value), n),), claims=(rate.id,)),)
    fitting = range(0) if rate.value is None else counts_that_fit(rate.value, n)
    if len(fitting) > MOST_POSSIBLE:
        return ()
    return (Possible(pairs=tuple((count, n) for count in fitting), claims=(rate.id,)),)


def _interval(rate: Rate, low: Printed, high: Printed, known: Sequence[Possible], *, level: float) -> Check:
    shown = f"({low.text}, {high.text})"
    if low.value > high.value:
        return Check(claims=(rate.id,), outcome="contradicts", lines=(f"The interval {shown} ends before it begins.",))
    if not known or not any(n for _, n in known[-1].pairs):
        line = f"The interval {shown} cannot be checked: no count and n are known that give the rate."
        return Check(claims=(rate.id,), outcome="silent", lines=(line,))
    methods = _methods(rate, low, high, known[-1], level=level)
    if methods:
        line = f"The interval {shown} follows from {' and from '.join(methods)}."
        return Check(claims=(rate.id,), outcome="holds", lines=(line,))
    return _not_found(rate, shown, known[-1], level=level)


def _methods(rate: Rate, low: Printed, high: Printed, known: Possible, *, level: float) -> list[str]:
    """Return the counts and methods that give an interval, one count for each method."""
    fitting: dict[IntervalMethod, tuple[int, int, bool]] = {}
    for method, (count, n) in product(NAMES if rate.method is None else [rate.method], known.pairs):
        if n == 0 or (method in fitting and fitting[method][2]):
            continue
        for bounds, other in intervals(count, n, method=method, level=level):
            if nearly_fits(low, bounds) and nearly_fits(high, other):
                rounded = _rounds(low, bounds) and _rounds(high, other)
                if rounded or method not in fitting:
                    fitting[method] = (count, n, rounded)
    texts: dict[str, list[str]] = {}
    for method, (count, n, rounded) in fitting.items():
        name = NAMES[method] if rounded else f"{NAMES[method]} with digits cut off"
        texts.setdefault(f"{count:,} of {n:,}", []).append(name)
    return [f"{counts} by {' and by '.join(names)}" for counts, names in texts.items()]


def _rounds(bound: Printed, computed: float) -> bool:
    return abs(computed - float(bound.value)) <= float(bound.step) / 2 + NOISE


def _not_found(rate: Rate, shown: str, known: Possible, *, level: float) -> Check:
    """Say what the methods give instead."""
    count, n = next(pair for pair in known.pairs if pair[1])
    results = []
    for method in NAMES if rate.method is None else [rate.method]:
        low, high = intervals(count, n, method=method, level=level)[0]
        results.append(f"{NAMES[method]} ({decimals(low, rate.low, more=1)}, {decimals(high, rate.high, more=1)})")
    line = f"From {count:,} of {n:,}: {', '.join(results)}. Printed is {shown}."
    if rate.method is None:
        why = "None of these methods gives it. The source names no method, so another one may have been used."
        return Check(claims=(rate.id,), outcome="open", lines=(f"{line} {why}",))
    others = [claim for claim in known.claims if claim != rate.id]
    by = f", with the counts by {named(others)}" if others else ""
    why = f"The source names {NAMES[rate.method]}, which does not give it{by}."
    return Check(claims=(rate.id,), outcome="contradicts", lines=(f"{line} {why}",))
