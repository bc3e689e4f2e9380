"""The blocks of the page Per class below its forest plots: prevalence, threshold, curves, ratios, patients."""

from functools import partial

import streamlit as st

from neuroval.analysis.decisions.threshold_choice import AtThreshold
from neuroval.analysis.performance.per_class import ANY_TUMOUR, ClassPerformance
from neuroval.analysis.study import two_class_questions as questions
from neuroval.analysis.study.results import rows as rows_of
from neuroval.analysis.study.two_class_questions import Question
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.figures.palette import ACCENT
from neuroval.dashboard.figures.roc import Decision, precision_recall_figure, roc_figure
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import label_errors as text_label_errors
from neuroval.dashboard.words import per_class as text
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.general import row_name
from neuroval.dashboard.words.glossary import help_on
from neuroval.dashboard.words.reasons import why
from neuroval.data.study.folder import Study

LOWEST, HIGHEST, STEP = 0.01, 0.99, 0.01  # of an own threshold


def asked(evidence: Evidence) -> Question:
    """Draw the selector of a class or any tumour and return its question."""
    known, classes = list(evidence.results.questions), evidence.study.classes
    state.follow(state.ABOUT, known, default=known[0])
    name = st.selectbox(
        "Class",
        known,
        format_func=lambda name: row_name(name, classes),
        key=state.ABOUT,
        width=240,
        on_change=state.setting_chosen,
        args=(state.ABOUT, known[0]),
    )
    return evidence.results.questions[name]


def at_the_clinic(study: Study, evidence: Evidence) -> Question:
    """Draw PPV and NPV at a prevalence, and what becomes of 1,000 scans; return the question that was chosen."""
    st.header("At your hospital's prevalence", anchor=False)
    left, right = st.columns([2, 5], gap="large", vertical_alignment="bottom")
    with left:
        question = asked(evidence)
    if question.prevalence is None:
        at_clinic = questions.at_prevalence(question, None)
        table(text.predictive_rows(at_clinic), alt="PPV and NPV")
        return question
    with right:
        chosen = _prevalence(question, question.prevalence)
    at_clinic = questions.at_prevalence(question, chosen)
    if chosen != question.prevalence:
        st.markdown(text.PREVALENCE_SET)
    if at_clinic.frequencies is not None:
        sentence = text.frequencies(at_clinic.frequencies, question.name, study.classes)
        st.markdown(escaped(sentence + text.as_far_as_known(at_clinic.ppv.headline)), width=860)
    if chosen == question.prevalence:
        st.caption(escaped(text.elsewhere(questions.at_prevalence(question, questions.RARE))))
    if question.name == ANY_TUMOUR:
        shift = questions.shifted(question, questions.RARE if chosen == question.prevalence else chosen)
        if shift is not None:
            st.caption(escaped(text.shifted(shift)), width=860)
    left, right = st.columns(2, gap="large")
    with left:
        if at_clinic.frequencies is not None:
            table(
                text.frequency_rows(at_clinic.frequencies, question.name, study.classes),
                alt="What becomes of 1,000 scans",
            )
        rows = text.predictive_rows(at_clinic)
        values = [{key: row[key] for key in ("Number", "Value")} for row in rows]
        table(values, alt="PPV and NPV at this prevalence")
        exports.csv_button(study, text.with_setting(rows, question, at_clinic, study.classes), what="prevalence")
    with right:
        figure = charts.predictive_value(question, chosen)
        exports.chart(study, figure, name="predictive_values", alt="PPV and NPV over prevalence, with 95% intervals")
        st.caption("Shaded: their intervals. Dotted: the prevalence that is chosen.")
    return question


def _prevalence(question: Question, default: float) -> float:
    given = state.number_in(state.PREVALENCE, low=questions.STEPS[0], high=questions.STEPS[-1])
    value = default if given is None else given
    state.follow_number(state.PREVALENCE, value)
    return st.select_slider(
        "Prevalence",
        sorted({*questions.STEPS, default, value}),
        format_func=lambda step: text.prevalence(step, question),
        key=state.PREVALENCE,
        on_change=state.setting_chosen,
        args=(state.PREVALENCE, default),
    )


def at_a_threshold(study: Study, evidence: Evidence) -> AtThreshold | None:
    """Draw what another threshold on P(any tumour) does; return it, none for argmax or without that question."""
    judged = evidence.results.performance.any_tumour
    if judged is None:
        return None
    st.header("Another threshold for any tumour", anchor=False)
    point, missing = evidence.results.decisions.operating_point, evidence.results.decisions.no_operating_point
    chosen = None if point is None else point.chosen.value
    known = [kind for kind in text.THRESHOLDS if kind != state.TUNING or chosen is not None]
    kind = state.threshold_kind(known)
    st.segmented_control(
        "A scan is called a tumour by",
        known,
        format_func=text.THRESHOLDS.__getitem__,
        key=state.THRESHOLD_KIND,
        required=True,
        on_change=state.threshold_kind_chosen,
    )
    if told := text.risk_control(evidence.results.decisions.risk_control):
        st.caption(escaped(told), width=860)
    if kind == state.OWN:
        chosen = _own_threshold()
    if kind == state.ARGMAX or chosen is None:
        st.caption(f"{text.ARGMAX} {escaped(text.operating_point(point, missing))}")
        return None
    decision = questions.at(evidence.results.questions[ANY_TUMOUR], chosen)
    st.markdown(text.THRESHOLD_SET)
    rows = text.threshold_rows(judged, decision)
    table(rows, alt="Rates of any tumour by largest probability and at this threshold")
    st.caption(escaped(f"{text.called(decision)} {text.operating_point(point, missing)}"))
    exports.csv_button(study, [{**row, "Setting": "post hoc"} for row in rows], what="threshold")
    return decision


def _own_threshold() -> float:
    given = state.number_in(state.THRESHOLD, low=0, high=1)
    value = state.START if given is None else min(max(given, LOWEST), HIGHEST)
    state.follow_number(state.THRESHOLD, value)
    return st.slider(
        "P(any tumour) from",
        LOWEST,
        HIGHEST,
        step=STEP,
        key=state.THRESHOLD,
        on_change=state.setting_chosen,
        args=(state.THRESHOLD,),
        width=480,
    )


def curves(study: Study, evidence: Evidence, question: Question, moved: AtThreshold | None) -> None:
    """Draw ROC and precision-recall of a question when asked for, with what argmax and a moved threshold do."""
    on = state.shown(state.CURVES)
    label = f"ROC and precision-recall curves: {escaped(row_name(question.name, study.classes))}"
    st.toggle(label, key=state.CURVES, on_change=state.shown_chosen, args=(state.CURVES,))
    if not on:
        return
    drawn = compute.curves(evidence, question.name)
    if drawn.roc.reason is not None:
        st.caption(escaped(f"{text.NO_CURVE}: {why(drawn.roc.reason)}."))
        return
    st.markdown(escaped(text.areas(evidence.results.auc_of[question.name], drawn)))
    colour = study.classes.colour.get(question.name, ACCENT)
    decisions = [_decision(text.THRESHOLDS["argmax"], question.judged)]
    if moved is not None and question.name == ANY_TUMOUR:
        decisions.append(_decision("This threshold", moved))
    left, right = st.columns(2, gap="large")
    with left:
        figure = roc_figure(drawn.roc, colour=colour, decisions=decisions)
        exports.chart(study, figure, name="roc", alt="ROC curve: sensitivity against 1 minus specificity")
    with right:
        figure = precision_recall_figure(drawn.precision_recall, colour=colour, decisions=decisions)
        exports.chart(study, figure, name="precision_recall", alt="Precision-recall curve: PPV against sensitivity")
    st.caption(f"{of_scans(len(question.positives), evidence.basis)} {text.CURVES}")


def _decision(label: str, decision: ClassPerformance | AtThreshold) -> Decision:
    return Decision(
        label=label,
        sensitivity=decision.sensitivity.plain.value,
        specificity=decision.specificity.plain.value,
        ppv=decision.ppv.plain.value,
    )


def details(study: Study, evidence: Evidence) -> None:
    """Fold away what is asked for less often: ranking and likelihood, averages, both intervals of each rate."""
    for label, key, draw in (
        ("AUC, likelihood and odds ratios, Youden's index", "ranking", _ranking),
        ("Averages over the classes", "averages", _averages),
        ("Plain and cluster-adjusted intervals", "intervals", _plain_and_clustered),
    ):
        frame.folded(label, key=key, draw=partial(draw, study, evidence))


def _ranking(study: Study, evidence: Evidence) -> None:
    """Draw AUC, likelihood and odds ratios and Youden's index of any tumour and each class."""
    rows = text.ratio_rows(evidence.results.subjects, study.classes)
    helps = {name: st.column_config.TextColumn(help=help_on(name)) for name in rows[0] if name != "Class"}
    alt = "AUC, likelihood and odds ratios by class"
    st.dataframe(rows, hide_index=True, height="content", column_config=helps, alt=alt)
    exports.csv_button(study, rows, what="ratios")


def _averages(study: Study, evidence: Evidence) -> None:
    """Draw the averages over the classes."""
    rows = text.overall_rows(evidence.results.performance.overall, evidence.results.aucs)
    table([{key: row[key] for key in ("Number", "Value")} for row in rows], alt="Averages over the classes")
    exports.csv_button(study, rows, what="overall")


def by_patient(study: Study, evidence: Evidence) -> None:
    """Draw the results by patient where patients are known."""
    st.header("By patient", anchor=False)
    patients = evidence.results.patients
    if not patients.n:
        st.caption(text.NO_PATIENTS)
        return
    if told := text.patients_seen(evidence.results, patients):
        st.markdown(f":orange[{told}]")
    rows = text.patient_rows(patients)
    exports.table(study, rows, what="patients", alt="Results by patient")
    decide = text.PATIENTS_DECIDE if patients.tumour else text.PATIENTS_CLASS
    st.caption(escaped(f"{text.patients(patients)} {decide}"))


def label_errors(evidence: Evidence) -> None:
    """Say how far the rates of any tumour may be off because labels are wrong; nothing where that is not known."""
    tumour = evidence.results.imperfect_reference.get(ANY_TUMOUR)
    if tumour is not None and (told := text_label_errors.line(tumour)):
        st.caption(escaped(told))


def no_result(study: Study, evidence: Evidence) -> None:
    """Draw how many scans have no result, and the rates with them taken as wrong; nothing where all have one."""
    numbers = evidence.results.no_result
    if numbers is None:
        return
    st.header(text.NO_RESULT, anchor=False)
    st.markdown(escaped(text.no_result(numbers)), width=860)
    rows = text.worst_case_rows(numbers, study.classes)
    exports.table(study, rows, what="worst-case", alt="Rates without and with the scans that have no result")
    calls = text.three_by_two_rows(numbers, study.classes)
    exports.table(study, calls, what="no-result", alt="Calls, and scans without a result, against the reference")


def _plain_and_clustered(study: Study, evidence: Evidence) -> None:
    """Draw every rate with both intervals."""
    rows = text.rate_rows(rows_of(evidence.results.performance), study.classes)
    st.dataframe(rows, hide_index=True, height="content", alt="Every rate with plain and cluster-adjusted interval")
    exports.csv_button(study, rows, what="per-class")
