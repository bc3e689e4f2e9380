"""How the network was trained: the course of each run, and the epoch that the tuning split chose."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CURVES = ("loss", "accuracy", "tuning_loss", "tuning_accuracy", "learning_rate")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One training run, its values by epoch ``(e,)``, read-only.

    ``run`` is final, grouped or ungrouped, ``fold`` the held-out fold of the latter two. ``chosen`` is the epoch with
    the lowest log-loss on the tuning split after temperature scaling, of those for which it is known, else with the
    lowest loss on it; the first of equals. The first epochs on smaller images cannot be chosen.
    """

    run: str
    fold: int | None
    epoch: NDArray[np.int64]
    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    tuning_loss: NDArray[np.float64]
    tuning_accuracy: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    chosen: int

    @property
    def at_chosen(self) -> int:
        """The position of the chosen epoch."""
        return int(np.flatnonzero(self.epoch == self.chosen)[0])


def training_runs(history: pd.DataFrame, *, early: int = 0, early_of_folds: int | None = None) -> tuple[Run, ...]:
    """Return the runs of a study's history table, the final one first, then by fold.

    ``early`` is how many epochs a run begins with on smaller images than the network is used with (``early_sizes`` of
    the recipe): training chooses none of these. ``early_of_folds`` is that of the folds where their recipe differs.
    """
    runs = []
    for (name, _), rows in history.groupby(["run", "fold"], dropna=False, sort=True):
        ordered = rows.sort_values("epoch")
        curves = {key: ordered[key].to_numpy(dtype=np.float64, copy=True) for key in CURVES}
        epoch = ordered["epoch"].to_numpy(dtype=np.int64, copy=True)
        for values in (epoch, *curves.values()):
            values.setflags(write=False)
        first = early if name == "final" or early_of_folds is None else early_of_folds
        first = first if first < len(ordered) else 0  # stopped before the first full-size epoch
        chosen = int(epoch[first + int(np.nanargmin(_chosen_by(ordered.iloc[first:])))])
        fold = rows["fold"].dropna().to_list()
        runs.append(Run(run=str(name), fold=int(fold[0]) if fold else None, epoch=epoch, chosen=chosen, **curves))
    return tuple(runs)


def _chosen_by(rows: pd.DataFrame) -> NDArray[np.float64]:
    known = "tuning_scaled_loss" in rows and rows["tuning_scaled_loss"].notna().any()
    return rows["tuning_scaled_loss" if known else "tuning_loss"].to_numpy(dtype=np.float64)
