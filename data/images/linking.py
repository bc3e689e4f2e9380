"""Image folders on this machine that hold the images of a data set: linked, never copied."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tqdm import tqdm

from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.decoding import describe
from neuroval.data.storage.atomic import write_file
from neuroval.data.storage.files import file_sha256, stays_inside
from neuroval.data.storage.home import home_folder
from neuroval.data.storage.walking import walk

if TYPE_CHECKING:  # finding a folder waits for no table library
    import pandas as pd

LOOKS_SAME_BITS = 8  # of 64: how far the perceptual hashes of two encodings of one image may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedImages:
    """A folder on this machine that holds the images of a data set.

    ``moved`` maps an image's path in the study to its place in ``folder`` where that is another one. ``refused``
    lists paths at which another image lies: it is never shown in the place of the right one. ``other_encoding``
    lists paths whose file looks the same but has other bytes: predictions on it may differ slightly.
    """

    folder: Path
    moved: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    other_encoding: frozenset[str] = frozenset()

    def path(self, image_path: str | None) -> Path | None:
        """Return where the image is now; ``None`` when it is not there."""
        if not isinstance(image_path, str) or image_path in self.refused or not stays_inside(image_path):
            return None
        path = self.folder / self.moved.get(image_path, image_path)
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """How many images of a data set were found in a folder, and how.

    ``matched``: same path, same content (``unchecked`` of them have no recorded content to compare with).
    ``moved``: same content at another path. ``other_encoding``: same path, other bytes, looks the same.
    ``different``: same path, looks different, so not used. ``missing``: not found.
    """

    folder: Path
    data_name: str
    matched: int
    unchecked: int
    moved: int
    other_encoding: int
    different: int
    missing: int

    @property
    def found(self) -> int:
        return self.matched + self.moved + self.other_encoding

    def as_text(self) -> str:
        lines = [f"{self.found:,} of {self.found + self.different + self.missing:,} images found in {self.folder}."]
        if self.unchecked:
            lines.append(f"{self.unchecked:,} found by their path alone: the study holds nothing to compare with.")
        if self.moved:
            lines.append(f"{self.moved:,} found at another path, by their content.")
        if self.other_encoding:
            lines.append(f"{self.other_encoding:,} in another encoding: predictions may differ slightly.")
        if self.different:
            lines.append(f"{self.different:,} files look different from the image of the study and are not used.")
        if self.missing:
            lines.append(f"{self.missing:,} missing.")
        return "\n".join(lines)


def linked_images(data_name: str) -> LinkedImages | None:
    """Return the linked image folder of a data set; ``None`` when none is linked or its folder is gone."""
    try:
        document = json.loads(_link_file(data_name).read_text(encoding="utf-8"))
        folder = Path(document["folder"])
        moved, refused = dict(document["moved"]), frozenset(document["refused"])
        other_encoding = frozenset(document.get("other_encoding", ()))  # a former version did not write it
        named = (*moved.items(), refused, other_encoding)
        if not all(isinstance(path, str) for paths in named for path in paths):
            raise TypeError("a path that is no text")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError, RecursionError, AttributeError):
        raise InputError(f"{_link_file(data_name)}: damaged; link the image folder again.") from None
    if not folder.is_dir():
        return None
    return LinkedImages(folder=folder, moved=MappingProxyType(moved), refused=refused, other_encoding=other_encoding)


def link(folder: Path, *, data_name: str, cases: "pd.DataFrame", progress: bool = False) -> LinkReport:
    """Remember ``folder`` as the place of a data set's images and return what was found in it.

    ``cases`` is a study's cases table. An image is found by its relative path, then by its content. A file at the
    path whose bytes differ is taken when it looks the same: perceptual hashes (Zauner 2010) within 8 of 64 bits.
    Raises ``InputError``, and keeps the former link, when nothing matches.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder.")
    known = cases.dropna(subset="image_path")
    if known.empty:
        raise InputError(f"{data_name}: the study names no image files, so there is nothing to link.")
    columns = (known[name] for name in ("image_path", "sha256", "phash"))
    rows = [_Wanted(image_path=path, sha256=content, phash=look) for path, content, look in zip(*columns, strict=True)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing and decoding release the interpreter lock
        looks = pool.map(lambda row: _compare(folder, row), rows)
        verdicts = list(tqdm(looks, total=len(rows), desc="Linking images", unit="image", disable=not progress))
        open_rows = [
            row for row, verdict in zip(rows, verdicts, strict=True) if verdict not in ("matched", "unchecked")
        ]
        places = _by_content(folder, {row.sha256 for row in open_rows if isinstance(row.sha256, str)}, known, pool)
    moved = {row.image_path: places[row.sha256] for row in open_rows if row.sha256 in places}
    final = ["moved" if row.image_path in moved else verdict for row, verdict in zip(rows, verdicts, strict=True)]
    count = {verdict: final.count(verdict) for verdict in set(final)}
    report = LinkReport(
        folder=folder,
        data_name=data_name,
        matched=count.get("matched", 0) + count.get("unchecked", 0),
        unchecked=count.get("unchecked", 0),
        moved=len(moved),
        other_encoding=count.get("other_encoding", 0),
        different=count.get("different", 0),
        missing=count.get("missing", 0),
    )
    if not report.found:
        raise InputError(
            f"{folder}: none of the {len(rows):,} images of {data_name!r} is in it; expected for example "
            f"{rows[0].image_path}."
        )
    refused, other_encoding = (
        sorted(row.image_path for row, verdict in zip(rows, final, strict=True) if verdict == wanted)
        for wanted in ("different", "other_encoding")
    )
    document = {
        "folder": str(folder.resolve()),
        "moved": moved,
        "refused": refused,
        "other_encoding": other_encoding,
    }
    _write_link(data_name, document)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    image_path: str
    sha256: Any  # a string, or what pandas holds where nothing is known
    phash: Any


def _compare(folder: Path, wanted: _Wanted) -> str:
    path = folder / wanted.image_path
    if not stays_inside(wanted.image_path) or not path.is_file():
        return "missing"
    try:
        if isinstance(wanted.sha256, str):
            if file_sha256(path) == wanted.sha256:
                return "matched"
        elif not isinstance(wanted.phash, str):
            return "unchecked"
        if isinstance(wanted.phash, str) and _bits_apart(describe(path).phash, wanted.phash) <= LOOKS_SAME_BITS:
            return "other_encoding"
    except (ImageError, OSError):
        pass  # unreadable is different: not shown in the place of the image
    return "different"


def _bits_apart(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def _by_content(folder: Path, contents: set[str], cases: "pd.DataFrame", pool: ThreadPoolExecutor) -> dict[str, str]:
    """Return content hash -> relative path of the wanted contents; only files of a wanted size are read."""
    if not contents:
        return {}
    sizes = cases.loc[cases["sha256"].isin(contents), "file_bytes"]
    sized = None if sizes.isna().any() else {int(size) for size in sizes}
    files = [path for path in _visible_files(folder) if sized is None or path.stat().st_size in sized]
    paths: dict[str, str] = {}
    for path, content in zip(files, pool.map(_sha256_or_none, files), strict=True):
        if content in contents:
            paths.setdefault(content, path.relative_to(folder).as_posix())
    return paths


def _visible_files(folder: Path) -> list[Path]:
    return [folder / path for path in walk(folder).files]


def _sha256_or_none(path: Path) -> str | None:
    try:
        return file_sha256(path)
    except OSError:
        return None


def _link_file(data_name: str) -> Path:
    return home_folder() / "links" / f"{quote(data_name, safe='')}.json"


def _write_link(data_name: str, document: Mapping[str, Any]) -> None:
    file = _link_file(data_name)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_file(file, json.dumps(document, indent=1, sort_keys=True))
