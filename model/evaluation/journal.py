"""The journal of an evaluation: finished parts on disk, from which a stopped run goes on.

Whoever opens it holds the lock of the study. Each part says of which job it is, so that what another job has computed
is never taken for one's own.
"""

import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.storage.atomic import file_written_whole, write_file

CASES_IN_PART: Final = 256  # of an evaluation
UNITS_IN_PART: Final = 24  # of a trial: each unit is many images
JOB: Final = "job"  # the array of a part that says of which job it is
DAMAGED: Final = (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


class State(Enum):
    """What is there in the place of a part."""

    DONE = "done"
    MISSING = "missing"
    DAMAGED = "damaged"
    FOREIGN = "of another job"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Some of the cases, in one file of the journal: arrays of which each has a row for each case, and the ``job``."""

    file: Path
    cases: pd.DataFrame
    job: str

    @property
    def state(self) -> State:
        """Whether the part is there, is whole to its last byte, and is of this job."""
        try:
            with self.file.open("rb") as file, np.load(file) as arrays:
                if arrays.zip.testzip() is not None:
                    return State.DAMAGED
                ours = JOB in arrays.files and str(arrays[JOB]) == self.job
                return State.DONE if ours else State.FOREIGN
        except FileNotFoundError:
            return State.MISSING
        except DAMAGED:
            return State.DAMAGED

    @property
    def done(self) -> bool:
        """Whether the part is there, can be read, and is of this job."""
        return self.state is State.DONE

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the arrays whole: a killed run leaves no half of a file."""
        with file_written_whole(self.file) as part:
            np.savez(part, allow_pickle=False, **{**arrays, JOB: np.array(self.job)})

    def load(self, *names: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of these names. Raises ``InputError`` when the file is damaged or of another job."""
        try:
            with np.load(self.file) as arrays:
                if JOB in arrays.files and str(arrays[JOB]) == self.job:
                    return {name: arrays[name] for name in names if name in arrays.files}
        except DAMAGED as error:
            raise InputError(f"{self.file}: damaged ({error}); start this run again.") from None
        raise InputError(f"{self.file}: computed by another run; start this one again.")


def journal_of(study: Path) -> Path:
    """Return the folder of the journal of a study: beside it, on its disk."""
    place = study.resolve()
    return place.with_name(f".{place.name}.partial")


def open_journal(folder: Path, job: str) -> None:
    """Keep the journal of the same job; start anew for any other."""
    path = folder / JOB
    if not path.is_file() or path.read_bytes() != job.encode():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_file(path, job)


def cut(folder: Path, name: str, cases: pd.DataFrame, *, size: int, job: str) -> list[Part]:
    """Return the parts of ``size`` cases of a job that hold ``cases``, in their order."""
    starts = range(0, len(cases), size)
    return [
        Part(file=folder / f"{name}-{index:06d}.npz", cases=cases.iloc[start : start + size], job=job)
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
