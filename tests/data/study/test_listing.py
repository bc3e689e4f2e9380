"""Lists of studies: read once, read again when a file is another one, and cheap however many there are."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroval.data.exceptions import ContractError
from neuroval.data.storage import home
from neuroval.data.study import listing
from neuroval.data.study.folder import Study
from neuroval.data.study.listing import known_manifest


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read, seen = listing.read_manifest, []
    monkeypatch.setattr(listing, "read_manifest", lambda path: (seen.append(path), read(path))[1])
    return seen


def test_a_manifest_is_read_again_only_when_its_file_is_another_one(
    write: Callable[..., Study], reads: list[Path]
) -> None:
    path = write().path
    assert [known_manifest(path).about.title for _ in range(3)] == ["A small study"] * 3
    assert reads == [path]
    file = path / "study.toml"
    file.write_text(file.read_text().replace("A small study", "A tidy study"))
    assert known_manifest(path).about.title == "A tidy study"
    write()
    assert known_manifest(path).about.title == "A small study"
    assert len(reads) == 3


def test_one_that_cannot_be_opened_is_said_each_time_and_read_once(
    write: Callable[..., Study], reads: list[Path]
) -> None:
    path = write().path
    (path / "study.toml").write_text("x = " + "[" * 5000)
    for _ in range(3):
        with pytest.raises(ContractError, match="nested too deeply"):
            known_manifest(path)
    assert len(reads) == 1


@pytest.fixture
def many(write: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with 50 studies."""
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    root = tmp_path / "home" / "studies"
    path = write().path
    for number in range(50):
        (root / f"study-{number:02d}").mkdir(parents=True)
        shutil.copy(path / "study.toml", root / f"study-{number:02d}")
    return root


def test_the_list_follows_what_is_added_renamed_and_removed(many: Path) -> None:
    def names() -> set[str]:
        return {name for name, path in home.studies().items() if path.parent == many}

    assert len(names()) == 50
    for moment in ("just changed", "settled"):
        if moment == "settled":
            os.utime(many, (0, 0))
            assert len(names()) == 50
        (many / "new").mkdir()
        assert len(names()) == 50
        shutil.copy(many / "study-00" / "study.toml", many / "new")  # the root itself does not change
        assert "new" in names()
        (many / "new").rename(many / "newer")
        assert {"new", "newer"} & names() == {"newer"}
        shutil.rmtree(many / "newer")
        assert len(names()) == 50


def test_a_list_that_has_not_changed_is_not_read_again(
    many: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(many, (0, 0))
    for _ in range(2):
        for path in home.studies().values():
            known_manifest(path)
    assert len([path for path in reads if path.parent == many]) == 50
    looked: list[str] = []
    monkeypatch.setattr(home, "_holds", lambda folder, _: looked.append(folder.name) or True)
    monkeypatch.setattr(home.os, "scandir", lambda *_: pytest.fail("listed again"))
    assert len(home.studies()) >= 50
    assert looked == []


@pytest.mark.slow
def test_a_thousand_studies_are_listed_in_a_tenth_of_a_second(many: Path) -> None:
    for number in range(50, 1000):
        shutil.copytree(many / "study-00", many / f"study-{number:03d}")
    os.utime(many, (0, 0))

    def listed() -> float:
        begin = time.process_time()
        for path in home.studies().values():
            known_manifest(path)
        return time.process_time() - begin

    first, again = listed(), min(listed() for _ in range(3))
    assert again < 0.1
    assert again < first / 20
