"""The numbers again, in three steps: which evaluated cases are left as more of what training has seen is taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import class_codes, codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.data_audit.training_overlap import (
    NO_TRAINING,
    against_of,
    also_in,
    compared_with_training,
    lacking_in_training,
    not_on_both_sides,
    shown_images,
)

_T = TypeVar("_T", bound=np.generic)

StepName = Literal["without_exact_copies", "without_near_duplicates", "without_shared_patients"]

NOTHING_LEFT: Final = Reason("nothing_left")
NO_HASH: Final = Reason("no_file_hashes_on_both_sides")
NOT_LOOKED_FOR: Final = Reason("near_duplicates_not_sought")
NO_PATIENT: Final = Reason("no_patient_ids_on_both_sides")


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
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Three steps over the evaluated cases ``case_ids`` (m,) of ``split``, in the order of the cases table.

    ``counts`` are all of them by class, ``not_comparable`` those of which nothing is known to compare them by: they
    cannot be called new, so no step keeps them. Each step keeps a part of what the step before kept.
    """

    split: str
    against: tuple[str, ...]
    case_ids: NDArray[np.object_]
    counts: tuple[int, ...]
    not_comparable: int
    steps: tuple[Step, ...]

    def case_ids_of(self, step: Step) -> NDArray[np.object_]:
        """Return the case ids that ``step`` keeps."""
        return self.case_ids[step.kept]


def without_leaks(
    cases: pd.DataFrame,
    *,
    classes: Sequence[str],
    pairs: pd.DataFrame | None = None,
    images: NDArray[np.int64] | None = None,
    split: str = "test",
) -> Steps:
    """Return which cases of ``split`` are left without exact copies, near-duplicates and patients of training.

    ``cases`` is the study's cases table, all splits; ``pairs`` its table of copies; ``images`` what ``shown_images``
    makes of both, if that is there already. Training is what the model was
    fitted on: train and tuning, for the tuning split train only. The first step takes out every case that shares
    its content with training, by file hash or by a chain of exact pairs; the second also every case tied to training
    by a chain of pairs of any kind, through cases of any split; the third also every case whose group or patient
    reaches into training. What is left in the end is what ``shared_with_training`` calls new, less copies that the
    groups do not know of. Copies within the split stay.
    """
    against = against_of(split)
    fitted = cases["split"].isin(against).to_numpy(dtype=np.bool_)
    evaluated = (cases["split"] == split).to_numpy(dtype=np.bool_)
    comparable, reaches = (whole[evaluated] for whole in compared_with_training(cases, split=split))
    reaches &= comparable
    images = shown_images(cases, pairs) if images is None else images
    leaks = _leaks(cases, pairs, images, fitted=fitted, evaluated=evaluated, reaches=reaches, against=against)
    nothing = _nothing_to_say(cases, split=split, against=against, comparable=comparable)
    of_class = class_codes(cases.loc[evaluated, "label"], classes)
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
        case_ids=_read_only(cases.loc[evaluated, "case_id"].to_numpy(dtype=np.object_)),
        counts=tuple(np.bincount(of_class, minlength=len(classes)).tolist()),
        not_comparable=int((~comparable).sum()),
        steps=tuple(steps),
    )


def _leaks(
    cases: pd.DataFrame,
    pairs: pd.DataFrame | None,
    images: NDArray[np.int64],
    *,
    fitted: NDArray[np.bool_],
    evaluated: NDArray[np.bool_],
    reaches: NDArray[np.bool_],
    against: Sequence[str],
) -> tuple[tuple[StepName, NDArray[np.bool_], Reason | None], ...]:
    """Return by step which evaluated cases (m,) training holds, and why that cannot be told, none when it can."""
    near = np.zeros(0, dtype=np.bool_) if pairs is None else (pairs["kind"] != "exact").to_numpy(dtype=np.bool_)
    contents = shown_images(cases, None if pairs is None else pairs[~near])

    def both_know(column: str) -> bool:
        known = cases[column].notna().to_numpy(dtype=np.bool_)
        return bool(known[fitted].any() and known[evaluated].any())

    def not_told(column: str, on_neither: Reason, *, leaked: bool) -> Reason | None:
        """Return why nothing can be told apart by a column; none when it can, or when some were found."""
        lacking = lacking_in_training(cases, column, against=against)
        if leaked or (lacking is None and both_know(column)):
            return None
        return lacking if both_know(column) else on_neither

    def in_training(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
        return also_in(fitted, codes)[evaluated]

    looked = pairs is not None and (bool(near.any()) or ("phash" in cases and both_know("phash")))
    copied = in_training(contents)
    return (
        ("without_exact_copies", copied, not_told("sha256", NO_HASH, leaked=bool(copied.any() or not near.all()))),
        ("without_near_duplicates", in_training(images), None if looked else NOT_LOOKED_FOR),
        (
            "without_shared_patients",
            reaches | in_training(codes_of(cases["patient_id"])),
            not_told("patient_id", NO_PATIENT, leaked=bool(reaches.any())),
        ),
    )


def _nothing_to_say(
    cases: pd.DataFrame, *, split: str, against: Sequence[str], comparable: NDArray[np.bool_]
) -> Reason | None:
    if not len(comparable):
        return Reason("no_cases")
    if comparable.any():
        return None
    if not (cases["split"] == "train").any():
        return NO_TRAINING
    return not_on_both_sides(cases, split=split, against=against)


def _read_only(values: NDArray[_T]) -> NDArray[_T]:
    values.setflags(write=False)
    return values
