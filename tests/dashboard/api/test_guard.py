"""Keys, limits, refusals and the log."""

import io
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Message

from neuroval.dashboard.api.app import create, standalone
from neuroval.dashboard.api.guard import Guard
from neuroval.dashboard.scans.prediction import WORKERS
from neuroval.dashboard.settings import Settings
from neuroval.data.exceptions import InputError

KEY, OTHER = "a-key-of-the-clinic-1234", "another-key-of-it-123456"
Client = Callable[..., TestClient]


def api_of(client: TestClient) -> FastAPI:
    (mount,) = [route for route in client.app.routes if isinstance(route, Mount)]  # type: ignore[attr-defined]
    assert isinstance(mount.app, FastAPI)
    return mount.app


def counted(client: TestClient, name: str) -> float:
    metrics = text_string_to_metric_families(client.get("/metrics", headers={"X-API-Key": KEY}).text)
    return sum(one.value for family in metrics for one in family.samples if one.name == name)


def test_without_keys_none_is_asked_for(client: TestClient) -> None:
    assert client.get("/model").status_code == 200


def test_with_keys_one_of_them_is_needed(served: Client, scan: bytes) -> None:
    client = served(api_keys=f"{KEY}, {OTHER}")
    assert client.get("/model", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": KEY[:-1]}, {"X-API-Key": f"{KEY}x"}, {b"X-API-Key": b"\xfc"}):
        refused = client.post("/predict", files={"file": scan}, headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "ApiKey")
        assert client.get("/studies", headers=headers).status_code == 401
        assert client.get("/nothing", headers=headers).status_code == 401
        assert client.get("/metrics", headers=headers).status_code == 401
        for path in ("/health", "/ready", "/openapi.json", "/docs"):
            assert client.get(path, headers=headers).status_code == 200
    for key in (KEY, OTHER):
        assert client.post("/predict", files={"file": scan}, headers={"X-API-Key": key}).status_code == 200


def test_alone_the_api_asks_nobody_to_sign_in() -> None:
    """Where a sign-in is required it starts with keys only."""
    with pytest.raises(InputError, match="set NEUROVAL_API_KEYS"):
        standalone(Settings(login="required"))
    standalone(Settings(login="required", api_keys=KEY))


def test_other_origins_may_not_ask_unless_they_are_named(client: TestClient, served: Client) -> None:
    page = {"Origin": "https://viewer.example"}
    refused = client.get("/model", headers=page)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert "access-control-allow-origin" not in refused.headers
    asked = {**page, "Access-Control-Request-Method": "POST"}
    assert client.options("/predict", headers=asked).status_code == 403
    named = served(api_origins="https://viewer.example")
    assert named.get("/model", headers=page).headers["access-control-allow-origin"] == "https://viewer.example"
    allowed = named.options("/predict", headers={**asked, "Access-Control-Request-Headers": "authorization,x-api-key"})
    assert allowed.status_code == 200
    elsewhere = named.get("/model", headers={"Origin": "https://elsewhere.example"})
    assert elsewhere.status_code == 403
    assert "access-control-allow-origin" not in elsewhere.headers


def test_requests_beyond_the_places_are_turned_away_politely(
    served: Client, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scans that take their time: as many as there are places wait, others hear so at once, and all is well after."""
    client = served(waiting=1)
    gate, places = threading.Event(), 2 * WORKERS
    reader = api_of(client).state.service.ready()
    real = type(reader).read

    def slow(self: object, pixels: object) -> object:
        gate.wait(20)
        return real(self, pixels)  # type: ignore[arg-type]

    monkeypatch.setattr(type(reader), "read", slow)
    with ThreadPoolExecutor(places + 4) as pool:
        held = [pool.submit(client.post, "/predict", files={"file": scan}) for _ in range(places)]
        while counted(client, "neuroval_under_way") <= places:  # the question itself is one
            time.sleep(0.01)
        refused = [client.post("/predict", files={"file": scan}) for _ in range(3)]
        assert client.get("/health").status_code == 200
        gate.set()
        assert [one.result().status_code for one in held] == [200] * places
    for answer in refused:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["detail"] == "too many requests at once; try again in a second"
    assert counted(client, "neuroval_refused_total") == 3
    assert client.post("/predict", files={"file": scan}).status_code == 200


def test_requests_that_are_still_arriving_hold_up_no_others(served: Client, scan: bytes) -> None:
    """More than there are places have sent a part of their body; one that has arrived whole is answered."""
    client = served(waiting=0)
    app, ended = api_of(client), list[Message]()

    async def hang() -> None:
        sent = iter([{"type": "http.request", "body": b"--b", "more_body": True}])

        async def receive() -> Message:
            if (part := next(sent, None)) is not None:
                return part
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Message) -> None:
            ended.append(message)

        headers = [(b"content-type", b"multipart/form-data; boundary=b")]
        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
        await app(scope, receive, send)

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(WORKERS + 1):
                group.start_soon(hang)
            await anyio.sleep(0.2)
            body = httpx.Request("POST", "http://x/predict", files={"file": scan})
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
                answer = await http.post("/predict", content=body.read(), headers=body.headers)
            assert answer.status_code == 200
            group.cancel_scope.cancel()

    anyio.run(all_of_them)
    assert ended == []


def test_a_method_is_logged_by_its_name_alone_if_it_is_one(served: Client, heard: io.StringIO) -> None:
    client = served()
    client.request("EMILY", "/predict")
    assert "EMILY" not in heard.getvalue() + client.get("/metrics").text
    assert '"method": "other"' in heard.getvalue()


def test_a_place_is_free_again_after_every_error(served: Client, scan: bytes) -> None:
    client = served(waiting=0)
    for _ in range(WORKERS + 2):
        assert client.post("/predict", files={"file": b"nothing"}).status_code == 422
        assert client.post("/predict", content=b"x", headers={"content-type": "multipart/form-data"}).status_code == 400
    assert client.post("/predict", files={"file": scan}).status_code == 200


def test_a_request_that_does_not_arrive_is_given_up(scans_at_home: Path) -> None:  # noqa: ARG001
    app, said = create(Settings(model="phantom", timeout=0.2)), list[Message]()

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}
    app.state.service.load()
    anyio.run(app, scope, receive, send)
    start, body = said
    assert start["status"] == 408
    assert json.loads(body["body"])["detail"] == "the request did not arrive in time"


def test_a_failure_of_the_server_says_where_and_nothing_else(
    served: Client, scan: bytes, heard: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Emily Dickinson")

    monkeypatch.setattr("neuroval.dashboard.api.service.predict", fail)
    answer = client.post("/predict", files={"file": scan})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    failed = next(json.loads(line) for line in heard.getvalue().splitlines() if "failed" in line)
    assert (failed["kind"], failed["level"]) == ("ZeroDivisionError", "error")
    assert re.fullmatch(r"(.*\.)?test_guard:\d+", failed["where"])
    assert "Dickinson" not in answer.text + heard.getvalue()


def test_the_log_holds_a_hash_and_nothing_else_of_a_file(client: TestClient, scan: bytes, heard: io.StringIO) -> None:
    secret = "Emily Dickinson 1830"
    answer = client.post(
        "/predict",
        files={"file": (f"{secret}.jpg", scan)},
        params={"patient": secret},
        headers={"X-Request-ID": secret, "User-Agent": secret},
    )
    client.get(f"/studies/{secret}/metrics")
    client.get(f"/{secret}")
    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [line["route"] for line in lines] == ["/predict", "/studies/{study_id}/metrics", "unmatched"]
    assert lines[0]["request_id"] == answer.json()["request_id"]
    assert lines[0]["files"] == [{"sha256": answer.json()["sha256"], "unlike": False}]
    assert (lines[0]["status"], lines[0]["method"]) == (200, "POST")
    assert set(lines[0]) == {
        *("at", "level", "event", "request_id", "method", "route", "status", "ms", "bytes", "files"),
    }
    assert "Emily" not in heard.getvalue() + answer.text + str(answer.headers)


def test_answers_are_not_kept_by_browsers_and_proxies(client: TestClient) -> None:
    headers = client.get("/model").headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_what_unfinished_uploads_hold_is_bounded_in_all(served: Client) -> None:
    """Many large ones that never end: those beyond the limit are turned away, and what they held is given back."""
    client = served(batch_mb=1, upload_mb=1, waiting=20, timeout=2)
    client.get("/health")
    layer = api_of(client).middleware_stack
    while not isinstance(layer, Guard):
        layer = layer.app
    most, statuses = [], []
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    parts = [head, *[bytes(100_000)] * 9]

    async def send() -> None:
        async def upload() -> None:
            sent = iter(parts)
            status = []

            async def receive() -> Message:
                part = next(sent, None)
                if part is None:
                    await anyio.sleep(30)
                most.append(layer.held)
                await anyio.sleep(0)
                return {"type": "http.request", "body": part or b"", "more_body": True}

            async def collect(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status.append(message["status"])

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/predict/batch",
                "root_path": "",
                "query_string": b"",
                "headers": [(b"content-type", b"multipart/form-data; boundary=b")],
                "app": api_of(client),
            }
            await layer(scope, receive, collect)
            statuses.extend(status)

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(upload)

    anyio.run(send)
    assert layer.held == 0
    assert max(most) <= layer.most_held + 200_000
    assert sorted(set(statuses)) == [408, 503]
