"""Reading a data set folder into cases.

A data set is a folder with one sub-folder per class, optionally under ``Training/`` and ``Testing/``, optionally
with ``metadata.csv`` (``image_path`` required; ``label``, ``split``, ``patient_id``, ``plane``, ``source``, ``site``,
``mask_path`` optional). What the metadata says wins over the folder names.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import ImageError, InputError
from neuroval.data.images.decoding import FileFacts, describe
from neuroval.data.schema import SPLITS
from neuroval.data.storage.csv_text import read_csv
from neuroval.data.storage.files import is_hidden, printable, stays_inside
from neuroval.data.storage.progress import Bar

SPLIT_FOLDERS = {"training": "train", "testing": "test"}
NAME_REASON = "its name is not UTF-8, or another system would take it for a path outside the folder; rename the file"
METADATA_COLUMNS = ("label", "split", "patient_id", "plane", "source", "site", "mask_path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set as found on disk.

    ``cases`` has one row per usable image, sorted by path: the columns of the study's cases table but ``group_id``,
    and ``mask_path``. ``rejected`` lists the unusable files. ``hidden`` counts files in hidden folders or with
    hidden names, which are skipped.
    """

    name: str
    folder: Path
    cases: pd.DataFrame
    rejected: pd.DataFrame
    hidden: int


def case_id(data_name: str, image_path: str) -> str:
    """Return the identity of a case: stable across machines and studies of one data set."""
    return hashlib.sha256(f"{data_name}/{image_path}".encode()).hexdigest()[:16]


def read_dataset(
    folder: Path, *, name: str, classes: ClassOrder, default_split: str = "external", progress: bool = False
) -> Dataset:
    """Return the cases of a data set folder, each file opened and decoded once.

    Cases whose place or metadata names no split get ``default_split``. Files that cannot be used are listed with
    their reason and stop nothing. Raises ``InputError`` when the folder does not exist, holds no image, has a folder
    or label that is not a class, or has a broken ``metadata.csv``.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder. Expected a data set with one sub-folder per class.")
    metadata = _read_metadata(folder / "metadata.csv")
    files, hidden = _find_files(folder, classes, masks=set(metadata["mask_path"].dropna()))
    misnamed = [path for path in files if printable(path) != path or not stays_inside(path)]
    missing = [path for path in metadata.index if not (folder / path).is_file()]
    paths = sorted({*files, *metadata.index}.difference(misnamed, missing))
    if not paths:
        raise InputError(f"{folder}: no image found in class folders {list(classes.names)}.")
    cases = pd.DataFrame({"image_path": paths})
    cases = cases.join(metadata, on="image_path")
    cases["label"] = _labels(cases, classes, folder)
    cases["split"] = _splits(cases, default_split, folder)
    cases.insert(0, "case_id", [case_id(name, path) for path in paths])
    facts = _describe_all(folder, paths, progress=progress)
    broken = [isinstance(fact, str) for fact in facts]
    rejected = pd.DataFrame(
        [(p, fact) for p, fact in zip(paths, facts, strict=True) if isinstance(fact, str)]
        + [(printable(p), NAME_REASON) for p in misnamed]
        + [(p, "listed in metadata.csv but not on disk") for p in missing],
        columns=["image_path", "reason"],
    )
    described = pd.DataFrame([asdict(fact) for fact in facts if isinstance(fact, FileFacts)])
    usable = cases.loc[[not b for b in broken]].reset_index(drop=True)
    if usable.empty:
        raise InputError(
            f"{folder}: none of {len(paths):,} files can be used; the first: {rejected['reason'].iloc[0]}."
        )
    return Dataset(
        name=name, folder=folder, cases=pd.concat([usable, described], axis=1), rejected=rejected, hidden=hidden
    )


def _read_metadata(path: Path) -> pd.DataFrame:
    if not path.is_file():
        if path.exists() or path.is_symlink():
            raise InputError(f"{path}: not a file; expected a CSV file, or nothing of that name.")
        return pd.DataFrame(columns=list(METADATA_COLUMNS), index=pd.Index([], name="image_path"), dtype="str")
    table = read_csv(path, needed="image_path")
    for column in METADATA_COLUMNS:
        if column not in table:
            table[column] = pd.Series(pd.NA, index=table.index, dtype="str")
    for column in ("image_path", "mask_path"):
        for line, given in table[column].dropna().items():
            if not stays_inside(given):
                raise InputError(f"{path}: row {line}, {column} {given!r} leaves the data set folder.")
    repeated = table["image_path"].isna() | table["image_path"].duplicated()
    if repeated.any():
        line, given = next(iter(table.loc[repeated, "image_path"].items()))
        what = "is empty" if pd.isna(given) else f"{given!r} is repeated"
        raise InputError(f"{path}: row {line}, image_path {what}.")
    return table.set_index("image_path")[list(METADATA_COLUMNS)]


def _find_files(folder: Path, classes: ClassOrder, *, masks: set[str]) -> tuple[list[str], int]:
    roots = [p for p in sorted(folder.iterdir()) if p.is_dir() and p.name.lower() in SPLIT_FOLDERS] or [folder]
    mask_folders = {PurePosixPath(path).parts[0] for path in masks}
    found: list[str] = []
    hidden = 0
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.is_file():
            continue
        if any(is_hidden(part) for part in relative.parts):
            hidden += 1
            continue
        root = next((r for r in roots if path.is_relative_to(r)), None)
        if root is None or path.parent == root or relative.parts[0] in mask_folders:
            continue
        class_folder = path.relative_to(root).parts[0]
        if class_folder not in classes.names:
            raise InputError(
                f"{root / class_folder}: folder {class_folder!r} is not a class; expected {list(classes.names)}."
            )
        found.append(relative.as_posix())
    return found, hidden


def _labels(cases: pd.DataFrame, classes: ClassOrder, folder: Path) -> pd.Series:
    from_folder = cases["image_path"].map(
        lambda path: next((part for part in PurePosixPath(path).parts[:-1] if part in classes.names), None)
    )
    labels = cases["label"].fillna(from_folder)
    wrong = ~labels.isin(classes.names)
    if wrong.any():
        path, label = cases["image_path"][wrong].iloc[0], labels[wrong].iloc[0]
        found = "no label" if pd.isna(label) else f"label {label!r}"
        raise InputError(f"{folder}: {path} has {found}; expected one of {list(classes.names)}.")
    return labels


def _splits(cases: pd.DataFrame, default: str, folder: Path) -> pd.Series:
    from_folder = cases["image_path"].map(lambda path: SPLIT_FOLDERS.get(PurePosixPath(path).parts[0].lower(), default))
    splits = cases["split"].fillna(from_folder)
    wrong = ~splits.isin(SPLITS)
    if wrong.any():
        path, split = cases["image_path"][wrong].iloc[0], splits[wrong].iloc[0]
        raise InputError(f"{folder}: {path} has split {split!r}; expected one of {list(SPLITS)}.")
    return splits


def _describe_all(folder: Path, paths: list[str], *, progress: bool) -> list[FileFacts | str]:
    def one(path: str) -> FileFacts | str:
        try:
            return describe(folder / path)
        except ImageError as error:
            return str(error)

    # Decoding and hashing release the interpreter lock; more threads than cores would only wait for it.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(
            Bar(pool.map(one, paths), total=len(paths), desc="Reading images", unit="image", disable=not progress)
        )
