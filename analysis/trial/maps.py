"""Can the maps be believed? Whether they rest on what was learnt, can be repeated, and point at what the call rests on.

A map that explains a call depends on the weights, lies where it lay when the scan moves by a few pixels, and names the
places without which the call goes away. Sources: Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018
(arXiv 1810.03292); Arun et al., Assessing the trustworthiness of saliency maps for localizing abnormalities in medical
imaging, Radiol Artif Intell 2021;3:e200267; Petsiuk et al., RISE, BMVC 2018 (arXiv 1806.07421).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from neuroval.analysis.calibration.proper_scores import mean_of
from neuroval.analysis.core.enlarged_maps import enlarging
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.proportions import share_of
from neuroval.data.study.trial_maps import (
    ALL,
    AS_IT_IS,
    DELETION,
    INSERTION,
    RANDOM,
    REPEATED,
    SHUFFLED,
    STEPS,
    TrialMaps,
)

SIDE: Final = 32  # pixels on which two maps are compared as pictures: some four for a cell of a usual grid
WINDOW, SPREAD = 11, 1.5  # pixels: the Gaussian window of the structural similarity, and its SD
C1, C2 = 0.01**2, 0.03**2  # of maps whose largest value is 1
MOST: Final = 0.5  # of the scans
IGNORES: Final = 0.5  # rank correlation from which on a map is what it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How alike the maps are to those after a ``change``: a part of the network shuffled, or a repeat.

    ``correlation`` is the mean of Spearman's rank correlation over the cells, ``similarity`` that of the structural
    similarity of the enlarged maps. Of each scan the mean over all draws or repeats counts. ``alike`` is the share of
    scans whose correlation reaches ``IGNORES``.
    """

    change: str
    correlation: Measure
    similarity: Measure
    alike: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing:
    """Whether the map names what the call rests on, by deletion or by insertion, against orders of chance.

    ``gain`` is the mean of the difference of the two areas under the curves, positive where the map does better;
    ``better`` is the share of scans where it does.
    """

    curve: str
    gain: Measure
    better: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTrial:
    """What a trial says of the maps of ``n`` scans; ``without_evidence`` more have an empty map and do not count."""

    n: int
    without_evidence: int
    shuffled: tuple[Agreement, ...]
    repeated: tuple[Agreement, ...]
    deletion: Pointing
    insertion: Pointing

    @property
    def random(self) -> Agreement:
        """The agreement with the maps of networks with no learnt weight."""
        return next(agreement for agreement in self.shuffled if agreement.change == ALL)

    @property
    def worthless(self) -> bool:
        """Whether the maps are surely what they are without anything learnt: see ``maps_ignore_the_network``.

        Correlations that are all equal, as those of the same maps are, have no interval: then it is the share of scans
        that keep their map that lies above a half at its lower bound.
        """
        correlation, alike = self.random.correlation.headline, self.random.alike.headline
        if correlation.low is None:
            return (correlation.value or 0.0) > IGNORES and (alike.low or 0.0) > MOST
        return correlation.low > IGNORES


def map_trial(
    maps: TrialMaps, *, judged: NDArray[np.bool_], groups: NDArray[np.int64], level: float = 0.95
) -> MapTrial | None:
    """Return what a trial says of the maps of ``judged`` (n,) scans; none where none of them has a map.

    ``groups`` (n,) are of the scans. Means have the t interval and the cluster-robust one, shares are Wilson,
    cluster-adjusted (Rao-Scott). The random networks are a few draws, each asked of every scan: the interval is for
    other scans, and not for other draws.
    """
    plain = maps.of_change(AS_IT_IS)
    kept = judged & (plain.max(axis=(1, 2), initial=0) > 0)
    if not judged.any():
        return None
    owner = groups[kept]

    def agreement(change: str, names: Sequence[str]) -> Agreement:
        others = np.stack([maps.of_change(name)[kept] for name in names])
        ranked = rank_correlation(plain[kept], others).mean(axis=0)
        structure = structural_similarity(plain[kept], others).mean(axis=0)
        return Agreement(
            change=change,
            correlation=mean_of(ranked, groups=owner, floor=-1.0, ceiling=1.0, level=level),
            similarity=mean_of(structure, groups=owner, floor=-1.0, ceiling=1.0, level=level),
            alike=share_of(ranked >= IGNORES, groups=owner, level=level),
        )

    by_chance = np.mean([area(maps.curve(name)[kept]) for name in RANDOM], axis=0)

    def pointing(curve: str, gain: NDArray[np.float64]) -> Pointing:
        return Pointing(
            curve=curve,
            gain=mean_of(gain, groups=owner, floor=-1.0, ceiling=1.0, level=level),
            better=share_of(gain > 0, groups=owner, level=level),
        )

    return MapTrial(
        n=int(kept.sum()),
        without_evidence=int((judged & ~kept).sum()),
        shuffled=tuple(agreement(part, names) for part, names in SHUFFLED.items()),
        repeated=tuple(agreement(name, names) for name, names in REPEATED.items()),
        deletion=pointing(DELETION, by_chance - area(maps.curve(DELETION)[kept])),
        insertion=pointing(INSERTION, area(maps.curve(INSERTION)[kept]) - by_chance),
    )


def rank_correlation(maps: NDArray[np.floating[Any]], others: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return Spearman's rank correlation (..., n) of the cells of each map (n, h, w) and of ``others`` (..., n, h, w).

    Equal cells share their mean rank. A map that is the same everywhere puts its cells in no order: 0, the mean over
    all orders that it could stand for.
    """
    flat = [stats.rankdata(part.reshape(*part.shape[:-2], -1), axis=-1) for part in (maps, others)]
    first, second = (ranks - ranks.mean(axis=-1, keepdims=True) for ranks in flat)
    scale = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    correlation = np.zeros(others.shape[:-2])
    np.divide((first * second).sum(axis=-1), scale, out=correlation, where=scale > 0)
    return correlation


def structural_similarity(maps: NDArray[np.floating[Any]], others: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the mean structural similarity (..., n) of each map (n, h, w) and of ``others`` (..., n, h, w).

    The maps hold values from 0 to 1. They are enlarged bilinearly, as an overlay shows them. Source: Wang et al., IEEE
    Trans Image Process 2004;13:600-612, with its Gaussian window and constants; windows that reach beyond the picture
    are left out.
    """
    rows, columns = (enlarging(n, SIDE) for n in maps.shape[-2:])
    first, second = (rows @ part.astype(np.float64) @ columns.T for part in (maps, others))
    mean_first, mean_second = _smooth(first), _smooth(second)
    variances = _smooth(first**2) - mean_first**2 + _smooth(second**2) - mean_second**2
    together = _smooth(first * second) - mean_first * mean_second
    of_means = (2 * mean_first * mean_second + C1) / (mean_first**2 + mean_second**2 + C1)
    similarity: NDArray[np.float64] = (of_means * (2 * together + C2) / (variances + C2)).mean(axis=(-2, -1))
    return similarity


def area(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area under curves (n, STEPS + 1) over the share of blurred or sharp cells, by trapezoids."""
    return np.asarray(np.trapezoid(curve, dx=1 / STEPS, axis=1), dtype=np.float64)


def _smooth(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(_window() @ pictures @ _window().T, dtype=np.float64)


@cache
def _window() -> NDArray[np.float64]:
    """Return the weights (SIDE - WINDOW + 1, SIDE) of the Gaussian window at each place along one axis."""
    weights = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SPREAD) ** 2)
    places = np.arange(SIDE - WINDOW + 1)
    window = np.zeros((len(places), SIDE))
    window[places[:, None], places[:, None] + np.arange(WINDOW)] = weights / weights.sum()
    return window
