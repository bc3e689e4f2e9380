"""The one way in which the program writes: whole. A killed run leaves the old file or folder, or the new one.

What is written lies beside its place under a name of its own until it is complete and on the disk; then it is renamed.
Of a folder there is one writer at a time, who holds its lock (``lock.held``); of a file the last to finish stays. A
reader that comes between the two renames of a folder waits for the second one.
"""

import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from neuroval.data.exceptions import InputError
from neuroval.data.storage.lock import held

ABANDONED: Final = 24 * 3600  # seconds after which an unfinished file belongs to a run that was killed
BETWEEN, WAIT = 0.25, 0.02  # seconds that a writer may be between its two renames, and until a reader looks again
READINGS: Final = 20  # of a folder that is replaced again and again

T = TypeVar("T")


@contextmanager
def written_whole(path: Path, *, keep: bool = False) -> Iterator[Path]:
    """Yield a new folder, which takes the place of ``path`` when the block ends without an error.

    It is empty, or with ``keep`` holds a copy of what is there. The lock of ``path`` is held meanwhile; who reads what
    is there before, to change it, holds it from then on. Raises ``InputError`` when it cannot be written there, and
    ``InUseError`` when another program writes there.
    """
    path = path.resolve()  # a link stays a link, and what is written lies on the disk that it leads to
    with held(path):
        part = _beside(path)
        with _refused(path):
            _put_back(path)
            _clear_abandoned(path)
            if keep and path.exists():
                shutil.copytree(path, part)
            else:
                part.mkdir()
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
    recover(path)
    if path.exists() and not (path / marker).is_file() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(f"{path}: exists and is not a {kind}; choose another place.")
    nearest = next(parent for parent in path.resolve().parents if parent.is_dir())
    with _refused(path):
        Path(tempfile.mkdtemp(prefix=".neuroval-", dir=nearest)).rmdir()


def remove(path: Path) -> None:
    """Take a folder away whole: killed, it is there or it is gone. Raises ``InputError`` as ``written_whole`` does."""
    path = path.resolve()
    with held(path), _refused(path):
        recover(path)
        _clear_abandoned(path)
        if path.exists():
            part = _beside(path)
            path.rename(part)
            shutil.rmtree(part)


def recover(path: Path) -> None:
    """Put the old folder back where a writer was killed between taking it away and putting the new one there.

    While a writer is at work there, wait until the new one is in its place.
    """
    path = path.resolve() if path.is_symlink() else path
    end = time.monotonic() + BETWEEN
    while not path.exists() and _old(path).exists() and time.monotonic() < end:
        with suppress(InputError):  # another is at work, or one may only read here
            with held(path, patience=0):
                _put_back(path)
            return
        time.sleep(WAIT)


def while_replaced(path: Path, read: Callable[[Path], T], *, stamp: str) -> T:
    """Return what ``read`` gives of a folder, all of it of one writing: read again when a writer has replaced it.

    The file ``stamp`` in it is new in each writing. Raises what ``read`` raises of a folder that stays as it is.
    """
    for left in reversed(range(READINGS)):
        recover(path)
        before = _stamp(path / stamp)
        try:
            result = read(path)
        except (InputError, OSError):
            between = before is None and _old(path.resolve()).exists()
            if not left or (_stamp(path / stamp) == before and not between):
                raise
        else:
            if not left or _stamp(path / stamp) == before:
                return result
    raise AssertionError("the last reading returns or raises")


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        facts = file.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino, facts.st_mtime_ns


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place.") from None


def _beside(path: Path) -> Path:
    return path.with_name(f"{_mark(path)}{secrets.token_hex(8)}.part{''.join(path.suffixes[-2:])}")


def _mark(path: Path) -> str:
    """Return how the names of parts of a place begin: those of two places do not begin alike."""
    return f".neuroval-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}-"


def _clear_abandoned(path: Path) -> None:
    """Remove what killed writers of this folder have left, who held its lock, and old files of others beside it."""
    for part in path.parent.glob(".neuroval-*.part*"):
        with suppress(FileNotFoundError):
            if part.is_dir():
                if part.name.startswith(_mark(path)):
                    shutil.rmtree(part, ignore_errors=True)
            elif time.time() - part.lstat().st_mtime > ABANDONED:
                part.unlink()


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def _put_back(path: Path) -> None:
    """Put the old folder back where there is no new one, as the holder of the lock."""
    if not path.exists() and _old(path).exists():
        _old(path).rename(path)


def _swap(part: Path, path: Path) -> None:
    """Put the part in its place, as the holder of the lock. Killed between the renames, the next reader mends it."""
    old = _old(path)
    shutil.rmtree(old, ignore_errors=True)  # of a writer that was killed after its second rename
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
