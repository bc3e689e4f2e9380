"""What breaks the model: sensitivity and specificity as scans get worse, up to where they hold, and repeats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.calibration.proper_scores import mean_of
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.performance.comparison import ComparedNumber, compare_shares
from neuroval.analysis.trial.answers import NOBODY, Answers
from neuroval.data.study.trial import CORRUPTIONS, REPEATS, UNTOUCHED

MILD: Final = 2  # the severity, of five, at which a fall counts as fragile
MARGIN: Final = 0.05  # how far a rate without a criterion may fall below the untouched scans' lower bound
FALLS: Final = 0.05  # of accuracy: from there on the model should notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """The scans at one severity, 0 being as they are: rates by name, and the mean confidence of the calls.

    ``flagged`` is the share that the model calls unlike its training images; none where it does not say.
    """

    severity: int
    n: int
    rates: Mapping[str, Measure]
    accuracy: Measure
    confidence: Measure
    flagged: Measure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a rate must hold: the limit of an acceptance criterion, else ``MARGIN`` below the untouched scans.

    ``criterion`` is the limit of the criterion, none without one. ``missed`` says that the untouched scans do not reach
    it, often because the sample is small: then the margin counts, and says what the corruption adds to that.
    """

    rate: str
    at_least: float
    criterion: float | None = None

    @property
    def missed(self) -> bool:
        return self.criterion is not None and self.at_least < self.criterion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corruption:
    """One corruption over its severities, the untouched scans first.

    ``holds_until`` is by rate the highest severity up to which the lower bound stays at its limit or above, none where
    there are no scans to tell by. ``falls`` is by rate the share right as they are less the share right at
    severity ``MILD``, of the same scans; empty where that severity was not made. ``notices`` says whether the mean
    confidence falls with the accuracy at the highest severity, by half as much at least; none where accuracy falls by
    less than ``FALLS``.
    """

    name: str
    limits: Mapping[str, Limit]
    severities: tuple[Severity, ...]
    holds_until: Mapping[str, int | None]
    falls: Mapping[str, ComparedNumber]
    notices: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A change that should change nothing: the share of calls that stay what they were, over all its repeats."""

    name: str
    scans: int
    unchanged: Measure


def corruptions(answers: Answers, *, at_least: Mapping[str, float], level: float = 0.95) -> tuple[Corruption, ...]:
    """Return each corruption that was made, in the order of ``CORRUPTIONS``.

    Rates are sensitivity and specificity of any tumour; accuracy in a study without a negative class. ``at_least`` is
    the limit of each rate that has a criterion. Rates are Wilson, cluster-adjusted (Rao-Scott), confidence is a mean
    with its t interval, falls are paired differences as in ``needs``.
    """
    return tuple(
        _corruption(answers, name, at_least=at_least, level=level) for name in CORRUPTIONS if len(answers.rows(name))
    )


def repeats(answers: Answers, *, level: float = 0.95) -> tuple[Repeat, ...]:
    """Return the repeats that were made, each with the share of calls that are those of the untouched scan."""
    repeated = []
    for name in REPEATS:
        rows = answers.rows(name)
        rows = rows[answers.untouched[answers.case[rows]] != NOBODY]
        if len(rows):
            cases = answers.case[rows]
            same = answers.called[rows] == answers.untouched[cases]
            share = share_of(same, groups=answers.groups[cases], level=level)
            repeated.append(Repeat(name=name, scans=len(np.unique(cases)), unchanged=share))
    return tuple(repeated)


def lowest_hold(corruption: Corruption) -> int:
    """Return up to which severity all rates of a corruption hold, -1 where that cannot be told."""
    return min(-1 if severity is None else severity for severity in corruption.holds_until.values())


def hardest(corrupted: Sequence[Corruption]) -> list[Corruption]:
    """Return the corruptions, those that break the model first at the front; of equals the largest fall first."""

    def fall(corruption: Corruption) -> float:
        values = (number.difference.headline.value for number in corruption.falls.values())
        return max((value for value in values if value is not None), default=0.0)

    return sorted(corrupted, key=lambda corruption: (lowest_hold(corruption), -fall(corruption)))


def _corruption(answers: Answers, name: str, *, at_least: Mapping[str, float], level: float) -> Corruption:
    severities = sorted({int(severity) for severity in answers.level[answers.rows(name)]})
    plain = answers.rows(UNTOUCHED)
    sampled = np.zeros(len(answers.reference), dtype=np.bool_)
    sampled[answers.case[answers.rows(name)]] = True
    plain = plain[sampled[answers.case[plain]]]
    steps = [_severity(answers, 0, plain, level=level)]
    steps += [_severity(answers, step, answers.rows(name, level=step), level=level) for step in severities]
    limits = {rate: _limit(rate, measure, at_least) for rate, measure in steps[0].rates.items()}
    return Corruption(
        name=name,
        limits=limits,
        severities=tuple(steps),
        holds_until={rate: _holds_until(steps, limit) for rate, limit in limits.items()},
        falls=_falls(answers, name, level=level) if MILD in severities else {},
        notices=_notices(steps[0], steps[-1]),
    )


def _severity(answers: Answers, severity: int, rows: NDArray[np.int64], *, level: float) -> Severity:
    cases = answers.case[rows]
    reference, called, groups = answers.reference[cases], answers.called[rows], answers.groups[cases]
    right = called == reference

    def share(happened: NDArray[np.bool_], among: NDArray[np.bool_]) -> Measure:
        return share_of(happened[among], groups=groups[among], level=level)

    everything = np.ones(len(rows), dtype=np.bool_)
    accuracy = share(right, everything)
    rates = {name: share(good, among) for name, good, among in _rates(answers, reference, called)}
    confidence = answers.probabilities[rows].max(axis=1, initial=0.0)
    mean = mean_of(confidence, groups=groups, ceiling=1.0, level=level)
    flagged = None
    if answers.unlike is not None and (known := np.isfinite(answers.unlike[rows])).any():
        flagged = share_of(answers.unlike[rows][known] == 1, groups=groups[known], level=level)
    return Severity(severity=severity, n=len(rows), rates=rates, accuracy=accuracy, confidence=mean, flagged=flagged)


def _rates(
    answers: Answers, reference: NDArray[np.int64], called: NDArray[np.int64]
) -> list[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return each rate with the cases (r,) that are good for it, and those that it is of."""
    if answers.negative is None:
        return [("accuracy", called == reference, np.ones(len(reference), dtype=np.bool_))]
    tumour, said_tumour = reference != answers.negative, called != answers.negative
    return [("sensitivity", said_tumour, tumour), ("specificity", ~said_tumour, ~tumour)]


def _limit(rate: str, untouched: Measure, at_least: Mapping[str, float]) -> Limit:
    low, criterion = untouched.headline.low or 0.0, at_least.get(rate)
    if criterion is not None and low >= criterion:
        return Limit(rate=rate, at_least=criterion, criterion=criterion)
    return Limit(
        rate=rate, at_least=min(max(0.0, low - MARGIN), 1.0 if criterion is None else criterion), criterion=criterion
    )


def _holds_until(steps: Sequence[Severity], limit: Limit) -> int | None:
    held: int | None = None
    for step in steps:
        low = step.rates[limit.rate].headline.low
        if low is None or low < limit.at_least:
            break
        held = step.severity
    return held


def _falls(answers: Answers, name: str, *, level: float) -> dict[str, ComparedNumber]:
    """Return by rate the paired fall from the untouched scans to severity ``MILD``."""
    mild = answers.calls(name, level=MILD)
    cases = np.flatnonzero((mild != NOBODY) & (answers.untouched != NOBODY))
    reference = answers.reference[cases]
    before = _rates(answers, reference, answers.untouched[cases])
    after = _rates(answers, reference, mild[cases])
    return {
        rate: compare_shares(
            was_good[among],
            is_good[among],
            name=rate,
            groups=answers.groups[cases][among],
            level=level,
        )
        for (rate, was_good, among), (_, is_good, _) in zip(before, after, strict=True)
    }


def _notices(untouched: Severity, worst: Severity) -> bool | None:
    values = [step.plain.value for step in (untouched.accuracy, worst.accuracy, untouched.confidence, worst.confidence)]
    if any(value is None for value in values):
        return None
    right_before, right_after, sure_before, sure_after = (value or 0.0 for value in values)
    fall = right_before - right_after
    return None if fall < FALLS else sure_before - sure_after >= fall / 2
