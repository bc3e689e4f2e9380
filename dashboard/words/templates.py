"""Sentences with gaps: what stands in them by the name of a fact, numbers as the sentence asks for."""

from collections.abc import Callable, Mapping
from typing import Any

Template = str | Callable[..., str]  # a function where the facts change more of the sentence than a gap


class Whole(int):
    """A whole number in a sentence: ``{n:,}`` with separators, ``{n:group}`` as ``1 group`` or ``2 groups``."""

    def __format__(self, spec: str) -> str:
        if not spec.isalpha():
            return int(self).__format__(spec)
        return f"{int(self):,} {spec}" if self == 1 else f"{int(self):,} {spec}s"


def filled(template: Template, facts: Mapping[str, Any]) -> str:
    """Return a sentence with its gaps filled from ``facts``; several names are listed with commas."""
    if callable(template):
        return template(**facts)
    return template.format(**{name: _shown(fact) for name, fact in facts.items()})


def _shown(fact: Any) -> Any:
    if isinstance(fact, tuple):
        return ", ".join(fact)
    return Whole(fact) if isinstance(fact, int) else fact
