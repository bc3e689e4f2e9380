"""Whether printed rates and counts are possible by themselves."""

import math
from fractions import Fraction

from neuroval.analysis.claims.printed_classes import stands_alone
from neuroval.analysis.claims.rounding import counts_that_fit, quotient, roundings
from neuroval.analysis.claims.statements import Check, of_kind
from neuroval.data.claims.kinds import Claims, Correct, Rate


def rate_checks(claims: Claims) -> list[Check]:
    """Return for each rate that prints what it is of whether a whole number of cases gives it."""
    checks = [_rate(rate) for rate in of_kind(claims, Rate) if rate.n is not None]
    for table in of_kind(claims, Correct):
        checks += [
            Check(
                claims=(table.id,),
                outcome="contradicts",
                lines=(f"Of {name} {table.correct[name].text} are correct, more than the {n.text} that there are.",),
            )
            for name, n in table.n.items()
            if table.correct[name].value > n.value
        ]
    return checks


def _rate(rate: Rate) -> Check:
    n, value = 0 if rate.n is None else int(rate.n.value), rate.value
    alone = stands_alone(rate)
    lines = []
    if rate.count is not None:
        count = int(rate.count.value)
        ways = roundings(value, Fraction(count, n)) if value is not None and n else ()
        printed_as = (
            f", printed {value.text} ({', '.join(ways) or 'no way of rounding gives it'})" if value and n else ""
        )
        lines.append(f"{quotient(count, n, value)}{printed_as}.")
        if count > n:
            lines.append(f"{count:,} are more than {n:,}.")
    if value is not None and n:
        lines += _whole_numbers(rate, n=n)
    return Check(claims=(rate.id,), outcome="holds" if alone else "contradicts", lines=tuple(lines))


def _whole_numbers(rate: Rate, *, n: int) -> list[str]:
    """Say which counts out of n a printed value can stand for, where its own count is not one of them."""
    value = rate.value
    assert value is not None
    fitting = counts_that_fit(value, n)
    if not fitting:
        below = math.floor(value.value * n)
        near = " and ".join(quotient(count, n, value) for count in (below, below + 1) if count <= n)
        return [f"No whole number out of {n:,} gives {value.text}: the nearest are {near}."]
    if rate.count is None or rate.count.value not in fitting:
        return [f"{value.text} of {n:,} is {quotient(fitting[0], n, value)}."]
    return []
