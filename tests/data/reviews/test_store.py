import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import FIRST, Event
from neuroval.data.reviews.store import Store, StoreError, address_of, forget_stores, open_store
from neuroval.data.reviews.tables import EVENTS, METADATA


def test_what_was_appended_is_read_back_in_order(store: Store, event: Callable[..., Event]) -> None:
    first = event(1, kind="label-wrong", payload={"label": "notumor", "class": "glioma"}, reason="Läsion, 3 mm")
    entries = store.append(first, event(2))
    assert [entry.number for entry in entries] == [1, 2]
    assert store.entries() == entries
    assert store.entries()[0].event == first
    assert store.entries(after=1) == entries[1:]
    assert (store.head().number, store.head().hash) == (2, entries[1].hash)
    assert store.verified(noted=entries[0].hash).broken is None
    assert store.verified(noted=entries[0].hash).kept is True
    assert store.verified(noted="ab" * 32).kept is False


def test_an_empty_store_holds(store: Store) -> None:
    assert store.entries() == ()
    assert store.head().hash == FIRST
    assert store.verified().broken is None


def test_it_is_opened_again_with_what_it_holds(store: Store, address: str, event: Callable[..., Event]) -> None:
    before = store.append(event(1))
    forget_stores()
    again = open_store(address)
    assert again is not None
    assert again is not store
    assert again.entries() == before


def test_the_tables_are_those_that_the_steps_make(store: Store) -> None:
    seen = sa.inspect(store.engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in seen.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}


def test_the_database_refuses_to_change_or_remove(store: Store, event: Callable[..., Event]) -> None:
    store.append(event(1))
    for statement in (sa.update(EVENTS).values(who="bob"), sa.delete(EVENTS)):
        with (
            pytest.raises(sa.exc.DBAPIError, match="events are appended, never changed"),
            store.engine.begin() as connection,
        ):
            connection.execute(statement)
    assert store.entries()[0].event.who == "ann"


def test_an_event_twice_is_refused_as_a_whole(store: Store, event: Callable[..., Event]) -> None:
    first = event(1)
    store.append(first)
    with pytest.raises(StoreError, match="nothing was saved"):
        store.append(event(2), first)
    assert [entry.event for entry in store.entries()] == [first]
    assert store.verified().broken is None


def test_events_that_are_there_are_not_appended_again(store: Store, event: Callable[..., Event]) -> None:
    store.append(old := event(1))
    entries = store.append_new(old, new := event(2), first=event(0, kind="import"))
    assert [entry.event for entry in entries][1:] == [new]
    assert store.append_new(old, new, first=event(0, kind="import")) == ()
    assert store.head().number == 3


def test_twenty_writers_lose_nothing_and_the_chain_has_no_fork(address: str, event: Callable[..., Event]) -> None:
    """Ten threads of this process and ten of another, each with a store of its own, append six events each."""
    open_store(address)
    code = (
        "import sys, threading\n"
        "from neuroval.data.reviews.event import Event\n"
        "from neuroval.data.reviews.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "def write(who):\n"
        "    for number in range(6):\n"
        "        store.append(Event(who=who, study='f' * 64, case_id=str(number), kind='agree'))\n"
        "threads = [threading.Thread(target=write, args=(f'other {n}',)) for n in range(10)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, address])
    store = open_store(address)
    assert store is not None

    def write(who: str) -> None:
        for number in range(6):
            store.append(event(number, who=who))

    threads = [threading.Thread(target=write, args=(f"reader {number}",)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(timeout=300) == 0
    counts: dict[str, int] = {}
    for entry in store.entries():
        counts[entry.event.who] = counts.get(entry.event.who, 0) + 1
    assert len(counts) == 20
    assert set(counts.values()) == {6}
    assert store.verified().broken is None
    assert store.head().number == 120


def test_a_killed_writer_loses_no_acknowledged_event(address: str) -> None:
    code = (
        "import sys\n"
        "from neuroval.data.reviews.event import Event\n"
        "from neuroval.data.reviews.store import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "for number in range(10_000):\n"
        "    entry, = store.append(Event(who='ann', study='f' * 64, case_id=str(number), kind='agree'))\n"
        "    print(entry.number, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, address], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(15)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split("\n") if line]
    writer.wait()
    writer.stdout.close()
    store = open_store(address)
    assert store is not None
    assert [entry.number for entry in store.entries()][: len(acknowledged)] == acknowledged
    assert store.verified().broken is None
    assert len(store.append(Event(who="bob", study="f" * 64, case_id="1", kind="agree"))) == 1


@pytest.fixture
def file(tmp_path: Path, event: Callable[..., Event]) -> Path:
    """A file of SQLite with five events."""
    file = tmp_path / "reviews.sqlite"
    store = open_store(f"sqlite:///{file}")
    assert store is not None
    store.append(*(event(number, kind="note", payload={"text": f"remark {number}"}) for number in range(5)))
    forget_stores()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return file


def verdict(file: Path) -> tuple[int, str] | None:
    store = open_store(f"sqlite:///{file}")
    assert store is not None
    broken = store.verified().broken
    forget_stores()
    return None if broken is None else (broken.number, broken.what)


def test_a_changed_byte_in_the_file_is_found(file: Path) -> None:
    assert verdict(file) is None
    content = file.read_bytes()
    assert content.count(b"remark 3") == 1
    file.write_bytes(content.replace(b"remark 3", b"remark 8"))
    assert verdict(file) == (4, "changed")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM review_events WHERE number = 2", (2, "missing")),
        ("DELETE FROM review_events WHERE number = 5", (5, "end")),
        ("DELETE FROM review_events WHERE number = 1", (1, "missing")),
        ("UPDATE review_events SET payload = 'not json' WHERE number = 3", (3, "changed")),
        ("UPDATE review_events SET at = '2020' WHERE number = 3", (3, "changed")),
        ("UPDATE review_head SET hash = 'x'", (5, "end")),
    ],
)
def test_what_somebody_did_to_the_database_is_found(file: Path, statement: str, expected: tuple[int, str]) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER review_events_no_update")
        connection.execute("DROP TRIGGER review_events_no_delete")
        connection.execute(statement)
    connection.close()
    assert verdict(file) == expected


def test_a_database_that_is_away_says_so_in_one_line() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match=r"cannot be used .*nothing was saved") as raised:
        open_store("postgresql+psycopg://ann:secret@127.0.0.1:1/none")
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_server_that_goes_away_saves_nothing_and_says_so(file: Path, event: Callable[..., Event]) -> None:
    store = open_store(f"sqlite:///{file}")
    assert store is not None
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE review_head RENAME TO gone")
    connection.close()
    with pytest.raises(StoreError, match="nothing was saved"):
        store.append(event(9))
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM review_events").fetchone() == (5,)
    connection.close()
    forget_stores()


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "reviews.sqlite").write_text("no database at all, but text that is long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="file is not a database"):
        open_store(f"sqlite:///{tmp_path}/reviews.sqlite")


def test_by_default_it_is_a_private_file_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: Callable[..., Event]
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    assert open_store(create=False) is None
    assert not (tmp_path / "home").exists()
    store = open_store()
    assert store is not None
    store.append(event(1))
    file = tmp_path / "home" / "reviews.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    assert open_store(create=False) is store
    forget_stores()


def test_a_store_of_a_later_version_is_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="written by a later version"):
        open_store(f"sqlite:///{file}")


@pytest.mark.parametrize(
    "address", ["mysql://host/db", "postgresql://host/db", "sqlite:///relative.sqlite", "sqlite://", "no address"]
)
def test_another_address_names_no_store(address: str) -> None:
    with pytest.raises(InputError, match=r"expected postgresql\+psycopg://"):
        address_of(address)
