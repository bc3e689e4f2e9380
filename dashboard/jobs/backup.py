"""A copy of the working folder in one file, right while others write, and the way back.

A study or a model that is replaced while it is read is read again; a database is copied by its own means. What can be
made again, and what lies elsewhere and is only linked, is left out.
"""

import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import file_written_whole, recover, written_whole
from neuroval.data.storage.home import MODEL_FILE, STUDY_FILE, home_folder
from neuroval.data.study.folder import read_study

LEFT_OUT: Final = frozenset({"cache"})  # can be made again
WHOLE: Final = {"studies": STUDY_FILE, "models": MODEL_FILE}  # folders whose folders are each replaced at once
TRIES: Final = 50
PAUSE: Final = 0.1  # seconds until a folder that has just been replaced is read again
DATABASE: Final = b"SQLite format 3\x00"
BESIDE_A_DATABASE: Final = ("-wal", "-shm", "-journal")  # what its copy holds already


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds, by name, and what was left out: links, whose content is elsewhere."""

    studies: tuple[str, ...]
    models: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The studies that can be opened, and why each of the others cannot."""

    studies: tuple[str, ...]
    damaged: dict[str, str]


def back_up(file: Path) -> Backup:
    """Write the working folder into a ``.tar.gz``, which is there only when it is whole; readable by its owner alone.

    Raises ``InputError`` when there is nothing to copy, the file would lie in the working folder, or a study is
    replaced all the time.
    """
    home = home_folder().resolve()
    if not home.is_dir():
        raise InputError(f"{home}: there is no working folder; NEUROVAL_HOME names it.")
    if file.resolve().is_relative_to(home):
        raise InputError(f"{file}: lies in the working folder; choose a place outside, best on another disk.")
    held: dict[str, list[str]] = {place: [] for place in WHOLE}
    links: list[str] = []
    with (
        file_written_whole(file) as part,
        tempfile.TemporaryDirectory(prefix=".neuroval-backup-", dir=file.resolve().parent) as aside,
    ):
        part.chmod(0o600)
        with tarfile.open(part, "w:gz") as archive:
            for path in _files(home, links):
                _add(archive, path, path.relative_to(home), Path(aside))
            for place, marker in WHOLE.items():
                for name in _names(home / place):
                    copy = _copied_whole(home / place / name, Path(aside))
                    if copy is not None:
                        archive.add(copy, arcname=f"{place}/{name}")
                        held[place] += [name] if (copy / marker).is_file() else []
                        shutil.rmtree(copy)
    return Backup(studies=tuple(held["studies"]), models=tuple(held["models"]), links=tuple(links))


def restore(file: Path, folder: Path) -> Restored:
    """Write a backup into a folder that is not there yet, or empty, and open every study once.

    Raises ``InputError`` when something is there already or the file is no backup.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{folder}: is not empty; choose a new folder, and name it by NEUROVAL_HOME afterwards.")
    try:
        with tarfile.open(file, "r:gz") as archive, written_whole(folder) as part:
            archive.extractall(part, filter="data")
            part.chmod(0o700)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{file}: cannot be restored ({error}); expected a file of neuroval backup.") from None
    opened, damaged = list[str](), dict[str, str]()
    for path in sorted((folder / "studies").glob(f"*/{STUDY_FILE}")):
        try:
            read_study(path.parent)
            opened.append(path.parent.name)
        except InputError as error:
            damaged[path.parent.name] = str(error)
    return Restored(studies=tuple(opened), damaged=damaged)


def _names(place: Path) -> list[str]:
    """Return the names of the folders in a place, also of one that a killed writer has left aside."""
    entries = [path.name for path in place.iterdir()] if place.is_dir() else []
    aside = (name[1 : -len(".old")] for name in entries if name.startswith(".") and name.endswith(".old"))
    return sorted({*aside, *(name for name in entries if not name.startswith("."))})


def _files(folder: Path, links: list[str], *, top: bool = True) -> Iterator[Path]:
    """Return the files that are no part of a study or a model; hidden ones are being written."""
    home = folder if top else home_folder().resolve()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or (top and path.name in {*LEFT_OUT, *WHOLE}):
            continue
        if path.is_symlink():
            links.append(str(path.relative_to(home)))
        elif path.is_dir():
            yield from _files(path, links, top=False)
        elif path.is_file() and not path.name.endswith(BESIDE_A_DATABASE):
            yield path


def _add(archive: tarfile.TarFile, path: Path, name: Path, aside: Path) -> None:
    try:
        with path.open("rb") as file:
            is_database = file.read(len(DATABASE)) == DATABASE
            if not is_database:
                file.seek(0)
                member = archive.gettarinfo(arcname=str(name), fileobj=file)
                archive.addfile(member, file)  # of one that grows, such as a log, as much as it held
    except FileNotFoundError:  # gone by now
        return
    if is_database:
        copy = aside / "database"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        archive.add(copy, arcname=str(name))
        copy.unlink()


def _copied_whole(folder: Path, aside: Path) -> Path | None:
    """Return a copy of a folder as it was at one time; none when it is gone or a file. A link is followed."""
    copy = aside / folder.name
    for _ in range(TRIES):
        recover(folder)
        try:
            if not folder.is_dir():
                return None
            before = _look(folder)
            shutil.copytree(folder, copy)
            if _look(folder) == before:
                return copy
        except (FileNotFoundError, shutil.Error):  # replaced while it was read
            pass
        shutil.rmtree(copy, ignore_errors=True)
        time.sleep(PAUSE)
    raise InputError(f"{folder}: is replaced all the time; wait until that has ended, and run the backup again.")


def _look(folder: Path) -> list[tuple[str, int, int, int]]:
    """Return by what a folder is told from the one that replaces it: its files, their places on the disk and times."""
    paths = [folder, *(Path(place, name) for place, _, names in os.walk(folder) for name in names)]
    seen = ((path, path.stat()) for path in sorted(paths))
    return [(str(path), look.st_ino, look.st_size, look.st_mtime_ns) for path, look in seen]
