"""Whether something that is not the disease answers the question: source, site, plane, file format or size."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimate import Estimate

FACTORS: Final = ("source", "site", "plane", "file_format", "size")
SMALLEST: Final = 20  # cases: a smaller level says little
BY_CHANCE: Final = 0.01


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
    tumour = (cases["label"] != negative).to_numpy(dtype=np.bool_)
    found = (_of_factor(name, _values(cases, name), tumour, cases["group_id"]) for name in FACTORS)
    return tuple(one for one in found if one is not None)


def _values(cases: pd.DataFrame, factor: str) -> pd.Series:
    if factor != "size":
        return cases[factor].astype("object") if factor in cases else pd.Series(None, index=cases.index, dtype="object")
    known = cases["width"].notna() & cases["height"].notna()
    width, height = (cases[side].fillna(0).astype(np.int64).astype("str") for side in ("width", "height"))
    return (width + " x " + height).astype("object").where(known)


def _of_factor(name: str, values: pd.Series, tumour: NDArray[np.bool_], groups: pd.Series) -> Confounding | None:
    table = pd.DataFrame({"value": values, "tumour": tumour, "group": groups}).dropna(subset="value")
    n, positive = len(table), int(table["tumour"].sum())
    if table["value"].nunique() < 2 or positive in (0, n):
        return None
    by_value = table.groupby("value")
    counts = pd.DataFrame(
        {"n": by_value.size(), "tumour": by_value["tumour"].sum(), "groups": by_value["group"].nunique()}
    )
    counts = counts.sort_values("n", ascending=False, kind="stable")
    levels = tuple(
        Level(
            name=str(value),
            tumour=int(with_tumour),
            no_tumour=int(size - with_tumour),
            pure=_pure(int(size), int(with_tumour), groups=int(in_groups), rate=positive / n),
        )
        for value, size, with_tumour, in_groups in counts.itertuples(name=None)
    )
    pure = sum(level.n for level in levels if level.pure)
    return Confounding(
        factor=name,
        share=_description(pure, n),
        accuracy=sum(max(level.tumour, level.no_tumour) for level in levels) / n,
        base_rate=max(positive, n - positive) / n,
        levels=levels,
    )


def _pure(n: int, tumour: int, *, groups: int, rate: float) -> bool:
    if n < SMALLEST or tumour not in (0, n):
        return False
    answer = rate if tumour else 1 - rate
    return bool(answer**groups < BY_CHANCE)


def _description(count: int, n: int) -> Estimate:
    return Estimate(
        value=count / n,
        method="cases in pure levels",
        n=n,
        count=count,
        reason="a description of these cases, not an estimate",
    )
