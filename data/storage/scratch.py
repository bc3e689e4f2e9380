"""Working files of a run: in a folder of the working folder that its owner alone may open, gone when the run ends.

They may be pictures of patients. The temporary folder of the machine is not used: others may look into it, and it may
be memory.
"""

import contextlib
import errno
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from neuroval.data.exceptions import InputError, InUseError
from neuroval.data.storage.home import home_folder
from neuroval.data.storage.lock import held, holds

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
ONLY_OWNER: Final = 0o700


@contextlib.contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """Yield a new folder, which is removed with what is in it when the block ends; what killed runs left goes first.

    Raises ``InputError`` where it cannot be made, and in the place of an ``OSError`` that the disk is full.
    """
    clear()
    folder = _room() / f"{purpose}-{secrets.token_hex(8)}"
    with held(folder):
        try:
            _room().chmod(ONLY_OWNER)
            folder.mkdir(ONLY_OWNER)
            yield folder
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise InputError(
                f"{_room()}: no space is left for working files ({error.strerror}); free some, or set NEUROVAL_HOME "
                "to a folder on another disk."
            ) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def clear() -> None:
    """Remove the working files of runs that were killed: those that nobody holds."""
    room = _room()
    for folder in room.iterdir() if room.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink() and not holds(folder):
            with contextlib.suppress(InUseError), held(folder, patience=0):
                shutil.rmtree(folder, ignore_errors=True)


def _room() -> Path:
    return home_folder() / "scratch"
