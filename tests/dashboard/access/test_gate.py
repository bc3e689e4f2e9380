"""The outermost door: what it refuses, and what every answer carries."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from neuroval.dashboard.access.gate import ALWAYS, Gate
from neuroval.dashboard.settings import Settings

VIEWER = "https://viewer.example"


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("open")
    await socket.close()


def _answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A server at neuroval.example, with one script inside its pages."""
    settings = Settings(allowed_hosts="neuroval.example", api_origins=VIEWER)  # type: ignore[arg-type]
    gate = Middleware(Gate, settings=lambda: settings, names=lambda: ["other.example"], scripts=lambda: ["start()"])
    routes = [WebSocketRoute("/_stcore/stream", _echo), Route("/{path:path}", _answer, methods=["GET", "POST"])]
    with TestClient(Starlette(routes=routes, middleware=[gate]), base_url="http://neuroval.example") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/images/a/b.webp", "/api/v1/health", "/_stcore/health"])
def test_a_name_of_somebody_else_is_refused_everywhere(client: TestClient, path: str) -> None:
    assert client.get(path).text == "here"
    for host in ("other.example", "neuroval.example:8501", "127.0.0.1"):
        assert client.get(path, headers={"Host": host}).status_code == 200
    refused = client.get(path, headers={"Host": "evil.example"})
    assert refused.status_code == 403
    assert "allowed_hosts" in refused.text
    assert "evil.example" not in refused.text


def test_two_names_are_refused(client: TestClient) -> None:
    headers = [("Host", "neuroval.example"), ("Host", "evil.example")]
    assert client.get("/", headers=headers).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://neuroval.example.evil.example"])
def test_a_page_elsewhere_opens_no_socket(client: TestClient, origin: str) -> None:
    ours = {"Host": "neuroval.example", "Origin": "http://neuroval.example"}
    with client.websocket_connect("/_stcore/stream", headers=ours) as socket:
        assert socket.receive_text() == "open"
    for headers in ({**ours, "Origin": origin}, {"Host": "evil.example", "Origin": "http://evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/_stcore/stream", headers=headers),
        ):
            pass
        assert refused.value.code == 1008


def test_a_page_elsewhere_sends_nothing(client: TestClient) -> None:
    assert client.post("/api/v1/predict", headers={"Origin": "http://neuroval.example"}).status_code == 200
    assert client.post("/api/v1/predict", headers={"Origin": "http://evil.example"}).status_code == 403
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert client.get("/images/a/b.webp", headers=picture).status_code == 403


def test_a_page_that_the_settings_name_reaches_the_api_alone(client: TestClient) -> None:
    assert client.post("/api/v1/predict", headers={"Origin": VIEWER}).status_code == 200
    assert client.get("/images/a/b.webp", headers={"Origin": VIEWER}).status_code == 403


@pytest.mark.parametrize("host", ["neuroval.example", "evil.example"])
@pytest.mark.parametrize("path", ["/", "/images/a/b.webp", "/api/v1/health"])
def test_every_answer_says_what_a_browser_may_do_with_it(client: TestClient, path: str, host: str) -> None:
    headers = client.get(path, headers={"Host": host}).headers
    assert {name: headers[name] for name in ALWAYS} == ALWAYS
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    # printf 'start()' | openssl dgst -sha256 -binary | base64
    digest = "'sha256-DIm7WJS6ZKDYe5qFLPy+h4JFI9Bol5QmYC57mt3Fb00='"
    assert (digest in policy) == (path == "/")
    if path != "/":
        assert policy.startswith("default-src 'none'")
