"""CSV as spreadsheets write it."""

from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.storage.csv_text import read_csv


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_commas_semicolons_and_tabs_separate(file: Path, separator: str, mark: str) -> None:
    file.write_text(mark + separator.join(["name", "label"]) + "\n" + separator.join([" 1", "a "]) + "\r\n")
    assert read_csv(file, needed="label").to_dict("index") == {2: {"name": "1", "label": "a"}}


def test_rows_are_numbered_as_a_spreadsheet_does(file: Path) -> None:
    file.write_text('label,text\n\na,"two\nlines"\n,,\n  \nb,\n')
    table = read_csv(file, needed="label")
    assert table["label"].to_dict() == {3: "a", 6: "b"}
    assert table["text"].isna().tolist() == [False, True]


def test_a_separator_inside_a_name_does_not_separate(file: Path) -> None:
    file.write_text('label,"a; b"\nx,1\n')
    assert list(read_csv(file, needed="label")) == ["label", "a; b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label,a\nx\u00e9,1\n".encode("latin-1"), "not UTF-8 text; save it again as CSV UTF-8"),
        ("label,a\nx,1\n".encode("utf-16"), "not UTF-8 text; save it again as CSV UTF-8"),
        ("label,a\nx,1\n".encode("utf-16-le"), "not UTF-8 text; save it again as CSV UTF-8"),
        (b"name|label\nx|1\n", "column 'label' is missing; found ['name|label']. Expected a header of names separ"),
        (b"", "column 'label' is missing; found []"),
        (b"label,a,label\nx,1,y\n", "column 'label' appears twice"),
        (b"label,a\n\nx,1,2\n", "row 3 has more values than the header has names"),
        (b'label,a\n"x,1\n', "not a readable CSV file"),
    ],
)
def test_what_cannot_be_read_is_said(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_csv(file, needed="label")
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_csv(tmp_path, needed="label")
