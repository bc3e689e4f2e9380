"""Reading a data set folder into cases.

A data set is a folder with one sub-folder per class, optionally under folders of splits (``Training/``, ``val/``,
``Test``, in any usual spelling), optionally with ``metadata.csv`` (``image_path`` required; ``label``, ``split``,
``patient_id``, ``plane``, ``source``, ``site``, ``mask_path`` optional). What the metadata says wins over the names of
folders. Links are followed, each file is one case, and what is not read is listed with its reason. A table of images
(``listing``) takes the place of both: then only what it lists is read.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

import pandas as pd

from neuroval.data.classes import ClassOrder
from neuroval.data.dataset.intake import Intake, Missing, by_reason, crowded_ids, unread_ids
from neuroval.data.dataset.listing import NOT_LISTED, Listing, listed
from neuroval.data.dataset.mask_looks import NAMED_ALIKE, beside_their_scan
from neuroval.data.dataset.mask_names import ALONE, ANOTHER, PICTURES, outlines
from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.decoding import FileFacts, describe, read_image
from neuroval.data.schema import SPLITS
from neuroval.data.storage.files import printable, stays_inside
from neuroval.data.storage.progress import Bar
from neuroval.data.storage.spelling import is_missing, named, plain, relative_path, split_of
from neuroval.data.storage.tables import Table, read_table
from neuroval.data.storage.walking import EMPTY, READ_THERE, Found, identity, walk

METADATA: Final = "metadata.csv"
METADATA_COLUMNS: Final = ("label", "split", "patient_id", "plane", "source", "site", "mask_path")
IMAGE_FILES: Final = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".mpo", ".gif", ".jp2"),
        *(".dcm", ".dicom", ".ima"),
    }
)
NAME_REASON: Final = (
    "its name is not UTF-8, or another system would take it for a path outside the folder; rename the file"
)
GONE: Final = "listed in {table} but not on disk"
GONE_OUTLINE: Final = "an outline listed in {table} but not on disk"
TWICE: Final = "its name differs from another file's only in how accents are written; rename one of them"
NO_CLASS_FOLDER: Final = "in no class folder"
NO_SPLIT: Final = "beside the folders of the splits, in none of them"
BESIDE_OUTLINES: Final = "among the outlines, and of no image that is read"
LINK_AS_TEXT: Final = "a link that was copied as text, so that what it leads to is not here; copy the folder itself"
OTHER_METADATA: Final = "may be the metadata, which is read from metadata.csv alone; save it as that"
NO_COLUMN: Final = "no column that a study keeps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set as found on disk.

    ``cases`` has one row per usable image, sorted by path: the columns of the study's cases table but ``group_id``,
    and ``mask_path``. ``rejected`` lists the images that are not used. ``hidden`` counts files in hidden folders or
    with hidden names, which are skipped. ``intake`` says what was read and what was not.
    """

    name: str
    folder: Path
    cases: pd.DataFrame
    rejected: pd.DataFrame
    hidden: int
    intake: Intake


def case_id(data_name: str, image_path: str) -> str:
    """Return the identity of a case: stable across machines and studies of one data set."""
    return hashlib.sha256(f"{data_name}/{plain(image_path)}".encode()).hexdigest()[:16]


def read_dataset(
    folder: Path,
    *,
    name: str,
    classes: ClassOrder,
    default_split: str = "external",
    listing: Listing | None = None,
    progress: bool = False,
) -> Dataset:
    """Return the cases of a data set folder, each file opened and decoded once.

    ``listing`` is the table of its images, in the place of ``metadata.csv`` and of what folders say.

    Cases whose place or metadata names no split get ``default_split``. Files that cannot be used are listed with
    their reason and stop nothing. Raises ``InputError`` when the folder does not exist or cannot be read, holds no
    image, has a folder or label that is not a class, or has a broken ``metadata.csv``.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Expected a data set with one sub-folder per class.")
    walked = walk(folder, rank=partial(_told, classes=classes))
    table = _metadata_table(folder / METADATA) if listing is None else listed(listing)
    metadata = _metadata(table, folder, walked)
    chosen = _choose(walked, metadata, classes, folder, listing)
    paths = [path for path in chosen.images if path not in chosen.unused]
    if not paths:
        first = next((f" {name}: {reason}." for name, reason in sorted(chosen.unused.items())), "")
        where = f"in class folders {list(classes.names)}" if listing is None else f"that {listing.file} lists"
        raise InputError(f"{folder}: no image found {where}.{first}")
    cases = pd.DataFrame({"image_path": paths}).join(metadata, on="image_path")
    cases["mask_path"] = cases["mask_path"].fillna(_mapped(cases["image_path"], chosen.masks.get))
    cases["label"] = _labels(cases, classes, folder)
    cases["split"] = _splits(cases, default_split, classes, folder)
    cases.insert(0, "case_id", [case_id(name, path) for path in paths])
    facts = _describe_all(folder, paths, progress=progress)
    unreadable = {path: fact for path, fact in zip(paths, facts, strict=True) if isinstance(fact, str)}
    known = {path: fact for path, fact in zip(paths, facts, strict=True) if isinstance(fact, FileFacts)}
    unreadable |= dict.fromkeys(set(beside_their_scan(known)) - {*metadata.index}, NAMED_ALIKE)
    usable = cases[~cases["image_path"].isin(unreadable)].reset_index(drop=True)
    if usable.empty:
        first = next(iter(unreadable.values()))
        raise InputError(f"{folder}: none of {len(paths):,} files can be used; the first: {first}.")
    unused = {**unreadable, **chosen.unused, **_bad_outlines(folder, usable)}
    lost = [(printable(path), reason) for path, reason in unused.items() if _lost(path, reason)]
    described = pd.DataFrame([asdict(known[path]) for path in usable["image_path"]])
    return Dataset(
        name=name,
        folder=folder,
        cases=pd.concat([usable, described], axis=1),
        rejected=pd.DataFrame(sorted(lost), columns=["image_path", "reason"]),
        hidden=walked.hidden,
        intake=_intake(usable, unused, classes, table, hidden=walked.hidden, listing=listing),
    )


def outline_files(folder: Path, classes: ClassOrder) -> dict[str, str]:
    """Return the outline of each image that has one, both as paths in the folder; no image is opened.

    What ``metadata.csv`` names wins over what the names of files say. Raises ``InputError`` when it is broken.
    """
    walked = walk(folder, rank=partial(_told, classes=classes))
    metadata = _metadata(_metadata_table(folder / METADATA), folder, walked)
    listed = metadata["mask_path"].dropna()
    taken = {METADATA, *listed, *metadata.index}
    by_name, _ = outlines([path for path in walked.files if path not in taken], classes.names)
    return {
        **{image: mask for mask, image in sorted(by_name.items(), reverse=True)},
        **dict(zip(map(str, listed.index), listed, strict=True)),
    }


# What the metadata says ----------------------------------------------------------------------------------------------


def _metadata_table(path: Path) -> Table | None:
    if path.is_file():
        return read_table(path, needed="image_path", known=METADATA_COLUMNS)
    if path.exists() or path.is_symlink():
        raise InputError(f"{path}: not a file; expected a CSV file, or nothing of that name.")
    return None


def _metadata(table: Table | None, folder: Path, walked: Found) -> pd.DataFrame:
    """Return the metadata by image path, paths spelled as the files are found."""
    if table is None:
        return pd.DataFrame(columns=list(METADATA_COLUMNS), index=pd.Index([], name="image_path"), dtype="str")
    frame = pd.DataFrame({column: table.known(column)[0] for column in METADATA_COLUMNS})
    frame["label"] = table.written("label")
    frame.insert(0, "image_path", table.written("image_path"))
    places = _Places(folder, walked)
    for column in ("image_path", "mask_path"):
        given = frame[column].dropna()
        placed = [places.find(path) for path in given]
        for line, path, place in zip(given.index, given, placed, strict=True):
            if place is None:
                raise InputError(f"{table.file}: row {line}, {column} {path!r} leaves the data set folder.")
        frame.loc[given.index, column] = placed
    repeated = frame["image_path"].isna() | frame["image_path"].duplicated()
    if repeated.any():
        line, path = next(iter(frame.loc[repeated, "image_path"].items()))
        what = "is empty" if pd.isna(path) else f"{path!r} is repeated"
        raise InputError(f"{table.file}: row {line}, image_path {what}.")
    return frame.set_index("image_path")


class _Places:
    """The files of a folder under every spelling of their paths."""

    def __init__(self, folder: Path, walked: Found) -> None:
        self._folder, self._found = folder, walked
        self._exact = dict.fromkeys(walked.files)
        self._plain = {plain(path): path for path in walked.files}
        self._small: dict[str, str | None] = {}
        for path in walked.files:
            key = plain(path).casefold()
            self._small[key] = None if key in self._small else path

    def find(self, given: str) -> str | None:
        """Return the path under which a file is listed; a tidy path where there is none, none if it leads out."""
        if given in self._exact:
            return given
        written = self._inside(given)
        if written is None:
            return None
        place = self._plain.get(written) or self._small.get(written.casefold())
        key = None if place else identity(self._folder / written)
        return place or (self._found.at.get(key, written) if key else written)

    def _inside(self, given: str) -> str | None:
        path = Path(given)
        if path.is_absolute():
            roots = (self._folder, self._folder.absolute(), self._folder.resolve())
            under = [path.relative_to(root).as_posix() for root in roots if path.is_relative_to(root)]
            return relative_path(under[0]) if under and stays_inside(under[0]) else None
        inside = normpath(relative_path(given))
        return inside if stays_inside(inside) else None


# Which files are images ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """``images`` in order; ``masks`` maps images to outlines found by name; ``unused`` paths to reasons."""

    images: tuple[str, ...]
    masks: Mapping[str, str]
    unused: Mapping[str, str]


def _lost(path: str, reason: str) -> bool:
    """Whether what is not used may be a scan: no file of another kind, no outline, nothing that is read elsewhere."""
    if reason == NOT_LISTED:
        return False
    if reason in (NO_CLASS_FOLDER, NO_SPLIT):
        return PurePosixPath(path).suffix.lower() in IMAGE_FILES
    return READ_THERE not in reason and reason not in (ALONE, ANOTHER, BESIDE_OUTLINES, NAMED_ALIKE, EMPTY)


def _told(path: str, *, classes: ClassOrder) -> int:
    """Return how much the folders of a path say: more for a class than for a split, most for both."""
    folders = PurePosixPath(path).parts[:-1]
    labelled = [part for part in folders if named(part, classes.names)]
    return 2 * bool(labelled) + any(split_of(part) for part in folders if part not in labelled)


def _choose(
    walked: Found, metadata: pd.DataFrame, classes: ClassOrder, folder: Path, listing: Listing | None
) -> _Chosen:
    table = METADATA if listing is None else listing.file.name
    named_outlines = set(metadata["mask_path"].dropna())
    files = [path for path in walked.files if path not in named_outlines and path != METADATA]
    of_name, unused = outlines([path for path in files if path not in metadata.index], classes.names)
    beside = {PurePosixPath(path).parent for path in named_outlines}
    reasons = _Reasons(files, classes, folder)
    images = []
    for path in files:
        if path in metadata.index:
            images.append(path)
        elif path not in of_name and path not in unused:
            outline = PurePosixPath(path).parent in beside
            if listing is not None:
                unused[path] = NOT_LISTED
            elif reason := reasons.reason(path, among_outlines=outline):
                unused[path] = reason
            else:
                images.append(path)
    there = set(walked.files)
    gone = [path for path in metadata.index if path not in there and not (folder / path).is_file()]
    hidden = [path for path in metadata.index if path not in there and path not in gone]
    unused |= dict(walked.unused) | dict.fromkeys(gone, GONE.format(table=table))
    unused |= {path: GONE_OUTLINE.format(table=table) for path in named_outlines if not (folder / path).is_file()}
    seen: set[str] = set()
    for path in (images := sorted({*images, *hidden})):
        if printable(path) != path or not stays_inside(path):
            unused[path] = NAME_REASON
        elif plain(path) in seen:
            unused[path] = TWICE
        seen.add(plain(path))
    masks = {image: mask for mask, image in sorted(of_name.items(), reverse=True)}
    return _Chosen(images=tuple(images), masks=masks, unused=unused)


class _Reasons:
    """Why a file is no image of the data set, by its place."""

    def __init__(self, files: Iterable[str], classes: ClassOrder, folder: Path) -> None:
        self._classes, self._folder = classes.names, folder
        self._splits = {PurePosixPath(path).parts[0] for path in files if "/" in path and self._split(path)}

    def _split(self, path: str) -> str | None:
        first = PurePosixPath(path).parts[0]
        return None if named(first, self._classes) else split_of(first)

    def reason(self, path: str, *, among_outlines: bool) -> str | None:
        """Return why a file is not used; none for one in a class folder.

        Raises ``InputError`` for an image in a folder that could be meant as a class and is none.
        """
        parts = PurePosixPath(path).parts
        if len(parts) == 1 and "metadata" in plain(path).casefold():
            return OTHER_METADATA
        if self._splits and parts[0] not in self._splits:
            return self._loose(path, NO_SPLIT if len(parts) > 1 else NO_CLASS_FOLDER)
        inner = list(parts[1:-1] if self._splits else parts[:-1])
        while inner and inner[0].casefold() in PICTURES and not named(inner[0], self._classes):
            del inner[0]
        if not inner:
            return self._loose(path, NO_CLASS_FOLDER)
        if named(inner[0], self._classes):
            return None
        if among_outlines:
            return BESIDE_OUTLINES
        if PurePosixPath(path).suffix.lower() not in IMAGE_FILES:
            return NO_CLASS_FOLDER
        place = self._folder.joinpath(*parts[: parts.index(inner[0])], inner[0])
        raise InputError(f"{place}: folder {inner[0]!r} is not a class; expected {list(self._classes)}.")

    def _loose(self, path: str, reason: str) -> str:
        """Return the reason, or that the file was a link to a folder: git and ZIP may write its target as text."""
        name = PurePosixPath(path).name
        file = self._folder / path
        if (named(name, self._classes) or split_of(name)) and file.stat().st_size < 1000:
            return LINK_AS_TEXT
        return reason


def _mapped(values: pd.Series, mapping: Callable[[str], str | None]) -> pd.Series:
    """Return what each text is mapped to, as text; missing stays missing."""
    return pd.Series([None if pd.isna(v) else mapping(v) for v in values], index=values.index, dtype="str")


def _labels(cases: pd.DataFrame, classes: ClassOrder, folder: Path) -> pd.Series:
    given = _mapped(cases["label"], lambda text: named(text, classes.names) or (None if is_missing(text) else text))
    labels = given.fillna(pd.Series(_by_folder(cases["image_path"], classes), index=given.index, dtype="str"))
    wrong = ~labels.isin(classes.names)
    if wrong.any():
        path, label = cases["image_path"][wrong].iloc[0], labels[wrong].iloc[0]
        shown = "no label" if pd.isna(label) else f"label {label!r}"
        raise InputError(f"{folder}: {path} has {shown}; expected one of {list(classes.names)}.")
    return labels


def _by_folder(paths: Iterable[str], classes: ClassOrder) -> list[str | None]:
    """Return the class that the folders of each path name, none where they name none."""
    return [
        next((label for part in PurePosixPath(path).parts[:-1] if (label := named(part, classes.names))), None)
        for path in paths
    ]


def _splits(cases: pd.DataFrame, default: str, classes: ClassOrder, folder: Path) -> pd.Series:
    def of_place(path: str) -> str:
        folders = [part for part in PurePosixPath(path).parts[:-1] if not named(part, classes.names)]
        return next((split for part in folders if (split := split_of(part))), default)

    given = _mapped(cases["split"], lambda split: split_of(split) or split)
    splits = given.fillna(_mapped(cases["image_path"], of_place))
    wrong = ~splits.isin(SPLITS)
    if wrong.any():
        path, split = cases["image_path"][wrong].iloc[0], splits[wrong].iloc[0]
        raise InputError(f"{folder}: {path} has split {split!r}; expected one of {list(SPLITS)}.")
    return splits


# Reading the files ---------------------------------------------------------------------------------------------------


def _describe_all(folder: Path, paths: list[str], *, progress: bool) -> list[FileFacts | str]:
    def described(path: str) -> FileFacts | str:
        try:
            return describe(folder / path)
        except ImageError as error:
            return str(error)

    # Decoding and hashing release the interpreter lock; more threads than cores would only wait for it.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(
            Bar(pool.map(described, paths), total=len(paths), desc="Reading images", unit="image", disable=not progress)
        )


def _bad_outlines(folder: Path, cases: pd.DataFrame) -> dict[str, str]:
    """Return the outlines on disk that cannot be read, with the reason."""

    def fault(path: str) -> str | None:
        try:
            read_image(folder / path)
        except ImageError as error:
            return f"an outline that cannot be used: {error}"
        return None

    paths = [path for path in cases["mask_path"].dropna().unique() if (folder / path).is_file()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {path: reason for path, reason in zip(paths, pool.map(fault, paths), strict=True) if reason}


def _intake(
    cases: pd.DataFrame,
    unused: Mapping[str, str],
    classes: ClassOrder,
    table: Table | None,
    *,
    hidden: int,
    listing: Listing | None,
) -> Intake:
    name_of_table = METADATA if listing is None else listing.file.name
    columns = [] if table is None else list(table.columns)
    missing, kept = [], [column for column in ("image_path", *METADATA_COLUMNS) if column in columns]
    for column in METADATA_COLUMNS[2:]:  # label and split have a place as well
        count = int(cases[column].isna().sum())
        if column == "patient_id" or column in kept:
            written = () if table is None else table.known(column)[1]
            missing.append(Missing(column=column, count=count, n=len(cases), written=written))
    empty = [name for name in classes.names if not (cases["label"] == name).any()]
    outlined = int(cases["mask_path"].notna().sum())
    moved = sum(
        label not in (None, given)
        for label, given in zip(_by_folder(cases["image_path"], classes), cases["label"], strict=True)
    )
    notes = [f"no image of {name}" for name in empty]
    notes += [f"{outlined:,} with an outline"] if outlined else []
    if moved:
        notes.append(f"{moved:,} of another class in {name_of_table} than their folder says; {name_of_table} counts")
    notes += [f"{hidden:,} hidden, such as .DS_Store, skipped"] if hidden else []
    return Intake(
        unit="image",
        read=len(cases),
        unused=by_reason(sorted((printable(path), reason) for path, reason in unused.items())),
        missing=tuple(missing),
        kept=tuple(kept),
        ignored={
            **{name: NO_COLUMN for name in columns if name not in kept},
            **({} if table is None else table.ignored),
        },
        notes=(
            *notes,
            *(() if table is None else table.notes),
            *crowded_ids(cases["patient_id"]),
            *unread_ids(columns),
        ),
    )
