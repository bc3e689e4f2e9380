"""Sentences and rows about accuracy by distance to the nearest training scan."""

from typing import Final

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.data_audit.distance_to_training import ByDistance, Quarter
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counted, full
from neuroval.dashboard.words.reasons import why

TITLE: Final = "The farther from training, the worse?"
ALT: Final = "Accuracy by distance to the nearest training scan"
QUARTERS: Final = ("Nearest to training", "Second", "Third", "Farthest from training")


def nothing(reason: Reason) -> str:
    """Return why there is nothing to tell."""
    return f"{ALT} is {NOT_ESTIMABLE}: {why(reason)}."


def answer(told: ByDistance) -> str:
    """Return the accuracy of the nearest and of the farthest scans."""
    nearest, farthest = told.quarters[0], told.quarters[-1]
    if nearest is farthest:
        return f"All scans lie equally far from training: {_right(nearest)} are called rightly."
    return (
        f"Of the scans that the network sees as most like a training scan, {_right(nearest)} are called rightly; of "
        f"those farthest from any, {_right(farthest)}."
    )


def _right(quarter: Quarter) -> str:
    right = quarter.accuracy.plain
    return f"{right.count or 0:,} of {right.n or 0:,}"


def rows(told: ByDistance) -> list[dict[str, str]]:
    """Return each quarter as a table row."""
    return [
        {
            "Scans": name,
            "Distance": f"{quarter.low:.2f} to {quarter.high:.2f}",
            "Accuracy": full(quarter.accuracy.headline),
        }
        for name, quarter in zip(_names(len(told.quarters)), told.quarters, strict=True)
    ]


def _names(number: int) -> tuple[str, ...]:
    return QUARTERS if number == len(QUARTERS) else tuple(f"Part {place}" for place in range(1, number + 1))


def of_what(told: ByDistance, split: str) -> str:
    """Return which scans these are, and what a distance is."""
    n = sum(quarter.n for quarter in told.quarters)
    missing = (
        f" {counted(told.without_embedding, 'scan')} without an embedding left out." if told.without_embedding else ""
    )
    return (
        f"n = {counted(n, f'{split} scan')}, in quarters by the distance to the nearest scan that the model was fitted "
        f"on. 0: the same image to the network; 1: as far as an ordinary training scan.{missing}"
    )
