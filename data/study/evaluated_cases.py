"""The evaluated cases that are judged: what every analysis starts from."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.lazy import once
from neuroval.data.schema import EVALUATED_SPLITS
from neuroval.data.storage.arrow_text import increasing, order, positions
from neuroval.data.study.folder import Study

NEW_PATIENTS: Final = "new-patients"  # each case called by the network of a fold that had not seen its group
UNGROUPED: Final = "ungrouped-folds"
PREFERRED: Final = ("test", "external", "tuning")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluated:
    """The cases of a basis that have a prediction, in order of case id.

    ``basis`` is a split, or ``NEW_PATIENTS`` or ``UNGROUPED`` for out-of-fold predictions. ``rows`` (n,) are the places
    of the cases in ``study_cases``, ``predictions`` their rows of the table of predictions; ``reference`` (n,) holds
    class indices, ``probabilities`` (n, k) is as given, never renormalised. Arrays are read-only, and rows agree.
    """

    basis: str
    study_cases: pd.DataFrame
    rows: NDArray[np.int64]
    predictions: pd.DataFrame
    reference: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.reference)

    @once
    def case_ids(self) -> pd.Series:
        """The id of each case, (n,)."""
        return self.study_cases["case_id"].iloc[self.rows].reset_index(drop=True)

    @once
    def cases(self) -> pd.DataFrame:
        """The columns of the cases and of the predictions table, joined; of a large study this is a large table."""
        columns = self.predictions.drop(columns="case_id").reset_index(drop=True)
        return pd.concat([self.study_cases.iloc[self.rows].reset_index(drop=True), columns], axis=1)


def evaluated_splits(study: Study) -> dict[str, int]:
    """Return the number of evaluated cases of each split that has any: tuning, test, external."""
    splits = study.cases["split"].iloc[study.rows["predictions"]].value_counts()
    return {split: int(splits[split]) for split in EVALUATED_SPLITS if split in splits}


def preferred_split(study: Study) -> str:
    """Return the split that the study was published with: test, else external, else tuning."""
    held = evaluated_splits(study)
    return next(name for name in PREFERRED if name in held)


def evaluated(study: Study, split: str = "test") -> Evaluated:
    """Return the evaluated cases of ``split``.

    Raises ``InputError`` when the split has no predictions, naming the splits that have.
    """
    cases = _evaluated(study, "predictions", basis=split, only=split)
    if not cases.n:
        known = ", ".join(f"{name} ({n:,} cases)" for name, n in evaluated_splits(study).items())
        raise InputError(f"{study.manifest.about.name}: split {split!r} has no predictions; evaluated are: {known}.")
    return cases


def out_of_fold(study: Study, *, grouped: bool = True) -> Evaluated | None:
    """Return the cases of cross-validation, each with its out-of-fold prediction; none when the study has none.

    ``grouped`` by patient and copy, or not. ``cases`` holds the column ``fold`` besides.
    """
    table, basis = ("folds", NEW_PATIENTS) if grouped else ("folds_ungrouped", UNGROUPED)
    return _evaluated(study, table, basis=basis) if table in study.rows else None


def chosen(evaluated: Evaluated, kept: NDArray[np.integer[Any]] | NDArray[np.bool_]) -> Evaluated:
    """Return the cases where ``kept`` (n,) is true, or those of the rows that it lists, in their order."""
    return Evaluated(
        basis=evaluated.basis,
        study_cases=evaluated.study_cases,
        rows=evaluated.rows[kept],
        predictions=evaluated.predictions.iloc[kept],
        reference=evaluated.reference[kept],
        probabilities=evaluated.probabilities[kept],
    )


def _evaluated(study: Study, name: str, *, basis: str, only: str | None = None) -> Evaluated:
    """Return the cases (``only`` those of a split) that stand in a table of predictions."""
    table, rows = getattr(study, name), study.rows[name]
    if only is not None:
        held = (study.cases["split"] == only).to_numpy(dtype=np.bool_)[rows]
        table, rows = table[held], rows[held]
    if not increasing(table["case_id"]):
        by_id = order(table["case_id"])
        table, rows = table.iloc[by_id], rows[by_id]
    reference = positions(study.cases["label"].iloc[rows], among=study.classes.names)
    probabilities = table[list(study.classes.probability_columns)].to_numpy(dtype=np.float64, copy=True)
    for array in (reference, probabilities):
        array.setflags(write=False)
    return Evaluated(
        basis=basis,
        study_cases=study.cases,
        rows=rows,
        predictions=table,
        reference=reference,
        probabilities=probabilities,
    )
