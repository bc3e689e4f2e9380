"""All that NeuroVal takes from inside Streamlit, where nothing is promised: the one file to read when it is upgraded.

``BELOW`` is the first version that nobody has looked at; ``pyproject.toml`` names the same. To raise it, read each
comment here against the new version, run ``tests/dashboard/access`` and ``tests/dashboard/browser/test_login.py``.
"""

import json
import os
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import streamlit
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri, get_secrets_auth_section
from streamlit.delta_generator import DeltaGenerator as DeltaGenerator  # what st.columns gives, for the type checker
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

BELOW: Final = "1.68"

# Addresses that Streamlit serves before anybody has signed in: its health, its socket and its own way to sign in.
OPEN: Final = frozenset(
    {
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/auth/login",
        "/auth/logout",
        "/favicon.png",
        "/oauth2callback",
    }
)
OPEN_FOLDER: Final = "/static/"  # its scripts and fonts


def can_sign_in() -> bool:
    """Return whether Streamlit's secrets say by whom people sign in."""
    return bool(get_secrets_auth_section())


def user_of(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what the signed cookie of ``st.login`` says of who is there; nothing when it is not there, or not ours.

    Streamlit shows it to a page as ``st.user`` and has no public way to read it for another address.
    """
    secret = get_cookie_secret()
    if not secret or not can_sign_in():
        return {}

    def single(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(secret, name, value)

    content = get_cookie_with_chunks(single, USER_COOKIE_NAME)  # a long one comes in several
    if content is None:
        return {}
    user = json.loads(content)
    return user if isinstance(user, dict) and user.get("origin") == get_origin_from_redirect_uri() else {}


def scripts(*names: str) -> list[str]:
    """Return the addresses, relative to a page's, of Streamlit's scripts of these names."""
    folder = Path(streamlit.__file__).parent / "static"  # the rest of a file's name is a digest
    paths = [path for name in names for path in folder.glob(f"static/js/{name}.*.js")]
    return [path.relative_to(folder).as_posix() for path in paths]


def send_at_once() -> None:
    """Let small answers leave at once, on the connections of the listening socket.

    Streamlit opens it in a way that asyncio does not know for TCP (no protocol is named), so the end of an answer waits
    40 ms for the browser's word that the beginning has come (Nagle's algorithm against delayed acknowledgements).
    Neither Streamlit nor uvicorn has a setting for it, and an ASGI application is not given its connections: the
    socket is looked for among the open files, before the first connection. A connection inherits the option.
    ``tests/dashboard/access`` fails once Streamlit names the protocol, and this can go.
    """
    folder, internet = Path("/dev/fd"), (socket.AF_INET, socket.AF_INET6)
    for number in [int(path.name) for path in folder.iterdir()] if folder.is_dir() else ():
        with suppress(OSError):  # the folder itself is listed too, and gone by now
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as connection:
                if connection.family in internet and connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
