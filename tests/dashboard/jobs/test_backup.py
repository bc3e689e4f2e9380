"""A backup is right while others write, and comes back as it was."""

import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from neuroval.dashboard.cli.main import app
from neuroval.dashboard.jobs import backup
from neuroval.dashboard.jobs.backup import back_up, restore
from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import written_whole
from neuroval.data.study.folder import read_study


@pytest.fixture
def home(tmp_path: Path, dashboard_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a study, a model, a database, settings, and what is not to be kept."""
    home = tmp_path / "home"
    shutil.copytree(dashboard_home / "studies" / "normal", home / "studies" / "normal")
    (home / "models" / "mine").mkdir(parents=True)
    (home / "models" / "mine" / "model.onnx").write_bytes(b"weights")
    (home / "neuroval.toml").write_text("timeout = 20\n")
    for left_out in ("cache/thumbnails", "studies/.half.partial", "studies/.neuroval-0.part"):
        (home / left_out).mkdir(parents=True)
        (home / left_out / "x").write_text("x")
    (home / "elsewhere").symlink_to(tmp_path)
    (home / "mlflow").mkdir()
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as database:
        database.execute("CREATE TABLE runs (a INTEGER, b INTEGER)")
        database.commit()
    monkeypatch.setenv("NEUROVAL_HOME", str(home))
    return home


def test_all_that_was_made_comes_back(home: Path, tmp_path: Path) -> None:
    made = back_up(tmp_path / "kept.tar.gz")
    assert (made.studies, made.models, made.links) == (("normal",), ("mine",), ("elsewhere",))
    assert (tmp_path / "kept.tar.gz").stat().st_mode & 0o077 == 0
    found = restore(tmp_path / "kept.tar.gz", tmp_path / "restored")
    assert found.studies == ("normal",)
    assert found.damaged == {}
    back = {path.relative_to(tmp_path / "restored") for path in (tmp_path / "restored").rglob("*") if path.is_file()}
    study = {path.relative_to(home) for path in (home / "studies" / "normal").iterdir()}
    assert back == study | {Path("models/mine/model.onnx"), Path("neuroval.toml"), Path("mlflow/mlflow.db")}
    for path in back - {Path("mlflow/mlflow.db")}:
        assert (tmp_path / "restored" / path).read_bytes() == (home / path).read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".neuroval")] == []


@contextmanager
def writing(*writers: object) -> Iterator[None]:
    """Let functions write again and again until the block ends."""
    over, failed = threading.Event(), list[BaseException]()

    def again(write: object) -> None:
        number = 0
        try:
            while not over.wait(0.002):
                number += 1
                write(number)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=again, args=(write,)) for write in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(20)
    assert failed == []


def test_it_is_right_while_others_write(home: Path, tmp_path: Path) -> None:
    """A folder whose two files belong together, and a database whose rows do: never half of one and half of another."""

    def replace(number: int) -> None:
        with written_whole(home / "models" / "mine") as part:
            (part / "model.onnx").write_text(str(number))
            (part / "card.toml").write_text(str(number))

    def insert(number: int) -> None:
        with closing(sqlite3.connect(home / "mlflow" / "mlflow.db", timeout=20)) as database:
            database.execute("INSERT INTO runs VALUES (?, ?)", (number, number))
            database.execute("UPDATE runs SET a = ?, b = ?", (number, number))
            database.commit()

    replace(0)
    with writing(replace, insert):
        for turn in range(10):
            assert back_up(tmp_path / f"{turn}.tar.gz").models == ("mine",)
    held = set()
    for turn in range(10):
        found = restore(tmp_path / f"{turn}.tar.gz", tmp_path / f"restored-{turn}")
        assert found.studies == ("normal",)
        model = tmp_path / f"restored-{turn}" / "models" / "mine"
        assert (model / "model.onnx").read_text() == (model / "card.toml").read_text()
        held.add((model / "card.toml").read_text())
        with closing(sqlite3.connect(tmp_path / f"restored-{turn}" / "mlflow" / "mlflow.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT count(*) FROM runs WHERE a != b").fetchone() == (0,)
            assert database.execute("SELECT count(DISTINCT a) FROM runs").fetchone()[0] <= 1
    assert len(held) > 1  # it was being replaced


def test_a_study_that_is_replaced_all_the_time_ends_with_one_line_and_no_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAUSE", 0)
    look, turns = backup._look, iter(range(1000))
    monkeypatch.setattr(backup, "_look", lambda folder: [*look(folder), ("", next(turns), 0, 0)])
    with pytest.raises(InputError, match="replaced all the time"):
        back_up(tmp_path / "kept.tar.gz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    assert read_study(home / "studies" / "normal").manifest.about.name == "normal"


def test_a_folder_that_a_killed_writer_left_aside_is_kept(home: Path, tmp_path: Path) -> None:
    (home / "studies" / "normal").rename(home / "studies" / ".normal.old")
    assert back_up(tmp_path / "kept.tar.gz").studies == ("normal",)


def test_what_cannot_be_done_is_said_in_one_line(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="lies in the working folder"):
        back_up(home / "kept.tar.gz")
    with pytest.raises(InputError, match="is not empty"):
        restore(tmp_path / "kept.tar.gz", home)
    (tmp_path / "other.tar.gz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="expected a file of neuroval backup"):
        restore(tmp_path / "other.tar.gz", tmp_path / "restored")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "other.tar.gz", arcname="../outside")
    with pytest.raises(InputError, match="cannot be restored"):
        restore(tmp_path / "evil.tar.gz", tmp_path / "restored")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "restored").exists()
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no working folder"):
        back_up(tmp_path / "kept.tar.gz")


def test_a_damaged_study_is_named(home: Path, tmp_path: Path) -> None:
    (home / "studies" / "normal" / "cases.parquet").write_bytes(b"cut")
    made = CliRunner().invoke(app, ["backup", str(tmp_path / "kept.tar.gz")])
    assert made.stdout == f"{tmp_path / 'kept.tar.gz'}: 1 study, 1 model\n"
    found = CliRunner().invoke(app, ["restore", str(tmp_path / "kept.tar.gz"), "--into", str(tmp_path / "restored")])
    assert found.exit_code == 1
    assert "normal cannot be opened" in found.stderr
