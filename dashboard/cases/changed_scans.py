"""What the network said of one scan under its changes, for the pages to show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.study.trial import TrialResults
from neuroval.analysis.trial.answers import NOBODY
from neuroval.analysis.trial.need import COUNTED
from neuroval.analysis.trial.sufficiency import KEEP_ONLY, MOVE
from neuroval.data.study.folder import Study
from neuroval.data.study.trial import UNTOUCHED

SHOWN = (UNTOUCHED, *COUNTED[:1], KEEP_ONLY, MOVE)  # the row of pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the network calls a scan under a change, and how surely."""

    change: str
    level: int
    called: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One scan and what the network says of it as it is and under each change."""

    case_id: str
    reference: str
    answers: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worsening:
    """One scan over the severities of a corruption, 0 being as it is."""

    case_id: str
    reference: str
    steps: tuple[Said, ...]


def told_of(trial: TrialResults, study: Study) -> Example | None:
    """Return the example of the row of pictures; none where no scan was changed in more than one way.

    It is a scan that shows what most scans do: of the class whose call stays as the headline says, the one with the
    median probability without its tumour. Scans that were changed in every way come first.
    """
    answers = trial.answers
    made = [change for change in SHOWN if len(answers.rows(change))]
    if len(made) < 3:
        return None
    everywhere = answers.right & answers.tumours
    for change in made:
        everywhere &= answers.calls(change) != NOBODY
    cases = np.flatnonzero(everywhere)
    if not len(cases):
        return None
    case = _typical(trial, cases)
    told = tuple(_said(trial, change, 0, case) for change in made)
    return Example(
        case_id=str(trial.case_ids[case]), reference=study.classes.names[answers.reference[case]], answers=told
    )


def _typical(trial: TrialResults, cases: NDArray[np.int64]) -> int:
    """Return the case whose P(any tumour) without the tumour is the median of all."""
    answers = trial.answers
    rows = answers.rows(next(change for change in SHOWN[1:] if len(answers.rows(change))))
    probability = np.full(len(answers.reference), np.nan)
    probability[answers.case[rows]] = answers.tumour_probability(rows)
    order = cases[np.argsort(probability[cases], kind="stable")]
    return int(order[len(order) // 2])


def first_to_change(trial: TrialResults, name: str) -> int:
    """Return the case whose call changes at the lowest severity of a corruption, the first of equals.

    Where none changes, the one whose confidence falls most.
    """
    answers = trial.answers
    rows = answers.rows(name)
    cases, levels = answers.case[rows], answers.level[rows]
    known = answers.right[cases] if answers.right[cases].any() else np.ones(len(rows), dtype=np.bool_)
    changed = known & (answers.called[rows] != answers.untouched[cases])
    if changed.any():
        order = np.lexsort((cases[changed], levels[changed]))
        return int(cases[changed][order[0]])
    confidence = answers.probabilities[rows].max(axis=1)
    return int(cases[np.lexsort((cases, confidence))[0]])


def worsening(trial: TrialResults, name: str, case: int) -> Worsening:
    """Return what one case is called at each severity of a corruption."""
    answers = trial.answers
    rows = answers.rows(name)
    levels = sorted(answers.level[rows[answers.case[rows] == case]].tolist())
    steps = [_said(trial, name, int(level), case) for level in levels]
    plain = answers.rows(UNTOUCHED)
    if (answers.case[plain] == case).any():
        steps.insert(0, _said(trial, UNTOUCHED, 0, case))
    return Worsening(
        case_id=str(trial.case_ids[case]), reference=answers.classes[answers.reference[case]], steps=tuple(steps)
    )


def _said(trial: TrialResults, change: str, level: int, case: int) -> Said:
    answers = trial.answers
    rows = answers.rows(change, level=level)
    row = int(rows[answers.case[rows] == case][0])
    chances = answers.probabilities[row]
    place = int(answers.called[row])
    return Said(change=change, level=level, called=answers.classes[place], confidence=float(chances[place]))
