"""What the pages show of one evaluated split: every result, and the cases as they are drawn."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from analysis.confusion import predicted_class
from analysis.errors import Tier, collapsed, tier_of
from analysis.pairs import ConfusionPair, ranked_by_harm
from dashboard.lookalikes import Lookalikes, lookalikes
from dashboard.results import Results
from dashboard.selection import Selection
from data.evaluated import evaluated, evaluated_splits
from data.study import Study

PREFERRED: Final = ("test", "external", "tuning")
WORST: Final = 5  # errors on the overview
EXAMPLES: Final = 4  # of each class


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One evaluated case as the pages show it; facts that are not known are none.

    ``shared`` says whether training holds its patient or a copy, none when that cannot be said; ``twin`` whether it
    holds a copy; ``on_target`` whether the evidence for the predicted class is strongest on the tumour, none without
    outline or evidence; ``copies`` how many errors of the same image it stands for, itself included.
    """

    case_id: str
    reference: str
    predicted: str
    probabilities: Mapping[str, float]
    tier: Tier
    facts: Mapping[str, str]
    group_size: int
    shared: bool | None
    twin: bool
    on_target: bool | None
    copies: int = 1

    @property
    def confidence(self) -> float:
        return self.probabilities[self.predicted]

    @property
    def correct(self) -> bool:
        return self.reference == self.predicted

    @property
    def second(self) -> str:
        """The reference class of an error; the runner-up of a correct case."""
        if not self.correct:
            return self.reference
        rest = {name: value for name, value in self.probabilities.items() if name != self.predicted}
        return max(rest, key=lambda name: rest[name])


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(Results):
    """Results and the cases behind them, each made when a page first asks for it."""

    @property
    def split(self) -> str:
        return self.found.split

    @cached_property
    def selection(self) -> Selection:
        """The evaluated cases, to be filtered."""
        return Selection(results=self)

    @cached_property
    def lookalikes(self) -> Lookalikes | None:
        """What finds similar training cases; none without embeddings."""
        return lookalikes(self.study)

    @cached_property
    def costliest(self) -> tuple[ConfusionPair, ...]:
        return ranked_by_harm(self.pairs, harm=self.study.manifest.harm, classes=self.study.classes.names)

    @cached_property
    def rejected(self) -> Mapping[str, str]:
        """By path, why a file could not be used."""
        rejected = self.study.rejected
        return dict(zip(rejected["image_path"], rejected["reason"], strict=True))

    @cached_property
    def cases(self) -> Mapping[str, Case]:
        """The evaluated cases by their id."""
        return _cases(self)

    @cached_property
    def wrong(self) -> tuple[Case, ...]:
        """The errors, the most confident first."""
        return tuple(self.cases[error.case_id] for error in self.errors.cases)

    @cached_property
    def worst(self) -> tuple[Case, ...]:
        """The most confident errors, copies of one image once."""
        return tuple(
            dataclasses.replace(self.cases[error.case_id], copies=number)
            for error, number in collapsed(self.errors.cases, image_of=self.image_of)[:WORST]
        )

    def make_ready(self) -> None:
        """Compute what the pages show, that of the first page first."""
        for name in ("criteria", "worst", "wrong", "grouped", "ungrouped", "costliest", "confidence", "twin_kinds"):
            getattr(self, name)

    def cell(self, reference: str, predicted: str) -> tuple[Case, ...]:
        """Return the cases of one cell of the matrix, the most confident first."""
        chosen = [case for case in self.cases.values() if (case.reference, case.predicted) == (reference, predicted)]
        return tuple(sorted(chosen, key=lambda case: (-case.confidence, case.case_id)))

    @cached_property
    def examples(self) -> Mapping[str, tuple[str, ...]]:
        """By class, the first evaluated cases."""
        labels, ids = self.found.cases["label"], self.found.cases["case_id"]
        return {name: tuple(ids[labels == name].head(EXAMPLES)) for name in self.study.classes.names}

    @cached_property
    def listed(self) -> Mapping[str, tuple[str, str]]:
        """By case id, split and label of every case of the study."""
        columns = self.study.cases[["case_id", "split", "label"]].itertuples(index=False, name=None)
        return {case_id: (split, label) for case_id, split, label in columns}

    @cached_property
    def same_image(self) -> Mapping[str, tuple[str, ...]]:
        """By case id, the cases of all splits that show its image, itself included, where there are others."""
        return _together(self.image_of)

    @cached_property
    def same_patient(self) -> Mapping[str, tuple[str, ...]]:
        """By case id, the cases of all splits of its patient, itself included, where there are others."""
        return _together(dict(self.study.cases.dropna(subset="patient_id")[["case_id", "patient_id"]].to_numpy()))

    def of_patient(self, name: str) -> tuple[str, ...]:
        """Return the cases of all splits of a patient."""
        cases = self.study.cases
        return tuple(cases.loc[cases["patient_id"] == name, "case_id"])


def evidence(study: Study) -> Evidence:
    """Return the evidence on the first preferred split that has predictions; a study holds at least one."""
    held = evaluated_splits(study)
    return Evidence(study=study, found=evaluated(study, next(name for name in PREFERRED if name in held)))


def _together(owner: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return by case all cases of its owner, itself included; cases that are alone are left out."""
    members: dict[str, list[str]] = {}
    for case_id, name in owner.items():
        members.setdefault(name, []).append(case_id)
    groups = [tuple(ids) for ids in members.values() if len(ids) > 1]
    return {case_id: ids for ids in groups for case_id in ids}


def _cases(source: Evidence) -> dict[str, Case]:
    of = source.study
    names, limits = of.classes.names, of.manifest.thresholds
    found, shared = source.found, source.shared
    predicted, on_target = predicted_class(found.probabilities), source.on_target
    twins = {test for test, _, _ in source.twins}
    sizes = of.cases["group_id"].value_counts()
    kept = ("patient_id", "plane", "source", "site", "split", "image_path")
    cases: dict[str, Case] = {}
    for position, row in enumerate(found.cases.to_dict("records")):
        chances = found.probabilities[position]
        cases[row["case_id"]] = Case(
            case_id=row["case_id"],
            reference=row["label"],
            predicted=names[int(predicted[position])],
            probabilities=dict(zip(names, chances.tolist(), strict=True)),
            tier=tier_of(float(chances.max()), high=limits.high_confidence, review=limits.review),
            facts={key: row[key] for key in kept if isinstance(row[key], str)},
            group_size=int(sizes[row["group_id"]]),
            shared=shared[row["case_id"]],
            twin=row["case_id"] in twins,
            on_target=on_target.get(row["case_id"]),
        )
    return cases
