"""Roles: each role with each action as a table, at the one place where events are written, and what is written down."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from neuroval.dashboard import permissions
from neuroval.dashboard.cases.reviews import event_on, record, review_store
from neuroval.dashboard.permissions import ACTIONS, OF_EVENT, Action, NotAllowedError, check, may, note, roles_of
from neuroval.dashboard.settings import Settings, check_sign_in, current_settings
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import KINDS, Event
from neuroval.data.reviews.store import forget_stores
from neuroval.data.storage.access_log import Wanted, accesses
from neuroval.data.study.folder import read_study

WHO: Final = {
    "reader": "ann@hospital.example",
    "adjudicator": "carl@hospital.example",
    "administrator": "dora@hospital.example",
    "auditor": "eve@hospital.example",
    "nobody": "fay@clinic.example",
}
TABLE: Final[dict[Action, str]] = {  # which of these five may do it
    "judge": "reader adjudicator administrator",
    "read": "reader adjudicator administrator",
    "decide": "adjudicator administrator",
    "make-list": "administrator",
    "run": "administrator",
    "see-log": "administrator auditor",
}


@pytest.fixture
def roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server with a person of each role, and a home of its own."""
    permissions._last.clear()
    permissions._removed.clear()
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    monkeypatch.setenv("NEUROVAL_READER_EMAILS", "@hospital.example")
    for role in ("adjudicator", "administrator", "auditor"):
        monkeypatch.setenv(f"NEUROVAL_{role.upper()}_EMAILS", WHO[role])
    current_settings.cache_clear()
    yield tmp_path / "home"
    forget_stores()


def written() -> list[tuple[str, str, str]]:
    return [(access.who, access.kind, access.what) for access in accesses(Wanted())]


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", WHO)
def test_each_role_with_each_action(role: str, action: Action) -> None:
    allowed = role in TABLE[action].split()
    assert may(WHO[role], action) is allowed
    if allowed:
        check(WHO[role].upper(), action)
        return
    with pytest.raises(NotAllowedError, match="nothing was done"):
        check(WHO[role], action)
    assert written() == [(WHO[role], "refusal", permissions.ACTION_NAMES[action])]


@pytest.mark.parametrize("role", WHO)
def test_an_event_is_kept_of_whom_the_roles_let_and_of_nobody_else(
    role: str, roles: Path, dashboard_home: Path
) -> None:
    shutil.copytree(dashboard_home / "studies" / "normal", roles / "studies" / "normal")
    study = read_study(roles / "studies" / "normal")
    case_id, kept = study.predictions["case_id"].iloc[0], []
    for kind in KINDS:
        parts: dict[str, Any] = {"payload": {"class": "glioma"}}
        try:
            record(event_on(study, case_id, who=WHO[role], kind=kind, **parts))
        except NotAllowedError:
            continue
        kept.append(kind)
    assert kept == [kind for kind in KINDS if role in TABLE[OF_EVENT[kind]].split()]
    store = review_store()
    assert [entry.event.kind for entry in (() if store is None else store.entries())] == kept


@pytest.mark.usefixtures("roles")
def test_events_of_several_are_kept_together_or_not_at_all() -> None:
    events = [Event(who=WHO[role], study="", case_id="a", kind="agree") for role in ("reader", "auditor")]
    with pytest.raises(NotAllowedError):
        record(*events)
    assert review_store() is None


@pytest.mark.usefixtures("roles")
def test_an_address_counts_before_its_domain() -> None:
    assert roles_of("someone@hospital.example") == ("reader",)
    assert roles_of(WHO["auditor"]) == ("auditor",)
    assert roles_of("eve@hospital.example.evil") == roles_of("") == roles_of("hospital.example") == ()


@pytest.mark.parametrize("login", ["off", "required"])
def test_without_a_role_named_all_is_as_before_but_the_log(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_LOGIN", login)
    current_settings.cache_clear()
    assert {action for action in ACTIONS if may("anybody", action)} == set(ACTIONS) - {"see-log"}


def test_settings_that_contradict_each_other_stop_the_server() -> None:
    with pytest.raises(InputError, match="auditor_emails names who has a role, and without a login"):
        check_sign_in(Settings(auditor_emails=("a@b.org",)), [])
    both = Settings(login="required", auditor_emails=("a@b.org",), reader_emails=("@c.org", "a@b.org"))
    with pytest.raises(InputError, match=r"a@b\.org is in reader_emails too; an auditor changes nothing"):
        check_sign_in(both, [])


@pytest.mark.usefixtures("roles")
def test_the_same_view_within_a_minute_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 59.0, 59.5, 60.0, 61.0])
    monkeypatch.setattr(permissions.time, "monotonic", lambda: next(clock))
    for _ in range(2):
        note("view", who="ann", what="scan 1")
    note("view", who="bob", what="scan 1")
    note("view", who="ann", what="scan 1")
    note("export", who="ann", what="report")
    assert [(who, kind) for who, kind, _ in written()][::-1] == [
        ("ann", "view"),
        ("bob", "view"),
        ("ann", "view"),
        ("ann", "export"),
    ]


def test_without_a_sign_in_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROVAL_LOGIN", "off")
    current_settings.cache_clear()
    note("view", who="", what="scan 1")
    assert not (tmp_path / "access").exists()


@pytest.mark.usefixtures("roles")
def test_rows_older_than_the_settings_keep_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime, timedelta

    from neuroval.data.storage.access_log import append

    append("view", who="ann", what="long ago", now=datetime.now(UTC) - timedelta(days=40))
    note("view", who="ann", what="kept while no days are set")
    assert len(written()) == 2
    monkeypatch.setenv("NEUROVAL_ACCESS_LOG_DAYS", "30")
    current_settings.cache_clear()
    note("view", who="ann", what="scan 1")
    assert "long ago" not in [what for _, _, what in written()]
