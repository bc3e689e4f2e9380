"""Folders that are written whole: a killed run leaves the old folder or the new one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neuroval.data.exceptions import InputError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield an empty folder, which takes the place of ``path`` when the block ends without an error.

    Raises ``InputError`` when it cannot be written there.
    """
    part = path.with_name(f".{path.name}.part")  # one writer at a time: what a killed one left is cleared
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place.") from None
    try:
        yield part
        for file in part.iterdir():
            _sync(file)
        _sync(part)
        _put_in_place(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def recover(path: Path) -> None:
    """Put the old folder back where a writer was killed between taking it away and putting the new one there."""
    if not path.exists() and _old(path).exists():
        _old(path).rename(path)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _put_in_place(part: Path, path: Path) -> None:
    """Swap the folders. Killed between the two renames, the old one is put back by the next reader."""
    old = _old(path)
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    part.rename(path)
    _sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
