"""Whom the averages hide: each rate by subgroup, how far it lies from that of the rest, and whether it differs at all.

Everything here rests on argmax. A difference is always the rate of a subgroup minus the rate of all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from neuroval.analysis.core.clusters import types_of_cells
from neuroval.analysis.core.coded_tables import codes_of
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import ANY_TUMOUR, OVERALL
from neuroval.analysis.core.proportions import clustered_totals, proportion
from neuroval.analysis.performance.comparison import difference_of, holm
from neuroval.analysis.performance.heterogeneity import Heterogeneity, heterogeneity
from neuroval.analysis.performance.subgroup_columns import Column, crossed
from neuroval.analysis.performance.two_rates import p_values
from neuroval.data.exceptions import InputError

SMALLEST: Final = 20  # cases: with fewer, even a rate without an error has a lower bound below 0.84
FEWEST_GROUPS: Final = (
    10  # groups of several cases: with fewer, the spread between them is a guess (analysis/README.md)
)
MOST_COLUMNS: Final = 2  # that are crossed
MOST_LEVELS: Final = 60  # the largest; more do not fit a table
VERDICTS: Final = 3  # right; wrong, but right about tumour or none; wrong about that too
SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupNumber:
    """A rate in a subgroup and its difference to the rest; ``adjusted`` is the p-value after Holm, over the table.

    Both p-values are none where the difference has no interval.
    """

    key: str
    rate: Measure
    rest: Measure
    difference: Measure
    p_value: float | None = None
    adjusted: float | None = None

    @property
    def differs(self) -> bool:
        """Whether the difference is told from chance after Holm."""
        return self.adjusted is not None and self.adjusted < SIGNIFICANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A subgroup: its ``values``, one a column, and its numbers by key; ``index`` is its place among the codes.

    ``groups`` are those of its cases, ``patients`` the patients that are known among them.
    """

    values: tuple[str, ...]
    index: int
    n: int
    groups: int
    patients: int
    numbers: Mapping[str, SubgroupNumber]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subgroups:
    """The rates of ``n`` cases by the levels of the columns ``by``, and of all of them together (``whole``).

    ``codes`` (m,) is the index of the level of each case that was given, -1 where it is not known, which is so for
    ``unknown`` cases. ``left_out`` levels, the smallest, have no row. ``tests`` holds by key whether the rate differs
    between the levels that are large enough, ``adjusted`` the p-values of these tests after Holm. ``compared`` is the
    number of differences that Holm's adjustment is over.
    """

    by: tuple[str, ...]
    n: int
    unknown: int
    codes: NDArray[np.int64]
    whole: Mapping[str, Measure]
    levels: tuple[Level, ...]
    left_out: int
    tests: Mapping[str, Heterogeneity]
    adjusted: Mapping[str, float]
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What became of each case, ``codes`` (n,) below ``size``, and by key which outcomes a rate is among and counts."""

    codes: NDArray[np.int64]
    size: int
    among: Mapping[str, NDArray[np.bool_]]
    right: Mapping[str, NDArray[np.bool_]]


def outcomes(
    reference: NDArray[np.integer[Any]],
    predicted: NDArray[np.integer[Any]],
    *,
    classes: Sequence[str],
    negative: str | None,
) -> Outcomes:
    """Return the outcomes of cases (n,) for accuracy, sensitivity and specificity of any tumour, and of each class.

    The sensitivity of the negative class is that specificity and not listed again; nor, of two classes, the other's.
    """
    k = len(classes)
    index = -1 if negative is None else list(classes).index(negative)
    about_tumour = (reference == index) == (predicted == index)
    wrong = np.where(about_tumour & (negative is not None), 1, VERDICTS - 1)
    verdict = np.where(reference == predicted, 0, wrong)
    row, what = np.divmod(np.arange(k * VERDICTS), VERDICTS)
    among, right = {f"{OVERALL}.accuracy": row >= 0}, {f"{OVERALL}.accuracy": what == 0}
    if negative is not None:
        for name, rows in (("sensitivity", row != index), ("specificity", row == index)):
            among[f"{ANY_TUMOUR}.{name}"], right[f"{ANY_TUMOUR}.{name}"] = rows, rows & (what <= 1)
    for place, name in enumerate(classes):
        if negative is None or (name != negative and k > 2):
            among[f"{name}.sensitivity"], right[f"{name}.sensitivity"] = row == place, (row == place) & (what == 0)
    codes = (reference * VERDICTS + verdict).astype(np.int64)
    return Outcomes(codes=codes, size=k * VERDICTS, among=among, right=right)


def subgroups(
    found: Outcomes,
    columns: Sequence[Column],
    *,
    groups: NDArray[np.int64],
    rng: np.random.Generator,
    patients: pd.Series | None = None,
    level: float = 0.95,
) -> Subgroups:
    """Return the rates of each level of a column, or of each combination of levels of two.

    ``groups`` and ``patients`` (n,) are the group and the patient of each case. Cases of which a column is not known
    are left out. Rates are Wilson and, where groups hold several cases, cluster-adjusted (Rao-Scott) beside it; the
    difference to the rest is square-and-add of both, in the clustered one with the correlation that comes from groups
    with cases on both sides. Its p-value is that of its interval, the larger of the two, adjusted by Holm over all
    numbers and levels of the table; of two levels the difference is one and the same and counts once. A rate of fewer
    than 20 cases, or of groups of several cases fewer than 10, is undefined with the reason. ``rng`` draws the
    distribution of the tests of heterogeneity where expected counts are small. Raises ``InputError`` unless one or
    two different columns are given.

    Sources: Newcombe, Stat Med 1998;17:873-890; Zou & Donner, Stat Med 2008;27:1693-1702; Rao & Scott, Biometrics
    1992;48:577-585; Holm, Scand J Stat 1979;6:65-70.
    """
    names = tuple(part.name for part in columns)
    if not 1 <= len(set(names)) == len(names) <= MOST_COLUMNS:
        raise InputError(f"subgroups: expected one column or {MOST_COLUMNS} different ones, found {list(names)}.")
    values, codes = crossed(columns)
    known = codes >= 0
    outcome, in_groups, size = found.codes[known], groups[known], found.size
    table = _Counts.of_cases(codes[known], outcome, size=size, groups=in_groups, levels=len(values))
    rates = {key: table.rate(among, found.right[key]) for key, among in found.among.items()}
    largest = np.sort(np.argsort(-table.cases, kind="stable")[:MOST_LEVELS]).tolist()
    persons = _persons(codes[known], None if patients is None else codes_of(patients)[known], levels=len(values))
    together = {key: rate.by_group() for key, rate in rates.items()}
    numbers = [
        number for key, rate in rates.items() for number in rate.compared(key, largest, together[key], level=level)
    ]
    adjusted, compared = _after_holm(numbers, levels=len(values))
    tests = {key: rate.test(largest, rng=rng) for key, rate in rates.items()}
    known_tests = {key: test.p_value for key, test in tests.items() if test.p_value is not None}
    return Subgroups(
        by=names,
        n=int(known.sum()),
        unknown=int((~known).sum()),
        codes=codes,
        whole={key: rate.whole(key, together[key], level=level) for key, rate in rates.items()},
        levels=tuple(
            Level(
                values=values[place],
                index=place,
                n=int(table.cases[place]),
                groups=table.groups_of(place),
                patients=int(persons[place]),
                numbers={key: adjusted[key, row] for key in found.among},
            )
            for row, place in enumerate(largest)
        ),
        left_out=len(values) - len(largest),
        tests=tests,
        adjusted=dict(zip(known_tests, holm(list(known_tests.values())), strict=True)),
        compared=compared,
    )


def _persons(codes: NDArray[np.int64], person: NDArray[np.int64] | None, *, levels: int) -> NDArray[np.int64]:
    """Return how many patients each level has, of the patient (n,) of each case, -1 where not known; none for none."""
    if person is None or person.max(initial=-1) < 0:
        return np.zeros(levels, dtype=np.int64)
    has_id = person >= 0
    pairs = pd.unique(person[has_id] * levels + codes[has_id])  # faster than sorting a million
    return np.bincount(pairs % levels, minlength=levels)


def plain_p_values(found: Outcomes, codes: NDArray[np.int64], *, levels: int) -> NDArray[np.float64]:
    """Return the p-values of the differences (numbers * levels,) to the rest as if cases were independent.

    No p-value of ``subgroups`` is smaller. Levels with fewer than 20 cases of a number, and those whose rest is as
    small, have none; of two levels the first speaks for both.
    """
    known = codes >= 0
    cells = np.bincount(codes[known] * found.size + found.codes[known], minlength=levels * found.size)
    cells = cells.reshape(levels, found.size)
    rates = []
    for key, among in found.among.items():
        n, right = cells[:, among].sum(axis=1), cells[:, found.right[key]].sum(axis=1)
        rest, rest_right = n.sum() - n, right.sum() - right
        large = (n >= SMALLEST) & (rest >= SMALLEST)
        if levels == 2:
            large[1] = False
        rates.append(np.stack([right[large], n[large], rest_right[large], rest[large]]))
    right, n, rest_right, rest = np.concatenate(rates, axis=1).astype(np.float64)
    return p_values(right / n, n, rest_right / rest, rest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counts:
    """``cells`` (levels, outcomes) of cases, and how groups hold them; none where every group is a single case.

    ``number`` (t,) is how many groups there are of each type. ``entries`` holds for each level type, outcome and
    cases of what such a group has in it, in the order of the types.
    """

    cells: NDArray[np.int64]
    number: NDArray[np.int64] | None
    entries: tuple[NDArray[np.int64], ...] = ()

    @classmethod
    def of_cases(
        cls, codes: NDArray[np.int64], outcome: NDArray[np.int64], *, size: int, groups: NDArray[np.int64], levels: int
    ) -> "_Counts":
        place = codes * size + outcome
        cells = np.bincount(place, minlength=levels * size).reshape(levels, size)
        of_group = codes_of(groups)
        number = int(of_group.max(initial=-1)) + 1
        if number == len(codes):
            return cls(cells=cells, number=None)
        types, alike = types_of_cells(of_group, place, groups=number, size=levels * size)
        row = np.repeat(np.arange(types.shape[0]), np.diff(types.indptr))
        level, what = np.divmod(types.indices.astype(np.int64), size)
        order = np.argsort(level, kind="stable")
        ends = np.cumsum(np.bincount(level, minlength=levels))[:-1]
        table = np.stack([row, what, types.data])[:, order]
        return cls(cells=cells, number=alike, entries=tuple(np.split(table, ends, axis=1)))

    @property
    def cases(self) -> NDArray[np.int64]:
        counts: NDArray[np.int64] = self.cells.sum(axis=1)
        return counts

    def groups_of(self, place: int) -> int:
        """Return how many groups have a case of a level."""
        if self.number is None:
            return int(self.cases[place])
        row = self.entries[place][0]
        return int(self.number[row[_first_of_each(row)]].sum())

    def rate(self, among: NDArray[np.bool_], right: NDArray[np.bool_]) -> "_Rate":
        """Return what a rate needs: of the outcomes ``among``, those that are ``right``."""
        n, count = self.cells[:, among].sum(axis=1), self.cells[:, right].sum(axis=1)
        if self.number is None:
            return _Rate(n=n, count=count, number=None)
        return _Rate(
            n=n,
            count=count,
            number=self.number,
            held=tuple(_totals(entries[:, among[entries[1]]], right) for entries in self.entries),
        )


def _totals(
    entries: NDArray[np.int64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the types that have entries, and the successes and cases of such a group."""
    row, what, cases = entries
    if not len(row):
        return row, row, row
    starts = _first_of_each(row)
    return row[starts], np.add.reduceat(cases * right[what], starts), np.add.reduceat(cases, starts)


def _first_of_each(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each value of an ordered array first stands."""
    return np.flatnonzero(np.diff(ordered, prepend=-1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rate:
    """Cases ``n`` and successes ``count`` (l,) of a rate by level, and the groups behind them; see ``_Counts``.

    ``held`` has for each level the types of groups with a case in it, and their successes and cases.
    """

    n: NDArray[np.int64]
    count: NDArray[np.int64]
    number: NDArray[np.int64] | None
    held: tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], ...] = ()

    def by_group(self) -> "_ByGroup | None":
        """Return the groups of all levels together; none where every group is a single case."""
        if self.number is None:
            return None
        right, sizes = np.zeros_like(self.number), np.zeros_like(self.number)
        for row, successes, cases in self.held:
            right[row] += successes
            sizes[row] += cases
        _, first, kind = np.unique(right * (sizes.max(initial=0) + 1) + sizes, return_index=True, return_inverse=True)
        number = np.bincount(kind, weights=self.number).astype(np.int64)
        alike = _Side(right=right[first], sizes=sizes[first], number=number)
        return _ByGroup(right=right, sizes=sizes, number=self.number, kind=kind, alike=alike)

    def whole(self, key: str, by_group: "_ByGroup | None", *, level: float) -> Measure:
        """Return the rate of all levels together."""
        n = int(self.n.sum())
        if n == 0:
            return Measure(plain=Estimate.undefined(reason=_no_cases(key), n=0))
        clustered = None if by_group is None else by_group.alike.estimate(level=level)
        return Measure(plain=proportion(int(self.count.sum()), n, level=level), clustered=clustered)

    def compared(
        self, key: str, places: Sequence[int], by_group: "_ByGroup | None", *, level: float
    ) -> "list[_Compared]":
        """Return the rate of each level in ``places`` and its difference to the rest, without p-values."""
        whole = int(self.n.sum()), int(self.count.sum())
        entries = []
        for row, place in enumerate(places):
            n, count = int(self.n[place]), int(self.count[place])
            sides = ((n, count), (whole[0] - n, whole[1] - count))
            groups = None if by_group is None else by_group.split(*self.held[place])
            entries.append(_compared(key, row, sides, groups=groups, level=level))
        return entries

    def test(self, places: Sequence[int], *, rng: np.random.Generator) -> Heterogeneity:
        """Return whether the rate differs between the levels that are large enough."""
        number = self.number
        if number is None:
            large = [place for place in places if self.n[place] >= SMALLEST]
            return heterogeneity(self.count[large], self.n[large], rng=rng)
        large = [
            place
            for place in places
            if self.n[place] >= SMALLEST and number[self.held[place][0]].sum() >= FEWEST_GROUPS
        ]
        rows = [self.held[place][0] for place in large]
        indices, ends = np.concatenate([*rows, np.zeros(0, np.int64)]), np.cumsum([0, *map(len, rows)])
        right, sizes = (
            sparse.csc_array(
                (np.concatenate([*(self.held[place][part] for place in large), np.zeros(0, np.int64)]), indices, ends),
                shape=(len(number), len(large)),
            )
            for part in (1, 2)
        )
        return heterogeneity(self.count[large], self.n[large], rng=rng, by_group=(right, sizes, number))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """Successes and cases (u,) of groups in a level or in the rest, and how many groups there are of each."""

    right: NDArray[np.int64]
    sizes: NDArray[np.int64]
    number: NDArray[np.int64]

    @property
    def groups(self) -> int:
        return int(self.number[self.sizes > 0].sum())

    @property
    def scores(self) -> NDArray[np.float64]:
        """How far the successes of a group lie from what the common rate makes of its cases."""
        rate = float(self.number @ self.right) / float(self.number @ self.sizes)
        scores: NDArray[np.float64] = self.right - rate * self.sizes
        return scores

    def estimate(self, *, level: float) -> Estimate:
        return clustered_totals(self.right, self.sizes, number=self.number, level=level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ByGroup:
    """Successes and cases (t,) of a group of each type over all levels; ``kind`` (t,) is its place in ``alike``.

    There types with as many successes and cases are one.
    """

    right: NDArray[np.int64]
    sizes: NDArray[np.int64]
    number: NDArray[np.int64]
    kind: NDArray[np.int64]
    alike: _Side

    def split(self, row: NDArray[np.int64], right: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[_Side, _Side]:
        """Return a level, of which the types in ``row`` hold successes and cases, and the rest.

        The rest begins with what the types in ``row`` have of it, in their order.
        """
        number, alike = self.number[row], self.alike
        others = alike.number - np.bincount(self.kind[row], weights=number, minlength=len(alike.number)).astype(int)
        return _Side(right=right, sizes=sizes, number=number), _Side(
            right=np.concatenate([self.right[row] - right, alike.right]),
            sizes=np.concatenate([self.sizes[row] - sizes, alike.sizes]),
            number=np.concatenate([number, others]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A number of the level in a ``row``, and the correlation of its clustered estimate with that of the rest."""

    row: int
    number: SubgroupNumber
    correlation: float = 0.0


def _compared(
    key: str,
    row: int,
    sides: tuple[tuple[int, int], tuple[int, int]],
    *,
    groups: tuple[_Side, _Side] | None,
    level: float,
) -> _Compared:
    """Return the rates of both ``sides``, each cases and successes, and their difference."""
    measures = []
    for index, (n, count) in enumerate(sides):
        side = None if groups is None else groups[index]
        if reason := _too_small(key, n, groups=n if side is None else side.groups):
            measures.append(Measure(plain=Estimate.undefined(reason=reason, n=n)))
            continue
        by_group = None if side is None else side.estimate(level=level)
        measures.append(Measure(plain=proportion(count, n, level=level), clustered=by_group))
    rate, rest = measures
    if not rate.plain.defined or not rest.plain.defined:
        reason = rate.plain.reason or Reason("small_rest", reason=rest.plain.reason)
        difference = Measure(plain=Estimate.undefined(reason=reason))
        return _Compared(row=row, number=SubgroupNumber(key=key, rate=rate, rest=rest, difference=difference))
    plain, correlation, clustered = difference_of(rate.plain, rest.plain), 0.0, None
    if groups is not None and rate.clustered is not None and rest.clustered is not None:
        correlation = _correlation(*groups)
        clustered = difference_of(rate.clustered, rest.clustered, correlation=correlation)
    difference = Measure(plain=plain, clustered=clustered)
    compared = SubgroupNumber(key=key, rate=rate, rest=rest, difference=difference)
    return _Compared(row=row, number=compared, correlation=correlation)


def _too_small(key: str, n: int, *, groups: int) -> Reason | None:
    if n == 0:
        return _no_cases(key)
    if n < SMALLEST:
        return Reason("small_subgroup", cases=n, needed=SMALLEST)
    if groups < FEWEST_GROUPS:
        return Reason("few_groups_in_subgroup", groups=groups, needed=FEWEST_GROUPS)
    return None


def _no_cases(key: str) -> Reason:
    subject, _, name = key.rpartition(".")
    if subject == OVERALL:
        return Reason("no_cases")
    if subject == ANY_TUMOUR:
        without = Reason("no_reference_cases_without_tumour")
        return without if name == "specificity" else Reason("no_reference_cases", of="any tumour")
    return Reason("no_reference_cases", of=subject)


def _p_values(compared: Sequence[_Compared]) -> list[float]:
    """Return the p-value of each difference: that of its plain interval or of the clustered one, the larger."""
    if not compared:
        return []
    plain = [(entry.number.rate.plain, entry.number.rest.plain, 0.0) for entry in compared]
    by_group = [
        (entry.number.rate.clustered or first, entry.number.rest.clustered or other, entry.correlation)
        for entry, (first, other, _) in zip(compared, plain, strict=True)
    ]
    table = np.array(
        [
            (a.value or 0.0, a.effective_n or a.n or 1, b.value or 0.0, b.effective_n or b.n or 1, correlation)
            for a, b, correlation in (*plain, *by_group)
        ],
        dtype=np.float64,
    ).T
    largest: list[float] = p_values(*table[:4], correlation=table[4]).reshape(2, -1).max(axis=0).tolist()
    return largest


def _correlation(level: _Side, rest: _Side) -> float:
    """Return the correlation of two rates whose cases come in part from the same groups; 0 where none varies."""
    ours, theirs = level.scores, rest.scores
    both = float(level.number @ (ours * theirs[: len(ours)]))  # the rest begins with the groups of the level
    spread = float(level.number @ ours**2) * float(rest.number @ theirs**2)
    return both / float(np.sqrt(spread)) if spread > 0 else 0.0


def _after_holm(compared: Sequence[_Compared], *, levels: int) -> tuple[dict[tuple[str, int], SubgroupNumber], int]:
    """Return by key and row the numbers with their p-values, also after Holm, and over how many Holm's is."""
    first_only = levels == 2  # both differences are the same
    tested = [entry for entry in compared if entry.number.difference.plain.defined]
    values = {(entry.number.key, entry.row): p for entry, p in zip(tested, _p_values(tested), strict=True)}
    family = {place: p for place, p in values.items() if not (first_only and place[1] > 0)}
    adjusted = dict(zip(family, holm(list(family.values())), strict=True))

    def with_p(entry: _Compared) -> SubgroupNumber:
        place = (entry.number.key, entry.row)
        shared = (entry.number.key, 0 if first_only else entry.row)
        return replace(entry.number, p_value=values.get(place), adjusted=adjusted.get(shared))

    return {(entry.number.key, entry.row): with_p(entry) for entry in compared}, len(family)


def name_of(by: Sequence[str], values: Sequence[str]) -> str:
    """Return how a subgroup is called where one word is needed: ``site=north&sex=F``."""
    return "&".join(f"{column}={value}" for column, value in zip(by, values, strict=True))
