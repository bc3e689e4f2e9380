"""All that NeuroVal takes from inside Streamlit, where nothing is promised: the one file to read when it is upgraded.

``BELOW`` is the first version that nobody has looked at; ``pyproject.toml`` names the same. To raise it, read each
comment here against the new version, run ``tests/dashboard/access`` and ``tests/dashboard/browser/test_login.py``.
"""

import json
import os
import re
import socket
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit
from google.protobuf.message import DecodeError
from itsdangerous import URLSafeTimedSerializer
from streamlit import runtime
from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri, get_secrets_auth_section
from streamlit.components.v2 import component
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.components.v2.types import ComponentRenderer
from streamlit.delta_generator import DeltaGenerator as DeltaGenerator  # what st.columns gives, for the type checker
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME as USER_COOKIE_NAME

BELOW: Final = "1.68"

# Addresses that Streamlit serves before anybody has signed in: its health and its own way to sign in.
OPEN: Final = frozenset(
    {
        "/_stcore/health",
        "/_stcore/host-config",
        "/auth/login",
        "/auth/logout",
        "/favicon.png",
        "/oauth2callback",
    }
)
# Of Streamlit's scripts those that other pages than the first need.
ELSEWHERE_DRAWN: Final = ("PlotlyChart", "DataFrame", "Slider", "ButtonGroup", "Checkbox", "Button", "Pagination")
COMPONENTS: Final = "neuroval"  # before the name of each component of ours
OPEN_FOLDER: Final = "/static/"  # its scripts and fonts


def browser_component(name: str, folder: Path, *, html: str, js: str, css: str) -> ComponentRenderer:
    """Return what draws a component of ours whose script and style lie in ``folder``.

    They are served as files, which the policy of the pages allows. Streamlit has such folders for installed packages
    alone, and a clone is none; what it calls a manifest is therefore made here, once for each runtime.
    """
    full = f"{COMPONENTS}.{name}"
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(full) is None:
        configuration = ComponentConfig(name=name, asset_dir=folder.name)
        manifest = ComponentManifest(name=COMPONENTS, version="1", components=[configuration])
        manager.register_from_manifest(manifest, folder.parent)
    return component(full, html=html, js=js, css=css)


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


def sign_in_hosts() -> list[str]:
    """Return the host name to which people come back after they have signed in, in a list; an empty one without."""
    name = urlsplit(get_origin_from_redirect_uri() or "").hostname if can_sign_in() else None
    return [name] if name else []


def inline_scripts() -> list[str]:
    """Return the scripts that stand inside the frame of Streamlit's pages."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def fetching_script() -> str:
    """Return the script by which a page loads, while it is read, what other pages draw with.

    The first page with a figure would wait for it, nearly a second for the largest. The address is relative to the
    page's: all pages lie side by side.
    """
    fetch = "".join(f"import(new URL('{script}', document.baseURI));" for script in scripts(*ELSEWHERE_DRAWN))
    return f"requestIdleCallback(() => {{{fetch}}})"


# What a page sends through its socket. The others are for developers: they empty the caches of all, tell of the
# repository, stop the server or write files.
SENT_BY_PAGES: Final = frozenset(
    {
        "rerun_script",
        "auto_rerun",
        "stop_script",
        "file_urls_request",
        "app_heartbeat",
        "backend_operation_request.deferred_file",
        "backend_operation_request.dataframe_chunk",
    }
)
BY_HAND: Final = SENT_BY_PAGES - {"auto_rerun", "app_heartbeat"}  # what somebody has done, and not the page by itself


def kind_of(content: bytes) -> str | None:
    """Return the kind of a message of the browser; none when it is no message of Streamlit's."""
    message = BackMsg()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return f"{kind}.{message.backend_operation_request.WhichOneof('payload')}"
    return "auto_rerun" if kind == "rerun_script" and message.rerun_script.is_auto_rerun else kind


def load_again() -> bytes:
    """Return the message by which the browser loads the page that it shows anew."""
    message = ForwardMsg()
    message.auth_redirect.url = ""  # relative to its own
    message.auth_redirect.SetInParent()
    return bytes(message.SerializeToString())


def sign_in_address() -> str:
    """Return the address that leads to the provider; good for some minutes."""
    return generate_login_redirect_url("default")


def cookie_of(cookies: Mapping[str, str]) -> tuple[str, float]:
    """Return the cookie of ``st.login`` and when it was signed, seconds since 1970; it must have been read before."""
    cookie = cookies[USER_COOKIE_NAME]
    _, at = URLSafeTimedSerializer(get_cookie_secret(), salt=USER_COOKIE_NAME).loads(cookie, return_timestamp=True)
    return cookie, float(at.timestamp())


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


def forget_files() -> None:
    """Forget the files that were uploaded in the session of this run of a page.

    Streamlit keeps them until the session ends, also when the page with the form was left long ago.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def end_closed_sessions() -> None:
    """End the sessions whose tab was closed and has not come back in time, with the files that they hold.

    Streamlit keeps a session for two minutes, for a connection that was lost, and drops those that are older when the
    next one is closed: without a next visitor never.
    """
    if not runtime.exists():
        return
    manager: Any = runtime.get_instance()._session_mgr
    with manager._storage_lock:
        ended = list(manager._session_storage._cache.expire())
    for _, kept in ended:
        kept.session.shutdown()
