"""Settings: where they come from, which wins, and what is said of a bad one."""

from dataclasses import fields
from pathlib import Path

import pytest

from dashboard.settings import PARSERS, Settings, check_sign_in, described, read_settings
from data.errors import InputError

KEY = "k" * 24


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "neuroval.toml").write_text(text)


def test_every_setting_has_a_parser_and_a_line(home: Path) -> None:
    names = [one.name for one in fields(Settings)]
    assert names == list(PARSERS)
    lines = described(read_settings({}))
    assert lines[0] == f'# NEUROVAL_HOME is "{home}"'
    assert [line.lstrip("# ").split(" ")[0].rstrip(":") for line in lines[1:]] == names


def test_by_default_images_are_in_the_working_folder(home: Path) -> None:
    assert read_settings({}) == Settings(image_roots=(home / "images",))


def test_a_variable_wins_over_the_file(home: Path) -> None:
    write(home, f'image_roots = ["{home}"]\nmax_batch = 5\nlogin = "required"\nlogin_emails = ["A@b.org"]')
    found = read_settings({"NEUROVAL_MAX_BATCH": "7"})
    assert (found.image_roots, found.max_batch, found.login) == ((home,), 7, "required")
    assert found.login_emails == ("a@b.org",)


def test_an_empty_variable_is_none(home: Path) -> None:
    write(home, "max_batch = 5")
    assert read_settings({"NEUROVAL_MAX_BATCH": ""}).max_batch == 5


def test_the_file_may_lie_elsewhere(home: Path) -> None:
    other = home / "other.toml"
    other.write_text("max_batch = 3")
    assert read_settings({"NEUROVAL_CONFIG": str(other)}).max_batch == 3
    with pytest.raises(InputError, match=r"NEUROVAL_CONFIG: /gone.toml is not there; expected a TOML file\."):
        read_settings({"NEUROVAL_CONFIG": "/gone.toml"})


def test_lists_are_separated_in_variables(home: Path) -> None:
    (home / "a").mkdir()
    given = {
        "NEUROVAL_IMAGE_ROOTS": f"{home}:{home / 'a'}",
        "NEUROVAL_API_KEYS": f"{KEY}, {KEY}2",
        "NEUROVAL_CORS_ORIGINS": "https://a.example:8443,http://b.example",
    }
    found = read_settings(given)
    assert found.image_roots == (home, home / "a")
    assert found.api_keys == (KEY, f"{KEY}2")
    assert found.cors_origins == ("https://a.example:8443", "http://b.example")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("IMAGE_ROOTS", "images", "NEUROVAL_IMAGE_ROOTS is 'images'; expected folders with their whole path"),
        ("IMAGE_ROOTS", "/gone", "NEUROVAL_IMAGE_ROOTS is '/gone'; expected a folder that is there."),
        ("IMAGE_ROOTS", "/", "NEUROVAL_IMAGE_ROOTS is '/'; expected less than the whole disk."),
        ("LOGIN", "on", "NEUROVAL_LOGIN is 'on'; expected off or required."),
        ("LOGIN_EMAILS", "b.org", "NEUROVAL_LOGIN_EMAILS is 'b.org'; expected addresses such as a@b.org"),
        ("CORS_ORIGINS", "*", "NEUROVAL_CORS_ORIGINS is '*'; expected addresses of web sites"),
        ("CORS_ORIGINS", "https://a.org/x", "NEUROVAL_CORS_ORIGINS is 'https://a.org/x'; expected"),
        ("MAX_BATCH", "0", "NEUROVAL_MAX_BATCH is '0'; expected a whole number from 1 to 1000."),
        ("MAX_BATCH", "many", "NEUROVAL_MAX_BATCH is 'many'; expected a whole number from 1 to 1000."),
        ("REQUEST_TIMEOUT", "1.5", "NEUROVAL_REQUEST_TIMEOUT is '1.5'; expected a whole number from 1 to 600."),
        ("IMAGE_ROOT", "/", "NEUROVAL_IMAGE_ROOT is no setting; NEUROVAL_IMAGE_ROOTS is."),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_bad_variable_is_named_with_what_is_allowed(name: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_settings({f"NEUROVAL_{name}": value})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch = true", "max_batch is True; expected a whole number from 1 to 1000."),
        ("image_roots = [1]", "image_roots is [1]; expected folders with their whole path"),
        ("images = []", "images is no setting; expected one of image_roots, login"),
        ("max_batch =", "not a readable TOML file"),
    ],
)
def test_a_bad_file_is_named_with_what_is_allowed(home: Path, text: str, message: str) -> None:
    write(home, text)
    with pytest.raises(InputError) as error:
        read_settings({})
    assert str(error.value).startswith(f"{home / 'neuroval.toml'}: {message}")


@pytest.mark.usefixtures("home")
def test_a_key_is_never_shown() -> None:
    found = read_settings({"NEUROVAL_API_KEYS": KEY})
    assert KEY not in repr(found)
    assert KEY not in "\n".join(described(found))
    with pytest.raises(InputError, match=r"expected keys of 24 or more .* key 2 is not") as error:
        read_settings({"NEUROVAL_API_KEYS": f"{KEY},secret"})
    assert "secret" not in str(error.value)


@pytest.mark.usefixtures("home")
def test_variables_of_other_programs_are_left_alone() -> None:
    assert read_settings({"NEUROVAL_PORT_8501_TCP": "tcp://10.0.0.1:8501"}).max_batch == 32


AUTH = {
    "client_id": "a",
    "client_secret": "b",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
    "redirect_uri": "https://neuroval.example/oauth2callback",
    "cookie_secret": "c" * 32,
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, None),
        ({"redirect_uri": "http://localhost:8501/oauth2callback"}, None),
        ({"client_secret": ""}, "login is required, and [auth] has no client_secret."),
        ({"cookie_secret": "short"}, "cookie_secret of [auth] is too short; expected 32 letters or more."),
        ({"redirect_uri": "http://neuroval.example/oauth2callback"}, "redirect_uri of [auth] is 'http://neuroval"),
        ({"redirect_uri": "https://neuroval.example/"}, "expected https://HOST/oauth2callback"),
    ],
)
def test_a_required_login_needs_a_provider(tmp_path: Path, changed: dict[str, str], message: str | None) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in (AUTH | changed).items()))
    check_sign_in(Settings(), ())
    places = (tmp_path / "gone.toml", file)
    if message is None:
        check_sign_in(Settings(login="required"), places)
    else:
        with pytest.raises(InputError) as error:
            check_sign_in(Settings(login="required"), places)
        assert message in str(error.value)


def test_a_required_login_without_a_file_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no /.*secrets.toml that says by whom"):
        check_sign_in(Settings(login="required"), (tmp_path / "secrets.toml",))
