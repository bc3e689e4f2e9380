"""The figures that the pages of a study open with, drawn of its evidence once and kept."""

import plotly.graph_objects as go

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.metrics import Metric, measure, read
from neuroval.analysis.performance.comparison import ComparedNumber
from neuroval.analysis.performance.per_class import ClassPerformance
from neuroval.analysis.performance.subgroups import Subgroups, name_of
from neuroval.analysis.performance.training_course import Run
from neuroval.analysis.study.results import rows as rows_of
from neuroval.analysis.study.trial import TrialResults
from neuroval.analysis.study.two_class_questions import Question, over_prevalences
from neuroval.analysis.study.whole_study import CrossValidation
from neuroval.analysis.trial.robustness import Corruption
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.figures.folds import Row as FoldRow
from neuroval.dashboard.figures.folds import fold_dots, start_of
from neuroval.dashboard.figures.forest_plot import Row, forest, lowest
from neuroval.dashboard.figures.limits import limits_figure
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.figures.need_and_sufficiency import Row as TriedRow
from neuroval.dashboard.figures.need_and_sufficiency import need_and_sufficiency as need_figure
from neuroval.dashboard.figures.palette import ACCENT, CORRECT
from neuroval.dashboard.figures.predictive_values import predictive_value_figure
from neuroval.dashboard.figures.reliability import reliability_figure
from neuroval.dashboard.figures.risk_coverage import risk_coverage_figure
from neuroval.dashboard.figures.severities import severity_curves
from neuroval.dashboard.figures.split_composition import split_bars
from neuroval.dashboard.figures.stacked import start_below
from neuroval.dashboard.figures.subgroup_forest import Row as SubgroupRow
from neuroval.dashboard.figures.subgroup_forest import subgroup_forest
from neuroval.dashboard.figures.training_curves import curves
from neuroval.dashboard.session.cache import figure
from neuroval.dashboard.words import cross_validation as text_cross_validation
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import per_class as text_classes
from neuroval.dashboard.words import subgroups as text_subgroups
from neuroval.data.study.folder import Study

RATES = (text_classes.RATES[:2], text_classes.RATES[2:])  # a figure each
COURSES = ("Loss", "Accuracy")


def make_ready(evidence: Evidence) -> None:
    """Draw them as the pages show them before anything is chosen."""
    limits(evidence)
    headlines(evidence.published)
    splits(evidence)
    for metrics in RATES:
        rates(evidence, metrics)
    for question in list(evidence.results.questions.values())[:1]:
        if question.prevalence is not None:
            predictive_value(question, question.prevalence)
    confusion(evidence, *worst_cell(evidence))
    reliability(evidence)
    referral(evidence)
    for column in evidence.results.subgroups.columns[:1]:
        key = next(iter(evidence.results.subgroups.outcomes.among))
        subgroups(evidence.study, evidence.results.subgroups.by((column,)), key)
    for _, _, folds_of_kind in kinds_of_folds(evidence)[:1]:
        folds(evidence)
        if folds_of_kind.performance is not None:
            pooled(evidence, folds_of_kind.performance.matrix)
    if (run := evidence.results.whole.final_run) is not None:
        for title in COURSES:
            course(run, title)


def limits(evidence: Evidence) -> go.Figure | None:
    """Return the acceptance criteria with their limits; none for a study without any."""
    rows = text_overview.limit_rows(evidence.results.criteria, evidence.study.classes)
    return figure(limits_figure, tuple(rows)) if rows else None


def headlines(evidence: Evidence) -> go.Figure | None:
    """Return the numbers that can be compared on the split and on what the model has not seen.

    None where the headline number itself cannot be: what is left would say that the model does as well on new scans.
    """
    (split, whole), *others = text_overview.bases(evidence, evidence.study.manifest).items()
    sections = []
    for metric, title in text_overview.HEADLINES.items():
        for name, part in others:
            pair = [measure(metric, judged) for judged in (whole, part)]
            lacking = [
                text.lacking_in(first, metric, result=other, classes=evidence.study.classes)
                for first, other in ((part, whole), (whole, part))
            ]
            if any(estimate is None or not estimate.headline.defined for estimate in pair) or any(lacking):
                continue
            rows = tuple(
                Row(label=label, colour=colour, estimate=estimate.headline)
                for label, colour, estimate in zip((split, name), (CORRECT, ACCENT), pair, strict=True)
                if estimate is not None
            )
            sections.append((title, rows))
    if text_overview.HEADLINES[text_overview.headline_metric(evidence)] not in dict(sections):
        return None
    return figure(forest, tuple(sections), start=lowest([row.estimate for _, rows in sections for row in rows]))


def splits(evidence: Evidence) -> go.Figure:
    """Return the scans by split, stacked by class."""
    return figure(split_bars, evidence.results.whole.dataset, evidence.study.classes)


def rates(evidence: Evidence, metrics: tuple[Metric[ClassPerformance], ...]) -> go.Figure:
    """Return the forest plot of some rates; both figures have one axis."""
    judged, classes = evidence.results.performance, evidence.study.classes
    start = lowest(
        [rate.headline for rates_of_class in rows_of(judged) for _, rate in read(text_classes.RATES, rates_of_class)]
    )
    sections = tuple(
        (
            metric.label,
            tuple(
                Row(
                    label=text.row_name(rates_of_class.name, classes),
                    colour=classes.colour.get(rates_of_class.name, ACCENT),
                    estimate=rate.headline,
                )
                for rates_of_class in rows_of(judged)
                for _, rate in read((metric,), rates_of_class)
            ),
        )
        for metric in metrics
    )
    return figure(forest, sections, start=start)


def predictive_value(question: Question, chosen: float) -> go.Figure:
    """Return PPV and NPV over prevalence with the chosen one marked."""
    return figure(predictive_value_figure, over_prevalences(question), chosen=chosen)


def worst_cell(evidence: Evidence) -> tuple[str, str]:
    """Return reference and predicted class of the costliest kind of error that occurred."""
    worst = next((pair for pair in evidence.costliest if pair.count), evidence.costliest[0])
    return worst.reference, worst.predicted


def confusion(evidence: Evidence, reference: str, predicted: str) -> go.Figure:
    """Return the confusion matrix with one cell selected."""
    matrix, harm = evidence.results.performance.matrix, evidence.study.manifest.harm
    return figure(matrix_figure, matrix, evidence.study.classes, harm=harm, selected=(reference, predicted))


def reliability(evidence: Evidence) -> go.Figure:
    """Return accuracy against confidence."""
    confidence = evidence.results.confidence
    curve, smooth = confidence.reliability.top_label, confidence.smooth.top_label
    return figure(reliability_figure, curve, x="Confidence", y="Accuracy", smooth=smooth)


def referral(evidence: Evidence) -> go.Figure:
    """Return errors and missed tumours against the share that is referred."""
    confidence = evidence.results.confidence
    return figure(risk_coverage_figure, confidence.risk_coverage, referred=confidence.referral.referred.plain.value)


def need_and_sufficiency(study: Study, trial: TrialResults) -> go.Figure:
    """Return how often the call changes with the tumour and in the control, by class."""
    classes = study.classes

    def row(subject: str, number: ComparedNumber) -> TriedRow:
        return TriedRow(
            label=text.row_name(subject, classes),
            colour=classes.colour.get(subject, ACCENT),
            rate=number.a.headline,
            control=number.b.headline,
            difference=number.difference.headline,
        )

    needed = tuple(row(need.subject, need.worst.need) for need in trial.needs if need.worst is not None)
    sufficient = tuple(row(moved.subject, moved.sufficiency) for moved in trial.sufficiencies)
    sections = tuple((name, rows) for name, rows in (("Need", needed), ("Sufficiency", sufficient)) if rows)
    return figure(need_figure, sections)


def subgroups(study: Study, table: Subgroups, key: str) -> go.Figure:
    """Return the difference of each subgroup to the rest, in one number."""
    rows = tuple(
        SubgroupRow(
            label=text_subgroups.row(level.values),
            name=name_of(table.by, level.values),
            difference=level.numbers[key].difference.headline,
            differs=level.numbers[key].differs,
            beside=text_subgroups.beside_rate(level.numbers[key]),
            hover=text_subgroups.hover(level.numbers[key]),
        )
        for level in table.levels
    )
    beside = text_subgroups.label(key, study.classes).partition(",")[0]
    return figure(subgroup_forest, rows, beside=beside, worse="Worse", better="Better")


def severities(trial: TrialResults, corruption: Corruption) -> go.Figure:
    """Return the curves of one corruption; all have one axis."""
    lows = [
        end
        for row in trial.corruptions
        for step in row.severities
        for rate in step.rates.values()
        for end in (rate.headline.low, rate.headline.value)
    ]
    lows += [limit.at_least for row in trial.corruptions for limit in row.limits.values()]
    return figure(severity_curves, corruption, start=start_below(lows))


def kinds_of_folds(evidence: Evidence) -> list[tuple[str, str, CrossValidation]]:
    """Return label, colour and results of each kind of cross-validation that the study has."""
    both = (
        ("Grouped", ACCENT, evidence.results.whole.grouped),
        ("Not grouped", CORRECT, evidence.results.whole.ungrouped),
    )
    return [kind for kind in both if kind[2].performance is not None]


def folds(evidence: Evidence) -> go.Figure:
    """Return the numbers over the folds, grouped and not grouped on one axis."""
    kinds = kinds_of_folds(evidence)
    known = {number.name for number in kinds[0][2].numbers}
    shown = {name: title for name, title in text_cross_validation.NAMES.items() if name in known}
    start = start_of([number for *_, of_kind in kinds for number in of_kind.numbers if number.name in shown])
    sections = tuple(
        (
            title,
            tuple(
                FoldRow(label=label, colour=colour, number=text_cross_validation.number_of(of_kind, name))
                for label, colour, of_kind in kinds
            ),
        )
        for name, title in shown.items()
    )
    return figure(fold_dots, sections, start=start)


def pooled(evidence: Evidence, matrix: ConfusionMatrix) -> go.Figure:
    """Return the confusion matrix of all folds."""
    return figure(matrix_figure, matrix, evidence.study.classes, harm=evidence.study.manifest.harm)


def course(run: Run, title: str) -> go.Figure:
    """Return loss or accuracy by epoch, train against tuning."""
    train, tuning = (run.loss, run.tuning_loss) if title == "Loss" else (run.accuracy, run.tuning_accuracy)
    epochs, values = tuple(run.epoch.tolist()), tuple(train.tolist())
    return figure(curves, title, epochs, train=values, tuning=tuple(tuning.tolist()), chosen=run.chosen)
