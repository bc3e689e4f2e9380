"""What goes into which analysis: split, groups, level, thresholds, seeds and the tuning cases.

One study in which nothing is like anything else: three splits with predictions, patients of one to three scans,
confidences, thresholds and weights of harm of its own. Each result must be that of the analysis called by hand.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from neuroval.analysis.calibration.conformal import class_limits, evaluate_sets
from neuroval.analysis.calibration.ece import calibration_errors
from neuroval.analysis.calibration.proper_scores import brier_score, log_loss
from neuroval.analysis.calibration.referral import refer_below, risk_coverage
from neuroval.analysis.calibration.reliability_curve import reliability
from neuroval.analysis.calibration.slope_and_intercept import recalibrations
from neuroval.analysis.calibration.smooth_curve import smooth_curves
from neuroval.analysis.calibration.tiers import confidence_tiers
from neuroval.analysis.core.clusters import group_types
from neuroval.analysis.core.confusion import confusion_matrix, two_by_two
from neuroval.analysis.core.probabilities import read_predictions
from neuroval.analysis.core.proportions import share_of
from neuroval.analysis.data_audit.confident_learning import label_suspects
from neuroval.analysis.decisions.net_benefit import decision_curve, expected_harm
from neuroval.analysis.decisions.risk_control import controlled_threshold, risk_control
from neuroval.analysis.decisions.threshold_choice import at_threshold, operating_point
from neuroval.analysis.performance.class_auc import class_aucs
from neuroval.analysis.performance.comparison import compare
from neuroval.analysis.performance.error_pairs import confusion_pairs
from neuroval.analysis.performance.folds import over_folds
from neuroval.analysis.performance.likelihood_ratios import ratios
from neuroval.analysis.performance.patients import per_patient
from neuroval.analysis.performance.per_class import performance
from neuroval.analysis.performance.ranked_errors import rank_errors, tier_of
from neuroval.analysis.performance.roc import curves
from neuroval.analysis.study.confidence_and_decisions import THRESHOLDS
from neuroval.analysis.study.results import results_of
from neuroval.analysis.study.two_class_questions import at, curves_of
from neuroval.dashboard.api.app import create
from neuroval.dashboard.cases.evidence import Evidence, evidence_of
from neuroval.dashboard.cli.main import main
from neuroval.dashboard.documents.plain_values import plain
from neuroval.dashboard.documents.study_document import document_of, sections
from neuroval.dashboard.settings import Settings
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, read_study, write_study
from neuroval.data.study.import_predictions import study_of_predictions
from neuroval.data.study.manifest import Thresholds

CLASSES, NEGATIVE, TUMOUR = ("glioma", "meningioma", "notumor"), "notumor", 2
LEVEL = 0.9
HARM = ((0.0, 3.0, 9.0), (2.0, 0.0, 8.0), (1.0, 4.0, 0.0))
LIMITS = Thresholds(high_confidence=0.75, review=0.55, target_sensitivity=0.9)
SIZES = {"train": 24, "tuning": 46, "test": 61, "external": 33}
SPLITS = ("test", "external")


def _drawn(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Probabilities (n, 3), right in about three of four."""
    chances = rng.dirichlet(np.ones(3), len(labels)) + rng.uniform(0.2, 1.5, (len(labels), 1)) * np.eye(3)[labels]
    found: np.ndarray = chances / chances.sum(axis=1, keepdims=True)
    return found


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """All cases, in order of their ids; patients lie in one split, but for the first test case."""
    rng = np.random.default_rng(11)
    parts = []
    for split, n in SIZES.items():
        label = rng.choice(3, n, p=(0.5, 0.2, 0.3))
        patient = np.repeat(np.arange(n), rng.integers(1, 4, n))[:n]
        chances = _drawn(rng, label)
        part = pd.DataFrame({"split": split, "label": label, "patient_id": [f"{split}{one:02d}" for one in patient]})
        parts.append(part.assign(**{f"prob_{name}": chances[:, i] for i, name in enumerate(CLASSES)}))
    cases = pd.concat(parts, ignore_index=True)
    cases.insert(0, "case_id", [f"{7 * number % 164:03d}" for number in range(len(cases))])  # splits are mixed
    cases.loc[cases["split"].eq("test").idxmax(), "patient_id"] = "train00"
    cases.loc[cases["split"].eq("tuning").idxmax(), "patient_id"] = "train01"
    return cases.sort_values("case_id", ignore_index=True)


@pytest.fixture(scope="module")
def folds(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Out-of-fold predictions of all cases in three folds, grouped by patient and not."""
    rng, found = np.random.default_rng(12), {}
    by_patient = pd.factorize(table["patient_id"])[0] % 3 + 1
    for name, fold in (("folds", by_patient), ("folds_ungrouped", np.arange(len(table)) % 3 + 1)):
        chances = _drawn(rng, table["label"].to_numpy())
        columns = {f"prob_{name}": chances[:, i] for i, name in enumerate(CLASSES)}
        found[name] = pd.DataFrame({"case_id": table["case_id"], "fold": fold.astype(np.int32), **columns})
    return found


@pytest.fixture(scope="module")
def study(table: pd.DataFrame, folds: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Study:
    home = tmp_path_factory.mktemp("wiring")
    file = home / "p.csv"
    table.assign(label=[CLASSES[one] for one in table["label"]]).to_csv(file, index=False, float_format="%.17g")
    made = study_of_predictions(file, out=home / "studies" / "uneven", negative=NEGATIVE)
    criteria = (Acceptance(metric="overall.accuracy", at_least=0.5), Acceptance(metric="glioma.ppv", at_least=0.7))
    manifest = dataclasses.replace(made.manifest, thresholds=LIMITS, harm=HARM, acceptance=criteria)
    return write_study(made.path, manifest=manifest, cases=made.cases, predictions=made.predictions, optional=folds)


class Case:
    """One split of the table as arrays."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.ids = table["case_id"].to_numpy()
        self.reference = table["label"].to_numpy()
        self.probabilities = table[[f"prob_{name}" for name in CLASSES]].to_numpy()
        self.predicted = self.probabilities.argmax(axis=1)
        self.patients = table["patient_id"]
        self.groups = pd.factorize(table["patient_id"])[0]
        self.positives, self.scores = self.reference != TUMOUR, 1 - self.probabilities[:, TUMOUR]

    @property
    def types(self) -> Any:
        return group_types(self.reference, self.predicted, self.groups, k=3)

    @property
    def matrix(self) -> Any:
        return confusion_matrix(self.reference, self.predicted, classes=CLASSES)


def seeded() -> np.random.Generator:
    return np.random.default_rng(0)


def judged(of: Case, level: float = LEVEL) -> Any:
    given = {"classes": CLASSES, "negative": NEGATIVE, "groups": of.groups, "rng": seeded(), "level": level}
    return performance(of.reference, of.predicted, **given)


def of_confidence(of: Case, tuning: Case) -> dict[str, Any]:
    data, rng = (of.reference, of.probabilities), seeded()  # of the errors first, then of the smooth curve
    grouped = {"classes": CLASSES, "groups": of.groups, "level": LEVEL}
    asked = grouped | {"negative": NEGATIVE}
    limits = class_limits(tuning.reference, tuning.probabilities, classes=CLASSES)
    return {
        "errors": calibration_errors(*data, rng=rng, **grouped),
        "reliability": reliability(*data, **grouped),
        "brier": brier_score(*data, **asked),
        "log_loss": log_loss(*data, **grouped),
        "recalibration": recalibrations(*data, **asked),
        "tiers": confidence_tiers(*data, high=0.75, review=0.55, **asked),
        "risk_coverage": risk_coverage(*data, classes=CLASSES, negative=NEGATIVE),
        "referral": refer_below(*data, threshold=0.55, **asked),
        "smooth": smooth_curves(
            read_predictions(*data, classes=CLASSES, negative=NEGATIVE), groups=of.groups, rng=rng, level=LEVEL
        ),
        "sets": evaluate_sets(*data, limits=limits, groups=of.groups, level=LEVEL),
        "no_sets": None,
    }


def of_decisions(of: Case, tuning: Case) -> dict[str, Any]:
    given = {"groups": of.groups, "level": LEVEL}
    return {
        "harm": expected_harm(of.reference, of.predicted, harm=np.array(HARM), classes=CLASSES, **given),
        "net_benefit": decision_curve(of.positives, of.scores, thresholds=THRESHOLDS, **given),
        "operating_point": operating_point(
            of.positives,
            of.scores,
            tuning_positives=tuning.positives,
            tuning_scores=tuning.scores,
            target=0.9,
            **given,
        ),
        "no_operating_point": None,
        "risk_control": risk_control(
            controlled_threshold(tuning.positives, tuning.scores, tuning.groups),
            of.positives,
            of.scores,
            of.groups,
            level=LEVEL,
        ),
    }


def _right(of: Case) -> Any:
    return share_of(of.predicted == of.reference, groups=of.groups, level=LEVEL).headline


def _drawn_curves(of: Case) -> Any:
    given = {"groups": of.groups, "level": LEVEL}
    return curves(of.reference == 1, of.probabilities[:, 1], name="meningioma", other="another class", **given)


def _ratios(of: Case) -> Any:
    positive = np.arange(3) == 1
    return ratios(two_by_two(of.matrix, index=1), types=of.types, positive=positive, name="meningioma", level=LEVEL)


def _errors(of: Case) -> Any:
    given = {"classes": CLASSES, "groups": of.groups, "high": 0.75, "review": 0.55, "level": LEVEL}
    return rank_errors(of.ids, of.reference, of.probabilities, **given)


def _patients(of: Case) -> Any:
    given = {"classes": CLASSES, "negative": NEGATIVE, "level": LEVEL}
    return per_patient(of.reference, of.probabilities, of.patients, **given)


EXPECTED: dict[str, tuple[Callable[[Evidence], Any], Callable[[Case, Case], Any]]] = {
    "performance": (lambda found: found.results.performance, lambda of, _: judged(of)),
    "aucs": (
        lambda found: found.results.aucs,
        lambda of, _: class_aucs(
            of.reference, of.probabilities, classes=CLASSES, negative=NEGATIVE, groups=of.groups, level=LEVEL
        ),
    ),
    "curves": (lambda found: curves_of(found.results.questions["meningioma"]), lambda of, _: _drawn_curves(of)),
    "threshold": (
        lambda found: at(found.results.questions["any tumour"], 0.4),
        lambda of, _: at_threshold(of.positives, of.scores, threshold=0.4, groups=of.groups, level=LEVEL),
    ),
    "ratios": (lambda found: found.results.ratios["meningioma"], lambda of, _: _ratios(of)),
    "patients": (lambda found: found.results.patients, lambda of, _: _patients(of)),
    "tuning": (lambda found: found.results.on_tuning, lambda _, tuning: _right(tuning)),
    "confidence": (lambda found: plain(found.results.confidence), of_confidence),
    "decisions": (lambda found: plain(found.results.decisions), of_decisions),
    "errors": (lambda found: found.results.errors, lambda of, _: _errors(of)),
    "pairs": (lambda found: found.results.pairs, lambda of, _: confusion_pairs(of.matrix, types=of.types, level=LEVEL)),
}


@pytest.fixture(scope="module")
def of(table: pd.DataFrame) -> Callable[[str], Case]:
    return lambda split: Case(table[table["split"] == split])


@pytest.fixture(scope="module")
def found(study: Study) -> Callable[[str], Evidence]:
    made = {split: evidence_of(study, basis=split, level=LEVEL) for split in SPLITS}
    return made.__getitem__


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_result_is_that_of_its_cases(
    found: Callable[[str], Evidence], of: Callable[[str], Case], name: str, split: str
) -> None:
    actual, expected = EXPECTED[name]
    assert plain(actual(found(split))) == plain(expected(of(split), of("tuning")))


def test_the_cases_of_the_gallery_come_in_the_order_of_the_errors(
    found: Callable[[str], Evidence], of: Callable[[str], Case]
) -> None:
    evidence, cases = found("external"), of("external")
    wrong = np.flatnonzero(cases.predicted != cases.reference)
    largest = cases.probabilities[wrong].max(axis=1)
    expected = cases.ids[wrong[np.argsort(-largest, kind="stable")]].tolist()
    assert expected != sorted(expected) != expected[::-1]
    selection = evidence.selection
    assert selection.ids(selection.rows({}, everything=False)) == expected
    assert [case.case_id for case in evidence.wrong] == expected
    assert [case.case_id for case in evidence.worst] == expected[:5]
    document = document_of(evidence.results, names=["errors"])
    assert [one["case_id"] for one in document["sections"]["errors"]] == expected
    assert [case.confidence for case in evidence.wrong] == sorted(largest.tolist(), reverse=True)


def test_the_tier_of_a_case_is_by_the_thresholds_of_the_study(found: Callable[[str], Evidence]) -> None:
    cases = list(found("test").cases.values())
    assert [case.tier for case in cases] == [tier_of(case.confidence, high=0.75, review=0.55) for case in cases]
    assert [case.tier for case in cases] != [tier_of(case.confidence) for case in cases]


def test_limits_of_prediction_sets_come_from_the_tuning_cases(study: Study, of: Callable[[str], Case]) -> None:
    """By hand: of m tuning cases of a class, the floor((m + 1) / 10)th smallest probability of their class."""
    tuning, sets = of("tuning"), evidence_of(study, basis="test").results.confidence.sets
    assert sets is not None
    assert sets.limits.missing == ()
    for index, limit in enumerate(sets.limits.limits):
        own = np.sort(tuning.probabilities[tuning.reference == index, index])
        assert limit.value == own[(len(own) + 1) // 10 - 1]
    held = of("test").probabilities >= [limit.value for limit in sets.limits.limits]
    assert sets.mean_size.plain.value == held.sum() / SIZES["test"]


def test_the_cases_that_set_a_limit_are_not_judged_by_it(study: Study) -> None:
    on_tuning = evidence_of(study, basis="tuning")
    assert (on_tuning.results.tuning, on_tuning.results.on_tuning, on_tuning.results.confidence.sets) == (
        None,
        None,
        None,
    )
    assert on_tuning.results.decisions.operating_point is None
    known, shared = (
        on_tuning.results.compared
    )  # with training alone: a tuning case does not share a patient with itself
    assert (known.sum(), shared.sum()) == (SIZES["tuning"], 1)


@pytest.mark.parametrize("split", ["tuning", *SPLITS])
def test_what_is_shared_with_training_is_counted_in_its_split(study: Study, split: str) -> None:
    leakage = evidence_of(study, basis=split).results.audit.leakage
    assert (leakage.split, leakage.overall.n) == (split, SIZES[split])
    assert leakage.overall.group.count == {"tuning": 1, "test": 1, "external": 0}[split]


def test_the_source_is_asked_about_the_negative_class(dashboard_home: Path) -> None:
    (factor,) = results_of(read_study(dashboard_home / "studies" / "whole")).whole.confounding
    assert (factor.factor, factor.share.count, factor.share.n) == ("source", 33, 60)


def test_tuning_and_test_are_compared_with_training_each_on_its_own(found: Callable[[str], Evidence]) -> None:
    """By hand: one test case is of the first training patient, one tuning case of the second, no external one."""
    test, external = found("test"), found("external")
    assert (test.results.tuning_shared, external.results.tuning_shared) == (1, 1)
    assert [int(known.sum()) for known in test.results.compared] == [SIZES["test"], 1]
    assert [int(known.sum()) for known in external.results.compared] == [SIZES["external"], 0]
    assert test.results.audit.patients_across == (("train00", 1, 3),)
    assert external.results.audit.patients_across == ()
    assert test.results.audit.unseen.performance is not None
    assert test.results.audit.unseen.performance.matrix.n == SIZES["test"] - 1


@pytest.mark.parametrize(("name", "grouped"), [("folds", True), ("folds_ungrouped", False)])
def test_each_cross_validation_is_that_of_its_own_table(
    found: Callable[[str], Evidence],
    table: pd.DataFrame,
    folds: dict[str, pd.DataFrame],
    name: str,
    grouped: bool,
) -> None:
    evidence = found("test")
    actual = evidence.results.whole.grouped if grouped else evidence.results.whole.ungrouped
    pooled = Case(folds[name].assign(label=table["label"], patient_id=table["patient_id"]))
    sizes, numbers = over_folds(
        pooled.reference,
        pooled.predicted,
        folds[name]["fold"].to_numpy(),
        classes=CLASSES,
        negative=NEGATIVE,
        level=LEVEL,
    )
    assert actual.left_out == 0
    assert (plain(actual.sizes), plain(actual.numbers)) == (plain(sizes), plain(numbers))
    assert plain(actual.performance) == plain(judged(pooled))


def test_suspects_and_grouping_rest_on_the_networks_that_have_not_seen_the_case(
    found: Callable[[str], Evidence], table: pd.DataFrame, folds: dict[str, pd.DataFrame]
) -> None:
    ours, theirs = (Case(one.assign(label=table["label"], patient_id=table["patient_id"])) for one in folds.values())
    suspects = label_suspects(ours.ids, ours.reference, ours.probabilities, classes=CLASSES)
    assert plain(found("test").results.whole.suspects) == plain(suspects)
    given = {"classes": CLASSES, "negative": NEGATIVE, "groups": ours.groups, "level": LEVEL}
    expected = compare(ours.reference, theirs.predicted, ours.predicted, **given)
    assert plain(found("test").results.whole.grouping) == plain(expected.numbers[0])


def _levels(value: object, where: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        if value.get("level") is not None:
            yield where, value["level"]
        for key, inner in value.items():
            yield from _levels(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _levels(inner, where)


@pytest.mark.parametrize("name", ["uneven", "whole"])
def test_every_interval_is_at_the_level_that_was_asked_for(study: Study, dashboard_home: Path, name: str) -> None:
    """All but those of criteria and claims, whose verdicts no choice of a reader changes."""
    judged = study if name == "uneven" else read_study(dashboard_home / "studies" / name)
    document = document_of(results_of(judged, level=LEVEL), everything=True)["sections"]
    usual = document_of(results_of(judged), names=["acceptance", "claims"])["sections"]
    assert {part: document.pop(part) for part in usual} == usual
    levels = list(_levels(document))
    assert len(levels) > 200
    assert [where for where, level in levels if level != LEVEL] == []


def test_the_split_asked_for_reaches_every_door(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(study.path.parents[1]))
    names = ["error-rates", "confidence"]
    external = json.loads(json.dumps(sections(study, basis="external", names=names)))
    assert (external["study"]["split"], external["study"]["n"]) == ("external", SIZES["external"])
    asked = [part for name in names for part in ("--section", name)]
    monkeypatch.setattr(sys, "argv", ["neuroval", "analyze", "uneven", "--split", "external", "--json", *asked])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert json.loads(capsys.readouterr().out) == external
    client = TestClient(create(Settings()))
    answer = client.get("/studies/uneven/metrics", params={"section": names, "basis": "external"})
    assert answer.json() == external
