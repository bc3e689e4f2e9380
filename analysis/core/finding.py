"""Something that limits what the numbers mean: what was found, how often, by which check, and where its cases are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from neuroval.data.exceptions import InputError

Severity = Literal["critical", "warning", "note"]
Check = Literal[
    "training_overlap",
    "confounders",
    "conflicting_labels",
    "composition",
    "empty_classes",
    "few_groups",
    "probabilities",
    "id_forms",
    "against_chance",
    "claims",
    "test_readings",
    "need",
    "robustness",
    "maps",
    "baselines",
    "subgroups",
    "no_result",
]
RANK: Final[Mapping[Severity, int]] = {"critical": 0, "warning": 1, "note": 2}
FINDINGS: Final[Mapping[str, tuple[str, ...]]] = {  # each with the names of its facts
    "shared_groups": ("split", "share"),
    "leakage_unchecked": ("split", "reason"),
    "confounding": ("factor", "share", "accuracy", "base_rate", "pure", "guessed"),
    "label_conflicts": (),
    "no_cases": ("split",),
    "one_case": ("split",),
    "empty_class": ("split", "names"),
    "never_predicted": ("names", "cases"),
    "few_groups": ("split", "names", "fewest"),
    "ids_differ_in_form": ("split", "alike", "such_as"),
    "ids_cut_short": ("such_as",),
    "worse_than_chance": ("split", "expected", "below", "moved", "right_then"),
    "ties": (),
    "probability_sums": ("largest",),
    "rejected_files": (),
    "claims_contradicted": ("source",),
    "claims_not_reproduced": ("source",),
    "test_selected": (),
    "needs_no_tumour": ("subject", "method", "need", "kept_elsewhere", "others"),
    "fragile": ("worst", "rate", "fall", "severity", "others"),
    "maps_ignore_the_network": ("correlation",),
    "shortcut_baseline": ("auc", "model_auc", "constant"),
    "subgroup_worse": ("by", "values", "key", "rest", "difference", "others", "compared"),
    "no_result": ("split", "reasons", "complete", "worst"),
    "subgroup_misses_criterion": ("by", "values", "key", "at_least", "others"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``count`` of ``n`` things, none where there is no whole, found by ``check`` and shown by ``page``.

    ``facts`` are what its sentence needs besides; ``case_ids`` the cases it is about, where the check has their ids.
    For the others the page leads to the cases. Raises ``InputError`` for a code, check or facts that are not listed.
    """

    code: str
    severity: Severity
    check: Check
    page: str
    count: int
    n: int | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    case_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in FINDINGS or self.check not in get_args(Check):
            raise InputError(f"finding: {self.code!r} of {self.check!r} is not known.")
        if set(self.facts) != set(FINDINGS[self.code]):
            expected, given = sorted(FINDINGS[self.code]), sorted(self.facts)
            raise InputError(f"finding {self.code}: expected the facts {expected}, found {given}.")
