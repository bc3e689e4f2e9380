"""The only caches. Everything is frozen and keyed by the study's fingerprint and the settings it depends on."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis.acceptance import Criterion, Unleaked
from analysis.confounding import Confounding
from analysis.confusion import predicted_class
from analysis.dataset import Dataset
from analysis.errors import Errors, Tier, collapsed, tier_of
from analysis.findings import Finding
from analysis.pairs import ConfusionPair, ranked_by_harm
from analysis.per_class import ClassPerformance, Performance
from analysis.splits import Leakage
from analysis.training import Run
from analysis.twins import TwinKind
from dashboard.figures import scan
from dashboard.further import Confidence
from dashboard.results import CrossValidation, Results, results
from data.evaluated import evaluated_splits
from data.home import LinkedImages, linked_images, studies
from data.manifest import FILE
from data.study import Study, read_study

PREFERRED = ("test", "external", "tuning")
WORST = 5  # errors on the overview


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
    def filters(self) -> Mapping[str, str]:
        """What a gallery can be filtered by; facts that are not known are left out."""
        facts = {key: self.facts[key] for key in ("plane", "source", "site") if key in self.facts}
        evidence = {} if self.on_target is None else {"evidence": "on" if self.on_target else "off"}
        patient = {"patient": self.facts["patient_id"]} if "patient_id" in self.facts else {}
        first = {"reference": self.reference, "predicted": self.predicted, "confidence": self.tier}
        return {**first, **facts, **evidence, "twin": "yes" if self.twin else "no", **patient}

    @property
    def second(self) -> str:
        """The reference class of an error; the runner-up of a correct case."""
        if not self.correct:
            return self.reference
        rest = {name: value for name, value in self.probabilities.items() if name != self.predicted}
        return max(rest, key=lambda name: rest[name])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Every number of the pages, for one evaluated split.

    ``listed`` holds split and label of every case of the study; ``same_image`` and ``same_patient`` the cases, of all
    splits, that show the image of a case or are of its patient, itself included, where there are others.
    """

    split: str
    performance: Performance
    unseen: Unleaked
    grouped: CrossValidation
    ungrouped: CrossValidation
    training: tuple[Run, ...]
    criteria: tuple[Criterion, ...]
    dataset: Dataset
    leakage: Leakage
    twin_kinds: tuple[TwinKind, ...]
    confounding: tuple[Confounding, ...]
    rejected: Mapping[str, str]
    findings: tuple[Finding, ...]
    errors: Errors
    confidence: Confidence
    pairs: tuple[ConfusionPair, ...]
    costliest: tuple[ConfusionPair, ...]
    worst: tuple[Case, ...]
    cases: Mapping[str, Case]
    listed: Mapping[str, tuple[str, str]]
    same_image: Mapping[str, tuple[str, ...]]
    same_patient: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, tuple[str, ...]]

    def cell(self, reference: str, predicted: str) -> tuple[Case, ...]:
        """Return the cases of one cell of the matrix, the most confident first."""
        chosen = [case for case in self.cases.values() if (case.reference, case.predicted) == (reference, predicted)]
        return tuple(sorted(chosen, key=lambda case: (-case.confidence, case.case_id)))

    @property
    def wrong(self) -> tuple[Case, ...]:
        """The errors, the most confident first."""
        return tuple(self.cases[error.case_id] for error in self.errors.cases)


def study(name: str) -> Study:
    """Return a study by its folder name, read again when its files change. Raises ``ContractError``."""
    path = studies()[name]
    try:
        stamp = (path / FILE).stat().st_mtime_ns
    except OSError:  # reading it says what is wrong
        stamp = 0
    return _study(str(path), stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _study(path: str, stamp: int) -> Study:  # noqa: ARG001 - the stamp is part of the key
    return read_study(Path(path))


def evidence(of: Study) -> Evidence:
    """Return every number of the pages for a study."""
    return _evidence(of.fingerprint, _study=of)


@st.cache_resource(max_entries=8, show_spinner=False)  # it is also made ready where there is no page to draw on
def _evidence(fingerprint: str, _study: Study) -> Evidence:  # noqa: ARG001 - hashed; the study is not
    of, held = _study, evaluated_splits(_study)
    # The first preferred split that has predictions. A study holds at least one.
    found = results(of, split=next(name for name in PREFERRED if name in held))
    cases = _cases(of, found)
    return Evidence(
        split=found.found.split,
        performance=found.performance,
        unseen=found.unseen,
        grouped=found.grouped,
        ungrouped=found.ungrouped,
        training=found.training,
        criteria=found.criteria,
        dataset=found.dataset,
        leakage=found.leakage,
        twin_kinds=found.twin_kinds,
        confounding=found.confounding,
        rejected=dict(zip(of.rejected["image_path"], of.rejected["reason"], strict=True)),
        findings=found.findings,
        errors=found.errors,
        confidence=found.confidence,
        pairs=found.pairs,
        costliest=ranked_by_harm(found.pairs, harm=of.manifest.harm, classes=of.classes.names),
        worst=tuple(
            dataclasses.replace(cases[error.case_id], copies=number)
            for error, number in collapsed(found.errors.cases, image_of=found.image_of)[:WORST]
        ),
        cases=cases,
        listed={
            case_id: (split, label)
            for case_id, split, label in of.cases[["case_id", "split", "label"]].itertuples(index=False, name=None)
        },
        same_image=_together(found.image_of),
        same_patient=_together(dict(of.cases.dropna(subset="patient_id")[["case_id", "patient_id"]].to_numpy())),
        examples={
            name: tuple(found.found.cases.loc[found.found.cases["label"] == name, "case_id"].head(4))
            for name in of.classes.names
        },
    )


def _together(owner: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return by case all cases of its owner, itself included; cases that are alone are left out."""
    members: dict[str, list[str]] = {}
    for case_id, name in owner.items():
        members.setdefault(name, []).append(case_id)
    groups = [tuple(ids) for ids in members.values() if len(ids) > 1]
    return {case_id: ids for ids in groups for case_id in ids}


def _cases(of: Study, source: Results) -> dict[str, Case]:
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


def rows(judged: Performance) -> tuple[ClassPerformance, ...]:
    """Return the classes, any tumour first where the study asks for it."""
    return (*((judged.any_tumour,) if judged.any_tumour else ()), *judged.classes)


def linked(of: Study) -> LinkedImages | None:
    """Return the image folder of the study's data set; none when none is linked."""
    return linked_images(of.manifest.data.name)


def has_image(of: Study, case_id: str) -> bool:
    """Return whether the image of a case is in the linked folder."""
    folder = linked(of)
    return folder is not None and folder.path(known_ids(of).get(case_id)) is not None


def has_other_encoding(of: Study, case_id: str) -> bool:
    """Return whether the linked image of a case looks the same as the judged one but has other bytes."""
    folder = linked(of)
    return folder is not None and known_ids(of).get(case_id) in folder.other_encoding


def encoded(of: Study, case_id: str, class_name: str | None, size: str) -> bytes | None:
    """Return the WebP bytes of a case, with the Grad-CAM of a class if named; none when it cannot be made."""
    folder = linked(of)
    if folder is None or case_id not in known_ids(of):
        return None
    return _encoded(of.fingerprint, str(folder.folder), case_id, class_name, size, _study=of, _folder=folder)


def known_ids(of: Study) -> Mapping[str, str | None]:
    """Return the image path of every case of the study, by case id."""
    return _paths(of.fingerprint, _study=of)


@st.cache_resource(max_entries=8, show_spinner=False)
def _paths(fingerprint: str, _study: Study) -> Mapping[str, str | None]:  # noqa: ARG001
    return dict(zip(_study.cases["case_id"], _study.cases["image_path"], strict=True))


@st.cache_resource(max_entries=1000, show_spinner=False)
def _encoded(
    fingerprint: str,  # noqa: ARG001
    folder: str,  # noqa: ARG001
    case_id: str,
    class_name: str | None,
    size: str,
    _study: Study,
    _folder: LinkedImages,
) -> bytes | None:
    path = _folder.path(known_ids(_study)[case_id])
    return None if path is None else scan.render(_study, case_id, path, class_name=class_name, size=size)
