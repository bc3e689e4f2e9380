"""What a reviewer chooses for a report, checked once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from neuroval.analysis.study.results import LEVEL
from neuroval.data.exceptions import InputError

SECTIONS: Final = (
    "data",
    "methods",
    "per-class",
    "subgroups",
    "confusion",
    "confidence",
    "folds",
    "audit",
    "trial",
    "claims",
    "errors",
    "model",
    "checklists",
)
LONGEST: Final = {"reviewer": 200, "site": 200, "remarks": 5000}  # letters
LEVELS: Final = (0.5, 0.999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The choices: which of the optional sections, and what differs from the study's protocol.

    ``basis`` is what is judged, by default that of the study; ``level`` is that of the intervals; ``prevalence`` is
    that at which PPV and NPV are given, by default the share in the cases; ``threshold`` on P(any tumour) is none for
    the largest probability; ``all_errors`` shows each error, not a sample. Raises ``InputError``, naming the value.
    """

    sections: tuple[str, ...] = SECTIONS
    basis: str | None = None
    level: float = LEVEL
    prevalence: float | None = None
    threshold: float | None = None
    all_errors: bool = False
    reviewer: str = ""
    site: str = ""
    remarks: str = ""

    def __post_init__(self) -> None:
        for name in self.sections:
            if name not in SECTIONS:
                raise InputError(f"section: {name!r} is not known; expected one of {list(SECTIONS)}.")
        low, high = LEVELS
        if not low <= self.level <= high:
            raise InputError(f"level: {self.level:g} is not between {low:g} and {high:g}.")
        for label, value in (("prevalence", self.prevalence), ("threshold", self.threshold)):
            if value is not None and not 0 < value < 1:
                raise InputError(f"{label}: {value:g} is not above 0 and below 1.")
        for name, most in LONGEST.items():
            if len(getattr(self, name)) > most:
                raise InputError(f"{name}: {len(getattr(self, name)):,} letters, at most {most:,} are printed.")

    def has(self, section: str) -> bool:
        return section in self.sections

    @property
    def left_out(self) -> Collection[str]:
        """The optional sections that are not part of the report, in their order."""
        return tuple(name for name in SECTIONS if name not in self.sections)
