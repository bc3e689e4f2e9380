"""One case of a study, evaluated or not: what is recorded of it, and what cross-validation says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from neuroval.data.study.folder import Study

RECORDED: Final = ("patient_id", "plane", "source", "site", "split", "image_path")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """A case as the study lists it; facts that are not known are left out.

    ``out_of_fold`` are the probabilities of a network that has seen neither the case nor a member of its group, none
    where grouped cross-validation holds no such prediction.
    """

    case_id: str
    label: str
    facts: Mapping[str, str]
    group_size: int
    out_of_fold: Mapping[str, float] | None

    @property
    def out_of_fold_class(self) -> str | None:
        """The class that is most probable out of fold; of equal ones the first."""
        chances = self.out_of_fold
        return None if chances is None else max(chances, key=lambda name: chances[name])


def listed_case(study: Study, case_id: str) -> ListedCase | None:
    """Return a case of a study by its id; none when there is no such case."""
    row = _row(study.cases, case_id)
    if row is None:
        return None
    folds = None if study.folds is None else _row(study.folds, case_id)
    names = study.classes.names
    return ListedCase(
        case_id=case_id,
        label=row["label"],
        facts={key: row[key] for key in RECORDED if isinstance(row[key], str)},
        group_size=int((study.cases["group_id"] == row["group_id"]).sum()),
        out_of_fold=None if folds is None else {name: float(folds[f"prob_{name}"]) for name in names},
    )


def _row(table: pd.DataFrame, case_id: str) -> pd.Series | None:
    rows = table[table["case_id"] == case_id]
    return None if rows.empty else rows.iloc[0]
