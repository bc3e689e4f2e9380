"""Who may see what, where a sign-in is required: pages, images and API, by the cookie of Streamlit's ``st.login``.

Every address is closed but for those that a sign-in needs and the checks of health; pages ask once more themselves.
A client of the API sends one of the server's keys instead.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from neuroval.dashboard.access import streamlit_private
from neuroval.dashboard.access.api_keys import SIGNED_IN, has_key
from neuroval.dashboard.words import sign_in as text

if TYPE_CHECKING:
    from neuroval.dashboard.settings import Settings

# The frame of a page holds no data: what it shows comes through the socket, where the page asks who is there.
PAGES: Final = {f"/{path.stem}" for path in (Path(__file__).parents[1] / "app_pages").glob("*.py")} | {"/", "/home"}
OPEN: Final = PAGES | streamlit_private.OPEN | {"/api/v1/health", "/api/v1/ready"}
API: Final = "/api/"


class SignIn:
    """ASGI middleware: 401 for whom the settings do not let in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and not lets_in(HTTPConnection(scope)):
            problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": text.REFUSED}
            refused = JSONResponse(problem, 401, {"Cache-Control": "no-store"}, media_type="application/problem+json")
            await refused(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def lets_in(request: HTTPConnection) -> bool:
    """Return whether a request may be answered."""
    path: str = request.scope["path"]
    if not required() or path in OPEN or (path.startswith(streamlit_private.OPEN_FOLDER) and ".." not in path):
        return True
    if path.startswith(API) and request.scope["method"] == "OPTIONS":  # a browser asks what it may send, without a key
        return True
    if may_use(streamlit_private.user_of(request.cookies)):
        request.scope.setdefault("state", {})[SIGNED_IN] = True
        return True
    return path.startswith(API) and has_key(request.headers, _settings().api_keys)


def required() -> bool:
    """Return whether this server asks for a sign-in."""
    return _settings().login == "required"


def _settings() -> "Settings":
    from neuroval.dashboard.settings import current_settings  # not when the server starts: it waits for nothing

    return current_settings()


def may_use(user: Mapping[str, Any]) -> bool:
    """Return whether somebody has signed in, with one of the addresses where the settings name some."""
    if not user.get("is_logged_in"):
        return False
    allowed, email = _settings().login_emails, str(user.get("email", "")).casefold()
    if not allowed:
        return True
    return user.get("email_verified") is not False and (email in allowed or f"@{email.partition('@')[2]}" in allowed)


def passed() -> bool:
    """Return whether the page may be drawn; else draw the sign-in in its place."""
    if not required():
        return True
    user = st.user.to_dict() if streamlit_private.can_sign_in() else {}
    if may_use(user):
        with st.sidebar, st.container(horizontal=True, vertical_alignment="center"):
            st.caption(str(user.get("email") or user.get("name") or "Signed in"))
            st.button("Sign out", type="tertiary", on_click=st.logout)
        return True
    st.title(text.TITLE, anchor=False)
    if not streamlit_private.can_sign_in():
        st.error(text.NOT_SET_UP)
    elif user.get("is_logged_in"):
        st.error(text.NOT_ALLOWED)
        st.button("Sign out", on_click=st.logout)
    else:
        st.markdown(text.ASK)
        st.button("Sign in", on_click=st.login)
    return False
