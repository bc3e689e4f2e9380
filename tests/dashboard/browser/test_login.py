"""Signing in at a provider: what is closed before, what opens after, and what a key opens."""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from neuroval.dashboard.cli.main import app
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.words import sign_in as text_login

ROOT = Path(__file__).parents[3]
KEY = "a-key-of-twenty-four-letters"
CLOSED = (
    "/images/normal/x.webp",
    "/api/v1/model",
    "/media/x.png",
    "/_stcore/metrics",
    "/component/x/index.html",
    "/odd",
    "/_stcore/agent/openapi.json",
    "/",
    "/errors?study=normal",
)
OPEN = ("/_stcore/health", "/static/index.html", "/favicon.png")


class Provider(ThreadingHTTPServer):
    """An OpenID Connect provider that knows one person and asks nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.nonce = ""
        self.email = "reader@hospital.example"


class Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url, about = urlsplit(self.path), self.server.url
        if url.path == "/.well-known/openid-configuration":
            self.say(
                {
                    "issuer": about,
                    "authorization_endpoint": f"{about}/authorize",
                    "token_endpoint": f"{about}/token",
                    "jwks_uri": f"{about}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        elif url.path == "/keys":
            self.say({"keys": [self.server.key.as_dict(private=False)]})
        elif url.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.server.nonce = asked["nonce"]
            self.send_response(302)
            query = urlencode({"code": "c", "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{query}")
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        now = int(time.time())
        claims = {"iss": self.server.url, "aud": "neuroval", "sub": "1", "email": self.server.email}
        times = {"iat": now, "exp": now + 600, "nonce": self.server.nonce}
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims | times, self.server.key)
        self.say({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def say(self, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def closed(provider: Provider, dashboard_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks for a sign-in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = tmp_path_factory.mktemp("closed")
    url = f"http://127.0.0.1:{port}"
    (place / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "{url}/oauth2callback"\ncookie_secret = "{"s" * 40}"\nclient_id = "neuroval"\n'
        f'client_secret = "x"\nserver_metadata_url = "{provider.url}/.well-known/openid-configuration"\n'
    )
    variables = {
        **os.environ,
        "NEUROVAL_HOME": str(dashboard_home),
        "NEUROVAL_LOGIN": "required",
        "NEUROVAL_LOGIN_EMAILS": "@hospital.example",
        "NEUROVAL_API_KEYS": KEY,
        "STREAMLIT_SECRETS_FILES": str(place / "secrets.toml"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/server.py", "--server.port", str(port)]
    with (place / "log").open("wb") as stream:
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream, env=variables)
    try:
        for _ in range(300):
            assert process.poll() is None, (place / "log").read_text()
            if status(f"{url}/_stcore/health") == 200:
                break
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


@pytest.mark.parametrize("path", CLOSED)
def test_without_a_sign_in_nothing_is_shown(closed: str, path: str) -> None:
    assert status(f"{closed}{path}") == 401
    assert status(f"{closed}{path}", Cookie="_streamlit_user=forged") == 401
    forged = base64.urlsafe_b64encode(b'{"is_logged_in": true, "email": "reader@hospital.example"}').decode()
    assert status(f"{closed}{path}", Cookie=f"_streamlit_user={forged}.a.b") == 401


@pytest.mark.parametrize(
    "path", ["/static/../images/x", "/static/%2e%2e/images/x", "//images/x", "/static/..%2fimages"]
)
def test_no_spelling_of_a_path_leads_round_it(closed: str, path: str) -> None:
    assert status(f"{closed}{path}") in {400, 401, 404}


@pytest.mark.parametrize("path", OPEN)
def test_what_a_sign_in_needs_is_open(closed: str, path: str) -> None:
    assert status(f"{closed}{path}") == 200


def test_a_key_opens_the_api_alone(closed: str) -> None:
    for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        assert status(f"{closed}/api/v1/model", **headers) != 401
        assert status(f"{closed}/images/normal/x.webp", **headers) == 401
    for headers in ({"X-API-Key": KEY[:-1]}, {"Authorization": KEY}, {"X-API-Key": ""}):
        assert status(f"{closed}/api/v1/model", **headers) == 401
    assert status(f"{closed}/api/v1/model", **{"X-API-Key": KEY, "Authorization": "Bearer of-the-proxy"}) != 401


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_who_signs_in_sees_pages_and_pictures_and_can_leave(closed: str, visitor: Page) -> None:
    visitor.goto(f"{closed}/errors?study=normal")
    expect(visitor.get_by_role("heading", level=1)).to_have_text(text_login.TITLE)
    expect(visitor.locator("script")).to_have_count(0)
    visitor.get_by_role("link", name="Sign in").click()
    expect(visitor.get_by_role("button", name=text_login.SIGN_OUT, exact=True)).to_be_visible()
    expect(visitor.get_by_role("heading", level=1)).to_have_text(PAGES["overview"].question)
    visitor.goto(f"{closed}/errors?study=normal")
    expect(visitor.get_by_role("heading", level=1)).to_have_text(PAGES["errors"].question)
    picture = visitor.locator("[data-testid=stMain] img[src*='/images/']").first
    assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 0
    assert visitor.context.request.get(f"{closed}/api/v1/studies").status == 200  # without a key too
    expect(visitor.get_by_text("reader@hospital.example")).to_be_visible()
    copy = "; ".join(f"{one['name']}={one['value']}" for one in visitor.context.cookies())  # type: ignore[typeddict-item]
    assert status(f"{closed}/images/normal/{20:016x}.webp", Cookie=copy) == 200
    visitor.get_by_role("button", name=text_login.SIGN_OUT, exact=True).click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text(text_login.TITLE)
    for cookie in ("", copy):  # a copy of the cookie is worth nothing either
        assert status(f"{closed}/images/normal/{20:016x}.webp", Cookie=cookie) == 401


@pytest.mark.parametrize("cookie", ["", "_streamlit_user=forged"])
def test_without_a_sign_in_no_socket_is_opened(closed: str, cookie: str) -> None:
    headers = {"Cookie": cookie} if cookie else {}
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(f"{closed.replace('http', 'ws')}/_stcore/stream", additional_headers=headers),
    ):
        pass


def sign_in(visitor: Page, address: str) -> None:
    visitor.goto(address)
    visitor.get_by_role("link", name="Sign in").click()
    expect(visitor.get_by_role("button", name=text_login.EVERYWHERE)).to_be_visible()


def test_who_signs_out_everywhere_is_signed_out_on_other_devices_too(
    closed: str, visitor: Page, browser: Browser
) -> None:
    """The page that is open there goes to the sign-in, though nobody touches it."""
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    for page in (visitor, other):
        sign_in(page, closed)
    visitor.get_by_role("button", name=text_login.EVERYWHERE).click()
    for page in (visitor, other):
        expect(page.get_by_role("heading", level=1)).to_have_text(text_login.TITLE)
    assert elsewhere.request.get(f"{closed}/api/v1/studies").status == 401
    elsewhere.close()


def test_whoever_runs_the_server_ends_a_session(
    closed: str, visitor: Page, dashboard_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROVAL_HOME", str(dashboard_home))
    sign_in(visitor, closed)
    assert CliRunner().invoke(app, ["sessions", "list"]).stdout.startswith("reader@hospital.example\tsince ")
    ended = CliRunner().invoke(app, ["sessions", "end", "reader@hospital.example"])
    assert ended.stdout.endswith("ended\n")
    expect(visitor.get_by_role("heading", level=1)).to_have_text(text_login.TITLE)
    assert CliRunner().invoke(app, ["sessions", "list"]).stdout == ""


def test_another_address_is_turned_away(closed: str, visitor: Page, provider: Provider) -> None:
    provider.email = "reader@hospital.example.evil"
    try:
        visitor.goto(closed)
        visitor.get_by_role("link", name="Sign in").click()
        expect(visitor.get_by_text(re.compile("not among those"))).to_be_visible()
        assert visitor.context.request.get(f"{closed}/images/normal/{20:016x}.webp").status == 401
    finally:
        provider.email = "reader@hospital.example"
