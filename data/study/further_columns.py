"""Columns of ``cases.parquet`` beyond the fixed ones, such as sex, age or scanner: what they may be, and which to keep.

The manifest names them under ``[data] columns``. A column is text of few values, or numbers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from neuroval.data.exceptions import ContractError, InputError
from neuroval.data.schema import CASES
from neuroval.data.storage.spelling import named
from neuroval.data.storage.tables import PREFIX, Table

MOST_VALUES: Final = 50  # of a text column: with more, no level holds enough cases to say anything
LONGEST_NAME: Final = 60
DERIVED: Final = ("tumour_size", "image_size")  # made of other columns by whoever reads a study
RESERVED: Final = (*CASES.names, "fold", "mc_entropy", "mc_mutual_information", "mask_path", *DERIVED)
SEPARATORS: Final = ",=&\n\r\t"  # stand between columns, or between a column and its value, on the command line
AGE: Final = re.compile(r"(\d{1,3})Y")  # of DICOM, in years
PERSONAL: Final = re.compile(
    r"(^|_)((patient|first|last|family|given|full)_?)?name$|surname|birth|dob$|address|phone|mail|mrn|ssn|accession"
)


def check_names(names: Sequence[str]) -> None:
    """Raise ``InputError`` unless the names can be those of further columns, each once."""
    for name in names:
        if reason := _unusable(name):
            raise InputError(f"data: columns names {name!r}, which {reason}.")
        if list(names).count(name) > 1:
            raise InputError(f"data: columns names {name!r} twice; expected each column once.")


def with_further(fixed: pa.Schema, table: pa.Table, names: Sequence[str], *, file: str) -> pa.Schema:
    """Return the schema with the further columns of a table: text, whole numbers or numbers, each nullable.

    Raises ``ContractError`` for a column that is not there or of another type.
    """
    fields = list(fixed)
    for name in names:
        if name not in table.column_names:
            raise ContractError(f"{file}: column {name!r}, named under [data] columns, is missing.")
        kind = table.schema.field(name).type
        fields.append(pa.field(name, _kept_as(kind, name, file=file)))
    return pa.schema(fields)


def check_values(cases: pd.DataFrame, names: Sequence[str], *, file: str) -> None:
    """Raise ``ContractError`` for a text column of more than 50 values: it could be a name or an id."""
    for name in names:
        if not pd.api.types.is_numeric_dtype(cases[name]) and (number := cases[name].nunique()) > MOST_VALUES:
            raise ContractError(
                f"{file}: column {name!r} has {number:,} different texts; expected up to {MOST_VALUES}, or numbers."
            )


def kept_columns(
    table: Table, *, keep: Sequence[str] | None, taken: Sequence[str]
) -> tuple[dict[str, pd.Series], dict[str, str]]:
    """Return the further columns (n,) of a table that a study keeps, and why the others are not kept.

    ``keep`` names them; none for all that are text of few values, or numbers. Columns that are ``taken`` are left
    out. Whole numbers that differ in each row are an id, text that hardly repeats is a comment, and a column whose
    name tells of a person's name, birth or address is not kept unless ``keep`` names it. Raises ``InputError`` for a
    column of ``keep`` that is not there or cannot be kept.
    """
    others = [name for name in table.columns if name not in taken and not name.startswith(PREFIX)]
    wanted = others if keep is None else [_wanted(name, others, table) for name in dict.fromkeys(keep)]
    kept: dict[str, pd.Series] = {}
    ignored: dict[str, str] = {}
    for name in others:
        if name not in wanted:
            ignored[name] = "not named by --keep"
            continue
        values = _values(table, name)
        reason = _unusable(name) or _not_few(values)
        if keep is None:
            reason = reason or _left_out(name, values)
        elif reason:
            raise InputError(f"{table.file}: column {name!r} cannot be kept: it {reason}.")
        if reason:
            ignored[name] = reason
        else:
            kept[name] = values
    return kept, ignored


def _unusable(name: str) -> str:
    if name in RESERVED or name.startswith((PREFIX, "cam_")):
        return "is the name of something else in a study"
    if not name or name != name.strip() or len(name) > LONGEST_NAME or set(name) & set(SEPARATORS):
        return f"is no name of up to {LONGEST_NAME} characters without commas, = and &"
    return ""


def _kept_as(kind: pa.DataType, name: str, *, file: str) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    raise ContractError(f"{file}: column {name!r} has type {kind}, expected text or numbers.")


def _wanted(name: str, others: Sequence[str], table: Table) -> str:
    column = named(name, others)
    if column is None:
        raise InputError(f"{table.file}: --keep names {name!r}, which is no further column; found {list(others)}.")
    return column


def _values(table: Table, name: str) -> pd.Series:
    """Return a column as numbers where all of its known values are, else as text; what is not known is missing."""
    text, _ = table.known(name)
    known = text.notna()
    years = text.str.extract(f"^{AGE.pattern}$", expand=False)
    if known.any() and bool(years[known].notna().all()):
        numbers = years.astype("float64")
    else:
        numbers = table.numbers(name).where(known)
    if not known.any() or not np.isfinite(numbers[known]).all():
        return text
    whole = bool((numbers[known] % 1 == 0).all()) and bool((numbers[known].abs() < 2**53).all())
    return numbers.astype("Int64") if whole else numbers


def _not_few(values: pd.Series) -> str:
    if not values.notna().any():
        return "holds no value"
    number = values.nunique()
    if not pd.api.types.is_numeric_dtype(values) and number > MOST_VALUES:
        return f"holds {number:,} different texts; a study keeps columns of up to {MOST_VALUES}, or numbers"
    return ""


def _left_out(name: str, values: pd.Series) -> str:
    """Return why a column is not kept unless it is named."""
    known, number = int(values.notna().sum()), values.nunique()
    if PERSONAL.search(re.sub(r"[\s-]+", "_", name).casefold()):
        return "may name a person; --keep takes it"
    if not pd.api.types.is_numeric_dtype(values) and known < 2 * number:
        return "holds text that hardly repeats; --keep takes it"
    if pd.api.types.is_integer_dtype(values) and known == number:
        return "holds another number in each row, as an id does; --keep takes it"
    return ""


def as_columns(kept: Mapping[str, pd.Series]) -> tuple[str, ...]:
    """Return the names of further columns in the order in which a study keeps them."""
    return tuple(sorted(kept))
