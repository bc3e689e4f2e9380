"""Damage to files, one at a time, that knows their form: every place of a document, every column of a table."""

import copy
import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tomli_w

from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.toml import read_toml

GONE = object()  # stands for a key that is not there
VALUES: tuple[Any, ...] = (
    GONE,
    "",
    "text",
    "a" * 3000,
    "../../etc/passwd",
    "/",
    "\u202e\u0000\u0007",
    "# [x](y) $z$ <b>",
    0,
    -1,
    1,
    10**18,
    0.5,
    1e308,
    float("nan"),
    float("inf"),
    True,
    datetime.date(2026, 1, 2),
    datetime.time(3, 4),
    datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC),
    [],
    [1],
    [[]],
    ["a", 1],
    ["a", "a"],
    [{}],
    {},
    {"a": 1},
    {"": ""},
)
Step = str | int
Damage = tuple[str, Callable[[Path], None]]  # what is done, and how to do it to a file


def steps(value: Any, before: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the way to every place in a document; of a long list to its first and last."""
    if before:
        yield before
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from steps(inner, (*before, key))
    elif isinstance(value, list):
        for place in sorted({0, len(value) - 1}) if value else ():
            yield from steps(value[place], (*before, place))


def changed(document: dict[str, Any], way: tuple[Step, ...], value: Any) -> dict[str, Any]:
    """Return a copy of a document with another value at one place."""
    whole = copy.deepcopy(document)
    place: Any = whole
    for step in way[:-1]:
        place = place[step]
    if value is GONE:
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return whole


def of_document(file: Path) -> list[Damage]:
    """Return every value at every place of a TOML file, and a key that nobody knows at each table."""
    document = read_toml(file)
    damages: list[Damage] = []

    def write(whole: dict[str, Any]) -> Callable[[Path], None]:
        return lambda path: path.write_text(tomli_w.dumps(whole), encoding="utf-8") and None

    for way in steps(document):
        for value in VALUES:
            shown = "nothing" if value is GONE else repr(value)[:30]
            damages.append((f"{file.name} {way} = {shown}", write(changed(document, way, value))))
    return damages


def of_text(file: Path) -> list[Damage]:
    """Return damage that knows nothing of a text but that it is one."""
    content = file.read_bytes()
    texts = {
        "empty": b"",
        "half": content[: len(content) // 2],
        "zeros": bytes(len(content)),
        "not UTF-8": b"\xff\xfe" + content,
        "5,000 brackets": b"x = " + b"[" * 5000 + b"]" * 5000,
        "5,000 tables": b"x = " + b"{a=" * 5000 + b"1" + b"}" * 5000,
        "5,000 dots": b".".join([b"a"] * 5000) + b" = 1",
        "5,000 digits": b"x = " + b"9" * 5000,
        "JSON": b'{"a": [1, 2]}',
        "twice": content + content,
        "quotes": content.replace(b'"', b"'", 1),
        "null bytes": content.replace(b"\n", b"\0", 3),
    }
    return [
        (f"{file.name} {name}", lambda path, text=text: path.write_bytes(text) and None) for name, text in texts.items()
    ]


def of_table(file: Path) -> list[Damage]:
    """Return damage to a Parquet file: each column of another type, without some values or with odd ones."""
    table = pq.read_table(file)
    damages: list[Damage] = []

    def add(name: str, make: Callable[[], pa.Table]) -> None:
        damages.append((f"{file.name} {name}", lambda path: pq.write_table(make(), path)))

    for place, name in enumerate(table.column_names):
        column = table.column(name)
        n = len(table)
        others = {
            "no column": None,
            "all null": pa.nulls(n, column.type),
            "null type": pa.nulls(n),
            "whole numbers": pa.array(range(n)),
            "negative": pa.array([-1.0] * n),
            "not a number": pa.array([float("nan")] * n),
            "infinite": pa.array([float("inf")] * n),
            "texts": pa.array(["x"] * n),
            "empty texts": pa.array([""] * n),
            "odd texts": pa.array(["\u202e\n# <b>$"] * n),
            "truths": pa.array([True] * n),
            "lists": pa.array([[1]] * n),
            "bytes": pa.array([b"\xff\xfe"] * n),
            "dates": pa.array([datetime.date(2026, 1, 2)] * n),
        }
        for kind, other in others.items():
            if other is None:
                add(f"{name} {kind}", lambda name=name: table.drop_columns([name]))
            else:
                add(f"{name} {kind}", lambda place=place, name=name, other=other: table.set_column(place, name, other))
        first = (
            pc.if_else(pa.array([True] + [False] * (n - 1)), pa.nulls(n, column.type), column.combine_chunks())
            if (n and not pa.types.is_fixed_size_list(column.type))
            else None
        )
        if first is not None:
            add(f"{name} first null", lambda place=place, name=name, first=first: table.set_column(place, name, first))
    add("no rows", lambda: table.slice(0, 0))
    add("rows twice", lambda: pa.concat_tables([table, table]))
    add("one more column", lambda: table.append_column("surprise", pa.nulls(len(table))))
    for name, metadata in {
        "no metadata": None,
        "metadata not JSON": {b"neuroval": b"{"},
        "metadata a list": {b"neuroval": b"[1]"},
        "metadata deep": {b"neuroval": b"[" * 5000},
        "metadata other": {b"neuroval": json.dumps({"schema": 1, "classes": ["a"], "grid": "x"}).encode()},
        "grid odd": {b"neuroval": _with_grid(table, [7.5, "x"])},
        "grid large": {b"neuroval": _with_grid(table, [10**9, 10**9])},
    }.items():
        add(name, lambda metadata=metadata: table.replace_schema_metadata(metadata))
    content = file.read_bytes()
    for name, raw in {
        "half": content[: len(content) // 2],
        "empty": b"",
        "zeros": bytes(100),
        "text": b"a,b\n",
    }.items():
        damages.append((f"{file.name} {name}", lambda path, raw=raw: path.write_bytes(raw) and None))
    return damages


def _with_grid(table: pa.Table, grid: list[Any]) -> bytes:
    stated = json.loads((table.schema.metadata or {}).get(b"neuroval", b"{}"))
    return json.dumps({**stated, "grid": grid}).encode()


def sealed(folder: Path, file: Path) -> None:
    """State the hash of a damaged table in ``study.toml``, as a program that writes damaged tables would."""
    document = read_toml(folder / "study.toml")
    document["files"][file.name] = file_sha256(file)
    (folder / "study.toml").write_text(tomli_w.dumps(document), encoding="utf-8")
