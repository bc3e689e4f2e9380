"""What can be had without looking: how far "any tumour?" is answered by numbers about the file, and not by the brain.

A logistic regression gets nothing but a few numbers of each image. It is judged like the model: on scans of groups that
it was not fitted on. What it gets right, a network can get right without reading the brain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.core.coded_tables import levels
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.core.proportions import group_codes, share_of
from neuroval.analysis.performance.auc_estimate import auc
from neuroval.data.exceptions import InputError

Floats = NDArray[np.float64]

TOGETHER: Final = "together"  # all numbers of the file at once
RECORDED: Final = ("source", "plane", "site", "file_format")
FITTED_ON: Final = 20_000  # cases at most: more do not change so few coefficients
FOLDS: Final = 5  # where the study has none
SHOWN_LEVELS: Final = 50  # of a recorded column; with more it is a name, and no property
HASH: Final = "[0-9a-f]{16}"  # as our own hashes are written; others are left out
EXCELLENT: Final = 0.8  # an AUC from which a test is called excellent
_STEPS: Final = 50
_CONVERGED: Final = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a regression on ``name`` gets right on unseen groups: AUC and accuracy of "any tumour?".

    ``columns`` is how many numbers of each image it had. ``about_file`` says whether these are of the file or the
    picture as a whole, and not written down by people.
    """

    name: str
    columns: int
    about_file: bool
    auc: Measure
    accuracy: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Baselines:
    """All baselines on ``n`` scans, and the accuracy of always the more frequent answer.

    ``own_folds`` says whether the folds are those of the study; else whole groups were dealt out to ``FOLDS`` parts.
    ``model_auc`` and ``model_accuracy`` are those of the study's networks for the same question on the same scans.
    """

    n: int
    own_folds: bool
    constant: Measure
    baselines: tuple[Baseline, ...]
    model_auc: Measure
    model_accuracy: Measure

    @property
    def together(self) -> Baseline | None:
        """All numbers of the file at once; none where fewer than two kinds are recorded."""
        return next((baseline for baseline in self.baselines if baseline.name == TOGETHER), None)


def baselines_of(
    cases: pd.DataFrame,
    tumour: NDArray[np.bool_],
    *,
    groups: NDArray[np.int64],
    fold: NDArray[np.integer[Any]] | None,
    called_tumour: NDArray[np.bool_],
    tumour_score: Floats,
    seed: int,
    level: float = 0.95,
) -> Baselines | None:
    """Return the baselines that the recorded columns of ``cases`` (n rows) allow; none without any, or one answer.

    ``tumour`` (n,) is the answer to "any tumour?", ``groups`` (n,) group ids, ``fold`` (n,) the fold in which each
    case is held out; none deals whole groups out to ``FOLDS`` parts with the generator of ``seed``. ``called_tumour``
    and ``tumour_score`` (n,) are the model's. The numbers are

    - ``grey``: mean and standard deviation of the grey values; ``file``: the logarithm of the file's size; ``size``:
      the logarithms of width and height; ``pattern``: the 64 bits of the perceptual hash, the signs of the 8 x 8
      lowest frequencies of the picture; ``together``: all of these.
    - each recorded column (source, plane, site, file format), one indicator a level, "not recorded" being a level.

    A column without any variation is left out. A case with a missing number has the mean of those that are known. The
    regression has a ridge penalty of 1 on standardised columns, as ``LogisticRegression`` of scikit-learn by default
    (which takes a second to load). Intervals: AUC as ``auc``, accuracy Wilson, both cluster-adjusted.
    """
    if tumour.all() or not tumour.any():
        return None
    parts = _dealt(groups, seed=seed) if fold is None else np.asarray(fold)
    sets = _about_file(cases)
    if len(sets) > 1:
        sets[TOGETHER] = np.concatenate(list(sets.values()), axis=1)
    about_file = set(sets)
    sets |= {name: columns for name in RECORDED if (columns := _indicators(cases, name)) is not None}
    rng = np.random.default_rng(seed)
    scores = {name: held_out_scores(columns, tumour, fold=parts, rng=rng) for name, columns in sets.items()}
    if not scores:
        return None

    def judged(score: Floats) -> Measure:
        return auc(tumour, score, groups=groups, name="any tumour", other="no tumour", level=level)

    def right(called: NDArray[np.bool_]) -> Measure:
        return share_of(called == tumour, groups=groups, level=level)

    return Baselines(
        n=len(tumour),
        own_folds=fold is not None,
        constant=right(np.full(len(tumour), 2 * int(tumour.sum()) >= len(tumour))),
        baselines=tuple(
            Baseline(
                name=name,
                columns=sets[name].shape[1],
                about_file=name in about_file,
                auc=judged(score),
                accuracy=right(score > 0),
            )
            for name, score in scores.items()
        ),
        model_auc=judged(tumour_score),
        model_accuracy=right(called_tumour),
    )


def shortcut_baseline(judged: Baselines | None) -> Finding | None:
    """Return that the file gives the answer away without a look at the brain; none otherwise.

    It is raised where the lower bound of the AUC of all numbers of the file together (grey values, file size, image
    size, coarse pattern) lies above 0.80. From there on a diagnostic test is called excellent (Hosmer, Lemeshow &
    Sturdivant, Applied Logistic Regression, 3rd ed. 2013, p. 177): what needs no eye would pass for a good test, and a
    network that learnt no more than this would too. One regression is judged and not the best of several, so nothing
    is gained by trying many. Recorded columns such as the source are left to the finding on confounding.
    """
    whole = None if judged is None else judged.together
    if judged is None or whole is None:
        return None
    low = whole.auc.headline.low
    if low is None or low <= EXCELLENT:
        return None
    accuracy = whole.accuracy.plain
    return Finding(
        code="shortcut_baseline",
        severity="warning",
        check="baselines",
        page="shortcuts",
        count=accuracy.count or 0,
        n=accuracy.n,
        facts={
            "auc": whole.auc.headline.value,
            "model_auc": judged.model_auc.headline.value,
            "constant": judged.constant.plain.value,
        },
    )


def held_out_scores(
    columns: Floats, positive: NDArray[np.bool_], *, fold: NDArray[Any], rng: np.random.Generator
) -> Floats:
    """Return log-odds (n,) from a logistic regression on ``columns`` (n, c), each from one that was not fitted on it.

    ``fold`` (n,) names the part in which a case is held out. Columns are standardised on the fitted cases, of which
    ``FITTED_ON`` at most are drawn; a part without both answers gives the log-odds 0. Raises ``InputError`` for lengths
    that differ.
    """
    if not len(columns) == len(positive) == len(fold):
        raise InputError(f"baselines: found {len(columns)}, {len(positive)} and {len(fold)} cases, expected the same.")
    scores = np.zeros(len(positive))
    for part in np.unique(fold):
        held_out = fold == part
        fitted = np.flatnonzero(~held_out)
        if len(fitted) > FITTED_ON:
            fitted = np.sort(rng.choice(fitted, FITTED_ON, replace=False))
        if not len(fitted) or positive[fitted].all() or not positive[fitted].any():
            continue
        mean, spread = columns[fitted].mean(axis=0), columns[fitted].std(axis=0)
        spread[spread == 0] = 1.0
        weights = ridge_logistic((columns[fitted] - mean) / spread, positive[fitted])
        slopes = weights[1:] / spread
        scores[held_out] = columns[held_out] @ slopes + (weights[0] - mean @ slopes)
    return scores


def ridge_logistic(columns: Floats, positive: NDArray[np.bool_]) -> Floats:
    """Return intercept and coefficients (1 + c,) that minimise the log-loss plus half the squared coefficients.

    Newton's method with halved steps; the intercept is free of the penalty. Source: Hoerl & Kennard, Technometrics
    1970;12:55-67 (ridge); le Cessie & van Houwelingen, Appl Stat 1992;41:191-201 (logistic).
    """
    x = np.concatenate([np.ones((len(columns), 1)), columns], axis=1)
    y = positive.astype(np.float64)
    penalty = np.append(0.0, np.ones(columns.shape[1]))
    weights = np.zeros(x.shape[1])

    def loss(at: Floats) -> float:
        scores = x @ at
        return float(np.logaddexp(0.0, scores).sum() - y @ scores + 0.5 * penalty @ at**2)

    lowest = loss(weights)
    for _ in range(_STEPS):
        chance = special.expit(x @ weights)
        gradient = x.T @ (chance - y) + penalty * weights
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        if float(gradient @ step) < _CONVERGED:
            break
        while (reached := loss(weights - step)) > lowest and float(np.abs(step).max()) > _CONVERGED:
            step = step / 2
        weights, lowest = weights - step, reached
    return weights


def _about_file(cases: pd.DataFrame) -> dict[str, Floats]:
    """Return the numbers of the file that vary, (n, c) each, by name."""
    makers: Mapping[str, tuple[Sequence[str], Callable[[Floats], Floats]]] = {
        "grey": (("mean_intensity", "sd_intensity"), lambda values: values),
        "file": (("file_bytes",), np.log1p),
        "size": (("width", "height"), np.log1p),
    }
    sets = {}
    for name, (wanted, made) in makers.items():
        if all(column in cases for column in wanted):
            values = made(cases[list(wanted)].to_numpy(dtype=np.float64, na_value=np.nan))
            if (columns := _varying(values)) is not None:
                sets[name] = columns
    if "phash" in cases and (bits := _bits(cases["phash"])) is not None:
        sets["pattern"] = bits
    return sets


def _bits(hashes: pd.Series) -> Floats | None:
    """Return the bits of perceptual hashes, hexadecimal, as columns (n, b); none where none is known."""
    known = hashes.astype("string").str.fullmatch(HASH).fillna(value=False).to_numpy(dtype=np.bool_)
    if not known.any():
        return None
    raw = np.frombuffer(bytes.fromhex("".join(hashes[known])), dtype=np.uint8)
    bits = np.unpackbits(raw.reshape(int(known.sum()), -1), axis=1)
    if known.all():
        return _varying(bits.astype(np.float64))
    columns = np.full((len(hashes), bits.shape[1]), np.nan)
    columns[known] = bits
    return _varying(columns)


def _indicators(cases: pd.DataFrame, name: str) -> Floats | None:
    """Return one column (n,) a level of a recorded column; none where it does not vary, or is a name of its own."""
    if name not in cases or not cases[name].notna().any():
        return None
    names, code = levels(cases[name], missing="not recorded")
    if not 1 < len(names) <= SHOWN_LEVELS:
        return None
    return np.eye(len(names))[code]


def _varying(columns: Floats) -> Floats | None:
    """Return the columns that vary, what is missing being the mean; none where none does."""
    known = np.isfinite(columns)
    if known.all():
        varies = columns.min(axis=0) < columns.max(axis=0) if len(columns) else np.zeros(columns.shape[1], np.bool_)
        return (columns if varies.all() else columns[:, varies]) if varies.any() else None
    kept = [
        np.where(known[:, place], columns[:, place], columns[known[:, place], place].mean())
        for place in range(columns.shape[1])
        if known[:, place].any() and np.ptp(columns[known[:, place], place]) > 0
    ]
    return np.stack(kept, axis=1) if kept else None


def _dealt(groups: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Return a part from 0 for each case (n,), whole groups only, in an order drawn by the seed."""
    codes, names = group_codes(groups, n=len(groups))
    part = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    dealt: NDArray[np.int64] = part[codes].astype(np.int64)
    return dealt
