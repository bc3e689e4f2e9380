"""How many requests each caller may send: a minute's worth at once, then as they come back."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from neuroval.dashboard.api import rate
from neuroval.dashboard.api.rate import Rate, caller_of

KEY, OTHER = "a-key-of-twenty-four-letters", "another-key-of-twenty-four-letters"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_then_as_they_come_back() -> None:
    clock = Clock()
    bucket = Rate(30, clock=clock)
    assert [bucket.wait("a") for _ in range(30)] == [0] * 30
    assert bucket.wait("a") == 2  # one every two seconds
    assert bucket.wait("b") == 0  # another caller
    clock.now += 1
    assert bucket.wait("a") == 1
    clock.now += 1
    assert [bucket.wait("a"), bucket.wait("a")] == [0, 2]
    clock.now += 3600
    assert [bucket.wait("a") for _ in range(31)] == [0] * 30 + [2]


def test_a_caller_who_asks_too_often_waits_no_longer_for_it() -> None:
    clock = Clock()
    bucket = Rate(60, clock=clock)
    for _ in range(60):
        bucket.wait("a")
    assert [bucket.wait("a") for _ in range(100)] == [1] * 100
    clock.now += 1
    assert bucket.wait("a") == 0


def test_fewer_than_one_a_minute() -> None:
    clock = Clock()
    bucket = Rate(0.5, clock=clock)
    assert [bucket.wait("a"), bucket.wait("a")] == [0, 120]
    clock.now += 120
    assert bucket.wait("a") == 0


def test_without_a_limit_nobody_waits() -> None:
    bucket = Rate(0)
    assert {bucket.wait("a") for _ in range(1000)} == {0}


def test_many_callers_cost_no_memory_and_who_has_asked_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "KEPT", 100)
    clock = Clock()
    bucket = Rate(10, clock=clock)
    for _ in range(10):
        bucket.wait("eager")
    for number in range(1000):
        assert bucket.wait(f"caller {number}") == 0
    assert len(bucket._left) <= 101
    assert bucket.wait("eager") > 0


def test_callers_are_told_apart_by_key_then_person_then_address() -> None:
    assert caller_of(key=KEY, person="p", address="1") == caller_of(key=KEY, person="q", address="2")
    assert KEY not in caller_of(key=KEY, person="", address="1")
    assert caller_of(key="", person="p", address="1") == caller_of(key="", person="p", address="2")
    assert caller_of(key="", person="", address="1") != caller_of(key="", person="", address="2")


def test_the_api_says_when_to_come_again(served: Callable[..., TestClient]) -> None:
    client = served(requests_per_minute=2, api_keys=f"{KEY},{OTHER}")
    for _ in range(2):
        assert client.get("/classes", headers={"X-API-Key": KEY}).status_code == 200
    refused = client.get("/classes", headers={"Authorization": f"Bearer {KEY}"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/classes", headers={"X-API-Key": OTHER}).status_code == 200
    assert client.get("/health").status_code == 200  # whoever watches the server is not slowed down
    wrong = [client.get("/classes", headers={"X-API-Key": f"tried {number}"}).status_code for number in range(4)]
    assert wrong == [401, 401, 429, 429]  # keys that are tried count for the address
