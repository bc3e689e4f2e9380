"""Reading lists and blind reads as plain values: progress, agreement, rates and the adjudicated labels."""

from collections.abc import Mapping
from typing import Any

from neuroval.analysis.readers.adjudicated_labels import blind_reads
from neuroval.analysis.readers.against_reference import Corrected, ReaderRates
from neuroval.analysis.readers.agreement import Agreement
from neuroval.analysis.readers.blind import BlindNumbers
from neuroval.analysis.readers.lists import ReadingList
from neuroval.analysis.study.results import Results
from neuroval.dashboard.cases.reading import numbers_of
from neuroval.dashboard.cases.reviews import Reviews
from neuroval.dashboard.documents.plain_values import plain

MEASURES = ("observed", "fleiss_kappa", "gwet_ac1", "krippendorff_alpha", "cohen_kappa")


def document_of_reading(source: Results, reviews: Reviews) -> dict[str, Any]:
    """Return the reading lists of a study, and what their blind reads say of the evaluated cases; null without any."""
    lists = [document_of_list(reading_list) for reading_list in reviews.lists]
    if not lists:
        return {"lists": lists, "blind": None}
    numbers = numbers_of(source, reviews)
    labels = dict(zip(source.study.cases["case_id"], source.study.cases["label"], strict=True))
    told = {**_blind(numbers), "labels": _labels(numbers, labels), "open": _open(numbers, reviews, labels)}
    return {"lists": lists, "blind": told}


def document_of_list(reading_list: ReadingList) -> dict[str, Any]:
    """Return a reading list with its progress."""
    total = len(reading_list.cases)
    return {
        "id": reading_list.id,
        "name": reading_list.name,
        "made_by": reading_list.made_by,
        "at": reading_list.at,
        "source": reading_list.source,
        "seed": reading_list.seed,
        "shown": reading_list.reveal,
        "cases": total,
        "readers": [{"who": who, "read": total - len(reading_list.left(who))} for who in reading_list.readers],
        **{name: len(reading_list.standing_at(name)) for name in ("agree", "differ", "decided")},
    }


def _labels(numbers: BlindNumbers, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the adjudicated label of each case that has one, by case id; a ``class`` of null cannot be used."""
    settled: dict[str, str | None] = {**numbers.labels.labels, **dict.fromkeys(numbers.labels.unusable)}
    rows = []
    for case_id, choice in sorted(settled.items()):
        decision = numbers.labels.decisions.get(case_id)
        who, by, reason = (None, "readers", "") if decision is None else (decision.who, decision.by, decision.reason)
        rows.append(
            {"case_id": case_id, "label": labels[case_id], "class": choice, "by": by, "who": who, "reason": reason}
        )
    return rows


def _open(numbers: BlindNumbers, reviews: Reviews, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the cases on which readers differ and nobody has decided, with their last blind reads."""
    reads: dict[str, list[dict[str, Any]]] = {}
    for (case_id, who), read in sorted(blind_reads(reviews.lists).items()):
        reads.setdefault(case_id, []).append({"who": who, "class": read.choice, "confidence": read.confidence})
    return [
        {"case_id": case_id, "label": labels[case_id], "reads": reads[case_id]}
        for case_id in sorted(numbers.labels.open)
    ]


def plain_agreement(told: Agreement) -> dict[str, Any]:
    """Return agreement as plain values."""
    values = {name: getattr(told, name) for name in MEASURES}
    return {
        "readers": told.readers,
        "cases": told.cases,
        "readings": told.readings,
        **{name: None if value is None else plain(value.headline) for name, value in values.items()},
    }


def plain_corrected(told: Corrected) -> dict[str, Any]:
    """Return accuracy with other labels as plain values."""
    counts = {name: getattr(told, name) for name in ("n", "changed", "left_out", "open")}
    return {**counts, **{name: plain(getattr(told, name).headline) for name in ("before", "least", "most")}}


def _blind(numbers: BlindNumbers) -> dict[str, Any]:
    reference, settled = numbers.against_reference, numbers.against_adjudicated
    rates: dict[str, ReaderRates] = {} if reference is None else {rate.who: rate for rate in reference.readers}
    adjudicated = {} if settled is None else {rate.who: rate for rate in settled.readers}
    return {
        "cases": numbers.cases,
        "readers": [
            {
                "who": times.who,
                "read": times.reads,
                "median_seconds": times.median,
                "seen_before": times.seen,
                **_rates(rates.get(times.who)),
                "right_adjudicated": None
                if times.who not in adjudicated
                else plain(adjudicated[times.who].right.headline),
            }
            for times in numbers.times
        ],
        "model_right": None if reference is None else plain(reference.model.headline),
        "model_right_adjudicated": None if settled is None else plain(settled.model.headline),
        "agreement": None if numbers.agreement is None else plain_agreement(numbers.agreement),
        "with_model": [
            {
                "who": helped.who,
                "n": helped.n,
                "blind": plain(helped.compared.b.headline),
                "with_model": plain(helped.compared.a.headline),
                "difference": plain(helped.compared.difference.headline),
            }
            for helped in numbers.helped
        ],
        "decided": numbers.labels.decided,
        "adjudicated": None if numbers.with_adjudicated is None else plain_corrected(numbers.with_adjudicated),
    }


def _rates(rate: ReaderRates | None) -> dict[str, Any]:
    if rate is None:
        return dict.fromkeys(("right", "model_right", "less_model"))
    return {
        "right": plain(rate.right.headline),
        "model_right": plain(rate.against_model.b.headline),
        "less_model": plain(rate.against_model.difference.headline),
    }
