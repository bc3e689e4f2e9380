"""All recorded columns and pairs of them looked through: which subgroup is worse, and which misses a criterion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import wilson
from neuroval.analysis.performance.comparison import holm
from neuroval.analysis.performance.subgroup_columns import Column, crossed
from neuroval.analysis.performance.subgroups import (
    MOST_LEVELS,
    SIGNIFICANT,
    SMALLEST,
    Level,
    Outcomes,
    SubgroupNumber,
    Subgroups,
    plain_p_values,
    subgroups,
)

MOST_COLUMNS: Final = 8  # looked at one by one, those that a clinic asks for first
MOST_CROSSED: Final = 6  # of these, crossed two by two
FALL: Final = 0.05  # of a rate against the rest: as much as makes a mild corruption a finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Worse:
    """A subgroup whose number is worse than that of the rest; ``adjusted`` of the number is over the whole scan."""

    by: tuple[str, ...]
    level: Level
    number: SubgroupNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """A subgroup that surely misses a limit which all cases together meet."""

    by: tuple[str, ...]
    level: Level
    estimate: Estimate
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The subgroups that are worse after Holm over all ``compared`` differences, the surest first."""

    compared: int
    worse: tuple[Worse, ...]
    below: tuple[tuple[str, Below], ...]


def worth_showing(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns with two levels or more of 20 cases each."""
    return tuple(
        part
        for part in columns
        if (np.bincount(part.codes[part.codes >= 0], minlength=len(part.levels)) >= SMALLEST).sum() >= 2
    )


def scan(
    found: Outcomes,
    columns: Sequence[Column],
    *,
    groups: NDArray[np.int64],
    patients: pd.Series | None = None,
    limits: Mapping[str, float] | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
) -> Scan:
    """Return the subgroups that are worse than the rest, and those below a limit, of columns and pairs of columns.

    The first 8 columns with two levels of 20 cases are looked at, and of these the first 6 two by two; combinations
    of more than 60 levels are not. ``limits`` are by number what all cases together reach; a subgroup counts as below
    where its whole interval is. A table is computed with its groups only where a difference is
    told from chance as if cases were independent: no p-value between groups is smaller, so that none is lost.
    """
    shown = worth_showing(columns)[:MOST_COLUMNS]
    choices = [(part,) for part in shown] + list(combinations(shown[:MOST_CROSSED], 2))
    coded = [(choice, *crossed(choice)) for choice in choices]
    coded = [entry for entry in coded if len(entry[1]) <= MOST_LEVELS]
    if not coded:
        return Scan(compared=0, worse=(), below=())
    plain = [plain_p_values(found, codes, levels=len(names)) for _, names, codes in coded]
    adjusted = np.array(holm(np.concatenate(plain).tolist()))
    ends = np.cumsum([len(part) for part in plain])
    wanted = [
        bool((part < SIGNIFICANT).any())
        or _may_be_below(found, codes, levels=len(names), limits=limits or {}, level=level)
        for part, (_, names, codes) in zip(np.split(adjusted, ends[:-1]), coded, strict=True)
    ]
    tables = [
        subgroups(found, choice, groups=groups, patients=patients, rng=rng, level=level)
        for (choice, _, _), is_wanted in zip(coded, wanted, strict=True)
        if is_wanted
    ]
    below = [entry for table in tables for entry in _below(table, limits=limits or {})]
    return Scan(
        compared=len(adjusted),
        worse=_worse(tables, compared=len(adjusted)),
        below=tuple(sorted(below, key=lambda entry: (entry[1].estimate.high or 0.0) - entry[1].at_least)),
    )


def _worse(tables: Sequence[Subgroups], *, compared: int) -> tuple[Worse, ...]:
    entries = [
        (table, level, number)
        for table in tables
        for level in table.levels
        for number in level.numbers.values()
        if number.p_value is not None and not (len(table.levels) == 2 and (number.difference.headline.value or 0) > 0)
    ]
    others = max(0, compared - len(entries))
    adjusted = holm([*(number.p_value or 0.0 for *_, number in entries), *[1.0] * others])
    worse = [
        Worse(by=table.by, level=level, number=replace(number, adjusted=p))
        for (table, level, number), p in zip(entries, adjusted, strict=False)
        if p < SIGNIFICANT and (number.difference.headline.value or 0.0) < 0
    ]
    return tuple(sorted(worse, key=lambda entry: entry.number.difference.headline.high or 0.0))


def _may_be_below(
    found: Outcomes, codes: NDArray[np.int64], *, levels: int, limits: Mapping[str, float], level: float
) -> bool:
    known = codes >= 0
    cells = np.bincount(codes[known] * found.size + found.codes[known], minlength=levels * found.size)
    cells = cells.reshape(levels, found.size)
    for key, limit in limits.items():
        n, right = cells[:, found.among[key]].sum(axis=1), cells[:, found.right[key]].sum(axis=1)
        for cases, count in zip(n.tolist(), right.tolist(), strict=True):
            if cases >= SMALLEST and wilson(count, cases, level=level)[1] < limit:
                return True
    return False


def _below(table: Subgroups, *, limits: Mapping[str, float]) -> list[tuple[str, Below]]:
    entries = []
    for key, limit in limits.items():
        for level in table.levels:
            estimate = level.numbers[key].rate.headline
            if estimate.high is not None and estimate.high < limit:
                entries.append((key, Below(by=table.by, level=level, estimate=estimate, at_least=limit)))
    return entries


def subgroup_worse(scanned: Scan) -> Finding | None:
    """Return that a subgroup is worse than the rest after Holm over all that was looked at; none otherwise.

    Named is the one that is surely worst: whose interval of the difference ends farthest below 0. It is critical where
    it ends more than 5 percentage points below: such a subgroup is another model than the averages tell of.
    """
    if not scanned.worse:
        return None
    first = scanned.worse[0]
    rate, rest, difference = (
        measure.headline for measure in (first.number.rate, first.number.rest, first.number.difference)
    )
    high = difference.high
    facts: dict[str, Any] = {
        "by": first.by,
        "values": first.level.values,
        "key": first.number.key,
        "rest": (rest.count or 0, rest.n or 0),
        "difference": difference,
        "others": len({(entry.by, entry.level.values) for entry in scanned.worse}) - 1,
        "compared": scanned.compared,
    }
    return Finding(
        code="subgroup_worse",
        severity="critical" if high is not None and high < -FALL else "warning",
        check="subgroups",
        page="subgroups",
        count=rate.count or 0,
        n=rate.n,
        facts=facts,
    )


def subgroup_below(scanned: Scan) -> Finding | None:
    """Return that a subgroup surely misses a criterion that the whole meets; none otherwise."""
    if not scanned.below:
        return None
    key, first = scanned.below[0]
    return Finding(
        code="subgroup_misses_criterion",
        severity="critical",
        check="subgroups",
        page="subgroups",
        count=first.estimate.count or 0,
        n=first.estimate.n,
        facts={
            "by": first.by,
            "values": first.level.values,
            "key": key,
            "at_least": first.at_least,
            "others": len({(entry.by, entry.level.values) for _, entry in scanned.below}) - 1,
        },
    )
