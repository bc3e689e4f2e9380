"""The sign-in in front of every address, without a browser: what is answered before it, after it, and after its end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from neuroval.dashboard import permissions
from neuroval.dashboard.access import sign_in, streamlit_private
from neuroval.dashboard.access.api_keys import PERSON, SIGNED_IN
from neuroval.dashboard.words import sign_in as text
from neuroval.data.storage.access_log import Wanted, accesses

ORIGIN, SECRET = "http://neuroval.example", "s" * 40
NAME = streamlit_private.USER_COOKIE_NAME


def _seen(request: Request) -> JSONResponse:
    return JSONResponse([getattr(request.state, SIGNED_IN, False), getattr(request.state, PERSON, "")])


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(streamlit_private, "get_cookie_secret", lambda: SECRET)
    monkeypatch.setattr(streamlit_private, "get_secrets_auth_section", lambda: {"client_id": "a"})
    monkeypatch.setattr(streamlit_private, "get_origin_from_redirect_uri", lambda: ORIGIN)
    monkeypatch.setattr(streamlit_private, "sign_in_address", lambda: "/auth/login?provider=token")
    monkeypatch.setenv("NEUROVAL_HOME", str(tmp_path))
    monkeypatch.setenv("NEUROVAL_LOGIN", "required")
    monkeypatch.setenv("NEUROVAL_LOGIN_EMAILS", "@hospital.example")
    app = Starlette(routes=[Route("/{path:path}", _seen)], middleware=[Middleware(sign_in.SignIn)])
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield client


def cookie(email: str = "Reader@hospital.example") -> str:
    user = {"origin": ORIGIN, "is_logged_in": True, "email": email}
    return f"{NAME}={create_signed_value(SECRET, NAME, json.dumps(user)).decode()}"


@pytest.mark.parametrize("path", ["/", "/errors", "/overview"])
def test_in_place_of_a_page_stands_the_sign_in(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
    assert text.TITLE in answer.text
    assert 'href="/sign-in"' in answer.text
    assert "<script" not in answer.text
    assert "12 hours" in answer.text


def test_the_link_leads_to_the_provider_however_old_the_page_is(client: TestClient) -> None:
    answer = client.get("/sign-in")
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/login?provider=token")


def test_after_it_pages_pictures_and_the_api_are_open_until_it_ends(client: TestClient) -> None:
    signed = {"Cookie": cookie()}
    for path in ("/", "/images/a/b.webp", "/api/v1/studies", "/media/x"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=signed).json() == [True, "reader@hospital.example"]
    assert client.get("/auth/logout", headers=signed).status_code == 200
    for path in ("/", "/images/a/b.webp", "/api/v1/studies", "/media/x"):
        assert client.get(path, headers=signed).status_code == 401


def test_who_comes_goes_and_is_refused_is_written_down(client: TestClient) -> None:
    permissions._last.clear()
    reader, other = {"Cookie": cookie()}, {"Cookie": cookie("other@clinic.example")}
    client.get("/")  # where a sign-in begins
    for path in ("/", "/images/a/b.webp", "/errors"):
        client.get(path, headers=reader)
    client.get("/images/a/patient-7.webp")
    client.get("/images/a/patient-8.webp")
    client.get("/", headers=other)
    client.get("/auth/logout", headers=reader)
    client.get("/", headers=reader)
    rows = [(access.who, access.kind, access.what) for access in accesses(Wanted())][::-1]
    assert rows == [
        ("reader@hospital.example", "sign-in", "this server"),
        ("", "refusal", "a picture"),
        ("other@clinic.example", "refusal", "a page"),
        ("reader@hospital.example", "sign-out", "this device"),
        ("reader@hospital.example", "refusal", "a page"),
    ]


def test_nobody_comes_in_unnoticed(client: TestClient, tmp_path: Path) -> None:
    permissions._last.clear()
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "log.db").mkdir()
    answer = client.get("/images/a/b.webp", headers={"Cookie": cookie()})
    assert answer.status_code == 503
    assert "nothing is shown or done without it" in answer.text


def test_who_may_not_use_the_server_is_told_so_and_can_leave(client: TestClient) -> None:
    answer = client.get("/", headers={"Cookie": cookie("other@clinic.example")})
    assert answer.status_code == 401
    assert text.NOT_ALLOWED in answer.text
    assert 'href="/auth/logout"' in answer.text


def test_a_picture_is_refused_as_a_problem_of_the_api_or_in_one_line(client: TestClient) -> None:
    assert client.get("/images/a/b.webp").text == text.REFUSED
    assert client.get("/api/v1/studies").headers["content-type"] == "application/problem+json"
