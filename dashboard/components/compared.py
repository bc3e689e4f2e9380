"""Two models side by side: the second study, the differences, and the cases that only one of them calls rightly."""

import streamlit as st

from neuroval.analysis.core.estimate import Measure
from neuroval.analysis.study.comparison import Comparisons, Discordant, comparable
from neuroval.analysis.study.results import Results
from neuroval.dashboard.components import exports
from neuroval.dashboard.components.tiles import ERRORS_PAGE, INDENT, url
from neuroval.dashboard.figures.difference_forest import LONGEST_LABEL, Row, differences
from neuroval.dashboard.figures.palette import ACCENT
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import compare as text
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import cut_names, escaped
from neuroval.dashboard.words.general import NO_IMAGE, no_images
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import studies
from neuroval.data.study.evaluated_cases import NEW_PATIENTS
from neuroval.data.study.folder import Study
from neuroval.data.study.manifest import Manifest

SHOWN = 8
COLUMNS = 4


def opened(study: Study, basis: str) -> Comparisons | None:
    """Draw the choice of the second study and return both compared on a basis; none after saying what is missing."""
    others, named = comparable(study, studies()), state.other_study()
    if named == study.path.name:
        st.info(text.SAME_STUDY)
    elif named is not None and named not in others:
        st.info(text.NOT_COMPARABLE)
    if not others:
        st.info(text.no_other(study.manifest.data.name))
        return None
    chosen = _picker(study, others)
    if not chosen:
        st.info(text.no_choice(study.manifest.data.name))
        return None
    try:
        with st.spinner("Computing intervals"):
            return compute.comparison(study, compute.study(chosen), basis)
    except InputError as error:
        st.info(escaped(str(error).replace(str(studies()[chosen]), chosen)), title=text.CANNOT)
        return None


def _picker(study: Study, others: dict[str, Manifest]) -> str:
    """Draw the choice; the first study of the same data set stands, else none."""
    same_data = others[next(iter(others))].data.name == study.manifest.data.name
    options = [*others] if same_data else ["", *others]
    state.follow(state.OTHER, options, default=options[0])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.markdown(f"**A** {escaped(text.title(study.path.name, study.manifest.about, others))}", width="content")
        chosen: str = st.selectbox(
            "B, compared with",
            options,
            format_func=lambda name: text.title(name, others[name].about, others) if name else text.CHOOSE,
            key=state.OTHER,
            width=420,
            on_change=state.class_chosen,
            args=(state.OTHER,),
        )
    return chosen


def figures(comparisons: Comparisons) -> None:
    """Draw the differences of rates and of AUCs."""
    rates, aucs = comparisons.distinct
    rate_rows = [_row(comparisons, rate.name, rate.difference, text.beside(rate)) for rate in rates]
    auc_rows = [_row(comparisons, auc.name, auc.areas.difference, text.both_aucs(auc)) for auc in aucs]
    left, right = st.columns([11, 9], gap="large")
    with left:
        figure = differences("Rates", rate_rows, beside="only A : B")
        exports.chart(
            comparisons.a, figure, name="compare-rates", alt="Difference of each rate, A minus B, with interval"
        )
        if names := cut_names([row.label for row in rate_rows], longest=LONGEST_LABEL):
            st.caption(escaped(names))
    with right:
        figure = differences("AUC", auc_rows, beside="A, B")
        exports.chart(comparisons.a, figure, name="compare-auc", alt="Difference of each AUC, A minus B, with interval")
        if names := cut_names([row.label for row in auc_rows], longest=LONGEST_LABEL):
            st.caption(escaped(names))
    st.caption(f"{of_scans(comparisons.matched.n, comparisons.basis)} {text.FIGURES}")


def _row(comparisons: Comparisons, name: str, difference: Measure, beside: str) -> Row:
    classes = comparisons.matched.classes
    colour = classes.colour.get(text.subject(name), ACCENT)
    return Row(label=text.label(name, classes), colour=colour, difference=difference.headline, beside=beside)


def discordant(comparisons: Comparisons, *, a_is_right: bool) -> None:
    """Draw the cases that one model calls rightly and the other wrongly, the surest errors first."""
    cases = comparisons.only_a if a_is_right else comparisons.only_b
    st.header(text.discordant(comparisons, a_is_right=a_is_right), anchor=False)
    pictures = any(compute.linked(study) is not None for study in (comparisons.a, comparisons.b))
    if not cases:
        st.markdown("None.")
    elif not pictures:
        st.info(no_images(comparisons.a.manifest.data.name), icon=":material/image:")
    elif any(judged.maps is not None for judged in (comparisons.of_a, comparisons.of_b)):
        st.caption(text.MAPS.format(maps=" or ".join(dict.fromkeys((comparisons.a.maps, comparisons.b.maps)))))
    shown = cases[:SHOWN]
    for start in range(0, len(shown), COLUMNS):
        for column, case in zip(st.columns(COLUMNS), shown[start : start + COLUMNS], strict=False):
            with column.container(gap=None):
                _tile(comparisons, case, pictures=pictures)
    if len(cases) > SHOWN:
        st.caption(f"{SHOWN} of {len(cases):,} shown, the surest errors; the download holds all.")


def _tile(comparisons: Comparisons, case: Discordant, *, pictures: bool) -> None:
    classes = comparisons.matched.classes
    of_map = _picture(comparisons, case) if pictures else None
    st.markdown(f"{INDENT}:small[Reference {escaped(classes.display[case.reference])}]")
    for name, judged, case_id, predicted, confidence in (
        ("A", comparisons.of_a, case.case_a, case.predicted_a, case.confidence_a),
        ("B", comparisons.of_b, case.case_b, case.predicted_b, case.confidence_b),
    ):
        query = state.link(judged.study.path.name, case_id, **{state.BASIS: judged.basis})
        label = f":blue[{escaped(text.called(name, predicted, confidence, classes, map_shown=name == of_map))}]"
        st.page_link(ERRORS_PAGE, label=label, icon="", query_params=query)


def _picture(comparisons: Comparisons, case: Discordant) -> str | None:
    """Draw the scan with the Grad-CAM of the model that is wrong, else of the other; return whose it is, if any."""
    of_a, of_b = (
        ("A", comparisons.of_a, case.case_a, case.predicted_a),
        ("B", comparisons.of_b, case.case_b, case.predicted_b),
    )
    sides = (of_b, of_a) if case.a_is_right else (of_a, of_b)
    shown = [side for side in sides if compute.has_image(side[1].study, side[2])]
    if not shown:
        st.caption(NO_IMAGE)
        return None
    model, judged, case_id, predicted = next((side for side in shown if _has_map(*side[1:])), shown[0])
    classes = comparisons.matched.classes
    if not _has_map(judged, case_id, predicted):
        st.image(url(judged.study, case_id, size="thumbnail"), width="stretch", alt=text.alt(case, classes))
        return None
    described = text.alt(case, classes, with_map=f"{classes.display[predicted]} of {model}", maps=judged.study.maps)
    st.image(
        url(judged.study, case_id, predicted, size="pair", of="fold" if judged.basis == NEW_PATIENTS else "network"),
        width="stretch",
        alt=described,
    )
    return model


def _has_map(judged: Results, case_id: str, predicted: str) -> bool:
    """Whether there is a map of the class that a model called."""
    row = None if judged.maps is None else judged.maps.row(case_id)
    return judged.maps is not None and row is not None and judged.maps.has(row, judged.study.classes.index(predicted))


def numbers(comparisons: Comparisons) -> None:
    """Draw every number of both models, with its download."""
    classes, (rates, aucs) = comparisons.matched.classes, comparisons.distinct
    rows = [text.rate_row(rate, classes) for rate in rates]
    areas = [text.auc_row(auc, classes) for auc in aucs]
    st.header("All numbers", anchor=False)
    short = {
        f"Only {model} right": st.column_config.TextColumn(
            f"Only {model}", help=f"Scans that only {model} calls rightly"
        )
        for model in ("A", "B")
    }
    alt = "Rates of A and B on the common scans"
    st.dataframe(rows, hide_index=True, height="content", column_config=short, alt=alt)
    st.dataframe(areas, hide_index=True, height="content", alt="AUC of A and B on the common scans")
    patients = text.patient_rows(comparisons.by_patient)
    st.caption(escaped(" ".join([*text.net_benefit(comparisons.net_benefit), text.patients(comparisons.by_patient)])))
    if patients:
        alt = "A and B by patient"
        st.dataframe(patients, hide_index=True, height="content", column_config=short, alt=alt)
    other = {"B": comparisons.b.manifest.about.title, "Fingerprint of B": comparisons.b.fingerprint}
    cases = [text.discordant_row(case, classes) for case in (*comparisons.only_a, *comparisons.only_b)]
    with st.container(horizontal=True):
        table = [{**row, **other} for row in text.download_rows(comparisons)]
        exports.csv_button(comparisons.a, table, what="comparison")
        if cases:
            exports.csv_button(
                comparisons.a, [{**row, **other} for row in cases], what="discordant", label="Cases as CSV"
            )
