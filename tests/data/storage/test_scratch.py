"""Working files: for their owner alone, gone at the end, of killed runs too, and a full disk is one line."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from neuroval.data.exceptions import InputError
from neuroval.data.images.duplicates import near_duplicates
from neuroval.data.storage.scratch import clear, scratch

KILLED = """
import os
from neuroval.data.storage.scratch import scratch
with scratch("copies") as folder:
    (folder / "patient.png").write_bytes(b"x")
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_only_the_owner_may_look_and_nothing_is_left(home: Path) -> None:
    with scratch("report") as folder:
        assert folder.parent == home / "scratch"
        assert {oct(place.stat().st_mode & 0o777) for place in (folder, folder.parent)} == {"0o700"}
        (folder / "patient.png").touch()
        with scratch("copies") as other:
            assert folder != other
        assert folder.is_dir()
    assert not home.exists()


def test_what_killed_runs_left_goes_and_what_others_use_stays(home: Path) -> None:
    environment = {**os.environ, "NEUROVAL_HOME": str(home)}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert killed.returncode == -9
    assert len(list((home / "scratch").glob("copies-*/patient.png"))) == 1
    with scratch("report") as folder:
        clear()
        assert sorted(path.name for path in (home / "scratch").iterdir()) == [f".{folder.name}.lock", folder.name]


def images(folder: Path) -> pd.DataFrame:
    folder.mkdir()
    rng = np.random.default_rng(1)
    for index in range(40):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(folder / f"{index}.png")
    return pd.DataFrame({"case_id": [str(i) for i in range(40)], "image_path": [f"{i}.png" for i in range(40)]})


def test_a_full_disk_is_one_line(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = images(tmp_path / "images")
    allocate, taken = os.posix_fallocate, []

    def full(file: int, place: int, length: int) -> None:
        taken.append(length)
        if len(taken) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allocate(file, place, length)

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match=r"scratch: no space is left for working files \(No space left on device\)"):
        near_duplicates(cases, folder=tmp_path / "images")
    assert len(taken) == 3
    assert not any(path.is_file() for path in home.rglob("*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; made where one may mount it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("one may not mount a disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full_is_one_line(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = images(tmp_path / "images")
    monkeypatch.setenv("NEUROVAL_HOME", str(small_disk))
    with pytest.raises(InputError, match="no space is left for working files"):
        near_duplicates(cases, folder=tmp_path / "images")
    assert not any(path.is_file() for path in small_disk.rglob("*"))
