"""The evaluated cases of one split: what every analysis starts from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import InputError
from data.schema import EVALUATED_SPLITS
from data.study import Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluated:
    """The cases of a split that have a prediction, in order of case id.

    ``cases`` joins the columns of the cases and the predictions table; ``reference`` (n,) holds class indices,
    ``probabilities`` (n, k) is as given, never renormalised. Arrays are read-only, and rows agree.
    """

    split: str
    cases: pd.DataFrame
    reference: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.reference)


def evaluated_splits(study: Study) -> dict[str, int]:
    """Return the number of evaluated cases of each split that has any: tuning, test, external."""
    splits = study.cases.loc[study.cases["case_id"].isin(study.predictions["case_id"]), "split"].value_counts()
    return {split: int(splits[split]) for split in EVALUATED_SPLITS if split in splits}


def evaluated(study: Study, split: str = "test") -> Evaluated:
    """Return the evaluated cases of ``split``.

    Raises ``InputError`` when the split has no predictions, naming the splits that have.
    """
    cases = study.cases[study.cases["split"] == split]
    joined = cases.merge(study.predictions, on="case_id", validate="one_to_one").sort_values("case_id")
    if joined.empty:
        known = ", ".join(f"{name} ({n:,} cases)" for name, n in evaluated_splits(study).items())
        raise InputError(f"{study.manifest.about.name}: split {split!r} has no predictions; evaluated are: {known}.")
    return _evaluated(study, joined, split=split)


def out_of_fold(study: Study, *, grouped: bool = True) -> Evaluated | None:
    """Return the cases of cross-validation, each with its out-of-fold prediction; none when the study has none.

    ``grouped`` by patient and copy, or not. ``cases`` holds the column ``fold`` besides; ``split`` is "folds".
    """
    table = study.folds if grouped else study.folds_ungrouped
    if table is None:
        return None
    joined = study.cases.merge(table, on="case_id", validate="one_to_one").sort_values("case_id")
    return _evaluated(study, joined, split="folds")


def chosen(found: Evaluated, kept: NDArray[np.bool_]) -> Evaluated:
    """Return the cases where ``kept`` (n,) is true."""
    return Evaluated(
        split=found.split,
        cases=found.cases[kept],
        reference=found.reference[kept],
        probabilities=found.probabilities[kept],
    )


def _evaluated(study: Study, joined: pd.DataFrame, *, split: str) -> Evaluated:
    joined = joined.reset_index(drop=True)
    reference = pd.Index(study.classes.names).get_indexer(pd.Index(joined["label"])).astype(np.int64)
    probabilities = joined[list(study.classes.probability_columns)].to_numpy(dtype=np.float64, copy=True)
    for array in (reference, probabilities):
        array.setflags(write=False)
    return Evaluated(split=split, cases=joined, reference=reference, probabilities=probabilities)
