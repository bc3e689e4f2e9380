"""How long a sign-in lasts, and how it is ended."""

from pathlib import Path

import pytest

from neuroval.dashboard.access.sessions import (
    EVERYBODY,
    Limits,
    Session,
    end,
    end_all,
    is_open,
    open_sessions,
    session_of,
)

BEGAN = 1_000_000.0
LIMITS = Limits(idle=3600, longest=8 * 3600)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def session(cookie: str = "a", person: str = "Reader@hospital.example", began: float = BEGAN) -> Session:
    return session_of(cookie, person=person, began=began)


def after(seconds: float, of: Session, **more: bool) -> bool:
    return is_open(of, LIMITS, now=BEGAN + seconds, **more)


def test_it_ends_without_use() -> None:
    assert after(3600, session())
    assert after(2 * 3600, session())  # an hour after the use before
    assert not after(3 * 3600 + 1, session())
    assert not after(3 * 3600 + 2, session())


def test_looking_is_no_use() -> None:
    assert after(1, session())
    for minute in range(1, 60):
        assert after(60 * minute, session(), used=False)
    assert not after(3700, session())


def test_it_ends_after_a_day_of_work_however_much_it_is_used() -> None:
    for minute in range(8 * 60 + 1):
        assert after(60 * minute, session())
    assert not after(8 * 3600 + 1, session())


def test_a_cookie_that_was_put_aside_is_worth_nothing() -> None:
    """It is not known here, and older than a session lasts without use."""
    assert not after(3601, session("never seen"))


def test_a_cookie_from_the_future_is_worth_nothing() -> None:
    assert after(-30, session())  # clocks differ a little
    assert not after(-90, session())


def test_who_signs_out_leaves_no_copy_that_works() -> None:
    assert after(10, session())
    end(session())
    assert not after(11, session())
    assert after(11, session("another device"))


def test_signing_out_everywhere_ends_all_devices_of_one_person() -> None:
    other = session("c", "other@hospital.example")
    for one in (session("a"), session("b"), other):
        assert after(10, one)
    assert end_all("READER@hospital.example", now=BEGAN + 20) == 2
    assert not after(21, session("a"))
    assert not after(21, session("b"))
    assert not after(21, session("stolen and never used"))
    assert after(21, other)
    assert after(22, session("again", began=BEGAN + 20))


def test_everybody_is_signed_out() -> None:
    one, other = session("a"), session("c", "other@hospital.example")
    assert after(10, one)
    assert after(10, other)
    assert end_all(EVERYBODY, now=BEGAN + 20) == 2
    assert not after(21, one)
    assert not after(21, other)


def test_who_is_signed_in_is_listed_and_what_is_over_is_forgotten(home: Path) -> None:
    assert after(10, session("a"))
    assert after(500, session("c", "other@hospital.example"))
    assert [use.person for use in open_sessions(LIMITS, now=BEGAN + 600)] == [
        "other@hospital.example",
        "reader@hospital.example",
    ]
    assert [use.person for use in open_sessions(LIMITS, now=BEGAN + 3700)] == ["other@hospital.example"]
    assert open_sessions(LIMITS, now=BEGAN + 9 * 3600) == []
    file = home / "access" / "sessions.db"
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert b"stolen" not in file.read_bytes()


def test_the_cookie_itself_is_not_written_down(home: Path) -> None:
    assert after(1, session("the-cookie-itself"))
    assert b"the-cookie-itself" not in (home / "access" / "sessions.db").read_bytes()
