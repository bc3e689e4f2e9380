"""Numbers that many ask for at once are computed once, and who waits too long is told so while the work goes on."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from starlette.testclient import TestClient

from neuroval.dashboard.api import shared_work, studies
from neuroval.dashboard.api.shared_work import SharedWork, TooMuch

Client = Callable[..., TestClient]


def test_who_ask_for_the_same_share_it_and_others_wait_their_turn() -> None:
    shared, begun, at_once, most = SharedWork(), [], 0, 0

    def work(name: str) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        begun.append(name)
        time.sleep(0.05)
        at_once -= 1
        return name.upper()

    answers: list[str] = []

    async def ask(name: str) -> None:
        answers.append(await shared.result(name, lambda: work(name)))

    async def ask_all() -> None:
        async with anyio.create_task_group() as group:
            for name in ("a", "a", "b", "a", "b"):
                group.start_soon(ask, name)

    anyio.run(ask_all)
    assert (sorted(answers), sorted(begun), most) == (["A", "A", "A", "B", "B"], ["a", "b"], 1)


def test_who_gives_up_leaves_the_work_to_the_others() -> None:
    shared, go = SharedWork(), threading.Event()
    answers: list[str] = []

    async def leave() -> None:
        with anyio.move_on_after(0.05) as given_up:
            await shared.result("a", lambda: "done" if go.wait(10) else "late")
        assert given_up.cancelled_caught
        go.set()

    async def stay() -> None:
        answers.append(await shared.result("a", lambda: "another"))

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(leave)
            await anyio.sleep(0.01)
            group.start_soon(stay)

    anyio.run(both)
    assert answers == ["done"]


def test_what_fails_fails_for_all_and_may_be_tried_again() -> None:
    shared = SharedWork()

    def fail() -> str:
        raise ValueError("damaged")

    async def ask() -> str:
        with pytest.raises(ValueError, match="damaged"):
            await shared.result("a", fail)
        return await shared.result("a", lambda: "mended")

    assert anyio.run(ask) == "mended"


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_work, "MOST", 1)
    shared, go = SharedWork(), threading.Event()

    async def ask() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(shared.result, "a", lambda: go.wait(10))
            await anyio.sleep(0.01)
            with pytest.raises(TooMuch):
                await shared.result("b", lambda: None)
            go.set()

    anyio.run(ask)


def test_five_at_once_are_one_computation(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made, calls = studies.document_of, []

    def slowly(*args: object, **options: object) -> object:
        calls.append(args)
        time.sleep(0.3)
        return made(*args, **options)

    monkeypatch.setattr(studies, "document_of", slowly)
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: client.get("/studies/read/metrics"), range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(calls) == 1


def test_the_time_limit_holds_for_numbers_too(served: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client, go = served(timeout=1), threading.Event()
    made = studies.document_of
    monkeypatch.setattr(studies, "document_of", lambda *args, **options: (go.wait(20), made(*args, **options))[1])
    begin = time.monotonic()
    late = client.get("/studies/read/metrics")
    assert (late.status_code, late.json()["detail"]) == (503, "no answer in time")
    assert time.monotonic() - begin < 10
    go.set()
    end = time.monotonic() + 60
    while (answer := client.get("/studies/read/metrics")).status_code == 503 and time.monotonic() < end:
        pass
    assert answer.status_code == 200
