"""Blocks of the pages on a trial: pictures, curves, each way of filling, and the scans behind it."""

from collections.abc import Sequence

import streamlit as st

from neuroval.analysis.study.trial import TrialResults
from neuroval.analysis.trial.maps import MapTrial
from neuroval.analysis.trial.robustness import Corruption, hardest
from neuroval.dashboard.cases.changed_scans import Worsening, first_to_change, told_of, worsening
from neuroval.dashboard.components import exports, frame, tiles
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words import trial_maps as text_maps
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.trial_names import CORRUPTIONS
from neuroval.data.study.folder import Study

KEPT = 8  # scans shown
CURVE = 232  # pixels of a small multiple: four beside each other, one on a phone
PICTURE = 165  # two beside each other on a phone


def pictures(study: Study, trial: TrialResults) -> None:
    """Draw one scan as it is, without its tumour, its tumour alone and moved, and what the model says of each."""
    told = told_of(trial, study)
    if told is None:
        return
    with st.container(horizontal=True, gap="small"):
        for answer in told.answers:
            with st.container(width=PICTURE, gap=None):
                if compute.has_image(study, told.case_id):
                    address = tiles.url(
                        study, told.case_id, size="thumbnail", change=answer.change, level=str(answer.level)
                    )
                    st.image(address, width=PICTURE, alt=text.picture_alt(answer, study.classes))
                st.markdown(escaped(text.picture(answer)))
                st.caption(escaped(text.picture_says(answer, study.classes)))


def each_way(study: Study, trial: TrialResults) -> None:
    """Fold away every way of filling, and what moved tumours are called."""

    def draw() -> None:
        rows = text.need_rows(trial, study.classes)
        exports.table(study, rows, what="need", alt="Each way of filling the hole, by class")
        if moved := text.sufficiency_rows(trial, study.classes):
            exports.table(study, moved, what="sufficiency", alt="What moved tumours are called, by class")

    frame.folded("Each way of filling the hole, and its control", key="each-way", draw=draw)


def maps(study: Study, told: MapTrial, split: str) -> None:
    """Draw whether the maps rest on what the network has learnt, can be repeated, and name what the call rests on."""
    frame.answer(text_maps.answer(told))
    st.markdown(escaped(text_maps.pointing(told)), width=860)
    exports.table(study, text_maps.rows(told), what="maps", alt=text_maps.TABLE_TITLE)
    st.caption(escaped(f"{text_maps.of_what(told, split)} {text_maps.CAPTION}"))
    rows = text_maps.pointing_rows(told)
    exports.table(study, rows, what="deletion-and-insertion", alt=text_maps.POINTING_TITLE)


def kept(study: Study, trial: TrialResults) -> None:
    """Draw the first of the scans that keep their call without the tumour, each a link to the case."""
    st.caption(text.kept(len(trial.kept), trial))
    with st.container(horizontal=True, gap="small"):
        for call in trial.kept[:KEPT]:
            words = study.classes.display[call.reference]
            tiles.thumbnail(study, call.case_id, words, note=text.kept_note(call, study.classes))
    if trial.kept:
        exports.csv_button(study, lambda: text.kept_records(trial.kept), what="kept-calls")


def curves(study: Study, trial: TrialResults) -> None:
    """Draw each corruption on its own small axes, those that break the model first."""
    ordered = hardest(trial.corruptions)
    broken = [row for row in ordered if not text.holds(row)] or ordered
    _multiples(study, trial, broken)
    if whole := [row for row in ordered if row not in broken]:
        frame.folded(text.hold_throughout(len(whole)), key="hold", draw=lambda: _multiples(study, trial, whole))


def _multiples(study: Study, trial: TrialResults, corrupted: Sequence[Corruption]) -> None:
    with st.container(horizontal=True, gap="small"):
        for corruption in corrupted:
            with st.container(width=CURVE, gap=None):
                name = CORRUPTIONS[corruption.name]
                st.markdown(f"**{name}**  \n:small[:gray[{text.held(corruption)}]]")
                figure = charts.severities(trial, corruption)
                alt = f"{name}: sensitivity and specificity against severity; {text.held(corruption)}"
                exports.chart(study, figure, name=f"severity_{corruption.name}", alt=alt, width=CURVE)


def getting_worse(study: Study, trial: TrialResults) -> None:
    """Draw the choice of a corruption and of a severity, and what one scan is called there."""
    names = [corruption.name for corruption in hardest(trial.corruptions)]
    name = state.named(state.SPOILT, names, default=names[0])
    state.follow(state.SPOILT, names, default=names[0])
    st.selectbox(
        "Spoilt by",
        names,
        format_func=CORRUPTIONS.__getitem__,
        key=state.SPOILT,
        width=260,
        on_change=state.class_chosen,
        args=(state.SPOILT,),
    )
    scan = worsening(trial, name, first_to_change(trial, name))
    level = st.select_slider(
        "Severity", [step.level for step in scan.steps], format_func=text.severity_label, key="severity", width=420
    )
    _step(study, scan, name, level)


def _step(study: Study, scan: Worsening, name: str, level: int) -> None:
    step = next(step for step in scan.steps if step.level == level)
    left, right = st.columns([1, 2], gap="medium")
    with left:
        if compute.has_image(study, scan.case_id):
            change = name if level else "none"
            address = tiles.url(study, scan.case_id, size="thumbnail", change=change, level=str(level))
            st.image(address, width=256, alt=f"Scan, {text.severity_label(level)}")
    with right.container(gap="xsmall"):
        st.markdown(escaped(text.step(scan, step, study.classes)))
        table(text.step_rows(scan, study.classes), alt="What the scan is called at each severity")
        query = state.link(study.path.name, scan.case_id)
        st.page_link(tiles.ERRORS_PAGE, label=":blue[Open the case]", icon="", query_params=query)
