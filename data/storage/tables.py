"""Reading tables as they come: CSV of spreadsheets and R, Parquet of pandas, polars and Spark, Arrow files.

Values are kept as they stand: text as text, numbers with every digit. What a value means is not decided here.
"""

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
from numpy.typing import NDArray

from neuroval.data.exceptions import InputError
from neuroval.data.storage.files import file_sha256
from neuroval.data.storage.spelling import is_missing, plain

PREFIX: Final = "prob_"
PROBABILITY: Final = re.compile(r"prob[\s_.-]\s*", re.IGNORECASE)  # how a table may write it
SEPARATORS: Final = (",", ";", "\t", "|", " ")
TEXT_FILES: Final = (".csv", ".tsv", ".tab", ".txt")
PARQUET_FILES: Final = (".parquet", ".pq")
ARROW_FILES: Final = (".feather", ".arrow", ".ipc")
LOGS: Final = ("_delta_log", ".hoodie", "metadata/version-hint.text")  # of Delta Lake, Hudi and Iceberg
GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
NO_NAME: Final = "(without a name)"
ROW_NAMES: Final = "has no name, as row numbers have"
UNNAMED_INDEX: Final = re.compile(r"__index_level_\d+__")  # how pandas writes an index without a name
SEPARATOR_LINE: Final = re.compile(r"\s*\"?sep=(.)\"?[\r\n]*", re.IGNORECASE)  # the first line of some spreadsheets
# Three letters with a mark in a row: no word of the languages of Windows-1252, but one of another code page (Chinese,
# Cyrillic, Arabic, Greek) taken for it.
FOREIGN: Final = re.compile(
    "[^\x00-\x7f\xa0\xb0-\xb3\xb5\N{EN DASH}\N{EM DASH}\u2018-\u201d\N{BULLET}\N{HORIZONTAL ELLIPSIS}]{3}"
)
BLANKS: Final = " \t\n\r\v\f\x1c\x1d\x1e\x1f"  # of ASCII, as Python strips them
DECIMAL_COMMA: Final = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table as it came: Arrow columns (n,) by name.

    ``rows`` numbers its rows as messages do: as a spreadsheet for CSV (the header is row 1), else from 0. ``ignored``
    maps columns that hold nothing to read to the reason, ``notes`` are what had to be assumed.
    """

    file: Path
    columns: Mapping[str, pa.ChunkedArray]
    rows: pd.Index
    ignored: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def written(self, column: str) -> pd.Series:
        """Return a column as text (n,), each value in the form it has: 7, 7.0 and 007 stay three; empty is missing."""
        if column not in self.columns:
            return pd.Series(None, index=self.rows, dtype="str")
        text = _plain(_as_text(self.columns[column]))
        empty = pc.equal(text, "")
        return pd.Series(pc.if_else(empty, None, text).to_pandas().array, index=self.rows, dtype="str")

    def known(self, column: str) -> tuple[pd.Series, tuple[str, ...]]:
        """Return a column as text with what stands for a missing value missing, and what that was."""
        text = self.written(column)
        holders = sorted(value for value in text.dropna().unique() if is_missing(value))
        return text.mask(text.isin(holders)), tuple(holders)

    def numbers(self, column: str) -> pd.Series:
        """Return a column as float64 (n,), decimal commas read; what is no number is not a number."""
        values = self.columns[column]
        kind = values.type
        if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            numbers = values.cast(pa.float64(), safe=False).to_numpy()
        else:
            numbers = _numbers(_plain(_as_text(values)))
        return pd.Series(numbers, index=self.rows, dtype="float64")


def read_table(path: Path, *, needed: str, known: Sequence[str] = ()) -> Table:
    """Return the table in a file, or in a folder of Parquet or CSV parts as Spark writes them.

    Read are CSV (separated by commas, semicolons, tabs, bars or blanks; UTF-8, UTF-16 or Windows-1252; gzip; a first
    line ``sep=;``), Parquet and Arrow files. ``known`` columns are found in other spellings of their name too, such
    as ``Patient ID``. Raises ``InputError`` when the file cannot be read, names a column twice, lacks the column
    ``needed`` or has a row longer than its header.
    """
    names = (needed, *known)
    last = _suffix(path)
    if path.is_dir():
        table = _of_arrow(path, _of_parts(path, names), names)
    elif last in PARQUET_FILES:
        table = _of_arrow(path, _parquet(path), names)
    elif last in ARROW_FILES:
        table = _of_arrow(path, _loaded(path, pa.feather.read_table, "Arrow"), names)
    elif last in TEXT_FILES:
        table = _of_text(path, names)
    else:
        raise InputError(f"{path}: expected a table as .csv, .tsv (also .gz), .parquet or .feather.")
    if needed not in table:
        raise InputError(f"{path}: column {needed!r} is missing; found {list(table.columns)}.")
    return table


def _suffix(path: Path) -> str:
    """Return the ending of a name that says what the file is, whether packed or not."""
    suffixes = (suffix.lower() for suffix in reversed(path.suffixes))
    return next((suffix for suffix in suffixes if suffix not in (".gz", ".gzip")), "")


def table_sha256(path: Path) -> str:
    """Return the sha256 of a table's bytes; of a folder, that over those of its parts."""
    if not path.is_dir():
        return file_sha256(path)
    parts = [f"{part.relative_to(path).as_posix()} {file_sha256(part)}" for part in _parts(path)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _named(names: Iterable[str], known: Sequence[str], path: Path) -> list[str]:
    """Return the names of columns, known ones as they are known; each once."""
    spelled = {_letters(name): name for name in known}
    renamed = [spelled.get(_letters(name), plain(name)) for name in names]
    renamed = [PREFIX + plain(name[start.end() :]) if (start := PROBABILITY.match(name)) else name for name in renamed]
    if repeated := [name for name in renamed if name and renamed.count(name) > 1]:
        raise InputError(f"{path}: column {repeated[0]!r} appears twice; expected each column once.")
    return renamed


def _letters(name: str) -> str:
    return re.sub(r"[\s_.-]", "", plain(name)).casefold()  # R puts a point for a blank


# Arrow ---------------------------------------------------------------------------------------------------------------


def _of_arrow(path: Path, table: pa.Table, known: Sequence[str]) -> Table:
    names = _named(table.column_names, known, path)
    columns, ignored = {}, {}
    for name, column in zip(names, table.columns, strict=True):
        if UNNAMED_INDEX.fullmatch(name):
            ignored[NO_NAME] = ROW_NAMES
        elif not _is_plain(column.type):
            ignored[name] = f"holds {column.type}, not one value a row"
        else:
            columns[name] = column
    return Table(file=path, columns=columns, rows=pd.RangeIndex(table.num_rows), ignored=ignored)


def _with_range_index(table: pa.Table) -> pa.Table:
    """Return the table with the index that pandas keeps as a mere range in the metadata, where it has a name."""
    for index in (table.schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(index, dict) and index.get("name") not in (None, *table.column_names):
            numbers = range(index["start"], index["stop"], index["step"])
            if len(numbers) == len(table):
                table = table.append_column(str(index["name"]), pa.array(numbers, pa.int64()))
    return table


def _is_plain(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.UuidType) or not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType))


def _parts(folder: Path) -> list[Path]:
    """Return the Parquet files in a folder, else its CSV files with content; hidden files and markers are none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    seen = [path for path in files if not any(name[0] in "._" for name in path.relative_to(folder).parts)]
    parquet = [path for path in seen if _suffix(path) in PARQUET_FILES]
    return parquet or [path for path in seen if _suffix(path) in TEXT_FILES and path.stat().st_size]


def _of_parts(folder: Path, known: Sequence[str]) -> pa.Table:
    if log := next((name for name in LOGS if (folder / name).exists()), None):
        raise InputError(
            f"{folder}: its {log} says which of its files count, and rows that were deleted are in the others; "
            "expected plain Parquet, so save it as that."
        )
    if not (parts := _parts(folder)):
        raise InputError(f"{folder}: a folder without a .parquet or .csv file; expected a table.")
    tables = []
    for part in parts:
        is_text = _suffix(part) in TEXT_FILES
        table = pa.table(dict(_of_text(part, known).columns)) if is_text else _parquet(part)
        for level in part.relative_to(folder).parts[:-1]:  # column=value, as Spark names the folders of partitions
            name, equals, value = level.partition("=")
            if equals:
                value = "" if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
                table = table.append_column(unquote(name), pa.array([value] * len(table), pa.large_string()))
        tables.append(table)
    try:
        return pa.concat_tables(tables, promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(f"{folder}: its parts do not fit together ({str(error).splitlines()[0]}).") from None


def _parquet(path: Path) -> pa.Table:
    return _loaded(path, lambda file: pq.read_table(file, partitioning=None), "Parquet")


def _loaded(path: Path, load: Callable[[Path], pa.Table], kind: str) -> pa.Table:
    try:
        return _with_range_index(load(path))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except (ValueError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable {kind} file ({str(error).splitlines()[0]}).") from None


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if isinstance(kind, pa.UuidType):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    if pa.types.is_floating(kind):  # as Python and CSV write them: Arrow writes 7.0 as 7
        values = column.to_numpy()
        return pa.chunked_array([pa.array([None if v != v else str(v) for v in values], pa.large_string())])
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.chunked_array([pa.array(_of_bytes(column.to_pylist()), pa.large_string())])
    return column.cast(pa.large_string())


def _stripped(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return each value without blanks at its ends."""
    if pc.all(pc.string_is_ascii(text)).as_py() is not False:  # as columns of millions of numbers are
        return pc.ascii_trim(text, characters=BLANKS)
    return _of_values(text, str.strip)


def _of_values(text: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    """Return each value changed, equal ones once."""
    values = text.combine_chunks().dictionary_encode()
    words = pa.array([change(word) for word in values.dictionary.to_pylist()], pa.large_string())
    return pa.chunked_array([words.take(values.indices)])


def _plain(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return each value in its plain form."""
    is_ascii = pc.all(pc.string_is_ascii(text)).as_py() is not False
    return _stripped(text) if is_ascii else _of_values(text, plain)


def _of_bytes(values: list[bytes | None]) -> list[str | None]:
    """Return bytes as the text that they are, or all in hexadecimal digits where they are none, as a UUID is."""
    try:
        readable = all(value.rstrip(b"\0").decode().isprintable() for value in values if value is not None)
    except UnicodeDecodeError:
        readable = False
    return [None if value is None else value.rstrip(b"\0").decode() if readable else value.hex() for value in values]


# Text ----------------------------------------------------------------------------------------------------------------


def _of_text(path: Path, known: Sequence[str]) -> Table:
    text, notes = _decoded(path)
    given = SEPARATOR_LINE.match(text)
    if given:  # not shown by the spreadsheet, and not counted as a row
        text = text[given.end() :]
    candidates = (given[1],) if given else SEPARATORS
    headers = {encoding: _header(text, encoding) for encoding in candidates}
    needed = _letters(known[0])
    separator = next((encoding for encoding, header in headers.items() if needed in map(_letters, header)), None)
    if separator is None:
        raise InputError(
            f"{path}: column {known[0]!r} is missing; found {max(headers.values(), key=len)}. Expected a header of "
            "names separated by commas, semicolons or tabs."
        )
    header = _named(headers[separator], known, path)
    columns, numbers = _simple_cells(text, separator, len(header)) or _cells(path, text, separator, len(header))
    if len(columns) > len(header):
        header = ["", *header]  # R's write.table puts no name above the names of rows
    return Table(
        file=path,
        columns={name: column for name, column in zip(header, columns, strict=True) if name},
        rows=pd.Index(np.asarray(numbers, dtype=np.int64)),
        ignored={} if all(header) else {NO_NAME: ROW_NAMES},
        notes=notes,
    )


Cells = tuple[list[pa.ChunkedArray], Sequence[int] | NDArray[np.int64]]  # the cells of each column, numbers of rows


def _simple_cells(text: str, separator: str, width: int) -> Cells | None:
    """Return the cells of text without quotes whose rows are all as long as the header; None for any other.

    Millions of rows are of this kind, and Arrow reads them in a tenth of the time. What is unusual has to be looked at
    row by row, since messages name the row.
    """
    first = re.match(r"[^\r\n]*", text)
    if '"' in text or first is None or not first[0].strip(BLANKS + separator):
        return None
    names = [str(place) for place in range(width)]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(text.encode()),
            pa.csv.ReadOptions(column_names=names, skip_rows=1),
            pa.csv.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    columns = [_stripped(column) for column in table.columns]
    filled = np.logical_or.reduce([pc.not_equal(column, "").to_numpy() for column in columns])
    numbers = np.flatnonzero(filled) + 2
    return (
        ([column.filter(pa.array(filled)) for column in columns], numbers) if not filled.all() else (columns, numbers)
    )


def _cells(path: Path, text: str, separator: str, width: int) -> Cells:
    """Return the cells of rows as they come: quoted, shorter than the header, or with a name in front."""
    try:
        rows = dict(_rows(text, separator, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}: not a readable CSV file ({error}).") from None
    numbers = list(rows)[1:]
    if _names_of_rows([rows[number] for number in numbers], columns=width):
        width += 1
    for number in numbers:
        if any(rows[number][width:]):
            raise InputError(f"{path}: row {number} has more values than the header has names.")
    columns = [[rows[n][place] if place < len(rows[n]) else "" for n in numbers] for place in range(width)]
    return [pa.chunked_array([pa.array(column, pa.large_string())]) for column in columns], numbers


def _names_of_rows(rows: Sequence[list[str]], *, columns: int) -> bool:
    """Whether rows begin with a name that the header has no name for: each another, and not for an empty cell behind.

    A decimal comma that nobody quoted makes rows longer than their header too; their first cells repeat.
    """
    longer = all(len(row) == columns + 1 for row in rows) and any(row[-1] for row in rows)
    return longer and 1 < len(rows) == len({row[0] for row in rows})


def _decoded(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file in the encodings that spreadsheets write, and a note where that was a guess."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content.startswith(GZIP) else content
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError(f"{path}: a damaged gzip file; pack it again.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    if content.startswith(ZIP):
        raise InputError(f"{path}: a workbook or an archive, not text; save it as CSV UTF-8.")
    notes: tuple[str, ...] = ()
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = content.decode("utf-16")
        elif b"\0" in content[:2]:
            text = content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes = ("not UTF-8; read as Windows-1252 (Latin-1), as older spreadsheets write",)
    if "\0" in text or "\ufffd" in text or (notes and FOREIGN.search(text)):
        raise InputError(f"{path}: not text in UTF-8, UTF-16 or Windows-1252; save it again as CSV UTF-8.")
    return text, notes


def _header(text: str, separator: str) -> list[str]:
    try:
        return next((row for _, row in _rows(text, separator, strict=False)), [])
    except csv.Error:  # such as a cell of more than 131,072 letters
        return []


def _rows(text: str, separator: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold a value, with their numbers."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=strict)
    stripped = ([cell.strip() for cell in row] for row in rows)
    return ((number, row) for number, row in enumerate(stripped, start=1) if any(row))


def _numbers(text: pa.ChunkedArray) -> NDArray[np.float64]:
    try:
        numbers = pc.if_else(pc.equal(text, ""), None, text).cast(pa.float64())
    except pa.ArrowInvalid:  # a decimal comma, a plus sign, or no number: value by value
        return np.array([_number(value) for value in text.to_pylist()], dtype=np.float64)
    return np.asarray(numbers.to_numpy(), dtype=np.float64)


def _number(value: str | None) -> float:
    if value is None:
        return float("nan")
    try:
        return float(value.replace(",", ".") if DECIMAL_COMMA.fullmatch(value) else value)
    except ValueError:
        return float("nan")
