"""Results on confidence and on decisions, which need more than one split or several analyses at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.calibration.conformal import PredictionSets, class_limits, evaluate_sets
from neuroval.analysis.calibration.ece import CalibrationErrors, calibration_errors
from neuroval.analysis.calibration.proper_scores import BrierScore, brier_score, log_loss
from neuroval.analysis.calibration.referral import Referral, RiskCoverage, refer_below, risk_coverage
from neuroval.analysis.calibration.reliability_curve import Reliability, reliability
from neuroval.analysis.calibration.slope_and_intercept import Recalibrations, recalibrations
from neuroval.analysis.calibration.smooth_curve import SmoothCurves, smooth_curves
from neuroval.analysis.calibration.tiers import TierPerformance, confidence_tiers
from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.confusion import predicted_class
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.probabilities import any_tumour_score, read_predictions
from neuroval.analysis.decisions.net_benefit import DecisionCurve, ExpectedHarm, decision_curve, expected_harm
from neuroval.analysis.decisions.risk_control import RiskControl, controlled_threshold, risk_control
from neuroval.analysis.decisions.threshold_choice import OperatingPoint, operating_point
from neuroval.data.study.evaluated_cases import NEW_PATIENTS, Evaluated
from neuroval.data.study.manifest import Manifest

THRESHOLDS: Final = np.arange(0.01, 1.0, 0.01)  # of the decision curve
NO_TUNING: Final = Reason("no_tuning_predictions")
NO_TUNING_BY_FOLDS: Final = Reason("no_tuning_predictions_by_folds")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Confidence:
    """Does 90% mean 90%? ``sets`` are none without tuning predictions, for the reason in ``no_sets``."""

    errors: CalibrationErrors
    reliability: Reliability
    brier: BrierScore
    log_loss: Measure
    recalibration: Recalibrations
    tiers: tuple[TierPerformance, ...]
    risk_coverage: RiskCoverage
    referral: Referral
    smooth: SmoothCurves
    sets: PredictionSets | None
    no_sets: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """What acting on the classifier does; none where the study asks no such question, or has no tuning cases.

    ``risk_control`` misses at most 1% of the tumours of a new patient, in expectation.
    """

    harm: ExpectedHarm | None
    net_benefit: DecisionCurve | None
    operating_point: OperatingPoint | None
    no_operating_point: Reason | None
    risk_control: RiskControl | None = None


def confidence_of(
    evaluated: Evaluated,
    tuning: Evaluated | None,
    manifest: Manifest,
    *,
    groups: NDArray[np.int64],
    rng: np.random.Generator,
    level: float,
) -> Confidence:
    """Return the results on the confidence of evaluated cases; ``tuning`` sets the limits of prediction sets.

    ``groups`` (n,) are the groups of the evaluated cases as numbers.
    """
    classes, limits = manifest.classes, manifest.thresholds
    reference, probabilities = evaluated.reference, evaluated.probabilities
    names, negative = classes.names, classes.negative
    sets = None
    if tuning is not None:
        allowed = class_limits(tuning.reference, tuning.probabilities, classes=names)
        sets = evaluate_sets(reference, probabilities, limits=allowed, groups=groups, level=level)
    return Confidence(
        errors=calibration_errors(reference, probabilities, classes=names, groups=groups, rng=rng, level=level),
        reliability=reliability(reference, probabilities, classes=names, groups=groups, level=level),
        brier=brier_score(reference, probabilities, classes=names, negative=negative, groups=groups, level=level),
        log_loss=log_loss(reference, probabilities, classes=names, groups=groups, level=level),
        recalibration=recalibrations(
            reference, probabilities, classes=names, negative=negative, groups=groups, level=level
        ),
        tiers=confidence_tiers(
            reference,
            probabilities,
            classes=names,
            negative=negative,
            groups=groups,
            high=limits.high_confidence,
            review=limits.review,
            level=level,
        ),
        risk_coverage=risk_coverage(reference, probabilities, classes=names, negative=negative),
        referral=refer_below(
            reference,
            probabilities,
            threshold=limits.review,
            classes=names,
            negative=negative,
            groups=groups,
            level=level,
        ),
        smooth=smooth_curves(
            read_predictions(reference, probabilities, classes=names, negative=negative),
            groups=groups,
            rng=rng,
            level=level,
        ),
        sets=sets,
        no_sets=None if sets is not None else _lacking(evaluated),
    )


def decisions_of(
    evaluated: Evaluated,
    tuning: Evaluated | None,
    manifest: Manifest,
    *,
    groups: NDArray[np.int64],
    tuning_groups: NDArray[np.int64] | None = None,
    level: float,
) -> Decisions:
    """Return harm, net benefit and thresholds of evaluated cases; ``tuning`` chooses the thresholds.

    ``groups`` (n,) are the groups of the evaluated cases as numbers, ``tuning_groups`` (m,) those of the tuning cases,
    which are needed for risk control.
    """
    classes, harm = manifest.classes, None
    if manifest.harm:
        predicted, weights = predicted_class(evaluated.probabilities), np.array(manifest.harm, dtype=np.float64)
        harm = expected_harm(
            evaluated.reference, predicted, harm=weights, classes=classes.names, groups=groups, level=level
        )
    if classes.negative is None:
        return Decisions(
            harm=harm, net_benefit=None, operating_point=None, no_operating_point=Reason("no_negative_class")
        )
    negative = classes.index(classes.negative)

    def question(evaluated: Evaluated) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        return evaluated.reference != negative, any_tumour_score(evaluated.probabilities, negative=negative)

    positives, scores = question(evaluated)
    point = controlled = None
    if tuning is not None:
        tuning_positives, tuning_scores = question(tuning)
        point = operating_point(
            positives,
            scores,
            tuning_positives=tuning_positives,
            tuning_scores=tuning_scores,
            target=manifest.thresholds.target_sensitivity,
            groups=groups,
            level=level,
        )
        if tuning_groups is not None:
            chosen = controlled_threshold(tuning_positives, tuning_scores, tuning_groups)
            controlled = risk_control(chosen, positives, scores, groups, level=level)
    return Decisions(
        harm=harm,
        net_benefit=decision_curve(positives, scores, thresholds=THRESHOLDS, groups=groups, level=level),
        operating_point=point,
        no_operating_point=None if point is not None else _lacking(evaluated),
        risk_control=controlled,
    )


def _lacking(evaluated: Evaluated) -> Reason:
    """Return why there are no tuning cases to choose on."""
    return NO_TUNING_BY_FOLDS if evaluated.basis == NEW_PATIENTS else NO_TUNING
