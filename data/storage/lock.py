"""The lock of a place: whoever writes a study, a model or a data set holds it from the first look to the last file.

It is an advisory lock of the operating system (flock) on a hidden file beside the place, so it ends with the process
that holds it, however that ends. On Linux it holds between the machines that share a disk by NFS 4, or by NFS 3 with
its lock service, for there the kernel makes it a lock of the server (flock(2)). A disk that gives no lock is refused.
A disk mounted with ``nolock`` or ``local_lock`` gives locks that other machines do not see: nothing tells of that.
"""

import contextlib
import errno
import fcntl
import functools
import inspect
import json
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from neuroval.data.exceptions import InputError, InUseError

PATIENCE: Final = 0.5  # seconds: a reader that mends what a killed writer left holds the lock for a moment
WAIT: Final = 0.02
LONGEST: Final = 120  # letters of a command in a message
NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

P = ParamSpec("P")
T = TypeVar("T")

_mine = threading.local()  # the places that this thread holds


@contextlib.contextmanager
def held(path: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Keep a place, which need not exist, for this thread until the block ends; it may be held within itself.

    Waits ``patience`` seconds for another holder. Raises ``InUseError`` where another program or thread still holds it:
    who, since when, and what to do. Raises ``InputError`` where no lock can be had: one may not write there, or the
    disk gives none.
    """
    place, places = path.resolve(), _places()
    if place in places:
        yield
        return
    made = [folder for folder in place.parents if not folder.exists()]
    handle = _taken(place, patience)
    places.add(place)
    try:
        yield
    finally:
        places.discard(place)
        with contextlib.suppress(OSError):
            lock_file(place).unlink()  # before it is let go: nobody else's
        os.close(handle)
        with contextlib.suppress(OSError):  # what was made for the lock alone is empty
            for folder in made:
                folder.rmdir()


def holds(path: Path) -> bool:
    """Return whether this thread holds a place."""
    return path.resolve() in _places()


def _places() -> set[Path]:
    places: set[Path] = _mine.__dict__.setdefault("places", set())
    return places


def holding(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator: the function holds the places that its arguments of these names give, as long as it runs."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def keeping(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs).arguments
            with contextlib.ExitStack() as places:
                for name in names:
                    places.enter_context(held(given[name]))
                return function(*args, **kwargs)

        return keeping

    return decorate


def lock_file(path: Path) -> Path:
    """Return the file whose lock is that of a place."""
    place = path.resolve()
    return place.with_name(f".{place.name}.lock")


def _taken(place: Path, patience: float) -> int:
    """Return the handle of the locked file, with this process written into it."""
    end = time.monotonic() + patience
    while True:
        handle = _opened(place)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(handle, lock_file(place)):  # else its last holder has removed it since it was opened
                command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
                facts = {"pid": os.getpid(), "host": socket.gethostname(), "command": command, "since": _now()}
                os.ftruncate(handle, 0)
                os.pwrite(handle, json.dumps(facts).encode(), 0)
                return handle
        except BlockingIOError:
            if time.monotonic() > end:
                reason = f"{place}: {_holder(handle)} is writing it; wait until that ends, or stop it, and try again."
                os.close(handle)
                raise InUseError(reason) from None
        except OSError as error:
            os.close(handle)
            raise _refused(place, error) from None
        os.close(handle)
        time.sleep(WAIT)


def _opened(place: Path) -> int:
    for left in reversed(range(10)):  # an empty folder may be removed by whoever made it for a lock of theirs
        try:
            return os.open(lock_file(place), os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError as error:
            if not left:
                raise _refused(place, error) from None
            with contextlib.suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(place, error) from None
    raise AssertionError("the last try returns or raises")


def _refused(place: Path, error: OSError) -> InputError:
    if error.errno in NO_LOCKS:
        return InputError(
            f"{place}: this disk gives no locks ({error.strerror}), and two programs that write there could destroy "
            "each other's work; choose another disk, or mount it with locks."
        )
    return InputError(f"{place}: cannot be written ({error.strerror or error}); choose another place.")


def _is_there(handle: int, file: Path) -> bool:
    """Whether a file still has its name. It is opened, for that asks the server where a look may be of the past."""
    try:
        other = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return os.path.sameopenfile(handle, other)
    finally:
        os.close(other)


def _holder(handle: int) -> str:
    """Return who holds the lock, as it says itself."""
    try:
        facts = json.loads(os.pread(handle, 1 << 16, 0))
        host = "" if facts["host"] == socket.gethostname() else f" on {facts['host']}"
        command = " ".join(str(facts["command"]).split())
        short = command if len(command) <= LONGEST else f"{command[:LONGEST]} ..."
        return f"{short} (process {facts['pid']}{host}, since {facts['since']})"
    except (ValueError, KeyError, TypeError):  # it has just begun
        return "another program"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
