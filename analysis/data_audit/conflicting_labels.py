"""Copies of one image with different labels: which label is the odd one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.data_audit.composition import LabelConflict
from neuroval.data.exceptions import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """What the model makes of the image: its class and that class's mean probability over ``n`` predicted copies.

    ``odd`` are the copies with another label than this class.
    """

    label: str
    probability: float
    n: int
    odd: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OddLabels:
    """One set of tied copies with more than one label, judged by counting.

    ``votes`` are the copies by label, the most frequent label first, then by name. ``majority`` is the most frequent
    label and ``odd`` the copies with any other; with a tie for the most frequent, majority is none and nothing can be
    named by counting. ``opinion`` is none without a prediction of any copy.
    """

    case_ids: tuple[str, ...]
    labels: tuple[str, ...]
    votes: tuple[tuple[str, int], ...]
    majority: str | None
    odd: tuple[str, ...]
    opinion: SecondOpinion | None

    @property
    def tie(self) -> bool:
        return self.majority is None

    @property
    def agree(self) -> bool | None:
        """Whether counting and the second opinion name the same label; none when one of them names none."""
        return None if self.majority is None or self.opinion is None else self.majority == self.opinion.label


def odd_labels(
    conflicts: Sequence[LabelConflict],
    *,
    classes: Sequence[str],
    predictions: pd.DataFrame | None = None,
) -> tuple[OddLabels, ...]:
    """Return for each set of copies with different labels which copies carry the odd label, in the order given.

    ``conflicts`` are those that ``composition`` finds. ``predictions`` holds ``case_id`` and ``prob_<class>`` of any
    cases: out-of-fold ones, or those of the test split. They are a second opinion only: a model that was fitted on a
    copy has learnt that copy's label. The opinion is the class with the largest mean probability over the copies
    that have one, of equal ones the lower index; it may be none of the labels. Raises ``InputError`` when
    ``predictions`` lacks a column.
    """
    opinions = _opinions(conflicts, classes=classes, predictions=predictions)
    return tuple(_judged(conflict, opinion) for conflict, opinion in zip(conflicts, opinions, strict=True))


def _judged(conflict: LabelConflict, opinion: tuple[str, float, int] | None) -> OddLabels:
    votes = sorted(Counter(conflict.labels).items(), key=lambda vote: (-vote[1], vote[0]))
    tie = len(votes) > 1 and votes[0][1] == votes[1][1]
    majority = None if tie else votes[0][0]
    second = None
    if opinion is not None:
        label, probability, n = opinion
        second = SecondOpinion(label=label, probability=probability, n=n, odd=_other_than(conflict, label))
    return OddLabels(
        case_ids=conflict.case_ids,
        labels=conflict.labels,
        votes=tuple(votes),
        majority=majority,
        odd=() if majority is None else _other_than(conflict, majority),
        opinion=second,
    )


def _other_than(conflict: LabelConflict, label: str) -> tuple[str, ...]:
    pairs = zip(conflict.case_ids, conflict.labels, strict=True)
    return tuple(case_id for case_id, labels in pairs if labels != label)


def _opinions(
    conflicts: Sequence[LabelConflict], *, classes: Sequence[str], predictions: pd.DataFrame | None
) -> list[tuple[str, float, int] | None]:
    """Return class, mean probability and number of predicted copies of each set; none without a prediction."""
    if predictions is None:
        return [None] * len(conflicts)
    columns = [f"prob_{name}" for name in classes]
    missing = [name for name in ("case_id", *columns) if name not in predictions]
    if missing:
        raise InputError(f"predictions: columns {missing} are missing; expected case_id and prob_<class>.")
    sets = pd.DataFrame(
        {
            "set": np.repeat(np.arange(len(conflicts)), [len(conflict.case_ids) for conflict in conflicts]),
            "case_id": pd.Series([case_id for conflict in conflicts for case_id in conflict.case_ids], dtype="str"),
        }
    )
    groups = sets.merge(predictions[["case_id", *columns]], on="case_id").groupby("set")
    means, number = groups[columns].mean(), groups["case_id"].nunique()
    probabilities = means.to_numpy(dtype=np.float64)
    best = predicted_class(probabilities)
    opinions: list[tuple[str, float, int] | None] = [None] * len(conflicts)
    for row, (position, best_class) in enumerate(zip(means.index.tolist(), best.tolist(), strict=True)):
        opinions[position] = (classes[best_class], float(probabilities[row, best_class]), int(number.iloc[row]))
    return opinions


def find_label_conflicts(conflicts: Sequence[LabelConflict], *, n: int) -> Finding | None:
    """Return that images of the ``n`` cases appear more than once with different labels, none when no image does."""
    if not conflicts:
        return None
    return Finding(
        code="label_conflicts",
        severity="critical",
        check="conflicting_labels",
        page="data_set",
        count=len(conflicts),
        n=n,
        case_ids=tuple(case_id for conflict in conflicts for case_id in conflict.case_ids),
    )
