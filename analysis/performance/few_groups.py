"""Few patients behind many cases: below some thirty groups of a class the spread between groups is itself a guess."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.core.finding import Finding
from neuroval.data.classes import ClassOrder

FEW: Final = 30  # groups of a class: with fewer, intervals that rest on the normal distribution cover too little


def few_groups(
    reference: NDArray[np.integer[Any]], groups: NDArray[np.int64], *, classes: ClassOrder, split: str
) -> Finding | None:
    """Return which classes have cases of fewer than 30 groups, none when all have more or each case is a group.

    ``reference`` (n,) are class indices, ``groups`` (n,) the number of each case's group. A class without cases is no
    matter of groups. The limit is where simulated intervals by the normal distribution fall short
    (``analysis/README.md``); those by the t distribution hold there, but are wide.
    """
    if _number(groups) == len(groups):
        return None
    held = [_number(groups[reference == index]) for index in range(len(classes))]
    few = [index for index, number in enumerate(held) if 0 < number < FEW]
    if not few:
        return None
    return Finding(
        code="few_groups",
        severity="warning",
        check="few_groups",
        page="data_set",
        count=len(few),
        n=len(classes),
        facts={
            "split": split,
            "names": tuple(classes.display[classes.names[index]] for index in few),
            "fewest": min(held[index] for index in few),
        },
    )


def _number(groups: NDArray[np.int64]) -> int:
    """Return how many groups there are; faster than sorting a million of them."""
    return int(np.count_nonzero(np.bincount(groups)))
