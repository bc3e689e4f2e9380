import os
from pathlib import Path

import pytest

from neuroval.data.storage.files import file_sha256, printable, stays_inside


@pytest.mark.parametrize("path", ["a.png", "a/b.png", "a/..b.png", "a b/c..png", "a/b:c.png"])
def test_a_path_inside(path: str) -> None:
    assert stays_inside(path)


@pytest.mark.parametrize(
    "path", ["", "/a", "../a", "a/../../b", "..\\a", "\\a", "C:\\a", "C:a", "\\\\server\\a", "a\0b"]
)
def test_a_path_that_leads_outside_on_some_system(path: str) -> None:
    assert not stays_inside(path)


def test_a_name_that_is_not_utf_8_is_shown_byte_by_byte() -> None:
    assert printable(os.fsdecode(b"a\xff\xfe.jpg")) == r"a\xff\xfe.jpg"
    assert printable("gl\u00fchend.jpg") == "gl\u00fchend.jpg"


def test_the_hash_is_that_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
