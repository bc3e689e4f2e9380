"""Does it need the tumour? What it says without the tumour and of the tumour elsewhere; what the file gives away."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components import trial as shown
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import distance_to_training as text_distance
from neuroval.dashboard.words import trial as text
from neuroval.dashboard.words import trial_maps as text_maps
from neuroval.dashboard.words.formats import escaped

study, evidence = frame.opened("shortcuts")
trial, baselines = evidence.results.trial, evidence.results.whole.baselines
if trial is None:
    st.info(text.no_trial(study), icon=":material/science:")
else:
    frame.answer(text.answer(trial, study.classes))
    if told := " ".join(part for part in (text.moved(trial), text.healthy(trial)) if part):
        st.markdown(escaped(told), width=860)
    shown.pictures(study, trial)
    if trial.needs or trial.sufficiencies:
        alt = "How often the call changes with the tumour and in the control, by class, with intervals"
        exports.chart(study, charts.need_and_sufficiency(study, trial), name="need_and_sufficiency", alt=alt)
        st.caption(escaped(f"{text.of_what(trial, evidence.published.basis)} {text.GAP}"))
        st.caption(text.LIMITS)
        shown.each_way(study, trial)

if trial is not None and trial.maps is not None:
    st.header(text_maps.TITLE, anchor=False)
    shown.maps(study, trial.maps, evidence.published.basis)

st.header(text.BASELINE_TITLE, anchor=False)
if baselines is None:
    st.caption(text.NO_BASELINES)
else:
    frame.answer(text.without_looking(baselines))
    rows = text.baseline_rows(baselines)
    exports.table(study, rows, what="baselines", alt="What each kind of knowledge about a scan answers")
    st.caption(escaped(text.judged_on(baselines)))

by_distance = evidence.results.audit.by_distance
st.header(text_distance.TITLE, anchor=False)
if by_distance.reason is not None:
    st.caption(escaped(text_distance.nothing(by_distance.reason)))
else:
    frame.answer(text_distance.answer(by_distance))
    rows = text_distance.rows(by_distance)
    exports.table(study, rows, what="distance-to-training", alt=text_distance.ALT)
    st.caption(escaped(text_distance.of_what(by_distance, evidence.published.basis)))

if trial is not None:
    st.header("Scans that keep their call without the tumour", anchor=False)
    shown.kept(study, trial)
frame.how("shortcuts")
