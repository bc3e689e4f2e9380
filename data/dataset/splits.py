"""Groups, and the split into training and tuning parts that never divides one."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neuroval.data.exceptions import InputError
from neuroval.data.storage.arrow_text import order, positions


def group_ids(cases: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Return each case's group: the connected component over patient ids and confirmed pairs.

    A group is named by its smallest ``case_id``; a case without patient and without pair is its own group.
    """
    ids = cases["case_id"]
    owner = pd.factorize(cases["patient_id"])[0].astype(np.int64)
    component = connected(owner, pair_rows(ids, pairs))
    rows = order(ids)[::-1]
    smallest = np.zeros(len(ids), dtype=np.int64)
    smallest[component[rows]] = rows  # the last to be written, the smallest, stays
    return pd.Series(ids.array[smallest[component]], index=cases.index, name="group_id")


def pair_rows(case_ids: pd.Series, pairs: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows (2, p) of both cases of each pair."""
    ends = pd.concat([pairs["case_a"], pairs["case_b"]], ignore_index=True)
    return positions(ends, among=case_ids).reshape(2, -1)


def connected(owner: NDArray[np.int64], tied: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number from 0 per case (n,), equal for cases that a chain of common owners and ties leads between.

    ``owner`` (n,) is the number of what a case belongs to, such as its patient, -1 where that is not known; ``tied``
    are the rows (2, p) of both cases of each pair. Raises ``ValueError`` for a row that is none.
    """
    n = len(owner)
    known = np.flatnonzero(owner >= 0)
    first = np.zeros(int(owner.max(initial=-1)) + 1, dtype=np.int64)
    first[owner[known[::-1]]] = known[::-1]  # the last to be written, the first case of each owner, stays
    later = known[first[owner[known]] != known]
    rows, columns = np.concatenate([later, tied[0]]), np.concatenate([first[owner[later]], tied[1]])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def assign_tuning(cases: pd.DataFrame, *, parts: int, seed: int) -> pd.Series:
    """Return the splits with one of ``parts`` of the training cases moved to ``tuning``, whole groups only.

    Stratified by label. Splits other than ``train`` stay, and so does everything when the data set already
    names tuning cases. Raises ``InputError`` when a class has too few groups to appear on both sides.
    """
    splits = cases["split"].copy()
    train = cases[splits == "train"]
    if train.empty or (splits == "tuning").any():
        return splits
    groups_per_class = train.groupby("label")["group_id"].nunique()
    if int(groups_per_class.min()) < parts:
        scarce = groups_per_class.idxmin()
        raise InputError(
            f"split: class {scarce!r} has {groups_per_class.min()} groups in train, at least {parts} are needed "
            "to set a tuning part aside; name the tuning cases in metadata.csv (column 'split')."
        )
    held_out = next(_held_out(train, parts, seed=seed))
    splits.loc[train.index[held_out]] = "tuning"
    return splits


def assign_folds(cases: pd.DataFrame, *, folds: int, seed: int) -> pd.Series:
    """Return each case's fold, 1 to ``folds``: stratified by label, whole groups only.

    Raises ``InputError`` when a class has fewer groups than folds.
    """
    groups_per_class = cases.groupby("label")["group_id"].nunique()
    if int(groups_per_class.min()) < folds:
        scarce = groups_per_class.idxmin()
        raise InputError(f"folds: class {scarce!r} has {groups_per_class.min()} groups, at least {folds} are needed.")
    fold = pd.Series(0, index=cases.index, name="fold", dtype="int32")
    for number, held_out in enumerate(_held_out(cases, folds, seed=seed), start=1):
        fold.iloc[held_out] = number
    return fold


def _held_out(cases: pd.DataFrame, parts: int, *, seed: int) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each of so many parts, stratified by class, groups kept whole."""
    from sklearn.model_selection import StratifiedGroupKFold  # loads for half a second, which pages need not wait for

    splitter = StratifiedGroupKFold(n_splits=parts, shuffle=True, random_state=seed)
    for _, held_out in splitter.split(cases, cases["label"], cases["group_id"]):
        yield held_out


def hash_of(cases: pd.DataFrame, column: str) -> str:
    """Return the sha256 over what each case has in a column: equal hashes mean the same split, groups or images."""
    lines = sorted(cases["case_id"] + " " + cases[column].fillna(""))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
