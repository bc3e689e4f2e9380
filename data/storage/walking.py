"""Going through a folder: every file once, links followed, and a reason for what is left out."""

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from neuroval.data.storage.files import is_hidden, printable

READ_THERE: Final = "which is counted there"
EMPTY: Final = "an empty folder"
Identity = tuple[int, int]  # device and number of a file: equal for all spellings of its path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files in a folder: relative paths, in order, each file once however many links lead to it.

    ``unused`` are pairs of path and reason for links and folders that were not followed; ``hidden`` counts the files
    with hidden names or in hidden folders. ``at`` says under which path the file of an identity is listed.
    """

    files: tuple[str, ...]
    unused: tuple[tuple[str, str], ...]
    hidden: int
    at: dict[Identity, str] = field(repr=False)


def identity(path: Path) -> Identity | None:
    """Return what all spellings of a file's path share; none where there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def walk(folder: Path, *, rank: Callable[[str], int] | None = None) -> Found:
    """Return the files in a folder and in what its links lead to, each folder read once: a loop of links ends.

    A file that is reached twice is listed where it lies itself, else under the first link to it; with ``rank``, which
    tells how much a path says, under the one that says most. Raises ``OSError`` when the folder itself cannot be read.
    """
    os.scandir(folder).close()
    going = _Walk(folder)
    going.visit("")
    while going.links:
        going.follow(going.links.popleft())
    if rank is not None:
        going.prefer(rank)
    return Found(files=tuple(sorted(going.files)), unused=tuple(sorted(going.unused)), hidden=going.hidden, at=going.at)


class _Walk:
    """A walk under way: what was seen so far, and the links still to follow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[str] = []
        self.unused: list[tuple[str, str]] = []
        self.hidden = 0
        self.at: dict[Identity, str] = {}
        self.links: deque[str] = deque()
        self._folders: dict[Identity, str] = {}
        self._again: list[tuple[str, str]] = []  # a link, and under which path what it leads to is listed

    def visit(self, start: str) -> None:
        """Take the files of a folder and of those below it; links wait, so that what lies here itself comes first."""
        waiting = [(start, False)]
        while waiting:
            place, hidden = waiting.pop()
            here = identity(self.folder / place)
            if here is None:
                continue
            if here in self._folders:
                self._again.append((place, self._folders[here]))
                continue
            if not hidden:  # what is hidden is not read there, but where a link shows it
                self._folders[here] = place
            try:
                with os.scandir(self.folder / place) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
            except OSError as error:
                self.unused.append((f"{place}/", f"a folder that cannot be read ({error.strerror})"))
                continue
            below = []
            for entry in entries:
                path, out_of_sight = f"{place}/{entry.name}" if place else entry.name, hidden or is_hidden(entry.name)
                if entry.is_symlink():
                    self.hidden += out_of_sight
                    self.links += [] if out_of_sight else [path]
                elif entry.is_dir():
                    below.append((path, out_of_sight))
                elif not entry.is_file():
                    self.unused.append((path, "neither a file nor a folder"))
                elif out_of_sight:
                    self.hidden += 1
                else:
                    self._take(path, entry.stat())
            if place and not hidden and all(is_hidden(entry.name) for entry in entries):
                self.unused.append((f"{place}/", EMPTY))
            waiting += reversed(below)

    def follow(self, link: str) -> None:
        """Take what a link leads to, unless that is there already."""
        try:
            status = (self.folder / link).stat()
        except OSError:
            self.unused.append((link, "a link that leads nowhere, or to itself"))
            return
        key = status.st_dev, status.st_ino
        before = self._folders.get(key, self.at.get(key))
        if before is not None:
            self._again.append((link, before))
            shown = printable(before) or "the data set itself"
            self.unused.append((link, f"a link to {shown}, {READ_THERE}"))
        elif (self.folder / link).is_dir():
            self.visit(link)
        elif (self.folder / link).is_file():
            self._take(link, status)
        else:
            self.unused.append((link, "a link to what is neither a file nor a folder"))

    def prefer(self, rank: Callable[[str], int]) -> None:
        """List files under the path through a link where that ranks higher than the path under which they are."""
        for link, before in self._again:
            inside = f"{before}/"
            if not before or link.startswith(inside):  # a loop says nothing new
                continue
            for number, path in enumerate(self.files):
                if path == before or path.startswith(inside):
                    through = link + path.removeprefix(before)
                    if rank(through) > rank(path):
                        self.files[number] = through
                        status = (self.folder / through).stat()
                        self.at[status.st_dev, status.st_ino] = through
                        self.unused = [(name, why) for name, why in self.unused if name != link]

    def _take(self, path: str, status: os.stat_result) -> None:
        self.files.append(path)
        self.at.setdefault((status.st_dev, status.st_ino), path)
