"""A property that is computed once, also when a page and the background ask for it at the same time."""

from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, overload

T = TypeVar("T")


class once(cached_property[T]):  # noqa: N801 - a decorator, as the one it stands on
    """``functools.cached_property``; whoever asks while it is computed waits for it.

    Python 3.11 has such a lock, 3.12 and later have none: there both would compute it.
    """

    def __init__(self, func: Callable[[Any], T]) -> None:
        super().__init__(func)
        self._once = RLock()

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> "once[T]": ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> "once[T] | T":
        if instance is None:
            return self
        with self._once:
            return super().__get__(instance, owner)
