"""CSV as spreadsheets write it."""

import gzip
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.storage.tables import Table, read_table, table_sha256


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def texts(table: Table) -> dict[str, list[str | None]]:
    """The values of each column as text, a missing one as none."""
    return {
        name: table.written(name).astype(object).where(table.written(name).notna(), None).tolist()
        for name in table.columns
    }


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_commas_semicolons_and_tabs_separate(file: Path, separator: str, mark: str) -> None:
    file.write_text(mark + separator.join(["name", "label"]) + "\n" + separator.join([" 1", "a "]) + "\r\n")
    assert texts(found := read_table(file, needed="label")) == {"name": ["1"], "label": ["a"]}
    assert found.rows.tolist() == [2]


def test_rows_are_numbered_as_a_spreadsheet_does(file: Path) -> None:
    file.write_text('label,text\n\na,"two\nlines"\n,,\n  \nb,\n')
    table = read_table(file, needed="label")
    assert table.written("label").to_dict() == {3: "a", 6: "b"}
    assert table.written("text").isna().tolist() == [False, True]


def test_a_separator_inside_a_name_does_not_separate(file: Path) -> None:
    file.write_text('label,"a; b"\nx,1\n')
    assert list(read_table(file, needed="label").columns) == ["label", "a; b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"label,a\nx\0,1\n", "not text in UTF-8, UTF-16 or Windows-1252; save it again as CSV UTF-8"),
        (b"PK\x03\x04label", "a workbook or an archive, not text; save it as CSV UTF-8"),
        (b"\x1f\x8blabel", "a damaged gzip file"),
        (b"name~label\nx~1\n", "column 'label' is missing; found ['name~label']. Expected a header of names separ"),
        (b"", "column 'label' is missing; found []"),
        (b"label,a,label\nx,1,y\n", "column 'label' appears twice"),
        (b"label,a\n\nx,1,2\n", "row 3 has more values than the header has names"),
        (b'label,a\n"x,1\n', "not a readable CSV file"),
    ],
)
def test_what_cannot_be_read_is_said(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(file, needed="label")
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a folder without a \.parquet or \.csv file"):
        read_table(tmp_path, needed="label")


TEXT = "label,näme\nä,1\n"
PLAIN = {"label": ["ä"], "näme": ["1"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_encodings_of_spreadsheets_are_read(file: Path, encoding: str) -> None:
    file.write_bytes(TEXT.encode(encoding))
    table = read_table(file, needed="label")
    assert texts(table) == PLAIN
    assert any("Windows-1252" in note for note in table.notes) == (encoding in ("cp1252", "latin-1"))


@pytest.mark.parametrize("name", ["t.csv.gz", "t.CSV.GZ", "t.tsv.gz", "t.csv"])
def test_gzip_is_told_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(TEXT.encode()))
    assert texts(read_table(tmp_path / name, needed="label")) == PLAIN


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", "\ufeffsep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_first_line_may_name_the_separator(file: Path, first: str) -> None:
    file.write_text(first + "label;a,b\nx;1\n\ny;2\n", newline="")
    table = read_table(file, needed="label")
    assert texts(table) == {"label": ["x", "y"], "a,b": ["1", "2"]}
    assert table.rows.tolist() == [2, 4]  # a spreadsheet does not show that line


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.TXT", "t.tab"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_any_usual_separator_in_any_text_file(tmp_path: Path, name: str, separator: str) -> None:
    (tmp_path / name).write_text(separator.join(["a", "label"]) + "\n" + separator.join(["1", '"x y"']) + "\n")
    assert texts(read_table(tmp_path / name, needed="label")) == {"a": ["1"], "label": ["x y"]}


def test_decimal_commas_are_numbers(file: Path) -> None:
    file.write_text('label;a;b\nx;0,57;1,5E-05\ny;",5";-1.5\nz;1.000,5;0,1,2\n')
    table = read_table(file, needed="label")
    assert table.numbers("a")[:2].tolist() == [0.57, 0.5]
    assert table.numbers("b")[:2].tolist() == [1.5e-5, -1.5]
    assert table.numbers("a")[2:].isna().all()
    assert table.numbers("b")[2:].isna().all()


def test_what_r_writes(file: Path) -> None:
    file.write_text('"","label","patient_id","prob_a"\n"1","x",NA,1e-04\n"2","y","NA",0.5\n')  # write.csv
    table = read_table(file, needed="label")
    assert list(table.columns) == ["label", "patient_id", "prob_a"]
    assert table.ignored == NO_NAME
    assert table.known("patient_id")[0].isna().all()
    assert table.known("patient_id")[1] == ("NA",)
    assert table.numbers("prob_a").tolist() == [1e-4, 0.5]
    file.write_text('"label" "prob_a"\n"1" "x" 0.25\n"2" "y y" 0.5\n')  # write.table
    assert texts(read_table(file, needed="label")) == {"label": ["x", "y y"], "prob_a": ["0.25", "0.5"]}


@pytest.mark.parametrize(
    "name", ["Patient ID", "patientID", "PATIENT_ID", "patient-id", " patient_id ", "Patient.ID", "patient.id"]
)
def test_known_columns_are_found_in_other_spellings(file: Path, name: str) -> None:
    file.write_text(f"Label,{name},Prob_A,Other Name\nx,7,1,2\n")
    table = read_table(file, needed="label", known=["patient_id"])
    assert list(table.columns) == ["label", "patient_id", "prob_A", "Other Name"]


@pytest.mark.parametrize("name", ["prob_a", "prob.a", "Prob a", "PROB-a", "prob_ a"])
def test_probabilities_are_found_in_other_spellings(file: Path, name: str) -> None:
    file.write_text(f"label,{name},probable\nx,1,2\n")
    assert list(read_table(file, needed="label").columns) == ["label", "prob_a", "probable"]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\r\n"])
def test_lines_end_as_they_do_on_any_system(file: Path, end: str) -> None:
    file.write_bytes(end.join(["label,a", '"x\ry",1', "y,2", ""]).encode())
    table = read_table(file, needed="label")
    assert texts(table)["a"] == ["1", "2"]


def test_a_cell_that_is_no_cell_is_refused_in_one_line(file: Path) -> None:
    file.write_text("label," + "x" * 200_000 + "\nx,1\n")
    with pytest.raises(InputError, match="column 'label' is missing"):
        read_table(file, needed="label")


def test_two_spellings_of_a_column_are_two_of_it(file: Path) -> None:
    file.write_text("label,patient_id,Patient ID\nx,7,8\n")
    with pytest.raises(InputError, match="column 'patient_id' appears twice"):
        read_table(file, needed="label", known=["patient_id"])


BIG = 720575940631797700
DECIMAL = pa.decimal128(20, 2)
NO_NAME = {"(without a name)": "has no name, as row numbers have"}
COLUMNS = {
    "integers": (pa.array([7, BIG, BIG + 1, None], pa.int64()), ["7", str(BIG), str(BIG + 1), None]),
    "unsigned": (pa.array([7, 2**64 - 1, 0, None], pa.uint64()), ["7", str(2**64 - 1), "0", None]),
    "floats": (pa.array([7.0, 1.5, float("nan"), None]), ["7.0", "1.5", None, None]),
    "short floats": (pa.array([7.0, 0.1, 2.5, None], pa.float32()), ["7.0", "0.1", "2.5", None]),
    "decimals": (
        pa.array([Decimal("7.00"), Decimal(BIG), None, None], pa.decimal128(20, 2)),
        ["7.00", f"{BIG}.00", None, None],
    ),
    "texts": (pa.array(["007", " 7 ", "", None], pa.large_string()), ["007", "7", None, None]),
    "views": (pa.array(["007", "7", "a\u0308", None], pa.string_view()), ["007", "7", "ä", None]),
    "categories": (pa.array(["007", "7", None, "007"]).dictionary_encode(), ["007", "7", None, "007"]),
    "numbered categories": (pa.array([7, BIG, None, 7]).dictionary_encode(), ["7", str(BIG), None, "7"]),
    "bytes": (pa.array([b"007", "ä".encode(), None, b"x"]), ["007", "ä", None, "x"]),
    "nothing": (pa.nulls(4), [None] * 4),
    "answers": (pa.array([True, False, None, None]), ["true", "false", None, None]),
    "days": (pa.array([date(2024, 3, 1), None, None, None]), ["2024-03-01", None, None, None]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_type_keeps_its_digits_and_their_form(tmp_path: Path, name: str) -> None:
    column, expected = COLUMNS[name]
    pq.write_table(pa.table({"label": list("abcd"), "id": column}), tmp_path / "t.parquet")
    assert texts(read_table(tmp_path / "t.parquet", needed="label"))["id"] == expected


@pytest.mark.parametrize("engine", ["named", "several", "unnamed", "range", "column"])
def test_named_indexes_are_columns(tmp_path: Path, engine: str) -> None:
    frame = pd.DataFrame({"label": ["x", "y"], "patient_id": ["7", "8"], "site": ["A", "B"]})
    if engine == "named":
        frame = frame.set_index("patient_id")
    elif engine == "several":
        frame = frame.set_index(["patient_id", "site"])
    elif engine == "unnamed":
        frame.index = pd.Index(["r1", "r2"])
    elif engine == "range":
        frame = frame.iloc[::-1].iloc[::-1]
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet", needed="label")
    assert texts(table) == {
        "label": ["x", "y"],
        "patient_id": ["7", "8"],
        "site": ["A", "B"],
    }
    assert table.rows.tolist() == [0, 1]
    assert dict(table.ignored) == (
        {"(without a name)": "has no name, as row numbers have"} if engine == "unnamed" else {}
    )


def test_a_folder_of_parts_is_one_table_and_its_partitions_are_columns(tmp_path: Path) -> None:
    folder = tmp_path / "predictions.parquet"
    for split, patient, ids in (("train", "007", [1]), ("test", "7", [BIG, None]), ("test", "a%20b", None)):
        part = folder / f"split={split}" / f"patient_id={patient}" / "part-0.parquet"
        part.parent.mkdir(parents=True)
        column = pa.nulls(1) if ids is None else pa.array(ids, pa.int64())
        pq.write_table(pa.table({"label": ["x"] * len(column), "n": column}), part)
    (folder / "_SUCCESS").write_text("")
    (folder / "_temporary").mkdir()
    (folder / "_temporary" / "x.parquet").write_text("half")
    (folder / "split=test" / ".part-0.parquet.crc").write_text("x")
    found = texts(read_table(folder, needed="label"))
    assert sorted(zip(*(map(str, found[name]) for name in ("split", "patient_id", "n")), strict=True)) == [
        ("test", "7", str(BIG)),
        ("test", "7", "None"),
        ("test", "a b", "None"),
        ("train", "007", "1"),
    ]
    assert table_sha256(folder) == table_sha256(folder)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_folder_of_csv_parts_is_one_table(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    folder = tmp_path / "predictions.csv"
    for split, text in (("train", "label,patient_id\nx,007\n"), ("test", "label,patient_id\ny,7\nz,\n")):
        part = folder / f"split={split}" / ("part-0.csv" if pack is bytes else "part-0.csv.gz")
        part.parent.mkdir(parents=True)
        part.write_bytes(pack(text.encode()))
    (folder / "part-1.csv").write_text("")  # Spark writes a part without rows too
    (folder / "_SUCCESS").write_text("")
    table = texts(read_table(folder, needed="label", known=("split", "patient_id")))
    rows = sorted(zip(table["label"], table["split"], map(str, table["patient_id"]), strict=True))
    assert rows == [("x", "train", "007"), ("y", "test", "7"), ("z", "test", "None")]
    assert table_sha256(folder) == table_sha256(folder)


def test_parts_without_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_text("x,007\n")
    with pytest.raises(InputError, match=r"part-0\.csv: column 'label' is missing"):
        read_table(tmp_path, needed="label")


@pytest.mark.parametrize("log", ["_delta_log/0.json", ".hoodie/x", "metadata/version-hint.text"])
def test_deleted_rows_of_a_lake_are_not_read(tmp_path: Path, log: str) -> None:
    pq.write_table(pa.table({"label": ["x"]}), tmp_path / "part-0.parquet")
    (tmp_path / log).parent.mkdir()
    (tmp_path / log).write_text("")
    with pytest.raises(InputError, match="expected plain Parquet, so save it as that"):
        read_table(tmp_path, needed="label")


def test_an_arrow_file_is_read(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(pa.table({"label": ["x"], "n": [BIG]}), tmp_path / "t.feather")
    assert texts(read_table(tmp_path / "t.feather", needed="label")) == {"label": ["x"], "n": [str(BIG)]}


def test_a_column_of_lists_is_ignored_and_said(tmp_path: Path) -> None:
    pq.write_table(pa.table({"label": ["x"], "probs": [[0.1, 0.9]]}), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet", needed="label")
    assert (list(table.columns), table.ignored["probs"]) == (
        ["label"],
        "holds list<element: double>, not one value a row",
    )


def test_a_named_range_index_is_a_column_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": ["x", "y"]}, index=pd.RangeIndex(7, 11, 2, name="patient_id"))
    frame.to_parquet(tmp_path / "t.parquet")  # pandas keeps such an index in the metadata alone
    assert texts(read_table(tmp_path / "t.parquet", needed="label")) == {"label": ["x", "y"], "patient_id": ["7", "9"]}


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_r_puts_names_of_rows_under_no_name(file: Path, separator: str) -> None:
    rows = [["label", "n"], ["1", "x", "7"], ["2", "y", "8"]]
    file.write_text("\n".join(separator.join(row) for row in rows))
    table = read_table(file, needed="label")
    assert texts(table) == {"label": ["x", "y"], "n": ["7", "8"]}
    assert dict(table.ignored) == {"(without a name)": "has no name, as row numbers have"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_separator_behind_each_row_moves_no_column(file: Path, separator: str) -> None:
    rows = [["label", "n"], ["x", "7", ""], ["y", "8", ""]]
    file.write_text("\n".join(separator.join(row) for row in rows))
    assert texts(read_table(file, needed="label")) == {"label": ["x", "y"], "n": ["7", "8"]}


def test_a_decimal_comma_that_nobody_quoted_is_no_name_of_a_row(file: Path) -> None:
    file.write_text("label,n\nx,0,7\nx,0,8\n")
    with pytest.raises(InputError, match="row 2 has more values than the header has names"):
        read_table(file, needed="label")


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("\u80bf\u7624", "gb18030"),
        ("\u816b\u760d", "shift_jis"),
        ("\ub1cc\uc885\uc591", "euc_kr"),
        ("\u0433\u043b\u0438\u043e\u043c\u0430", "cp1251"),
        ("\u0648\u0631\u0645", "cp1256"),
        ("\u03b3\u03bb\u03bf\u03af\u03c9\u03bc\u03b1", "cp1253"),
    ],
)
def test_other_code_pages_are_not_taken_for_western_text(file: Path, word: str, encoding: str) -> None:
    file.write_bytes(f"label\n{word}\n".encode(encoding))
    with pytest.raises(InputError, match="not text in UTF-8, UTF-16 or Windows-1252; save it again as CSV UTF-8"):
        read_table(file, needed="label")


@pytest.mark.parametrize(
    "text",
    [
        "na\u00efve \u0153uvr\u00e9",
        "\u00c6r\u00f8, cr\u00e9\u00e9e",
        "\u201cx\u201d\u2026 \u2013 5 \u00b5m\u00b2 \u00b1\u00b0",
    ],
)
def test_western_text_is_still_western(file: Path, text: str) -> None:
    file.write_bytes(f"label|n\n{text}|1\n".encode("cp1252"))
    assert texts(read_table(file, needed="label"))["label"] == [text]


def test_a_uuid_is_written_as_it_always_is(tmp_path: Path) -> None:
    patient = uuid.UUID(int=7)
    column = pa.array([patient.bytes, None], pa.uuid())
    pq.write_table(pa.table({"label": ["x", "y"], "patient_id": column}), tmp_path / "t.parquet")
    assert texts(read_table(tmp_path / "t.parquet", needed="label"))["patient_id"] == [str(patient), None]


def test_bytes_that_are_no_text_are_kept_as_digits(tmp_path: Path) -> None:
    ids = [uuid.UUID(int=number).bytes for number in (0x09, 0x20, 0x0A)]
    padded = pa.array([b"p1\0", b"p\0\0", b"p22"], pa.binary(3))
    columns = {"label": ["x"] * 3, "id": pa.array(ids, pa.binary(16)), "padded": padded}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    found = texts(read_table(tmp_path / "t.parquet", needed="label"))
    assert (found["id"], found["padded"]) == ([number.hex() for number in ids], ["p1", "p", "p22"])
