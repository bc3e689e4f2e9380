"""Is the tumour enough? What the model says of a tumour in a scan that had none, and of the tumour alone.

A tumour is moved into a healthy scan. A model that reads tumours calls it there. Pasting leaves traces, so a healthy
patch of the same shape is pasted into the same scan: what is called there is called without reason. The *sufficiency*
is the first share less the second, of the same scans.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.metrics import ANY_TUMOUR
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.comparison import ComparedNumber, compare_shares
from neuroval.analysis.trial.answers import NOBODY, Answers
from neuroval.data.study.trial import HEALTHY

MOVE: Final = "move"
KEEP_ONLY: Final = "keep_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sufficiency:
    """The sufficiency of all tumours together (``any_tumour``) or of one class.

    ``n`` tumours were moved; ``left_out`` of them do not count, because the scan that they come from is called wrongly
    as it is, or the scan that they went into is not called healthy as it is. ``called_tumour`` is the share called any
    tumour in the new scan, none without a negative class; ``called_class`` the share called its own class.
    ``sufficiency`` is of any tumour where the study asks for it, else of the class; ``of_class`` is of the class. Both
    are of the scans that have both patches.
    """

    subject: str
    n: int
    left_out: int
    called_tumour: Measure | None
    called_class: Measure
    sufficiency: ComparedNumber
    of_class: ComparedNumber

    @property
    def called(self) -> Measure:
        """How often a moved tumour is called: any tumour where the study asks for it, else its class."""
        return self.called_class if self.called_tumour is None else self.called_tumour


def sufficiencies(answers: Answers, *, level: float = 0.95) -> tuple[Sufficiency, ...]:
    """Return the sufficiency of any tumour and of each class whose tumours were moved, in the order of the classes.

    Without a negative class the first is left out, and every scan that receives a tumour counts. Intervals are those
    of ``needs``. Empty where no tumour was moved.
    """
    moved = answers.calls(MOVE)
    touched = (moved != NOBODY) & answers.tumours
    subjects = [] if answers.negative is None or not touched.any() else [(ANY_TUMOUR, touched)]
    for index, name in enumerate(answers.classes):
        of_class = touched & (answers.reference == index)
        if of_class.any():
            subjects.append((name, of_class))
    return tuple(_sufficiency(answers, subject, among, level=level) for subject, among in subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """How often the call stays when only the tumour is left in the scan, of the scans called rightly as they are.

    The call is any tumour; the class itself in a study without a negative class.
    """

    subject: str
    still: Measure


def alone(answers: Answers, *, level: float = 0.95) -> tuple[Alone, ...]:
    """Return how often tumours alone are called, together and by class; empty where that was not tried."""
    left = answers.calls(KEEP_ONLY)
    tried = (left != NOBODY) & answers.tumours & answers.right
    stays = left == answers.reference if answers.negative is None else left != answers.negative
    subjects = [] if answers.negative is None else [(ANY_TUMOUR, tried)]
    subjects += [(name, tried & (answers.reference == index)) for index, name in enumerate(answers.classes)]
    return tuple(
        Alone(subject=name, still=share_of(stays[among], groups=answers.groups[among], level=level))
        for name, among in subjects
        if among.any()
    )


def _sufficiency(answers: Answers, subject: str, among: NDArray[np.bool_], *, level: float) -> Sufficiency:
    moved, patched = answers.calls(MOVE), answers.calls(MOVE, control=HEALTHY)
    counts = among & answers.right & _into_healthy(answers)
    both = counts & (patched != NOBODY)

    def share(happened: NDArray[np.bool_], where: NDArray[np.bool_]) -> Measure:
        return share_of(happened[where], groups=answers.groups[where], level=level)

    def less_control(called: NDArray[np.bool_], in_control: NDArray[np.bool_], name: str) -> ComparedNumber:
        return compare_shares(
            called[both],
            in_control[both],
            name=name,
            groups=answers.groups[both],
            level=level,
        )

    of_class = less_control(moved == answers.reference, patched == answers.reference, "sufficiency_of_class")
    tumour = answers.negative is not None
    return Sufficiency(
        subject=subject,
        n=int(among.sum()),
        left_out=int((among & ~counts).sum()),
        called_tumour=share(moved != answers.negative, counts) if tumour else None,
        called_class=share(moved == answers.reference, counts),
        sufficiency=less_control(moved != answers.negative, patched != answers.negative, "sufficiency")
        if tumour
        else of_class,
        of_class=of_class,
    )


def _into_healthy(answers: Answers) -> NDArray[np.bool_]:
    """Return whether each case (m,) has its tumour moved into a scan that is called healthy as it is."""
    if answers.negative is None:
        return np.ones(len(answers.reference), dtype=np.bool_)
    rows = answers.rows(MOVE)
    rows = rows[answers.host[rows] != NOBODY]
    into = np.zeros(len(answers.reference), dtype=np.bool_)
    into[answers.case[rows]] = answers.untouched[answers.host[rows]] == answers.negative
    return into
