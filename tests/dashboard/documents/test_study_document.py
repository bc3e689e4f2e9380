import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.core.metrics import COUNTED, FURTHER
from neuroval.analysis.core.proportions import proportion
from neuroval.analysis.performance.per_class import performance
from neuroval.dashboard.documents.plain_values import plain
from neuroval.dashboard.documents.study_document import as_text, sections
from neuroval.data.exceptions import InputError
from neuroval.data.study.criteria import Acceptance
from neuroval.data.study.folder import Study, write_study
from neuroval.data.study.import_predictions import study_of_predictions

GOLDEN = Path(__file__).parents[2] / "golden"
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")
DRAWN = ("at_prevalence", "where_rare", "roc", "precision_recall")
RATES = ("sensitivity", "specificity", "ppv", "npv", "f1")
ESTIMATE = ["value", "low", "high", "level", "method", "n", "count", "reason"]


@pytest.fixture
def published(tmp_path: Path) -> Study:
    """A study whose test split has the published confusion matrix, one case a group."""
    counts = json.loads((GOLDEN / "oracles.json").read_text())["published_confusion_matrix"][
        "rows_true_glioma_mening_notumor_pituitary"
    ]
    rows, columns = np.indices((4, 4))
    reference, predicted = np.repeat(rows.ravel(), np.ravel(counts)), np.repeat(columns.ravel(), np.ravel(counts))
    probabilities = np.full((len(reference), 4), 0.02)
    probabilities[np.arange(len(reference)), predicted] = 0.94
    table = pd.DataFrame(probabilities, columns=[f"prob_{name}" for name in CLASSES])
    table.insert(0, "label", [CLASSES[index] for index in reference])
    table.to_csv(tmp_path / "p.csv", index=False)
    return study_of_predictions(tmp_path / "p.csv", out=tmp_path / "published", negative="notumor")


@pytest.fixture
def golden(tmp_path: Path) -> Study:
    """160 cases of 80 patients."""
    table = pd.read_csv(GOLDEN / "four_class_160.csv").rename(columns={"true": "label"})
    table = table.rename(columns={f"p_{name}": f"prob_{name}" for name in CLASSES})
    table.to_parquet(tmp_path / "p.parquet")
    return study_of_predictions(tmp_path / "p.parquet", out=tmp_path / "golden", negative="notumor")


@pytest.fixture
def leaky(tmp_path: Path) -> Study:
    """Two training and four test cases: t1 is of r1's patient, t2 and t3 are copies of r2, t4 is new."""
    (tmp_path / "p.csv").write_text(
        "case_id,split,label,patient_id,prob_glioma,prob_notumor\n"
        "r1,train,glioma,P,,\nr2,train,glioma,R,,\n"
        "t1,test,glioma,P,0.9,0.1\nt2,test,glioma,,0.8,0.2\nt3,test,notumor,,0.95,0.05\nt4,test,notumor,Q,0.4,0.6\n"
    )
    study = study_of_predictions(tmp_path / "p.csv", out=tmp_path / "leaky", negative="notumor")
    contents = {"r2": "h", "t2": "h", "t3": "h"}
    cases = study.cases.assign(
        sha256=study.cases["case_id"].map(contents),
        group_id=["r1", "r2", "r1", "r2", "r2", "t4"],
    )
    # Both copies are paired with the same first case, which is not the training case.
    pairs = pd.DataFrame({"case_a": ["t2", "t2"], "case_b": ["r2", "t3"], "kind": "exact", "score": 1.0})
    criteria = (
        Acceptance(metric="overall.accuracy", at_least=0.1),
        Acceptance(metric="any_tumour.sensitivity", at_least=0.98),
        Acceptance(metric="glioma.sensitivity", at_least=1.0, bound="value"),
    )
    manifest = dataclasses.replace(study.manifest, acceptance=criteria)
    return write_study(
        study.path, manifest=manifest, cases=cases, predictions=study.predictions, optional={"pairs": pairs}
    )


def test_the_published_matrix_gives_the_published_numbers(published: Study) -> None:
    document = sections(published)
    assert document["schema"] == 1
    assert document["study"] == {
        "title": "published",
        "fingerprint": published.fingerprint,
        "synthetic": False,
        "basis": "test",
        "split": "test",
        "n": len(published.predictions),
    }
    expected = json.loads((GOLDEN / "oracles.json").read_text())["published_confusion_matrix"]
    assert document["sections"]["confusion"]["matrix"] == expected["rows_true_glioma_mening_notumor_pituitary"]
    found = document["sections"]["per-class"]
    accuracy = found["overall"]["accuracy"]
    assert list(accuracy) == ESTIMATE
    assert [accuracy["value"], accuracy["low"], accuracy["high"]] == pytest.approx(
        [expected["accuracy"], *expected["acc_wilson"]], abs=1e-10
    )
    assert found["overall"]["mcc"]["value"] == pytest.approx(expected["mcc"], abs=1e-11)
    assert "accuracy_clustered" not in found["overall"]  # one case a group: nothing to adjust for
    assert (found["any_tumour"]["sensitivity"]["count"], found["any_tumour"]["sensitivity"]["n"]) == (876, 878)
    for name in CLASSES:
        plain = [key for key in found["classes"][name] if not key.endswith("_clustered")]
        assert plain == [*(metric.key for metric in (*COUNTED, *FURTHER)), *DRAWN]
        assert found["classes"][name]["ppv"]["value"] == pytest.approx(expected["per_class"][name]["ppv"][0], abs=1e-8)


def test_numbers_are_those_of_analysis(golden: Study) -> None:
    found = sections(golden)["sections"]
    table = pd.read_csv(GOLDEN / "four_class_160.csv").sort_values("case_id")
    reference = np.array([CLASSES.index(name) for name in table["true"]])
    predicted = table[[f"p_{name}" for name in CLASSES]].to_numpy().argmax(axis=1)
    expected = performance(
        reference,
        predicted,
        classes=CLASSES,
        negative="notumor",
        groups=table["patient_id"],
        rng=np.random.default_rng(0),
    )
    assert expected.any_tumour is not None
    overall = found["per-class"]["overall"]
    assert overall["accuracy"] == plain(expected.overall.accuracy.plain)
    assert overall["accuracy_clustered"]["value"] == overall["accuracy"]["value"]
    assert "80 groups" in overall["accuracy_clustered"]["method"]
    assert overall["macro_f1"] == plain(expected.overall.macro_f1.plain)
    assert found["per-class"]["any_tumour"]["npv"] == plain(expected.any_tumour.npv.plain)
    errors = found["errors"]
    assert len(errors) == int((reference != predicted).sum())
    assert [error["confidence"] for error in errors] == sorted((error["confidence"] for error in errors), reverse=True)
    assert sum(pair["count"] for pair in found["confusion"]["pairs"]) == len(errors)
    assert found["dataset"]["patients"] == 80


def test_a_document_is_plain_json_and_the_same_each_time(golden: Study) -> None:
    document = sections(golden)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert sections(golden) == document


def test_the_audit_names_what_leaks(leaky: Study) -> None:
    audit = sections(leaky)["sections"]["audit"]
    assert audit["twins_across_splits"] == [
        {"test": "t2", "train": "r2", "kind": "exact"},
        {"test": "t3", "train": "r2", "kind": "exact"},
    ]
    assert audit["patients_across_splits"] == [{"patient_id": "P", "test": 1, "train": 1}]
    (conflict,) = audit["label_conflicts"]
    assert (conflict["case_ids"], conflict["labels"]) == (["r2", "t2", "t3"], ["glioma", "glioma", "notumor"])
    assert (conflict["majority"], conflict["odd"], conflict["tie"]) == ("glioma", ["t3"], False)
    steps = {step["name"]: step for step in audit["steps"]}
    assert [step["n"] for step in steps.values()] == sorted((step["n"] for step in steps.values()), reverse=True)
    without = {row["metric"]: row for row in audit["without_leaks"]}
    assert list(without) == [
        "overall.accuracy",
        "overall.balanced_accuracy",
        "any_tumour.sensitivity",
        "any_tumour.specificity",
    ]
    assert (without["overall.accuracy"]["all"]["count"], without["overall.accuracy"]["all"]["n"]) == (3, 4)
    assert without["overall.accuracy"]["without"] == plain(proportion(1, 1))
    assert without["any_tumour.sensitivity"]["without"]["value"] is None
    assert {finding["code"] for finding in audit["findings"]} == {"shared_groups", "label_conflicts", "few_groups"}


def test_acceptance_says_what_is_met_and_what_it_cannot_judge(leaky: Study) -> None:
    accuracy, sensitivity, glioma = sections(leaky, names=["acceptance"])["sections"]["acceptance"]
    assert (accuracy["metric"], accuracy["bound"], accuracy["at_least"], accuracy["met"]) == (
        "overall.accuracy",
        "low",
        0.1,
        True,
    )
    assert (accuracy["estimate"]["count"], accuracy["estimate"]["n"]) == (3, 4)
    assert (sensitivity["met"], sensitivity["without_leaks"]["met"]) == (None, None)
    # All gliomas share a patient or a copy with training: met on all, not decidable without them.
    assert (glioma["estimate"]["value"], glioma["met"]) == (1.0, None)
    assert glioma["reason"] == "no reference cases of glioma"
    assert glioma["without_leaks"]["basis"] == "new_to_the_model"
    assert glioma["without_leaks"]["estimate"]["value"] is None


def test_without_training_cases_nothing_is_new(golden: Study) -> None:
    audit = sections(golden, names=["audit"])["sections"]["audit"]
    assert audit["new_to_the_model"] == {"n": None, "counts": None, "reason": "the study holds no training cases"}
    assert audit["without_leaks"][0]["without"]["reason"] == "the study holds no training cases"
    assert [finding["code"] for finding in audit["findings"]] == ["leakage_unchecked", "few_groups"]
    assert audit["shared"]["all"]["group"]["value"] is None
    assert sections(golden, names=["folds"])["sections"]["folds"] == {
        "reason": "grouped cross-validation is not available in this study",
        "ungrouped": {"reason": "ungrouped cross-validation is not available in this study"},
        "ungrouped_less_grouped": None,
    }


def test_confidence_gives_the_golden_log_loss_and_its_tiers_add_up(golden: Study) -> None:
    found = sections(golden, names=["confidence"])["sections"]["confidence"]
    expected = json.loads((GOLDEN / "oracles.json").read_text())["four_class_160"]["log_loss"]
    assert found["log_loss"]["value"] == pytest.approx(expected, abs=1e-12)
    assert sum(tier["share"]["count"] for tier in found["tiers"]) == 160
    assert [tier["tier"] for tier in found["tiers"]] == ["high", "review", "expert"]
    assert {"ece_top_label_15", "ece_top_label_10", "brier", "slope", "intercept"} <= set(found)
    assert (found["prediction_sets"], found["no_prediction_sets"]) == (
        None,
        "the study holds no predictions of tuning cases",
    )


def test_decisions_stand_with_the_confusion(golden: Study) -> None:
    found = sections(golden, names=["confusion"])["sections"]["confusion"]
    assert len(found["net_benefit"]["thresholds"]) == 99
    assert found["operating_point"] is None
    assert found["no_operating_point"] == "the study holds no predictions of tuning cases"


def test_without_folds_there_are_no_suspects(golden: Study) -> None:
    found = sections(golden, names=["suspects", "label-noise"])["sections"]
    assert found["suspects"] == []
    assert found["label-noise"] == {"reason": "grouped cross-validation is not available in this study"}


def test_every_number_is_ready_for_json(golden: Study, leaky: Study) -> None:
    for study in (golden, leaky):
        document = sections(study, everything=True)
        assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_rates_of_errors_and_pairs_carry_both_intervals(golden: Study) -> None:
    found = sections(golden, names=["error-rates", "confusion"])["sections"]
    rates = found["error-rates"]
    assert (rates["rate"]["count"], rates["rate"]["n"]) == (55, 160)
    assert "cluster-adjusted" in rates["rate_clustered"]["method"]
    assert all("rate_clustered" in pair for pair in found["confusion"]["pairs"])


def test_folds_are_pooled_without_groups_that_lie_in_two(golden: Study) -> None:
    cases = golden.cases
    patients = {name: number for number, name in enumerate(sorted(cases["group_id"].unique()))}
    fold = cases["group_id"].map(patients) % 4 + 1
    fold = fold.where(cases["case_id"] != cases["case_id"].iloc[0], 1 + fold.iloc[0] % 4)
    columns = ["case_id", *golden.classes.probability_columns]
    folds = golden.predictions[columns].assign(fold=fold.astype("int32").to_numpy())
    study = write_study(
        golden.path, manifest=golden.manifest, cases=cases, predictions=golden.predictions, optional={"folds": folds}
    )
    divided = int((cases["group_id"] == cases["group_id"].iloc[0]).sum())
    found = sections(study, names=["folds"])["sections"]["folds"]
    assert (found["folds"], found["left_out"], found["n"]) == (4, divided, 160 - divided)
    assert divided > 1
    assert found["known_patient"]["glioma"]["value"] == 1
    assert set(found["classes"]) == set(CLASSES)


def test_acceptance_is_judged_by_the_wider_interval(golden: Study) -> None:
    plain = sections(golden)["sections"]["per-class"]["classes"]["glioma"]["ppv"]
    criterion = Acceptance(metric="glioma.ppv", at_least=plain["low"])  # just met if cases were independent
    study = dataclasses.replace(golden, manifest=dataclasses.replace(golden.manifest, acceptance=(criterion,)))
    (judged,) = sections(study, names=["acceptance"])["sections"]["acceptance"]
    assert "cluster-adjusted" in judged["estimate"]["method"]
    assert judged["estimate"]["low"] < plain["low"]
    assert judged["met"] is False


def test_long_lists_are_cut_and_say_so(golden: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroval.dashboard.documents.study_document.LONGEST", 10)
    errors = sections(golden, names=["errors"])["sections"]["errors"]
    whole = sections(golden, names=["errors"], everything=True)["sections"]["errors"]
    assert errors == [*whole[:10], {"cut": True, "total": len(whole)}]
    assert len(whole) == 55


def test_only_the_sections_asked_for(golden: Study) -> None:
    assert list(sections(golden, names=["errors", "dataset"])["sections"]) == ["dataset", "errors"]
    with pytest.raises(InputError, match="section: 'errrors' is not known; expected one of"):
        sections(golden, names=["errrors"])


def test_a_split_without_predictions_is_named(golden: Study) -> None:
    with pytest.raises(InputError, match=r"basis 'external' has no predictions; evaluated are: test \(160 cases\)"):
        sections(golden, basis="external")


def test_a_study_without_a_negative_class_has_no_any_tumour(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("label,prob_a,prob_b\na,0.9,0.1\n")
    found = sections(study_of_predictions(tmp_path / "p.csv", out=tmp_path / "s"))["sections"]
    assert "any_tumour" not in found["per-class"]
    sensitivity = found["per-class"]["classes"]["b"]["sensitivity"]
    assert (sensitivity["value"], sensitivity["reason"]) == (None, "no reference cases of b")
    assert found["audit"]["findings"][0]["code"] == "one_case"


def test_the_text_shows_numbers_with_their_wider_interval(golden: Study, leaky: Study) -> None:
    text = as_text(sections(golden))
    assert "accuracy: 0.656 (0.578\u20130.727), 105/160" in text
    assert "fingerprint " + golden.fingerprint in text
    shown = as_text(sections(leaky))
    assert "not estimable: no reference cases of any tumour" in shown
    assert "test t2, train r2, kind exact" in shown


def test_the_text_says_where_a_list_is_cut(golden: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuroval.dashboard.documents.study_document.LONGEST", 10)
    assert "... 55 in all" in as_text(sections(golden, names=["errors"]))


def test_a_class_holds_its_predictive_values_and_thinned_curves(golden: Study) -> None:
    found = sections(golden)["sections"]
    tumour = found["per-class"]["any_tumour"]
    at, positives = tumour["at_prevalence"], tumour["sensitivity"]["n"]
    assert at["prevalence"] == positives / 160
    assert at["ppv"]["value"] == pytest.approx(tumour["ppv"]["value"])  # at the share of these cases it is the observed
    assert "Mercaldo" in at["ppv_clustered"]["method"]
    assert at["frequencies"]["positives"] == round(1000 * positives / 160)
    assert tumour["roc"]["thresholds"][0] is None
    assert tumour["roc"]["sensitivity"][-1] == tumour["roc"]["false_positive_rate"][-1] == 1.0
    assert max(len(one["roc"]["thresholds"]) for one in found["per-class"]["classes"].values()) <= 300
    assert len(tumour["precision_recall"]["recall"]) == len(tumour["precision_recall"]["precision"])


def test_an_empty_class_has_no_predictive_values_and_no_curve(leaky: Study) -> None:
    classes = dataclasses.replace(leaky.manifest.classes, negative=None)
    one = dataclasses.replace(leaky, manifest=dataclasses.replace(leaky.manifest, classes=classes, acceptance=()))
    found = sections(one, names=["per-class"])["sections"]["per-class"]
    assert "any_tumour" not in found
    assert found["classes"]["glioma"]["at_prevalence"]["prevalence"] == 0.5


def test_a_criterion_says_how_many_cases_it_would_take(leaky: Study) -> None:
    accuracy, sensitivity, *_ = sections(leaky, names=["acceptance"])["sections"]["acceptance"]
    assert accuracy["required_cases"] is None  # met
    required = sensitivity["required_cases"]
    assert (required["limit"], required["rate"], required["design_effect"]) == (0.98, 1.0, 1.0)
    assert required["n"] == 189  # z^2 0.98 / 0.02 = 188.2
