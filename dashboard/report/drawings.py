"""Figures of the report as marks on axes: the numbers of a result, and nothing computed from them but the ticks."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neuroval.analysis.calibration.referral import RiskCoverage
from neuroval.analysis.calibration.reliability_curve import ReliabilityCurve
from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.estimate import Estimate
from neuroval.analysis.core.metrics import read
from neuroval.analysis.decisions.net_benefit import DecisionCurve
from neuroval.analysis.performance.per_class import ANY_TUMOUR, Performance
from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.performance.thinning import MOST, thinned
from neuroval.analysis.performance.training_course import Run
from neuroval.analysis.study.results import rows
from neuroval.analysis.study.whole_study import CrossValidation
from neuroval.dashboard.figures.folds import start_of
from neuroval.dashboard.figures.forest_plot import lowest
from neuroval.dashboard.figures.matrix import harm_colour
from neuroval.dashboard.figures.palette import CORRECT, PAPER
from neuroval.dashboard.report.letters import shortened
from neuroval.dashboard.words.cross_validation import NAMES, number_of
from neuroval.dashboard.words.formats import NOT_ESTIMABLE, counts, cut_to, percent
from neuroval.dashboard.words.general import row_name
from neuroval.dashboard.words.per_class import RATES
from neuroval.data.classes import ClassOrder

Drawing = dict[str, Any]
INK, ACCENT, ALARM, GREY, PALE = (PAPER[name] for name in ("ink", "accent", "alarm", "grey", "pale"))
LONGEST: Final = 30  # letters of a name beside a figure
SHOWN: Final = 16  # classes in one figure
LINES: Final = 8  # curves in one figure
DASHES: Final = (None, "dashed", "dotted", "dash-dotted", "densely-dashed", "densely-dotted", "loosely-dashed", None)


def axis(
    low: float,
    high: float,
    label: str | None,
    *,
    about: int = 5,
    steps: Sequence[float] = (1, 2, 2.5, 5, 10),
    written: Callable[[float], str] = lambda value: f"{value:g}",
) -> dict[str, Any]:
    """Return an axis with ``about`` so many ticks, round ones: ``steps`` are what ticks may be apart, times 10^n."""
    span = (high - low) or 1.0
    raw = span / about
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * times for times in steps if size * times >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    places = [round(index * step, 10) for index in range(first, math.floor(high / step + 1e-9) + 1)]
    return {"range": [low, high], "label": label, "ticks": [{"at": at, "label": written(at)} for at in places]}


def bare(low: float, high: float) -> dict[str, Any]:
    """Return an axis without ticks, whose rows are named."""
    return {"range": [low, high], "label": None, "ticks": []}


def charts(panels: Sequence[Mapping[str, Any]], *, columns: int = 1, key: Sequence[Any] = (), **more: Any) -> Drawing:
    """Return panels side by side under one key."""
    return {"draw": "charts", "panels": list(panels), "columns": columns, "key": list(key), **more}


def line(points: Sequence[Sequence[float]], colour: str, **more: Any) -> dict[str, Any]:
    """Return a line through points."""
    return {"kind": "line", "points": [list(point) for point in points], "colour": colour, **more}


def dot(x: float, y: float, colour: str, **more: Any) -> dict[str, Any]:
    """Return a marker."""
    return {"kind": "dot", "at": [x, y], "colour": colour, **more}


def words(x: float, y: float, text: str, **more: Any) -> dict[str, Any]:
    """Return text at a point."""
    return {"kind": "text", "at": [x, y], "text": text, "colour": INK, **more}


def forest(judged: Performance, classes: ClassOrder, first: int = 0) -> Drawing:
    """Return the rates of the classes from ``first`` on, two panels a row: point, interval and counts."""
    shown = rows(judged)[first : first + SHOWN]
    start = lowest([rate.headline for rates in rows(judged) for _, rate in read(RATES, rates)])
    names = [shortened(row_name(rates.name, classes), LONGEST) for rates in shown]
    panels = []
    for metric in RATES:
        marks: list[dict[str, Any]] = []
        for place, rates in enumerate(shown):
            colour = INK if rates.name == ANY_TUMOUR else classes.colour[rates.name]
            marks += [mark for _, rate in read((metric,), rates) for mark in _row(rate.headline, place, colour)]
        panels.append(
            {
                "title": metric.label,
                "height": 5.2 * len(shown),
                "x": axis(start, 1.0, None, about=4, steps=(1, 2, 5, 10), written=lambda value: f"{value:.2f}"),
                "y": bare(len(shown) - 0.5, -0.5),
                "rows": names,
                "marks": marks,
                "right": 17,
            }
        )
    return charts(panels, columns=2)


def _row(estimate: Estimate, place: float, colour: str) -> list[dict[str, Any]]:
    beside = counts(estimate) if estimate.defined else NOT_ESTIMABLE
    result = words(1.0, place, beside, dx=1.6, size=7)
    if estimate.value is None:
        return [result]
    marks = [dot(estimate.value, place, colour, shape="square", size=5), result]
    if estimate.low is not None and estimate.high is not None:
        marks.insert(0, line([(estimate.low, place), (estimate.high, place)], colour, width=1.4))
    return marks


def matrix(matrix: ConfusionMatrix, classes: ClassOrder, *, harm: Sequence[Sequence[float]]) -> Drawing:
    """Return the confusion matrix in squares: area is the count, colour the harm."""
    k, cells = len(classes), matrix.counts.tolist()
    most = max((cost for costs in harm for cost in costs), default=0.0)

    def colour(row: int, column: int) -> str:
        return CORRECT if row == column else harm_colour(harm[row][column] if harm else 0.0, most=most)

    levels = sorted({harm[row][column] for row in range(k) for column in range(k) if row != column}) if harm else []
    ends = levels if len(levels) <= 3 else [levels[0], levels[-1]]
    key = [{"kind": "square", "colour": CORRECT, "name": "called correctly"}]
    key += [{"kind": "square", "colour": harm_colour(end, most=most), "name": f"harm {end:g}"} for end in ends]
    return {
        "draw": "matrix",
        "names": cut_to([classes.display[name] for name in matrix.classes]),
        "counts": cells,
        "texts": [[f"{n:,}" for n in row] for row in cells],
        "colours": [[colour(row, column) for column in range(k)] for row in range(k)],
        "key": key if harm else key[:1],
    }


def reliability(curve: ReliabilityCurve) -> Drawing:
    """Return accuracy against confidence with intervals, and the number of scans in each bin below."""
    marks = [line([(0, 0), (1, 1)], GREY, width=0.8, dash="dotted")]
    for bin_of_curve in curve.bins:
        observed = bin_of_curve.observed.headline
        if bin_of_curve.mean_probability is None or observed.value is None:
            continue
        if observed.low is not None and observed.high is not None:
            ends = [(bin_of_curve.mean_probability, observed.low), (bin_of_curve.mean_probability, observed.high)]
            marks.append(line(ends, ACCENT, width=1.4))
        marks.append(dot(bin_of_curve.mean_probability, observed.value, ACCENT, size=4.6))
    most = max([1, *(bin_of_curve.n for bin_of_curve in curve.bins)])
    bars = [
        {
            "kind": "bar",
            "x": [bin_of_curve.low + 0.004, bin_of_curve.high - 0.004],
            "y": [0, bin_of_curve.n],
            "colour": PALE,
        }
        for bin_of_curve in curve.bins
    ]
    upper = {"height": 50, "x": {**axis(0, 1, None), "ticks": []}, "y": axis(0, 1, "Accuracy"), "left": 12}
    lower = {"height": 17, "x": axis(0, 1, "Confidence"), "y": axis(0, most, "Scans", about=2, written=_whole)}
    return charts([{**upper, "marks": marks}, {**lower, "marks": bars, "left": 12}], across=68)


def _whole(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else ""


def referral(curve: RiskCoverage, *, referred: float | None) -> Drawing:
    """Return errors and missed tumours, both of the scans that are kept, against the share that is referred."""
    curves: list[tuple[str, NDArray[np.float64], str, str | None]] = []
    curves.append(("errors", curve.kept_error_rate, ACCENT, None))
    if curve.kept_missed_share is not None:
        curves.append(("missed tumours", curve.kept_missed_share, ALARM, "dashed"))
    marks, key, top = [], [], 0.0
    for name, rate, colour, dash in curves:
        share = curve.referred_share[: len(rate)]
        highest = float(rate.max(initial=0.0)) or 1.0
        kept = range(len(rate)) if len(rate) <= MOST else thinned(share, rate / highest).tolist()
        points = [(float(share[place]), float(rate[place])) for place in kept]
        if len(points) > 1:
            marks.append(line(points, colour, width=1.4, dash=dash))
        key.append({"kind": "line", "colour": colour, "dash": dash, "name": name})
        top = max(top, *(y for _, y in points), 0.0)
    top = 1.08 * top or 0.01
    if referred is not None:
        marks.append(line([(referred, 0), (referred, top)], INK, width=0.8, dash="dotted"))
    x = axis(0, 1, "Referred to an expert", written=percent)
    y = axis(0, top, "Of the scans still read", about=4, written=lambda value: f"{100 * value:g}%")
    return charts([{"height": 42, "x": x, "y": y, "marks": marks}], key=key, across=110)


def roc(curves: Mapping[str, Curves], classes: ClassOrder) -> Drawing:
    """Return ROC and precision-recall curves of the questions, side by side, told apart by dash and colour."""
    left: list[Any] = [line([(0, 0), (1, 1)], PALE, width=0.8, dash="dotted")]
    right: list[Any] = []
    key = []
    for (name, curve), dash in zip(curves.items(), DASHES, strict=False):
        colour = INK if name == ANY_TUMOUR else classes.colour[name]
        key.append({"kind": "line", "colour": colour, "dash": dash, "name": shortened(row_name(name, classes), 24)})
        for marks, x, y in (
            (left, curve.roc.false_positive_rate, curve.roc.sensitivity),
            (right, curve.precision_recall.recall, curve.precision_recall.precision),
        ):
            if len(x) > 1:
                marks.append(line(list(zip(x.tolist(), y.tolist(), strict=True)), colour, width=1.2, dash=dash))
    shared = {"height": 58}
    panels = [
        {**shared, "title": "ROC", "x": axis(0, 1, "1 \N{MINUS SIGN} specificity"), "y": axis(0, 1, "Sensitivity")},
        {**shared, "title": "Precision-recall", "x": axis(0, 1, "Sensitivity"), "y": axis(0, 1, "PPV")},
    ]
    return charts([{**panels[0], "marks": left}, {**panels[1], "marks": right}], columns=2, key=key)


def decision(curve: DecisionCurve) -> Drawing:
    """Return net benefit over thresholds, with its band, beside calling every scan and calling none."""
    limits = curve.thresholds.tolist()
    known = [
        (limit, estimate.headline)
        for limit, estimate in zip(limits, curve.model, strict=True)
        if estimate.headline.defined
    ]
    bounds = [
        (limit, estimate.low, estimate.high)
        for limit, estimate in known
        if estimate.low is not None and estimate.high is not None
    ]
    top = 1.08 * max([0.0, *(high for _, _, high in bounds)]) or 1.0
    floor = -0.15 * top

    def inside(value: float) -> float:
        return min(max(value, floor), top)

    marks: list[dict[str, Any]] = []
    if bounds:
        edge = [(x, inside(high)) for x, _, high in bounds] + [(x, inside(low)) for x, low, _ in reversed(bounds)]
        marks.append({"kind": "area", "points": edge, "colour": ACCENT})
    marks.append(line([(0, 0), (1, 0)], INK, width=0.8, dash="dotted"))
    if curve.call_all is not None:
        everyone = [(x, y) for x, y in zip(limits, curve.call_all.tolist(), strict=True) if y >= floor]
        if len(everyone) > 1:
            marks.append(line(everyone, GREY, width=1.2, dash="dashed"))
    if len(known) > 1:
        marks.append(line([(x, inside(estimate.value or 0.0)) for x, estimate in known], ACCENT, width=1.4))
    key = [
        {"kind": "line", "colour": ACCENT, "name": "model"},
        {"kind": "line", "colour": GREY, "dash": "dashed", "name": "call every scan"},
        {"kind": "line", "colour": INK, "dash": "dotted", "name": "call none"},
    ]
    x = axis(0, 1, "Threshold on P(any tumour)", written=percent)
    y = axis(floor, top, "Net benefit per scan", about=4)
    return charts([{"height": 44, "x": x, "y": y, "marks": marks}], key=key, across=120)


def folds(grouped: CrossValidation, ungrouped: CrossValidation) -> Drawing:
    """Return a dot a fold, the mean as a bar and its corrected interval as a line, grouped above ungrouped."""
    kinds = [("Grouped", ACCENT, "circle", grouped), ("Not grouped", GREY, "ring", ungrouped)]
    kinds = [kind for kind in kinds if kind[3].performance is not None]
    names = [name for name in NAMES if any(number.name == name for number in kinds[0][3].numbers)]
    start = start_of([number_of(of_kind, name) for _, _, _, of_kind in kinds for name in names])
    panels = []
    for name in names:
        marks = []
        for place, (_, colour, shape, of_kind) in enumerate(kinds):
            number = number_of(of_kind, name)
            if number.mean.low is not None and number.mean.high is not None:
                marks.append(line([(number.mean.low, place), (number.mean.high, place)], colour, width=1.4))
            marks += [dot(v.value, place, colour, shape=shape, size=4.6) for v in number.values if v.value is not None]
            if number.mean.value is not None:
                marks.append(dot(number.mean.value, place, INK, shape="bar", size=10))
        panels.append(
            {
                "title": NAMES[name],
                "height": 8 * len(kinds),
                "x": axis(start, 1.0, None, about=4, steps=(1, 2, 5, 10), written=lambda value: f"{value:.2f}"),
                "y": bare(len(kinds) - 0.5, -0.5),
                "rows": [label for label, _, _, _ in kinds],
                "marks": marks,
            }
        )
    return charts(panels, columns=2)


def training(run: Run) -> Drawing:
    """Return loss and accuracy by epoch, train against tuning; the chosen epoch is marked."""
    epochs = run.epoch.tolist()
    panels = []
    for title, train, tuning in (("Loss", run.loss, run.tuning_loss), ("Accuracy", run.accuracy, run.tuning_accuracy)):
        values = [*train.tolist(), *tuning.tolist()]
        pad = 0.06 * (max(values) - min(values)) or 0.01
        low, high = min(values) - pad, max(values) + pad
        marks = [
            line([(run.chosen, low), (run.chosen, high)], INK, width=0.8, dash="dotted"),
            line(list(zip(epochs, train.tolist(), strict=True)), GREY, width=1.3, dash="dashed"),
            line(list(zip(epochs, tuning.tolist(), strict=True)), ACCENT, width=1.3),
        ]
        x = axis(min(epochs) - 0.3, max(epochs) + 0.3, "Epoch", about=min(8, len(epochs)), written=_whole)
        panels.append({"title": title, "height": 36, "x": x, "y": axis(low, high, None, about=4), "marks": marks})
    key = [
        {"kind": "line", "colour": GREY, "dash": "dashed", "name": "train"},
        {"kind": "line", "colour": ACCENT, "name": "tuning"},
    ]
    return charts(panels, columns=2, key=key)
