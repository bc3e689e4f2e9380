"""How numbers and names are written, everywhere: value, interval with an en dash, counts; names as they are."""

import html
import math
import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from neuroval.analysis.core.estimate import Estimate
from neuroval.dashboard.words.reasons import infinite, why

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
ARROW = "\N{RIGHTWARDS ARROW}"
NOT_ESTIMABLE = "not estimable"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
LONGEST = 18  # letters of a name beside a figure

JOINER = "\N{WORD JOINER}"  # not seen; no line ends there, so that an interval stays whole on a phone

_RANGE = re.compile(rf"(?<=\d){DASH}(?=\d)")
_BREAKS = re.compile(r"\s*[\r\n]+\s*")
_MARKUP = re.compile(r":[\w+-]+:|[\\`*_\[\]<>$~|&]|:(?=\S)")
_LIST_OR_HEADING = re.compile(r"^(\d*)([.)#+=-])(?=[#=-]*(\s|$))")


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is: no formula, link, colour or tag, in one line; no interval is broken."""
    line = _RANGE.sub(f"{DASH}{JOINER}", _BREAKS.sub(" ", text).strip())
    return _LIST_OR_HEADING.sub(r"\1\\\2", _MARKUP.sub(_with_backslashes, line))


def _with_backslashes(match: re.Match[str]) -> str:
    return re.sub(r"[^A-Za-z0-9]", r"\\\g<0>", match[0])


def figure_text(text: str, *, longest: int | None = None) -> str:
    """Return text that Plotly shows as it is; beyond ``longest`` letters its middle is left out."""
    line = _BREAKS.sub(" ", text).strip()
    if longest is not None and len(line) > longest:
        line = line[: longest // 2] + ELLIPSIS + line[-(longest - longest // 2 - 1) :]
    return html.escape(line, quote=False)


def figure_names(names: Sequence[str], *, longest: int = LONGEST) -> list[str]:
    """Return names as Plotly shows them; those beyond ``longest`` letters are cut and numbered by their place.

    Cut in the middle, "... subtype 3 of the cohort" and "... subtype 6 of the cohort" would be one name.
    """
    return [figure_text(name) for name in cut_to(names, longest=longest)]


def cut_to(names: Sequence[str], *, longest: int = LONGEST) -> list[str]:
    """Return names in one line, those beyond ``longest`` letters cut and numbered by their place."""
    return [
        line if len(line) <= longest else _cut(line, place, longest)
        for place, line in enumerate(map(_line, names), start=1)
    ]


def cut_names(names: Sequence[str], *, longest: int = LONGEST) -> str:
    """Return the names that ``figure_names`` cuts in full, each with its number; empty when it cuts none."""
    cut = [f"{place}: {_line(name)}" for place, name in enumerate(names, start=1) if len(_line(name)) > longest]
    return f"Names in full: {'; '.join(cut)}." if cut else ""


def _line(name: str) -> str:
    return _BREAKS.sub(" ", name).strip()


def _cut(line: str, place: int, longest: int) -> str:
    number = f"{place}: "
    return number + line[: longest - len(number) - 1].rstrip() + ELLIPSIS


def sentence_case(text: str) -> str:
    """Return text with its first letter in upper case; the others stay: GBM does not become Gbm."""
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    """Return a number with three decimals; none is a negative zero."""
    return signed(f"{value:z.3f}")


def signed(digits: str) -> str:
    """Return digits with a minus sign in place of a hyphen."""
    return digits.replace("-", MINUS)


def percent(value: float) -> str:
    """Return a share as a percentage: whole from 10% on, else one decimal."""
    return f"{value:.0%}" if round(value, 3) in {0.0, 1.0} or 0.1 <= value < 0.99 else f"{value:.1%}"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, ``< 0.001`` below that."""
    return "< 0.001" if value < 0.001 else number(value)


def points(share: float) -> str:
    """Return a difference of shares in percentage points: one decimal, more only where that would show nothing."""
    places = next((places for places in (1, 2, 3) if abs(round(100 * share, places)) > 0), 1)
    return signed(f"{100 * share:.{places}f}")


def probability(value: float) -> str:
    """Return a probability with three decimals, with more where these would make it 0 or 1."""
    shown = number(value)
    return shown if shown not in ("0.000", "1.000") or value in (0.0, 1.0) else f"{value:.7f}".rstrip("0")


def at_most(share: float) -> str:
    """Return an upper bound as a percentage with two significant digits, rounded up: never less than it is."""
    if share <= 0:
        return "0%"
    digits = max(0, 1 - math.floor(math.log10(100 * share)))
    step = Decimal(1).scaleb(-digits)
    rounded = (Decimal(repr(share)) * 100).quantize(step, rounding=ROUND_CEILING)
    return f"{min(rounded, Decimal(100)):f}%"


def interval(estimate: Estimate) -> str:
    """Return ``0.938-0.982`` with an en dash, ``-0.2 to 0.1`` where a bound is negative; empty without an interval."""
    return "" if estimate.low is None or estimate.high is None else span(estimate.low, estimate.high)


def span(low: float, high: float) -> str:
    """Return what reaches from ``low`` to ``high`` as ``interval`` does."""
    return f"{number(low)}{' to ' if low < 0 else DASH}{number(high)}"


def counts(estimate: Estimate) -> str:
    """Return ``263/272``; ``n = 272`` for a number that is no proportion, empty when nothing is known."""
    if estimate.count is not None and estimate.n is not None:
        return fraction(estimate.count, estimate.n)
    return "" if estimate.n is None else f"n = {estimate.n:,}"


def fraction(count: int, n: int) -> str:
    """Return ``263/272``."""
    return f"{count:,}/{n:,}"


def short(estimate: Estimate) -> str:
    """Return ``0.967 (0.938-0.982)``; "not estimable" and the reason when undefined."""
    if estimate.value is None:
        return f"{NOT_ESTIMABLE} ({why(estimate.reason)})"
    bounds = interval(estimate)
    return f"{number(estimate.value)} ({bounds})" if bounds else number(estimate.value)


def ratio(estimate: Estimate) -> str:
    """Return a ratio as ``67.9 (9.69-475)``: it has no upper end, so its digits count, not its decimals."""
    if estimate.value is None:
        because = infinite(estimate.reason)
        return short(estimate) if because is None else f"infinite ({because})"
    if estimate.low is None or estimate.high is None:
        return f"{_digits(estimate.value)} (no interval)"
    between = " to " if estimate.low < 0 else DASH
    return f"{_digits(estimate.value)} ({_digits(estimate.low)}{between}{_digits(estimate.high)})"


def _digits(value: float) -> str:
    """Return a number with three decimals below 1, else with three digits."""
    size = abs(float(f"{value:.3g}"))
    decimals = max(0, 3 - len(f"{size:.0f}")) if size >= 10 else 2 if size >= 1 else 3
    return signed(f"{float(f'{value:.3g}') if size >= 1 else value:,.{decimals}f}")


def below_1(value: float) -> str:
    """Return a number with three decimals, ``> 0.999`` where these would make it a perfect 1."""
    return "> 0.999" if number(value) == "1.000" and value < 1 else number(value)


def area(estimate: Estimate) -> str:
    """Return an area under a curve as ``short`` does, and no perfect 1 that is none."""
    if estimate.value is None:
        return short(estimate)
    bounds = interval(estimate)
    return f"{below_1(estimate.value)} ({bounds})" if bounds else below_1(estimate.value)


def fine(estimate: Estimate) -> str:
    """Return an estimate as ``short`` does, with up to six decimals where three would round a bound to 0 or 1."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return short(estimate)
    ends = (estimate.value, estimate.low, estimate.high)

    def says_too_much(decimals: int) -> bool:
        return any(round(end, decimals) in (0.0, 1.0) and end not in (0.0, 1.0) for end in ends)

    decimals = next((count for count in range(3, 6) if not says_too_much(count)), 6)
    value, low, high = (f"{end:.{decimals}f}" for end in ends)
    return f"{value} ({low}{DASH}{high})"


def full(estimate: Estimate) -> str:
    """Return ``0.967 (0.938-0.982), 263/272``."""
    tail = counts(estimate) if estimate.defined else ""
    return f"{short(estimate)}, {tail}" if tail else short(estimate)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return ``1 case`` or ``2 cases``."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def time_left(seconds: float) -> str:
    """Return how long something still takes, no finer than such a guess is."""
    if seconds < 60:
        return "less than a minute left"
    minutes = round(seconds / 60)
    return f"about {counted(minutes, 'minute')} left" if minutes < 90 else f"about {round(minutes / 60)} hours left"
