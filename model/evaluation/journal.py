"""The journal of an evaluation: finished parts on disk, from which a stopped run goes on."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.storage.atomic import file_written_whole, write_file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Some of the cases, in one file of the journal: arrays of which each has a row for each case."""

    file: Path
    cases: pd.DataFrame

    @property
    def done(self) -> bool:
        return self.file.is_file()

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the arrays whole: a killed run leaves no half of a file."""
        with file_written_whole(self.file) as part:
            np.savez(part, allow_pickle=False, **arrays)

    def load(self, *names: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of these names."""
        with np.load(self.file) as arrays:
            return {name: arrays[name] for name in names if name in arrays.files}


def open_journal(folder: Path, job: str) -> None:
    """Keep the journal of the same job; start anew for any other."""
    path = folder / "job"
    if not path.is_file() or path.read_text() != job:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_file(path, job)


def cut(folder: Path, name: str, cases: pd.DataFrame, *, size: int) -> list[Part]:
    """Return the parts of ``size`` cases that hold ``cases``, in their order."""
    starts = range(0, len(cases), size)
    return [
        Part(file=folder / f"{name}-{index:06d}.npz", cases=cases.iloc[start : start + size])
        for index, start in enumerate(starts)
    ]


def collected(parts: Sequence[Part], *names: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of all parts, one after the other; a name that they do not hold is left out."""
    loaded = [part.load(*names) for part in parts]
    return {name: np.concatenate([part[name] for part in loaded]) for name in (loaded[0] if loaded else ())}


def rows(parts: Sequence[Part], name: str) -> Iterator[tuple[pd.DataFrame, NDArray[Any], NDArray[np.bool_]]]:
    """Yield the cases of each part, its array ``name``, and which of its images could be read."""
    for part in parts:
        arrays = part.load(name, "reason")
        yield part.cases, arrays[name], arrays["reason"] == ""
