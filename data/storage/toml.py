"""The one way in which TOML is read and written: what is wrong with a file is one line that names it.

Dates and times are read as text: nothing that is computed or shown needs more, and JSON knows neither.
"""

import datetime
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomli_w

from neuroval.data.exceptions import InputError, MissingFileError

DEEPEST: Final = 64  # tables in tables: nothing that people write comes near
LARGEST: Final = 2**63  # TOML knows integers of 64 bits


def read_toml(path: Path, *, missing_ok: bool = False) -> dict[str, Any]:
    """Return what a TOML file holds. A file that is not there is empty if that is ``missing_ok``.

    Raises ``MissingFileError``, and ``InputError`` for a file that cannot be read, is not UTF-8 or not TOML, is nested
    more than 64 deep, or holds an integer of more than 64 bits.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        if missing_ok:
            return {}
        raise MissingFileError(f"{path}: no such file.") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({why}); check its permissions.") from None
    try:
        document = tomllib.loads(content.decode())
    except RecursionError:
        raise InputError(f"{path}: not readable TOML (nested too deeply).") from None
    except ValueError as error:  # not UTF-8, not TOML, or an integer of thousands of digits
        raise InputError(f"{path}: not readable TOML ({error}).") from None
    _check_size(document, path)
    plain: dict[str, Any] = _without_dates(document)
    return plain


def _without_dates(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_dates(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_dates(inner) for inner in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def as_toml(document: Mapping[str, Any]) -> str:
    """Return a document as TOML, long texts over several lines."""
    return tomli_w.dumps(document, multiline_strings=True)


def _check_size(document: dict[str, Any], path: Path) -> None:
    left: list[tuple[Any, int]] = [(document, 0)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            raise InputError(f"{path}: not readable TOML (nested too deeply).")
        if isinstance(value, int) and not -LARGEST <= value < LARGEST:
            raise InputError(f"{path}: not readable TOML (an integer of more than 64 bits).")
        if isinstance(value, (dict, list)):
            left.extend((inner, depth + 1) for inner in (value.values() if isinstance(value, dict) else value))
