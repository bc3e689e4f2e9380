"""Work that several requests ask for at once: done once for all of them, one after another, and to its end.

A request that gives up leaves the work to those that still wait, and what it gives is there when it is asked for again.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST: Final = (
    16  # pieces of work that wait or are done; what they hold in memory does not add up: one is done at a time
)


class TooMuch(Exception):  # noqa: N818 - says what there is, as a status does
    """As many different pieces of work wait as may."""


class SharedWork:
    """The work of one app, in a thread of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="shared-work")
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[Any]] = {}

    async def result(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return what the work of a key gives, or raise what it raises. Raises ``TooMuch`` at once when it is."""
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= MOST:
                    raise TooMuch
                future = self._under_way[key] = self._pool.submit(work)
        future.add_done_callback(lambda _: self._done(key, future))
        waiting: asyncio.Future[T] = asyncio.wrap_future(future)
        waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # seen, also if nobody waits
        return await asyncio.shield(waiting)  # who waits may be cancelled, the work is not

    def _done(self, key: Hashable, future: Future[Any]) -> None:
        with self._lock:
            if self._under_way.get(key) is future:
                del self._under_way[key]
