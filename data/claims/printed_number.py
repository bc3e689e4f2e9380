"""Numbers as they are printed: "0.9750" says more than 0.975."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MOST_DIGITS: Final = 12  # longer numbers are no printed results, and would make exact arithmetic slow
_NUMBER: Final = re.compile(
    r"(?P<about>[~\N{ALMOST EQUAL TO}]\s*)?(?P<minus>[-\N{MINUS SIGN}])?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.(?P<part>[0-9]+))?\s*(?P<percent>%)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A number as it stands in a source.

    ``value`` is exact (97.5% is 39/40) and ``step`` is one unit in the last printed digit. ``about`` says that the
    source itself calls the number approximate, by "~".
    """

    text: str
    value: Fraction
    step: Fraction
    about: bool = False
    percent: bool = False


def printed(text: str) -> Printed | None:
    """Return the number that a text such as "1,283", "~857", ".97" or "99.11%" shows; none if it shows no number."""
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    part = match["part"] or ""
    digits = match["whole"].replace(",", "") + part
    if not 0 < len(digits) <= MOST_DIGITS:
        return None
    percent = match["percent"] is not None
    step = Fraction(1, 10 ** len(part) * (100 if percent else 1))
    value = int(digits) * step
    return Printed(
        text=text,
        value=-value if match["minus"] else value,
        step=step,
        about=match["about"] is not None,
        percent=percent,
    )
