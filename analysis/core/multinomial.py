"""Drawing groups with replacement when they are of many types, several times faster than type by type."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

SPARE: Final = 1.5  # standard deviations by which Poisson draws are kept below the total
GUIDE: Final = 1024  # entries of a table that leads close to a quantile
TAIL: Final = 9.0  # standard deviations beyond which double precision holds no probability
_AT_ONCE: Final = 50_000  # numbers of one block, which stay in the processor's cache

Counts = NDArray[np.int64]


def drawn_totals(number: Counts, cells: sparse.csr_array, *, size: int, rng: np.random.Generator) -> Counts:
    """Return what the drawn groups hold in each of c cells, (size, c): each row draws as many groups as there are.

    There are ``number`` (t,) groups of each type, a group of type t holds row t of ``cells`` (t, c), and each group is
    drawn with the same probability, with replacement: how often each type is drawn is multinomial. A multinomial is
    what independent Poisson numbers are given their total, and the sum of two of one distribution is again one: most
    groups are drawn as Poisson numbers with a total a little short of what is needed (what lies above is drawn
    again), the rest one by one.

    Source: Devroye, Non-Uniform Random Variate Generation, 1986, chapters III.2.4 (guide tables) and XI.1.4.
    """
    total = int(number.sum())
    share = max(0.0, 1 - SPARE / math.sqrt(total))
    everything = sparse.csr_array(np.ones((1, len(number)), dtype=np.int64))
    held = sparse.vstack([cells.T, everything], format="csr")
    parts: list[Counts] = []
    while (missing := size - sum(part.shape[1] for part in parts)) > 0:
        sums = held @ _poisson(number, share=share, size=missing + missing // 12 + 10, rng=rng)
        parts.append(sums[:, sums[-1] <= total][:, :missing])
    *totals, drawn = np.concatenate(parts, axis=1)
    rest = total - drawn
    type_of_group = np.repeat(np.arange(len(number)), number)
    one_by_one = type_of_group[rng.integers(total, size=int(rest.sum()))]
    ends = np.concatenate([[0], np.cumsum(rest)])
    chosen = sparse.csr_array((np.ones(len(one_by_one), dtype=np.int64), one_by_one, ends), shape=(size, len(number)))
    return np.asarray(np.stack(totals, axis=1) + (chosen @ cells).toarray(), dtype=np.int64)


def _poisson(number: Counts, *, share: float, size: int, rng: np.random.Generator) -> Counts:
    """Return Poisson numbers (t, size) with the means ``share`` times ``number`` (t,), by inversion."""
    drawn = np.zeros((len(number), size), dtype=np.int64)
    for cases in np.unique(number) if share else ():
        lowest, quantiles = _quantiles(float(cases) * share)
        guide = np.searchsorted(quantiles, np.arange(GUIDE) / GUIDE, side="right")
        rows = np.flatnonzero(number == cases)
        at_once = max(1, _AT_ONCE // size)
        for start in range(0, len(rows), at_once):
            block = rows[start : start + at_once]
            chance = rng.random(len(block) * size)
            place = guide[(chance * GUIDE).astype(np.intp)]
            behind = np.flatnonzero(chance >= quantiles[place])
            while len(behind):
                place[behind] += 1
                behind = behind[chance[behind] >= quantiles[place[behind]]]
            drawn[block] = (place + lowest).reshape(-1, size)
    return drawn


def _quantiles(mean: float) -> tuple[int, NDArray[np.float64]]:
    """Return the smallest number that can occur and, from there on, the probability of at most each number."""
    reach = TAIL * math.sqrt(mean) + 2 * TAIL
    lowest = max(0, math.floor(mean - reach))
    quantiles = special.pdtr(np.arange(lowest, math.ceil(mean + reach) + 1), mean)
    quantiles[-1] = 1.0
    return lowest, np.asarray(quantiles, dtype=np.float64)
