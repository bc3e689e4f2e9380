"""What pages and the background ask for together is computed once, on every version of Python."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from dashboard.once import once


class Slow:
    def __init__(self) -> None:
        self.computed = 0
        self.together = Barrier(2)

    @once
    def number(self) -> int:
        """The number."""
        time.sleep(0.05)
        self.computed += 1
        return self.computed

    @once
    def broken(self) -> int:
        self.computed += 1
        raise ValueError("no number")


def test_two_that_ask_together_get_one_answer() -> None:
    slow = Slow()

    def ask() -> int:
        slow.together.wait()
        return slow.number

    with ThreadPoolExecutor(2) as both:
        answers = [one.result() for one in [both.submit(ask) for _ in range(2)]]
    assert (answers, slow.computed, slow.number) == ([1, 1], 1, 1)


def test_each_instance_has_its_own_and_what_fails_is_tried_again() -> None:
    one, other = Slow(), Slow()
    other.computed = 5
    assert (one.number, other.number) == (1, 6)
    for _ in range(2):
        with pytest.raises(ValueError, match="no number"):
            _ = one.broken
    assert one.computed == 3


def test_it_keeps_its_words() -> None:
    assert Slow.number.__doc__ == "The number."
