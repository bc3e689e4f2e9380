"""Copies of the store: whole while others write, checked before they come back, and never over a store in silence."""

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.reviews.copies import back_up, restore
from neuroval.data.reviews.event import Event
from neuroval.data.reviews.store import Store, address_of, forget_stores, open_store

Make = Callable[..., Event]


@pytest.fixture(params=["sqlite"])
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/home/reviews.sqlite"


def opened(address: str) -> Store:
    store = open_store(address)
    assert store is not None
    return store


def test_a_copy_made_while_another_writes_is_of_one_moment(address: str, tmp_path: Path, event: Make) -> None:
    store = opened(address)
    store.append(event(1))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            store.append(event(), event())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        heads = [back_up(store.url, tmp_path / f"{number}.sqlite") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    known = {entry.number: entry.hash for entry in store.entries()}
    assert all(known[head.number] == head.hash for head in heads)
    assert all(head.number % 2 for head in heads)  # both events of an append, or neither
    file = tmp_path / "0.sqlite"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("0.sqlite*")) == ["0.sqlite"]
    forget_stores()


def test_it_comes_back_with_every_event(address: str, tmp_path: Path, event: Make) -> None:
    entries = opened(address).append(event(1), event(2))
    back_up(address_of(address), tmp_path / "kept.sqlite")
    forget_stores()
    elsewhere = f"sqlite:///{tmp_path}/new/reviews.sqlite"
    head, former = restore(tmp_path / "kept.sqlite", address_of(elsewhere))
    assert (head.number, head.hash, former) == (2, entries[-1].hash, None)
    assert opened(elsewhere).entries() == entries
    assert opened(elsewhere).append(event(3))[0].number == 3
    forget_stores()


def test_a_store_stays_unless_told_and_is_kept_beside(address: str, tmp_path: Path, event: Make) -> None:
    opened(address).append(event(1))
    back_up(address_of(address), tmp_path / "kept.sqlite")
    later = opened(address).append(event(2))
    with pytest.raises(InputError, match="a store is there"):
        restore(tmp_path / "kept.sqlite", address_of(address))
    assert opened(address).head().hash == later[-1].hash
    head, former = restore(tmp_path / "kept.sqlite", address_of(address), replace=True)
    assert head.number == opened(address).head().number == 1
    assert former is not None
    assert opened(f"sqlite:///{former}").entries()[-1] == later[-1]
    forget_stores()


def test_a_store_that_another_program_has_open_is_not_replaced(address: str, tmp_path: Path, event: Make) -> None:
    opened(address).append(event(1))
    url = address_of(address)
    back_up(url, tmp_path / "kept.sqlite")
    with closing(sqlite3.connect(url.database or "")) as other:
        other.execute("SELECT count(*) FROM review_events").fetchone()
        with pytest.raises(InputError, match="another program has it open"):
            restore(tmp_path / "kept.sqlite", url, replace=True)
    assert opened(address).head().number == 1
    forget_stores()


def test_a_copy_whose_chain_does_not_hold_is_refused(address: str, tmp_path: Path, event: Make) -> None:
    opened(address).append(event(1), event(2))
    kept = tmp_path / "kept.sqlite"
    back_up(address_of(address), kept)
    forget_stores()
    with closing(sqlite3.connect(kept)) as database:
        database.execute("DROP TRIGGER review_events_no_update")
        database.execute("UPDATE review_events SET reason = 'other' WHERE number = 2")
        database.commit()
    place = tmp_path / "new" / "reviews.sqlite"
    with pytest.raises(InputError, match=r"does not hold at event 2 \(changed\)"):
        restore(kept, address_of(f"sqlite:///{place}"))
    assert not place.exists()


@pytest.mark.parametrize("content", [b"no database at all, only some text", b""])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a store of reviews"):
        restore(tmp_path / "other", address_of(f"sqlite:///{tmp_path}/reviews.sqlite"))
    assert not (tmp_path / "reviews.sqlite").exists()


def test_what_is_no_file_is_left_to_its_own_programs(tmp_path: Path, address: str) -> None:
    server = address_of("postgresql+psycopg://ann@127.0.0.1/reviews")
    with pytest.raises(InputError, match="pg_dump"):
        back_up(server, tmp_path / "kept.sqlite")
    with pytest.raises(InputError, match="no reviews to copy"):
        back_up(address_of(address), tmp_path / "kept.sqlite")
