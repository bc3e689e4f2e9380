"""The import name of the project: in a clone its parts are links to the folders beside it, in a wheel they are here.

In Python: ``import neuroval as nv``; ``nv.from_frame`` makes a study of a table of predictions, ``nv.read_study`` reads
one, ``nv.results`` returns its numbers. They are loaded when they are first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroval.dashboard.notebook.numbers import results as results
    from neuroval.dashboard.notebook.studies import from_frame as from_frame
    from neuroval.dashboard.notebook.studies import read_study as read_study

_ROOM = "neuroval.dashboard.notebook"
_PLACES = {"from_frame": "studies", "read_study": "studies", "results": "numbers"}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module 'neuroval' has no attribute {name!r}")
    return getattr(import_module(f"{_ROOM}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
