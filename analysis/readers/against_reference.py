"""Readers and model on the same cases, against the reference and against the label that the readers agree on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.comparison import ComparedNumber, compare_shares
from neuroval.data.exceptions import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRates:
    """How often one reader gives the reference class; ``against_model`` compares both on the cases the reader read."""

    who: str
    n: int
    right: Measure
    against_model: ComparedNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """How often the model is right with the labels that readers agree on, beside the same with the labels there are.

    ``changed`` cases have another label, ``left_out`` cannot be used. On ``open`` cases readers differ or named no
    class: ``least`` takes the model to be wrong on all of them, ``most`` to be right, so that the truth lies between.
    The intervals hold for labels taken as known.
    """

    n: int
    changed: int
    left_out: int
    open: int
    before: Measure
    least: Measure
    most: Measure


def readers_against(
    ratings: NDArray[np.integer[Any]],
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    *,
    readers: Sequence[str],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> tuple[ReaderRates, ...]:
    """Return for each reader who gave a class the share that is the reference class, and the same of the model.

    ``ratings`` (n, r) are class indices, -1 where none was given; ``reference`` and ``predicted`` (n,) are those of the
    label and of the model; ``groups`` (n,) a group id per case. The difference is reader minus model. Raises
    ``InputError`` for lengths that differ.
    """
    if ratings.shape != (len(reference), len(readers)) or len(predicted) != len(reference):
        raise InputError(
            f"ratings: {ratings.shape} do not fit {len(reference)} labels, {len(predicted)} calls and "
            f"{len(readers)} readers."
        )
    rates = []
    for place, who in enumerate(readers):
        read = ratings[:, place] >= 0
        if not read.any():
            continue
        right = ratings[read, place] == reference[read]
        model = predicted[read] == reference[read]
        within = None if groups is None else np.asarray(groups)[read]
        compared = compare_shares(right, model, name="accuracy", groups=within, level=level)
        share = share_of(right, groups=within, level=level)
        rates.append(ReaderRates(who=who, n=int(read.sum()), right=share, against_model=compared))
    return tuple(rates)


def corrected(
    predicted: NDArray[np.integer[Any]],
    reference: NDArray[np.integer[Any]],
    agreed: Mapping[int, int],
    *,
    open_rows: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> Corrected:
    """Return the share of right calls with corrected labels, as a range where cases are open.

    ``predicted`` and ``reference`` (n,) are class indices; ``agreed`` gives by row the class that readers agree on;
    ``open_rows`` and ``left_out`` (n,) are boolean, and no row is both.
    """
    label = np.array(reference, dtype=np.int64)
    for row, index in agreed.items():
        label[row] = index
    kept = ~left_out
    within = None if groups is None else np.asarray(groups)[kept]
    right = (predicted == label)[kept]
    least, most = (
        share_of(np.where(open_rows[kept], value, right), groups=within, level=level) for value in (False, True)
    )
    return Corrected(
        n=int(kept.sum()),
        changed=int((label != reference)[kept].sum()),
        left_out=int(left_out.sum()),
        open=int(open_rows[kept].sum()),
        before=share_of(predicted == reference, groups=groups, level=level),
        least=least,
        most=most,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedRate:
    """A rate with the labels there are, and its least and most with those that readers agree on: see ``Corrected``."""

    before: Measure
    least: Measure
    most: Measure


def corrected_rates(
    called: NDArray[np.bool_],
    labelled: NDArray[np.bool_],
    agreed: Mapping[int, bool],
    *,
    open_rows: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
) -> tuple[CorrectedRate, CorrectedRate]:
    """Return sensitivity and specificity of a two-class question with corrected labels, each as a range.

    ``called`` and ``labelled`` (n,) say of each case whether it is called and whether its label says that it has it;
    ``agreed`` gives by row what readers agree on; ``open_rows`` and ``left_out`` (n,) as for ``corrected``. An open
    case is least in favour of the model when it is the other way round than called.
    """
    label = np.array(labelled, dtype=np.bool_)
    for row, has_it in agreed.items():
        label[row] = has_it

    def rates(truth: NDArray[np.bool_], kept: NDArray[np.bool_]) -> tuple[Measure, Measure]:
        ill, well = kept & truth, kept & ~truth
        return (
            share_of(called[ill], groups=None if groups is None else np.asarray(groups)[ill], level=level),
            share_of(~called[well], groups=None if groups is None else np.asarray(groups)[well], level=level),
        )

    before = rates(np.asarray(labelled, dtype=np.bool_), np.ones(len(called), dtype=np.bool_))
    least, most = (rates(np.where(open_rows, truth, label), ~left_out) for truth in (~called, called))
    sensitivity, specificity = (
        CorrectedRate(before=before[place], least=least[place], most=most[place]) for place in (0, 1)
    )
    return sensitivity, specificity


def as_ratings(
    choices: Mapping[tuple[str, str], str], *, cases: Sequence[str], readers: Sequence[str], classes: Sequence[str]
) -> NDArray[np.int64]:
    """Return the classes that readers gave as indices (n, r), -1 where none or one that the study does not have.

    ``choices`` are by case id and reader.
    """
    rows, columns, index = ({name: place for place, name in enumerate(names)} for names in (cases, readers, classes))
    table = np.full((len(cases), len(readers)), -1, dtype=np.int64)
    for (case_id, who), name in choices.items():
        if case_id in rows and who in columns:
            table[rows[case_id], columns[who]] = index.get(name, -1)
    return table
