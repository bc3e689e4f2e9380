"""The numbers again, in three steps: which evaluated cases are left as more of what training has seen is taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.splits import NOTHING_TO_COMPARE, against_of, shared_with_training

_T = TypeVar("_T", bound=np.generic)

StepName = Literal["without_exact_copies", "without_near_duplicates", "without_shared_patients"]

NOTHING_LEFT: Final = "no case is left"
NO_HASH: Final = "no file hash is known on both sides"
NOT_LOOKED_FOR: Final = "near-duplicates were not looked for on both sides"
NO_PATIENT: Final = "no patient id is known on both sides"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """The evaluated cases that are left after a step: ``kept`` (m,), read-only, and how many by class.

    ``removed`` is how many this step took out. ``reason`` says why nothing can be said of this step, none when
    something can: nothing is left, or there is nothing to compare by. In the second case ``kept`` is that of the
    step before.
    """

    name: StepName
    kept: NDArray[np.bool_]
    n: int
    counts: tuple[int, ...]
    removed: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Three steps over the evaluated cases ``case_ids`` (m,) of ``split``, in the order of the cases table.

    ``counts`` are all of them by class, ``not_comparable`` those of which nothing is known to compare them by: they
    cannot be called new, so no step keeps them. Each step keeps a part of what the step before kept.
    """

    split: str
    against: tuple[str, ...]
    case_ids: NDArray[np.str_]
    counts: tuple[int, ...]
    not_comparable: int
    steps: tuple[Step, ...]

    def case_ids_of(self, step: Step) -> NDArray[np.str_]:
        """Return the case ids that ``step`` keeps."""
        return self.case_ids[step.kept]


def without_leaks(
    cases: pd.DataFrame, *, classes: Sequence[str], pairs: pd.DataFrame | None = None, split: str = "test"
) -> Steps:
    """Return which cases of ``split`` are left without exact copies, near-duplicates and patients of training.

    ``cases`` is the study's cases table, all splits; ``pairs`` its table of copies. Training is what the model was
    fitted on: train and tuning, for the tuning split train only. The first step takes out every case that shares
    its content with training, by file hash or by a chain of exact pairs; the second also every case tied to training
    by a chain of pairs of any kind, through cases of any split; the third also every case whose group or patient
    reaches into training. What is left in the end is what ``shared_with_training`` calls new, less copies that the
    groups do not know of. Copies within the split stay.
    """
    against = against_of(split)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    shared = list(shared_with_training(cases, split=split).values())
    comparable = np.array([known is not None for known in shared], dtype=np.bool_)
    reaches = np.array([known is True for known in shared], dtype=np.bool_)
    leaks = _leaks(cases, pairs, fitted=fitted, evaluated=evaluated, reaches=reaches)
    nothing = _nothing_to_say(evaluated=evaluated, fitted=fitted, comparable=comparable)
    of_class = pd.Index(classes).get_indexer(pd.Index(cases.loc[evaluated, "label"]))
    former, steps = comparable, []
    for name, gone, not_compared in leaks:
        kept = former & ~gone
        reason = nothing or (not_compared if kept.any() else NOTHING_LEFT)
        steps.append(
            Step(
                name=name,
                kept=_read_only(kept),
                n=int(kept.sum()),
                counts=tuple(np.bincount(of_class[kept], minlength=len(classes)).tolist()),
                removed=int((former & gone).sum()),
                reason=reason,
            )
        )
        former = kept
    return Steps(
        split=split,
        against=against,
        case_ids=_read_only(cases.loc[evaluated, "case_id"].to_numpy(dtype=np.str_)),
        counts=tuple(np.bincount(of_class, minlength=len(classes)).tolist()),
        not_comparable=int((~comparable).sum()),
        steps=tuple(steps),
    )


def _leaks(
    cases: pd.DataFrame,
    pairs: pd.DataFrame | None,
    *,
    fitted: NDArray[np.bool_],
    evaluated: NDArray[np.bool_],
    reaches: NDArray[np.bool_],
) -> tuple[tuple[StepName, NDArray[np.bool_], str | None], ...]:
    """Return by step which evaluated cases (m,) training holds, and why that cannot be told, none when it can."""
    content = _codes(cases["sha256"])
    patient = _codes(cases["patient_id"])
    tied = np.zeros((2, 0), dtype=np.int64) if pairs is None else _positions(cases, pairs)
    exact = np.zeros(tied.shape[1], dtype=np.bool_) if pairs is None else (pairs["kind"] == "exact").to_numpy()

    def both_know(codes: NDArray[np.int64]) -> bool:
        return bool((codes[fitted] >= 0).any() and (codes[evaluated] >= 0).any())

    def in_training(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
        held = np.zeros(codes.max(initial=-1) + 2, dtype=np.bool_)  # the last place is that of -1, not known
        held[codes[fitted]] = True
        held[-1] = False
        return held[codes[evaluated]]

    hashed = both_know(content) or bool(exact.any())
    looked = pairs is not None and (not exact.all() or ("phash" in cases and both_know(_codes(cases["phash"]))))
    patients = both_know(patient) or bool(reaches.any())
    return (
        ("without_exact_copies", in_training(_chained(content, tied[:, exact])), None if hashed else NO_HASH),
        ("without_near_duplicates", in_training(_chained(content, tied)), None if looked else NOT_LOOKED_FOR),
        ("without_shared_patients", reaches | in_training(patient), None if patients else NO_PATIENT),
    )


def _codes(values: pd.Series) -> NDArray[np.int64]:
    """Return a number from 0 per row for its value, -1 where it is missing."""
    return pd.factorize(values.to_numpy())[0].astype(np.int64)


def _positions(cases: pd.DataFrame, pairs: pd.DataFrame) -> NDArray[np.int64]:
    """Return the rows (2, p) of both cases of each pair."""
    row_of = pd.Index(cases["case_id"].to_numpy())
    return np.stack([row_of.get_indexer(pd.Index(pairs[end].to_numpy())) for end in ("case_a", "case_b")])


def _chained(content: NDArray[np.int64], tied: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number per case: equal for cases that ``analysis.splits.copies`` says show one image.

    The same by rows instead of by names, which a million cases ask for. Each content is a node beside the cases.
    """
    n = len(content)
    known = np.flatnonzero(content >= 0)
    rows, columns = np.concatenate([known, tied[0]]), np.concatenate([n + content[known], tied[1]])
    nodes = n + content.max(initial=-1) + 1
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:n].astype(np.int64)


def _nothing_to_say(
    *, evaluated: NDArray[np.bool_], fitted: NDArray[np.bool_], comparable: NDArray[np.bool_]
) -> str | None:
    if not evaluated.any():
        return "no cases"
    if not fitted.any():
        return "the study holds no training cases"
    return None if comparable.any() else NOTHING_TO_COMPARE


def _read_only(values: NDArray[_T]) -> NDArray[_T]:
    values.setflags(write=False)
    return values
