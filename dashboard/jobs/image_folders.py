"""The folders of images that the page Run may read: those under the configured roots, and nothing outside them."""

import os
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Final

from neuroval.data.exceptions import InputError
from neuroval.data.storage.files import is_hidden
from neuroval.data.storage.spelling import named, split_of

DEEPEST: Final = 3  # levels below a root at which a data set is looked for
MOST: Final = 2000  # folders that are looked into

LEADS_OUT: Final = (
    "a link that leads out of the configured roots; put the file itself there, or add the folder it is in to the roots."
)
OUTSIDE: Final = "The folder is not under one of the configured roots; choose one of the list."


def data_sets(roots: tuple[Path, ...], classes: Collection[str]) -> dict[str, Path]:
    """Return the folders under the roots that hold a folder of one of the classes, by what they are called here.

    The class folders may lie under folders of splits, such as ``Training`` and ``Testing``. Links that lead out of the
    roots are left out.
    """
    folders: dict[str, Path] = {}
    for root in roots:
        for folder in _of_classes(root, roots, set(classes)):
            name = Path(root.name, folder.relative_to(root)).as_posix()
            folders[name if name not in folders else str(folder)] = folder
    return folders


def _of_classes(root: Path, roots: tuple[Path, ...], classes: set[str]) -> list[Path]:
    folders, waiting, looked = [], deque([(root, 0)]), 0
    while waiting and looked < MOST:
        folder, depth = waiting.popleft()
        looked += 1
        inner = {inside.name: inside for inside in _folders(folder) if is_inside(inside, roots)}
        splits = [inside for name, inside in inner.items() if split_of(name) and not named(name, classes)]
        names = {inside.name for split in splits for inside in _folders(split)} if splits else set(inner)
        if any(named(name, classes) for name in names):
            folders.append(folder)
        elif depth < DEEPEST:
            waiting += [(inside, depth + 1) for inside in inner.values() if not inside.is_symlink()]
    return folders


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not is_hidden(entry.name))
    except OSError:  # one that may not be read holds nothing to choose
        return []


def is_inside(path: Path, roots: tuple[Path, ...]) -> bool:
    """Whether a path, with all links followed, lies in one of the roots."""
    real = path.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def checked_folder(folder: Path, roots: tuple[Path, ...]) -> Path:
    """Return the folder. Raises ``InputError`` when it, or anything that a link in it names, lies outside the roots."""
    if not is_inside(folder, roots):
        raise InputError(OUTSIDE)
    if not folder.is_dir():
        raise InputError(f"{folder.name}: there is no such folder any more; choose one of the list.")
    waiting, seen = [folder], set[Path]()
    while waiting:
        for place, folders, files in os.walk(waiting.pop()):
            for path in (Path(place, name) for name in (*folders, *files)):
                if not path.is_symlink():
                    continue
                if not is_inside(path, roots):
                    raise InputError(f"{path.name}: {LEADS_OUT}")
                if path.is_dir() and path.resolve() not in seen:  # os.walk does not follow it
                    seen.add(path.resolve())
                    waiting.append(path.resolve())
    return folder
