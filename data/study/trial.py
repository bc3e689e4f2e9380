"""The trial of a study: what the network says of its cases when their images are changed on purpose.

A row is one case under one intervention. ``none`` is the untouched image, which is severity 0 of every corruption.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from neuroval.data import schema
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ContractError
from neuroval.data.storage.arrow_text import is_one_of
from neuroval.data.study import contract

FILE: Final = "trial.parquet"
FINAL: Final = "final"  # the network that the study judges; others are fold-0, fold-1, ...
UNTOUCHED: Final = "none"
REMOVALS: Final = ("remove_telea", "remove_harmonic", "remove_hemisphere")
KEEPINGS: Final = ("keep_only", "blank")
MOVES: Final = ("move",)
CORRUPTIONS: Final = (
    *("rician_noise", "bias_field", "ghosting", "motion", "low_resolution", "blur"),
    *("gamma", "low_contrast", "turn", "shift", "zoom_crop", "jpeg"),
)
REPEATS: Final = ("repeat_shift", "repeat_turn")
INTERVENTIONS: Final = (UNTOUCHED, *REMOVALS, *KEEPINGS, *MOVES, *CORRUPTIONS, *REPEATS)
SEVERITIES: Final = 5
ELSEWHERE: Final = "elsewhere"  # the same shape at another place in the head of the same scan
HEALTHY: Final = "healthy"  # the same shape in a scan without tumour
CONTROLS: Final = ("", ELSEWHERE, HEALTHY)
KEY: Final = ["case_id", "network", "intervention", "level", "control"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    """How a trial was made: ``seed``; scans of the ``sample`` for corruptions and repeats; ``splits`` and ``kinds``.

    ``version`` is that of the interventions: another one changes pixels in another way.
    """

    seed: int
    sample: int
    splits: tuple[str, ...]
    kinds: tuple[str, ...]
    version: int

    def to_document(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """The rows of a trial, in order of case, network, intervention, level and control, and how it was made.

    Columns are ``case_id``, ``network``, ``intervention``, ``level``, ``control``, ``host_case_id``, ``unlike`` and
    ``prob_<class>``. ``unlike`` says whether the changed image is flagged as unlike the training images, null where the
    model does not tell. ``host_case_id`` names the scan without tumour that a tumour, a patch or a hole was put into;
    ``case_id`` is then the tumour case that the shape is of.
    """

    table: pd.DataFrame
    facts: TrialFacts


def to_arrow(trial: Trial, classes: ClassOrder) -> pa.Table:
    """Return the table ``trial.parquet``, in order of its key."""
    rows = trial.table.sort_values(KEY, ignore_index=True)
    return contract.conform(pa.Table.from_pandas(rows, preserve_index=False), schema.trial_schema(classes), file=FILE)


def from_arrow(table: pa.Table, classes: ClassOrder, cases: pd.DataFrame, *, facts: Any) -> Trial:
    """Return the trial of a study's table; ``facts`` is what its metadata says of how it was made.

    Raises ``ContractError`` when a case, an intervention, a level or a control is unknown, when a row is there twice,
    or when probabilities are none.
    """
    fitted = contract.conform(table, schema.trial_schema(classes), file=FILE)
    rows: pd.DataFrame = fitted.replace_schema_metadata(None).to_pandas()
    contract.check_known(rows, "case_id", cases["case_id"], file=FILE)
    hosts = rows[["host_case_id"]].dropna()
    contract.check_known(hosts, "host_case_id", cases["case_id"], file=FILE)
    for column, known in (("intervention", INTERVENTIONS), ("control", CONTROLS)):
        contract.refuse(FILE, column, ~is_one_of(rows[column], known), rows[column], f"one of {list(known)}")
    graded = rows["intervention"].isin((*CORRUPTIONS, *REPEATS))
    wrong = (rows["level"] < 0) | (rows["level"] > SEVERITIES) | ((rows["level"] == 0) == graded)
    contract.refuse(FILE, "level", wrong, rows["level"], "1 to 5 for corruptions and repeats, 0 for others")
    contract.refuse(FILE, "case_id", rows.duplicated(KEY), rows["case_id"], f"each {', '.join(KEY)} once")
    contract.check_probabilities(rows, classes, file=FILE)
    return Trial(table=rows, facts=_facts(facts))


def _facts(stated: Any) -> TrialFacts:
    names = [field.name for field in fields(TrialFacts)]
    if not isinstance(stated, Mapping) or sorted(stated) != sorted(names):
        raise ContractError(f"{FILE}: its metadata says of the trial {stated!r}; expected {names}.")
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stated.items()}
    return TrialFacts(**given)
