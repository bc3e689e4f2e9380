"""What lies on both sides of a split: copies of one image, and patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


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
    split_of = cases.set_index("case_id")["split"]
    turned = pairs.rename(columns={"case_a": "case_b", "case_b": "case_a"})
    both = pd.concat([pairs, turned], ignore_index=True).rename(columns={"case_a": "test", "case_b": "train"})
    both = both[["test", "train", "kind"]]
    exact = both[both["kind"] == "exact"]
    evaluated_copies = exact[exact["test"].map(split_of) == split].rename(columns={"train": "first"})
    fitted_copies = exact[exact["train"].map(split_of).isin(against)].rename(columns={"test": "first"})
    hops = evaluated_copies.merge(fitted_copies, on=["first", "kind"])[["test", "train", "kind"]]
    twins = pd.concat([both, hops], ignore_index=True)
    across = twins[(twins["test"].map(split_of) == split) & twins["train"].map(split_of).isin(against)]
    across = across.drop_duplicates().sort_values(["test", "train", "kind"])
    return list(across.itertuples(index=False, name=None))


def patients_across(cases: pd.DataFrame, *, split: str, against: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Return the patients on both sides: id, cases in ``split``, cases in the ``against`` splits."""
    known = cases.dropna(subset="patient_id")
    test = known.loc[known["split"] == split, "patient_id"].value_counts()
    train = known.loc[known["split"].isin(against), "patient_id"].value_counts()
    return [(str(name), int(test[name]), int(train[name])) for name in sorted(set(test.index) & set(train.index))]


def by_kind(twins: Sequence[tuple[str, str, str]], cases: pd.DataFrame) -> tuple[TwinKind, ...]:
    """Return the kinds of the pairs that ``twins_across`` found, the most frequent first.

    ``cases`` is the study's table, for the labels.
    """
    table = pd.DataFrame(twins, columns=["test", "train", "kind"])
    label_of = cases.set_index("case_id")["label"]
    table["label"], table["train_label"] = table["test"].map(label_of), table["train"].map(label_of)
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
    return tuple(sorted(kinds, key=lambda one: -one.cases))
