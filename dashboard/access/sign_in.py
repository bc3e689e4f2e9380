"""Who may see what, where a sign-in is required: pages, images and API, by the cookie of Streamlit's ``st.login``.

Every address is closed but for those that a sign-in needs and the checks of health, and so is the socket of the pages;
pages ask once more themselves. A client of the API sends one of the server's keys instead.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from neuroval.dashboard.access import sessions, sign_in_page, streamlit_private
from neuroval.dashboard.access.api_keys import PERSON, SIGNED_IN, has_key
from neuroval.dashboard.access.gate import API, refused
from neuroval.dashboard.words import sign_in as text
from neuroval.data.storage.access_log import AccessKind, AccessLogError

if TYPE_CHECKING:
    from neuroval.dashboard.settings import Settings

PAGES: Final = {f"/{path.stem}" for path in (Path(__file__).parents[1] / "app_pages").glob("*.py")} | {"/", "/home"}
HEALTH: Final = frozenset({"/api/v1/health", "/api/v1/ready"})
KINDS: Final = {API: "the API", "/images/": "a picture"}
NOT_KEPT: Final = {"Cache-Control": "no-store"}


class SignIn:
    """ASGI middleware: for whom the settings do not let in the sign-in in place of pages, and 401 for all else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with the sign-in."""
        answer = _answer(HTTPConnection(scope)) if scope["type"] == "http" and required() else None
        await (self.app if answer is None else answer)(scope, receive, send)


def _answer(request: HTTPConnection) -> Response | None:
    """Return what is answered in place of what was asked for; nobody comes in unnoticed."""
    try:
        return _instead(request)
    except AccessLogError as error:
        return refused(request.scope["path"], 503, str(error))


def _instead(request: HTTPConnection) -> Response | None:
    """Return what is answered in place of what was asked for; none where the request is let in."""
    path: str = request.scope["path"]
    if path == sign_in_page.SIGN_IN and streamlit_private.can_sign_in():
        return RedirectResponse(streamlit_private.sign_in_address(), 302, NOT_KEPT)
    if path == sign_in_page.SIGN_OUT and (session := session_in(request)) is not None:
        sessions.end(session)  # a copy of the cookie is worth nothing from now on
        _note("sign-out", who=session.person, what="this device")
    if lets_in(request):
        return None
    user = streamlit_private.user_of(request.cookies)
    signed_in = bool(user.get("is_logged_in"))
    if signed_in or path not in PAGES:  # a page before the sign-in is where it begins
        with suppress(AccessLogError):  # what is refused is refused
            _note("refusal", who=person_of(user) if signed_in else "", what=_kind_of(path))
    return HTMLResponse(_page(request), 401, NOT_KEPT) if path in PAGES else refused(path, 401, text.REFUSED)


def _kind_of(path: str) -> str:
    """Return what an address leads to, without the address: it may hold anything."""
    if path in PAGES:
        return "a page"
    return next((words for start, words in KINDS.items() if path.startswith(start)), "another address")


def _note(kind: AccessKind, *, who: str, what: str) -> None:
    from neuroval.dashboard.permissions import note  # as the settings below

    note(kind, who=who, what=what)


def _page(request: HTTPConnection) -> str:
    if not streamlit_private.can_sign_in():
        return sign_in_page.page(text.NOT_SET_UP)
    session = session_in(request)
    if session is not None and sessions.is_open(session, _limits()):
        return sign_in_page.page(text.NOT_ALLOWED, address=sign_in_page.SIGN_OUT, label=text.SIGN_OUT)
    settings = _settings()
    lasting = text.lasting(settings.session_idle_minutes, settings.session_hours)
    return sign_in_page.page(text.ASK, lasting, address=sign_in_page.SIGN_IN, label=text.SIGN_IN)


def lets_in(request: HTTPConnection) -> bool:
    """Return whether a request may be answered where a sign-in is required."""
    path: str = request.scope["path"]
    if path in streamlit_private.OPEN or path in HEALTH:
        return True
    if path.startswith(streamlit_private.OPEN_FOLDER) and ".." not in path:
        return True
    if path.startswith(API) and request.scope["method"] == "OPTIONS":  # a browser asks what it may send, without a key
        return True
    if lasts(request):
        person = person_of(streamlit_private.user_of(request.cookies))
        request.scope.setdefault("state", {}).update({SIGNED_IN: True, PERSON: person})
        return True
    return path.startswith(API) and has_key(request.headers, _settings().api_keys)


def lasts(request: HTTPConnection, used: bool = True) -> bool:
    """Return whether nobody needs to sign in, or somebody who may has, in a session that is still open."""
    if not required():
        return True
    if not may_use(streamlit_private.user_of(request.cookies)):
        return False
    session = session_in(request)
    if session is None:
        return False
    return sessions.is_open(
        session, _limits(), used=used, first=lambda: _note("sign-in", who=session.person, what="this server")
    )


def session_in(request: HTTPConnection) -> sessions.Session | None:
    """Return the session of the signed cookie that a request carries; none without one."""
    user = streamlit_private.user_of(request.cookies)
    if not user.get("is_logged_in"):
        return None
    cookie, began = streamlit_private.cookie_of(request.cookies)
    return sessions.session_of(cookie, person=person_of(user), began=began)


def person_of(user: Mapping[str, Any]) -> str:
    """Return by what a person is known here: the address, or what the provider says where it gives none."""
    return str(user.get("email") or user.get("sub") or "").casefold()


def _limits() -> sessions.Limits:
    settings = _settings()
    return sessions.Limits(idle=60 * settings.session_idle_minutes, longest=3600 * settings.session_hours)


def required() -> bool:
    """Return whether this server asks for a sign-in."""
    return _settings().login == "required"


def _settings() -> "Settings":
    from neuroval.dashboard.settings import current_settings  # not when the server starts: it waits for nothing

    return current_settings()


def _roles_are_named() -> bool:
    from neuroval.dashboard.permissions import roles_are_named  # as the settings

    return roles_are_named()


def may_use(user: Mapping[str, Any]) -> bool:
    """Return whether somebody has signed in, with one of the addresses where the settings name some."""
    if not user.get("is_logged_in"):
        return False
    if user.get("email_verified") is False and _roles_are_named():  # anybody may claim an address
        return False
    allowed = _settings().login_emails
    return not allowed or _is_among(user, allowed)


def may_run() -> bool:
    """Return whether who sees the page may start, cancel, resume and discard evaluations."""
    allowed = _settings().run_emails
    if not required():
        return True
    from neuroval.dashboard.permissions import may

    if not may(signed_in(), "run"):
        return False
    if not allowed:
        return True
    user = st.user.to_dict() if streamlit_private.can_sign_in() else {}
    return may_use(user) and _is_among(user, allowed)


def signed_in() -> str:
    """Return who sees the page, where a sign-in is required; empty where none is."""
    return person_of(st.user.to_dict()) if required() and streamlit_private.can_sign_in() else ""


def _is_among(user: Mapping[str, Any], allowed: Sequence[str]) -> bool:
    email = str(user.get("email", "")).casefold()
    return user.get("email_verified") is not False and (email in allowed or f"@{email.partition('@')[2]}" in allowed)


def passed() -> bool:
    """Return whether the page may be drawn, and draw by whom and how to sign out; say so where it may not."""
    if not required():
        return True
    user = st.user.to_dict() if streamlit_private.can_sign_in() else {}
    if not may_use(user):  # no socket is opened for who has not signed in: this is the second door
        st.error(text.REFUSED)
        return False
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
        st.caption(str(user.get("email") or user.get("name") or "Signed in"))
        if _roles_are_named():
            st.caption(_role_of(person_of(user)))
        st.button(text.SIGN_OUT, type="tertiary", on_click=st.logout)
        st.button(text.EVERYWHERE, type="tertiary", on_click=_sign_out_everywhere, help=text.EVERYWHERE_HELP)
    return True


def _role_of(who: str) -> str:
    from neuroval.dashboard.permissions import roles_of  # as the settings
    from neuroval.dashboard.words.roles import yours

    return yours(roles_of(who))


def _sign_out_everywhere() -> None:
    who = person_of(st.user.to_dict())
    sessions.end_all(who)
    _note("sign-out", who=who, what="every device")
    st.logout()
