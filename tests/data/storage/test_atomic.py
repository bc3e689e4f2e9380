"""Whatever happens while something is written, what was there stays whole until the new one takes its place."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.storage import atomic
from neuroval.data.storage.atomic import file_written_whole, recover, remove, while_replaced, write_file, written_whole
from neuroval.data.storage.lock import lock_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "kept.txt").write_text("old")
    return folder


def test_a_folder_is_replaced_or_left(place: Path) -> None:

    def be_killed() -> None:
        with written_whole(place) as part:
            (part / "new.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_killed()
    assert (names(place), names(place.parent)) == (["kept.txt"], ["place"])
    with written_whole(place) as part:
        (part / "new.txt").write_text("whole")
        assert names(place) == ["kept.txt"]
    assert (names(place), names(place.parent)) == (["new.txt"], ["place"])


def test_a_folder_is_changed_as_a_copy(place: Path) -> None:
    with written_whole(place, keep=True) as part:
        assert names(part) == ["kept.txt"]
        (part / "kept.txt").write_text("changed")
        (part / "more").mkdir()
        assert (place / "kept.txt").read_text() == "old"
    assert (names(place), (place / "kept.txt").read_text()) == (["kept.txt", "more"], "changed")


def test_a_folder_behind_a_link_is_replaced_and_the_link_stays(place: Path) -> None:
    link = place.with_name("link")
    link.symlink_to(place)
    with written_whole(link) as part:
        (part / "new.txt").touch()
    assert link.is_symlink()
    assert names(place) == ["new.txt"]


def test_a_reader_between_the_renames_waits_for_the_new_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename
    readers: list[threading.Thread] = []
    read: list[list[str]] = []

    def meet(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            reader = threading.Thread(target=lambda: read.append(while_replaced(place, names, stamp="new.txt")))
            readers.append(reader)
            reader.start()
            time.sleep(0.1)  # the reader finds neither the old folder nor the new one
            assert not place.exists()
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", meet)
    with written_whole(place) as part:
        (part / "new.txt").touch()
    readers[0].join()
    assert read == [["new.txt"]]
    assert (names(place), names(place.parent)) == (["new.txt"], ["place"])


def test_a_reader_puts_the_old_folder_back_for_a_writer_that_was_killed(place: Path) -> None:
    place.rename(place.with_name(".place.old"))
    lock_file(place).touch()  # its lock ended with it, the file stays
    recover(place)
    assert (names(place), names(place.parent)) == (["kept.txt"], ["place"])


def test_what_is_replaced_while_it_is_read_is_read_again(place: Path) -> None:
    """Half of the old and half of the new is never returned, nor is an error that only the change has caused."""

    def write(number: int) -> None:
        with written_whole(place) as part:
            for name in ("first", "second"):
                (part / name).write_text(str(number))

    write(0)
    readings = 0

    def read(folder: Path) -> tuple[str, str]:
        nonlocal readings
        readings += 1
        first = (folder / "first").read_text()
        if readings < 4:
            write(readings)
        if readings == 2:
            raise FileNotFoundError("gone with the old one")
        return first, (folder / "second").read_text()

    assert while_replaced(place, read, stamp="first") == ("3", "3")
    assert readings == 4


def test_of_writers_of_one_folder_one_writes_and_the_others_are_told(place: Path) -> None:
    told: list[str] = []
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for _ in range(20):
                try:
                    with written_whole(place) as part:
                        for name in ("a", "b"):
                            (part / name).write_text(str(number))
                except InUseError as error:
                    told.append(str(error))
        except BaseException as error:  # noqa: BLE001 - a thread's error is told to the test
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert all("is writing it" in line for line in told)
    assert names(place.parent) == ["place"]
    assert (place / "a").read_text() == (place / "b").read_text()


def test_what_killed_writers_left_is_cleared_by_the_next_writer_of_the_place_alone(place: Path) -> None:
    other = place.with_name("another")
    left = []
    for folder in (place, other):
        left.append(atomic._beside(folder))
        left[-1].mkdir()
        (left[-1] / "half.txt").touch()
    fresh, old = (place.with_name(f".neuroval-{name}.part") for name in ("fresh", "old"))
    for file in (fresh, old):
        file.touch()
    os.utime(old, (0, 0))
    with written_whole(place):
        pass
    assert names(place.parent) == sorted([left[1].name, fresh.name, "place"])


def test_a_folder_is_taken_away_whole(place: Path) -> None:
    remove(place)
    remove(place)
    assert names(place.parent) == []


def test_a_file_is_replaced_or_left(tmp_path: Path) -> None:
    file = tmp_path / "weights.best.h5"
    write_file(file, "old")

    def be_killed() -> None:
        with file_written_whole(file) as part:
            assert part.name.endswith(".best.h5")
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_killed()
    assert (file.read_text(), names(tmp_path)) == ("old", [file.name])
    write_file(file, b"\xff\x00")
    assert (file.read_bytes(), names(tmp_path)) == (b"\xff\x00", [file.name])


def test_a_file_has_the_permissions_that_any_file_has_here(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write_file(tmp_path / "whole", "")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, "through")
    reader.join()
    assert (read, pipe.is_fifo()) == ([b"through"], True)


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync, replace = atomic._sync, Path.replace
    monkeypatch.setattr(atomic, "_sync", lambda path: (order.append("sync"), sync(path)))
    monkeypatch.setattr(Path, "replace", lambda self, target: (order.append("rename"), replace(self, target))[1])
    write_file(tmp_path / "a", "x")
    assert order == ["sync", "rename", "sync"]
    write_file(tmp_path / "a", "x", durable=False)
    assert order[3:] == ["rename"]


def write_folder(path: Path) -> None:
    with written_whole(path):
        pass


@pytest.mark.parametrize("write", [write_folder, lambda path: write_file(path, "x")])
def test_a_place_where_one_cannot_write_is_named(tmp_path: Path, write: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError, match=r"file/inside: cannot be written \(.*\); choose another place"):
        write(tmp_path / "file" / "inside")
    assert (names(tmp_path), (tmp_path / "file").read_text()) == (["file"], "precious")


def test_a_folder_is_not_replaced_by_a_file(place: Path) -> None:
    with pytest.raises(InputError, match=r"place: cannot be written \(Is a directory\)"):
        write_file(place, "x")
    assert (names(place), names(place.parent)) == (["kept.txt"], ["place"])
