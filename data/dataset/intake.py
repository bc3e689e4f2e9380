"""What became of what somebody gave: how much was read, what was not used and why, what is missing, kept and ignored.

Reading a folder of images and reading a table of predictions both make one; the command line prints it, the study
keeps it under ``[provenance]``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.data.storage.spelling import plain

FEW: Final = 2  # rows that any patient may have
CROWDED: Final = 10  # times as many rows as other patients have
NAMED: Final = 3  # examples of what was not used for the same reason

PERSON: Final = re.compile(
    r"(anon(ymi[sz]ed)?)?(pid|mrn|(patient|pat|pt|subject|subj|participant|person|individual)s?(id|ids|uid|no|nr|num|"
    r"number|code|key|name|identifier)?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """So many things that were not used for one reason, the first of them by name."""

    reason: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A column without a value in ``count`` of ``n`` rows; ``written`` is what stood there for a missing value."""

    column: str
    count: int
    n: int
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What was read, counted in ``unit`` (image or row). ``ignored`` maps columns to why they are not kept."""

    unit: str
    read: int
    unused: tuple[Unused, ...] = ()
    missing: tuple[Missing, ...] = ()
    kept: tuple[str, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return it as a table of ``study.toml``."""
        document = asdict(self)
        for name in ("unused", "missing"):
            document[name] = [
                {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()} for row in document[name]
            ]
        return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}


def from_document(document: Mapping[str, Any]) -> Intake:
    """Return what ``to_document`` made."""
    return Intake(
        unit=document["unit"],
        read=document["read"],
        unused=tuple(Unused(**{**row, "names": tuple(row["names"])}) for row in document["unused"]),
        missing=tuple(Missing(**{**row, "written": tuple(row["written"])}) for row in document["missing"]),
        kept=tuple(document["kept"]),
        ignored=dict(document["ignored"]),
        notes=tuple(document["notes"]),
    )


def by_reason(unused: Iterable[tuple[str, str]]) -> tuple[Unused, ...]:
    """Return what was not used, as pairs of name and reason, put together by reason in the order of the first."""
    names: dict[str, list[str]] = {}
    for name, reason in unused:
        names.setdefault(reason, []).append(name)
    return tuple(Unused(reason=why, count=len(all_), names=tuple(all_[:NAMED])) for why, all_ in names.items())


def crowded_ids(patient_id: pd.Series) -> tuple[str, ...]:
    """Return a note for each id that stands in so many rows that it may mean "not known" in words not known here.

    That is in all of several rows, or in more than ten times as many as the median of the others.
    """
    rows = patient_id.value_counts()
    counts = rows.to_numpy()
    noted = np.flatnonzero((counts > FEW) & (counts > CROWDED * _median_of_others(counts)))
    return tuple(
        f"patient_id {rows.index[place]!r} stands in {counts[place]:,} of {len(patient_id):,} rows; if it means that "
        "the patient is not known, leave it empty"
        for place in noted.tolist()
    )


def _median_of_others(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return for each of the counts (n,), which fall, the median of the others; 0 for a single one."""
    number = len(counts)
    if number < 2:
        return np.zeros(number)
    rising, own = counts[::-1], np.arange(number)[::-1]  # where each stands among the rising ones
    middle = [rising[place + (place >= own)] for place in ((number - 2) // 2, (number - 1) // 2)]
    median: NDArray[np.float64] = np.mean(middle, axis=0)
    return median


def unread_ids(columns: Iterable[str]) -> tuple[str, ...]:
    """Return a note for each column that may hold patient ids under another name; none where ``patient_id`` is read."""
    names = list(columns)
    if "patient_id" in names:
        return ()
    alike = [name for name in names if PERSON.fullmatch(re.sub(r"[\W_]", "", plain(name)).casefold())]
    return tuple(f"column {name!r} may hold patient ids and is not read as such; name it patient_id" for name in alike)
