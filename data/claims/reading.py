"""``claims.toml``: what a paper or README says about a classifier, every number as it is printed.

One file holds one source. Each ``[[claim]]`` has an ``id``, the ``text`` as printed, a ``kind``, and what the kind
asks for: see ``KINDS`` and the classes of ``neuroval.data.claims.kinds``. Numbers are strings.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias, get_args

from neuroval.data.claims.kinds import (
    ALL,
    ANY_TUMOUR,
    CLASS_SCORES,
    OVERALL,
    OVERALL_SCORES,
    RATES,
    Claim,
    Claims,
    ClassCounts,
    Correct,
    CrossValidation,
    Errors,
    Excluded,
    Images,
    Imbalance,
    IntervalMethod,
    Matrix,
    Rate,
    Score,
    Source,
    SplitShares,
)
from neuroval.data.claims.printed_number import Printed, printed
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.schema import SPLITS
from neuroval.data.storage.toml import read_toml

SCHEMA: Final = 1
FILE: Final = "claims.toml"  # its name in a study's folder


def read_claims(path: Path) -> Claims:
    """Return the claims of a file, checked for form; whether they can be true is for the analysis to say.

    Raises ``InputError`` that names file, claim, key, what was found and what was expected.
    """
    document = read_toml(path)
    if unknown := sorted(set(document) - {"schema", "source", "claim"}):
        raise InputError(f"{path}: unknown key {unknown[0]!r}, expected schema, [source] and [[claim]].")
    if document.get("schema") != SCHEMA or isinstance(document["schema"], bool):
        raise InputError(f"{path}: schema is {document.get('schema')!r}, expected {SCHEMA}.")
    source = _source(document.get("source"), _Place(file=path, claim="[source]"))
    rows = document.get("claim", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: claim is no list of tables, expected [[claim]].")
    claims: dict[str, Claim] = {}
    for number, row in enumerate(rows, start=1):
        place = _Place(
            file=path,
            claim=f"claim {row.get('id', number)!r}",
            classes=source.classes,
            negative=source.negative,
        )
        claim = _claim(row, place)
        if claim.id in claims:
            place.at("id").refuse(claim.id, "an id that no other claim has")
        claims[claim.id] = claim
    return Claims(source=source, claims=tuple(claims.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in the file something stands, for the message when it is wrong."""

    file: Path
    claim: str
    key: str = ""
    classes: tuple[str, ...] = ()
    negative: str | None = None

    def at(self, key: str) -> "_Place":
        return replace(self, key=key)

    def refuse(self, given: object, expected: str) -> NoReturn:
        raise InputError(f"{self.file}: {self.claim}, {self.key}: found {given!r}, expected {expected}.")


_Read: TypeAlias = Callable[[object, _Place], Any]


def _text(value: object, place: _Place) -> str:
    if not isinstance(value, str) or not value.strip():
        place.refuse(value, "a text that is not empty")
    return value


def _truth(value: object, place: _Place) -> bool:
    if not isinstance(value, bool):
        place.refuse(value, "true or false")
    return value


def _one_of(*allowed: str) -> _Read:
    def read(value: object, place: _Place) -> str:
        if not isinstance(value, str) or value not in allowed:
            place.refuse(value, f"one of {list(allowed)}")
        return value

    return read


def _number(value: object, place: _Place) -> Printed:
    number = printed(value) if isinstance(value, str) else None
    if number is None:
        place.refuse(value, 'a number in quotes as it is printed, such as "1,283", "0.9706" or "99.11%"')
    return number


def _share(value: object, place: _Place) -> Printed:
    number = _number(value, place)
    if not 0 <= number.value <= 1 or number.about:
        place.refuse(value, 'a share from 0 to 1 or 0% to 100%, such as "0.9706" or "99.11%"')
    return number


def _rough_count(value: object, place: _Place) -> Printed:
    number = _number(value, place)
    if number.step != 1 or number.value < 0:
        place.refuse(value, 'a whole number of 0 or more, such as "1,283"')
    return number


def _count(value: object, place: _Place) -> Printed:
    number = _rough_count(value, place)
    if number.about:
        place.refuse(value, 'an exact whole number, such as "1,283"')
    return number


def _ratio(value: object, place: _Place) -> Printed:
    number = printed(value.removesuffix(":1")) if isinstance(value, str) else None
    if number is None or number.value < 1 or number.percent:
        place.refuse(value, 'how many times as large, such as "1.5:1"')
    return replace(number, text=str(value))


def _names(value: object, place: _Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        place.refuse(value, "a list of class names")
    if len(set(value)) < len(value):
        place.refuse(value, "each class once")
    if unknown := [name for name in value if place.classes and name not in place.classes]:
        place.refuse(unknown[0], f"classes of [source], {list(place.classes)}")
    return tuple(value)


def _by_class(value: object, place: _Place) -> Mapping[str, Printed]:
    classes = place.classes
    if not isinstance(value, dict) or set(value) != set(classes):
        place.refuse(value, f"a number for each of {list(classes)}")
    return MappingProxyType({name: _count(value[name], place) for name in classes})


def _by_split(read: _Read) -> _Read:
    def read_all(value: object, place: _Place) -> Mapping[str, Printed]:
        if not isinstance(value, dict) or not value or set(value) - set(SPLITS):
            place.refuse(value, f"a number for some of {list(SPLITS)}")
        return MappingProxyType({name: read(number, place) for name, number in value.items()})

    return read_all


def _square(value: object, place: _Place) -> tuple[tuple[Printed, ...], ...]:
    k = len(place.classes)
    if not isinstance(value, list) or [len(row) if isinstance(row, list) else -1 for row in value] != [k] * k:
        place.refuse(value, f"{k} rows of {k} numbers")
    return tuple(tuple(_count(number, place) for number in row) for row in value)


def _metric(*, overall: tuple[str, ...], of_class: tuple[str, ...]) -> _Read:
    def read(value: object, place: _Place) -> str:
        owner, _, name = value.rpartition(".") if isinstance(value, str) else ("", "", "")
        owners = (*place.classes, *([ANY_TUMOUR] if place.negative else []))
        if not (name in overall if owner == OVERALL else owner in owners and name in of_class):
            wanted = f"{OVERALL}. with one of {list(overall)}"
            place.refuse(value, f"{wanted}, or one of {list(owners)} with one of {list(of_class)}")
        return str(value)

    return read


_STATEMENT: Final[dict[str, _Read]] = {"id": _text, "text": _text, "split": _one_of(*SPLITS)}
_DATA: Final[dict[str, _Read]] = {**_STATEMENT, "split": _one_of(ALL, *SPLITS)}
_RATE: Final = _metric(overall=("accuracy",), of_class=RATES)
_SCORE: Final = _metric(overall=OVERALL_SCORES, of_class=CLASS_SCORES)
_FOLDS: Final = _metric(overall=("accuracy", *OVERALL_SCORES), of_class=(*RATES, *CLASS_SCORES))
KINDS: Final[Mapping[str, tuple[type[Claim], dict[str, _Read]]]] = MappingProxyType(
    {
        "images": (Images, {**_DATA, "total": _rough_count}),
        "excluded": (Excluded, {**_STATEMENT, "total": _count}),
        "class_counts": (ClassCounts, {**_DATA, "counts": _by_class}),
        "split_shares": (SplitShares, {**_DATA, "shares": _by_split(_share), "sizes": _by_split(_rough_count)}),
        "imbalance": (Imbalance, {**_DATA, "ratio": _ratio}),
        "rate": (
            Rate,
            {
                **_STATEMENT,
                "metric": _RATE,
                "value": _share,
                "count": _count,
                "n": _count,
                "low": _number,
                "high": _number,
                "method": _one_of(*get_args(IntervalMethod)),
            },
        ),
        "score": (Score, {**_STATEMENT, "metric": _SCORE, "value": _number}),
        "correct": (Correct, {**_STATEMENT, "n": _by_class, "correct": _by_class}),
        "errors": (
            Errors,
            {**_STATEMENT, "count": _count, "reference": _names, "predicted": _names, "above": _share},
        ),
        "cross_validation": (
            CrossValidation,
            {**_DATA, "metric": _FOLDS, "folds": _count, "mean": _number, "sd": _number, "grouped": _truth},
        ),
        "matrix": (Matrix, {**_STATEMENT, "rows": _square}),
    }
)
_SOURCE: Final[dict[str, _Read]] = {
    "title": _text,
    "where": _text,
    "dataset": _text,
    "classes": _names,
    "negative": _text,
    "unit": _one_of("images", "patients"),
    "level": _share,
}


def _source(table: object, place: _Place) -> Source:
    if not isinstance(table, dict):
        raise InputError(f"{place.file}: table [source] is missing.")
    source: Source = _build(Source, table, _SOURCE, place)
    if len(source.classes) < 2:
        place.at("classes").refuse(list(source.classes), "at least two class names")
    if taken := {OVERALL, ANY_TUMOUR}.intersection(source.classes):
        place.at("classes").refuse(min(taken), "another name, since metrics use this one")
    if source.negative is not None and source.negative not in source.classes:
        place.at("negative").refuse(source.negative, f"one of {list(source.classes)}")
    try:
        ClassOrder(names=source.classes, negative=source.negative)
    except InputError as error:
        raise InputError(f"{place.file}: [source], {error}") from None
    if source.level is not None and not 0 < source.level.value < 1:
        place.at("level").refuse(source.level.text, "a confidence level above 0% and below 100%")
    return source


def _claim(row: dict[str, Any], place: _Place) -> Claim:
    kind = _one_of(*KINDS)(row.get("kind"), place.at("kind"))
    made, readers = KINDS[kind]
    table = {key: value for key, value in row.items() if key != "kind"}
    if made is Errors:
        everything = {"reference": list(place.classes), "predicted": list(place.classes)}
        table = everything | table
    claim: Claim = _build(made, table, readers, place)
    if isinstance(claim, Rate):
        _check_rate(claim, place)
    if isinstance(claim, Score):
        least = -1 if claim.metric in (f"{OVERALL}.mcc", f"{OVERALL}.kappa") else 0
        if not least <= claim.value.value <= 1:
            place.at("value").refuse(claim.value.text, f"a number from {least} to 1, or with %")
    if isinstance(claim, Errors) and not claim.cells:
        place.at("predicted").refuse(list(claim.predicted), "a class other than the reference class")
    return claim


def _check_rate(claim: Rate, place: _Place) -> None:
    if claim.value is None and claim.count is None:
        place.at("value").refuse(None, "a value, or a count and n")
    if claim.count is not None and claim.n is None:
        place.at("n").refuse(None, "what the count is of")
    if (claim.low is None) != (claim.high is None):
        place.at("low" if claim.low is None else "high").refuse(None, "low and high together")


def _build(made: Any, table: Mapping[str, Any], readers: Mapping[str, _Read], place: _Place) -> Any:
    for key in table:
        if key not in readers:
            place.at(key).refuse(table[key], f"no such key, only {sorted(readers)}")
    for field in fields(made):
        if field.default is field.default_factory is MISSING and field.name not in table:
            place.at(field.name).refuse(None, "this key")
    return made(**{key: readers[key](value, place.at(key)) for key, value in table.items()})
