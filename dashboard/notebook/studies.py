"""Studies in Python: made of a table, or read; their report."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd

from neuroval.data.exceptions import InputError
from neuroval.data.storage import home
from neuroval.data.storage.atomic import write_file
from neuroval.data.storage.scratch import scratch
from neuroval.data.study.folder import Study as Folder
from neuroval.data.study.folder import read_study as read_folder
from neuroval.data.study.import_predictions import TEXT_COLUMNS, study_of_predictions

CLASS: Final = "{class}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """A study, as ``from_frame`` or ``read_study`` returns it; ``held`` is what it holds."""

    held: Folder

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in their order."""
        return self.held.classes.names

    @property
    def fingerprint(self) -> str:
        """What tells this study from any other."""
        return self.held.fingerprint

    def report(self, file: str | Path, **options: Any) -> Path:
        """Write the validation report as PDF and return its place.

        ``options`` are those of ``neuroval report``: ``basis``, ``level``, ``prevalence``, ``threshold``, ``reviewer``,
        ``site``, ``remarks``, ``all_errors``, ``sections``. Raises ``InputError`` for one that cannot be.
        """
        from neuroval.dashboard.report.options import Options
        from neuroval.dashboard.report.pdf import report

        place = Path(file)
        try:
            chosen = Options(**options)
        except TypeError as error:
            raise InputError(f"report: {error}; expected options of neuroval report.") from None
        write_file(place, report(self.held, chosen))
        return place

    def __repr__(self) -> str:
        counts = self.held.cases["split"].value_counts()
        splits = ", ".join(f"{split} {count:,}" for split, count in counts.items())
        return f"Study {self.held.manifest.about.title!r}: {splits} cases; classes {', '.join(self.classes)}"

    def _repr_html_(self) -> str:
        counts = self.held.cases.groupby(["split", "label"], observed=True).size().unstack(fill_value=0)
        title = escape(self.held.manifest.about.title)
        return f"<p><b>{title}</b> <code>{self.fingerprint[:16]}</code></p>{counts.to_html()}"


def from_frame(
    frame: pd.DataFrame,
    *,
    label: str = "label",
    prob: str | Sequence[str] = f"prob_{CLASS}",
    classes: Sequence[str] | None = None,
    negative: str | None = None,
    split: str | None = None,
    patient: str | None = None,
    image_path: str | None = None,
    keep: Sequence[str] | None = None,
    name: str = "predictions",
    title: str | None = None,
    out: str | Path | None = None,
) -> Study:
    """Return a study of the predictions in a table, a row for each case.

    ``label`` names the column of the reference standard. ``prob`` is the pattern of the columns of probabilities, in
    which ``{class}`` stands for the class, or a list of such columns, in the order of ``classes``. ``split``,
    ``patient`` and ``image_path`` name columns that the contract calls ``split``, ``patient_id`` and ``image_path``;
    columns that have these names are taken without. ``keep`` lists further columns, such as sex or site; by default
    all of few values or numbers are kept. ``negative`` is the class that means nothing was found. ``out``, a folder or
    a name, keeps the study where the dashboard finds it. Raises ``InputError`` naming what does not fit.
    """
    table = _renamed(
        frame,
        {"label": label, "split": split, "patient_id": patient, "image_path": image_path},
        _probabilities(frame, prob, classes),
    )
    with scratch("frame") as place:
        file = place / f"{name}.parquet"
        table.to_parquet(file, index=False)
        made = study_of_predictions(
            file,
            out=place / name if out is None else home.new_study(out),
            data_name=name,
            title=title or name,
            classes=None if classes is None else list(classes),
            negative=negative,
            keep=None if keep is None else [column for column in keep if column not in TEXT_COLUMNS],
        )
    return Study(held=made)


def read_study(name_or_path: str | Path) -> Study:
    """Return a study by its name or from its folder. Raises ``InputError`` naming what there is otherwise."""
    return Study(held=read_folder(home.find_study(name_or_path)))


def _probabilities(frame: pd.DataFrame, prob: str | Sequence[str], classes: Sequence[str] | None) -> dict[str, str]:
    """Return the columns of probabilities and the names that the contract gives them."""
    if not isinstance(prob, str):
        if classes is None or len(classes) != len(prob):
            raise InputError("prob: a list of columns needs classes, as many and in the same order.")
        return {column: f"prob_{cls}" for column, cls in zip(prob, classes, strict=True)}
    before, mark, after = prob.partition(CLASS)
    if not mark:
        raise InputError(f"prob: {prob!r} lacks {CLASS}; expected a pattern such as 'prob_{CLASS}', or a list.")
    names = [str(column) for column in frame.columns]
    fitting = [column for column in names if column.startswith(before) and column.endswith(after)]
    columns = {column: column[len(before) : len(column) - len(after)] for column in fitting}
    if classes is not None:
        columns = {column: cls for column, cls in columns.items() if cls in classes}
    if not before and not after:
        labels = set(map(str, classes or ()))
        columns = {column: cls for column, cls in columns.items() if cls in labels}
    if not columns:
        raise InputError(f"prob: no column is as {prob!r}; found {names}.")
    return {column: f"prob_{cls}" for column, cls in columns.items()}


def _renamed(frame: pd.DataFrame, named: dict[str, str | None], probabilities: dict[str, str]) -> pd.DataFrame:
    """Return the table with the names of the contract; a column of such a name that is not meant goes."""
    names = {**{column: name for name, column in named.items() if column is not None}, **probabilities}
    for column in names:
        if column not in frame.columns:
            raise InputError(f"column {column!r} is missing; found {[str(name) for name in frame.columns]}.")
    taken = [name for column, name in names.items() if column != name and name in frame.columns and name not in names]
    return frame.drop(columns=taken).rename(columns=names)
