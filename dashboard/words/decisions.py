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


def harm(found: ExpectedHarm | None, weights: Sequence[Sequence[float]], classes: ClassOrder) -> str:
    """Return the mean harm per scan, and which kind of error adds most to it."""
    if found is None:
        return NO_HARM
    mean, most = found.mean.headline, max(max(row) for row in weights)
    if mean.value is None:
        return f"The harm per scan is {NOT_ESTIMABLE} ({why(mean.reason)})."
    text = (
        f"Mean harm per scan: {short(mean)} on the scale of this study, 0 for a correct call to {most:g} for the worst."
    )
    if mean.low is None:
        text = f"{text[:-1]}; no interval ({why(mean.reason)})."
    if not mean.value or found.parts is None:
        return text
    row, column = divmod(int(found.parts.argmax()), len(classes))
    share = percent(float(found.parts[row, column]) / mean.value)
    return (
        f"{text} The largest part, {share}, comes from {arrow_of(classes.names[row], classes.names[column], classes)}."
    )


def units(found: DecisionCurve, level: float) -> str:
    """Return what net benefit counts, among which scans, and what the band is."""
    here, share = "", found.prevalence.plain.value
    if share is not None:
        here = f" As in these scans, {percent(share)} have a tumour; where fewer do, acting gains less."
    return f"{UNITS}; the band is the {100 * level:g}% interval.{here}"


def decision(found: DecisionCurve) -> str:
    """Return at which thresholds the model does better than calling every scan and than calling none."""
    better, surely = _better(found, low=False), _better(found, low=True)
    if not found.n or found.call_all is None or found.model[0].plain.value is None:
        return f"Net benefit is {NOT_ESTIMABLE} ({why(found.model[0].plain.reason)})."
    if not better:
        return "At no threshold does the model do better than calling every scan or calling none."
    text = (
        f"As observed, the model does better than calling every scan and than calling none at {_range(better, found)}"
    )
    if not surely:
        return f"{text}; its lower bound does so at none."
    return f"{text}; with its lower bound, at {_range(surely, found)}."


def _better(found: DecisionCurve, *, low: bool) -> list[int]:
    def value(of: Estimate) -> float | None:
        return of.low if low else of.value

    values = [value(one.headline) for one in found.model]
    others = [0.0] * len(values) if found.call_all is None else [max(0.0, one) for one in found.call_all.tolist()]
    return [
        place for place, (one, other) in enumerate(zip(values, others, strict=True)) if one is not None and one > other
    ]


def _range(places: Sequence[int], found: DecisionCurve) -> str:
    first, last = (f"{found.thresholds[place]:.0%}" for place in (places[0], places[-1]))
    whole = len(places) == places[-1] - places[0] + 1
    between = f"thresholds from {first} to {last}"
    return between if whole else f"{len(places)} of {len(found.thresholds)} thresholds, between {first} and {last}"
