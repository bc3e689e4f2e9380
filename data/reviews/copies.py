"""A copy of the store of reviews in one file, right while others write, and the way back. SQLite alone.

Source: SQLite Online Backup API (https://sqlite.org/backup.html): the copy is of one moment, whatever is appended
meanwhile.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import first_broken
from neuroval.data.reviews.store import Head, forget_stores
from neuroval.data.storage.atomic import file_written_whole

WAIT: Final = 5  # seconds for another program that writes
ELSEWHERE: Final = "is a database of a server; pg_dump copies it and pg_restore brings it back."


def back_up(url: URL, file: Path) -> Head:
    """Write the store into a file that only its owner reads, and return where its chain ends.

    The file is there only when it is whole and its chain holds. Raises ``InputError`` for a store of PostgreSQL, for
    one that is not there, for a place that is the store itself, and where the chain does not hold.
    """
    source = _file_of(url)
    if not source.is_file():
        raise InputError(f"{source}: there are no reviews to copy.")
    if file.resolve() == source.resolve():
        raise InputError(f"{file}: is the store itself; choose a place outside, best on another disk.")
    with file_written_whole(file) as part:
        part.chmod(0o600)
        with (
            _read(source),
            closing(sqlite3.connect(source, timeout=WAIT)) as store,
            closing(sqlite3.connect(part)) as copy,
        ):
            store.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        return _checked(part, source)


def restore(file: Path, url: URL, *, replace: bool = False) -> tuple[Head, Path | None]:
    """Put a copy in the place of the store, and return where its chain ends and where the former store now lies.

    The chain of the copy is checked first. A store that is there stays unless ``replace``: then it is kept beside the
    new one. Raises ``InputError`` where the copy is none, where its chain does not hold, where a store is there
    or another program has it open, and for a store of PostgreSQL.
    """
    target = _file_of(url)
    if not file.is_file():
        raise InputError(f"{file}: is not there; expected a file of neuroval reviews backup.")
    if file.resolve() == target.resolve():
        raise InputError(f"{file}: is the store itself; expected a file of neuroval reviews backup.")
    there = target.is_file()
    if there and not replace:
        raise InputError(f"{target}: a store is there; --replace puts the copy in its place and keeps it beside.")
    target.parent.mkdir(parents=True, exist_ok=True)
    former = None
    with file_written_whole(target) as part:
        shutil.copyfile(file, part)
        part.chmod(0o600)
        head = _checked(part, file)
        if there:
            former = _set_aside(target)
    return head, former


def _file_of(url: URL) -> Path:
    if url.drivername != "sqlite":
        raise InputError(f"reviews: the store {ELSEWHERE}")
    return Path(url.database or "")


@contextmanager
def _read(file: Path) -> Iterator[None]:
    """Tell what cannot be read in one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(f"{file}: cannot be read as a store of reviews ({error}).") from None


def _checked(copy: Path, file: Path) -> Head:
    """Return where the chain of a copy of ``file`` ends. Raises ``InputError`` where it does not hold."""
    with _read(file), closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM review_events ORDER BY number")]
        ends = [Head(number=row["number"], hash=row["hash"]) for row in database.execute("SELECT * FROM review_head")]
    if len(ends) != 1:
        raise InputError(f"{file}: says {len(ends)} ends of its record; expected a file of neuroval reviews backup.")
    broken = first_broken(rows, count=ends[0].number, head=ends[0].hash)
    if broken is not None:
        raise InputError(
            f"{file}: its record does not hold at event {broken.number} ({broken.what}); nothing was written."
        )
    return ends[0]


def _set_aside(store: Path) -> Path:
    """Give a store a second name beside it. Raises ``InputError`` where another program has it open."""
    forget_stores()
    try:
        with closing(sqlite3.connect(store, timeout=WAIT)) as database:
            database.execute("PRAGMA journal_mode = DELETE")  # needs the store for itself, and leaves it as one file
    except sqlite3.Error:
        raise InputError(
            f"{store}: another program has it open, or it is damaged; stop the server, and move a damaged store away."
        ) from None
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    former = store.with_name(f"{store.stem}-before-{stamp}{store.suffix}")
    os.link(store, former)  # until the copy takes the first name
    return former
