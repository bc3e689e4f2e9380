"""Every sentence about roles and about the access log."""

from collections.abc import Mapping
from typing import Final

from neuroval.dashboard.permissions import Action, Role
from neuroval.data.storage.access_log import Access, AccessKind

ROLE: Final[Mapping[Role, str]] = {
    "reader": "reader",
    "adjudicator": "adjudicator",
    "administrator": "administrator",
    "auditor": "auditor",
}
MAY_NOT: Final[Mapping[Action, str]] = {
    "judge": "Your role lets you look at reviews, not add to them.",
    "read": "Your role does not let you read scans blind.",
    "decide": "Your role lets you look at disagreements. An adjudicator decides them.",
    "make-list": "An administrator makes and changes reading lists.",
    "run": "An administrator starts and stops evaluations.",
    "see-log": "The access log is shown to an auditor and to an administrator.",
}
NO_ROLE: Final = "No role: you see the pages and change nothing."

# The page Access log
NOT_KEPT: Final = (
    "No access log is kept: no sign-in is required here, so nobody is known by name. DEPLOYMENT.md says how to set "
    "one up."
)
NOBODY_NAMED: Final = "The settings name no auditor and no administrator, so nobody may see the access log."
EMPTY: Final = "Nothing has been written down yet."
NONE_PASS: Final = "No entry passes these filters."
PERSON, KIND, DAY, DAY_HELP = "Person", "What happened", "Day", "In UTC."
ALL: Final = "All"
NOT_SIGNED_IN: Final = "not signed in"
CSV: Final = "CSV of these entries"
SHOWN: Final = 200  # rows on the page
KINDS: Final[Mapping[AccessKind, str]] = {
    "sign-in": "Signed in",
    "sign-out": "Signed out",
    "refusal": "Refused",
    "view": "Saw",
    "export": "Took away",
    "start": "Started",
    "cancel": "Cancelled",
    "resume": "Resumed",
    "discard": "Discarded",
}
METHODS: Final = """
Where a sign-in is required, a row is written before a scan is shown, a file is taken away, or an evaluation is started,
cancelled, resumed or discarded, at each sign-in and sign-out, and when somebody is refused. If it cannot be written,
nothing is shown or done. The same view, refusal or sign-in by the same person within a minute is one row. A scan that
the browser has kept is not sent again and makes no further row.

Scans stand under the names that they have in addresses: an id that NeuroVal has made, or else a key that only this
server can tell. No patient is named. Rows cannot be changed; the setting `access_log_days` says when old ones are
removed. Whoever may write the server's files can change the log; commands on the server itself are not in it.
"""


def answer(total: int, people: int) -> str:
    """Return what the log holds."""
    if not total:
        return EMPTY
    entries = f"{total:,} {'entry' if total == 1 else 'entries'}"
    return f"{entries} of {people:,} {'person' if people == 1 else 'people'}."


def rows(entries: tuple[Access, ...]) -> list[dict[str, str]]:
    """Return a row an entry, the last first."""
    return [
        {
            "Time (UTC)": entry.at[:19].replace("T", " "),
            "Person": entry.who or NOT_SIGNED_IN,
            "What happened": KINDS[entry.kind],
            "To what": f"{entry.what}, study {entry.study}" if entry.study else entry.what,
        }
        for entry in entries
    ]


def shown(number: int, total: int) -> str:
    """Return how many entries are on the page."""
    return f"{total:,} shown." if number == total else f"The last {number:,} of {total:,} shown. The CSV has all."


def kind(name: str) -> str:
    """Return how a kind of entry is written in the filter."""
    return next((words for known, words in KINDS.items() if known == name), ALL)


def person(name: str) -> str:
    """Return how a person is written in the filter."""
    return name or ALL


def yours(roles: tuple[Role, ...]) -> str:
    """Return which role somebody has, for the sidebar."""
    return f"Role: {', '.join(ROLE[role] for role in roles)}." if roles else NO_ROLE
