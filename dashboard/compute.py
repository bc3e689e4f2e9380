"""The only caches. Everything is frozen and keyed by the study's fingerprint and the settings it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from analysis.confusion import ConfusionPair, confusion_pairs, predicted_class
from analysis.dataset import Dataset, describe
from analysis.errors import Errors, Tier, rank_errors, tier_of
from analysis.estimate import Estimate, Measure
from analysis.findings import Finding, find
from analysis.per_class import ClassPerformance, Performance, performance
from analysis.splits import Leakage, leakage, without_shared
from dashboard.figures import scan
from data.classes import ClassOrder
from data.home import LinkedImages, linked_images, studies
from data.manifest import FILE, Acceptance
from data.study import Study, read_study

SEED = 20260101
PREFERRED = ("test", "external", "tuning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One evaluated case as the pages show it; facts that are not known are none."""

    case_id: str
    reference: str
    predicted: str
    probabilities: Mapping[str, float]
    tier: Tier
    facts: Mapping[str, str]
    group_size: int
    shared: bool

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One acceptance criterion against its estimate; ``passed`` is none when it cannot be decided, with the reason."""

    criterion: Acceptance
    estimate: Estimate | None
    passed: bool | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Every number of the pages, for one evaluated split."""

    split: str
    performance: Performance
    unseen: Performance
    verdicts: tuple[Verdict, ...]
    dataset: Dataset
    leakage: Leakage
    findings: tuple[Finding, ...]
    errors: Errors
    pairs: tuple[ConfusionPair, ...]
    cases: Mapping[str, Case]
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
    file = path / FILE
    return _study(str(path), file.stat().st_mtime_ns if file.exists() else 0)


@st.cache_resource(max_entries=8, show_spinner=False)
def _study(path: str, stamp: int) -> Study:  # noqa: ARG001 - the stamp is part of the key
    return read_study(Path(path))


def evidence(of: Study) -> Evidence:
    """Return every number of the pages for a study."""
    return _evidence(of.fingerprint, _study=of)


@st.cache_resource(max_entries=8, show_spinner="Computing intervals")
def _evidence(fingerprint: str, _study: Study) -> Evidence:  # noqa: ARG001 - hashed; the study is not
    of, classes, manifest = _study, _study.classes, _study.manifest
    joined = of.cases.merge(of.predictions, on="case_id", how="inner")
    held = set(joined["split"])
    split = next((name for name in PREFERRED if name in held), PREFERRED[0])
    evaluated = joined[joined["split"] == split].reset_index(drop=True)
    probabilities = evaluated[list(classes.probability_columns)].to_numpy(dtype=np.float64)
    reference = np.array([classes.index(label) for label in evaluated["label"]], dtype=np.int64)
    predicted = predicted_class(probabilities)
    judged = _performance(reference, predicted, evaluated["group_id"], classes)
    new = set(of.cases.loc[without_shared(of.cases, split=split), "case_id"])
    unseen = evaluated["case_id"].isin(new).to_numpy(dtype=np.bool_)
    dataset = describe(of.cases, classes=classes.names, rejected=len(of.rejected))
    shared = leakage(of.cases, classes=classes.names, split=split)
    limits = manifest.thresholds
    return Evidence(
        split=split,
        performance=judged,
        unseen=_performance(reference[unseen], predicted[unseen], evaluated["group_id"][unseen], classes),
        verdicts=tuple(_verdict(judged, criterion) for criterion in manifest.acceptance),
        dataset=dataset,
        leakage=shared,
        findings=find(
            classes=classes, dataset=dataset, leakage=shared, matrix=judged.matrix, probabilities=probabilities
        ),
        errors=rank_errors(
            evaluated["case_id"].to_numpy(dtype=np.str_),
            reference,
            probabilities,
            classes=classes.names,
            high=limits.high_confidence,
            review=limits.review,
        ),
        pairs=confusion_pairs(judged.matrix),
        cases=_cases(of, evaluated, probabilities, predicted, shared=~unseen),
        examples={
            name: tuple(evaluated.loc[evaluated["label"] == name, "case_id"].sort_values().head(4))
            for name in classes.names
        },
    )


def _performance(
    reference: NDArray[np.int64], predicted: NDArray[np.int64], groups: pd.Series, classes: ClassOrder
) -> Performance:
    rng = np.random.default_rng(SEED)
    return performance(reference, predicted, classes=classes.names, negative=classes.negative, rng=rng, groups=groups)


def _cases(
    of: Study,
    evaluated: pd.DataFrame,
    probabilities: NDArray[np.float64],
    predicted: NDArray[np.int64],
    *,
    shared: NDArray[np.bool_],
) -> dict[str, Case]:
    names, limits = of.classes.names, of.manifest.thresholds
    sizes = of.cases["group_id"].value_counts()
    kept = ("patient_id", "plane", "source", "site", "split", "image_path")
    found: dict[str, Case] = {}
    for position, row in enumerate(evaluated.to_dict("records")):
        chances = probabilities[position]
        found[row["case_id"]] = Case(
            case_id=row["case_id"],
            reference=row["label"],
            predicted=names[int(predicted[position])],
            probabilities=dict(zip(names, chances.tolist(), strict=True)),
            tier=tier_of(float(chances.max()), high=limits.high_confidence, review=limits.review),
            facts={key: row[key] for key in kept if isinstance(row[key], str)},
            group_size=int(sizes[row["group_id"]]),
            shared=bool(shared[position]),
        )
    return found


def _verdict(judged: Performance, criterion: Acceptance) -> Verdict:
    measure = resolve(judged, criterion.metric)
    if measure is None:
        return Verdict(criterion=criterion, estimate=None, passed=None, reason="this study has no such number")
    estimate = measure.headline
    value = {"low": estimate.low, "high": estimate.high, "value": estimate.value}.get(criterion.bound)
    if value is None:
        reason = estimate.reason or f"the bound {criterion.bound!r} is not known"
        return Verdict(criterion=criterion, estimate=estimate, passed=None, reason=reason)
    return Verdict(criterion=criterion, estimate=estimate, passed=value >= criterion.at_least, reason="")


def resolve(judged: Performance, metric: str) -> Measure | None:
    """Return the number that a name such as ``any_tumour.sensitivity`` or ``glioma.ppv`` stands for."""
    subject, _, name = metric.rpartition(".")
    subject = subject.removeprefix("classes.")
    holders: dict[str, object] = {"": judged.overall, "overall": judged.overall, "any_tumour": judged.any_tumour}
    holders |= {one.name: one for one in judged.classes}
    found = getattr(holders.get(subject), name, None)
    return found if isinstance(found, Measure) else None


def rows(judged: Performance) -> tuple[ClassPerformance, ...]:
    """Return the classes, any tumour first where the study asks for it."""
    return (*((judged.any_tumour,) if judged.any_tumour else ()), *judged.classes)


def linked(of: Study) -> LinkedImages | None:
    """Return the image folder of the study's data set; none when none is linked."""
    return linked_images(of.manifest.data.name)


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
