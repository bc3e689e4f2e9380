"""Every number of the registry as one tidy table: a row a number, its interval and what it rests on.

Exports as CSV and Parquet, ``neuroval analyze --csv`` and the file of numbers in a report are this table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import (
    ANY_TUMOUR,
    COUNTED,
    COUNTED_OVERALL,
    ERROR_RATES,
    FURTHER,
    MAPS,
    OF_MAPS,
    OF_SUBGROUP,
    OVERALL,
    RANKED_OVERALL,
    SCORES,
    TRIED,
    WORST,
    WORST_OVERALL,
    Metric,
    read,
    split_key,
)
from neuroval.analysis.performance.per_class import Performance
from neuroval.analysis.performance.subgroups import Subgroups, name_of
from neuroval.analysis.study.results import Results
from neuroval.dashboard.documents.plain_values import estimate_of
from neuroval.dashboard.documents.spreadsheet import as_text
from neuroval.data.study.evaluated_cases import NEW_PATIENTS

NEW, UNGROUPED = "new_to_the_model", "folds_ungrouped"  # further bases
COLUMNS: Final = {
    "metric": "str",
    "subject": "str",
    "basis": "str",
    "subgroup": "str",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
    "method": "str",
    "n": "Int64",
    "count": "Int64",
    "reason": "str",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number: ``metric`` is its key in the registry, ``basis`` the cases it is of; the estimate is the headline.

    ``subgroup`` says which of these cases, as ``site=north``; empty for all of them.
    """

    metric: str
    subject: str
    basis: str
    estimate: Estimate
    subgroup: str = ""


def numbers(results: Results) -> Iterator[Number]:
    """Return the numbers on the basis of the results, those that rest on counts on the other bases, and subgroups.

    The subject is ``overall``, ``any_tumour``, a class, ``confidence`` or ``errors``; subject and metric make the key
    that criteria and claims use.
    """
    chosen = results.basis
    yield from _of(results.performance, basis=chosen)
    yield from _rows(read(RANKED_OVERALL, results.aucs), subject=OVERALL, basis=chosen)
    for name, subject in results.subjects.items():
        yield from _rows(read(FURTHER, subject), subject=_key(name, results.performance), basis=chosen)
    yield from _rows(read(SCORES, results.confidence), subject="confidence", basis=chosen)
    yield from _rows(read(ERROR_RATES, results.errors), subject="errors", basis=chosen)
    for name, tried in ({} if results.trial is None else results.trial.subjects).items():
        yield from _rows(read(TRIED, tried), subject=name, basis=results.published.basis)
    if results.trial is not None and results.trial.maps is not None:
        yield from _rows(read(OF_MAPS, results.trial.maps), subject=MAPS, basis=results.published.basis)
    yield from _of_no_result(results)
    published = results.published
    for basis, judged in (
        (published.basis, published.performance),
        (NEW, results.audit.unseen.performance),
        (NEW_PATIENTS, results.whole.grouped.performance),
        (UNGROUPED, results.whole.ungrouped.performance),
    ):
        if judged is not None and basis != chosen:
            yield from _of(judged, basis=basis)
    for name in results.subgroups.columns:
        yield from _of_subgroups(results.subgroups.by((name,)), basis=chosen)


def tidy_table(results: Results) -> pd.DataFrame:
    """Return the numbers of a study as a table with the columns ``COLUMNS``; what is not known is missing."""
    rows = [
        {
            "metric": number.metric,
            "subject": number.subject,
            "basis": number.basis,
            "subgroup": number.subgroup or None,
            **{name: value for name, value in estimate_of(number.estimate).items() if name in COLUMNS},
        }
        for number in numbers(results)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def as_csv(results: Results) -> str:
    """Return the table as CSV, full precision, empty where nothing is known; no cell is run by a spreadsheet."""
    shown = tidy_table(results)
    texts = {name: shown[name].map(as_text, na_action="ignore") for name, kind in COLUMNS.items() if kind == "str"}
    return shown.assign(**texts).to_csv(index=False, lineterminator="\n")


def _of(judged: Performance, *, basis: str) -> Iterator[Number]:
    yield from _rows(read(COUNTED_OVERALL, judged.overall), subject=OVERALL, basis=basis)
    if judged.any_tumour is not None:
        yield from _rows(read(COUNTED, judged.any_tumour), subject=ANY_TUMOUR, basis=basis)
    for rates in judged.classes:
        yield from _rows(read(COUNTED, rates), subject=rates.name, basis=basis)


def _of_no_result(results: Results) -> Iterator[Number]:
    numbers = results.no_result
    if numbers is None:
        return
    yield from _rows(read(WORST_OVERALL, numbers), subject=OVERALL, basis=numbers.basis)
    for question in numbers.questions:
        yield from _rows(read(WORST, question), subject=_key(question.name, results.performance), basis=numbers.basis)


def _of_subgroups(table: Subgroups, *, basis: str) -> Iterator[Number]:
    """Yield the rate of each level, and as ``<metric>.difference_to_rest`` how far it lies from the others."""
    rate, difference = OF_SUBGROUP
    for level in table.levels:
        for key, number in level.numbers.items():
            subject, name = split_key(key)
            for metric, label in ((rate, name), (difference, f"{name}.{difference.key}")):
                measure = metric.value_of(number)
                if measure is not None:
                    yield Number(
                        metric=label,
                        subject=subject,
                        basis=basis,
                        estimate=measure.headline,
                        subgroup=name_of(table.by, level.values),
                    )


def _key(name: str, judged: Performance) -> str:
    return ANY_TUMOUR if judged.any_tumour is not None and name == judged.any_tumour.name else name


def _rows(measures: Iterable[tuple[Metric[Any], Measure]], *, subject: str, basis: str) -> Iterator[Number]:
    for metric, measure in measures:
        yield Number(metric=metric.key, subject=subject, basis=basis, estimate=measure.headline)
