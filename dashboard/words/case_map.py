"""Every sentence of the map of cases, and of what lies together on it."""

from collections.abc import Mapping

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.data_audit.case_map import Alike
from neuroval.dashboard.words.cases import FILTERS, filter_value
from neuroval.dashboard.words.formats import counted, full, percent
from neuroval.data.classes import ClassOrder

NO_MAP = (
    "This study holds no embeddings of its scans, so there is no map. An evaluation by neuroval evaluate keeps them."
)
ALL_ALIKE = "Nothing that is recorded tells these scans apart."
COLOURED_BY = "Coloured by"
ALT = "Map of the scans, a point each, by the two directions in which the network's view of them varies most"
DRAW = "Draw around points with the mouse for their scans and numbers."
WHOLE = "Show the whole map"
REGION = "The scans in the region"
EMPTY = "No scan lies in the region."
BY_SERVED = "The map is that of the network itself, which has seen its training scans."
VALUES = {"right": "Right", "wrong": "Wrong"}


def column(key: str) -> str:
    """Return what the map is coloured by."""
    return "Right or wrong" if key == "call" else FILTERS[key]


def value(key: str, name: str, classes: ClassOrder) -> str:
    """Return one of its values."""
    return VALUES.get(name, name) if key == "call" else filter_value(key, name, classes)


def answer(key: str, alike: Alike | None) -> str:
    """Return the answer of the page: how far scans that lie together share a value, and how far by chance."""
    if alike is None:
        return "There is nothing to compare on this map."
    beside = f"Of the ten scans of other patients that lie nearest, {percent(alike.share)} share the {spoken(key)}"
    return f"{beside} (counted for {counted(alike.n, 'scan')}); by chance it would be {percent(alike.by_chance)}."


def spoken(key: str) -> str:
    """Return what the map is coloured by, within a sentence."""
    return {"call": "outcome (right or wrong)", "reference": "reference class", "predicted": "predicted class"}.get(
        key, FILTERS.get(key, key).lower()
    )


def drawn(shown: int, number: int) -> str:
    """Return how many scans are drawn."""
    return f"{counted(number, 'scan')}." if shown == number else f"{shown:,} of {number:,} scans are drawn."


def in_region(rate: Estimate) -> str:
    """Return how often the model is wrong on the scans of a region."""
    verb = "is an error" if rate.count == 1 else "are errors"
    return f"Of {counted(rate.n or 0, 'scan')} in the region, {rate.count or 0:,} {verb}: rate {full(rate)}."


def rows(key: str, everywhere: Mapping[str, int], here: Mapping[str, int], classes: ClassOrder) -> list[dict[str, str]]:
    """Return the values of the column with how many scans have each, in the region and on the whole map."""
    all_here, all_there = sum(here.values()), sum(everywhere.values())
    return [
        {
            column(key): value(key, name, classes),
            "In the region": f"{here[name]:,} ({percent(here[name] / all_here)})" if all_here else "0",
            "On the whole map": f"{number:,} ({percent(number / all_there)})",
        }
        for name, number in everywhere.items()
        if all_there
    ]
