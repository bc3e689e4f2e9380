"""What the socket of the pages carries, to whom, and for how long."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from neuroval.dashboard.access import sockets
from neuroval.dashboard.access.sockets import Sockets

KINDS = [field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields]
PASSED = {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat"}


def message(kind: str) -> bytes:
    made = BackMsg()
    if BackMsg.DESCRIPTOR.fields_by_name[kind].message_type is None:
        setattr(made, kind, True)
    else:
        getattr(made, kind).SetInParent()
    return made.SerializeToString()


class Session:
    """A session that a test ends."""

    def __init__(self) -> None:
        self.open = True
        self.used = 0

    def lasts(self, _: HTTPConnection, used: bool) -> bool:
        self.used += used
        return self.open


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def heard() -> list[bytes]:
    return []


@pytest.fixture
def client(session: Session, heard: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A socket that answers each message with its length, behind the middleware."""
    monkeypatch.setattr(sockets, "LOOK", 0.02)

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                heard.append(await socket.receive_bytes())
                await socket.send_text(str(len(heard[-1])))

    middleware = [Middleware(Sockets, lasts=session.lasts)]
    with TestClient(Starlette(routes=[WebSocketRoute("/s", stream)], middleware=middleware)) as client:
        yield client


def test_without_a_sign_in_no_socket_is_opened(client: TestClient, session: Session, heard: list[bytes]) -> None:
    session.open = False
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/s"):
        pass
    assert refused.value.code == sockets.POLICY
    assert heard == []


def test_only_what_pages_send_is_passed_on(client: TestClient, heard: list[bytes]) -> None:
    install, more = BackMsg(), BackMsg()
    install.backend_operation_request.install_skills.SetInParent()
    more.backend_operation_request.dataframe_chunk.SetInParent()
    with client.websocket_connect("/s") as socket:
        for content in (*map(message, KINDS), install.SerializeToString(), b"\xff\xff no message", b""):
            socket.send_bytes(content)
        socket.send_text("text")
        socket.send_bytes(more.SerializeToString())
        for _ in range(len(PASSED) + 1):
            socket.receive_text()
    assert heard == [*(message(kind) for kind in KINDS if kind in PASSED), more.SerializeToString()]


def test_what_a_page_sends_by_itself_is_no_use(client: TestClient, session: Session) -> None:
    by_itself = BackMsg()
    by_itself.rerun_script.is_auto_rerun = True
    with client.websocket_connect("/s") as socket:
        assert session.used == 1
        for content in (message("app_heartbeat"), by_itself.SerializeToString()):
            socket.send_bytes(content)
            socket.receive_text()
        assert session.used == 1
        socket.send_bytes(message("rerun_script"))
        socket.receive_text()
        assert session.used == 2


def test_an_open_socket_ends_with_its_session_and_the_page_is_loaded_anew(
    client: TestClient, session: Session, heard: list[bytes]
) -> None:
    with client.websocket_connect("/s") as socket:
        session.open = False  # nothing is sent: it is looked at all the same
        last = ForwardMsg()
        last.ParseFromString(socket.receive_bytes())
        assert last.WhichOneof("type") == "auth_redirect"
        assert last.auth_redirect.url == ""
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
        assert ended.value.code == sockets.POLICY
    assert heard == []
