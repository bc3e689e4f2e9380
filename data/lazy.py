"""A property that is computed once, also when a page and the background ask for it at the same time."""

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator, as functools.cached_property
    """``functools.cached_property``; whoever asks the same object while it computes waits for it.

    That of Python 3.11 holds one lock for all objects, that of 3.12 and later none: two would compute the same.
    """

    def __init__(self, func: Callable[[Any], T]) -> None:
        self.func = func
        self.__doc__ = func.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name, self._lock = name, f"_lock_of_{name}"

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> "once[T]": ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> "once[T] | T":
        if instance is None:
            return self
        held = vars(instance)  # what stands there is found before this is asked again
        with held.setdefault(self._lock, RLock()):
            if self.name not in held:
                try:
                    held[self.name] = self.func(instance)
                finally:
                    held.pop(self._lock, None)
        value: T = held[self.name]
        return value
