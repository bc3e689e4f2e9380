"""The trial of a study in numbers: need, sufficiency, robustness, and the cases behind them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.trial.answers import NOBODY, Answers, answers_of
from neuroval.analysis.trial.findings import fragile, maps_ignore_the_network, needs_no_tumour
from neuroval.analysis.trial.maps import MapTrial, map_trial
from neuroval.analysis.trial.need import HealthyHoles, KeptCall, Need, healthy_holes, kept_calls, needs
from neuroval.analysis.trial.robustness import Corruption, Repeat, corruptions, repeats
from neuroval.analysis.trial.sufficiency import Alone, Sufficiency, alone, sufficiencies
from neuroval.data.lazy import once
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.evaluated_cases import Evaluated
from neuroval.data.study.folder import Study
from neuroval.data.study.trial import FINAL
from neuroval.data.study.trial_maps import TrialMaps

CRITERIA = {"any_tumour.sensitivity": "sensitivity", "any_tumour.specificity": "specificity", "accuracy": "accuracy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What the trial says of any tumour or of one class; none where it was not tried."""

    need_row: Need | None
    sufficiency_row: Sufficiency | None

    @property
    def need(self) -> Measure | None:
        """The need, by the way of filling that counts with the lowest one."""
        worst = None if self.need_row is None else self.need_row.worst
        return None if worst is None else worst.need.difference

    @property
    def still_called(self) -> Measure | None:
        """How often the call stays without the tumour, by the same way of filling."""
        worst = None if self.need_row is None else self.need_row.worst
        return None if worst is None else worst.still

    @property
    def sufficiency(self) -> Measure | None:
        return None if self.sufficiency_row is None else self.sufficiency_row.sufficiency.difference

    @property
    def called_when_moved(self) -> Measure | None:
        return None if self.sufficiency_row is None else self.sufficiency_row.called


@dataclass(frozen=True, kw_only=True, eq=False)
class TrialResults:
    """The results of a trial on the cases of a split, each computed when it is first asked for."""

    answers: Answers
    case_ids: NDArray[np.object_]
    names: Mapping[str, str]
    at_least: Mapping[str, float]
    out_of_fold: bool
    level: float
    examined: TrialMaps | None = None

    @once
    def needs(self) -> tuple[Need, ...]:
        return needs(self.answers, level=self.level)

    @once
    def healthy_holes(self) -> tuple[HealthyHoles, ...]:
        return healthy_holes(self.answers, level=self.level)

    @once
    def kept(self) -> tuple[KeptCall, ...]:
        """The scans whose call stays under every way of filling, the surest first."""
        return kept_calls(self.answers, self.case_ids)

    @once
    def sufficiencies(self) -> tuple[Sufficiency, ...]:
        return sufficiencies(self.answers, level=self.level)

    @once
    def alone(self) -> tuple[Alone, ...]:
        return alone(self.answers, level=self.level)

    @once
    def corruptions(self) -> tuple[Corruption, ...]:
        return corruptions(self.answers, at_least=self.at_least, level=self.level)

    @once
    def repeats(self) -> tuple[Repeat, ...]:
        return repeats(self.answers, level=self.level)

    @once
    def maps(self) -> MapTrial | None:
        """Whether the maps of the judged scans can be believed; none where that was not tried."""
        if self.examined is None:
            return None
        places = positions(self.examined.case_ids.to_series(), among=pd.Series(self.case_ids))
        judged, groups = self.answers.judged[places], self.answers.groups[places]
        return map_trial(self.examined, judged=judged, groups=groups, level=self.level)

    @once
    def subjects(self) -> Mapping[str, Tried]:
        """By name, what was tried of any tumour and of each class."""
        need = {row.subject: row for row in self.needs}
        moved = {row.subject: row for row in self.sufficiencies}
        names = [name for name in ("any_tumour", *self.answers.classes) if name in need or name in moved]
        return {name: Tried(need_row=need.get(name), sufficiency_row=moved.get(name)) for name in names}

    @once
    def findings(self) -> tuple[Finding, ...]:
        """What a reviewer must know, if anything. Fragility is that of the sample, whichever its split."""
        raised = (
            needs_no_tumour(self.needs, self.healthy_holes, names=self.names),
            fragile(self.corruptions),
            maps_ignore_the_network(self.maps),
        )
        return tuple(finding for finding in raised if finding is not None)


def trial_results(study: Study, judged: Evaluated, *, groups: NDArray[np.int64], level: float) -> TrialResults | None:
    """Return the results of a study's trial on the ``judged`` cases; none where it has none of them.

    ``groups`` (m,) are of all the study's cases.
    """
    if study.trial is None:
        return None
    classes, cases = study.classes, study.cases
    of_split = np.zeros(len(cases), dtype=np.bool_)
    of_split[judged.rows] = True
    calls = np.full(len(cases), NOBODY, dtype=np.int64)
    table = study.predictions[list(classes.probability_columns)].to_numpy(dtype=np.float64)
    calls[study.rows["predictions"]] = predicted_class(table)
    told = answers_of(
        study.trial.table,
        case_ids=cases["case_id"],
        reference=positions(cases["label"], among=classes.names),
        groups=groups,
        judged=of_split,
        untouched=calls,
        classes=classes.names,
        negative=classes.negative,
    )
    if told is None:
        return None
    here = of_split[positions(study.trial.table["case_id"], among=cases["case_id"])]
    return TrialResults(
        answers=told,
        case_ids=cases["case_id"].to_numpy(dtype=object),
        names=classes.display,
        at_least=limits_of(study),
        out_of_fold=not _asked_of_final(study.trial.table[here]),
        level=level,
        examined=study.trial_maps,
    )


def limits_of(study: Study) -> dict[str, float]:
    """Return by rate the limit of its acceptance criterion on the lower bound, the highest of several."""
    limits: dict[str, float] = {}
    for criterion in study.manifest.acceptance:
        rate = CRITERIA.get(criterion.metric.removeprefix("overall."))
        if rate is not None and criterion.bound == "low":
            limits[rate] = max(criterion.at_least, limits.get(rate, 0.0))
    return limits


def _asked_of_final(table: pd.DataFrame) -> bool:
    return bool((table["network"] == FINAL).any())
