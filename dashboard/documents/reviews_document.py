"""The reviews of a study as plain values: who read what, agreement, disputed labels, and the files that go out."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from neuroval.analysis.readers.adjudicated_labels import adjudicated
from neuroval.analysis.readers.against_reference import as_ratings, corrected, corrected_rates, readers_against
from neuroval.analysis.readers.agreement import agreement
from neuroval.analysis.readers.state import Opinion, agreed_class, left_out, status_of
from neuroval.analysis.study.results import Results
from neuroval.dashboard.cases.reviews import Reviews, reviews_of
from neuroval.dashboard.documents.plain_values import plain
from neuroval.dashboard.documents.reading_document import document_of_reading, plain_agreement, plain_corrected
from neuroval.dashboard.documents.spreadsheet import MARK, as_text
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import Entry, Event, canonical, content, event_of, hash_of
from neuroval.data.reviews.store import StoreError
from neuroval.data.storage.arrow_text import positions
from neuroval.data.study.folder import Study

SEED: Final = 20261130
RESAMPLES: Final = 1000
EVENT_COLUMNS: Final = (
    "number", "id", "at", "who", "study", "case_id", "image_sha256", "kind", "payload", "reason", "before", "hash"
)  # fmt: skip
RANGE: Final = ("before", "least", "most")  # of a number with corrected labels
METADATA_COLUMNS: Final = ("image_path", "label", "split", "patient_id", "plane", "source", "site")


def section(source: Results) -> dict[str, Any]:
    """Return what readers say of a study's cases, as ``neuroval analyze`` prints it; a reason where it is not known."""
    try:
        return document_of_reviews(source, reviews_of(source.study))
    except StoreError as error:
        return {"reason": str(error)}


def document_of_reviews(source: Results, reviews: Reviews) -> dict[str, Any]:
    """Return the state of the review of all cases, and readers and model on the evaluated ones.

    Rates, agreement and corrected accuracy are of the evaluated cases alone. Readers, in the order of the alphabet,
    have ``judged`` so many cases of any split.
    """
    status = reviews.counts()
    return {
        "reason": None,
        "events": reviews.head.number,
        "head": reviews.head.hash,
        "cases": len(source.study.cases),
        "judged": sum(status.values()),
        "status": status,
        "readers": _readers(source, reviews),
        "agreement": _agreement(source, reviews),
        "corrected": _corrected(source, reviews),
        "disputed": _disputed(source.study, reviews),
        **document_of_reading(source, reviews),
    }


def _rated(source: Results, reviews: Reviews) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the rows of evaluated cases to which a reader gave a class (m,), and the classes (m, r)."""
    choices = {
        (case_id, opinion.who): opinion.choice
        for case_id, given in reviews.by_case.items()
        for opinion in given
        if opinion.choice is not None
    }
    ids = sorted({case_id for case_id, _ in choices})
    rows = positions(pd.Series(ids, dtype="str"), among=source.evaluated.case_ids)
    ids = [case_id for case_id, row in zip(ids, rows.tolist(), strict=True) if row >= 0]
    ratings = as_ratings(choices, cases=ids, readers=reviews.readers, classes=source.study.classes.names)
    return rows[rows >= 0], ratings


def _readers(source: Results, reviews: Reviews) -> list[dict[str, Any]]:
    rows, ratings = _rated(source, reviews)
    rates = readers_against(
        ratings,
        source.evaluated.reference[rows],
        source.predicted[rows],
        readers=reviews.readers,
        groups=source.groups[rows],
        level=source.level,
    )
    by_name = {rate.who: rate for rate in rates}
    told = []
    for who in reviews.readers:
        told_of = [opinion for given in reviews.by_case.values() for opinion in given if opinion.who == who]
        judged = [opinion for opinion in told_of if opinion.judgement is not None]
        counts = {
            name.replace("-", "_"): sum(opinion.judgement == name for opinion in judged)
            for name in ("agree", "label-wrong", "unsure", "unusable")
        }
        rate = by_name.get(who)
        compared = None if rate is None else rate.against_model
        told.append(
            {
                "who": who,
                "judged": len(judged),
                **counts,
                "last": max(opinion.at for opinion in told_of),
                "right": None if rate is None else plain(rate.right.headline),
                "model_right": None if compared is None else plain(compared.b.headline),
                "less_model": None if compared is None else plain(compared.difference.headline),
            }
        )
    return told


def _agreement(source: Results, reviews: Reviews) -> dict[str, Any] | None:
    if len(reviews.readers) < 2:
        return None
    rows, ratings = _rated(source, reviews)
    told = agreement(
        ratings,
        k=len(source.study.classes.names),
        rng=np.random.default_rng(SEED),
        groups=source.groups[rows],
        level=source.level,
        resamples=RESAMPLES,
    )
    return plain_agreement(told)


def _corrected(source: Results, reviews: Reviews) -> dict[str, Any] | None:
    """Return accuracy with the labels that readers agree on; None where nobody has judged an evaluated case."""
    judged = [case_id for case_id in reviews.by_case if reviews.status(case_id) != "none"]
    rows = positions(pd.Series(judged, dtype="str"), among=source.evaluated.case_ids)
    open_rows, out = np.zeros((2, source.evaluated.n), dtype=np.bool_)
    agreed: dict[int, int] = {}
    for case_id, row in zip(judged, rows.tolist(), strict=True):
        if row < 0:
            continue
        given = reviews.by_case[case_id]
        choice = agreed_class(given)
        if left_out(given):
            out[row] = True
        elif choice in source.study.classes.names and status_of(given) in ("agree", "label-wrong"):
            agreed[row] = source.study.classes.index(choice)
        else:
            open_rows[row] = True
    if not (agreed or open_rows.any() or out.any()):
        return None
    told = corrected(
        source.predicted,
        source.evaluated.reference,
        agreed,
        open_rows=open_rows,
        left_out=out,
        groups=source.groups,
        level=source.level,
    )
    tumour = _corrected_tumour(source, agreed, open_rows=open_rows, left_out=out)
    return {**plain_corrected(told), "any_tumour": tumour}


def _corrected_tumour(
    source: Results,
    agreed: Mapping[int, int],
    *,
    open_rows: np.ndarray[Any, Any],
    left_out: np.ndarray[Any, Any],
) -> dict[str, Any] | None:
    """Return sensitivity and specificity of any tumour with these labels; None where no class means none."""
    classes = source.study.classes
    if classes.negative is None:
        return None
    nothing = classes.index(classes.negative)
    rates = corrected_rates(
        source.predicted != nothing,
        source.evaluated.reference != nothing,
        {row: index != nothing for row, index in agreed.items()},
        open_rows=open_rows,
        left_out=left_out,
        groups=source.groups,
        level=source.level,
    )
    return {
        name: {part: plain(getattr(rate, part).headline) for part in RANGE}
        for name, rate in zip(("sensitivity", "specificity"), rates, strict=True)
    }


def _disputed(study: Study, reviews: Reviews) -> list[dict[str, Any]]:
    """Return the cases whose label a reader calls wrong, and those on which readers differ, by case id."""
    wanted = sorted(
        case_id
        for case_id, given in reviews.by_case.items()
        if status_of(given) == "differ" or any(opinion.judgement == "label-wrong" for opinion in given)
    )
    labels = study.cases.set_index("case_id")["label"].reindex(wanted)
    return [
        {
            "case_id": case_id,
            "label": label,
            "status": reviews.status(case_id),
            "agreed": agreed_class(reviews.by_case[case_id]),
            "opinions": [_opinion(opinion) for opinion in reviews.by_case[case_id]],
        }
        for case_id, label in zip(wanted, labels.tolist(), strict=True)
    ]


def _opinion(opinion: Opinion) -> dict[str, Any]:
    told = {"who": opinion.who, "judgement": opinion.judgement, "class": opinion.choice, "reason": opinion.reason}
    return {**told, "note": opinion.note, "tags": list(opinion.tags), "at": opinion.at}


# Files ---------------------------------------------------------------------------------------------------------------


def event_rows(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return events in their places, as rows of plain values."""
    return [
        {
            **content(entry.event),
            "number": entry.number,
            "before": entry.before,
            "hash": entry.hash,
        }
        for entry in entries
    ]


def events_as_json(entries: Iterable[Entry]) -> str:
    """Return events as JSON, which ``events_from_json`` reads back."""
    return json.dumps({"schema": 1, "events": event_rows(entries)}, indent=1, ensure_ascii=False, allow_nan=False)


def events_as_csv(entries: Iterable[Entry]) -> str:
    """Return events as CSV, the payload as JSON; no cell is run by a spreadsheet."""
    rows = [{**row, "payload": canonical(row["payload"])} for row in event_rows(entries)]
    return _csv(rows, EVENT_COLUMNS)


def opinions_as_csv(study: Study, reviews: Reviews) -> str:
    """Return what each reader says now, a row a case and reader, as CSV; no cell is run by a spreadsheet."""
    labels = study.cases.set_index("case_id")["label"]
    columns = ("case_id", "label", "who", "judgement", "class", "reason", "note", "tags", "at")
    rows = [
        {**_opinion(opinion), "case_id": case_id, "label": labels[case_id], "tags": " | ".join(opinion.tags)}
        for case_id in sorted(reviews.by_case)
        for opinion in reviews.by_case[case_id]
    ]
    return _csv(rows, columns)


def corrected_metadata(study: Study, reviews: Reviews) -> tuple[str, int, int]:
    """Return the ``metadata.csv`` of a data set with the labels that readers agree on, how many changed and were left.

    The adjudicated label counts where there is one; else a label is changed where all who judged it give the same
    other class. A case that was decided, or that all call, unusable is not listed, which ``metadata.csv`` cannot say
    otherwise: take its file away. Cells stand as they are, for a program to read.
    """
    labels = dict(zip(study.cases["case_id"], study.cases["label"], strict=True))
    known, settled = set(study.classes.names), adjudicated(reviews.lists)
    changed = dropped = 0
    rows: list[dict[str, Any]] = []
    for record in study.cases.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        case_id = row["case_id"]
        given = reviews.by_case.get(case_id, ())
        choice = settled.labels.get(case_id)
        if choice is None and (case_id in settled.unusable or left_out(given)):
            dropped += 1
            continue
        if choice is None and status_of(given) == "label-wrong":
            choice = agreed_class(given)
        if choice in known and choice != labels[case_id]:
            row["label"] = choice
            changed += 1
        if isinstance(row["image_path"], str):
            rows.append(row)
    columns = [name for name in METADATA_COLUMNS if any(isinstance(row.get(name), str) for row in rows)]
    return _csv(rows, columns, guarded=False), changed, dropped


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, guarded: bool = True) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = ["" if row.get(name) is None or row[name] != row[name] else str(row[name]) for name in columns]
        writer.writerow([as_text(cell) for cell in cells] if guarded else cells)
    return buffer.getvalue()


def events_from(text: str, *, where: str) -> tuple[Event, ...]:
    """Return the events of an exported file, CSV or JSON, each as it was when it was exported.

    Raises ``InputError``, naming the row, for an event that does not fit its hash.
    """
    rows = _rows_of_json(text, where) if text.lstrip().startswith("{") else _rows_of_csv(text, where)
    events = []
    for place, row in enumerate(rows, start=1):
        try:
            event = event_of(row)
            fits = hash_of(event, number=int(row["number"]), before=str(row["before"])) == row["hash"]
        except KeyError as error:
            raise InputError(
                f"{where}: event {place} has no {error.args[0]}; expected a file of reviews export."
            ) from None
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: event {place}: {error}") from None
        if not fits:
            raise InputError(
                f"{where}: event {place} is not as it was exported: its hash does not fit. Export it again."
            )
        events.append(event)
    return tuple(events)


def _rows_of_json(text: str, where: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"{where}: no JSON ({error}).") from None
    rows = document.get("events")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{where}: has no list of events; expected a file of neuroval reviews export.")
    return rows


def _rows_of_csv(text: str, where: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    missing = [name for name in EVENT_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{where}: has no column {missing[0]}; expected a file of neuroval reviews export.")
    return [{name: _as_written(row[name] or "") for name in EVENT_COLUMNS} for row in reader]


def _as_written(cell: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from running it."""
    rest = cell.removeprefix(MARK)
    return rest if cell != rest and as_text(rest) == cell else cell
