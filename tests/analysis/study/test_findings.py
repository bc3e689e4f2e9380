from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.claims.audit import AuditedClaim, Verdict
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.composition import describe
from neuroval.analysis.data_audit.confounders import Confounding, Level
from neuroval.analysis.data_audit.training_overlap import leakage
from neuroval.analysis.study.findings import Finding, find
from neuroval.data.claims.kinds import Errors
from neuroval.data.claims.printed_number import printed
from neuroval.data.classes import ClassOrder

ORDER = ClassOrder(names=("glioma", "notumor"), negative="notumor", display={"notumor": "No tumour"})
CLEAN = np.array([[20, 3], [2, 30]])


@pytest.fixture
def clean_cases(study_cases: pd.DataFrame) -> pd.DataFrame:
    ids = study_cases["case_id"]
    return study_cases.assign(group_id=ids, patient_id=None, sha256=ids)


def findings(
    cases: pd.DataFrame,
    *,
    counts: Any = CLEAN,
    probabilities: np.ndarray | None = None,
    rejected: int = 0,
    confounding: tuple[Confounding, ...] = (),
    claims: tuple[AuditedClaim, ...] = (),
    claimed_by: str = "",
    read_for: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    return find(
        classes=ORDER,
        dataset=describe(cases, classes=ORDER.names, rejected=rejected),
        leakage=leakage(cases, classes=ORDER.names),
        matrix=ConfusionMatrix(classes=ORDER.names, counts=np.array(counts)),
        probabilities=np.array([[0.25, 0.75]]) if probabilities is None else probabilities,
        confounding=confounding,
        claims=claims,
        claimed_by=claimed_by,
        read_for=read_for,
    )


def test_a_clean_study_has_none(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases) == ()


def test_groups_on_both_sides_are_critical_and_counted(study_cases: pd.DataFrame) -> None:
    first = findings(study_cases)[0]
    assert first == Finding(
        severity="critical",
        code="shared_groups",
        count=3,
        n=5,
        text="3 of 5 test cases (60.0%) share a patient or a copy of the image with the training data.",
        page="data_set",
    )


def test_large_numbers_are_readable() -> None:
    n = 1311
    cases = pd.DataFrame(
        {
            "case_id": [f"t{i}" for i in range(n)] + [f"r{i}" for i in range(830)],
            "split": ["test"] * n + ["train"] * 830,
            "label": "glioma",
            "group_id": [f"g{i}" for i in range(n)] + [f"g{i}" for i in range(830)],
            "patient_id": None,
            "sha256": None,
            "source": None,
            "width": None,
            "height": None,
        }
    )
    assert findings(cases)[0].text == (
        "At least 830 of 1,311 test cases share a patient or a copy of the image with the training data."
    )


def test_one_shared_case_is_singular(clean_cases: pd.DataFrame) -> None:
    cases = clean_cases.assign(group_id=clean_cases["group_id"].replace({"t4": "r1"}))
    assert findings(cases)[0].text.startswith("1 of 5 test cases (20.0%) shares a patient")


def test_copies_with_different_labels_are_critical(clean_cases: pd.DataFrame) -> None:
    cases = clean_cases.assign(sha256=clean_cases["sha256"].replace({"r3": "t1"}))
    (conflict,) = findings(cases)
    assert (conflict.severity, conflict.code, conflict.count, conflict.n) == ("critical", "label_conflicts", 1, 10)
    assert conflict.text == (
        "1 image appears more than once with different labels (2 cases): at least one label of each is wrong."
    )


def test_an_empty_class_is_named_as_it_is_shown(clean_cases: pd.DataFrame) -> None:
    (empty,) = findings(clean_cases, counts=[[20, 3], [0, 0]])
    assert (empty.severity, empty.code, empty.count, empty.n) == ("warning", "empty_class", 1, 2)
    assert empty.text == "No test case of No tumour: sensitivity cannot be estimated there."


def test_a_class_never_predicted(clean_cases: pd.DataFrame) -> None:
    (unseen,) = findings(clean_cases, counts=[[0, 23], [0, 32]])
    assert (unseen.severity, unseen.code) == ("warning", "never_predicted")
    assert unseen.text == "The model never predicts glioma in 55 cases."


def test_probabilities_that_do_not_sum_to_one(clean_cases: pd.DataFrame) -> None:
    probabilities = np.array([[0.5, 0.5], [0.5, 0.5 + 9e-7], [0.5, 0.5 + 1.1e-6], [0.5, 0.496]])
    (ties, sums) = findings(clean_cases, probabilities=probabilities)
    assert (ties.severity, ties.code, ties.count, ties.n) == ("warning", "ties", 1, 4)
    assert ties.text == (
        "1 of 4 cases has several classes of the same largest probability; the first of them in the order of the study "
        "is taken as the call."
    )
    assert (sums.severity, sums.code, sums.count, sums.n) == ("warning", "probability_sums", 2, 4)
    assert sums.text == (
        "The class probabilities of 2 of 4 cases do not sum to 1 (largest deviation 0.004); they are used as given."
    )


@pytest.mark.parametrize(
    ("rejected", "text"),
    [
        (1, "1 file could not be used. It is not part of any number."),
        (1200, "1,200 files could not be used. They are not part of any number."),
    ],
)
def test_rejected_files(clean_cases: pd.DataFrame, rejected: int, text: str) -> None:
    (finding,) = findings(clean_cases, rejected=rejected)
    assert (finding.code, finding.count, finding.n, finding.text) == ("rejected_files", rejected, 10 + rejected, text)


def test_only_one_case(clean_cases: pd.DataFrame) -> None:
    codes = {finding.code: finding for finding in findings(clean_cases, counts=[[1, 0], [0, 0]])}
    assert codes["one_case"].severity == "critical"
    assert codes["one_case"].text == "Only one test case has a prediction: no rate can be judged from it."
    assert "never_predicted" not in codes


def test_no_case(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, counts=[[0, 0], [0, 0]], probabilities=np.empty((0, 2)))
    assert (finding.code, finding.text) == ("no_cases", "No test case has a prediction: nothing can be estimated.")


def test_the_critical_ones_come_first(study_cases: pd.DataFrame) -> None:
    found = findings(study_cases, counts=[[0, 23], [0, 32]], rejected=2)
    assert [finding.severity for finding in found] == ["critical", "critical", "warning", "warning"]


def test_several_classes_are_listed() -> None:
    order = ClassOrder(names=("a", "b", "c", "d"))
    cases = pd.DataFrame(
        {name: ["x"] for name in ("case_id", "group_id", "patient_id", "sha256", "source")}
        | {"split": ["train"], "label": ["a"], "width": [1], "height": [1]}
    )
    (empty,) = find(
        classes=order,
        dataset=describe(cases, classes=order.names),
        leakage=leakage(cases, classes=order.names),
        matrix=ConfusionMatrix(classes=order.names, counts=np.array([[2, 1, 1, 1]] + [[0] * 4] * 3)),
        probabilities=np.tile([0.4, 0.3, 0.2, 0.1], (5, 1)),
    )
    assert empty.text == "No test case of b, c or d: sensitivity cannot be estimated there."


def test_leakage_that_could_not_be_checked_is_a_warning(clean_cases: pd.DataFrame) -> None:
    (alone,) = findings(clean_cases[clean_cases["split"] == "test"])
    assert (alone.severity, alone.code, alone.count, alone.n) == ("warning", "leakage_unchecked", 5, 5)
    assert alone.text == "Leakage could not be checked: the study holds no training cases."
    (bare,) = findings(clean_cases.assign(sha256=None))
    assert bare.text == ("Leakage could not be checked: no patient id and no file hash is known on both sides.")
    some = clean_cases.assign(sha256=clean_cases["sha256"].where(clean_cases["case_id"] != "t5"))
    (part,) = findings(some)
    assert (part.count, part.n) == (1, 5)
    assert part.text == (
        "Leakage could not be checked for 1 of 5 test cases: nothing is known by which they could be compared with "
        "the training data."
    )


def factor(*levels: Level, count: int) -> Confounding:
    n = sum(level.n for level in levels)
    share = Estimate(value=count / n, method="cases in pure levels", n=n, count=count, reason="a description")
    right = sum(max(level.tumour, level.no_tumour) for level in levels)
    tumour = sum(level.tumour for level in levels)
    return Confounding(
        factor="source", share=share, accuracy=right / n, base_rate=max(tumour, n - tumour) / n, levels=levels
    )


def level(name: str, tumour: int, no_tumour: int) -> Level:
    return Level(name=name, tumour=tumour, no_tumour=no_tumour, pure=0 in (tumour, no_tumour))


def test_a_source_that_answers_the_question_is_critical(clean_cases: pd.DataFrame) -> None:
    found = factor(level("figshare", 4750, 0), level("br35h", 0, 1744), level("sartaj", 273, 251), count=6494)
    (finding,) = findings(clean_cases, confounding=(found,))
    assert (finding.severity, finding.code, finding.count, finding.n) == ("critical", "confounding", 6494, 7018)
    assert finding.page == "data_set"
    assert finding.text == (
        "The source alone answers 'any tumour?' for 6,494 of 7,018 images (92.5%); with and without a tumour: "
        "figshare 4,750 and 0, br35h 0 and 1,744."
    )


def test_a_source_that_nearly_answers_is_critical_too(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, confounding=(factor(level("a", 99, 1), level("b", 2, 98), count=0),))
    assert (finding.severity, finding.count, finding.n) == ("critical", 197, 200)
    assert finding.text == (
        "Guessing by the source alone answers 'any tumour?' rightly for 197 of 200 images (98.5%); always the same "
        "guess does for 50.5%."
    )


def test_a_site_that_gives_some_answers_away_is_a_warning(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, confounding=(factor(level("west", 0, 30), level("east", 60, 60), count=30),))
    assert (finding.severity, finding.count) == ("warning", 30)
    assert findings(clean_cases, confounding=(factor(level("a", 30, 30), level("b", 30, 31), count=0),)) == ()


def test_many_pure_levels_are_not_all_named(clean_cases: pd.DataFrame) -> None:
    levels = tuple(level(f"s{i}", 30 * (i % 2), 30 * (1 - i % 2)) for i in range(5))
    (finding,) = findings(clean_cases, confounding=(factor(*levels, count=150),))
    assert finding.text.endswith("s0 0 and 30, s1 30 and 0, s2 0 and 30 and 2 more.")


def audited(*verdicts: Verdict) -> tuple[AuditedClaim, ...]:
    number = printed("1")
    assert number is not None
    claim = Errors(id="one", text="1 error", count=number, reference=("glioma",), predicted=("notumor",))
    return tuple(AuditedClaim(claim=claim, verdict=one, arithmetic=("",), decisive="") for one in verdicts)


def test_claims_that_do_not_hold_are_counted(clean_cases: pd.DataFrame) -> None:
    claims = audited("contradicted_internally", "consistent", "not_reproduced", "contradicted_internally")
    contradicted, not_reproduced = findings(clean_cases, claims=claims, claimed_by="A paper")
    assert (contradicted.severity, contradicted.code, contradicted.page) == ("warning", "claims_contradicted", "claims")
    assert contradicted.text == (
        "2 of 4 published claims of 'A paper' are contradicted by other numbers in the same document. They are the "
        "claims of that document, not of this study."
    )
    assert (not_reproduced.count, not_reproduced.n) == (1, 4)
    assert not_reproduced.text == "1 of 4 published claims of 'A paper' is not reproduced by this study."


def test_claims_that_hold_or_cannot_be_checked_are_no_finding(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases, claims=audited("consistent", "not_checkable", "not_comparable")) == ()


def test_a_test_split_that_was_read_for_several_networks_has_chosen(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases, read_for=("a", "a")) == ()
    assert findings(clean_cases, read_for=("a", "b", "a")) == (
        Finding(
            severity="warning",
            code="test_selected",
            count=2,
            n=None,
            text=(
                "The test split was read for 2 networks. What was changed after the first counts as chosen by the "
                "test split."
            ),
            page="training",
        ),
    )
