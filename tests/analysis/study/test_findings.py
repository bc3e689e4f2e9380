from typing import Any

import numpy as np
import pandas as pd
import pytest

from neuroval.analysis.claims.audit import AuditedClaim, Verdict
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.data_audit.against_chance import WorseThanChance
from neuroval.analysis.data_audit.composition import describe
from neuroval.analysis.data_audit.confounders import Confounding, Level
from neuroval.analysis.data_audit.id_forms import IdForms
from neuroval.analysis.data_audit.training_overlap import leakage
from neuroval.analysis.study.findings import find
from neuroval.dashboard.words.findings import text
from neuroval.data.claims.kinds import Errors
from neuroval.data.claims.printed_number import printed
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError

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
    **more: Any,
) -> tuple[Finding, ...]:
    found = np.array([[0.25, 0.75]]) if probabilities is None else probabilities
    return find(
        classes=ORDER,
        dataset=describe(cases, classes=ORDER.names, rejected=rejected),
        leakage=leakage(cases, classes=ORDER.names),
        matrix=ConfusionMatrix(classes=ORDER.names, counts=np.array(counts)),
        probabilities=found,
        case_ids=[f"c{i}" for i in range(len(found))],
        confounding=confounding,
        claims=claims,
        claimed_by=claimed_by,
        read_for=read_for,
        **more,
    )


def test_a_clean_study_has_none(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases) == ()


def test_groups_on_both_sides_are_critical_and_counted(study_cases: pd.DataFrame) -> None:
    first = findings(study_cases)[0]
    assert first == Finding(
        severity="critical",
        code="shared_groups",
        check="training_overlap",
        page="data_set",
        count=3,
        n=5,
        facts={"split": "test", "share": 0.6},
    )
    assert text(first) == "3 of 5 test cases (60.0%) share a patient or a copy of the image with the training data."


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
    assert text(findings(cases)[0]) == (
        "At least 830 of 1,311 test cases share a patient or a copy of the image with the training data."
    )


def test_one_shared_case_is_singular(clean_cases: pd.DataFrame) -> None:
    cases = clean_cases.assign(group_id=clean_cases["group_id"].replace({"t4": "r1"}))
    assert text(findings(cases)[0]).startswith("1 of 5 test cases (20.0%) shares a patient")


def test_copies_with_different_labels_are_critical(clean_cases: pd.DataFrame) -> None:
    cases = clean_cases.assign(sha256=clean_cases["sha256"].replace({"r3": "t1"}))
    (conflict,) = findings(cases)
    assert (conflict.severity, conflict.code, conflict.count, conflict.n) == ("critical", "label_conflicts", 1, 10)
    assert text(conflict) == (
        "1 image appears more than once with different labels (2 cases): at least one label of each is wrong."
    )


def test_an_empty_class_is_named_as_it_is_shown(clean_cases: pd.DataFrame) -> None:
    (empty,) = findings(clean_cases, counts=[[20, 3], [0, 0]])
    assert (empty.severity, empty.code, empty.count, empty.n) == ("warning", "empty_class", 1, 2)
    assert text(empty) == "No test case of No tumour: sensitivity cannot be estimated there."


def test_a_class_never_predicted(clean_cases: pd.DataFrame) -> None:
    (unseen,) = findings(clean_cases, counts=[[0, 23], [0, 32]])
    assert (unseen.severity, unseen.code) == ("warning", "never_predicted")
    assert text(unseen) == "The model never predicts glioma in 55 cases."


def test_probabilities_that_do_not_sum_to_one(clean_cases: pd.DataFrame) -> None:
    probabilities = np.array([[0.5, 0.5], [0.5, 0.5 + 9e-7], [0.5, 0.5 + 1.1e-6], [0.5, 0.496]])
    (ties, sums) = findings(clean_cases, probabilities=probabilities)
    assert (ties.severity, ties.code, ties.count, ties.n) == ("warning", "ties", 1, 4)
    assert text(ties) == (
        "1 of 4 cases has several classes of the same largest probability; the first of them in the order of the study "
        "is taken as the call."
    )
    assert (sums.severity, sums.code, sums.count, sums.n) == ("warning", "probability_sums", 2, 4)
    assert text(sums) == (
        "The class probabilities of 2 of 4 cases do not sum to 1 (largest deviation 0.004); they are used as given."
    )


@pytest.mark.parametrize(
    ("rejected", "said"),
    [
        (1, "1 file could not be used. It is not part of any number."),
        (1200, "1,200 files could not be used. They are not part of any number."),
    ],
)
def test_rejected_files(clean_cases: pd.DataFrame, rejected: int, said: str) -> None:
    (finding,) = findings(clean_cases, rejected=rejected)
    assert (finding.code, finding.count, finding.n, text(finding)) == ("rejected_files", rejected, 10 + rejected, said)


def test_only_one_case(clean_cases: pd.DataFrame) -> None:
    codes = {finding.code: finding for finding in findings(clean_cases, counts=[[1, 0], [0, 0]])}
    assert codes["one_case"].severity == "critical"
    assert text(codes["one_case"]) == "Only one test case has a prediction: no rate can be judged from it."
    assert "never_predicted" not in codes


def test_no_case(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, counts=[[0, 0], [0, 0]], probabilities=np.empty((0, 2)))
    assert (finding.code, text(finding)) == ("no_cases", "No test case has a prediction: nothing can be estimated.")


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
        case_ids=list("vwxyz"),
    )
    assert text(empty) == "No test case of b, c or d: sensitivity cannot be estimated there."


def test_leakage_that_could_not_be_checked_is_a_warning(clean_cases: pd.DataFrame) -> None:
    (alone,) = findings(clean_cases[clean_cases["split"] == "test"])
    assert (alone.severity, alone.code, alone.count, alone.n) == ("warning", "leakage_unchecked", 5, 5)
    assert text(alone) == "Leakage could not be checked: the study holds no training cases."
    (bare,) = findings(clean_cases.assign(sha256=None))
    assert text(bare) == ("Leakage could not be checked: no patient id and no file hash is known on both sides.")
    some = clean_cases.assign(sha256=clean_cases["sha256"].where(clean_cases["case_id"] != "t5"))
    (part,) = findings(some)
    assert (part.count, part.n) == (1, 5)
    assert text(part) == (
        "Leakage could not be checked for 1 of 5 test cases: nothing is known by which they could be compared with "
        "the training data."
    )


def factor(*levels: Level, count: int) -> Confounding:
    n = sum(level.n for level in levels)
    share = Estimate(value=count / n, method=Method("pure_levels"), n=n, count=count, reason=Reason("a_description"))
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
    assert text(finding) == (
        "The source alone gives the answer away for 6,494 of 7,018 images (92.5%): all 4,750 of figshare show a "
        "tumour; none of the 1,744 of br35h shows one."
    )


def test_a_source_that_nearly_answers_is_critical_too(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, confounding=(factor(level("a", 99, 1), level("b", 2, 98), count=0),))
    assert (finding.severity, finding.count, finding.n) == ("critical", 197, 200)
    assert text(finding) == (
        "Guessing from the source alone would be right for 197 of 200 images (98.5%); always guessing the same, for "
        "50.5%."
    )


def test_a_site_that_gives_some_answers_away_is_a_warning(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, confounding=(factor(level("west", 0, 30), level("east", 60, 60), count=30),))
    assert (finding.severity, finding.count) == ("warning", 30)
    assert findings(clean_cases, confounding=(factor(level("a", 30, 30), level("b", 30, 31), count=0),)) == ()


def test_many_pure_levels_are_not_all_named(clean_cases: pd.DataFrame) -> None:
    levels = tuple(level(f"s{i}", 30 * (i % 2), 30 * (1 - i % 2)) for i in range(5))
    (finding,) = findings(clean_cases, confounding=(factor(*levels, count=150),))
    assert text(finding).endswith("; all 30 of s1 show a tumour; none of the 30 of s2 shows one; and 2 more.")


def audited(*verdicts: Verdict) -> tuple[AuditedClaim, ...]:
    number = printed("1")
    assert number is not None
    claim = Errors(id="one", text="1 error", count=number, reference=("glioma",), predicted=("notumor",))
    return tuple(AuditedClaim(claim=claim, verdict=one, arithmetic=("",), decisive=("",)) for one in verdicts)


def test_claims_that_do_not_hold_are_counted(clean_cases: pd.DataFrame) -> None:
    claims = audited("contradicted_internally", "consistent", "not_reproduced", "contradicted_internally")
    contradicted, not_reproduced = findings(clean_cases, claims=claims, claimed_by="A paper")
    assert (contradicted.severity, contradicted.code, contradicted.page) == ("warning", "claims_contradicted", "claims")
    assert text(contradicted) == (
        "2 of 4 published claims of 'A paper' are contradicted by other numbers in the same document. They are the "
        "claims of that document, not of this study."
    )
    assert (not_reproduced.count, not_reproduced.n) == (1, 4)
    assert text(not_reproduced) == "1 of 4 published claims of 'A paper' is not reproduced by this study."


def test_claims_that_hold_or_cannot_be_checked_are_no_finding(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases, claims=audited("consistent", "not_checkable", "not_comparable")) == ()


def test_a_test_split_that_was_read_for_several_networks_has_chosen(clean_cases: pd.DataFrame) -> None:
    assert findings(clean_cases, read_for=("a", "a")) == ()
    (finding,) = findings(clean_cases, read_for=("a", "b", "a"))
    assert (finding.severity, finding.code, finding.count, finding.n) == ("warning", "test_selected", 2, None)
    assert finding.page == "training"
    assert text(finding) == (
        "The test split was read for 2 networks. Later changes may have been tuned to the test scans."
    )


def test_ids_that_differ_in_form_across_the_split_are_critical(clean_cases: pd.DataFrame) -> None:
    ids = IdForms(alike=(("007", "7"), ("008", "8")), across=3, n=5, powers=())
    (finding,) = findings(clean_cases, ids=ids)
    assert (finding.severity, finding.code, finding.count, finding.n) == ("critical", "ids_differ_in_form", 3, 5)
    assert text(finding) == (
        "2 patient ids are written in more than one form, such as 007 and 7. Each form counts as a patient of its own. "
        "3 of 5 test cases have an id of which another form is in the training data: if they mean the same patients, "
        "the model has seen them."
    )


def test_ids_that_differ_in_form_within_a_split_are_a_warning(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, ids=IdForms(alike=(("P7", "p7"),), across=0, n=5, powers=()))
    assert (finding.severity, finding.count) == ("warning", 1)
    assert text(finding).startswith("1 patient id is written in more than one form, such as P7 and p7.")


def test_ids_that_lost_digits_are_critical(clean_cases: pd.DataFrame) -> None:
    (finding,) = findings(clean_cases, ids=IdForms(alike=(), across=0, n=5, powers=("7.2E+17",)))
    assert (finding.severity, finding.code, finding.count) == ("critical", "ids_cut_short", 1)
    assert "1 patient id is written as a rounded number, such as 7.2E+17" in text(finding)


def test_permuted_classes_are_critical_and_said_with_the_order_that_would_fit(clean_cases: pd.DataFrame) -> None:
    chance = WorseThanChance(
        right=11, n=40, expected=10.5, below={"notumor": 0.3}, fits=("notumor", "glioma"), right_then=29
    )
    (finding,) = findings(clean_cases, chance=chance)
    assert (finding.severity, finding.code, finding.page) == ("critical", "worse_than_chance", "confusion")
    assert text(finding) == (
        "Worse than chance: 11 of 40 test cases are called correctly (accuracy 27.5%); AUC 0.30 for No tumour. "
        "Guessing gives about 26.2% and an AUC of 0.5. The classes look permuted: 29 (72.5%) would be correct if the "
        "column of glioma meant No tumour, the column of No tumour meant glioma. Check the order of the classes."
    )


def test_a_finding_has_the_ids_of_its_cases(clean_cases: pd.DataFrame) -> None:
    cases = clean_cases.assign(sha256=clean_cases["sha256"].replace({"r3": "t1"}))
    probabilities = np.array([[0.5, 0.5], [0.3, 0.7], [0.5, 0.49]])
    found = {finding.code: finding.case_ids for finding in findings(cases, probabilities=probabilities)}
    assert found == {"label_conflicts": ("r3", "t1"), "ties": ("c0",), "probability_sums": ("c2",)}


def test_a_finding_of_another_code_or_with_other_facts_is_refused() -> None:
    about = {"severity": "note", "check": "probabilities", "page": "confidence", "count": 1, "n": 2}
    with pytest.raises(InputError, match="'tie' of 'probabilities' is not known"):
        Finding(code="tie", **about)
    with pytest.raises(InputError, match="expected the facts \\['largest'\\], found \\['most'\\]"):
        Finding(code="probability_sums", facts={"most": 0.1}, **about)
