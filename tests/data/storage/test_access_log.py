"""The access log: what is written is read back, filtered, never changed, and removed when it is old."""

import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from neuroval.data.storage.access_log import (
    Access,
    AccessLogError,
    Wanted,
    accesses,
    append,
    count,
    people,
    remove_older,
)

DAY = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    return tmp_path


def test_what_is_written_is_read_back_the_last_first() -> None:
    append("view", who="ann@x.org", what="scan 0a", study="phantom", now=DAY)
    append("export", who="bob@x.org", what="report", study="phantom", now=DAY)
    first, second = accesses(Wanted())
    assert first.kind == "export"
    assert second == Access(
        number=1, at="2026-11-30T23:59:59+00:00", who="ann@x.org", kind="view", study="phantom", what="scan 0a"
    )
    assert people() == ("ann@x.org", "bob@x.org")


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [4, 3, 2, 1]),
        (Wanted(who="ann"), [3, 1]),
        (Wanted(kind="view"), [2, 1]),
        (Wanted(day="2026-12-01"), [4, 3]),
        (Wanted(who="ann", kind="view", day="2026-11-30"), [1]),
        (Wanted(who="' OR 1 = 1 --"), []),
    ],
)
def test_filters(wanted: Wanted, numbers: list[int]) -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    append("view", who="ann", what="scan 1", now=DAY)
    append("view", who="bob", what="scan 1", now=DAY)
    append("export", who="ann", what="report", now=later)
    append("sign-in", who="bob", what="this server", now=later)
    assert [access.number for access in accesses(wanted)] == numbers
    assert count(wanted) == len(numbers)
    assert len(accesses(wanted, most=1)) == min(1, len(numbers))


def test_a_row_is_not_changed(home: Path) -> None:
    append("view", who="ann", what="scan 1")
    file = home / "access" / "log.db"
    with closing(sqlite3.connect(file)) as database, pytest.raises(sqlite3.IntegrityError, match="never changed"):
        database.execute("UPDATE accesses SET who = 'bob'")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_old_rows_are_removed_and_numbers_are_not_given_again() -> None:
    append("view", who="ann", what="scan 1", now=datetime(2026, 10, 1, tzinfo=UTC))
    append("view", who="ann", what="scan 2", now=DAY)
    assert remove_older(30, now=DAY) == 1
    assert [access.what for access in accesses(Wanted())] == ["scan 2"]
    assert remove_older(0, now=datetime(2026, 12, 2, tzinfo=UTC)) == 1
    append("view", who="ann", what="scan 3")
    assert [access.number for access in accesses(Wanted())] == [3]


def test_many_at_once_lose_nothing() -> None:
    def write(who: str) -> None:
        for number in range(25):
            append("view", who=who, what=f"scan {number}")

    writers = [threading.Thread(target=write, args=(f"reader {number}",)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert count(Wanted()) == 8 * 25


def test_a_log_that_cannot_be_written_is_said(home: Path) -> None:
    (home / "access").write_text("no folder")
    with pytest.raises(AccessLogError, match="nothing is shown or done without it"):
        append("view", who="ann", what="scan 1")
