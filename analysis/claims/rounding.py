"""Which exact values can stand behind a printed number, over every usual way of rounding."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Final

from neuroval.data.claims.printed_number import Printed

ABOUT: Final = Fraction(1, 10)  # how far "~857" may be off: what "about" means is read generously
NOISE: Final = 1e-12  # how far a number computed in floating point may be off


def roundings(number: Printed, exact: Fraction) -> tuple[str, ...]:
    """Return the ways in which ``exact`` is written as the printed number; none when it cannot be.

    Tried are rounding half up, half even and half down (half down happens when a number is stored in binary) and
    truncation; for a number called approximate also being within a tenth of it.
    """
    last = number.value / number.step  # a whole number: the printed digits
    scaled = exact / number.step
    ways = {
        "rounded half up": math.floor(scaled + Fraction(1, 2)),
        "rounded half even": round(scaled),
        "rounded half down": math.ceil(scaled - Fraction(1, 2)),
        "cut off": math.trunc(scaled),
    }
    ways_found = [way for way, digits in ways.items() if digits == last]
    if ways_found[:3] == list(ways)[:3]:
        ways_found[:3] = ["rounded"]
    if number.about and abs(exact - number.value) <= ABOUT * abs(number.value):
        ways_found.append("roughly")
    return tuple(ways_found)


def fits(number: Printed, exact: Fraction) -> bool:
    """Return whether ``exact`` can be written as the printed number."""
    return bool(roundings(number, exact))


def nearly_fits(number: Printed, computed: float) -> bool:
    """Return whether a number computed in floating point can be written as the printed number."""
    slack = 0.0 if computed in (0.0, 1.0) else NOISE  # bounds that were cut at 0 or 1 are exact
    if number.value == 0:
        return abs(computed) < float(number.step) + slack
    if number.value < 0:
        number, computed = replace(number, value=-number.value), -computed
    low, high = allowed(number)
    return float(low) - slack <= computed < float(high) + slack


def allowed(number: Printed) -> tuple[Fraction, Fraction]:
    """Return the least value of 0 or more behind the printed number, and the one that all are below.

    Together with ``fits``: x of 0 or more fits exactly when low <= x < high.
    """
    half = number.step / 2
    low, high = number.value - half, number.value + number.step
    if number.about:
        spread = ABOUT * abs(number.value)
        # A number is at most high - tiny: whole numbers and ratios of them do not come closer than this.
        low, high = min(low, number.value - spread), max(high, number.value + spread + Fraction(1, 10**15))
    return low, high


def counts_that_fit(number: Printed, n: int) -> range:
    """Return the counts out of ``n`` whose share can be written as the printed number. Empty when there is none."""
    low, high = allowed(number)
    return range(max(0, math.ceil(low * n)), min(n, math.ceil(high * n) - 1) + 1)


def decimals(number: float | Fraction, like: Printed | None = None, *, more: int = 2) -> str:
    """Return a number in words of the printed one: with ``more`` digits, as a percentage where that is one."""
    if like is None:
        return f"{float(number):.6f}"
    scale = 100 if like.percent else 1
    places = len(str(1 / (like.step * scale))) - 1 if like.step * scale < 1 else 0
    return f"{float(number) * scale:.{places + more}f}{'%' if like.percent else ''}"


def quotient(count: int, n: int, like: Printed | None = None) -> str:
    """Return a share with its arithmetic: ``264 / 272 = 0.970588``."""
    if n == 0:
        return f"{count:,} / 0, which has no value"
    return f"{count:,} / {n:,} = {decimals(Fraction(count, n), like)}"
