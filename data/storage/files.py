"""Files and their names, before anybody looks at what is in them."""

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, read in pieces. Raises ``OSError`` when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stays_inside(path: str) -> bool:
    r"""Whether a relative path stays in its folder, read as Linux and as Windows do: no ``/x``, ``C:\x``, ``..\x``."""
    parts = path.replace("\\", "/").split("/")
    return bool(parts[0]) and ".." not in parts and path[1:2] != ":" and "\0" not in path


def is_hidden(name: str) -> bool:
    """Whether a file or folder name is one that operating systems leave behind."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def printable(path: str) -> str:
    r"""Return a path that any program can show and store: bytes that are not UTF-8 become ``\xff``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
