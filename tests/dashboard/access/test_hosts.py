"""Which names are this server's, and which requests a page elsewhere has sent."""

import socket

import pytest

from neuroval.dashboard.access.hosts import is_foreign, is_ours, own_names

NAMES = frozenset({"localhost", "*.localhost", "neuroval.example.org", "*.hospital.example"})
OURS = "neuroval.example.org"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8501",
        "localhost.",
        "tab.localhost:80",
        "neuroval.example.org",
        "a.b.hospital.example:443",
        "127.0.0.1:8501",
        "10.20.30.40",
        "[::1]:8501",
        "[fe80::1]",
    ],
)
def test_names_that_were_given_and_addresses_in_digits_are_ours(host: str) -> None:
    assert is_ours(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "neuroval.example.org.evil.example",
        "127.0.0.1.evil.example",
        "hospital.example",  # below it, not itself
        "evilhospital.example",
        "2130706433",  # 127.0.0.1 as one number: no browser sends it
        "localhost@evil.example",
        "evil.example/localhost",
        "localhost:8501:80",
        "localhost:port",
        "[localhost]",
        "[::1",
        "localhost evil.example",
        "localhost,evil.example",
        "\N{FULLWIDTH LATIN SMALL LETTER L}ocalhost",
    ],
)
def test_other_names_are_not(host: str) -> None:
    assert not is_ours(host, NAMES)


def test_any_name_is_ours_where_the_settings_say_so() -> None:
    assert is_ours("evil.example", {"*"})
    assert not is_ours("evil.example/x", {"*"})


def test_the_machine_knows_its_own_name_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Reading-Room.clinic.example")
    names = own_names()
    for host in ("reading-room.clinic.example", "reading-room", "reading-room.local:8501", "localhost"):
        assert is_ours(host, names)
    assert not is_ours("clinic.example", names)
    assert not is_ours("reading-room.evil.example", names)


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a program, no browser
        {"origin": f"https://{OURS}"},
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},  # typed
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},  # a link
    ],
)
def test_our_own_pages_and_links_to_them_may_ask(headers: dict[str, str]) -> None:
    assert not is_foreign(headers, host=OURS)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": f"https://{OURS}:8443"},
        {"origin": f"https://user@{OURS}"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ],
)
def test_other_pages_may_not(headers: dict[str, str]) -> None:
    assert is_foreign(headers, host=OURS)


def test_a_page_that_the_settings_name_may_ask() -> None:
    viewer = {"origin": "https://viewer.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    assert not is_foreign(viewer, host=OURS, allowed=("https://viewer.example",))
    assert is_foreign(viewer, host=OURS, allowed=("https://viewer.example:8443",))
