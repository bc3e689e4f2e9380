"""Does the model need the tumour? What it says once the tumour is taken out of the scan.

The tumour is removed and the hole is filled. A call that rests on the tumour goes away with it. Filling leaves traces,
so the same hole is cut and filled elsewhere in the head of the same scan: a call that goes away there goes away without
reason. The *need* is the first share less the second, of the same scans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.metrics import ANY_TUMOUR
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.comparison import ComparedNumber, compare_shares
from neuroval.analysis.trial.answers import NOBODY, Answers
from neuroval.data.study.trial import ELSEWHERE, HEALTHY

COUNTED: Final = ("remove_telea", "remove_harmonic")  # they can be done on every scan with an outline
# Shown, and not counted: only where the tumour does not cross the midline; a patch of one grey, which is a sign itself.
BESIDE: Final = ("remove_hemisphere", "blank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One way of filling, on the scans that were called rightly as they are.

    ``still_tumour`` is the share still called any tumour, none without a negative class; ``still_class`` the share
    still called its own class. ``elsewhere_tumour`` and ``elsewhere_class`` are the same with the hole elsewhere.
    ``need`` is of any tumour where the study asks for it, else of the class; ``need_of_class`` is of the class.
    Both are of the scans that have both holes.
    """

    method: str
    counted: bool
    still_tumour: Measure | None
    still_class: Measure
    elsewhere_tumour: Measure | None
    elsewhere_class: Measure
    need: ComparedNumber
    need_of_class: ComparedNumber

    @property
    def still(self) -> Measure:
        """How often the call stays without the tumour: any tumour where the study asks for it, else the class."""
        return self.still_class if self.still_tumour is None else self.still_tumour

    @property
    def elsewhere(self) -> Measure:
        """How often the call stays with the hole elsewhere."""
        return self.elsewhere_class if self.elsewhere_tumour is None else self.elsewhere_tumour


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The need of all tumours together (``any_tumour``) or of one class.

    ``n`` scans had their tumour removed; ``wrong`` of them were called wrongly as they are, and do not count.
    """

    subject: str
    n: int
    wrong: int
    removals: tuple[Removal, ...]

    @property
    def worst(self) -> Removal | None:
        """The way of filling with the lowest need, of those that count; none when there is no need to tell."""
        known = [
            (removal.need.difference.headline.value, removal)
            for removal in self.removals
            if removal.counted and removal.need.difference.headline.value is not None
        ]
        return min(known, key=lambda pair: pair[0])[1] if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthyHoles:
    """The control of the filling itself: holes of the same shapes in healthy scans, which stay healthy.

    ``still_negative`` is the share of them still called the negative class, of those called so as they are.
    """

    method: str
    still_negative: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A scan whose call stays without its tumour: what it is called then, and with which P(any tumour).

    The probability is the lowest of the ways of filling that count: the call stays under each of them. In a study
    without a negative class it is that of the reference class.
    """

    case_id: str
    reference: str
    called: str
    probability: float


def needs(answers: Answers, *, level: float = 0.95) -> tuple[Need, ...]:
    """Return the need of any tumour and of each class whose tumours were removed, in the order of the classes.

    Without a negative class the first is left out. Rates are Wilson, cluster-adjusted (Rao-Scott); the need is a
    paired difference with Newcombe's interval, on n over the design effect where groups hold several cases. Empty where
    no tumour was removed.
    """
    made = [method for method in (*COUNTED, *BESIDE) if len(answers.rows(method))]
    if not made:
        return ()
    touched = np.zeros(len(answers.reference), dtype=np.bool_)
    for method in made:
        touched |= answers.calls(method) != NOBODY
    touched &= answers.tumours
    subjects = [] if answers.negative is None else [(ANY_TUMOUR, touched)]
    for index, name in enumerate(answers.classes):
        of_class = touched & (answers.reference == index)
        if of_class.any():
            subjects.append((name, of_class))
    return tuple(
        Need(
            subject=subject,
            n=int(among.sum()),
            wrong=int((among & ~answers.right).sum()),
            removals=tuple(
                _removal(answers, method, among & answers.right, level=level)
                for method in made
                if (among & (answers.calls(method) != NOBODY)).any()
            ),
        )
        for subject, among in subjects
    )


def healthy_holes(answers: Answers, *, level: float = 0.95) -> tuple[HealthyHoles, ...]:
    """Return how often healthy scans stay healthy with a hole filled in them; empty without a negative class.

    Cases are the holes, groups those of the healthy scans.
    """
    if answers.negative is None:
        return ()
    holes = []
    for method in (*COUNTED, *BESIDE):
        rows = answers.rows(method, control=HEALTHY)
        rows = rows[answers.host[rows] != NOBODY]
        rows = rows[answers.untouched[answers.host[rows]] == answers.negative]
        if len(rows):
            stays = answers.called[rows] == answers.negative
            share = share_of(stays, groups=answers.groups[answers.host[rows]], level=level)
            holes.append(HealthyHoles(method=method, still_negative=share))
    return tuple(holes)


def kept_calls(answers: Answers, case_ids: Sequence[str] | NDArray[np.object_]) -> tuple[KeptCall, ...]:
    """Return the scans whose call stays under every way of filling that counts, the surest first.

    The call is any tumour; the class itself in a study without a negative class. Only scans called rightly as they
    are; ``case_ids`` (m,) are of the study's cases.
    """
    made = [method for method in COUNTED if len(answers.rows(method))]
    if not made:
        return ()
    lowest = np.full(len(answers.reference), np.inf)
    called = np.full(len(answers.reference), NOBODY, dtype=np.int64)
    stays = answers.right & answers.tumours
    for method in made:
        rows = answers.rows(method)
        stays &= _stays(answers, answers.calls(method))
        cases, probability = answers.case[rows], answers.tumour_probability(rows)
        lower = probability < lowest[cases]
        called[cases[lower]] = answers.called[rows][lower]
        lowest[cases] = np.minimum(lowest[cases], probability)
    kept = np.flatnonzero(stays)
    order = kept[np.lexsort((kept, -lowest[kept]))]
    return tuple(
        KeptCall(
            case_id=str(case_ids[case]),
            reference=answers.classes[answers.reference[case]],
            called=answers.classes[called[case]],
            probability=float(lowest[case]),
        )
        for case in order.tolist()
    )


def _stays(answers: Answers, calls: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each case (m,) is still called any tumour; its class, without a negative class."""
    same = calls == answers.reference if answers.negative is None else calls != answers.negative
    return np.asarray((calls != NOBODY) & same, dtype=np.bool_)


def _removal(answers: Answers, method: str, among: NDArray[np.bool_], *, level: float) -> Removal:
    removed, elsewhere = answers.calls(method), answers.calls(method, control=ELSEWHERE)
    removed_here, both = among & (removed != NOBODY), among & (removed != NOBODY) & (elsewhere != NOBODY)

    def share(stays: NDArray[np.bool_], where: NDArray[np.bool_]) -> Measure:
        return share_of(stays[where], groups=answers.groups[where], level=level)

    def need(stays: NDArray[np.bool_], stays_elsewhere: NDArray[np.bool_], name: str) -> ComparedNumber:
        return compare_shares(
            ~stays[both],
            ~stays_elsewhere[both],
            name=name,
            groups=answers.groups[both],
            level=level,
        )

    of_class = need(removed == answers.reference, elsewhere == answers.reference, "need_of_class")
    tumour = answers.negative is not None
    return Removal(
        method=method,
        counted=method in COUNTED,
        still_tumour=share(removed != answers.negative, removed_here) if tumour else None,
        still_class=share(removed == answers.reference, removed_here),
        elsewhere_tumour=share(elsewhere != answers.negative, both) if tumour else None,
        elsewhere_class=share(elsewhere == answers.reference, both),
        need=need(removed != answers.negative, elsewhere != answers.negative, "need") if tumour else of_class,
        need_of_class=of_class,
    )
