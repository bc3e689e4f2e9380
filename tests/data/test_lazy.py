"""What pages and the background ask for together is computed once, on every version of Python."""

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from neuroval.data.lazy import once


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


def test_one_object_does_not_wait_for_another() -> None:
    """Each waits, in its property, for the other: with one lock for both neither would end."""
    meet = Barrier(2, timeout=10)

    class Meeting:
        @once
        def met(self) -> int:
            return meet.wait()

    with ThreadPoolExecutor(2) as both:
        assert sorted(one.result() for one in [both.submit(lambda: Meeting().met) for _ in range(2)]) == [0, 1]


def test_what_has_computed_can_be_copied() -> None:
    slow = Slow.__new__(Slow)
    slow.computed = 0
    assert slow.number == 1
    assert copy.deepcopy(slow).number == 1
