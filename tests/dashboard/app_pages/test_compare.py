"""Two models on the same cases: numbers, sentences, document and page."""

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.performance.auc_estimate import auc
from neuroval.analysis.performance.comparison import mcnemar
from neuroval.analysis.study import comparison
from neuroval.analysis.study.comparison import Comparisons, comparable
from neuroval.analysis.study.results import StudyResults, results_of
from neuroval.dashboard.components.exports import as_csv
from neuroval.dashboard.documents.comparison_document import as_text, document_of
from neuroval.dashboard.documents.plain_values import plain
from neuroval.dashboard.figures.difference_forest import NARROWEST, Row, differences, furthest
from neuroval.dashboard.words import compare as text
from neuroval.dashboard.words import formats
from neuroval.data.classes import BRAIN_TUMOR
from neuroval.data.exceptions import InputError
from neuroval.data.images.linking import link
from neuroval.data.study.folder import Study, read_study, write_study
from neuroval.data.study.import_predictions import study_of_predictions

NAMES = BRAIN_TUMOR.names
N = 80
Open = Callable[..., AppTest]
Said = Callable[[AppTest], str]


def write(
    home: Path,
    name: str,
    *,
    wrong: dict[int, int],
    data: str = "set",
    order: tuple[str, ...] = NAMES,
    patients: bool = False,
    relabelled: int = 0,
) -> Study:
    """A study of 80 test cases, 20 of each class in turn; case i of ``wrong`` is called the class after wrong[i]."""
    rng = np.random.default_rng(len(name))
    labels = [NAMES[case % 4] for case in range(N)]
    chances = rng.dirichlet([1, 1, 1, 1], N) * 0.3
    for case, label in enumerate(labels):
        chances[case, (NAMES.index(label) + wrong.get(case, 0)) % 4] += 0.7
    for case in range(relabelled):
        labels[case] = NAMES[(case + 1) % 4]
    columns = {f"prob_{one}": chances[:, NAMES.index(one)] for one in order}
    paths = [f"test/{case}.png" for case in range(N)]
    table = pd.DataFrame({"label": labels, "image_path": paths, **columns})
    if patients:
        table["patient_id"] = [f"p{case // 8}" for case in range(N)]
    folder = home / "studies" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(home / f"{name}.csv", index=False)
    return study_of_predictions(
        home / f"{name}.csv", out=folder, data_name=data, title=f"Model {name}", negative="notumor"
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``first`` and ``second`` judge the same scans, ``stranger`` others, ``alone`` has other classes."""
    place = tmp_path_factory.mktemp("compare-home")
    # Only the first is wrong on case 0, only the second on 4, 8 and 1; both on 2.
    first = write(place, "first", wrong={0: 1, 2: 1}, patients=True)
    write(place, "second", wrong={4: 1, 8: 1, 1: 2, 2: 1}, order=NAMES[::-1])
    write(place, "stranger", wrong={0: 1}, data="elsewhere")
    (place / "alone.csv").write_text("label,prob_x,prob_y\nx,0.9,0.1\ny,0.2,0.8\n")
    study_of_predictions(place / "alone.csv", out=place / "studies" / "alone", data_name="alone")
    images = place / "images"
    for path in first.cases["image_path"]:
        (images / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 20), 90).save(images / path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROVAL_HOME", str(place))
        link(images, data_name="set", cases=first.cases)
    return place


@pytest.fixture(scope="module")
def found(home: Path) -> Comparisons:
    return compared(home, "first", "second")


def comparisons(a: Study, b: Study, *, basis: str | None = None) -> Comparisons:
    return comparison.comparisons(StudyResults(study=a), StudyResults(study=b), basis=basis)


def compared(home: Path, a: str, b: str) -> Comparisons:
    return comparisons(*(read_study(home / "studies" / name) for name in (a, b)))


# Numbers -------------------------------------------------------------------------------------------------------------


def test_each_model_has_the_numbers_of_its_own_study(found: Comparisons) -> None:
    by_name = {one.name: one for one in found.rates.numbers}
    for study, side in ((found.a, "a"), (found.b, "b")):
        alone = results_of(study).performance
        assert alone.any_tumour is not None
        expected = {"accuracy": alone.overall.accuracy, "any_tumour.sensitivity": alone.any_tumour.sensitivity}
        for one in alone.classes:
            expected |= {f"{one.name}.sensitivity": one.sensitivity, f"{one.name}.specificity": one.specificity}
        for name, measure in expected.items():
            assert getattr(by_name[name], side).plain == measure.plain, name
        assert [getattr(one.areas, side).plain.value for one in found.aucs[1:]] == [
            results_of(study).aucs.classes[study.classes.index(name)].plain.value for name in NAMES
        ]


def test_accuracy_and_its_test_by_hand(found: Comparisons) -> None:
    accuracy = found.accuracy
    assert (accuracy.counts.both, accuracy.counts.only_a, accuracy.counts.only_b, accuracy.counts.neither) == (
        75,
        3,
        1,
        1,
    )
    assert accuracy.difference.plain.value == pytest.approx(2 / 80)
    assert accuracy.test == mcnemar(3, 1)
    assert accuracy.difference.clustered is not None  # the patients of the first study group both models' answers
    assert found.rates.groups == 10


def test_by_patient_each_has_one_answer(found: Comparisons) -> None:
    """Ten patients of eight scans, two of each class: all are tumours of several classes."""
    judged = found.by_patient
    assert (judged.n, judged.without_id, judged.mixed) == (10, 0, 10)
    assert text.patients(judged).startswith("By patient: one answer of each model for each of 10 patients.")
    assert text.patients(judged).endswith("Left out: 10 patients without a single class (for the class only).")
    document = document_of(found)["sections"]["patients"]
    assert document["numbers"][0]["name"] == "any_slice.sensitivity"
    assert document["numbers"][0]["both"] == 10
    assert "Any slice, sensitivity" in as_text(found)


def test_the_auc_of_any_tumour_ranks_by_what_is_left_of_no_tumour(found: Comparisons) -> None:
    positive = found.matched.a.reference != NAMES.index("notumor")
    score = 1 - found.b.predictions.set_index("case_id").loc[found.matched.b.cases["case_id"], "prob_notumor"]
    assert found.aucs[0].name == "any_tumour.auc"
    assert found.aucs[0].areas.b.plain == auc(positive, score.to_numpy(), name="any tumour", other="notumor").plain


def test_the_class_without_a_tumour_is_not_asked_twice(found: Comparisons) -> None:
    rates, aucs = found.distinct
    assert not [one.name for one in (*rates, *aucs) if one.name.startswith("notumor.")]
    by_name = {one.name: one for one in found.rates.numbers}
    assert by_name["notumor.sensitivity"].counts == by_name["any_tumour.specificity"].counts
    assert by_name["notumor.specificity"].counts == by_name["any_tumour.sensitivity"].counts
    assert len(rates) == 9
    assert found.tests == 9 + 3  # one AUC is 1, for which there is no p-value


def test_cases_on_which_one_is_right_are_listed_the_surest_error_first(found: Comparisons) -> None:
    ids = found.a.cases.set_index("image_path")["case_id"]
    assert {case.case_a for case in found.only_a} == {ids[f"test/{case}.png"] for case in (4, 8, 1)}
    assert [case.case_a for case in found.only_b] == [ids["test/0.png"]]
    sure = [case.confidence_b for case in found.only_a]
    assert sure == sorted(sure, reverse=True)
    (only_b,) = found.only_b
    assert (only_b.reference, only_b.predicted_a, only_b.predicted_b) == ("glioma", "meningioma", "glioma")
    assert only_b.wrong_confidence == only_b.confidence_a


def test_ties_break_as_they_do_in_each_study(tmp_path: Path) -> None:
    table = "label,prob_x,prob_y\nx,0.5,0.5\ny,0.1,0.9\n"
    (tmp_path / "a.csv").write_text(table)
    (tmp_path / "b.csv").write_text(table.replace("prob_x,prob_y", "prob_y,prob_x").replace("0.1,0.9", "0.9,0.1"))
    a, b = (study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set") for name in "ab")
    found = comparisons(a, b)
    assert [called.tolist() for called in found.predicted] == [[0, 1], [1, 1]]
    assert found.accuracy.b.plain == results_of(b).performance.overall.accuracy.plain


def test_what_each_model_has_seen_of_the_common_cases_is_counted(tmp_path: Path) -> None:
    test = "t1,test,x,P,0.9,0.1\nt2,test,y,Q,0.2,0.8\n"
    (tmp_path / "a.csv").write_text(f"case_id,split,label,patient_id,prob_x,prob_y\nr1,train,x,P,,\n{test}")
    (tmp_path / "b.csv").write_text(f"case_id,split,label,patient_id,prob_x,prob_y\n{test}")
    a, b = (study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set") for name in "ab")
    found = comparisons(a, b)
    assert [(one.count, one.known) for one in found.shared] == [(1, 2), (0, 0)]
    assert text.training(found) == (
        "A has seen the patient or the image of 1 of these 2 scans. Whether B has seen these scans in training is not "
        "known. What a model has seen in training says little about new patients."
    )


@pytest.mark.parametrize(
    ("train_a", "train_b", "said"),
    [
        ("P", "P", "Both models have seen the patient or the image of 1 of these 2 scans: this does not show which"),
        ("R", "S", "Neither model was trained on a patient or an image of these 2 scans, as far as is known."),
        (
            "P",
            "Q",
            "A has seen the patient or the image of 1 of these 2 scans. B has seen the patient or the image of 1",
        ),
    ],
)
def test_the_comparison_leads_with_what_both_have_seen(tmp_path: Path, train_a: str, train_b: str, said: str) -> None:
    test = "t1,test,x,P,0.9,0.1\nt2,test,y,Q,0.2,0.8\n"
    for name, patient in (("a", train_a), ("b", train_b)):
        train = f"r1,train,x,{patient},,\n"
        (tmp_path / f"{name}.csv").write_text(f"case_id,split,label,patient_id,prob_x,prob_y\n{train}{test}")
    found = comparisons(
        *(study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set") for name in "ab")
    )
    assert text.training(found).startswith(said)
    assert found.seen_by_both == (1 if train_a == train_b else 0)
    lines = as_text(found).splitlines()
    assert lines[3] == text.training(found)
    assert lines[4] == text.answer(found)


def test_what_both_have_seen_of_what_each_has_seen_is_counted(tmp_path: Path) -> None:
    test = "t1,test,x,P,0.9,0.1\nt2,test,y,Q,0.2,0.8\n"
    for name, patients in (("a", "PQ"), ("b", "Q")):
        train = "".join(f"r{patient},train,x,{patient},,\n" for patient in patients)
        (tmp_path / f"{name}.csv").write_text(f"case_id,split,label,patient_id,prob_x,prob_y\n{train}{test}")
    found = comparisons(
        *(study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set") for name in "ab")
    )
    assert text.training(found) == (
        "A has seen the patient or the image of 2 of these 2 scans. B has seen the patient or the image of 1 of these "
        "2 scans. Both have seen 1. What a model has seen in training says little about new patients."
    )


def test_the_basis_is_the_first_that_both_have(tmp_path: Path) -> None:
    header = "case_id,split,label,prob_x,prob_y\n"
    (tmp_path / "a.csv").write_text(f"{header}t1,test,x,0.9,0.1\ne1,external,y,0.2,0.8\n")
    (tmp_path / "b.csv").write_text(f"{header}e1,external,y,0.6,0.4\n")
    a, b = (study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set") for name in "ab")
    assert comparisons(a, b).basis == "external"
    with pytest.raises(InputError, match="b: basis 'test' has no predictions"):
        comparisons(a, b, basis="test")


def test_two_studies_with_folds_are_compared_on_new_patients(tmp_path: Path) -> None:
    """Where a test scan shares its patient with training, each scan counts as the networks of the folds call it."""
    cases = pd.DataFrame(
        [
            ("r1", "train", "x", "P", None, None),
            ("t1", "test", "x", "P", 0.9, 0.1),
            ("t2", "test", "y", "Q", 0.2, 0.8),
            ("r2", "train", "y", "R", None, None),
        ],
        columns=["case_id", "split", "label", "patient_id", "prob_x", "prob_y"],
    )
    studies = []
    for name, of_x in (("a", [0.8, 0.7, 0.6, 0.1]), ("b", [0.2, 0.9, 0.3, 0.4])):
        folder = tmp_path / name
        folder.mkdir()
        cases.to_csv(folder / "cases.csv", index=False)
        made = study_of_predictions(folder / "cases.csv", out=tmp_path / f"{name}-plain", data_name="set")
        folds = pd.DataFrame({"case_id": cases["case_id"], "fold": [1, 1, 2, 3], "prob_x": of_x})
        folds["prob_y"] = 1 - folds["prob_x"]
        folds["fold"] = folds["fold"].astype("int32")
        manifest = dataclasses.replace(made.manifest, files={})
        studies.append(
            write_study(
                tmp_path / f"{name}-study",
                manifest=manifest,
                cases=made.cases,
                predictions=made.predictions,
                optional={"folds": folds},
            )
        )
    found = comparisons(*studies)
    assert (found.basis, found.matched.n) == ("new-patients", 4)
    assert (found.accuracy.a.headline.value, found.accuracy.b.headline.value) == (0.75, 0.75)
    assert [case.case_a for case in found.only_a] == ["r1"]
    assert found.seen_by_both == 0
    assert text.training(found).startswith("Each of these 4 scans is called by networks of cross-validation, of A and")
    assert "4 cross-validated scans in common" in text.matching(found)
    assert text.other_basis(found, "new-patients") == ""
    assert text.other_basis(comparisons(*studies, basis="test"), "new-patients") == (
        "B has nothing on “New patients (cross-validated)”. Compared on: Test split."
    )
    on_test = comparisons(*studies, basis="test")
    assert (on_test.matched.n, on_test.seen_by_both) == (2, 1)


def test_comparable_studies_are_those_of_the_same_classes_the_same_data_first(home: Path, found: Comparisons) -> None:
    folders = {path.name: path for path in sorted((home / "studies").iterdir())}
    assert list(comparable(found.b, folders)) == ["first", "stranger"]
    folders["broken"] = home
    assert list(comparable(found.a, folders)) == ["second", "stranger"]


# Sentences -----------------------------------------------------------------------------------------------------------


def test_the_verdict_is_written_from_the_numbers(found: Comparisons, home: Path) -> None:
    assert text.verdict(found).startswith(
        "Of 80 common scans, A is right on 3 that B calls wrongly, B on 1 that A calls wrongly; the accuracy of A is "
        "2.5 percentage points higher ("
    )
    turned = text.verdict(compared(home, "second", "first"))
    low, high = text.verdict(found).split("(")[1], turned.split("(")[1]
    assert "A is right on 1 that B calls wrongly, B on 3" in turned
    assert "the accuracy of B is 2.5 percentage points higher" in turned
    assert low == high  # the interval turns with the sign


def test_models_that_agree_are_said_to(home: Path, tmp_path: Path, found: Comparisons) -> None:
    copy = study_of_predictions(home / "first.csv", out=tmp_path / "copy", data_name="set", negative="notumor")
    same = comparisons(found.a, copy)
    assert text.verdict(same).startswith("A and B are right and wrong on the same scans of 80 common scans; the ")
    assert "the accuracy is the same (difference \N{MINUS SIGN}" in text.verdict(same)
    assert same.only_a == same.only_b == ()
    assert "both scores order all cases alike" in text.auc_row(same.aucs[0], same.matched.classes)["p"]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.01, 0.02, "The interval holds 0"),
        (0.0, 0.02, "The interval holds 0"),
        (0.001, 0.02, "The interval leaves out 0; whether a difference of this size matters is a clinical question."),
    ],
)
def test_no_winner_is_declared(low: float, high: float, said: str) -> None:
    assert text.worth(Estimate(value=0.01, low=low, high=high, level=0.95, method=Method("given"))).startswith(said)


def test_without_an_interval_the_reason_is_said() -> None:
    assert (
        text.worth(Estimate(value=0.01, method=Method("given"), reason=Reason("one_group")))
        == "An interval is not estimable: one group."
    )


def test_what_was_left_out_and_how_scans_were_matched_is_said(tmp_path: Path, found: Comparisons) -> None:
    assert text.matching(found) == (
        "80 test scans in common: matched by case id. No scan is in one study alone. For 80 the id alone says that "
        "they are the same: no hash of the image is known on both sides."
    )
    relabelled = comparisons(found.a, write(tmp_path, "relabelled", wrong={}, relabelled=3))
    assert "77 test scans in common" in text.matching(relabelled)
    assert "Also left out: 3 scans whose label differs between A and B." in text.matching(relabelled)
    assert "Left out: another label" in as_text(relabelled)
    assert [row["Label in B"] for row in text.label_rows(relabelled.matched.other_labels, BRAIN_TUMOR)]


def test_many_tests_and_groups_are_named(found: Comparisons) -> None:
    said = text.multiplicity(found)
    assert said.startswith("12 tests: between equally good models, one test in twenty falls below 0.05 by chance.")
    assert "No p-value here names a winner" in said
    assert "The scans come in 10 groups (patients, copies); McNemar's test takes them as independent" in said


# Document and text ---------------------------------------------------------------------------------------------------


def test_the_document_has_stable_keys(found: Comparisons) -> None:
    document = json.loads(json.dumps(document_of(found), allow_nan=False))
    assert list(document) == ["schema", "studies", "basis", "classes", "negative_class", "verdict", "sections"]
    assert list(document["studies"]["a"]) == ["name", "title", "fingerprint", "synthetic", "data", "model"]
    sections = document["sections"]
    assert list(sections) == ["cases", "numbers", "aucs", "non_inferiority", "patients", "net_benefit", "discordant"]
    assert list(sections["cases"]) == [
        *("common", "by_case_id", "by_content", "confirmed", "other_bytes", "only_a", "only_b"),
        *("groups", "tests", "seen_by_both", "shared_with_training", "other_labels"),
    ]
    assert [one["name"] for one in sections["numbers"]] == [one.name for one in found.rates.numbers]
    keys = ["a", "a_clustered", "b", "b_clustered", "difference", "difference_clustered", "mcnemar", "p_clustered"]
    assert list(sections["numbers"][0]) == ["name", "both", "only_a", "only_b", "neither", *keys, "p_holm"]
    assert list(sections["numbers"][0]["mcnemar"]) == [
        *("exact", "mid_p", "asymptotic", "corrected", "chi_square", "chi_square_corrected")
    ]
    assert list(sections["aucs"][0]) == ["name", *keys[:-2], "p_value", "p_value_clustered", "p_holm"]
    assert sections["numbers"][0]["difference"] == plain(found.accuracy.difference.plain)
    assert [case["case_b"] for case in sections["discordant"]["only_a"]] == [case.case_b for case in found.only_a]


def test_the_text_holds_the_numbers_for_a_person(found: Comparisons) -> None:
    lines = as_text(found).splitlines()
    assert lines[0].startswith("A  Model first (first), fingerprint ")
    assert text.verdict(found) in as_text(found)
    row = next(line for line in lines if line.startswith("  Accuracy"))
    assert formats.full(found.accuracy.a.headline) in row
    assert formats.short(found.accuracy.difference.headline) in row
    assert "A right, B wrong: 3 scans" in lines
    assert max(len(line) for line in lines if line.startswith("  ")) < 170


def test_the_download_names_both_studies_and_every_row_has_every_column(found: Comparisons) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(found.a, text.download_rows(found)).decode("utf-8-sig"))))
    assert len(rows) == 13
    assert rows[0]["A minus B"] == formats.full(found.accuracy.difference.headline)
    assert float(rows[0]["p, McNemar exact"]) == pytest.approx(found.accuracy.test.exact)
    assert rows[-1]["p, McNemar exact"] == ""
    assert float(rows[-1]["p, DeLong"]) == pytest.approx(found.aucs[-1].areas.p_value.value, rel=1e-5)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.005, "0.5"), (-0.0123, "\N{MINUS SIGN}1.2"), (0.0, "0.0"), (0.0003, "0.03"), (-0.00002, "\N{MINUS SIGN}0.002")],
)
def test_points_show_what_there_is(share: float, said: str) -> None:
    assert formats.points(share) == said


@pytest.mark.parametrize(("value", "said"), [(0.0391, "0.039"), (0.0004, "< 0.001"), (1.0, "1.000")])
def test_p_values_are_not_rounded_to_nothing(value: float, said: str) -> None:
    assert formats.p_value(value) == said


# Figure --------------------------------------------------------------------------------------------------------------


def row(value: float | None, low: float | None = None, high: float | None = None) -> Row:
    if value is None:
        return Row(label="x", colour="#000", difference=Estimate.undefined(reason=Reason("no_cases")), beside="")
    level = None if low is None else 0.95
    found = Estimate(value=value, low=low, high=high, level=level, method=Method("given"), reason=Reason("not_known"))
    return Row(label="Glioma sensitivity", colour="#000", difference=found, beside="3 : 1")


def test_the_axis_reaches_as_far_either_way_as_the_furthest_bound() -> None:
    assert furthest([row(0.01, -0.02, 0.03), row(-0.05, -0.2, 0.1), row(None)]) == pytest.approx(0.2 * 1.06)
    assert furthest([row(0.0)]) == pytest.approx(NARROWEST * 1.06)
    assert furthest([row(0.0, -1.0, 1.0)]) == 1.0


def test_the_figure_has_a_line_at_zero_intervals_and_counts() -> None:
    figure = differences("Rates", [row(0.01, -0.02, 0.03), row(None)], beside="only A : B")
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (0, 0)
    assert tuple(figure.data[0].x) == (-0.02, 0.03)
    said = [annotation.text for annotation in figure.layout.annotations]
    assert said == ["3 : 1", "not estimable", "only A : B", "B higher", "A higher"]
    low, high = figure.layout.xaxis.range
    assert low == -high
    assert figure.layout.yaxis.ticktext == ("Glioma sensitivity", "x")


def test_a_long_class_name_leaves_room_for_the_plot() -> None:
    long = dataclasses.replace(row(0.01, -0.02, 0.03), label="<i>" * 30 + " sensitivity")
    (label,) = differences("Rates", [long], beside="").layout.yaxis.ticktext
    assert label.startswith("1: &lt;i&gt;"), "cut names are numbered: the page has them in full below"
    assert label.endswith("…")
    assert label.count("i&gt;") < 12


# Page ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_compare(open_page: Open, home: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("NEUROVAL_HOME", str(home))
    return lambda study, **query: open_page("compare", study, **query)


def test_two_studies_are_compared(open_compare: Open, said: Said, found: Comparisons) -> None:
    app = open_compare("first")
    assert not app.exception
    shown = said(app).replace("\\", "")
    assert text.answer(found) in shown
    assert shown.index(text.training(found)) < shown.index(text.answer(found))  # what both have seen leads
    assert text.multiplicity(found) in shown
    assert text.matching(found) in shown
    assert [one.value for one in app.header] == [
        "A right, B wrong: 3 scans",
        "B right, A wrong: 1 scan",
        "All numbers",
    ]
    table = app.dataframe[0].value
    assert table["Number"].tolist()[:3] == ["Accuracy", "Any tumour sensitivity", "Any tumour specificity"]
    assert table["A minus B"].iloc[0] == formats.short(found.accuracy.difference.headline)
    assert len(app.get("plotly_chart")) == 2
    assert len(app.image) == 4
    assert app.selectbox(key="with").value == "second"


def test_a_tile_leads_to_the_case_in_either_study(open_compare: Open, found: Comparisons) -> None:
    links = [one.proto for one in open_compare("first").main.get("page_link")]
    (only_b,) = found.only_b
    assert [link.query_string for link in links][-2:] == [
        f"study=first&case={only_b.case_a}&basis=test",
        f"study=second&case={only_b.case_b}&basis=test",
    ]
    assert links[-1].label == f":blue[B: {BRAIN_TUMOR.display['glioma']} {only_b.confidence_b:.2f}]"


def test_the_address_chooses_the_second_study_and_the_choice_is_in_the_address(open_compare: Open) -> None:
    app = open_compare("first", **{"with": "stranger"})
    assert app.selectbox(key="with").value == "stranger"
    app.selectbox(key="with").set_value("second").run()
    assert app.query_params["with"] == "second"
    assert not app.exception


def test_no_common_cases_is_said_calmly(open_compare: Open) -> None:
    app = open_compare("first", **{"with": "stranger"})
    (message,) = [one.value.replace("\\", "") for one in app.info]
    assert "no case of basis 'test' is in both (80 and 80 cases, of data sets 'set' and 'elsewhere')" in message
    assert not app.error
    assert not app.exception


def test_one_study_alone_is_told_what_it_needs(open_compare: Open, said: Said) -> None:
    app = open_compare("alone")
    (message,) = [one.value for one in app.info]
    assert message.startswith("There is no other study with these classes on this machine.")
    assert "neuroval import FILE --data alone --out NAME" in message
    assert not [one for one in app.selectbox if one.key == "with"]
    assert "Research use only" in said(app)


def test_without_a_study_of_the_same_data_none_is_chosen(open_compare: Open) -> None:
    app = open_compare("stranger")
    assert app.selectbox(key="with").value == ""
    (message,) = [one.value for one in app.info]
    assert message.startswith("No other study on this machine is of the same data set.")


@pytest.mark.parametrize(
    ("named", "message"), [("first", text.SAME_STUDY), ("gone", text.NOT_COMPARABLE), ("alone", text.NOT_COMPARABLE)]
)
def test_an_address_that_names_no_second_study_is_said(open_compare: Open, named: str, message: str) -> None:
    app = open_compare("first", **{"with": named})
    assert [one.value for one in app.info] == [message]
    assert app.selectbox(key="with").value == "second"
    assert not app.exception


def test_with_a_margin_the_page_and_the_json_say_what_is_shown(tmp_path: Path) -> None:
    header = "case_id,split,label,patient_id,prob_x,prob_y\n"
    for name, wrong in (("a", 3), ("b", 5)):
        rows = (
            f"t{number},test,{'xy'[number % 2]},P{number},{(number % 2 == 0) ^ (number < wrong):d},"
            f"{(number % 2 == 1) ^ (number < wrong):d}\n"
            for number in range(400)
        )
        (tmp_path / f"{name}.csv").write_text(header + "".join(rows))
    a, b = (
        study_of_predictions(tmp_path / f"{name}.csv", out=tmp_path / name, data_name="set", negative="y")
        for name in "ab"
    )
    assert comparisons(a, b).against_margin == ()
    assert text.against_margin(comparisons(a, b)) == ""
    limits = dataclasses.replace(a.manifest.thresholds, non_inferiority_margin=0.03)
    strict = dataclasses.replace(a.manifest.thresholds, non_inferiority_margin=0.01)
    a, b = (
        dataclasses.replace(study, manifest=dataclasses.replace(study.manifest, thresholds=thresholds))
        for study, thresholds in ((a, limits), (b, strict))
    )
    found = comparisons(a, b)
    assert found.margin == 0.01  # the stricter of both
    said = text.against_margin(found)
    assert said.startswith(
        "With the margin of 1.0 percentage points that the study fixes, A is not inferior in accuracy"
    )
    document = document_of(found)["sections"]["non_inferiority"]
    assert document["margin"] == 0.01
    assert [number["name"] for number in document["numbers"]] == [number.name for number in found.against_margin]
    accuracy = document["numbers"][0]
    assert (accuracy["a_not_inferior"], accuracy["b_not_inferior"], accuracy["equivalent"]) == (True, False, False)
