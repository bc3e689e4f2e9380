"""The store of reviews: a file of SQLite by default, a PostgreSQL database where one is named.

Appends are serialised: one writer at a time reads the end of the chain and writes after it, in one transaction. An
append has happened when the call returns; where it did not, ``StoreError`` says so and nothing was kept.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import Broken, Entry, Event, canonical, chained, content, event_of, first_broken
from neuroval.data.reviews.tables import EVENTS, HEAD
from neuroval.data.storage.home import home_folder

FILE: Final = "reviews.sqlite"
DRIVERS: Final = ("sqlite", "postgresql+psycopg")
PATIENCE: Final = 30  # seconds that a writer of SQLite waits for another
CONNECT: Final = 5  # seconds until a server that does not answer is taken to be away
LOCK: Final = 0x6E657572  # of appends, among the advisory locks of a PostgreSQL database
MIGRATIONS: Final = Path(__file__).parent / "migrations"
WRITES: Final = "neuroval_writes"


class StoreError(InputError):
    """The store of reviews cannot be read or written; nothing of what was asked for was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends: the number of events, and the hash of the last."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a check of the chain says; ``broken`` is none where it holds. ``kept`` whether a noted hash is in it."""

    head: Head
    broken: Broken | None
    kept: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Store:
    """An open store; threads may share it."""

    url: URL
    engine: sa.Engine = field(repr=False)

    @property
    def name(self) -> str:
        """What it is called, without its password."""
        return self.url.database or "" if self.url.drivername == "sqlite" else self.url.render_as_string()

    def append(self, *events: Event) -> tuple[Entry, ...]:
        """Append events, all or none, and return them in their places. Raises ``StoreError``."""
        return self.append_new(*events)

    def append_new(self, *events: Event, first: Event | None = None) -> tuple[Entry, ...]:
        """Append those of the events whose id is not there yet, after ``first`` if there are any; all or none."""
        with self._connected(writes=True) as connection:
            if first is not None:
                ids = set(connection.scalars(sa.select(EVENTS.c.id)))
                events = tuple(event for event in events if event.id not in ids)
                events = (first, *events) if events else ()
            if not events:
                return ()
            head = _head(connection)
            entries = tuple(chained(events, number=head.number, before=head.hash))
            connection.execute(sa.insert(EVENTS), [_row(entry) for entry in entries])
            connection.execute(sa.update(HEAD).values(number=entries[-1].number, hash=entries[-1].hash))
            return entries

    def head(self) -> Head:
        """Return where the chain ends. Raises ``StoreError``."""
        with self._connected() as connection:
            return _head(connection)

    def entries(self, *, after: int = 0) -> tuple[Entry, ...]:
        """Return the events after that number, in their order. Raises ``StoreError``."""
        with self._connected() as connection:
            rows = connection.execute(sa.select(EVENTS).where(EVENTS.c.number > after).order_by(EVENTS.c.number))
            return tuple(_entry(row) for row in rows.mappings())

    def verified(self, *, noted: str = "") -> Verified:
        """Return whether each event is as it was appended, and whether a hash ``noted`` earlier is still in the chain.

        Whoever can write the database can make a whole chain anew: only a hash that was noted elsewhere, in a report
        on file, shows that. Raises ``StoreError``.
        """
        with self._connected() as connection:
            head = _head(connection)
            rows = [dict(row) for row in connection.execute(sa.select(EVENTS).order_by(EVENTS.c.number)).mappings()]
        broken = first_broken(rows, count=head.number, head=head.hash)
        kept = None if not noted else any(row["hash"] == noted for row in rows)
        return Verified(head=head, broken=broken, kept=kept)

    @contextmanager
    def _connected(self, *, writes: bool = False) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect().execution_options(**{WRITES: writes}) as connection, connection.begin():
                if writes and self.url.drivername != "sqlite":
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                yield connection
        except SQLAlchemyError as error:
            raise _away(self.name, error) from None


_OPEN: Final[dict[str, Store]] = {}
_OPENING: Final = threading.Lock()


def open_store(address: str = "", *, create: bool = True) -> Store | None:
    """Return the store at an address, by default the file in the working folder, its tables as this version has them.

    A store is opened once in a process. Without ``create`` a file that is not there yet is none. Raises ``StoreError``
    where the store cannot be reached, and ``InputError`` for an address that names no store.
    """
    url = address_of(address)
    if url.drivername == "sqlite":
        file = Path(url.database or "")
        if not file.exists():
            if not create:
                return None
            _make_private(file)
    key = url.render_as_string(hide_password=False)
    with _OPENING:
        if key not in _OPEN:
            _OPEN[key] = _opened(url)
        return _OPEN[key]


def forget_stores() -> None:
    """Close every store of this process."""
    with _OPENING:
        for store in _OPEN.values():
            store.engine.dispose()
        _OPEN.clear()


def address_of(address: str) -> URL:
    """Return the address of a store; without one the file in the working folder. Raises ``InputError``."""
    if not address:
        return URL.create("sqlite", database=str(home_folder().absolute() / FILE))
    expected = "expected postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or sqlite:////FOLDER/FILE"
    try:
        url = make_url(address)
    except (SQLAlchemyError, ValueError):
        raise InputError(f"reviews: the address of the store cannot be read; {expected}.") from None
    if url.drivername not in DRIVERS or not url.database:
        raise InputError(f"reviews: {url.drivername} is no store of reviews; {expected}.")
    if url.drivername == "sqlite" and not Path(url.database).is_absolute():
        raise InputError(f"reviews: {url.database} is no whole path; {expected}.")
    return url


def _make_private(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"{file}: the store of reviews cannot be made ({error.strerror}); nothing is saved.") from None


def _opened(url: URL) -> Store:
    local = url.drivername == "sqlite"
    options: dict[str, Any] = {"timeout": PATIENCE, "isolation_level": None} if local else {"connect_timeout": CONNECT}
    try:
        engine = sa.create_engine(url, connect_args=options, pool_pre_ping=not local)
    except ModuleNotFoundError:
        raise StoreError("reviews: PostgreSQL needs the package psycopg; install neuroval[postgresql].") from None
    if local:
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "begin", _begin)
    store = Store(url=url, engine=engine)
    try:
        _migrate(store)
    except StoreError:
        engine.dispose()
        raise
    return store


def _prepare(connection: Any, _: object) -> None:
    """Set up a connection to SQLite: readers beside a writer, and an append on the disk before it is acknowledged."""
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction of SQLite; a writer takes its lock at once, so that no two read the same end of the chain."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")


def _migrate(store: Store) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with store._connected() as connection:
        there = MigrationContext.configure(connection).get_current_revision()
    if there == ScriptDirectory.from_config(settings).get_current_head():
        return
    with store._connected(writes=True) as connection:  # of processes that open it at once the first does it
        settings.attributes["connection"] = connection
        try:
            command.upgrade(settings, "head")
        except CommandError:
            raise StoreError(f"{store.name}: written by a later version of NeuroVal; use that one.") from None


def _head(connection: sa.Connection) -> Head:
    number, sealed = connection.execute(sa.select(HEAD.c.number, HEAD.c.hash)).one()
    return Head(number=number, hash=sealed)


def _row(entry: Entry) -> dict[str, Any]:
    values = content(entry.event)
    sealed = {"number": entry.number, "before": entry.before, "hash": entry.hash}
    return {**values, "payload": canonical(values["payload"]), **sealed}


def _entry(row: sa.RowMapping) -> Entry:
    try:
        event = event_of(dict(row))
    except InputError as error:
        raise StoreError(f"event {row['number']} is damaged ({error}) Run neuroval reviews verify.") from None
    return Entry(number=row["number"], event=event, before=row["before"], hash=row["hash"])


def _away(name: str, error: SQLAlchemyError) -> StoreError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines() or [""]
    return StoreError(f"{name}: the store of reviews cannot be used ({cause[0]}); nothing was saved. Try again.")
