"""What whoever runs NeuroVal may set: environment variables and one TOML file, checked when the server starts.

A setting is ``NEUROVAL_`` and its name in capitals as a variable, or its name in ``neuroval.toml`` of the working
folder; ``NEUROVAL_CONFIG`` names another file. A variable wins. The working folder itself is ``NEUROVAL_HOME``.
"""

import difflib
import os
import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import tomli_w
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import TomlConfigSettingsSource as TomlSource

from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import home_folder
from neuroval.data.storage.toml import read_toml

PREFIX: Final = "NEUROVAL_"
FILE: Final = "neuroval.toml"
CONFIG: Final = "NEUROVAL_CONFIG"
TESTS: Final = ("NEUROVAL_BRAIN_TUMOR_MRI", "NEUROVAL_DATA_TESTS")  # where the tests find their images
ELSEWHERE: Final = ("NEUROVAL_HOME", CONFIG, "NEUROVAL_OPEN", "NEUROVAL_PROGRESS", *TESTS)  # variables, but no settings
SHORTEST_KEY: Final = 24  # letters: what nobody guesses
SHORTEST_SECRET: Final = 32
CALLBACK: Final = "/oauth2callback"
ROLE_SETTINGS: Final = ("reader_emails", "adjudicator_emails", "administrator_emails", "auditor_emails")
HOST_LETTERS: Final = frozenset(string.ascii_lowercase + string.digits + "-_")


def _split(separator: str) -> BeforeValidator:
    def split(value: object) -> object:
        return [part.strip() for part in value.split(separator) if part.strip()] if isinstance(value, str) else value

    return BeforeValidator(split)


def _root(folder: Path) -> Path:
    if not folder.is_absolute() or not folder.is_dir():
        raise ValueError(f"expected a folder that is there, with its whole path, and {folder} is none")
    if folder.resolve() == Path(folder.anchor):
        raise ValueError("expected less than the whole disk")
    return folder


def _log_file(file: Path) -> Path:
    if not file.is_absolute() or not file.parent.is_dir():
        raise ValueError(f"expected a file with its whole path in a folder that is there, and {file} is none")
    return file


def _email(address: str) -> str:
    if address.count("@") != 1 or address.endswith("@"):
        raise ValueError(f"expected an address such as a@b.org, or @b.org for all of a domain; {address} is none")
    return address.casefold()


def _origin(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or address != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"expected the address of a web site such as https://pacs.example.org, and {address} is none")
    return address


def _host(name: str) -> str:
    plain = name.removeprefix("*.")
    if name != "*" and (not plain or not all(part and set(part) <= HOST_LETTERS for part in plain.lower().split("."))):
        raise ValueError(
            f"expected a name such as neuroval.example.org or *.example.org, without port, and {name} is none"
        )
    return name.lower()


def _key(key: SecretStr) -> SecretStr:
    text = key.get_secret_value()
    if len(text) < SHORTEST_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"expected a key of {SHORTEST_KEY} or more ASCII letters without spaces")
    return key


def _reviews(address: SecretStr) -> SecretStr:
    from neuroval.data.reviews.store import address_of  # SQLAlchemy, for whom it is set

    address_of(address.get_secret_value())
    return address


Roots = Annotated[tuple[Annotated[Path, AfterValidator(_root)], ...], NoDecode, _split(os.pathsep)]
LogFile = Annotated[Path, AfterValidator(_log_file)] | None
ReviewsAddress = Annotated[SecretStr, AfterValidator(_reviews)] | None
Emails = Annotated[tuple[Annotated[str, AfterValidator(_email)], ...], NoDecode, _split(",")]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, _split(",")]
Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, _split(",")]
Keys = Annotated[tuple[Annotated[SecretStr, AfterValidator(_key)], ...], NoDecode, _split(",")]


class Settings(BaseSettings):
    """What holds for this server."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True, validate_default=False
    )

    image_roots: Roots = Field(
        default_factory=lambda: (home_folder() / "images",),
        description="folders under which the page Run finds data sets; nothing outside can be reached",
    )
    login: Literal["off", "required"] = Field(
        default="off", description="`required`: pages, images and API only for those who signed in"
    )
    login_emails: Emails = Field(
        default=(), description="addresses, or `@domain`, that may sign in; without any, all whom the provider knows"
    )
    run_emails: Emails = Field(
        default=(),
        description="addresses, or `@domain`, that may start, cancel, resume and discard evaluations; without any, all "
        "who may sign in",
    )
    reader_emails: Emails = Field(
        default=(),
        description="addresses, or `@domain`, that review scans and read lists blind; without any role named, all do "
        "everything",
    )
    adjudicator_emails: Emails = Field(
        default=(), description="addresses, or `@domain`, that also decide where readers differ"
    )
    administrator_emails: Emails = Field(
        default=(), description="addresses, or `@domain`, that do everything: make lists, run evaluations, see the log"
    )
    auditor_emails: Emails = Field(
        default=(), description="addresses, or `@domain`, that see everything, the access log too, and change nothing"
    )
    access_log_days: int = Field(
        default=0, ge=0, le=36_500, description="days after which a row of the access log is removed; 0 keeps all"
    )
    session_idle_minutes: float = Field(
        default=60, gt=0, le=1440, description="minutes without use after which a sign-in ends"
    )
    session_hours: float = Field(default=12, gt=0, le=720, description="hours after which a sign-in ends in any case")
    reviews: ReviewsAddress = Field(
        default=None,
        description="database of the reviews, `postgresql+psycopg://USER:PASSWORD@HOST/DATABASE`; without it a file of "
        "the working folder",
    )
    reviewer: str | None = Field(default=None, max_length=200, description="who reviews, where no sign-in is required")
    model: str = Field(default="brain-tumor-mri", description="model that the API serves: a name or a folder")
    api_keys: Keys = Field(
        default=(), description=f"keys of the API's clients, {SHORTEST_KEY} letters or more; without any none is asked"
    )
    allowed_hosts: Hosts = Field(
        default=(),
        description="names in an address that this server answers to, besides `localhost`, the machine's own name and "
        "addresses in digits; `*.example.org` for all below, `*` for any",
    )
    api_origins: Origins = Field(default=(), description="web sites whose pages may call the API")
    upload_mb: float = Field(default=20, gt=0, le=100, description="largest file, in millions of bytes")
    batch_files: int = Field(default=32, ge=1, le=1000, description="most files of one request")
    batch_mb: float = Field(default=64, gt=0, le=2000, description="largest request, in millions of bytes")
    waiting: int = Field(
        default=2, ge=0, le=100, description="requests for each core that wait for their turn; beyond them 503"
    )
    log_file: LogFile = Field(
        default=None,
        description="file for the log of the API, begun anew at 10 MB with five former ones kept; without it stderr",
    )
    requests_per_minute: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="requests to the API that each key, each person, or else each address may send in a minute; beyond "
        "them 429; 0 for no limit",
    )
    timeout: float = Field(default=30, gt=0, le=3600, description="seconds until a request is given up")

    @property
    def upload_bytes(self) -> int:
        return round(self.upload_mb * 1e6)

    @property
    def widget_mb(self) -> int:
        """The largest file as Streamlit counts, in whole millions: the form and the server have the same limit."""
        return max(1, round(self.upload_mb))

    @property
    def batch_bytes(self) -> int:
        return round(self.batch_mb * 1e6)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the first wins."""
        return init_settings, env_settings, TomlSource(settings_cls, toml_file=_file())


def read_settings() -> Settings:
    """Return the settings of the environment and of the file.

    Raises ``InputError`` that names each setting that is wrong, where it stands and what is allowed.
    """
    file = _file()
    if os.environ.get(CONFIG) and not file.is_file():
        raise InputError(f"{CONFIG}: {file} is not there; expected a TOML file.")
    read_toml(file, missing_ok=True)
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in ignored():  # only what looks like a slip is one
        if close := difflib.get_close_matches(name, known, 1, 0.9):
            raise InputError(f"{name} is no setting; {close[0]} is.")
    try:
        return Settings()
    except ValidationError as error:
        raise InputError(" ".join(_said(problem, file) for problem in error.errors())) from None


def _said(wrong: Mapping[str, Any], file: Path) -> str:
    """Return what is wrong with a setting. Its value is not repeated: it may be a key."""
    name = str(wrong["loc"][0])
    variable = PREFIX + name.upper()
    where = variable if os.environ.get(variable) else f"{file}: {name}"
    if wrong["type"] == "extra_forbidden":
        return f"{where} is no setting; expected one of {', '.join(Settings.model_fields)}."
    number = f", number {wrong['loc'][1] + 1}" if len(wrong["loc"]) > 1 else ""
    return f"{where}{number}: {str(wrong['msg']).removeprefix('Value error, ')}."


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """Return the settings this process started with."""
    return read_settings()


def check_sign_in(settings: Settings, files: Sequence[Path]) -> None:
    """Raise ``InputError`` where a sign-in is required and ``[auth]`` of Streamlit's secrets cannot give one."""
    if settings.login == "off":
        if settings.run_emails:
            raise InputError("run_emails names who may start evaluations, and without a login nobody is known by name.")
        for name in ROLE_SETTINGS:
            if getattr(settings, name):
                raise InputError(f"{name} names who has a role, and without a login nobody is known by name.")
        return
    _check_auditors(settings)
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        raise InputError(f"login is required, and there is no {' and no '.join(map(str, files))} that says by whom.")
    auth = read_toml(file).get("auth", {})
    for name in ("client_id", "client_secret", "server_metadata_url", "redirect_uri", "cookie_secret"):
        if not isinstance(auth.get(name), str) or not auth[name]:
            raise InputError(f"{file}: login is required, and [auth] has no {name}.")
    if len(auth["cookie_secret"]) < SHORTEST_SECRET:
        raise InputError(f"{file}: cookie_secret of [auth] is too short; expected {SHORTEST_SECRET} letters or more.")
    address = urlsplit(auth["redirect_uri"])
    safe = address.scheme == "https" or address.hostname in ("localhost", "127.0.0.1")
    if not safe or address.path != CALLBACK:
        expected = f"https://HOST{CALLBACK}, or with http on this machine alone"
        raise InputError(f"{file}: redirect_uri of [auth] is {auth['redirect_uri']!r}; expected {expected}.")


def _check_auditors(settings: Settings) -> None:
    """Raise ``InputError`` where an auditor, who changes nothing, has another role too."""
    for name in ROLE_SETTINGS[:-1]:
        for email in settings.auditor_emails:
            if email in getattr(settings, name):
                raise InputError(f"auditor_emails: {email} is in {name} too; an auditor changes nothing.")


def described(settings: Settings) -> list[str]:
    """Return the settings as lines of the TOML file; keys are counted and a password is hidden."""
    values = settings.model_dump(mode="json", exclude={"api_keys", "reviews"}, exclude_none=True)
    lines = [f'# NEUROVAL_HOME is "{home_folder()}"', f"# api_keys: {len(settings.api_keys)}"]
    if settings.reviews is not None:
        from neuroval.data.reviews.store import address_of

        lines.append(f"# reviews: {address_of(settings.reviews.get_secret_value()).render_as_string()}")
    known = {"api_keys", *values, *(["reviews"] if settings.reviews is not None else [])}
    lines += [f"# {name} is not set" for name in Settings.model_fields if name not in known]
    return [*lines, *tomli_w.dumps(values).splitlines(), *(f"# {name} is no setting and ignored" for name in ignored())]


def ignored() -> list[str]:
    """Return the variables that look like settings and are none; other programs may set some."""
    known = [*ELSEWHERE, *(PREFIX + name.upper() for name in Settings.model_fields)]
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _file() -> Path:
    return Path(os.environ.get(CONFIG) or home_folder() / FILE)
