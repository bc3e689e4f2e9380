"""Acceptance criteria: which numbers one may name, what bound of them, and in which subgroups."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from neuroval.data.exceptions import InputError

BOUNDS: Final = ("low", "value", "high")  # of an interval, which a criterion may name
OVERALL: Final = (  # numbers over all classes that a criterion may name
    "accuracy",
    "balanced_accuracy",
    "macro_sensitivity",
    "macro_ppv",
    "macro_f1",
    "weighted_f1",
    "mcc",
    "kappa",
)
PER_CLASS: Final = ("sensitivity", "specificity", "ppv", "npv", "f1")  # of a class, and of any tumour
TRIED: Final = ("need", "sufficiency")  # of a class, and of any tumour, in a study with a trial
CROSSED: Final = 2  # columns of a subgroup, at most
SIGNED: Final = ("mcc", "kappa")  # from -1 to 1; the others from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A criterion fixed before the test split was read: the estimate's ``bound`` must be ``at_least`` so much.

    ``metric`` is ``overall.<name>``, ``any_tumour.<name>``, ``classes.<class>.<name>`` or ``<class>.<name>``. It is of
    all cases, of those of one ``subgroup`` (``{site = "north"}``: column to value), or must be met in ``each`` level of
    a column or of two columns crossed (``["site", "sex"]``). Raises ``InputError`` for a name, a bound or a limit that
    no number has, and for subgroups of a number that is not of an argmax.
    """

    metric: str
    at_least: float
    bound: str = "low"
    subgroup: Mapping[str, Any] = field(default_factory=dict, hash=False)
    each: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = OVERALL if self.subject == "" else (*PER_CLASS, *TRIED)
        if self.name not in known:
            about = "all classes" if self.subject == "" else "a class or any tumour"
            raise InputError(f"acceptance: {self.metric!r} is no metric; of {about} there are {list(known)}.")
        if self.bound not in BOUNDS:
            raise InputError(f"acceptance: {self.metric} has the bound {self.bound!r}; expected one of {list(BOUNDS)}.")
        self._check_subgroup()
        lowest = -1 if self.name in SIGNED else 0
        if not lowest <= self.at_least <= 1:
            raise InputError(
                f"acceptance: {self.metric} at_least is {self.at_least:g}; expected a number from {lowest} to 1, such "
                "as 0.9 for 90%."
            )

    def _check_subgroup(self) -> None:
        if self.subgroup and self.each:
            raise InputError(f"acceptance: {self.metric} names a subgroup and each level; expected one of the two.")
        if len(self.columns) > CROSSED or len(set(self.columns)) < len(self.columns):
            raise InputError(f"acceptance: {self.metric} names the columns {list(self.columns)}; expected up to two.")
        if self.columns and self.name in TRIED:
            raise InputError(f"acceptance: {self.metric} is of a trial, which is not judged by subgroup.")
        for column, value in self.subgroup.items():
            if not isinstance(value, str):
                raise InputError(f"acceptance: the subgroup {column} is {value!r}; expected a text, as it is shown.")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the criterion looks at; none for all cases."""
        return self.each or tuple(self.subgroup)

    @property
    def subject(self) -> str:
        """The class that the metric is of, or ``any_tumour``; empty for all classes."""
        subject = self.metric.rpartition(".")[0]
        return subject.removeprefix("classes.") if subject != "overall" else ""

    @property
    def name(self) -> str:
        """The number itself, without what it is of."""
        return self.metric.rpartition(".")[2]
