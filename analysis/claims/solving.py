"""Whether printed rates of several classes can stand together at all, whatever the numbers of cases are.

The audit searches counts exactly where the numbers of cases are known. Here they need not be: integer programmes say
which of the claims that make something impossible are needed for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from neuroval.analysis.claims.regions import fractions_of
from neuroval.analysis.claims.rounding import allowed
from neuroval.data.claims.printed_number import Printed

SLACK: Final = 1e-9  # by which a strict bound must be kept, in shares of all cases
MOST_IN_A_CELL: Final = 10**6
MOST_NODES: Final = 2000  # of one search; a limit in time would give other answers on other machines
SOLVED: Final = 0
Row = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A rate of the class at ``index``: its printed value, its numerator and its denominator, as far as printed."""

    index: int
    metric: str
    value: Printed | None = None
    count: int | None = None
    n: int | None = None


def possible(parts: Sequence[Part], *, k: int) -> bool:
    """Return whether some confusion matrix of ``k`` classes has these rates.

    Rates without a denominator may be printed as anything where some rate prints its denominator; otherwise they are
    not thought of, and the answer may be no where they would make it yes. It is no, too, where the search for one grows
    too long.
    """
    if all(part.n is None for part in parts):
        return _in_shares(parts, k=k)
    cells, values = k * k, [part for part in parts if part.value is not None and part.n is None]
    rows: list[Row] = []
    low: list[float] = []
    high: list[float] = []

    def constrain(row: Row, least: float, most: float) -> None:
        scale = float(np.abs(row).max()) or 1.0
        rows.append(row / scale)
        low.append(least / scale)
        high.append(most / scale)

    for part in parts:
        top, bottom = _of_cells(part, k=k, size=cells + len(values))
        for row, number in ((top, part.count), (bottom, part.n)):
            if number is not None:
                constrain(row, number, number)
        if part.value is None or part.count is not None or part.n == 0:
            continue
        least, below = allowed(part.value)
        constrain(top * least.denominator - bottom * least.numerator, 0, np.inf)
        strict = bottom * below.numerator - top * below.denominator
        if part.n is not None:
            constrain(strict, 1, np.inf)
        else:
            flag = np.zeros(cells + len(values))  # 1 where the rate has a denominator
            flag[cells + values.index(part)] = 1
            constrain(strict - flag, 0, np.inf)
            constrain(bottom - flag * MOST_IN_A_CELL, -np.inf, 0)
    solution = optimize.milp(
        np.zeros(cells + len(values)),
        constraints=optimize.LinearConstraint(np.array(rows), low, high),
        integrality=np.ones(cells + len(values), dtype=np.int64),
        bounds=optimize.Bounds(0, np.append(np.full(cells, MOST_IN_A_CELL), np.ones(len(values)))),
        options={"node_limit": MOST_NODES},
    )
    return bool(solution.status == SOLVED)


def _in_shares(parts: Sequence[Part], *, k: int) -> bool:
    """Return whether shares of the cells have these rates: enough cases then have them too."""
    cells = k * k
    rows = []
    for part in parts:
        if part.value is not None:
            top, bottom = _of_cells(part, k=k, size=cells + 1)
            strict = np.zeros(cells + 1)
            strict[-1] = 1
            least, below = map(float, allowed(part.value))
            rows += [least * bottom - top, top - below * bottom + strict]
    solution = optimize.linprog(
        np.append(np.zeros(cells), -1),
        A_ub=np.array(rows),
        b_ub=np.zeros(len(rows)),
        A_eq=np.append(np.ones(cells), 0)[None],
        b_eq=[1],
        bounds=(0, 1),
    )
    return solution.x is not None and bool(solution.x[-1] > SLACK)


def _of_cells(part: Part, *, k: int, size: int) -> tuple[Row, Row]:
    """Return numerator and denominator of a rate as sums of cells, among ``size`` variables."""
    row, column, cell = (np.zeros((k, k), dtype=np.int64) for _ in range(3))
    row[part.index], column[:, part.index], cell[part.index, part.index] = 1, 1, 1
    rest = 1 - np.maximum(row, column)
    both = fractions_of(part.metric, tp=cell, fp=column - cell, fn=row - cell, tn=rest)
    top, bottom = np.zeros(size), np.zeros(size)
    top[: k * k], bottom[: k * k] = (each.ravel() for each in both)
    return top, bottom
