"""What one network says of each scan as it is and under each intervention, by case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.probabilities import any_tumour_score
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.trial import FINAL, UNTOUCHED

NOBODY: Final = -1  # the call where nothing was asked, the host where there is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """The answers of one network, as read-only arrays; its m cases are those of the study, in their order.

    ``case`` and ``host`` (n,) are the places of the changed scan, and of the healthy scan that a hole or a patch went
    into (-1 where there is none), among the cases; ``intervention``, ``level`` and ``control`` (n,) name the change;
    ``probabilities`` (n, k). ``reference`` and ``groups`` (m,) are of the cases, ``untouched`` (m,) is what the
    network calls each of them as it is, -1 where that is not known. ``judged`` (m,) are the cases of the split.
    ``unlike`` (n,) is 1 where the changed scan is flagged as unlike the training images, 0 where it is not, NaN where
    that is not known; none where it is known of none.
    """

    case: NDArray[np.int64]
    host: NDArray[np.int64]
    intervention: NDArray[np.object_]
    level: NDArray[np.int64]
    control: NDArray[np.object_]
    probabilities: NDArray[np.float64]
    reference: NDArray[np.int64]
    groups: NDArray[np.int64]
    untouched: NDArray[np.int64]
    judged: NDArray[np.bool_]
    classes: tuple[str, ...]
    negative: int | None
    unlike: NDArray[np.float64] | None = None

    @property
    def called(self) -> NDArray[np.int64]:
        """The class of the largest probability of each answer, (n,)."""
        return predicted_class(self.probabilities)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each case (m,) is judged and called rightly as it is."""
        return np.asarray(self.judged & (self.untouched == self.reference), dtype=np.bool_)

    @property
    def tumours(self) -> NDArray[np.bool_]:
        """Whether each case (m,) is of any class but the negative one; all where there is no such class."""
        return (
            np.ones(len(self.reference), dtype=np.bool_) if self.negative is None else self.reference != self.negative
        )

    def rows(self, intervention: str, *, control: str = "", level: int | None = None) -> NDArray[np.int64]:
        """Return the rows (r,) of an intervention or of one of its controls, at one level or at all."""
        wanted = (self.intervention == intervention) & (self.control == control)
        if level is not None:
            wanted &= self.level == level
        return np.flatnonzero(wanted & self.judged[self.case])

    def calls(self, intervention: str, *, control: str = "", level: int | None = None) -> NDArray[np.int64]:
        """Return what each case (m,) is called under an intervention, -1 where it was not made."""
        rows = self.rows(intervention, control=control, level=level)
        calls = np.full(len(self.reference), NOBODY, dtype=np.int64)
        calls[self.case[rows]] = predicted_class(self.probabilities[rows])
        return calls

    def tumour_probability(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return P(any tumour) of rows (r,); of the reference class where the study has no negative class."""
        if self.negative is None:
            return self.probabilities[rows, self.reference[self.case[rows]]]
        return any_tumour_score(self.probabilities[rows], negative=self.negative)


def answers_of(
    table: pd.DataFrame,
    *,
    case_ids: pd.Series,
    reference: NDArray[np.int64],
    groups: NDArray[np.int64],
    judged: NDArray[np.bool_],
    untouched: NDArray[np.int64],
    classes: Sequence[str],
    negative: str | None,
) -> Answers | None:
    """Return the answers of the network that the study judges; of those of its folds where it has no others.

    ``table`` is the trial of a study, a row an answer: ``case_id``, ``network``, ``intervention``, ``level``,
    ``control``, ``host_case_id``, ``prob_<class>``, and ``unlike``, which may be absent. ``case_ids``, ``reference``,
    ``groups``, ``judged`` and ``untouched`` (m,) are of the study's cases; the last is the call that the study holds,
    -1 without any, and gives way to the trial's own answer to the untouched scan. None where no judged case has an
    answer.
    """
    case = positions(table["case_id"], among=case_ids)
    kept = judged[case]
    final = (table["network"] == FINAL).to_numpy(dtype=np.bool_)
    kept &= final if (final & kept).any() else ~final
    if not kept.any():
        return None
    table, case = table[kept], case[kept]
    hosts = table["host_case_id"]
    host = np.full(len(table), NOBODY, dtype=np.int64)
    known = hosts.notna().to_numpy(dtype=np.bool_)
    host[known] = positions(hosts[known], among=case_ids)
    probabilities = table[[f"prob_{name}" for name in classes]].to_numpy(dtype=np.float64, copy=True)
    intervention, control = (table[name].to_numpy(dtype=object) for name in ("intervention", "control"))
    calls = untouched.copy()
    plain = (intervention == UNTOUCHED) & (control == "")
    calls[case[plain]] = predicted_class(probabilities[plain])
    return Answers(
        case=_frozen(case),
        host=_frozen(host),
        intervention=_frozen(intervention),
        level=_frozen(table["level"].to_numpy(dtype=np.int64)),
        control=_frozen(control),
        probabilities=_frozen(probabilities),
        reference=_frozen(reference),
        groups=_frozen(groups),
        untouched=_frozen(calls),
        judged=_frozen(judged),
        classes=tuple(classes),
        negative=None if negative is None else list(classes).index(negative),
        unlike=_unlike(table),
    )


def _unlike(table: pd.DataFrame) -> NDArray[np.float64] | None:
    if "unlike" not in table or table["unlike"].isna().all():
        return None
    return _frozen(table["unlike"].astype("boolean").to_numpy(dtype=np.float64, na_value=np.nan))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.setflags(write=False)
    return view
