"""The one way in which the program writes: whole. A killed run leaves the old file or folder, or the new one.

What is written lies beside its place under a name of its own until it is complete and on the disk; then it is renamed.
Two programs that write the same thing do not meet: the last one to finish stays.
"""

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from neuroval.data.exceptions import InputError

ABANDONED: Final = 24 * 3600  # seconds after which an unfinished part belongs to a run that was killed
TRIES: Final = 100  # to put a folder in its place while others read or write it


@contextmanager
def written_whole(path: Path, *, keep: bool = False) -> Iterator[Path]:
    """Yield a new folder, which takes the place of ``path`` when the block ends without an error.

    It is empty, or with ``keep`` holds a copy of what is there. Raises ``InputError`` when it cannot be written there.
    """
    path = path.resolve()
    part = _beside(path)
    with _refused(path):
        recover(path)
        if keep and path.exists():
            shutil.copytree(path, part)
        else:
            part.mkdir(parents=True)
        _clear_abandoned(path.parent)
    try:
        yield part
        with _refused(path):
            for folder, _, files in os.walk(part, topdown=False):
                for name in files:
                    _sync(Path(folder, name))
                _sync(Path(folder))
            _swap(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def file_written_whole(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield the name of a new file, which takes the place of ``path`` when the block ends without an error.

    It has the suffixes of ``path``, which some libraries look at. One that is not ``durable`` may be lost when the
    machine stops, which costs nothing to write. Raises ``InputError`` when it cannot be written there.
    """
    path = path.resolve()  # a link stays a link
    part = _beside(path)
    with _refused(path):
        part.touch()
    try:
        yield part
        with _refused(path):
            if durable:
                _sync(part)
            part.replace(path)
            if durable:
                _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write_file(path: Path, content: bytes | str, *, durable: bool = True) -> None:
    """Write a file whole, text as UTF-8. Raises ``InputError`` when it cannot be written there."""
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file() and not path.is_dir():  # a pipe or a terminal: nothing to put in its place
        with _refused(path):
            path.write_bytes(data)
        return
    with file_written_whole(path, durable=durable) as part, _refused(path):
        part.write_bytes(data)


def check_free(path: Path, *, marker: str, kind: str) -> None:
    """Raise ``InputError`` when a folder cannot be written there, or something else than one with ``marker`` is there.

    An empty folder is free. Whether one may write is tried, by a folder that is gone at once.
    """
    if path.exists() and not (path / marker).is_file() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path}: exists and is not a {kind}; choose another place.")
    nearest = next(parent for parent in path.absolute().parents if parent.is_dir())
    with _refused(path):
        Path(tempfile.mkdtemp(prefix=".neuroval-", dir=nearest)).rmdir()


def recover(path: Path) -> None:
    """Put the old folder back where a writer was killed between taking it away and putting the new one there."""
    path = path.resolve() if path.is_symlink() else path
    if not path.exists() and _old(path).exists():
        with suppress(OSError):  # the writer is at work, or another reader was quicker
            _old(path).rename(path)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place.") from None


def _beside(path: Path) -> Path:
    return path.with_name(f".neuroval-{secrets.token_hex(8)}.part{''.join(path.suffixes[-2:])}")


def _clear_abandoned(folder: Path) -> None:
    for part in folder.glob(".neuroval-*.part*"):
        with suppress(FileNotFoundError):
            if time.time() - part.lstat().st_mtime > ABANDONED:
                shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink()


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _swap(part: Path, path: Path) -> None:
    """Put the part in its place. Killed between the two renames, the old folder is put back by the next reader.

    A reader may do so while this runs, and another writer may be first: then the folder there is taken away again.
    """
    old = _old(path)
    for left in reversed(range(TRIES)):
        shutil.rmtree(old, ignore_errors=True)
        try:
            if path.exists():
                path.rename(old)
            part.rename(path)
            break
        except OSError:
            if not left or not part.exists():
                raise
    _sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
