"""Who saw, took or did what on this server: one row each in ``access/log.db`` of the working folder.

Rows are appended and not changed; those older than the retention that the settings name are removed. Scans are named as
in addresses, by a key that only this working folder can tell, and patients not at all.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, cast, get_args

from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import home_folder

AccessKind = Literal["sign-in", "sign-out", "refusal", "view", "export", "start", "cancel", "resume", "discard"]
ACCESS_KINDS: Final[tuple[AccessKind, ...]] = get_args(AccessKind)
LONGEST: Final = 300  # letters of a part
WAIT: Final = 5  # seconds for another process that writes
TABLES: Final = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE accesses (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL,
        study TEXT NOT NULL, what TEXT NOT NULL
    );
    CREATE INDEX accesses_at ON accesses (at);
    CREATE TRIGGER accesses_no_update BEFORE UPDATE ON accesses
        BEGIN SELECT RAISE(ABORT, 'the access log is appended, never changed'); END;
"""

_LOCK: Final = threading.Lock()
_OPEN: Final[dict[tuple[Path, int], sqlite3.Connection]] = {}


class AccessLogError(InputError):
    """The access log cannot be written or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One row: when (UTC, ISO 8601, to the second), who, what was done, in which study, and to what."""

    number: int
    at: str
    who: str
    kind: AccessKind
    study: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows: of a person, of a kind, of a day (``2026-11-30``, UTC); all where nothing is named."""

    who: str = ""
    kind: str = ""
    day: str = ""


def append(kind: AccessKind, *, who: str, what: str, study: str = "", now: datetime | None = None) -> None:
    """Append a row. Raises ``AccessLogError`` where that is not possible."""
    at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    parts = (at, who[:LONGEST], kind, study[:LONGEST], what[:LONGEST])
    with _database() as database:
        database.execute("INSERT INTO accesses (at, who, kind, study, what) VALUES (?, ?, ?, ?, ?)", parts)


def accesses(wanted: Wanted, *, most: int | None = None) -> tuple[Access, ...]:
    """Return the rows wanted, the last first, ``most`` at most. Raises ``AccessLogError``."""
    where, values = _where(wanted)
    columns = "number, at, who, kind, study, what"
    query = f"SELECT {columns} FROM accesses{where} ORDER BY number DESC LIMIT ?"
    with _database() as database:
        rows = database.execute(query, (*values, -1 if most is None else most)).fetchall()
    return tuple(
        Access(number=number, at=at, who=who, kind=cast("AccessKind", kind), study=study, what=what)
        for number, at, who, kind, study, what in rows
    )


def count(wanted: Wanted) -> int:
    """Return how many rows are wanted. Raises ``AccessLogError``."""
    where, values = _where(wanted)
    with _database() as database:
        number: int = database.execute(f"SELECT count(*) FROM accesses{where}", values).fetchone()[0]
    return number


def people() -> tuple[str, ...]:
    """Return everybody in the log, in order of the alphabet. Raises ``AccessLogError``."""
    with _database() as database:
        rows = database.execute("SELECT DISTINCT who FROM accesses WHERE who != '' ORDER BY who").fetchall()
    return tuple(who for (who,) in rows)


def remove_older(days: int, *, now: datetime | None = None) -> int:
    """Remove what is older than so many days, and return how many rows. Raises ``AccessLogError``."""
    before = ((now or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="seconds")
    with _database() as database:
        return database.execute("DELETE FROM accesses WHERE at < ?", (before,)).rowcount


def _where(wanted: Wanted) -> tuple[str, Sequence[str]]:
    named = {"who = ?": wanted.who, "kind = ?": wanted.kind, "substr(at, 1, 10) = ?": wanted.day}
    parts = {part: value for part, value in named.items() if value}
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), tuple(parts.values())


def _file() -> Path:
    return home_folder() / "access" / "log.db"


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    """Yield the connection of this process, to one thread at a time; each statement is a transaction."""
    file = _file()
    try:
        with _LOCK:
            yield _connection(file)
    except (sqlite3.Error, OSError) as error:
        raise AccessLogError(f"the access log cannot be used ({error}); nothing is shown or done without it.") from None


def _connection(file: Path) -> sqlite3.Connection:
    """Return the connection that is open to a file, made anew where another file has its name now."""
    if not file.exists():
        _make(file)
    key = file, file.stat().st_ino
    if key not in _OPEN:
        for former in list(_OPEN):
            _OPEN.pop(former).close()
        database = sqlite3.connect(file, timeout=WAIT, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA synchronous = NORMAL")  # what was written outlives a killed server
        _OPEN[key] = database
    return _OPEN[key]


def _make(file: Path) -> None:
    """Make the log, whole before it has its name: others may be about to write."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    made.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(made)) as database:
            database.executescript(TABLES)
        with suppress(FileExistsError):  # another was faster: its log holds
            os.link(made, file)
    finally:
        made.unlink()
