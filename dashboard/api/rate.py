"""How many requests each caller of the API may send: a bucket that fills steadily and is emptied by each request.

Who has been quiet may send a minute's worth at once. Source: the token bucket of Turner 1986, New directions in
communications.
"""

import hashlib
import math
import time
from collections.abc import Callable
from typing import Final

KEPT: Final = 10_000  # callers: beyond them the fullest buckets are forgotten, which changes nothing for their owners


class Rate:
    """The buckets of all callers; ``per_minute`` requests each, 0 for no limit."""

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # requests left, and when that was

    def wait(self, caller: str) -> int:
        """Take a request of a caller and return 0; if there is none left return in how many seconds there will be."""
        if not self.per_minute:
            return 0
        now, most = self._clock(), max(1.0, self.per_minute)
        left, at = self._left.get(caller, (most, now))
        left = min(most, left + (now - at) * self.per_minute / 60)
        if left < 1:
            self._left[caller] = left, now
            return math.ceil((1 - left) * 60 / self.per_minute)
        self._left[caller] = left - 1, now
        if len(self._left) > KEPT:
            self._forget(now, most)
        return 0

    def _forget(self, now: float, most: float) -> None:
        def missing(caller: str) -> float:
            left, at = self._left[caller]
            return most - left - (now - at) * self.per_minute / 60

        for caller in sorted(self._left, key=missing)[: KEPT // 2]:
            del self._left[caller]


def caller_of(*, key: str, person: str, address: str) -> str:
    """Return who sends a request: by the key, else who has signed in, else the address of the machine.

    The key itself is not kept.
    """
    if key:
        return f"key {hashlib.sha256(key.encode()).hexdigest()}"
    return f"person {person}" if person else f"address {address}"
