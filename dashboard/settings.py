"""What whoever runs NeuroVal may set: environment variables and one TOML file, checked when the server starts.

A setting is ``NEUROVAL_`` and its name in capitals as a variable, or its name in ``neuroval.toml`` of the working
folder; ``NEUROVAL_CONFIG`` names another file. A variable wins. The working folder itself is ``NEUROVAL_HOME``.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from data.errors import InputError
from data.home import home

PREFIX: Final = "NEUROVAL_"
FILE: Final = "neuroval.toml"
CONFIG: Final = "NEUROVAL_CONFIG"
ELSEWHERE: Final = ("NEUROVAL_HOME", CONFIG)  # variables that are no setting of this list
SHORTEST_KEY: Final = 24  # letters: what nobody guesses
SHORTEST_SECRET: Final = 32
CALLBACK: Final = "/oauth2callback"
LOGINS: Final = ("off", "required")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for this server.

    ``image_roots``: folders under which the page Run finds images; nothing outside them can be reached.
    ``login``: ``off``, or ``required`` to show pages, images and API only to those who signed in.
    ``login_emails``: addresses, or ``@domain``, that may sign in; all whom the provider knows when empty.
    ``api_keys``: what clients of the API send; without any the API asks for none, unless a login is required.
    ``cors_origins``: web sites whose pages may call the API; none by default.
    ``max_upload_mb``, ``max_megapixels``, ``max_batch``: the largest file and image, and the images of a request.
    ``max_requests``: predictions that run or wait at a time; beyond them the API answers 503.
    ``request_timeout``: seconds until the API gives a request up.
    """

    image_roots: tuple[Path, ...] = ()
    login: str = "off"
    login_emails: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    cors_origins: tuple[str, ...] = ()
    max_upload_mb: int = 20
    max_megapixels: int = 50
    max_batch: int = 32
    max_requests: int = 32
    request_timeout: int = 30


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment (this process's by default) and of the file.

    Image folders are ``images`` of the working folder unless set. Raises ``InputError`` that names the setting, what
    it is and what is allowed.
    """
    given = os.environ if environment is None else environment
    file = Path(given.get(CONFIG) or home() / FILE)
    document = _document(file, needed=bool(given.get(CONFIG)))
    _check_names(given, document, file)
    values: dict[str, Any] = {"image_roots": (home() / "images",)}
    for name, parse in PARSERS.items():
        variable = PREFIX + name.upper()
        if given.get(variable):
            values[name] = parse(given[variable], variable)
        elif name in document:
            values[name] = parse(document[name], f"{file}: {name}")
    return Settings(**values)


def check_sign_in(settings: Settings, files: Sequence[Path]) -> None:
    """Raise ``InputError`` where a sign-in is required and ``[auth]`` of Streamlit's secrets cannot give one."""
    if settings.login == "off":
        return
    file = next((one for one in files if one.is_file()), None)
    if file is None:
        raise InputError(f"login is required, and there is no {' and no '.join(map(str, files))} that says by whom.")
    auth = _document(file, needed=True).get("auth", {})
    for name in ("client_id", "client_secret", "server_metadata_url", "redirect_uri", "cookie_secret"):
        if not isinstance(auth.get(name), str) or not auth[name]:
            raise InputError(f"{file}: login is required, and [auth] has no {name}.")
    if len(auth["cookie_secret"]) < SHORTEST_SECRET:
        raise InputError(f"{file}: cookie_secret of [auth] is too short; expected {SHORTEST_SECRET} letters or more.")
    address = urlsplit(auth["redirect_uri"])
    safe = address.scheme == "https" or address.hostname in ("localhost", "127.0.0.1")
    if not safe or address.path != CALLBACK:
        expected = f"https://HOST{CALLBACK}, or with http on this machine alone"
        raise _wrong(f"{file}: redirect_uri of [auth]", auth["redirect_uri"], expected)


def described(settings: Settings) -> list[str]:
    """Return the settings as lines of the TOML file; keys are counted, not shown."""
    lines = [f'# NEUROVAL_HOME is "{home()}"']
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name == "api_keys":
            lines.append(f"# {one.name}: {len(value)}")
        else:
            lines.append(f"{one.name} = {_as_toml(value)}")
    return lines


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _document(file: Path, *, needed: bool) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if needed:
            raise InputError(f"{CONFIG}: {file} is not there; expected a TOML file.") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file}: not a readable TOML file ({error}).") from None


def _check_names(given: Mapping[str, str], document: Mapping[str, Any], file: Path) -> None:
    for name in document:
        if name not in PARSERS:
            raise InputError(f"{file}: {name} is no setting; expected one of {', '.join(PARSERS)}.")
    known = [*ELSEWHERE, *(PREFIX + name.upper() for name in PARSERS)]
    for name in given:  # other programs may use the prefix too: only what looks like a slip is one
        if name.startswith(PREFIX) and name not in known and (close := difflib.get_close_matches(name, known, 1, 0.9)):
            raise InputError(f"{name} is no setting; {close[0]} is.")


def _wrong(where: str, value: object, expected: str) -> InputError:
    return InputError(f"{where} is {value!r}; expected {expected}.")


def _texts(value: object, where: str, *, separator: str, expected: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part for part in value.split(separator) if part.strip()]
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise _wrong(where, value, expected)
    return tuple(one.strip() for one in value)


def _folders(value: object, where: str) -> tuple[Path, ...]:
    expected = f"folders with their whole path, separated by {os.pathsep!r} in a variable, a list in the file"
    folders = tuple(map(Path, _texts(value, where, separator=os.pathsep, expected=expected)))
    for folder in folders:
        if not folder.is_absolute():
            raise _wrong(where, str(folder), expected)
        if not folder.is_dir():
            raise _wrong(where, str(folder), "a folder that is there")
        if folder.resolve() == Path(folder.anchor):
            raise _wrong(where, str(folder), "less than the whole disk")
    return folders


def _one_of(*allowed: str) -> Callable[[object, str], str]:
    def parse(value: object, where: str) -> str:
        if value not in allowed:
            raise _wrong(where, value, " or ".join(allowed))
        return str(value)

    return parse


def _emails(value: object, where: str) -> tuple[str, ...]:
    expected = "addresses such as a@b.org, or @b.org for all of a domain, separated by commas"
    found = _texts(value, where, separator=",", expected=expected)
    for one in found:
        if one.count("@") != 1 or one.endswith("@"):
            raise _wrong(where, one, expected)
    return tuple(one.casefold() for one in found)


def _keys(value: object, where: str) -> tuple[str, ...]:
    # A bad key is not repeated in the message: logs are read by others than keys are.
    expected = f"{where}: expected keys of {SHORTEST_KEY} or more ASCII letters without spaces, separated by commas"
    try:
        keys = _texts(value, where, separator=",", expected="")
    except InputError:
        raise InputError(f"{expected}.") from None
    for number, key in enumerate(keys, start=1):
        if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise InputError(f"{expected}; key {number} is not.")
    return keys


def _origins(value: object, where: str) -> tuple[str, ...]:
    expected = "addresses of web sites such as https://pacs.example.org, without a path, separated by commas"
    found = _texts(value, where, separator=",", expected=expected)
    for one in found:
        parts = urlsplit(one)
        if parts.scheme not in ("http", "https") or not parts.netloc or one != f"{parts.scheme}://{parts.netloc}":
            raise _wrong(where, one, expected)
    return found


def _whole(low: int, high: int) -> Callable[[object, str], int]:
    def parse(value: object, where: str) -> int:
        text = value if isinstance(value, str) else None
        number = int(text) if text is not None and text.strip().isdecimal() else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise _wrong(where, value, f"a whole number from {low} to {high}")
        return number

    return parse


PARSERS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    "image_roots": _folders,
    "login": _one_of(*LOGINS),
    "login_emails": _emails,
    "api_keys": _keys,
    "cors_origins": _origins,
    "max_upload_mb": _whole(1, 500),
    "max_megapixels": _whole(1, 200),
    "max_batch": _whole(1, 1000),
    "max_requests": _whole(1, 1000),
    "request_timeout": _whole(1, 600),
}
