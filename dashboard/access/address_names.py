"""How patients and cases are named in addresses, which proxies, logs and bookmarks keep: by a key, never by their id.

A name is a keyed digest (HMAC-SHA-256, RFC 2104): nobody who has an address, but not the key, can tell whose it is by
trying ids. The key is made once on a machine, ``access/address.key`` in the working folder; a link works wherever that
folder is.
"""

import hmac
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from neuroval.data.storage.home import home_folder

HASHED: Final = re.compile("[0-9a-f]{16}")  # a case id that NeuroVal has made says nothing of a patient
LENGTH: Final = 12  # bytes of a name: two of a million cases do not share one


def name_of(value: str) -> str:
    """Return the name of a patient in an address."""
    return _digest(_file(), value)


def name_of_case(case_id: str) -> str:
    """Return the name of a case in an address: its id where that is a digest, else a key; an import brings its own."""
    return case_id if HASHED.fullmatch(case_id) else name_of(case_id)


def name_in_list(list_id: str, case_id: str) -> str:
    """Return the name of a case in the addresses of a blind read: not even its id can be told from it."""
    return name_of(f"list/{list_id}/{case_id}")


def named(name: str, values: Iterable[str]) -> str | None:
    """Return which of the values an address names; none when it is none of them."""
    return next((value for value in values if name_of(value) == name), None)


@lru_cache(maxsize=100_000)
def _digest(file: Path, value: str) -> str:
    return hmac.digest(_key(file), value.encode(), "sha256")[:LENGTH].hex()


@lru_cache(maxsize=4)
def _key(file: Path) -> bytes:
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was faster: its key holds
            os.link(made, file)
        made.unlink()
    return file.read_bytes()


def _file() -> Path:
    return home_folder() / "access" / "address.key"
