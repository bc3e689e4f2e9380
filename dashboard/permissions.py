"""What each role may do, asked at one place by pages, image addresses and the store of reviews; and the access log.

Roles are named by the settings, for the addresses that people sign in with. Without a sign-in, or with one but no role
named, everybody may do everything but read the access log.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from neuroval.dashboard.settings import Settings, current_settings
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import Kind
from neuroval.data.storage import access_log
from neuroval.data.storage.access_log import AccessKind

Role = Literal["reader", "adjudicator", "administrator", "auditor"]
Action = Literal["judge", "read", "decide", "make-list", "run", "see-log"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
MAY: Final[Mapping[Role, frozenset[Action]]] = {
    "reader": frozenset({"judge", "read"}),
    "adjudicator": frozenset({"judge", "read", "decide"}),
    "administrator": frozenset(ACTIONS),
    "auditor": frozenset({"see-log"}),
}
EVERYBODY: Final = frozenset(ACTIONS) - {"see-log"}  # where nobody is named: the log tells of colleagues
OF_EVENT: Final[Mapping[Kind, Action]] = {
    **dict.fromkeys(("agree", "label-wrong", "unsure", "unusable", "note", "tag", "untag", "undo"), "judge"),
    **dict.fromkeys(("list", "listed", "assign", "unassign"), "make-list"),
    **dict.fromkeys(("read", "correct"), "read"),
    "decide": "decide",
    "import": "make-list",
}
ACTION_NAMES: Final[Mapping[Action, str]] = {
    "judge": "review a scan",
    "read": "read blind",
    "decide": "adjudicate",
    "make-list": "make or change a reading list",
    "run": "start or stop an evaluation",
    "see-log": "see the access log",
}
AGAIN: Final = 60.0  # seconds in which the same access is written once
MOST_KEPT: Final = 10_000  # of these, then all are forgotten

_last: Final[dict[tuple[str, ...], float]] = {}
_removed: Final[dict[str, str]] = {}  # the day on which old rows were last removed


class NotAllowedError(InputError):
    """Somebody may not do this; nothing was done."""


def roles_of(who: str) -> tuple[Role, ...]:
    """Return the roles of a person. An address that a role names by itself counts before its domain."""
    settings, address = current_settings(), who.casefold()
    name, at, domain = address.rpartition("@")
    for wanted in (address, f"@{domain}") if name and at else ():
        if roles := tuple(role for role in ROLES if wanted in emails_of(settings, role)):
            return roles
    return ()


def emails_of(settings: Settings, role: Role) -> tuple[str, ...]:
    """Return the addresses that have a role."""
    emails: tuple[str, ...] = getattr(settings, f"{role}_emails")
    return emails


def roles_are_named() -> bool:
    """Return whether the settings name anybody's role."""
    settings = current_settings()
    return settings.login == "required" and any(emails_of(settings, role) for role in ROLES)


def may(who: str, action: Action) -> bool:
    """Return whether a person may do this."""
    if not roles_are_named():
        return action in EVERYBODY
    return any(action in MAY[role] for role in roles_of(who))


def check(who: str, action: Action) -> None:
    """Raise ``NotAllowedError``, and write it down, where a person may not do this."""
    if may(who, action):
        return
    note("refusal", who=who, what=ACTION_NAMES[action])
    allowed = [role for role in ROLES if action in MAY[role]]
    raise NotAllowedError(
        f"{who or 'nobody'} may not {ACTION_NAMES[action]}, only {' or '.join(allowed)}; nothing was done."
    )


def note(kind: AccessKind, *, who: str, what: str, study: str = "") -> None:
    """Write an access down, where a sign-in is required; the same one again within a minute is one.

    Raises ``AccessLogError`` where it cannot be written: then nothing may be shown or done.
    """
    settings = current_settings()
    if settings.login != "required":
        return
    now, key = time.monotonic(), (who, kind, what, study)
    if kind in ("view", "refusal", "sign-in") and now - _last.get(key, -AGAIN) < AGAIN:
        return
    access_log.append(kind, who=who, what=what, study=study)
    if len(_last) >= MOST_KEPT:
        _last.clear()
    _last[key] = now
    _remove_old(settings)


def _remove_old(settings: Settings) -> None:
    """Once a day remove what is older than the settings keep."""
    today = datetime.now(UTC).date().isoformat()
    if settings.access_log_days and _removed.get("day") != today:
        access_log.remove_older(settings.access_log_days)
        _removed["day"] = today
