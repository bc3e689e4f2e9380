"""One writer at a time: the second is told who writes, the lock ends with its holder, and nothing is left behind."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.storage.lock import held, holding, lock_file

HOLDER = """
import sys, time
from pathlib import Path
from neuroval.data.storage.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(100)
"""


@contextmanager
def another(place: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that holds the place until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_is_told_who_writes_since_when_and_what_to_do(tmp_path: Path) -> None:
    place = tmp_path / "study"
    with another(place) as process, pytest.raises(InUseError) as told, held(place):
        pass
    line = str(told.value)
    assert line.startswith(f"{place}: -c ")
    assert f"(process {process.pid}, since 20" in line
    assert line.endswith("is writing it; wait until that ends, or stop it, and try again.")
    assert "\n" not in line


def test_a_holder_on_another_machine_is_named_with_it(tmp_path: Path) -> None:
    place = tmp_path / "study"
    with another(place):
        facts = json.loads(lock_file(place).read_text())
        lock_file(place).write_text(
            json.dumps({**facts, "host": "ward-7", "command": "neuroval evaluate " + "x" * 500})
        )
        with (
            pytest.raises(InUseError, match=r"neuroval evaluate x+ \.\.\. \(process \d+ on ward-7, since "),
            held(place),
        ):
            pass
        lock_file(place).write_text("")
        with pytest.raises(InUseError, match="study: another program is writing it"), held(place):
            pass


def test_the_lock_ends_with_its_holder_however_it_ends(tmp_path: Path) -> None:
    place = tmp_path / "study"
    with another(place) as process:
        process.kill()
        process.wait()
        assert lock_file(place).exists()
        with held(place):
            pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_held_may_be_held_within_and_by_no_other_thread(tmp_path: Path) -> None:
    place = tmp_path / "study"
    refused: list[InUseError] = []

    def take() -> None:
        try:
            with held(place, patience=0):
                raise AssertionError("two hold it")
        except InUseError as error:
            refused.append(error)

    with held(place):
        with held(place):
            pass
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_a_link_and_what_it_leads_to_are_one_place(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "study")
    with another(tmp_path / "link"), pytest.raises(InUseError), held(tmp_path / "disk" / "study"):
        pass


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with held(tmp_path / "new" / "folder" / "study"):
        assert (tmp_path / "new" / "folder" / ".study.lock").is_file()
    assert list(tmp_path.iterdir()) == []
    with held(tmp_path / "new" / "study"):
        (tmp_path / "new" / "study").mkdir()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["study"]


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, flock, removed = tmp_path / "study", fcntl.flock, []

    def late(handle: int, operation: int) -> None:
        if not removed:  # its last holder removes it between our opening and our locking
            lock_file(place).unlink()
            removed.append(handle)
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with held(place):
        assert lock_file(place).is_file()
    assert removed


def test_a_disk_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(InputError, match=r"study: this disk gives no locks \(No locks available\)"),
        held(tmp_path / "study"),
    ):
        pass


@pytest.mark.parametrize("place", ["file/study", "/proc/study"])
def test_a_place_where_one_cannot_write_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InputError, match=r"study: cannot be written \(.+\); choose another place"),
        held(tmp_path / place),
    ):
        pass


def test_many_threads_take_turns(tmp_path: Path) -> None:
    """Whoever has the lock has it alone, though its file is made and removed each time."""
    place, inside, most = tmp_path / "study", 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(25):
            with held(place, patience=60):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_a_function_holds_the_places_it_is_given(tmp_path: Path) -> None:
    @holding("first", "second")
    def write(first: Path, *, second: Path, more: Callable[[], None] = lambda: None) -> list[bool]:
        more()
        return [lock_file(place).is_file() for place in (first, second)]

    assert write(tmp_path / "a", second=tmp_path / "b") == [True, True]
    assert list(tmp_path.iterdir()) == []
