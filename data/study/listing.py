"""The manifests of many studies, for lists of them: each is read once, and again when its file is another one."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from neuroval.data.exceptions import ContractError
from neuroval.data.storage.home import STUDY_FILE
from neuroval.data.study.folder import read_manifest
from neuroval.data.study.manifest import Manifest

MOST: Final = 10_000  # that are kept


def known_manifest(path: Path) -> Manifest:
    """Return the manifest of a study; a look at its file says whether the one that was read is still right.

    Raises ``ContractError`` as ``read_manifest`` does, for a file that has not changed without reading it again.
    """
    manifest = _manifest(path, _stamp(path))
    if isinstance(manifest, ContractError):
        raise ContractError(str(manifest))
    return manifest


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        facts = (path / STUDY_FILE).stat()
    except (OSError, ValueError):
        return ()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


@lru_cache(maxsize=MOST)
def _manifest(path: Path, stamp: tuple[int, ...]) -> Manifest | ContractError:  # noqa: ARG001 - part of the key
    try:
        return read_manifest(path)
    except ContractError as error:
        return error
