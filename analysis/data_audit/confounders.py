"""Whether something that is not the disease answers the question: source, site, plane, file format or size."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.coded_tables import codes_of, levels
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.finding import Finding

FACTORS: Final = ("source", "site", "plane", "file_format", "size")
SMALLEST: Final = 20  # cases: a smaller level says little
BY_CHANCE: Final = 0.01
MOST: Final = 0.5  # a factor that gives away so much of the answer is a critical finding
WIDEST: Final = 2**31  # pixels: as many as a study can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Cases of one value of a factor, with and without a tumour. ``pure``: all are of one kind, and not by chance."""

    name: str
    tumour: int
    no_tumour: int
    pure: bool

    @property
    def n(self) -> int:
        return self.tumour + self.no_tumour


@dataclass(frozen=True, slots=True, kw_only=True)
class Confounding:
    """How far a factor alone answers "any tumour?".

    ``share`` is the share of the cases with a known value that lie in pure levels: for them the factor gives the
    answer away. ``accuracy`` is that of guessing each level's more frequent answer, ``base_rate`` that of always
    guessing the more frequent answer of all. ``levels`` come largest first.
    """

    factor: str
    share: Estimate
    accuracy: float
    base_rate: float
    levels: tuple[Level, ...]

    @property
    def explained(self) -> float:
        """The share of wrong guesses that knowing the factor takes away (Goodman and Kruskal's lambda)."""
        return (self.accuracy - self.base_rate) / (1 - self.base_rate)


def confounding(cases: pd.DataFrame, *, negative: str | None) -> tuple[Confounding, ...]:
    """Return for each factor with two or more known values how far it alone answers "any tumour?".

    ``cases`` is the study's cases table, all splits: what training could learn counts as well as what the test
    rewards. Size is width x height. Cases with an unknown value are left out of their factor. A level is pure when
    it holds 20 cases or more, all with or all without a tumour, and so many groups that this would happen by chance
    in fewer than 1 of 100 (share of the answer among all, to the power of the level's groups). Empty without a
    ``negative`` class, and a factor is left out when its cases are all of one kind: there is no such question then.

    Sources: Zech et al., PLoS Med 2018;15:e1002683 (a network that reads the hospital); Goodman & Kruskal, J Am Stat
    Assoc 1954;49:732-764 (lambda).
    """
    if negative is None or cases.empty:
        return ()
    tumour, group = (cases["label"] != negative).to_numpy(dtype=np.bool_), codes_of(cases["group_id"])
    factors = (_of_factor(name, *_levels(cases, name), tumour, group) for name in FACTORS)
    return tuple(factor for factor in factors if factor is not None)


def _levels(cases: pd.DataFrame, factor: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the values of a factor, sorted by name, and per case (n,) the index of its own, -1 where not known."""
    if factor != "size":
        return levels(cases[factor]) if factor in cases else ((), np.full(len(cases), -1, dtype=np.int64))
    known = (cases["width"].notna() & cases["height"].notna()).to_numpy(dtype=np.bool_)
    width, height = (cases.loc[known, side].to_numpy(dtype=np.int64) for side in ("width", "height"))
    code, distinct = pd.factorize(width * WIDEST + height)
    names = pd.Series([f"{size // WIDEST} x {size % WIDEST}" for size in distinct.tolist()], dtype="str")
    ordered, rank = levels(names)
    sizes = np.full(len(cases), -1, dtype=np.int64)
    sizes[known] = rank[code]
    return ordered, sizes


def _of_factor(
    name: str, names: tuple[str, ...], level: NDArray[np.int64], tumour: NDArray[np.bool_], group: NDArray[np.int64]
) -> Confounding | None:
    known = level >= 0
    n, positive = int(known.sum()), int(tumour[known].sum())
    if len(names) < 2 or positive in (0, n):
        return None
    size = np.bincount(level[known], minlength=len(names))
    with_tumour = np.bincount(level[known & tumour], minlength=len(names))
    one_kind = (size >= SMALLEST) & ((with_tumour == 0) | (with_tumour == size))
    groups = _groups_of(level, group, one_kind)
    levels = tuple(
        Level(
            name=names[index],
            tumour=int(with_tumour[index]),
            no_tumour=int(size[index] - with_tumour[index]),
            pure=bool(one_kind[index])
            and _beyond_chance(bool(with_tumour[index]), groups=int(groups[index]), rate=positive / n),
        )
        for index in np.argsort(-size, kind="stable").tolist()
    )
    pure = sum(level.n for level in levels if level.pure)
    return Confounding(
        factor=name,
        share=_description(pure, n),
        accuracy=sum(max(level.tumour, level.no_tumour) for level in levels) / n,
        base_rate=max(positive, n - positive) / n,
        levels=levels,
    )


def _groups_of(level: NDArray[np.int64], group: NDArray[np.int64], asked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of groups in each of the levels that are ``asked`` for (l,), 0 for the others."""
    held = np.append(asked, False)[level]  # the last place is that of -1, not known
    pairs = np.unique(level[held] * (group.max(initial=0) + 1) + group[held])
    return np.bincount(pairs // (group.max(initial=0) + 1), minlength=len(asked))


def _beyond_chance(tumour: bool, *, groups: int, rate: float) -> bool:
    return bool((rate if tumour else 1 - rate) ** groups < BY_CHANCE)


def _description(count: int, n: int) -> Estimate:
    return Estimate(
        value=count / n,
        method=Method("pure_levels"),
        n=n,
        count=count,
        reason=Reason("a_description"),
    )


def given_away(factor: Confounding) -> Finding | None:
    """Return that a factor answers "any tumour?", critical from half of the cases or of the wrong guesses on."""
    pure, share, n = factor.share.count or 0, factor.share.value or 0.0, factor.share.n or 0
    critical = share >= MOST or factor.explained >= MOST
    if not critical and not pure:
        return None
    guessed = critical and share < MOST
    return Finding(
        code="confounding",
        severity="critical" if critical else "warning",
        check="confounders",
        page="data_set",
        count=round(factor.accuracy * n) if guessed else pure,
        n=n,
        facts={
            "factor": factor.factor,
            "share": share,
            "accuracy": factor.accuracy,
            "base_rate": factor.base_rate,
            "pure": tuple(level for level in factor.levels if level.pure),
            "guessed": guessed,
        },
    )
