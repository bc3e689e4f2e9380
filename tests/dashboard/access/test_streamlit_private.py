"""What is taken from inside Streamlit does what it is taken for."""

import json
import socket
import time

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server import _bind_socket

from neuroval.dashboard.access import streamlit_private

ORIGIN = "https://neuroval.example"


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(streamlit_private, "get_cookie_secret", lambda: "s" * 32)
    monkeypatch.setattr(streamlit_private, "get_secrets_auth_section", lambda: {"client_id": "a"})
    monkeypatch.setattr(streamlit_private, "get_origin_from_redirect_uri", lambda: ORIGIN)
    return "s" * 32


def cookie(secret: str, content: object) -> dict[str, str]:
    name = streamlit_private.USER_COOKIE_NAME
    return {name: create_signed_value(secret, name, json.dumps(content)).decode()}


def test_the_cookie_that_streamlit_signs_is_read(signing: str) -> None:
    user = {"origin": ORIGIN, "is_logged_in": True, "email": "a@b.org"}
    assert streamlit_private.user_of(cookie(signing, user)) == user


def test_a_cookie_says_when_it_was_signed(signing: str) -> None:
    cookies = cookie(signing, {"origin": ORIGIN, "is_logged_in": True})
    whole, began = streamlit_private.cookie_of(cookies)
    assert [whole] == list(cookies.values())
    assert abs(began - time.time()) < 5


def test_the_scripts_inside_the_frame_of_a_page_are_known() -> None:
    """The policy of pages lets these run; a page without any was read wrongly."""
    assert any("prerenderReady" in script for script in streamlit_private.inline_scripts())
    assert streamlit_private.fetching_script().count("import(") >= len(streamlit_private.ELSEWHERE_DRAWN)


def test_a_cookie_that_is_not_ours_says_nothing(signing: str) -> None:
    user = {"origin": ORIGIN, "is_logged_in": True}
    (name, signed), *_ = cookie(signing, user).items()
    assert streamlit_private.user_of({}) == {}
    assert streamlit_private.user_of(cookie("t" * 32, user)) == {}
    # Not the last character: of its six bits the signature needs fewer, so another may say the same.
    assert streamlit_private.user_of({name: signed[:-9] + ("0" if signed[-9] != "0" else "1") + signed[-8:]}) == {}
    assert streamlit_private.user_of(cookie(signing, {**user, "origin": "https://other.example"})) == {}
    assert streamlit_private.user_of(cookie(signing, [user])) == {}


def test_the_scripts_are_there() -> None:
    for name in ("PlotlyChart", "DataFrame"):
        assert streamlit_private.scripts(name)


def test_streamlit_still_opens_its_socket_so_that_answers_wait() -> None:
    with _bind_socket("127.0.0.1", 0, 1) as one:
        assert one.proto == 0, "asyncio sets TCP_NODELAY by itself now: remove send_at_once"


def test_connections_send_at_once() -> None:
    with socket.socket(socket.AF_INET) as listening, socket.socket(socket.AF_INET) as other:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        streamlit_private.send_at_once()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not other.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
