"""How good it is on each class: rates, counts, elsewhere, at a threshold, ranking, curves, by patient."""

from collections.abc import Mapping

from neuroval.analysis.core.metrics import read
from neuroval.analysis.performance.per_class import ANY_TUMOUR
from neuroval.analysis.performance.roc import Curves
from neuroval.analysis.study.results import rows as rows_of
from neuroval.analysis.study.two_class_questions import RARE, at, at_prevalence, curves_of, shifted
from neuroval.dashboard.report import drawings
from neuroval.dashboard.report.blocks import Block, figure, heading, note, paragraph, table
from neuroval.dashboard.report.subject import Subject
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import per_class as text_classes
from neuroval.dashboard.words import report as words
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.interval_methods import by


def chapter(subject: Subject) -> list[Block]:
    """Return the chapter on performance by class."""
    evidence, classes, options = subject.evidence, subject.classes, subject.options
    judged = evidence.results.performance
    subjects = rows_of(judged)
    n = of_scans(judged.matrix.n, evidence.basis)
    blocks = [
        heading(words.LABELS["per-class"], label="per-class"),
        paragraph(text_classes.answer(judged, classes), style="answer"),
    ]
    for first in range(0, len(subjects), drawings.SHOWN):
        alt = f"Rates by class with intervals: {_told(subject, first)}"
        caption = f"Rates by class. {n} {words.intervals(options.level)}"
        label = "forest" if first == 0 else None
        blocks.append(figure(drawings.forest(judged, classes, first), caption, alt=alt, label=label))
    blocks += [
        table(
            words.rate_table(subjects, classes),
            f"Rates by class, one against all others. {n} {words.RATE_INTERVALS}",
            label="rates",
        ),
        table(
            words.two_by_two_rows(subjects, classes),
            f"Calls against the reference standard, one class against all others. {n}",
            label="two-by-two",
            right=("TP", "FN", "FP", "TN"),
        ),
        *_no_result(subject),
        *_elsewhere(subject),
        *_threshold(subject),
        heading("Ranking and likelihood", level=2, label="ranking"),
        table(
            text_classes.ratio_rows(evidence.results.subjects, classes),
            f"Area under the ROC curve and ratios that do not depend on prevalence. {n}",
            label="ratios",
        ),
        *_curves(subject),
        heading("All classes together", level=2),
        table(
            text_classes.overall_rows(judged.overall, evidence.results.aucs),
            f"Averages over the classes. {n}",
            label="overall",
            dense=True,
        ),
        *_patients(subject),
        heading("Both intervals", level=2),
        *_both(subject, n),
    ]
    return blocks


def _both(subject: Subject, n: str) -> list[Block]:
    subjects = rows_of(subject.evidence.results.performance)
    if not any(rate.clustered for rates in subjects for _, rate in read(text_classes.RATES, rates)):
        return [paragraph(words.ONE_INTERVAL)]
    return [
        table(
            text_classes.rate_rows(subjects, subject.classes),
            f"Every rate, with scans taken as independent and with their groups taken into account. {n}",
            label="both-intervals",
            dense=True,
        )
    ]


def _no_result(subject: Subject) -> list[Block]:
    numbers, classes = subject.evidence.results.no_result, subject.classes
    if numbers is None:
        return []
    return [
        heading(text_classes.NO_RESULT, level=2),
        paragraph(text_classes.no_result(numbers)),
        table(
            text_classes.worst_case_rows(numbers, classes),
            f"Rates without the scans that have no result, and with them. n = {numbers.n:,} {numbers.basis} scans.",
            label="no-result",
        ),
        table(
            text_classes.three_by_two_rows(numbers, classes),
            "Calls, and scans without a result, against the reference standard (3 x 2 tables).",
            label="three-by-two",
            right=("Called", "Not called", "No result"),
        ),
    ]


def _told(subject: Subject, first: int) -> str:
    rows = words.rate_table(
        rows_of(subject.evidence.results.performance)[first : first + drawings.SHOWN], subject.classes
    )
    return "; ".join(
        f"{row['Class']}: sensitivity {row['Sensitivity']}, specificity {row['Specificity']}" for row in rows
    )


def _elsewhere(subject: Subject) -> list[Block]:
    evidence, classes, options = subject.evidence, subject.classes, subject.options
    values = {
        name: at_prevalence(question, question.prevalence if options.prevalence is None else options.prevalence)
        for name, question in evidence.results.questions.items()
    }
    rows = [
        {
            "Class": text.row_name(name, classes),
            **{row["Number"]: row["Value"] for row in text_classes.predictive_rows(at_clinic)},
            "Method": by(at_clinic.ppv.headline.method),
        }
        for name, at_clinic in values.items()
    ]
    badge = None if options.prevalence is None else words.POST_HOC
    told = [
        text_classes.frequencies(at_clinic.frequencies, name, classes)
        + text_classes.as_far_as_known(at_clinic.ppv.headline)
        for name, at_clinic in values.items()
        if at_clinic.frequencies is not None and (name == ANY_TUMOUR or classes.negative is None)
    ]
    tumour = evidence.results.questions.get(ANY_TUMOUR)
    shift = None if tumour is None else shifted(tumour, options.prevalence or RARE)
    if shift is not None:
        told.append(text_classes.shifted(shift))
    return [
        heading("What a call is worth", level=2),
        paragraph(words.prevalence_note(options.prevalence), badge=badge),
        table(
            rows,
            _marked("PPV and NPV with logit intervals.", badge),
            label="prevalence",
            dense=True,
        ),
        *[paragraph(sentence) for sentence in told[:7]],
    ]


def _marked(caption: str, badge: str | None) -> str:
    return caption if badge is None else f"{caption} {badge}."


def _threshold(subject: Subject) -> list[Block]:
    evidence, options = subject.evidence, subject.options
    question = evidence.results.questions.get(ANY_TUMOUR)
    if question is None:
        return []
    decisions = evidence.results.decisions
    point = decisions.operating_point
    limits: list[tuple[float, str | None]] = []
    if point is not None and point.chosen.value is not None:
        limits.append((point.chosen.value, None))
    if options.threshold is not None:
        limits.append((options.threshold, words.POST_HOC))
    blocks = [
        heading("At a threshold on P(any tumour)", level=2),
        paragraph(text_classes.operating_point(point, decisions.no_operating_point)),
    ]
    if controlled := text_classes.risk_control(decisions.risk_control):
        blocks.append(paragraph(controlled, label="risk-control"))
    for limit, badge in limits:
        moved = at(question, limit)
        caption = "Any tumour, by the largest probability and at the operating point."
        if badge is not None:
            blocks.append(paragraph(f"{words.own_threshold(limit)}. {text_classes.called(moved)}", badge=badge))
            caption = f"Any tumour, by the largest probability and at a threshold set for this report. {badge}."
        label = "threshold" if badge is None else "own-threshold"
        blocks.append(table(text_classes.threshold_rows(question.judged, moved), caption, label=label))
    return blocks


def _curves(subject: Subject) -> list[Block]:
    evidence, classes = subject.evidence, subject.classes
    curves: Mapping[str, Curves] = {
        name: curves_of(question) for name, question in list(evidence.results.questions.items())[: drawings.LINES]
    }
    drawn = {name: curves_of_class for name, curves_of_class in curves.items() if curves_of_class.roc.reason is None}
    rows = [
        {
            "Class": text.row_name(name, classes),
            "Areas": text_classes.areas(evidence.results.auc_of[name], curves_of_class),
        }
        for name, curves_of_class in curves.items()
    ]
    if not drawn:
        return [paragraph(f"{text_classes.NO_CURVE}.")]
    more = len(evidence.results.questions) - len(curves)
    tail = f" The first {len(curves)} of {len(evidence.results.questions)} questions." if more else ""
    alt = "ROC and precision-recall curves: " + "; ".join(f"{row['Class']}: {row['Areas']}" for row in rows)
    n = of_scans(evidence.results.evaluated.n, evidence.basis)
    caption = f"ROC and precision-recall curves, each class against the rest.{tail} {n}"
    return [
        figure(drawings.roc(drawn, classes), caption, alt=alt, label="roc"),
        table(rows, "Areas under both curves.", label="areas"),
    ]


def _patients(subject: Subject) -> list[Block]:
    patients = subject.evidence.results.patients
    blocks = [heading("By patient", level=2)]
    if not patients.n:
        return [*blocks, paragraph(text_classes.NO_PATIENTS)]
    decide = text_classes.PATIENTS_DECIDE if patients.tumour else text_classes.PATIENTS_CLASS
    blocks.append(
        table(
            text_classes.patient_rows(patients),
            f"Results by patient. {text_classes.patients(patients)}",
            label="patients",
        )
    )
    return [*blocks, note(decide)]
