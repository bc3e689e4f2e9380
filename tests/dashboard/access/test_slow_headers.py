"""Connections that hold their headers back are closed; others, slow as they may be afterwards, are not."""

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from neuroval.dashboard.access import slow_headers

LIMIT = 0.5
REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"


async def _answer(request: Request) -> PlainTextResponse:
    await request.body()
    await asyncio.sleep(2 * LIMIT)  # longer than headers may take
    return PlainTextResponse("whole")


async def _echo(stream: WebSocket) -> None:
    await stream.accept()
    while True:
        await stream.send_text(await stream.receive_text())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slow_headers, "SECONDS", LIMIT)
        slow_headers.limit_header_time()
        slow_headers.limit_header_time()
        app = Starlette(routes=[Route("/", _answer, methods=["POST"]), WebSocketRoute("/s", _echo)])
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            yield listening.getsockname()[1]
            server.should_exit = True
            thread.join(10)


def closed_after(connection: socket.socket, *, drip: bytes = b"") -> float:
    """Seconds until the server closes a connection to which a letter is sent now and then."""
    begin = time.monotonic()
    connection.settimeout(0.05)
    while time.monotonic() - begin < 20 * LIMIT:
        try:
            if drip:
                connection.sendall(drip)
            if connection.recv(1000) == b"":
                return time.monotonic() - begin
        except TimeoutError:
            continue
        except ConnectionError:
            return time.monotonic() - begin
    return float("inf")


@pytest.mark.parametrize("drip", [b"", b"X"])
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_headers_that_do_not_come_close_the_connection(port: int, sent: bytes, drip: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(sent)
        assert closed_after(connection, drip=drip if sent else b"") < 10 * LIMIT


def test_a_request_whose_headers_are_there_is_answered_however_long_it_takes(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(2):  # the second on the same connection
            connection.sendall(REQUEST)
            time.sleep(1.5 * LIMIT)
            connection.sendall(b"body")
            answer = b""
            while not answer.endswith(b"whole"):
                part = connection.recv(1000)
                assert part, answer
                answer += part
        connection.sendall(REQUEST[:20])
        assert closed_after(connection) < 10 * LIMIT


def test_a_socket_stays_open(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/s") as stream:
        time.sleep(2 * LIMIT)
        stream.send("still here")
        assert stream.recv(timeout=10) == "still here"


def test_many_held_connections_are_all_given_back(port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    try:
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        assert max(closed_after(connection) for connection in held) < 10 * LIMIT
    finally:
        for connection in held:
            connection.close()


def test_uvicorn_still_has_no_limit_of_its_own() -> None:
    limits = {name for name in inspect.signature(uvicorn.Config).parameters if "header" in name and "time" in name}
    assert limits == set(), "uvicorn limits the time of headers now: use it, and remove slow_headers"
