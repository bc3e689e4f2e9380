"""The registry of numbers: what each is called, what it means, where it is read from and where it may be named.

A key is ``<subject>.<name>``: ``overall.accuracy``, ``any_tumour.sensitivity``, ``glioma.ppv``. ``classes.glioma.ppv``
and, without a subject, ``accuracy`` are read too. Criteria, claims, JSON, pages, glossary, report and the tidy table
take their numbers, keys and labels from the lists below: a new number is a function, an entry here, a golden value
and a line in the change log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeVar

from neuroval.analysis.core.estimate import Measure

if TYPE_CHECKING:  # the registry names where a number is read from and computes none
    from neuroval.analysis.calibration.slope_and_intercept import Recalibration
    from neuroval.analysis.calibration.smooth_curve import SmoothCurve
    from neuroval.analysis.performance.class_auc import ClassAucs
    from neuroval.analysis.performance.likelihood_ratios import Ratios
    from neuroval.analysis.performance.no_result import NoResult, QuestionWithNoResult
    from neuroval.analysis.performance.per_class import ClassPerformance, Overall, Performance
    from neuroval.analysis.performance.ranked_errors import Errors
    from neuroval.analysis.performance.subgroups import SubgroupNumber
    from neuroval.analysis.study.confidence_and_decisions import Confidence
    from neuroval.analysis.study.trial import Tried
    from neuroval.analysis.trial.maps import MapTrial

OVERALL, ANY_TUMOUR, CLASSES = "overall", "any_tumour", "classes"  # subjects of keys that are no class
MINUS: Final = "\N{MINUS SIGN}"

# Any tumour is a class of its own: the others against none.
Scope = Literal["overall", "class", "confidence", "errors", "trial", "maps", "subgroup", "no_result"]
Unit = Literal["proportion", "area", "ratio", "index", "nats", "slope"]
Better = Literal["higher", "lower", "nearest to 1", "nearest to 0"]
Place = Literal["criteria", "claims", "comparison", "subgroups"]
Shown = Literal[
    "rates", "averages", "ratios", "scores", "trial", "maps", "subgroups"
]  # the table of a page and of the report that holds it

T = TypeVar("T", contravariant=True)
U = TypeVar("U")


class Question(Protocol):
    """What the numbers of one two-class question are read from: any tumour, or a class against the rest."""

    @property
    def rates(self) -> "ClassPerformance": ...
    @property
    def ratios(self) -> "Ratios": ...
    @property
    def auc(self) -> Measure: ...
    @property
    def average_precision(self) -> Measure: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Generic[T]):
    """A number: ``value_of`` reads it from a result, None where the study asks no such question.

    ``meaning`` is one sentence with its formula, ``reading`` says in a few words what is good.

    ``label`` heads columns and rows; ``long`` is the label where the subject is not said beside it; ``term`` is the
    entry of the glossary that explains it. ``argmax`` says whether it rests on the class of the largest probability,
    else on the probabilities themselves. ``places`` are where its key may be named, ``shown`` the table that holds it.
    """

    key: str
    label: str
    value_of: Callable[[T], Measure | None]
    scope: Scope
    meaning: str = ""
    reading: str = ""
    long: str = ""
    term: str = ""
    unit: Unit = "proportion"
    better: Better = "higher"
    argmax: bool = True
    places: frozenset[Place] = frozenset()
    shown: Shown | None = None

    @property
    def name(self) -> str:
        """The label that needs no subject beside it."""
        return self.long or self.label

    @property
    def explained_as(self) -> str:
        """The entry of the glossary."""
        return self.term or self.label


EVERYWHERE: Final = frozenset[Place]({"criteria", "claims", "comparison", "subgroups"})
ASKED: Final = frozenset[Place]({"criteria", "claims"})
PUBLISHED: Final = frozenset[Place]({"claims"})

_AUC = (
    "the chance that a scan that has it gets a higher score than one that does not; 0.5 is guessing, 1 is "
    "perfect. Over all classes: the mean of each against the rest, or of all pairs of classes (Hand and Till)."
)
_ECE = (
    f"the mean distance of confidence and accuracy over bins, weighted by scans: \u03a3 n / N |accuracy {MINUS} "
    "confidence|. Top label: of the class that is called. Class by class: of each class's probability, the "
    "mean over the classes; with bins of equal size, each bin holds as many scans."
)

# Read from the confusion matrix, of all classes together.
COUNTED_OVERALL: "Final[tuple[Metric[Overall], ...]]" = (
    Metric(
        key="accuracy",
        label="Accuracy",
        value_of=lambda overall: overall.accuracy,
        scope="overall",
        meaning="the share of all scans that are called rightly: right / all.",
        places=EVERYWHERE,
        shown="averages",
    ),
    Metric(
        key="balanced_accuracy",
        label="Balanced accuracy",
        long="Balanced accuracy (macro sensitivity)",
        value_of=lambda overall: overall.balanced_accuracy,
        scope="overall",
        unit="index",
        meaning="the mean of the sensitivities of all classes, so that a small class weighs as much as a large one.",
        places=ASKED,
        shown="averages",
    ),
    Metric(  # another name of balanced accuracy, so that it is shown once
        key="macro_sensitivity",
        label="Macro sensitivity",
        term="Balanced accuracy",
        value_of=lambda overall: overall.macro_sensitivity,
        scope="overall",
        unit="index",
        places=ASKED,
    ),
    Metric(
        key="macro_ppv",
        label="Macro PPV",
        value_of=lambda overall: overall.macro_ppv,
        scope="overall",
        unit="index",
        meaning="the mean of the PPVs of all classes.",
        places=ASKED,
        shown="averages",
    ),
    Metric(
        key="macro_f1",
        label="Macro F1",
        value_of=lambda overall: overall.macro_f1,
        scope="overall",
        unit="index",
        meaning="the mean over the classes of F1 = 2 TP / (2 TP + FP + FN), which is high only where few are missed "
        "and few calls are wrong.",
        places=ASKED,
        shown="averages",
    ),
    Metric(
        key="weighted_f1",
        label="F1 weighted by cases",
        value_of=lambda overall: overall.weighted_f1,
        scope="overall",
        unit="index",
        meaning="the same mean, each class weighted by its number of scans.",
        places=ASKED,
        shown="averages",
    ),
    Metric(
        key="mcc",
        label="Matthews correlation coefficient",
        value_of=lambda overall: overall.mcc,
        scope="overall",
        meaning=f"the correlation of call and reference, (c s {MINUS} \u03a3 p t) / "
        f"\u221a((s\u00b2 {MINUS} \u03a3 p\u00b2)(s\u00b2 {MINUS} \u03a3 t\u00b2)) with s scans, c of them right, "
        "p called a class and t of that class; 0 is chance.",
        unit="index",
        places=ASKED,
        shown="averages",
    ),
    Metric(
        key="kappa",
        label="Cohen's kappa",
        value_of=lambda overall: overall.kappa,
        scope="overall",
        meaning=f"agreement beyond chance, (observed {MINUS} expected) / (1 {MINUS} expected); 0 is chance.",
        unit="index",
        places=ASKED,
        shown="averages",
    ),
)

# Read from the probabilities, of all classes together.
RANKED_OVERALL: "Final[tuple[Metric[ClassAucs], ...]]" = (
    Metric(
        key="auc_macro_ovr",
        label="AUC, macro one against the rest",
        term="AUC",
        value_of=lambda aucs: aucs.macro_ovr,
        scope="overall",
        unit="area",
        argmax=False,
        places=PUBLISHED,
        shown="averages",
    ),
    Metric(
        key="hand_till",
        label="AUC, Hand and Till",
        term="AUC",
        value_of=lambda aucs: aucs.hand_till,
        scope="overall",
        unit="area",
        argmax=False,
        places=PUBLISHED,
        shown="averages",
    ),
)

# Read from the confusion matrix, of one class against the others or of any tumour.
COUNTED: "Final[tuple[Metric[ClassPerformance], ...]]" = (
    Metric(
        key="sensitivity",
        label="Sensitivity",
        value_of=lambda rates: rates.sensitivity,
        scope="class",
        meaning="of the scans that have it, the share that is called so: TP / (TP + FN).",
        places=EVERYWHERE,
        shown="rates",
    ),
    Metric(
        key="specificity",
        label="Specificity",
        value_of=lambda rates: rates.specificity,
        scope="class",
        meaning="of the scans that do not have it, the share that is not called so: TN / (TN + FP).",
        places=EVERYWHERE,
        shown="rates",
    ),
    Metric(
        key="ppv",
        label="PPV",
        value_of=lambda rates: rates.ppv,
        scope="class",
        meaning="of the scans that are called so, the share that has it: TP / (TP + FP).",
        places=ASKED,
        shown="rates",
    ),
    Metric(
        key="npv",
        label="NPV",
        value_of=lambda rates: rates.npv,
        scope="class",
        meaning="of the scans that are not called so, the share that does not have it: TN / (TN + FN).",
        places=ASKED,
        shown="rates",
    ),
    Metric(
        key="f1",
        label="F1",
        term="Macro F1",
        value_of=lambda rates: rates.f1,
        scope="class",
        unit="index",
        places=ASKED,
    ),
)

# Named by claims alone: with many classes it is high whatever the classifier does.
CLASS_ACCURACY: "Final[Metric[ClassPerformance]]" = Metric(
    key="accuracy", label="Accuracy", value_of=lambda rates: rates.accuracy, scope="class", places=PUBLISHED
)

# Read from more than the confusion matrix, of one class against the others or of any tumour.
FURTHER: Final[tuple[Metric[Question], ...]] = (
    Metric(
        key="auc",
        label="AUC",
        value_of=lambda question: question.auc,
        scope="class",
        meaning=_AUC,
        unit="area",
        argmax=False,
        places=frozenset({"claims", "comparison"}),
        shown="ratios",
    ),
    Metric(
        key="lr_pos",
        label="LR+",
        value_of=lambda question: question.ratios.lr_pos,
        scope="class",
        meaning="how many times likelier the call is when it is there than when it is not: sensitivity / "
        f"(1 {MINUS} specificity).",
        unit="ratio",
        shown="ratios",
    ),
    Metric(
        key="lr_neg",
        label=f"LR{MINUS}",
        value_of=lambda question: question.ratios.lr_neg,
        scope="class",
        meaning=f"how many times likelier no call is when it is there than when it is not: (1 {MINUS} sensitivity) / "
        "specificity.",
        unit="ratio",
        better="lower",
        shown="ratios",
    ),
    Metric(
        key="dor",
        label="Diagnostic odds ratio",
        value_of=lambda question: question.ratios.dor,
        scope="class",
        meaning=f"how far the two likelihood ratios are apart, LR+ / LR{MINUS}; 1 tells nothing.",
        unit="ratio",
        shown="ratios",
    ),
    Metric(
        key="youden",
        label="Youden's index",
        value_of=lambda question: question.ratios.youden,
        scope="class",
        meaning=f"sensitivity + specificity {MINUS} 1; 0 is guessing, 1 is perfect.",
        unit="ratio",
        shown="ratios",
    ),
    Metric(
        key="geometric_mean",
        label="Geometric mean",
        value_of=lambda question: question.ratios.geometric_mean,
        scope="class",
        meaning="the square root of sensitivity times specificity; 0 where either is 0.",
        unit="index",
    ),
    Metric(
        key="average_precision",
        label="Average precision",
        term="AUC",
        value_of=lambda question: question.average_precision,
        scope="class",
        unit="area",
        argmax=False,
    ),
)

# Of the probabilities, in the order of the page; the subject in keys is "confidence".
BIASED: Final = "0 is best; biased upwards"
SLOPE: Final = "1 is best; below 1 the model is too sure"
INTERCEPT: Final = "0 is best, together with a slope of 1"


LARGE: Final = "Calibration in the large"
RECALIBRATION: Final = {
    "Calibration slope": "how much the log-odds have to be stretched to fit the outcomes, b in logit(y) = a + b "
    "logit(p).",
    "Calibration intercept": "how far they then have to be shifted, a in the same line.",
    LARGE: "the shift alone, a in logit(y) = a + logit(p): whether the probabilities are too high or too low on the "
    "whole.",
}
TOP_LABEL_LARGE: Final = "0 is best; above 0 the model is right more often than it says"
TUMOUR_LARGE: Final = "0 is best; above 0 tumours are more frequent than it says"


def _ece(
    key: str, label: str, value_of: "Callable[[Confidence], Measure]", *, meaning: str = ""
) -> "Metric[Confidence]":
    return Metric(
        key=key,
        label=label,
        term="ECE",
        value_of=value_of,
        scope="confidence",
        meaning=meaning,
        reading=BIASED,
        unit="index",
        better="lower",
        argmax=False,
        shown="scores",
    )


def _recalibration(
    prefix: str,
    subject: str,
    part_of: "Callable[[Confidence], Recalibration | None]",
    *,
    large: str,
) -> "tuple[Metric[Confidence], ...]":
    """Return slope, intercept and calibration in the large of one question; ``large`` says what the last one means."""

    def read(part: "Callable[[Recalibration], Measure]") -> "Callable[[Confidence], Measure | None]":
        def value(confidence: "Confidence") -> Measure | None:
            recalibration = part_of(confidence)
            return None if recalibration is None else part(recalibration)

        return value

    parts: tuple[tuple[str, str, Callable[[Recalibration], Measure], str, Better], ...] = (
        ("slope", "Calibration slope", lambda recalibration: recalibration.slope, SLOPE, "nearest to 1"),
        (
            "intercept",
            "Calibration intercept",
            lambda recalibration: recalibration.intercept,
            INTERCEPT,
            "nearest to 0",
        ),
        (
            "intercept_at_slope_one",
            LARGE,
            lambda recalibration: recalibration.intercept_at_slope_one,
            large,
            "nearest to 0",
        ),
    )
    return tuple(
        Metric(
            key=f"{prefix}{key}",
            label=f"{label}, {subject}",
            term=label,
            value_of=read(part),
            scope="confidence",
            meaning=RECALIBRATION[label],
            reading=reading,
            unit="slope",
            better=better,
            argmax=False,
            shown="scores",
        )
        for key, label, part, reading, better in parts
    )


DISTANCES: Final = {
    "ici": ("ICI", "the mean distance, over the scans, between the probability and the smooth curve of what happened."),
    "e50": ("E50", "the median distance between the probability and the smooth curve of what happened."),
    "e90": ("E90", "the distance between probability and smooth curve that nine of ten scans do not exceed."),
}


def _smooth(
    prefix: str, subject: str, curve_of: "Callable[[Confidence], SmoothCurve | None]"
) -> "tuple[Metric[Confidence], ...]":
    """Return mean, median and 90th percentile of the distance from the smooth curve of one question."""

    def read(key: str) -> "Callable[[Confidence], Measure | None]":
        def value(confidence: "Confidence") -> Measure | None:
            curve = curve_of(confidence)
            return None if curve is None else Measure(plain=getattr(curve, key))

        return value

    return tuple(
        Metric(
            key=f"{prefix}{key}",
            label=f"{label}, {subject}",
            term=label,
            value_of=read(key),
            scope="confidence",
            meaning=meaning,
            reading=BIASED,
            unit="index",
            better="lower",
            argmax=False,
            shown="scores",
        )
        for key, (label, meaning) in DISTANCES.items()
    )


SCORES: "Final[tuple[Metric[Confidence], ...]]" = (
    _ece(
        "ece_top_label_15",
        "ECE, top label, 15 bins",
        lambda confidence: confidence.errors.ece_top_label_15,
        meaning=_ECE,
    ),
    _ece("ece_top_label_10", "ECE, top label, 10 bins", lambda confidence: confidence.errors.ece_top_label_10),
    _ece("ece_class_wise_15", "ECE, class by class, 15 bins", lambda confidence: confidence.errors.ece_class_wise_15),
    _ece("ece_adaptive_15", "ECE, bins of equal size, 15", lambda confidence: confidence.errors.ece_adaptive_15),
    Metric(
        key="brier",
        label="Brier score",
        value_of=lambda confidence: confidence.brier.score,
        scope="confidence",
        meaning=f"the mean over the scans of \u03a3 (p {MINUS} y)\u00b2 over the classes: the squared distance of the "
        "probabilities from the outcome.",
        reading="0 is best, 2 is worst",
        unit="index",
        better="lower",
        argmax=False,
        shown="scores",
    ),
    Metric(
        key="log_loss",
        label="Log-loss",
        value_of=lambda confidence: confidence.log_loss,
        scope="confidence",
        meaning=f"the mean of {MINUS}ln p of the reference class: a confident error costs most. Nothing is clipped.",
        reading="0 is best; a confident error costs most",
        unit="nats",
        better="lower",
        argmax=False,
        shown="scores",
    ),
    *_recalibration(
        "top_label_", "top label", lambda confidence: confidence.recalibration.top_label, large=TOP_LABEL_LARGE
    ),
    *_recalibration("", "any tumour", lambda confidence: confidence.recalibration.any_tumour, large=TUMOUR_LARGE),
    *_smooth("top_label_", "top label", lambda confidence: confidence.smooth.top_label),
    *_smooth("", "any tumour", lambda confidence: confidence.smooth.any_tumour),
)

# Of the errors; the subject in keys is "errors".
ERROR_RATES: "Final[tuple[Metric[Errors], ...]]" = (
    Metric(
        key="rate",
        label="Error rate",
        value_of=lambda errors: errors.rate,
        scope="errors",
        better="lower",
    ),
    Metric(
        key="high_confidence_rate",
        label="High-confidence error rate",
        value_of=lambda errors: errors.high_confidence_rate,
        scope="errors",
        better="lower",
    ),
)

# Of a subgroup, for each number that may be named there (``places`` has "subgroups").
OF_SUBGROUP: "Final[tuple[Metric[SubgroupNumber], ...]]" = (
    Metric(
        key="rate",
        label="Rate",
        value_of=lambda number: number.rate,
        scope="subgroup",
    ),
    Metric(
        key="difference_to_rest",
        label="Difference to the rest",
        value_of=lambda number: number.difference,
        scope="subgroup",
        meaning=f"the rate in the subgroup {MINUS} the rate in all other scans of which the column is known. 0: the "
        "subgroup fares as the others do; below 0 it fares worse.",
        unit="index",
        better="nearest to 0",
        shown="subgroups",
    ),
)

# Of the trial, by any tumour and by class: what a change of the scan does to the call.
TRIED: "Final[tuple[Metric[Tried], ...]]" = (
    Metric(
        key="need",
        label="Need",
        value_of=lambda tried: tried.need,
        scope="trial",
        shown="trial",
        meaning=f"how often the call goes away when the tumour is removed {MINUS} how often it goes away when the same "
        "hole is made elsewhere in the scan, of the scans called rightly as they are. 1: every call rests on the "
        "tumour; 0: none does. Of two ways to fill the hole, the one with the lower value.",
        unit="index",
        places=frozenset({"criteria"}),
    ),
    Metric(
        key="still_called",
        label="Still called without the tumour",
        term="Still called",
        value_of=lambda tried: tried.still_called,
        scope="trial",
        shown="trial",
        meaning="the share of scans still called a tumour once it is removed, of those called rightly as they are.",
        better="lower",
    ),
    Metric(
        key="sufficiency",
        label="Sufficiency",
        value_of=lambda tried: tried.sufficiency,
        scope="trial",
        shown="trial",
        meaning=f"how often a tumour that is moved into a healthy scan is called {MINUS} how often a healthy patch in "
        "its place is. 1: the tumour alone makes the call; 0: it makes none.",
        unit="index",
        places=frozenset({"criteria"}),
    ),
    Metric(
        key="called_when_moved",
        label="Called in a healthy scan",
        value_of=lambda tried: tried.called_when_moved,
        scope="trial",
        shown="trial",
        meaning="the share of tumours moved into a healthy scan that are called a tumour there.",
    ),
)

# Of the maps in a trial; the subject in keys is "maps".
MAPS: Final = "maps"
OF_MAPS: "Final[tuple[Metric[MapTrial], ...]]" = (
    Metric(
        key="correlation_without_learning",
        label="Correlation with maps of random networks",
        term="Map correlation",
        value_of=lambda maps: maps.random.correlation,
        scope="maps",
        shown="maps",
        meaning="Spearman's rank correlation of the cells of two maps of a scan, the mean over the scans. With maps of "
        "networks whose weights are random it should be near 0, with those of the scan moved a little near 1.",
        unit="index",
        better="nearest to 0",
    ),
    Metric(
        key="similarity_without_learning",
        label="Similarity to maps of random networks",
        term="Map similarity",
        value_of=lambda maps: maps.random.similarity,
        scope="maps",
        shown="maps",
        meaning="the structural similarity (SSIM) of two maps of a scan as pictures; 1: the same.",
        unit="index",
        better="nearest to 0",
    ),
    *(
        Metric(
            key=f"correlation_when_{moved}",
            label=f"Correlation with maps of the {moved} scan",
            term="Map correlation",
            value_of=lambda maps, place=place: maps.repeated[place].correlation,  # type: ignore[misc]
            scope="maps",
            shown="maps",
            unit="index",
        )
        for place, moved in enumerate(("shifted", "turned"))
    ),
    Metric(
        key="deletion_gain",
        label="Deletion: faster than by chance",
        term="Deletion",
        value_of=lambda maps: maps.deletion.gain,
        scope="maps",
        shown="maps",
        meaning="how much faster the probability falls when cells are blurred in the order of the map than in an order "
        f"of chance: area under the curve by chance {MINUS} by the map. 0: the map names nothing that the call needs.",
        unit="index",
        argmax=False,
    ),
    Metric(
        key="insertion_gain",
        label="Insertion: faster than by chance",
        term="Insertion",
        value_of=lambda maps: maps.insertion.gain,
        scope="maps",
        shown="maps",
        meaning="how much faster the probability rises when cells of a blurred scan become sharp in the order of the "
        f"map than in an order of chance: area under the curve by the map {MINUS} by chance.",
        unit="index",
        argmax=False,
    ),
    Metric(
        key="deletion_better",
        label="Scans where deletion is faster than by chance",
        term="Deletion",
        value_of=lambda maps: maps.deletion.better,
        scope="maps",
        shown="maps",
        argmax=False,
    ),
    Metric(
        key="insertion_better",
        label="Scans where insertion is faster than by chance",
        term="Insertion",
        value_of=lambda maps: maps.insertion.better,
        scope="maps",
        shown="maps",
        argmax=False,
    ),
)

# Of the cases without a result, over all classes and by question; there only where a study has some.
WORST_OVERALL: "Final[tuple[Metric[NoResult], ...]]" = (
    Metric(
        key="no_result",
        label="Scans without a result",
        value_of=lambda numbers: numbers.share,
        scope="no_result",
        meaning="the share of scans that the model was to call and gave no result for: no result / all.",
        better="lower",
    ),
    Metric(
        key="accuracy_worst_case",
        label="Accuracy, no result taken as wrong",
        term="Accuracy",
        value_of=lambda numbers: numbers.accuracy.worst,
        scope="no_result",
    ),
)
WORST: "Final[tuple[Metric[QuestionWithNoResult], ...]]" = (
    Metric(
        key="sensitivity_worst_case",
        label="Sensitivity, no result taken as wrong",
        term="Sensitivity",
        value_of=lambda question: question.sensitivity.worst,
        scope="no_result",
    ),
    Metric(
        key="specificity_worst_case",
        label="Specificity, no result taken as wrong",
        term="Specificity",
        value_of=lambda question: question.specificity.worst,
        scope="no_result",
    ),
)

METRICS: "Final[tuple[Metric[Any], ...]]" = (
    *COUNTED_OVERALL,
    *RANKED_OVERALL,
    *COUNTED,
    CLASS_ACCURACY,
    *FURTHER,
    *SCORES,
    *ERROR_RATES,
    *TRIED,
    *OF_MAPS,
    *OF_SUBGROUP,
    *WORST_OVERALL,
    *WORST,
)


def read(
    metrics: Iterable[Metric[U]], result: U, *, shown: Shown | None = None, place: Place | None = None
) -> list[tuple[Metric[U], Measure]]:
    """Return numbers with what they are in a result: all that it has, of one table, or that may be named in a place."""
    wanted = [
        metric for metric in metrics if shown in (None, metric.shown) and (place is None or place in metric.places)
    ]
    return [(metric, measure) for metric in wanted if (measure := metric.value_of(result)) is not None]


def split_key(key: str) -> tuple[str, str]:
    """Return subject and name of a key: ``overall``, ``any_tumour`` or a class, whose name may hold dots."""
    subject, _, name = key.removeprefix(f"{CLASSES}.").rpartition(".")
    return subject or OVERALL, name


def measure(key: str, result: "Performance") -> Measure | None:
    """Return the number of a performance that a key names; None when there is no such number.

    ``classes.overall.ppv`` is the PPV of a class that is called so.
    """
    subject, name = split_key(key)
    if subject == OVERALL and not key.startswith(f"{CLASSES}."):
        return next((metric.value_of(result.overall) for metric in COUNTED_OVERALL if metric.key == name), None)
    rates = {rates.name: rates for rates in result.classes}.get(subject)
    if rates is None and subject == ANY_TUMOUR:
        rates = result.any_tumour
    return None if rates is None else next((metric.value_of(rates) for metric in COUNTED if metric.key == name), None)
