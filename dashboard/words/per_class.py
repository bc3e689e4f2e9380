"""Every sentence of the page Per class: averages, ratios, the clinic's prevalence, a threshold, curves, patients."""

import math
from collections.abc import Callable, Mapping, Sequence

from neuroval.analysis.core.codes import Reason
from neuroval.analysis.core.estimate import Estimate, Measure
from neuroval.analysis.core.metrics import COUNTED, COUNTED_OVERALL, FURTHER, RANKED_OVERALL, read
from neuroval.analysis.decisions.prior_shift import PriorShift
from neuroval.analysis.decisions.risk_control import RiskControl
from neuroval.analysis.decisions.threshold_choice import AtThreshold, OperatingPoint
from neuroval.analysis.performance.class_auc import ClassAucs
from neuroval.analysis.performance.no_result import NoResult
from neuroval.analysis.performance.patients import Patients
from neuroval.analysis.performance.per_class import ANY_TUMOUR, ClassPerformance, Overall, Performance
from neuroval.analysis.performance.prevalence import NaturalFrequencies
from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.study.results import Results, Subject
from neuroval.analysis.study.two_class_questions import AtPrevalence, Question
from neuroval.dashboard.words.formats import (
    NOT_ESTIMABLE,
    area,
    counted,
    fine,
    full,
    percent,
    probability,
    ratio,
    short,
)
from neuroval.dashboard.words.general import fitted_on, missed, row_name, spoken
from neuroval.dashboard.words.interval_methods import by
from neuroval.dashboard.words.reasons import why
from neuroval.data.classes import ClassOrder
from neuroval.data.study.evaluated_cases import NEW_PATIENTS

RATES = tuple(metric for metric in COUNTED if metric.shown == "rates")

POST_HOC = ":orange-badge[Post hoc]"
PREVALENCE_SET = f"{POST_HOC} The prevalence was set on this page. What follows from it is exploratory."
THRESHOLD_SET = f"{POST_HOC} The threshold was set on this page. What follows from it is exploratory."
ARGMAX = (
    "A scan is called a tumour when the largest of its probabilities is that of a tumour class. These are the numbers "
    "above; a threshold on P(any tumour) would change them."
)
NO_CURVE = "No curve can be drawn"
CURVES = "Dotted: what guessing would give."
PATIENTS_CLASS = "One answer per patient, from all its slices."
PATIENTS_DECIDE = (
    "One answer per patient, from all slices. Sensitivity and specificity are of any tumour: a patient has one when "
    "any slice shows one in the reference. By most slices or by the mean, a tumour on few slices can be outvoted."
)
NO_RESULT = "Scans without a result"
LEFT_OUT, TAKEN_AS_WRONG = "Left out", "Taken as wrong"
WORST = (
    "All other numbers leave them out. With all of them taken as wrong, the rates are as low as they can be; the truth "
    "lies between."
)
THRESHOLDS = {"argmax": "Largest probability", "tuning": "Operating point", "own": "Own threshold"}
RULES = {
    "any_slice": "A tumour on any slice",
    "majority": "Most of the slices",
    "mean_probability": "Mean probability of the slices",
}


def overall_rows(overall: Overall, aucs: ClassAucs) -> list[dict[str, str]]:
    """Return the averages over the classes as table rows."""
    named = [(metric.name, measure) for metric, measure in read(COUNTED_OVERALL, overall, shown="averages")]
    named += [(metric.name, measure) for metric, measure in read(RANKED_OVERALL, aucs, shown="averages")]
    return [
        {
            "Number": label,
            "Value": area(measure.headline) if measure.headline.count is None else full(measure.headline),
            "Method": by(measure.headline.method),
        }
        for label, measure in named
    ]


def rate_rows(subjects: Sequence[ClassPerformance], classes: ClassOrder) -> list[dict[str, str]]:
    """Return one row per class and rate: plain and cluster-adjusted interval side by side."""
    rows = []
    for subject in subjects:
        for metric, measure in read(RATES, subject):
            plain, clustered = plain_and_clustered(measure.plain, measure.clustered)
            row = {"Class": row_name(subject.name, classes), "Rate": metric.label}
            rows.append({**row, "Plain": plain, "Cluster-adjusted": clustered, "Method": by(measure.headline.method)})
    return rows


def ratio_rows(subjects: Mapping[str, Subject], classes: ClassOrder) -> list[dict[str, str]]:
    """Return the numbers of each question that are no rates as table rows: AUC, likelihood ratios and the like."""
    return [
        {
            "Class": row_name(name, classes),
            **{label: written(estimate) for label, estimate, written in ratios_of(subject)},
        }
        for name, subject in subjects.items()
    ]


def ratios_of(subject: Subject) -> list[tuple[str, Estimate, Callable[[Estimate], str]]]:
    """Return the numbers of a question that are no rates: label, the estimate shown first, and how it is written."""
    further = [(metric.label, metric.unit, measure) for metric, measure in read(FURTHER, subject, shown="ratios")]
    counted = [(metric.label, metric.unit, measure) for metric, measure in read(COUNTED, subject.rates, shown="ratios")]
    return [
        (label, measure.headline, ratio if unit == "ratio" else area) for label, unit, measure in (*further, *counted)
    ]


def prevalence(value: float, question: Question) -> str:
    """Return how a step of the prevalence control is written."""
    return f"{percent(value)} (as in these scans)" if value == question.prevalence else percent(value)


def _have(name: str, classes: ClassOrder, n: int) -> str:
    """Return ``have a tumour`` or ``are glioma``."""
    if name == ANY_TUMOUR:
        return "has a tumour" if n == 1 else "have a tumour"
    return f"{'is' if n == 1 else 'are'} {spoken(name, classes)}"


def _called(name: str, classes: ClassOrder) -> str:
    return "a tumour" if name == ANY_TUMOUR else spoken(name, classes)


def frequencies(frequencies: NaturalFrequencies, name: str, classes: ClassOrder) -> str:
    """Return in a sentence what becomes of 1,000 scans."""
    called = _called(name, classes)
    text = f"Of {frequencies.scans:,} scans, {frequencies.positives:,} {_have(name, classes, frequencies.positives)}"
    if frequencies.missed is None or frequencies.false_alarms is None:
        return f"{text}; what becomes of them is {NOT_ESTIMABLE} ({why(frequencies.reason)})."
    calls = frequencies.found or 0
    alarms = "is" if frequencies.false_alarms == 1 else "are"
    text += (
        f": {calls:,} {'is' if calls == 1 else 'are'} found, "
        f"{frequencies.missed:,} {'is' if frequencies.missed == 1 else 'are'} missed. "
        f"Of the {frequencies.negatives:,} others, {frequencies.false_alarms:,} {alarms} called {called} by mistake."
    )
    if not frequencies.called:
        return f"{text} None is called {called}."
    return f"{text} Of {counted(frequencies.called, 'such call')}, {calls:,} would be right."


def as_far_as_known(ppv: Estimate) -> str:
    """Return how many of 100 calls may be right, as far as these scans tell; nothing without an interval."""
    between = _of_100(ppv)
    return between and f" As far as these scans can tell, of 100 such calls {between} are right."


def elsewhere(values: AtPrevalence) -> str:
    """Return what a call would be worth where few have what is looked for; nothing without an interval."""
    between = _of_100(values.ppv.headline)
    if not between or values.prevalence is None:
        return ""
    share = percent(values.prevalence)
    return f"Where {share} have it, as far as these scans can tell, of 100 such calls {between} would be right."


def _of_100(share: Estimate) -> str:
    """Return the interval of a share as whole numbers of 100, never narrower than it is; empty without one."""
    if share.low is None or share.high is None:
        return ""
    return f"between {math.floor(100 * share.low)} and {math.ceil(100 * share.high)}"


def frequency_rows(frequencies: NaturalFrequencies, name: str, classes: ClassOrder) -> list[dict[str, str]]:
    """Return what becomes of 1,000 scans as a table: reference against call."""
    called = _called(name, classes)
    it = "tumour" if name == ANY_TUMOUR else spoken(name, classes)
    quiet = None if frequencies.called is None else frequencies.scans - frequencies.called
    return [
        {
            f"Of {frequencies.scans:,}": label,
            f"Called {called}": _whole(yes),
            "Not called": _whole(no),
            "All": _whole(n),
        }
        for label, n, yes, no in (
            (f"With {it}", frequencies.positives, frequencies.found, frequencies.missed),
            ("Others", frequencies.negatives, frequencies.false_alarms, frequencies.cleared),
            ("All", frequencies.scans, frequencies.called, quiet),
        )
    ]


def _whole(number: int | None) -> str:
    return NOT_ESTIMABLE if number is None else f"{number:,}"


def predictive_rows(values: AtPrevalence) -> list[dict[str, str]]:
    """Return PPV and NPV at a prevalence as table rows."""
    return [
        {"Number": label, "Value": fine(estimate.headline), "Method": by(estimate.headline.method)}
        for label, estimate in (("PPV", values.ppv), ("NPV", values.npv))
    ]


def operating_point(point: OperatingPoint | None, missing: Reason | None) -> str:
    """Return how the operating point was chosen, or why there is none."""
    if point is None or point.chosen.value is None:
        return f"Operating point: {why(missing if point is None else point.chosen.reason)}."
    chosen, limit = point.chosen, point.chosen.value
    return (
        f"Operating point: P(any tumour) of {probability(limit)} or more, the highest threshold that finds "
        f"{percent(chosen.target)} of the tumours of the tuning split (there {full(chosen.sensitivity)}). The scans "
        "here had no part in the choice."
    )


def threshold_rows(judged: ClassPerformance, point: AtThreshold) -> list[dict[str, str]]:
    """Return the rates of any tumour by argmax and at a threshold as table rows."""
    if point.threshold is None:
        return []
    named = f"P(any tumour) \N{GREATER-THAN OR EQUAL TO} {probability(point.threshold)}"
    return [
        {"Number": label, THRESHOLDS["argmax"]: full(before.headline), named: full(after.headline)}
        for label, before, after in (
            ("Sensitivity", judged.sensitivity, point.sensitivity),
            ("Specificity", judged.specificity, point.specificity),
            ("PPV", judged.ppv, point.ppv),
            ("NPV", judged.npv, point.npv),
        )
    ]


def called(point: AtThreshold) -> str:
    """Return how many scans a threshold calls."""
    return f"Called a tumour: {full(point.referred.headline)} of the scans."


def areas(auc: Measure, curves: Curves) -> str:
    """Return the areas under both curves."""
    return f"AUC {area(auc.headline)}, average precision {area(curves.average_precision.headline)}."


def patient_rows(patients: Patients) -> list[dict[str, str]]:
    """Return the results by patient as table rows, a row per rule."""
    tumour = {str(rates.rule): rates for rates in patients.tumour}
    classes = {str(by_rule.rule): by_rule for by_rule in patients.classes}
    rows = []
    for rule, label in RULES.items():
        if rule not in tumour and rule not in classes:
            continue
        row = {"A patient's answer is": label}
        if patients.tumour:
            for name, rate in (("Sensitivity", tumour[rule].sensitivity), ("Specificity", tumour[rule].specificity)):
                if rate.headline.defined:
                    row[name] = full(rate.headline)
        rows.append({**row, "Class right": full(classes[rule].accuracy.headline) if rule in classes else ""})
    return rows


def patients(patients: Patients) -> str:
    """Return which patients the results by patient rest on, and which scans are left out."""
    text = f"n = {counted(patients.n, 'patient')} with {counted(patients.slices, 'slice')}."
    left = []
    if patients.without_id:
        left.append(f"{counted(patients.without_id, 'scan')} without a patient id")
    if patients.mixed:
        what = "tumours of several classes" if patients.tumour else "slices of several reference classes"
        left.append(f"{counted(len(patients.mixed), 'patient')} with {what} (for the class only)")
    ties = max([*(rates.ties for rates in patients.tumour), *(by_rule.ties for by_rule in patients.classes)], default=0)
    tied = f" Ties: at most {counted(ties, 'patient')}." if ties else ""
    return f"{text}{' Left out: ' + ', '.join(left) + '.' if left else ''}{tied}{_without_a_rate(patients)}"


def _without_a_rate(patients: Patients) -> str:
    """Return which rates by patient cannot be given, and why: each rule rests on the same patients."""
    rule = patients.tumour[0] if patients.tumour else None
    rates = {} if rule is None else {"Sensitivity": rule.sensitivity, "Specificity": rule.specificity}
    return "".join(
        f" {name} is {NOT_ESTIMABLE}: {why(rate.headline.reason)}."
        for name, rate in rates.items()
        if not rate.headline.defined
    )


def patients_seen(results: Results, patients: Patients) -> str:
    """Return how many of the patients that are known training has seen; nothing when none."""
    across = 0 if results.basis == NEW_PATIENTS else len(results.audit.patients_across)
    if not across:
        return ""
    verb, trained = "has" if across == 1 else "have", fitted_on(results.audit.split)
    return f"{across:,} of {counted(patients.n, 'patient')} also {verb} scans in {trained}."


NO_PATIENTS = "No scan here has a patient id: results by patient are not estimable."


def with_setting(
    rows: list[dict[str, str]], question: Question, values: AtPrevalence, classes: ClassOrder
) -> list[dict[str, str]]:
    """Return rows for download with the class, the prevalence, and that a prevalence set on the page is post hoc."""
    changed = values.prevalence != question.prevalence
    prevalence = "" if values.prevalence is None else f"{values.prevalence:g}"
    setting = {"Prevalence": prevalence, "Setting": "post hoc" if changed else "as in these scans"}
    return [{"Class": row_name(question.name, classes), **row, **setting} for row in rows]


def answer(judged: Performance, classes: ClassOrder) -> str:
    """Return the answer of the page: the weakest class, then the tumours missed."""
    known = [(rates.name, rates.sensitivity.headline) for rates in judged.classes if rates.sensitivity.headline.defined]
    empty = [classes.display[rates.name] for rates in judged.classes if not rates.support]
    name, estimate = min(known, key=lambda pair: pair[1].value or 0.0)
    text = f"The weakest class is {classes.display[name]}: sensitivity {full(estimate)}. {missed(judged)}"
    return f"{text} No scans of {', '.join(empty)}: its sensitivity is {NOT_ESTIMABLE}." if empty else text


def plain_and_clustered(plain: Estimate, clustered: Estimate | None) -> tuple[str, str]:
    """Return the two intervals of a rate as table cells."""
    return full(plain), "as plain: groups of one" if clustered is None and plain.defined else short(clustered or plain)


def no_result(numbers: NoResult) -> str:
    """Return how many scans have no result, why, and what the table beside it shows."""
    verb = "has" if numbers.count == 1 else "have"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in numbers.reasons)
    return f"{numbers.count:,} of {counted(numbers.n, f'{numbers.basis} scan')} {verb} no result: {reasons}. {WORST}"


def three_by_two_rows(numbers: NoResult, classes: ClassOrder) -> list[dict[str, str]]:
    """Return calls, no calls and missing results against the reference, by question."""
    return [
        {
            "Class": row_name(question.name, classes),
            "Reference": reference,
            "Called": f"{called:,}",
            "Not called": f"{not_called:,}",
            "No result": f"{without:,}",
        }
        for question in numbers.questions
        for reference, called, not_called, without in (
            ("has it", question.counts.tp, question.counts.fn, question.counts.positive_without),
            ("has it not", question.counts.fp, question.counts.tn, question.counts.negative_without),
        )
    ]


def worst_case_rows(numbers: NoResult, classes: ClassOrder) -> list[dict[str, str]]:
    """Return accuracy, sensitivity and specificity without the scans that have no result, and with them as wrong."""
    rates = [("Accuracy", numbers.accuracy)]
    for question in numbers.questions:
        name = row_name(question.name, classes)
        rates += [(f"Sensitivity, {name}", question.sensitivity), (f"Specificity, {name}", question.specificity)]
    return [
        {"Number": label, LEFT_OUT: full(rate.complete.headline), TAKEN_AS_WRONG: full(rate.worst.headline)}
        for label, rate in rates
    ]


def shifted(shift: PriorShift) -> str:
    """Return which probability a score stands for at another prevalence, and what calling from even odds on does."""
    (score, chance), *others = ((probability(mark.score), probability(mark.probability)) for mark in shift.scores)
    meant = ", ".join([f"{score} stands for a probability of {chance}", *(f"{one} for {its}" for one, its in others)])
    result = shift.result
    return (
        f"At a prevalence of {percent(shift.prevalence)}, a score of {meant}. Even odds begin at a score of "
        f"{probability(shift.threshold)}: called a tumour from there on, sensitivity is "
        f"{full(result.sensitivity.headline)} and specificity {full(result.specificity.headline)}."
    )


def risk_control(control: RiskControl | None) -> str:
    """Return the threshold that misses at most so many tumours, and what it does here; nothing without tuning cases."""
    if control is None:
        return ""
    chosen, most = control.chosen, percent(control.chosen.alpha)
    if chosen.value is None or control.missed is None or control.result is None:
        return f"No threshold can promise to miss at most {most} of the tumours: {why(chosen.reason)}."
    here = f"Here {full(control.missed)} are missed, by patient, with a specificity of "
    here += f"{full(control.result.specificity.headline)}."
    broken = " That is more than promised: these patients differ from those of the tuning split."
    return (
        f"At most {most} missed: from P(any tumour) of {probability(chosen.value)} on, a new patient's tumours are "
        f"missed in at most {most} on average, if patients are like the {chosen.groups:,} with a tumour in the tuning "
        f"split. {here}{broken if control.broken else ''}"
    )
