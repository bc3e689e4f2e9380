import hashlib
from collections.abc import Callable

import pytest

from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import FIRST, Event, chained, first_broken, hash_of

AT = "2026-11-30T10:00:00.000+00:00"


def test_the_hash_is_that_of_the_canonical_json(event: Callable[..., Event]) -> None:
    """Worked by hand: keys in order, no spaces."""
    text = (
        '{"at":"2026-11-30T10:00:00.000+00:00","before":"' + FIRST + '","case_id":"case 7","id":"a1","image_sha256":"",'
        '"kind":"label-wrong","number":1,"payload":{"class":"glioma","label":"notumor"},"reason":"Rand hell, groß",'
        '"study":"' + "f" * 64 + '","who":"ann"}'
    )
    made = event(
        7,
        kind="label-wrong",
        payload={"label": "notumor", "class": "glioma"},
        reason="Rand hell, groß",
        at=AT,
        id="a1",
    )
    assert hash_of(made, number=1, before=FIRST) == hashlib.sha256(text.encode()).hexdigest()


def test_each_entry_holds_the_hash_of_the_one_before(event: Callable[..., Event]) -> None:
    entries = tuple(chained([event(number) for number in range(3)], number=4, before="ab" * 32))
    assert [entry.number for entry in entries] == [5, 6, 7]
    assert [entry.before for entry in entries] == ["ab" * 32, entries[0].hash, entries[1].hash]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"kind": "like"}, "kind 'like' is not known"),
        ({"who": " "}, "nobody is named"),
        ({"reason": "x" * 2001}, "reason has 2,001 letters"),
        ({"payload": {"text": "x" * 8000}}, "longer than 8,000"),
        ({"image_sha256": "zz"}, "expected 64 hex digits"),
        ({"at": "2026-11-30T10:00:00"}, "expected a time with its zone"),
        ({"at": "yesterday"}, "expected a time with its zone"),
    ],
)
def test_what_cannot_be_kept_is_refused(event: Callable[..., Event], parts: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        event(**parts)


def rows_of(events: list[Event]) -> list[dict[str, object]]:
    return [
        {
            "number": entry.number,
            "before": entry.before,
            "hash": entry.hash,
            "payload": dict(entry.event.payload),
            **{
                name: getattr(entry.event, name)
                for name in ("id", "who", "at", "study", "case_id", "image_sha256", "kind", "reason")
            },
        }
        for entry in chained(events, number=0, before=FIRST)
    ]


def test_a_chain_that_holds_has_no_broken_place(event: Callable[..., Event]) -> None:
    rows = rows_of([event(number) for number in range(5)])
    assert first_broken(rows, count=5, head=str(rows[-1]["hash"])) is None
    assert first_broken([], count=0, head=FIRST) is None


@pytest.mark.parametrize("column", ["who", "at", "study", "case_id", "image_sha256", "kind", "reason", "payload", "id"])
def test_a_change_of_any_column_is_found(event: Callable[..., Event], column: str) -> None:
    rows = rows_of([event(number) for number in range(5)])
    other: dict[str, object] = {"payload": {"x": 1}, "kind": "unsure", "at": AT, "image_sha256": "ab" * 32}
    rows[2] |= {column: other.get(column, "somebody")}
    broken = first_broken(rows, count=5, head=str(rows[-1]["hash"]))
    assert broken is not None
    assert (broken.number, broken.what) == (3, "changed")


def test_a_row_taken_out_put_elsewhere_or_off_the_end_is_found(event: Callable[..., Event]) -> None:
    rows = rows_of([event(number) for number in range(5)])
    head = str(rows[-1]["hash"])
    without = first_broken([*rows[:2], *rows[3:]], count=5, head=head)
    swapped = [*rows[:2], {**rows[3], "number": 3}, {**rows[2], "number": 4}, rows[4]]
    turned = first_broken(swapped, count=5, head=head)
    shortened = first_broken(rows[:4], count=5, head=head)
    renumbered = [row | {"number": place} for place, row in enumerate([*rows[:2], *rows[3:]], start=1)]
    closed = first_broken(renumbered, count=4, head=head)
    for broken, expected in (
        (without, (3, "missing")),
        (turned, (3, "order")),
        (shortened, (5, "end")),
        (closed, (3, "order")),
    ):
        assert broken is not None
        assert (broken.number, broken.what) == expected
