"""The cases that two studies have in common: what two models can be compared on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.evaluated_cases import Evaluated, chosen
from neuroval.data.study.folder import Study

LIMIT_OF_LABELS: Final = 0.5  # with more labels that differ, the cases are not the same ones


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLabel:
    """A common case whose label is not the same in both studies; it is left out."""

    case_a: str
    case_b: str
    label_a: str
    label_b: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """The cases with a prediction in both studies, row by row, and what was left out.

    ``classes`` is the order of ``a``, with the negative class of whichever study names one; ``in_b`` (k,) says where
    each of them stands in ``b``. ``a`` and ``b`` are as their studies give them, ``b`` in its own class order.
    ``groups`` (n,) numbers the groups that hold in either study. ``by_case_id`` cases were found by id and
    ``by_content`` by their bytes; of the former ``confirmed`` have equal bytes, ``other_bytes`` others, the rest no
    known hash. ``only_a`` and ``only_b`` count the cases with a prediction in one study alone.
    """

    classes: ClassOrder
    in_b: NDArray[np.int64]
    a: Evaluated
    b: Evaluated
    groups: NDArray[np.int64]
    by_case_id: int
    by_content: int
    confirmed: int
    other_bytes: int
    only_a: int
    only_b: int
    other_labels: tuple[OtherLabel, ...]

    @property
    def n(self) -> int:
        return self.a.n


def matched(a: Study, b: Study, *, judged: tuple[Evaluated, Evaluated]) -> Matched:
    """Return the cases that are ``judged`` in both studies.

    Cases of one data set are matched by case id; what is left, and all cases where the data sets have different names,
    by sha256: copies of one image in turn, by label. Cases whose label differs between the studies are left out and
    listed.

    Raises ``InputError`` for the same study twice, other classes (another order is none), two negative classes, no
    common case, or labels that differ in more than half of the common cases.
    """
    _check(a, b)
    first, second = judged
    rows_a, rows_b, by_id = _rows(first.cases, second.cases, same_data=a.manifest.data.name == b.manifest.data.name)
    if not len(rows_a):
        names = (a.manifest.data.name, b.manifest.data.name)
        data = (
            f"both of data set {names[0]!r}" if names[0] == names[1] else f"of data sets {names[0]!r} and {names[1]!r}"
        )
        raise InputError(
            f"{_name(a)} and {_name(b)}: no case of basis {first.basis!r} is in both ({first.n:,} and {second.n:,} "
            f"cases, {data}). Cases are matched by case_id within a data set, else by sha256."
        )
    labels_a, labels_b = (side.cases["label"].to_numpy()[rows] for side, rows in ((first, rows_a), (second, rows_b)))
    same = labels_a == labels_b
    if (~same).mean() > LIMIT_OF_LABELS:
        raise InputError(
            f"{_name(a)} and {_name(b)}: {int((~same).sum()):,} of {len(same):,} common cases have another label in "
            "the second study, so they are not the same cases. Check the case ids."
        )
    ids_a, ids_b = (side.cases["case_id"].to_numpy()[rows] for side, rows in ((first, rows_a), (second, rows_b)))
    differing = zip(*(column[~same] for column in (ids_a, ids_b, labels_a, labels_b)), strict=True)
    taken_a, other = _taken(first, rows_a[same]), _taken(second, rows_b[same])
    by_id = by_id[same]
    hashes = [side.cases["sha256"].to_numpy(dtype=object) for side in (taken_a, other)]
    known = by_id & pd.notna(hashes[0]) & pd.notna(hashes[1])
    return Matched(
        classes=_shared_classes(a.classes, b.classes),
        in_b=np.array([b.classes.index(name) for name in a.classes.names], dtype=np.int64),
        a=taken_a,
        b=other,
        groups=_joint_groups(taken_a.cases["group_id"], other.cases["group_id"]),
        by_case_id=int(by_id.sum()),
        by_content=int((~by_id).sum()),
        confirmed=int((known & (hashes[0] == hashes[1])).sum()),
        other_bytes=int((known & (hashes[0] != hashes[1])).sum()),
        only_a=first.n - len(rows_a),
        only_b=second.n - len(rows_b),
        other_labels=tuple(
            OtherLabel(case_a=case_a, case_b=case_b, label_a=label_a, label_b=label_b)
            for case_a, case_b, label_a, label_b in differing
        ),
    )


def _check(a: Study, b: Study) -> None:
    if a.fingerprint == b.fingerprint:
        raise InputError(f"{_name(a)} and {_name(b)} are the same study (fingerprint {a.fingerprint[:12]}).")
    only_a, only_b = (sorted(set(name) - set(other)) for name, other in _both_ways(a.classes.names, b.classes.names))
    if only_a or only_b:
        raise InputError(
            f"{_name(a)} and {_name(b)}: the classes differ (only in the first: {only_a}; only in the second: "
            f"{only_b}). Models are compared on the same classes."
        )
    negatives = a.classes.negative, b.classes.negative
    if None not in negatives and negatives[0] != negatives[1]:
        raise InputError(
            f"{_name(a)} and {_name(b)}: the negative class is {negatives[0]!r} in the first and {negatives[1]!r} in "
            "the second, so they ask different questions."
        )


def _both_ways(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    return (a, b), (b, a)


def _name(study: Study) -> str:
    return study.path.name


def _shared_classes(a: ClassOrder, b: ClassOrder) -> ClassOrder:
    negative = b.negative if a.negative is None else a.negative
    return ClassOrder(names=a.names, negative=negative, display=a.display, colour=a.colour)


def _rows(
    a: pd.DataFrame, b: pd.DataFrame, *, same_data: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the rows of both tables that show the same case, in the order of ``a``, and whether by id."""
    place = positions(a["case_id"], among=b["case_id"]) if same_data else np.full(len(a), -1)
    by_id = np.flatnonzero(place >= 0)
    left_a = a.drop(index=a.index[by_id]).assign(row_a=np.flatnonzero(place < 0))
    rest = np.setdiff1d(np.arange(len(b)), place)
    by_content = _in_turn(left_a).merge(_in_turn(b.iloc[rest].assign(row_b=rest)), on=["sha256", "turn"])
    rows_a = np.concatenate([by_id, by_content["row_a"].to_numpy(dtype=np.intp)])
    rows_b = np.concatenate([place[by_id], by_content["row_b"].to_numpy(dtype=np.intp)])
    order = np.argsort(rows_a, kind="stable")
    return rows_a[order], rows_b[order], order < len(by_id)


def _in_turn(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the cases with a known hash, copies of one image numbered by label and case id."""
    known = cases.dropna(subset="sha256").sort_values(["label", "case_id"])
    return known.assign(turn=known.groupby("sha256").cumcount())


def _taken(evaluated: Evaluated, rows: NDArray[np.intp]) -> Evaluated:
    return chosen(evaluated, rows)


def _joint_groups(a: pd.Series, b: pd.Series) -> NDArray[np.int64]:
    """Return a number per case: cases are together when either study ties them, directly or through others."""
    codes_a, names_a = pd.factorize(a)
    codes_b, names_b = pd.factorize(b)
    size = len(names_a) + len(names_b)
    edges = (np.ones(len(a), dtype=np.int8), (codes_a, codes_b + len(names_a)))
    component = connected_components(coo_array(edges, shape=(size, size)), directed=False)[1]
    return component[codes_a].astype(np.int64)
