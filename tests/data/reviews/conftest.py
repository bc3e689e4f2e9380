"""A store of each kind: a file of SQLite, and a PostgreSQL server that is thrown away."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from neuroval.data.reviews.event import Event
from neuroval.data.reviews.store import Store, forget_stores, open_store

DEBIAN = Path("/usr/lib/postgresql")


def _programs() -> Path | None:
    """The folder of initdb and pg_ctl."""
    folders = sorted(DEBIAN.glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    folders += [] if on_path is None else [Path(on_path).resolve().parent]
    return next((path for path in folders if all((path / name).exists() for name in ("initdb", "pg_ctl"))), None)


def _as_somebody() -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as the user that Debian makes for it."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of an empty database on a server of this machine; skipped where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="the package psycopg is not installed (neuroval[postgresql])")
    if _as_somebody() and subprocess.run([*_as_somebody(), "true"], check=False, capture_output=True).returncode:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    with tempfile.TemporaryDirectory(prefix="neuroval-postgresql-") as name:  # pytest's are closed to other users
        if _as_somebody():
            shutil.chown(name, "postgres")
        yield from _served(programs, Path(name))


def _served(programs: Path, folder: Path) -> Iterator[str]:
    """Serve from a folder, without waiting for its disk."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    control = [*_as_somebody(), str(programs / "pg_ctl"), "-D", str(data), "-w"]
    command = [*_as_somebody(), str(programs / "initdb"), "-D", str(data), "-U", "neuroval", "-A", "trust", "-N"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    start = [*control, "-l", str(folder / "log"), "-o", options, "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        yield f"postgresql+psycopg://neuroval@127.0.0.1:{port}/postgres"
    finally:
        forget_stores()
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/reviews.sqlite"
    else:
        server = request.getfixturevalue("postgresql")
        name = f"test_{abs(hash(tmp_path)):x}"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        yield server.replace("/postgres", f"/{name}")
    forget_stores()


@pytest.fixture
def store(address: str) -> Store:
    opened = open_store(address)
    assert opened is not None
    return opened


@pytest.fixture
def event() -> Callable[..., Event]:
    def make(number: int = 0, **parts: object) -> Event:
        values = {"who": "ann", "study": "f" * 64, "case_id": f"case {number}", "kind": "agree", **parts}
        return Event(**values)  # type: ignore[arg-type]

    return make
