"""Settings: where they come from, which wins, and what is said of a bad one."""

import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr

from neuroval.dashboard.settings import Settings, check_sign_in, described, read_settings
from neuroval.data.exceptions import InputError

KEY = "k" * 24


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "neuroval.toml").write_text(text)


def test_every_setting_is_described_and_has_a_line(home: Path) -> None:
    lines = described(read_settings())
    assert lines[:2] == [f'# NEUROVAL_HOME is "{home}"', "# api_keys: 0"]
    unset = ["reviews", "reviewer", "log_file"]
    assert lines[2:5] == [f"# {name} is not set" for name in unset]
    assert {"api_keys", *unset, *tomllib.loads("\n".join(lines))} == set(Settings.model_fields)
    assert all(one.description for one in Settings.model_fields.values())


def test_the_password_of_the_reviews_is_hidden(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setenv("NEUROVAL_REVIEWS", "postgresql+psycopg://ann:secret@db.example.org/reviews")
    lines = described(read_settings())
    assert "# reviews: postgresql+psycopg://ann:***@db.example.org/reviews" in lines
    assert "secret" not in "".join(lines)
    monkeypatch.setenv("NEUROVAL_REVIEWS", "mysql://ann:secret@db/reviews")
    with pytest.raises(InputError, match=r"NEUROVAL_REVIEWS: reviews: mysql is no store of reviews") as raised:
        read_settings()
    assert "secret" not in str(raised.value)


def test_the_deployment_guide_lists_the_settings() -> None:
    rows = [
        line.split("|")
        for line in (Path(__file__).parents[2] / "DEPLOYMENT.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    listed = {row[1].strip(" `"): row[2].strip(" `") for row in rows}
    for name, one in Settings.model_fields.items():
        assert name in listed
        if isinstance(one.default, int | float | str):
            assert listed[name] == str(one.default)


def test_by_default_images_are_in_the_working_folder(home: Path) -> None:
    assert read_settings().image_roots == (home / "images",)


def test_what_is_printed_is_a_file_that_says_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_IMAGE_ROOTS", str(home))
    monkeypatch.setenv("NEUROVAL_LOGIN_EMAILS", "a@b.org,@c.org")
    monkeypatch.setenv("NEUROVAL_UPLOAD_MB", "20.123456")
    monkeypatch.setenv("NEUROVAL_MODEL", 'a "model"\\')
    found = read_settings()
    monkeypatch.delenv("NEUROVAL_IMAGE_ROOTS")
    for name in ("LOGIN_EMAILS", "UPLOAD_MB", "MODEL"):
        monkeypatch.delenv(f"NEUROVAL_{name}")
    write(home, "\n".join(described(found)))
    assert read_settings() == found


def test_a_variable_wins_over_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, f'image_roots = ["{home}"]\nbatch_files = 5\nlogin = "required"\nlogin_emails = ["A@b.org"]')
    monkeypatch.setenv("NEUROVAL_BATCH_FILES", "7")
    found = read_settings()
    assert (found.image_roots, found.batch_files, found.login) == ((home,), 7, "required")
    assert found.login_emails == ("a@b.org",)


def test_an_empty_variable_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "batch_files = 5")
    monkeypatch.setenv("NEUROVAL_BATCH_FILES", "")
    assert read_settings().batch_files == 5


def test_the_file_may_lie_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = home / "other.toml"
    other.write_text("batch_files = 3")
    monkeypatch.setenv("NEUROVAL_CONFIG", str(other))
    assert read_settings().batch_files == 3
    monkeypatch.setenv("NEUROVAL_CONFIG", "/gone.toml")
    with pytest.raises(InputError, match=r"NEUROVAL_CONFIG: /gone.toml is not there; expected a TOML file\."):
        read_settings()


def test_lists_are_separated_in_variables(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "a").mkdir()
    monkeypatch.setenv("NEUROVAL_IMAGE_ROOTS", f"{home}:{home / 'a'}")
    monkeypatch.setenv("NEUROVAL_API_KEYS", f" {KEY}, {KEY}2,")
    monkeypatch.setenv("NEUROVAL_API_ORIGINS", "https://a.example:8443,http://b.example")
    monkeypatch.setenv("NEUROVAL_UPLOAD_MB", "1.5")
    found = read_settings()
    assert found.image_roots == (home, home / "a")
    assert found.api_keys == (SecretStr(KEY), SecretStr(f"{KEY}2"))
    assert found.api_origins == ("https://a.example:8443", "http://b.example")
    assert found.upload_bytes == 1_500_000


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("IMAGE_ROOTS", "images", "NEUROVAL_IMAGE_ROOTS, number 1: expected a folder that is there, with its whole"),
        ("IMAGE_ROOTS", "/:/gone", "NEUROVAL_IMAGE_ROOTS, number 1: expected less than the whole disk. NEUROVAL_IMAGE"),
        ("LOGIN", "on", "NEUROVAL_LOGIN: Input should be 'off' or 'required'."),
        ("LOGIN_EMAILS", "b.org", "NEUROVAL_LOGIN_EMAILS, number 1: expected an address such as a@b.org"),
        ("API_ORIGINS", "*", "NEUROVAL_API_ORIGINS, number 1: expected the address of a web site"),
        ("API_ORIGINS", "https://a.org/x", "NEUROVAL_API_ORIGINS, number 1: expected the address of a web site"),
        ("BATCH_FILES", "0", "NEUROVAL_BATCH_FILES: Input should be greater than or equal to 1."),
        ("BATCH_FILES", "1.5", "NEUROVAL_BATCH_FILES: Input should be a valid integer"),
        ("TIMEOUT", "long", "NEUROVAL_TIMEOUT: Input should be a valid number"),
        ("IMAGE_ROOT", "/", "NEUROVAL_IMAGE_ROOT is no setting; NEUROVAL_IMAGE_ROOTS is."),
    ],
)
def test_a_bad_variable_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"NEUROVAL_{name}", value)
    with pytest.raises(InputError) as error:
        read_settings()
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_files = []", ": batch_files: Input should be a valid integer."),
        ("image_roots = [1]", ": image_roots, number 1: Input is not a valid path"),
        ("images = []", ": images is no setting; expected one of image_roots, login"),
        ("batch_files =", ": not readable TOML"),
    ],
)
def test_a_bad_file_is_named_with_what_is_allowed(home: Path, text: str, message: str) -> None:
    write(home, text)
    with pytest.raises(InputError) as error:
        read_settings()
    assert str(error.value).startswith(f"{home / 'neuroval.toml'}{message}")


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_API_KEYS", KEY)
    found = read_settings()
    assert KEY not in repr(found)
    assert KEY not in "\n".join(described(found))
    monkeypatch.setenv("NEUROVAL_API_KEYS", f"{KEY},secret")
    with pytest.raises(InputError, match="number 2: expected a key of 24 or more ASCII letters") as error:
        read_settings()
    assert "secret" not in str(error.value)


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_PORT_8501_TCP", "tcp://10.0.0.1:8501")
    assert read_settings().batch_files == 32


def test_what_is_no_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_REQUIRE_LOGIN", "yes")
    assert described(read_settings())[-1] == "# NEUROVAL_REQUIRE_LOGIN is no setting and ignored"


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


def test_who_may_run_evaluations_is_known_only_after_a_login() -> None:
    with pytest.raises(InputError, match="without a login nobody is known"):
        check_sign_in(Settings(run_emails="a@b.org"), ())


@pytest.mark.parametrize("name", ["https://a.example", "a.example:80", "*", "*.", "a..b", "*.*.a", "a/b", ""])
def test_names_of_hosts_are_plain(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_ALLOWED_HOSTS", f"NeuroVal.example.org, *.clinic.example,{name}")
    if name in ("*", ""):
        assert read_settings().allowed_hosts[:2] == ("neuroval.example.org", "*.clinic.example")
    else:
        with pytest.raises(InputError, match="NEUROVAL_ALLOWED_HOSTS, number 3"):
            read_settings()


def test_a_log_needs_a_folder_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_LOG_FILE", str(tmp_path / "api.log"))
    assert read_settings().log_file == tmp_path / "api.log"
    assert f'log_file = "{tmp_path / "api.log"}"' in described(read_settings())
    monkeypatch.setenv("NEUROVAL_LOG_FILE", str(tmp_path / "gone" / "api.log"))
    with pytest.raises(InputError, match="NEUROVAL_LOG_FILE: expected a file"):
        read_settings()
