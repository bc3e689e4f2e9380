"""What lies on both sides of a split: copies of one image, and patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroval.data.dataset.splits import pair_rows
from neuroval.data.storage.arrow_text import positions


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinKind:
    """The pairs of one kind between two splits: ``cases`` of the evaluated one are in ``pairs`` pairs.

    ``example`` is the first pair whose labels differ, else the first: case of the split, case of the others.
    ``conflicts`` is the number of pairs whose labels differ.
    """

    kind: str
    cases: int
    pairs: int
    conflicts: int
    example: tuple[str, str]
    labels: tuple[str, str]


def twins_across(
    cases: pd.DataFrame, pairs: pd.DataFrame, *, split: str, against: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    """Return the pairs between ``split`` and the ``against`` splits: case of the split, case of the others, kind.

    ``pairs`` is the study's table. Copies of one content are all paired with its first case there; two hops lead
    from any copy to any other.
    """
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    first, other = pair_rows(cases["case_id"], pairs)
    named = pd.DataFrame({"test": first, "train": other, "kind": pairs["kind"].to_numpy()})
    both = pd.concat([named, named.rename(columns={"test": "train", "train": "test"})], ignore_index=True)
    exact = both[both["kind"] == "exact"]
    evaluated_copies = exact[evaluated[exact["test"]]].rename(columns={"train": "first"})
    fitted_copies = exact[fitted[exact["train"]]].rename(columns={"test": "first"})
    hops = evaluated_copies.merge(fitted_copies, on=["first", "kind"])[["test", "train", "kind"]]
    twins = pd.concat([both, hops], ignore_index=True)
    across = twins[evaluated[twins["test"]] & fitted[twins["train"]]].drop_duplicates()
    ids = cases["case_id"].array
    across = across.assign(test=ids[across["test"].to_numpy()], train=ids[across["train"].to_numpy()])
    return list(across.sort_values(["test", "train", "kind"]).itertuples(index=False, name=None))


def patients_across(cases: pd.DataFrame, *, split: str, against: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Return the patients on both sides: id, cases in ``split``, cases in the ``against`` splits."""
    codes, names = pd.factorize(cases["patient_id"])
    sides = (cases["split"] == split, cases["split"].isin(against))
    test, train = (
        np.bincount(codes[side.to_numpy(dtype=np.bool_) & (codes >= 0)], minlength=len(names)) for side in sides
    )
    shared = np.flatnonzero((test > 0) & (train > 0))
    return sorted(zip(map(str, names[shared]), test[shared].tolist(), train[shared].tolist(), strict=True))


def by_kind(twins: Sequence[tuple[str, str, str]], cases: pd.DataFrame) -> tuple[TwinKind, ...]:
    """Return the kinds of the pairs that ``twins_across`` found, the most frequent first.

    ``cases`` is the study's table, for the labels.
    """
    table = pd.DataFrame(twins, columns=["test", "train", "kind"])
    labels = cases["label"].array
    for side, column in (("test", "label"), ("train", "train_label")):
        table[column] = labels[positions(table[side], among=cases["case_id"])]
    table["conflict"] = table["label"] != table["train_label"]
    kinds = []
    for kind, part in table.groupby("kind", sort=True):
        first = part.sort_values("conflict", ascending=False, kind="stable").iloc[0]
        kinds.append(
            TwinKind(
                kind=str(kind),
                cases=part["test"].nunique(),
                pairs=len(part),
                conflicts=int(part["conflict"].sum()),
                example=(first["test"], first["train"]),
                labels=(first["label"], first["train_label"]),
            )
        )
    return tuple(sorted(kinds, key=lambda kind: -kind.cases))
