"""How long a sign-in lasts: until it is not used for a while, until a day's work is over, or until it is ended.

The signed cookie says who came in and when. What it cannot say is here, in ``access/sessions.db`` of the working
folder: when it was last used, and whether it was ended. Another process may end it (``neuroval sessions end``).
"""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neuroval.data.storage.home import home_folder

EVERYBODY: Final = "*"
NOTED: Final = 15  # seconds: a use is written down so often
SKEW: Final = 60  # seconds that a cookie may seem to come from the future
WAIT: Final = 5  # seconds for another process that writes
TABLES: Final = """
    CREATE TABLE IF NOT EXISTS sessions (
        key TEXT PRIMARY KEY, person TEXT NOT NULL, began REAL NOT NULL, seen REAL NOT NULL, ended INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS ends (person TEXT PRIMARY KEY, before REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in: the digest of its cookie, who, and when it began, in seconds since 1970."""

    key: str
    person: str
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A session that is open: who, when it began and when it was last used, in seconds since 1970."""

    person: str
    began: float
    seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a session lasts, in seconds: without use, and in all."""

    idle: float
    longest: float


def session_of(cookie: str, *, person: str, began: float) -> Session:
    """Return the session of a signed cookie."""
    return Session(key=hashlib.sha256(cookie.encode()).hexdigest(), person=person.casefold(), began=began)


def is_open(
    session: Session,
    limits: Limits,
    *,
    used: bool = True,
    now: float | None = None,
    first: Callable[[], None] = lambda: None,
) -> bool:
    """Return whether a session lasts; if so and it is ``used``, it starts to be idle anew.

    ``first`` is called when it is used for the first time, before it counts as open.
    """
    now = time.time() if now is None else now
    if not -SKEW <= now - session.began <= limits.longest:
        return False
    with _database() as database:
        row = database.execute("SELECT seen, ended FROM sessions WHERE key = ?", (session.key,)).fetchone()
        seen, ended = row or (session.began, False)
        before = database.execute("SELECT max(before) FROM ends WHERE person IN (?, ?)", (session.person, EVERYBODY))
        if ended or session.began < (before.fetchone()[0] or 0) or now - seen > limits.idle:
            return False
        if used and row is None:
            first()
        if used and (row is None or now - seen > NOTED):
            with suppress(sqlite3.OperationalError):  # a full disk ends no session before its time
                _write(database, session, seen=now)
    return True


def end(session: Session) -> None:
    """End one session."""
    with _database() as database:
        _write(database, session, seen=session.began, ended=True)


def end_all(person: str, *, now: float | None = None) -> int:
    """End every session of a person, or of ``EVERYBODY``, on every device; return how many were known."""
    now, person = time.time() if now is None else now, person.casefold()
    with _database() as database:
        # A cookie tells whole seconds: who signs in again within this one comes in.
        database.execute("INSERT OR REPLACE INTO ends VALUES (?, ?)", (person, float(int(now))))
        known = database.execute(
            "UPDATE sessions SET ended = 1 WHERE NOT ended AND (person = ? OR ? = ?)", (person, person, EVERYBODY)
        ).rowcount
        database.commit()
    return known


def open_sessions(limits: Limits, *, now: float | None = None) -> list[Use]:
    """Return the sessions that last, the one used last first, and forget those that are long over."""
    now = time.time() if now is None else now
    with _database() as database:
        database.execute("DELETE FROM sessions WHERE began < ?", (now - limits.longest - SKEW,))
        database.execute("DELETE FROM ends WHERE before < ?", (now - limits.longest - SKEW,))
        database.commit()
        rows = database.execute(
            "SELECT person, began, seen FROM sessions WHERE NOT ended AND seen >= ? ORDER BY seen DESC",
            (now - limits.idle,),
        ).fetchall()
    return [Use(person=person, began=began, seen=seen) for person, began, seen in rows]


def _write(database: sqlite3.Connection, session: Session, *, seen: float, ended: bool = False) -> None:
    values = (session.key, session.person, session.began, seen, ended)
    database.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)", values)
    database.commit()


def _file() -> Path:
    return home_folder() / "access" / "sessions.db"


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    file = _file()
    new = not file.exists() or not file.stat().st_size  # empty: another process is making it
    if new:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=WAIT)) as database:
        if new:
            database.executescript(TABLES)
            file.chmod(0o600)
        yield database
