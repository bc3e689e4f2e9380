"""The evaluated cases of one split: what every analysis starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import InputError
from data.lookup import increasing, order, positions
from data.schema import EVALUATED_SPLITS
from data.study import Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluated:
    """The cases of a split that have a prediction, in order of case id.

    ``cases`` joins the columns of the cases and the predictions table; ``rows`` (n,) are their places in the study's
    cases table, ``reference`` (n,) holds class indices, ``probabilities`` (n, k) is as given, never renormalised.
    Arrays are read-only, and rows agree.
    """

    split: str
    cases: pd.DataFrame
    rows: NDArray[np.int64]
    reference: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.reference)


def evaluated_splits(study: Study) -> dict[str, int]:
    """Return the number of evaluated cases of each split that has any: tuning, test, external."""
    predicted = positions(study.predictions["case_id"], among=study.cases["case_id"])
    splits = study.cases["split"].iloc[predicted].value_counts()
    return {split: int(splits[split]) for split in EVALUATED_SPLITS if split in splits}


def evaluated(study: Study, split: str = "test") -> Evaluated:
    """Return the evaluated cases of ``split``.

    Raises ``InputError`` when the split has no predictions, naming the splits that have.
    """
    found = _evaluated(study, study.predictions, split=split, only=split)
    if not found.n:
        known = ", ".join(f"{name} ({n:,} cases)" for name, n in evaluated_splits(study).items())
        raise InputError(f"{study.manifest.about.name}: split {split!r} has no predictions; evaluated are: {known}.")
    return found


def out_of_fold(study: Study, *, grouped: bool = True) -> Evaluated | None:
    """Return the cases of cross-validation, each with its out-of-fold prediction; none when the study has none.

    ``grouped`` by patient and copy, or not. ``cases`` holds the column ``fold`` besides; ``split`` is "folds".
    """
    table = study.folds if grouped else study.folds_ungrouped
    if table is None:
        return None
    return _evaluated(study, table, split="folds")


def chosen(found: Evaluated, kept: NDArray[np.bool_]) -> Evaluated:
    """Return the cases where ``kept`` (n,) is true."""
    return Evaluated(
        split=found.split,
        cases=found.cases[kept],
        rows=found.rows[kept],
        reference=found.reference[kept],
        probabilities=found.probabilities[kept],
    )


def _evaluated(study: Study, table: pd.DataFrame, *, split: str, only: str | None = None) -> Evaluated:
    """Return the cases (``only`` those of a split) that stand in a table of predictions."""
    cases = study.cases
    rows = positions(table["case_id"], among=cases["case_id"])
    if only is not None:
        held = (cases["split"] == only).to_numpy(dtype=np.bool_)[rows]
        rows, table = rows[held], table[held]
    if not increasing(table["case_id"]):
        by_id = order(table["case_id"])
        rows, table = rows[by_id], table.iloc[by_id]
    own = table.drop(columns="case_id").reset_index(drop=True)
    joined = pd.concat([cases.iloc[rows].reset_index(drop=True), own], axis=1)
    reference = positions(joined["label"], among=study.classes.names)
    probabilities = joined[list(study.classes.probability_columns)].to_numpy(dtype=np.float64, copy=True)
    for array in (rows, reference, probabilities):
        array.setflags(write=False)
    return Evaluated(split=split, cases=joined, rows=rows, reference=reference, probabilities=probabilities)
