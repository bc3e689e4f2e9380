from pathlib import Path

import pandas as pd
import pytest

from neuroval.data.dataset.folder import case_id
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study
from neuroval.data.study.import_predictions import import_predictions

PLAIN = "label,prob_b,prob_a\na,0.25,0.75\nb,0.1,0.9\n"


def imported(folder: Path, text: str, **options: object) -> Study:
    file = folder / "predictions.csv"
    file.write_text(text, encoding="utf-8")
    return import_predictions(file, out=folder / "study", **options)


def test_a_label_and_probabilities_are_enough(tmp_path: Path) -> None:
    study = imported(tmp_path, PLAIN)
    assert study.classes.names == ("b", "a")
    assert study.classes.negative is None
    assert study.manifest.model is None
    assert study.manifest.about.name == "study"
    assert study.cases["split"].tolist() == ["test", "test"]
    assert set(study.cases["case_id"]) == {case_id("study", "0"), case_id("study", "1")}
    assert study.cases["group_id"].tolist() == study.cases["case_id"].tolist()
    joined = study.predictions.merge(study.cases, on="case_id").set_index("label")
    assert joined.loc["a", ["prob_b", "prob_a"]].tolist() == [0.25, 0.75]


def test_names_classes_and_negative_are_as_given(tmp_path: Path) -> None:
    study = imported(tmp_path, PLAIN, data_name="set", title="Ours", classes=["a", "b"], negative="b")
    assert (study.classes.names, study.classes.negative) == (("a", "b"), "b")
    assert (study.manifest.data.name, study.manifest.about.title) == ("set", "Ours")
    assert case_id("set", "0") in set(study.cases["case_id"])


def test_optional_columns_are_kept_as_text(tmp_path: Path) -> None:
    study = imported(
        tmp_path,
        "\ufeffcase_id,split,label,prob_a,prob_b,patient_id,plane,source,site,image_path,comment\n"
        "007,external,a,1,0,01,axial,S,X,a/1.png,good\n"
        "008,tuning,b,0.123456789012345678,0.876543210987654322,01,,,,,\n"
        "NA,train,a,,,01,,,,a/2.png,\n",
    )
    cases = study.cases.set_index("case_id")
    assert cases.index.tolist() == ["007", "008", "NA"]
    told = ["split", "patient_id", "plane", "source", "site", "image_path"]
    assert cases.loc["007", told].tolist() == ["external", "01", "axial", "S", "X", "a/1.png"]
    assert cases["group_id"].tolist() == ["007"] * 3
    assert study.predictions["case_id"].tolist() == ["007", "008"]  # a training case has no prediction
    assert study.predictions["prob_a"].tolist() == [1.0, 0.123456789012345678]


def test_without_case_ids_the_image_path_identifies(tmp_path: Path) -> None:
    study = imported(tmp_path, "label,prob_a,prob_b,image_path\na,1,0,x/1.png\nb,0,1,x/2.png\n", data_name="set")
    assert set(study.cases["case_id"]) == {case_id("set", "x/1.png"), case_id("set", "x/2.png")}


def test_parquet_and_csv_give_the_same_study(tmp_path: Path) -> None:
    from_csv = imported(tmp_path, PLAIN, data_name="set", title="t")
    table = pd.DataFrame({"label": ["a", "b"], "prob_b": [0.25, 0.1], "prob_a": [0.75, 0.9]})
    table.to_parquet(tmp_path / "predictions.parquet")
    again = import_predictions(tmp_path / "predictions.parquet", out=tmp_path / "study", data_name="set", title="t")
    assert again.fingerprint == from_csv.fingerprint


def test_our_classes_look_as_they_always_do(tmp_path: Path) -> None:
    header = "label,prob_pituitary,prob_notumor,prob_meningioma,prob_glioma\n"
    classes = imported(tmp_path, header + "glioma,0,0,0,1\n").classes
    assert (classes.display["notumor"], classes.colour["glioma"]) == ("No tumour", "#D55E00")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prob_a,prob_b\n1,0\n", "column 'label' is missing; found ['prob_a', 'prob_b']"),
        ("label,prob_a\na,1\n", "found 1 column prob_<class>, expected one for each of 2 or more classes"),
        ("label,prob_a,prob_a\na,1,0\n", "column 'prob_a' appears twice"),
        ("label,prob_a,prob_b\n", "no rows"),
        ("", "column 'label' is missing; found []"),
        ("label,prob_a,prob_b\na,1,0\nc,0,1\n", "column 'label', row 3 is 'c'; expected one of ['a', 'b']"),
        ("label,prob_a,prob_b\na,1,0\nb,nan,1\n", "column 'prob_a', row 3 is 'nan'; expected a probability from 0"),
        ("label,prob_a,prob_b\na,1,0\nb,,1\n", "column 'prob_a', row 3 is empty; expected a probability from 0 to 1"),
        ("label,prob_a,prob_b\na,1,none\n", "column 'prob_b', row 2 is 'none'; expected a probability from 0 to 1"),
        ("label,prob_a,prob_b\na,80,20\n", "column 'prob_a', row 2 is '80'; expected a probability from 0 to 1"),
        ("label,prob_a,prob_b\na,1,0\na,0.5,0.25\n", "column 'prob_*', row 3 is 0.75; expected a sum"),
        ("label,prob_a,prob_b,case_id\na,1,0,x\na,1,0,x\n", "column 'case_id', row 3 is 'x'; expected each case once"),
        ("label,prob_a,prob_b,case_id\na,1,0,\n", "column 'case_id', row 2 is empty; expected a name that is not"),
        ("label,prob_a,prob_b,image_path\na,1,0,x\na,1,0,x\n", "column 'image_path', row 3 is 'x'; expected each ima"),
        ("label,prob_a,prob_b,image_path\na,1,0,../x\n", "column 'image_path', row 2 is '../x'; expected a path ins"),
        ("label,prob_a,prob_b,image_path\na,1,0,..\\..\\x\n", "column 'image_path', row 2 is '..\\\\..\\\\x'; expect"),
        ("label,prob_a,prob_b,image_path\na,1,0,C:\\x\n", "column 'image_path', row 2 is 'C:\\\\x'; expected a path"),
        ("label,prob_a,prob_b\n\na,1,0\n\n,0,1\n", "column 'label', row 5 is empty; expected one of ['a', 'b']"),
        ("label;prob_a;prob_b\na;0,9;0,1\n", "column 'prob_a', row 2 is '0,9'; expected a probability from 0 to 1, su"),
        ("label,prob_a,prob_b,split\na,1,0,train\na,1,1,test\n", "column 'prob_*', row 3 is 2.0; expected a sum of 1"),
        ("label,prob_a,prob_b,split\na,1,0,val\n", "column 'split', row 2 is 'val'; expected one of ['train'"),
        ("label,prob_a,prob_b,split\na,1,0,train\n", "every row is of split 'train'"),
    ],
)
def test_a_bad_file_is_named_and_leaves_nothing(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        imported(tmp_path, text)
    assert message in str(caught.value)
    assert "predictions.csv" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["predictions.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["a", "c"]}, "column 'prob_c' is missing"),
        ({"classes": ["a"]}, "column 'prob_b' is of no class; expected classes ['a']"),
        ({"negative": "healthy"}, "negative_class 'healthy' is not a class"),
    ],
)
def test_wrong_class_names_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        imported(tmp_path, PLAIN, **options)
    assert message in str(caught.value)


def test_the_place_is_looked_at_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="precious: exists and is not a study"):
        import_predictions(tmp_path / "gone.csv", out=tmp_path / "precious")


def test_a_file_that_is_missing_or_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        import_predictions(tmp_path / "gone.csv", out=tmp_path / "study")
    with pytest.raises(InputError, match=r"expected predictions as \.csv or \.parquet"):
        import_predictions(tmp_path / "table.xlsx", out=tmp_path / "study")
    (tmp_path / "broken.parquet").write_bytes(b"not parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        import_predictions(tmp_path / "broken.parquet", out=tmp_path / "study")


def test_one_case_with_an_empty_class_is_a_study(tmp_path: Path) -> None:
    assert len(imported(tmp_path, "label,prob_a,prob_b\na,0.5,0.5\n").predictions) == 1
