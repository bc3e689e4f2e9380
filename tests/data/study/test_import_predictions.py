from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neuroval.data.dataset.folder import case_id
from neuroval.data.dataset.intake import from_document
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study, read_study
from neuroval.data.study.import_predictions import study_of_predictions

PLAIN = "label,prob_b,prob_a\na,0.25,0.75\nb,0.1,0.9\n"


def imported(folder: Path, text: str, **options: object) -> Study:
    file = folder / "predictions.csv"
    file.write_text(text, encoding="utf-8")
    return study_of_predictions(file, out=folder / "study", **options)


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
    again = study_of_predictions(tmp_path / "predictions.parquet", out=tmp_path / "study", data_name="set", title="t")
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
        ("label;prob_a;prob_b\na;0,9;0.1.0\n", "column 'prob_b', row 2 is '0.1.0'; expected a probability from 0 to"),
        ("label,prob_a,prob_b,split\na,1,0,train\na,1,1,test\n", "column 'prob_*', row 3 is 2.0; expected a sum of 1"),
        ("label,prob_a,prob_b,split\na,1,0,later\n", "column 'split', row 2 is 'later'; expected one of ['train'"),
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
        study_of_predictions(tmp_path / "gone.csv", out=tmp_path / "precious")


def test_a_file_that_is_missing_or_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        study_of_predictions(tmp_path / "gone.csv", out=tmp_path / "study")
    with pytest.raises(InputError, match=r"expected a table as \.csv, \.tsv \(also \.gz\), \.parquet or \.feather"):
        study_of_predictions(tmp_path / "table.xlsx", out=tmp_path / "study")
    (tmp_path / "broken.parquet").write_bytes(b"not parquet")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        study_of_predictions(tmp_path / "broken.parquet", out=tmp_path / "study")


def test_one_case_with_an_empty_class_is_a_study(tmp_path: Path) -> None:
    assert len(imported(tmp_path, "label,prob_a,prob_b\na,0.5,0.5\n").predictions) == 1


ROWS = [
    ("c0", "a", "0.75", "0.25", "train", "P0"),
    ("c1", "b", "0.1", "0.9", "train", "P1"),
    ("c2", "a", "1", "0", "test", "P2"),
]
HEADER = "case_id,label,prob_a,prob_b,split,patient_id\n"


def with_ids(folder: Path, *ids: str) -> Study:
    lines = [",".join([*row[:5], one]) for row, one in zip(ROWS, ids, strict=True)]
    return imported(folder, HEADER + "\n".join(lines) + "\n", data_name="set", title="t")


def test_what_stands_for_a_missing_id_is_no_patient(tmp_path: Path) -> None:
    empty = with_ids(tmp_path, "", "P1", "")
    for written in ("NA", "nan", "NaN", "None", "null", "unknown", "-", "?", "<NA>", "n/a", " - ", "#N/A"):
        study = with_ids(tmp_path, written, "P1", written)
        assert study.fingerprint == empty.fingerprint
        (patients,) = (one for one in from_document(study.manifest.provenance["intake"]).missing if one.count)
        assert (patients.column, patients.count, patients.n, patients.written) == (
            "patient_id",
            2,
            3,
            (written.strip(),),
        )


def test_forms_of_an_id_stay_as_they_are(tmp_path: Path) -> None:
    assert with_ids(tmp_path, "7", "007", "7.0").cases["patient_id"].tolist() == ["7", "007", "7.0"]


@pytest.mark.parametrize(
    "kind",
    [
        pa.int64(),
        pa.uint64(),
        pa.decimal128(20, 0),
        pa.string(),
        pa.large_string(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
)
def test_a_null_among_large_ids_costs_no_digit(tmp_path: Path, kind: pa.DataType) -> None:
    ids = [720575940631797700, None, 720575940631797701]
    from_csv = with_ids(tmp_path, *("" if one is None else str(one) for one in ids))
    given = ids if pa.types.is_integer(kind) or pa.types.is_decimal(kind) else [one and str(one) for one in ids]
    columns = {
        name: pa.array(values) for name, values in zip(HEADER.strip().split(","), zip(*ROWS, strict=True), strict=False)
    }
    columns["patient_id"] = pa.array(given).cast(kind) if pa.types.is_dictionary(kind) else pa.array(given, kind)
    pq.write_table(pa.table(columns), tmp_path / "p.parquet")
    study = study_of_predictions(tmp_path / "p.parquet", out=tmp_path / "study", data_name="set", title="t")
    assert study.fingerprint == from_csv.fingerprint
    assert study.cases["patient_id"].nunique() == 2


def test_an_index_and_a_column_are_the_same_data(tmp_path: Path) -> None:
    from_csv = with_ids(tmp_path, "P0", "P1", "P0")
    frame = pd.read_csv(tmp_path / "predictions.csv")
    for index in ("patient_id", ["patient_id", "split"], "label", "prob_a"):
        frame.set_index(index).to_parquet(tmp_path / "p.parquet")
        study = study_of_predictions(
            tmp_path / "p.parquet", out=tmp_path / "study", data_name="set", title="t", classes=["a", "b"]
        )
        assert study.fingerprint == from_csv.fingerprint


@pytest.mark.parametrize("written", ["val", "Validation", "valid", "dev", "EVAL", "tuning"])
def test_splits_are_read_in_any_usual_spelling(tmp_path: Path, written: str) -> None:
    text = HEADER + f"c0,a,1,0,Training,\nc1,a,1,0,{written},\nc2,a,1,0,TEST,\nc3,a,1,0,external_test,\nc4,a,1,0,NA,\n"
    study = imported(tmp_path, text)
    assert study.cases["split"].tolist() == ["train", "tuning", "test", "external", "test"]


@pytest.mark.parametrize("written", ["./x/1.png", "x\\1.png", "x//1.png", ".\\x\\.\\1.png"])
def test_an_image_path_has_one_spelling(tmp_path: Path, written: str) -> None:
    header, path = "label,prob_a,prob_b,image_path\n", "x/1.png"
    study = imported(tmp_path, f"{header}a,1,0,{written}\n", data_name="d")
    assert study.cases["case_id"].tolist() == [case_id("d", path)]
    with pytest.raises(InputError, match=f"column 'image_path', row 3 is '{path}'; expected each image once"):
        imported(tmp_path, f"{header}a,1,0,{path}\nb,0,1,{written}\n")


@pytest.mark.parametrize(
    ("probabilities", "fine"),
    [
        ("0.33,0.33,0.33", True),  # 0.99 in decimals is a little less in binary
        ("0.34,0.34,0.33", True),
        ("0.33,0.33,0.32", False),
        ("0.345,0.335,0.309", False),
        ("0.335,0.335,0.32", True),
    ],
)
def test_a_sum_within_a_hundredth_of_one_is_taken(tmp_path: Path, probabilities: str, fine: bool) -> None:
    text = f"label,prob_a,prob_b,prob_c\na,{probabilities}\n"
    if fine:
        assert len(imported(tmp_path, text).predictions) == 1
    else:
        with pytest.raises(InputError, match=r"expected a sum of 1 within 0\.01"):
            imported(tmp_path, text)


def test_two_digits_may_miss_one_by_half_a_digit_a_class(tmp_path: Path) -> None:
    header = "label,prob_a,prob_b,prob_c,prob_d\n"
    assert len(imported(tmp_path, header + "d,0.12,0.12,0.12,0.62\n").predictions) == 1  # 0.98, 1 before rounding
    with pytest.raises(InputError, match="expected a sum of 1"):
        imported(tmp_path, header + "d,0.12,0.12,0.12,0.61\n")
    with pytest.raises(InputError, match="expected a sum of 1"):
        imported(tmp_path, header + "d,0.121,0.12,0.12,0.62\n")


@pytest.mark.parametrize(("each", "last", "fine"), [("0.010", "0.695", True), ("0.0101", "0.692", False)])
def test_so_may_three_digits_where_classes_are_many(tmp_path: Path, each: str, last: str, fine: bool) -> None:
    header = ",".join(["label", *(f"prob_{number}" for number in range(30))])
    text = f"{header}\n0,{','.join([each] * 29)},{last}\n"  # 0.985, all rounded down by up to half a digit
    if fine:
        assert len(imported(tmp_path, text).predictions) == 1
    else:
        with pytest.raises(InputError, match="expected a sum of 1"):
            imported(tmp_path, text)


def test_one_column_is_enough_for_two_classes(tmp_path: Path) -> None:
    study = imported(tmp_path, "label,prob_tumor\ntumor,0.75\nnotumor,0.25\n", negative="notumor")
    assert (study.classes.names, study.classes.negative) == (("tumor", "notumor"), "notumor")
    assert sorted(study.predictions["prob_notumor"]) == [0.25, 0.75]
    assert from_document(study.manifest.provenance["intake"]).notes == (
        "prob_notumor is taken as 1 minus the other probability",
    )
    alone = imported(tmp_path, "label,prob_tumor\ntumor,0.75\n", negative="notumor")
    assert alone.classes.names == ("tumor", "notumor")
    ordered = imported(tmp_path, "label,prob_tumor\ntumor,0.75\n", classes=["notumor", "tumor"])
    assert ordered.classes.names == ("notumor", "tumor")
    with pytest.raises(InputError, match="found 1 column prob_<class>"):
        imported(tmp_path, "label,prob_tumor\ntumor,0.75\nnotumor,0.25\nother,0.25\n")


@pytest.mark.parametrize(
    ("name", "value"), [("max", "0.75"), ("std", "0.1"), ("any tumour", "0.9"), ("entropy", "1.2"), ("pred", "a")]
)
def test_a_column_that_is_no_class_is_named(tmp_path: Path, name: str, value: str) -> None:
    text = f"label,prob_a,prob_b,prob_{name}\na,0.75,0.25,{value}\nb,0.4,0.6,{value}\n"
    with pytest.raises(InputError, match=f"column 'prob_{name}' is of no class: no label names it"):
        imported(tmp_path, text)


def test_two_columns_that_are_no_class_are_named_and_a_class_without_cases_is_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column 'prob_max' and 'prob_min' is of no class"):
        imported(tmp_path, "label,prob_a,prob_b,prob_max,prob_min\na,0.75,0.25,0.75,0.25\nb,0.4,0.6,0.6,0.4\n")
    assert len(imported(tmp_path, "label,prob_a,prob_b,prob_rare\na,0.75,0.25,0\nb,0.4,0.55,0.05\n").classes) == 3


def test_a_class_is_one_however_its_name_is_written(tmp_path: Path) -> None:
    composed, apart = "Gliom \u00e4", "Gliom a\u0308"
    for label, column in ((composed, apart), (apart, composed), (f"{apart} ", composed), (composed.upper(), apart)):
        study = imported(tmp_path, f"label,prob_{column},prob_b\n{label},1,0\nB,0,1\n", negative=apart)
        assert study.classes.names == (composed, "b")
        assert study.classes.negative == composed
        assert set(study.cases["label"]) == {composed, "b"}


def test_a_decimal_comma_is_read(tmp_path: Path) -> None:
    study = imported(tmp_path, "label;prob_a;prob_b\na;0,75;0,25\n")
    assert study.predictions[["prob_a", "prob_b"]].to_numpy().tolist() == [[0.75, 0.25]]


def test_columns_are_kept_or_said_to_be_ignored(tmp_path: Path) -> None:
    study = imported(tmp_path, ",label,prob_a,prob_b,comment\n1,a,1,0,x\n")
    intake = from_document(study.manifest.provenance["intake"])
    assert (intake.unit, intake.read) == ("row", 1)
    assert intake.kept == ("label", "prob_a", "prob_b")
    assert set(intake.ignored) == {"comment", "(without a name)"}
    again = read_study(study.path).manifest.provenance["intake"]
    assert from_document(again) == intake


@pytest.mark.parametrize(
    "name", ["patient", "Patient_Number", "PatientName", "subject_id", "PID", "MRN", "participant"]
)
def test_ids_under_another_name_are_not_left_out_in_silence(tmp_path: Path, name: str) -> None:
    def notes(columns: str, values: str) -> tuple[str, ...]:
        study = imported(tmp_path, f"label,prob_a,prob_b,{columns}\na,1,0,{values}\nb,0,1,{values}\n")
        return from_document(study.manifest.provenance["intake"]).notes

    assert notes(name, "7") == (f"column {name!r} may hold patient ids and is not read as such; name it patient_id",)
    assert notes(f"{name},patient_id", "7,8") == ()
    assert notes("patient_age,subjective,site", "7,x,A") == ()


def test_rows_of_one_file_are_one_group_under_any_spelling(tmp_path: Path) -> None:
    rows = ["case_id,split,label,image_path,prob_a,prob_b", "1,train,a,x/1.dcm,1,0", "2,test,a,.\\x\\1.dcm,1,0"]
    (tmp_path / "p.csv").write_text("\n".join([*rows, "3,test,b,x/2.dcm,0,1", "4,test,b,,0,1", "5,test,b,,0,1"]))
    study = study_of_predictions(tmp_path / "p.csv", out=tmp_path / "s")
    assert study.cases.set_index("case_id")["group_id"].to_dict() == {"1": "1", "2": "1", "3": "3", "4": "4", "5": "5"}
    assert study.pairs.empty
    notes = study.manifest.provenance["intake"]["notes"]
    assert "2 name an image file that another row names too: they are one group" in notes


FAILED = (
    "label,split,Reason,prob_a,prob_b\n"
    "a,test,,0.9,0.1\n"
    "b,test,motion,,\n"
    "b,tuning,,0.2,0.8\n"
    "a,test,time out,NA,NA\n"
    "b,train,not asked,,\n"
)


def test_a_row_without_probabilities_and_with_a_reason_is_a_case_without_a_result(tmp_path: Path) -> None:
    study = imported(tmp_path, FAILED, negative="b")
    ids = {number: case_id("study", str(number)) for number in range(5)}
    assert study.no_result is not None
    assert dict(zip(study.no_result["case_id"], study.no_result["reason"], strict=True)) == {
        ids[1]: "motion",
        ids[3]: "time out",
    }
    assert study.cases["case_id"].iloc[study.rows["no_result"]].tolist() == study.no_result["case_id"].tolist()
    assert set(study.predictions["case_id"]) == {ids[0], ids[2]}
    assert study.manifest.data.columns == ()  # the reason is no column of the cases
    notes = from_document(study.manifest.provenance["intake"]).notes
    assert "2 without probabilities, with a reason: they count as cases without a result" in notes


def test_without_a_reason_missing_probabilities_are_refused_as_before(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'prob_a', row 3 is empty; expected a probability from 0 to 1"):
        imported(tmp_path, FAILED.replace("motion", ""), negative="b")


def test_one_empty_probability_is_no_failed_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'prob_b', row 2 is empty"):
        imported(tmp_path, "label,reason,prob_a,prob_b\na,motion,0.9,\nb,,0.2,0.8\n")


def test_a_study_of_failed_reads_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row has probabilities; a study needs at least one prediction"):
        imported(tmp_path, "label,reason,prob_a,prob_b\na,motion,,\nb,motion,,\n")


def test_with_every_result_there_a_reason_is_a_column_like_another(tmp_path: Path) -> None:
    rows = "".join(f"{label},headache,0.5,0.5\n" for label in "ab" * 3)
    study = imported(tmp_path, f"label,reason,prob_a,prob_b\n{rows}")
    assert study.no_result is None
    assert study.manifest.data.columns == ("reason",)
    assert "no_result.parquet" not in study.manifest.files
