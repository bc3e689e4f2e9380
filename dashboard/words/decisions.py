"""Every sentence about what the errors cost together, and whether acting on the classifier does more good than harm."""

from collections.abc import Sequence

from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.decisions.net_benefit import DecisionCurve, ExpectedHarm
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, percent, short
from neuroval.dashboard.words.general import arrow_of
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder

NO_HARM = "This study gives its errors no weight: harm is not estimable, and the errors are ranked by their number."
NO_CURVE = "A decision curve asks about any tumour; this study names no negative class."
UNITS = (
    "Net benefit counts the tumours found per scan, less the false alarms at the exchange rate that the threshold "
    "stands for: at 10%, nine false alarms are the price of one tumour found. Thresholds are on P(any tumour)"
)


def harm(expected: ExpectedHarm | None, weights: Sequence[Sequence[float]], classes: ClassOrder) -> str:
    """Return the mean harm per scan, and which kind of error adds most to it."""
    if expected is None:
        return NO_HARM
    mean, most = expected.mean.headline, max(max(row) for row in weights)
    if mean.value is None:
        return f"The harm per scan is {NOT_ESTIMABLE} ({why(mean.reason)})."
    text = (
        f"Mean harm per scan: {short(mean)} on the scale of this study, 0 for a correct call to {most:g} for the worst."
    )
    if mean.low is None:
        text = f"{text[:-1]}; no interval ({why(mean.reason)})."
    if not mean.value or expected.parts is None:
        return text
    row, column = divmod(int(expected.parts.argmax()), len(classes))
    share = percent(float(expected.parts[row, column]) / mean.value)
    return (
        f"{text} The largest part, {share}, comes from {arrow_of(classes.names[row], classes.names[column], classes)}."
    )


def units(curve: DecisionCurve, level: float) -> str:
    """Return what net benefit counts, among which scans, and what the band is."""
    here, share = "", curve.prevalence.plain.value
    if share is not None:
        here = f" As in these scans, {percent(share)} have a tumour; where fewer do, acting gains less."
    return f"{UNITS}; the band is the {100 * level:g}% interval.{here}"


def decision(curve: DecisionCurve) -> str:
    """Return at which thresholds the model does better than calling every scan and than calling none."""
    better, surely = _better(curve, low=False), _better(curve, low=True)  # of the differences to both
    if not curve.n or curve.call_all is None or curve.model[0].plain.value is None:
        return f"Net benefit is {NOT_ESTIMABLE} ({why(curve.model[0].plain.reason)})."
    if not better:
        return "At no threshold does the model do better than calling every scan or calling none."
    text = (
        f"As observed, the model does better than calling every scan and than calling none at {_range(better, curve)}"
    )
    if not surely:
        return f"{text}; the intervals of both differences lie above 0 at none."
    return f"{text}; the intervals of both differences lie above 0 at {_range(surely, curve)}."


def _better(curve: DecisionCurve, *, low: bool) -> list[int]:
    def value(estimate: Estimate) -> float | None:
        return estimate.low if low else estimate.value

    both = [
        (value(over_none.headline), value(over_all.headline))
        for over_none, over_all in zip(curve.model, curve.over_call_all, strict=True)
    ]
    return [place for place, ends in enumerate(both) if all(end is not None and end > 0 for end in ends)]


def _range(places: Sequence[int], curve: DecisionCurve) -> str:
    first, last = (f"{curve.thresholds[place]:.0%}" for place in (places[0], places[-1]))
    whole = len(places) == places[-1] - places[0] + 1
    between = f"thresholds from {first} to {last}"
    return between if whole else f"{len(places)} of {len(curve.thresholds)} thresholds, between {first} and {last}"
