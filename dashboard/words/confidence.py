"""Every sentence about confidence: does 90% mean 90%, and what happens if the rest goes to an expert."""

from neuroval.analysis.calibration.ece import ByChance
from neuroval.analysis.calibration.referral import Referral
from neuroval.analysis.calibration.tiers import TierPerformance
from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.core.metrics import SCORES, read
from neuroval.analysis.study.confidence_and_decisions import Confidence
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counted, full, number, sentence_case
from neuroval.dashboard.words.general import LINES, TIERS, listed, spoken
from neuroval.dashboard.words.interval_methods import by
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder

SCALE = f"Below the dotted line the model is overconfident. {LINES}"
FIRST = ("ece_top_label_15", "top_label_ici", "brier", "log_loss", "top_label_slope")
SMOOTH = "Curve and band: a smooth fit with its 95% interval."
CLICK = "Click a point or a bar for its scans, or choose below."
REFERRED = (
    "Dotted: scans below the review threshold are referred. Both lines are of all scans that the model still reads, so "
    "missed tumours are a part of the errors."
)


def answer(scores: Confidence) -> str:
    """Return the answer of the page."""
    high = next(tier for tier in scores.tiers if tier.tier == "high")
    calibration = _calibration(scores.errors.ece_top_label_15.headline.value, scores.errors.by_chance)
    if high.accuracy.headline.value is None:
        return f"No scan has a confidence of {high.at_least:g} or more. {calibration}"
    return (
        f"Of the scans with a confidence of {high.at_least:g} or more, {full(high.accuracy.headline)} are called "
        f"correctly. {calibration}{_direction(scores.recalibration.top_label.intercept_at_slope_one)}"
    )


def _direction(shift: Measure) -> str:
    """Return whether the model is too sure or too cautious on the whole, where the interval says so."""
    low, high = shift.headline.low, shift.headline.high
    if low is not None and low > 0:
        return " Overall it is underconfident."
    if high is not None and high < 0:
        return " Overall it is overconfident."
    return ""


def _calibration(error: float | None, by_chance: ByChance | None) -> str:
    if error is None or by_chance is None:
        return f"The calibration error is {NOT_ESTIMABLE}."
    chance = "more than" if error > by_chance.most else "no more than"
    return (
        f"On average, confidence and accuracy differ by {100 * error:.1f} percentage points (top-label ECE, 15 bins), "
        f"{chance} chance alone would give a perfectly calibrated model (up to {100 * by_chance.most:.1f})."
    )


def referral(referral_result: Referral) -> str:
    """Return what referring the least certain scans does: counts before and after, and each rate with what it is of."""
    sent, n = referral_result.referred.plain.count or 0, referral_result.referred.plain.n or 0
    fall, rates = [], []
    for name, unit, before, after in (
        ("errors", "scans", referral_result.error_rate, referral_result.kept_error_rate),
        ("missed tumours", "tumours", referral_result.missed_tumours, referral_result.kept_missed_tumours),
    ):
        if before is not None and after is not None and before.headline.defined:
            first, left = before.plain.count or 0, after.plain.count or 0
            fall.append(f"{name} stay at {left:,}" if first == left else f"{name} fall from {first:,} to {left:,}")
            told = f"{full(before.headline)} before, {full(after.headline)} after"
            rates.append(f"{sentence_case(name)}, of the {unit} that the model reads: {told}.")
    sentence = (
        f"If scans below {referral_result.threshold:g} go to an expert ({sent:,} of {n:,}), {listed(fall, 'and')}."
    )
    return " ".join([sentence, *rates]) if fall else ""


REFERRAL_TITLE = "Which scans go to an expert?"
REFER_BELOW, A_DAY = "Refer scans with a confidence below", "Scans a day"
NOBODY_REFERRED = "No scan is referred."


def referral_a_day(chosen: Referral, *, scans: int) -> str:
    """Return what a referral rule means for a department with so many scans a day."""
    share = chosen.referred.headline
    if share.value is None:
        return ""
    if not share.value:
        return NOBODY_REFERRED
    sent = f"Of {counted(scans, 'scan')} a day, {_a_few(scans * share.value)} go to an expert ({full(share)})."
    before, after = chosen.missed_tumours, chosen.overall_missed_tumours
    if before is not None and after is not None and before.headline.defined:
        first, left = _in_thousand(before), _in_thousand(after)
        missed = f"stay at {left}" if first == left else f"fall from {first} to {left}"
        sent += f" Missed tumours {missed} of 1,000, if the expert finds every tumour among the scans referred."
    rates = chosen.error_rate.headline, chosen.kept_error_rate.headline
    if rates[1].defined:
        sent += (
            f" Of the scans that the model still reads, {full(rates[1])} are called wrongly; of all, {full(rates[0])}."
        )
    return sent


def _a_few(scans: float) -> str:
    return f"{scans:,.0f}" if scans >= 10 else f"{scans:.1f}".removesuffix(".0")


def _in_thousand(rate: Measure) -> str:
    """Return a share as a count of 1,000 with its interval."""
    estimate = rate.headline
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return NOT_ESTIMABLE
    value, low, high = (_a_few(1000 * bound) for bound in (estimate.value, estimate.low, estimate.high))
    return f"{value} (interval {low}\N{EN DASH}{high})"


def tier_rows(tiers: tuple[TierPerformance, ...]) -> list[dict[str, str]]:
    """Return the tiers as table rows."""
    rows = []
    for tier in tiers:
        upper = f" to {tier.below:g}" if tier.below is not None else " and more"
        row = {
            "Tier": f"{sentence_case(TIERS[tier.tier])}: {tier.at_least:g}{upper}",
            "Share of scans": full(tier.share.headline),
            "Accuracy": full(tier.accuracy.headline),
        }
        if tier.missed_tumours is not None:
            row["Missed, of its tumours"] = full(tier.missed_tumours.headline)
        rows.append(row)
    return rows


def first_scores(confidence: Confidence) -> list[dict[str, str]]:
    """Return the scores that are read first as table rows, without their methods."""
    first = {metric.label for metric in SCORES if metric.key in FIRST}
    shown = ("Score", "Value", "Reading")
    return [{key: row[key] for key in shown} for row in score_rows(confidence) if row["Score"] in first]


def score_rows(confidence: Confidence) -> list[dict[str, str]]:
    """Return all scores as table rows: value with interval, and what it says."""
    return [
        {
            "Score": metric.label,
            "Value": full(score.headline),
            "Method": by(score.headline.method),
            "Reading": metric.reading,
        }
        for metric, score in read(SCORES, confidence)
    ]


def set_rows(confidence: Confidence, classes: ClassOrder) -> list[dict[str, str]]:
    """Return how often the prediction sets hold the reference class, as table rows."""
    if confidence.sets is None:
        return []
    sets = confidence.sets
    rows = [
        {
            "Class": classes.display[name],
            "Included from probability": NOT_ESTIMABLE if limit.value is None else number(limit.value),
            "Set holds the class": full(coverage.headline),
        }
        for name, limit, coverage in zip(sets.limits.classes, sets.limits.limits, sets.coverage, strict=True)
    ]
    return [
        *rows,
        {"Class": "All", "Included from probability": "", "Set holds the class": full(sets.overall_coverage.headline)},
    ]


def held_too_seldom(confidence: Confidence, classes: ClassOrder) -> str:
    """Return of which classes a set holds fewer scans than chance explains, or that it holds enough of each."""
    if confidence.sets is None:
        return ""
    asked = 1 - confidence.sets.limits.alpha
    low = [
        f"{spoken(name, classes)} {full(held.headline)}"
        for name, held, expected in zip(
            confidence.sets.limits.classes, confidence.sets.coverage, confidence.sets.expected, strict=True
        )
        if expected is not None and expected.too_seldom
    ]
    return (
        f"The set misses its {asked:.0%} target, beyond chance, for {'; '.join(low)}."
        if low
        else f"Every class is held in {asked:.0%} of its scans, as far as chance allows to tell."
    )


def set_sizes(confidence: Confidence) -> str:
    """Return how large the prediction sets are, and what limits them."""
    if confidence.sets is None:
        return f"Prediction sets: {why(confidence.no_sets)}."
    sets = confidence.sets
    return (
        f"A set is made to hold the reference class of {1 - sets.limits.alpha:.0%} of the scans of each class. It "
        "takes in every class that is probable enough; where none is, it is empty, and the scan is for an expert. "
        f"Sets of one class: {full(sets.single.headline)}; of several: {full(sets.multiple.headline)}; empty: "
        f"{full(sets.empty.headline)}. {' '.join(sets.limits.caveats)}"
    )
