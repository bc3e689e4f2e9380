"""Links, loops of links, and files that several paths lead to."""

import os
from pathlib import Path

import pytest

from neuroval.data.storage.walking import Found, walk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``set`` with a file in a/, beside a folder ``elsewhere`` with another."""
    for name in ("set/a/1", "elsewhere/2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "set"


def found(folder: Path) -> tuple[list[str], dict[str, str], int]:
    walked: Found = walk(folder)
    return list(walked.files), dict(walked.unused), walked.hidden


def test_a_linked_folder_is_read_as_if_it_lay_there(folder: Path) -> None:
    (folder / "b").symlink_to("../elsewhere")
    (folder / "c").symlink_to(folder.parent / "elsewhere" / "2")
    files, unused, _ = found(folder)
    assert files == ["a/1", "b/2"]
    assert unused == {"c": "a link to b/2, which is counted there"}


def test_loops_end(folder: Path) -> None:
    (folder / "a" / "up").symlink_to("..")
    (folder / "a" / "self").symlink_to("self")
    (folder / "a" / "parent").symlink_to("../..")
    (folder.parent / "elsewhere" / "back").symlink_to(folder / "a")
    (folder / "e").symlink_to("../elsewhere")
    files, unused, _ = found(folder)
    assert [Path(name).name for name in files] == ["1", "2"]
    assert unused["a/up"] == "a link to the data set itself, which is counted there"
    assert unused["a/self"] == "a link that leads nowhere, or to itself"
    assert sum("which is counted there" in reason for reason in unused.values()) >= 2


def test_a_folder_reached_twice_is_listed_where_it_lies(folder: Path) -> None:
    (folder / "0").symlink_to("a")
    (folder / "a" / "0").symlink_to("1")
    files, unused, _ = found(folder)
    assert files == ["a/1"]
    assert unused == {
        "0": "a link to a, which is counted there",
        "a/0": "a link to a/1, which is counted there",
    }


def test_a_link_that_leads_nowhere_is_listed(folder: Path) -> None:
    (folder / "gone").symlink_to("nowhere")
    assert found(folder)[1] == {"gone": "a link that leads nowhere, or to itself"}


def test_hard_links_are_copies(folder: Path) -> None:
    os.link(folder / "a" / "1", folder / "a" / "2")
    assert found(folder) == (["a/1", "a/2"], {}, 0)


def test_hidden_files_and_links_are_counted_and_not_followed(folder: Path) -> None:
    (folder / ".git" / "x").mkdir(parents=True)
    (folder / ".git" / "x" / "y").write_text("")
    (folder / ".link").symlink_to("../elsewhere")
    (folder / "Thumbs.db").write_text("")
    assert found(folder) == (["a/1"], {}, 3)


def test_what_is_neither_file_nor_folder_is_listed(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    files, unused, _ = found(folder)
    assert files == ["a/1"]
    assert unused == {"pipe": "neither a file nor a folder", "link": "a link to what is neither a file nor a folder"}


def test_a_folder_that_cannot_be_read_is_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    assert found(folder)[1] == {"a/": "a folder that cannot be read (Permission denied)"}


def test_a_link_that_says_more_than_the_place_is_where_files_are_listed(folder: Path) -> None:
    (folder / "named").symlink_to("a")
    (folder / "also").symlink_to("a/1")
    walked = walk(folder, rank=lambda path: path.startswith("named"))
    assert walked.files == ("named/1",)
    assert dict(walked.unused) == {"also": "a link to a/1, which is counted there"}
    assert list(walked.at.values()) == ["named/1"]


def test_a_loop_that_says_more_is_still_a_loop(folder: Path) -> None:
    (folder / "a" / "named").symlink_to("../../set")
    assert walk(folder, rank=lambda path: path.count("named")).files == ("a/1",)


def test_a_link_to_a_hidden_folder_shows_it(folder: Path) -> None:
    (folder / ".store" / "deep").mkdir(parents=True)
    (folder / ".store" / "deep" / "3").write_text("3")
    (folder / "b").symlink_to(".store")
    assert found(folder) == (["a/1", "b/deep/3"], {}, 1)


def test_an_empty_folder_is_listed(folder: Path) -> None:
    (folder / "b" / "c").mkdir(parents=True)
    (folder / "b" / "c" / ".DS_Store").write_text("")
    assert found(folder)[1] == {"b/c/": "an empty folder"}
