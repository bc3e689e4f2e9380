"""How far readers agree, beyond what chance would give: Cohen, Fleiss, Gwet and Krippendorff, nominal classes.

Each coefficient is a function of sums over cases, so that a resample of groups needs the sums of its groups alone.
With r[i, c] the readers who give case i the class c and m[i] those who give it any:

- observed agreement: the mean over cases with two readings or more of sum r (r - 1) / (m (m - 1));
- Fleiss' kappa: chance agreement sum p^2, p[c] the mean over cases of r / m (Fleiss, Psychol Bull 1971;76:378-382);
  with missing readings as in Gwet, Handbook of Inter-Rater Reliability, 4th edition, 2014, chapter 2;
- Gwet's AC1: chance agreement sum p (1 - p) / (k - 1) (Gwet, Br J Math Stat Psychol 2008;61:29-48);
- Krippendorff's alpha: 1 - observed / expected disagreement of the coincidences of cases with two readings or more
  (Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C);
- Cohen's kappa: chance agreement from the two readers' own shares (Cohen, Educ Psychol Meas 1960;20:37-46).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroval.analysis.core.bootstrap import RESAMPLES, percentile_interval, seed_of, too_few
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.proportions import check_level, group_codes
from neuroval.data.exceptions import InputError

MISSING: Final = -1  # a reader did not give the case a class
COEFFICIENTS: Final = ("observed", "fleiss_kappa", "gwet_ac1", "krippendorff_alpha")
_AT_ONCE: Final = 5_000_000  # weights in memory at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of readers: ``cases`` with two readings or more, ``readings`` of these.

    ``cohen_kappa`` is of two readers only. ``clustered`` of each measure resamples groups, ``plain`` cases.
    """

    readers: int
    cases: int
    readings: int
    observed: Measure
    fleiss_kappa: Measure
    gwet_ac1: Measure
    krippendorff_alpha: Measure
    cohen_kappa: Measure | None


def agreement(
    ratings: NDArray[np.integer[Any]],
    *,
    k: int,
    rng: np.random.Generator,
    groups: NDArray[Any] | pd.Series | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Return how far readers agree on the classes of cases, with percentile intervals over cases and over groups.

    ``ratings`` (n, r) holds the class index, 0 to ``k`` - 1, that each reader gave each case, -1 where none; ``groups``
    (n,) is a group id per case. Cases without a reading, and readers without one, do not count. A coefficient is
    undefined without a case that two readers read, and where chance alone would give full agreement. Raises
    ``InputError`` for an index out of range or fewer than two classes.
    """
    check_level(level)
    table = np.asarray(ratings, dtype=np.int64)
    if table.ndim != 2:
        raise InputError(f"ratings: found {table.ndim} dimensions, expected cases by readers.")
    if k < 2:
        raise InputError(f"ratings: found {k} classes, expected two or more.")
    if table.size and (table.min() < MISSING or table.max() >= k):
        raise InputError(f"ratings: classes are 0 to {k - 1} and {MISSING}, found {table.min()} to {table.max()}.")
    codes = None if groups is None else group_codes(groups, n=len(table))[0]
    read = (table >= 0).any(axis=1)
    table = table[read][:, (table >= 0).any(axis=0)]
    codes = None if codes is None else group_codes(codes[read], n=len(table))[0]
    several = (table >= 0).sum(axis=1) >= 2
    sums, counts = _sums(table, k=k), int(several.sum())
    measures = _measures(sums, codes, k=k, of_two=False, n=counts, rng=rng, level=level, resamples=resamples)
    cohen = None
    if table.shape[1] == 2:
        paired = _sums_of_two(table[several], k=k)
        within = None if codes is None else group_codes(codes[several], n=counts)[0]
        cohen = _measures(paired, within, k=k, of_two=True, n=counts, rng=rng, level=level, resamples=resamples)
    return Agreement(
        readers=table.shape[1],
        cases=counts,
        readings=int((table[several] >= 0).sum()),
        cohen_kappa=None if cohen is None else cohen["cohen_kappa"],
        **{name: measures[name] for name in COEFFICIENTS},
    )


def _sums(table: NDArray[np.int64], *, k: int) -> NDArray[np.float64]:
    """Return what the coefficients need of each case, (n, 2 k + 4).

    Columns: agreement of its pairs, whether it has any, its share, whether it has a reading; its part in the observed
    coincidences; then r / m and, where it has pairs, r, by class.
    """
    given = np.stack([(table == index).sum(axis=1) for index in range(k)], axis=1).astype(np.float64)
    readings = given.sum(axis=1)
    paired = readings >= 2
    agreeing = (given * (given - 1)).sum(axis=1)
    others = np.where(paired, readings - 1, 1)
    within = np.where(paired, agreeing / (readings * others), 0)
    shares = given / readings[:, None] if len(given) else given
    head = np.column_stack([within, paired, readings > 0, np.where(paired, agreeing / others, 0)])
    return np.hstack([head, shares, given * paired[:, None]])


def _sums_of_two(table: NDArray[np.int64], *, k: int) -> NDArray[np.float64]:
    """Return for cases that both readers read (n, 2 k + 2): one, whether they agree, and each reader's class."""
    classes = np.eye(k)
    head = np.column_stack([np.ones(len(table)), table[:, 0] == table[:, 1]])
    return np.hstack([head, classes[table[:, 0]], classes[table[:, 1]]])


def _coefficients(totals: NDArray[np.float64], *, k: int) -> Mapping[str, NDArray[np.float64]]:
    """Return each coefficient of sums (b, 2 k + 4); NaN where it is undefined."""
    within, paired, read, coincident = totals[:, :4].T
    shares, given = totals[:, 4 : 4 + k], totals[:, 4 + k :]
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = within / paired
        p = shares / read[:, None]
        fleiss = _beyond(observed, (p**2).sum(axis=1))
        ac1 = _beyond(observed, (p * (1 - p)).sum(axis=1) / (k - 1))
        number = given.sum(axis=1)
        expected = 1 - (given * (given - 1)).sum(axis=1) / (number * (number - 1))
        alpha = np.where(expected > 0, 1 - (1 - coincident / number) / expected, np.nan)
    return {"observed": observed, "fleiss_kappa": fleiss, "gwet_ac1": ac1, "krippendorff_alpha": alpha}


def _coefficient_of_two(totals: NDArray[np.float64], *, k: int) -> Mapping[str, NDArray[np.float64]]:
    n, same, first, second = totals[:, 0], totals[:, 1], totals[:, 2 : 2 + k], totals[:, 2 + k :]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"cohen_kappa": _beyond(same / n, (first * second).sum(axis=1) / n**2)}


def _beyond(observed: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of the agreement that chance leaves is reached."""
    return np.where(1 - chance > 1e-12, (observed - chance) / (1 - chance), np.nan)


def _measures(
    sums: NDArray[np.float64],
    codes: NDArray[np.int64] | None,
    *,
    k: int,
    of_two: bool,
    n: int,
    rng: np.random.Generator,
    level: float,
    resamples: int,
) -> dict[str, Measure]:
    """Return the coefficients of the sums of cases with their intervals."""
    read_from = _coefficient_of_two if of_two else _coefficients
    if n == 0:
        undefined = Measure(plain=Estimate.undefined(reason=Reason("no_cases_read_twice"), n=0))
        return dict.fromkeys(("cohen_kappa",) if of_two else COEFFICIENTS, undefined)
    values = {name: float(value[0]) for name, value in read_from(sums.sum(axis=0)[None], k=k).items()}
    ways = {"plain": sums}
    if codes is not None and codes.max() + 1 < len(codes):
        together = np.zeros((int(codes.max()) + 1, sums.shape[1]))
        np.add.at(together, codes, sums)
        ways["clustered"] = together
    estimates: dict[str, dict[str, Estimate]] = {name: {} for name in values}
    for way, units in ways.items():
        replicates = read_from(_resampled(units, rng=rng, resamples=resamples), k=k)
        grouped = None if way == "plain" else len(units)
        method = Method("percentile_bootstrap", groups=grouped, resamples=resamples, seed=seed_of(rng))
        for name, value in values.items():
            if not np.isfinite(value):
                estimates[name][way] = Estimate.undefined(reason=Reason("one_class_read"), n=n)
            else:
                estimates[name][way] = percentile_interval(
                    value, replicates[name], method=method, n=n, level=level, reason=too_few(len(units))
                )
    return {name: Measure(**ways_of) for name, ways_of in estimates.items()}


def _resampled(units: NDArray[np.float64], *, rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """Return the sums of resamples of units (g, s) with replacement, (resamples, s)."""
    number = len(units)
    block = max(1, _AT_ONCE // number)
    parts = [
        rng.multinomial(number, np.full(number, 1 / number), size=min(block, resamples - start)) @ units
        for start in range(0, resamples, block)
    ]
    return np.concatenate(parts)
