"""A smooth curve of what was observed against what was predicted, and how far it lies from the diagonal."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from neuroval.analysis.calibration.slope_and_intercept import CLIP, one_sided, separated
from neuroval.analysis.core.codes import Method, Reason
from neuroval.analysis.core.combining import normal_quantile
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.logistic import Fit, maximum_likelihood
from neuroval.analysis.core.probabilities import Predictions

KNOTS: Final = (0.1, 0.5, 0.9)  # quantiles of the log-odds
PER_COEFFICIENT: Final = 10  # outcomes of the rarer kind that each coefficient needs
POINTS: Final = 101  # of a drawn curve
SIMULATED: Final = 2_000  # perfectly calibrated classifiers
REPRESENTED_BY: Final = 500  # cases, evenly spaced in rank, of a larger sample
USUAL: Final = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothCurve:
    """The curve of one question: ``observed`` at each of ``predicted``, with a pointwise band from ``low`` to ``high``.

    ``ici``, ``e50`` and ``e90`` are mean, median and 90th percentile, over the cases, of the distance between predicted
    and observed. All four sequences are empty where no curve can be fitted, for the reason of the estimates.
    """

    question: str
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    ici: Estimate
    e50: Estimate
    e90: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothCurves:
    """Two questions: is the predicted class right, given the confidence; and any tumour, given its probability."""

    top_label: SmoothCurve
    any_tumour: SmoothCurve | None


def smooth_curves(
    cases: Predictions, *, groups: NDArray[np.int64] | None, rng: np.random.Generator, level: float = USUAL
) -> SmoothCurves:
    """Return the curves of the top label and of any tumour; see ``smooth_curve``."""
    of_tumour, tumour = cases.any_tumour_probability, cases.tumour
    any_tumour = None
    if of_tumour is not None and tumour is not None:
        names = ("tumours", "free of tumour")
        any_tumour = smooth_curve(
            tumour, of_tumour, question="any tumour", names=names, groups=groups, rng=rng, level=level
        )
    top_label = smooth_curve(
        cases.correct,
        cases.confidence,
        question="top label",
        names=("right", "wrong"),
        groups=groups,
        rng=rng,
        level=level,
    )
    return SmoothCurves(top_label=top_label, any_tumour=any_tumour)


def smooth_curve(
    happened: NDArray[np.bool_],
    probability: Floats,
    *,
    question: str,
    names: tuple[str, str] = ("positive", "negative"),
    groups: NDArray[np.int64] | None = None,
    rng: np.random.Generator,
    level: float = USUAL,
) -> SmoothCurve:
    """Return the curve of a logistic regression of the outcome on the predicted log-odds, bent at three knots.

    ``happened`` (n,) is the outcome, called by ``names`` where it is true and false; ``probability`` (n,) is clipped to
    [1e-7, 1 - 1e-7]; ``groups`` (n,) are numbers from 0. A restricted cubic spline with knots at the 10th, 50th and
    90th percentile (Harrell, Regression Modeling Strategies, 2015, section 2.4); a straight line where there are fewer
    than 30 outcomes of the rarer kind: ten for each coefficient (Peduzzi et al., J Clin Epidemiol 1996;49:1373-1379).
    No curve with fewer than 20, nor over three groups or fewer. The band is that of the linear predictor, with the
    sandwich covariance over groups and t(G - 1) where groups hold several cases.

    The indices have no interval: chance alone makes them larger than 0. Beside each stands what it would be for a
    perfectly calibrated classifier, on average and in 95 of 100: the coefficients are drawn around the diagonal with
    the covariance of the fit.

    Sources: Van Calster et al., J Clin Epidemiol 2016;74:167-176 (flexible curves); Austin & Steyerberg, Stat Med
    2019;38:4051-4065 (ICI, E50, E90).
    """
    n = len(happened)
    reason = one_sided(happened, names=names)
    logit = special.logit(np.clip(probability, CLIP, 1 - CLIP))
    if reason is None:
        reason = separated(happened, logit, names=names)
    rarer = int(min(happened.sum(), n - happened.sum()))
    if reason is None and rarer < 2 * PER_COEFFICIENT:
        reason = Reason("too_few_outcomes", cases=rarer, needed=2 * PER_COEFFICIENT)
    held = n if groups is None or not n else int(groups.max()) + 1
    if reason is None and held <= len(KNOTS):
        reason = Reason("more_groups_needed", more_than=len(KNOTS), found=held)
    fitted = None if reason is not None else _fitted(happened, logit, bent=rarer >= 3 * PER_COEFFICIENT)
    if fitted is None:
        undefined = Estimate.undefined(reason=reason or Reason("not_converged"), n=n)
        return SmoothCurve(
            question=question, predicted=(), observed=(), low=(), high=(), ici=undefined, e50=undefined, e90=undefined
        )
    basis, fit = fitted
    covariance, quantile = _spread(fit, groups=groups, level=level)
    shown = np.linspace(logit.min(), logit.max(), POINTS)
    linear, half = fit.coefficients @ basis(shown), quantile * _standard_error(basis(shown), covariance)
    distance = np.abs(special.expit(fit.coefficients @ basis(logit)) - probability)
    drawn = _by_chance(logit, basis=basis, covariance=covariance, rng=rng)

    def facts(simulated: Floats) -> dict[str, float]:
        knots = len(KNOTS) if basis.knots else 0
        return {"knots": knots, "usual": float(simulated.mean()), "most": float(np.quantile(simulated, USUAL))}

    def index(value: float, method: Method) -> Estimate:
        return Estimate(value=value, method=method, n=n, reason=Reason("by_chance_alone"))

    return SmoothCurve(
        question=question,
        predicted=tuple(special.expit(shown).tolist()),
        observed=tuple(special.expit(linear).tolist()),
        low=tuple(special.expit(linear - half).tolist()),
        high=tuple(special.expit(linear + half).tolist()),
        ici=index(float(distance.mean()), Method("integrated_calibration_index", **facts(drawn.mean(axis=1)))),
        e50=index(float(np.median(distance)), Method("median_distance", **facts(np.median(drawn, axis=1)))),
        e90=index(
            float(np.quantile(distance, 0.9)), Method("ninetieth_distance", **facts(np.quantile(drawn, 0.9, axis=1)))
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """The rows of the design for log-odds: 1, the standardised log-odds, and its bend where there are ``knots``."""

    mean: float
    sd: float
    knots: tuple[float, float, float] | None

    def __call__(self, logit: Floats) -> Floats:
        rows = [np.ones(len(logit)), (logit - self.mean) / self.sd]
        if self.knots is not None:
            first, middle, last = self.knots
            cubes = (np.maximum(logit - knot, 0.0) ** 3 for knot in self.knots)
            weights = (1.0, -(last - first) / (last - middle), (middle - first) / (last - middle))
            bend = sum(weight * cube for weight, cube in zip(weights, cubes, strict=True))
            rows.append(np.asarray(bend / (last - first) ** 2 / self.sd))
        return np.stack(rows)


def _fitted(happened: NDArray[np.bool_], logit: Floats, *, bent: bool) -> tuple[_Basis, Fit] | None:
    """Return the basis and the fit; the straight line's where the bent one's does not converge, none without either."""
    mean, sd = float(logit.mean()), float(logit.std())
    first, middle, last = (float(knot) for knot in np.quantile(logit, KNOTS))
    bases = [_Basis(mean=mean, sd=sd, knots=None)]
    if bent and first < middle < last:
        bases.insert(0, _Basis(mean=mean, sd=sd, knots=(first, middle, last)))
    for basis in bases:
        start = np.array([mean, sd, 0.0])[: 3 if basis.knots else 2]  # the diagonal
        try:
            fit = maximum_likelihood(happened, basis(logit), offset=0.0, start=start)
        except np.linalg.LinAlgError:  # the information vanishes where the bend separates the outcomes
            continue
        if fit is not None:
            return basis, fit
    return None


def _spread(fit: Fit, *, groups: NDArray[np.int64] | None, level: float) -> tuple[Floats, float]:
    """Return the covariance of the coefficients and the quantile that goes with it."""
    held = 0 if groups is None else int(groups.max()) + 1
    if groups is None or held == len(groups):
        return fit.covariance, normal_quantile(level)
    sums = np.stack([np.bincount(groups, weights=row, minlength=held) for row in fit.scores])
    sandwich = fit.covariance @ (sums @ sums.T) @ fit.covariance * held / (held - 1)
    return np.asarray(sandwich, dtype=np.float64), float(special.stdtrit(held - 1, (1 + level) / 2))


def _standard_error(design: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("pn,pq,qn->n", design, covariance, design)))


def _by_chance(logit: Floats, *, basis: _Basis, covariance: Floats, rng: np.random.Generator) -> Floats:
    """Return the distances (simulations, cases) of curves drawn around the diagonal, at cases spaced evenly in rank."""
    places = np.linspace(0, len(logit) - 1, min(len(logit), REPRESENTED_BY)).round().astype(np.int64)
    at = np.partition(logit, places)[places] if len(logit) > REPRESENTED_BY else np.sort(logit)
    values, directions = np.linalg.eigh(covariance)
    spread = directions * np.sqrt(np.maximum(values, 0.0))
    apart = rng.standard_normal((SIMULATED, len(covariance))) @ spread.T
    return np.asarray(np.abs(special.expit(at + apart @ basis(at)) - special.expit(at)))
