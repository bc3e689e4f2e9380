"""What was it tested on? Classes, splits, what is shared with training, sources, examples."""

import streamlit as st

from neuroval.dashboard.components import behind, exports, frame, images, pairs, tiles
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import data_set as text_data
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.formats import counted, cut_names, escaped, full
from neuroval.dashboard.words.overview import HEADLINES

if pairs.asked_for():
    shown = frame.chosen()
    pairs.view(shown, compute.evidence(shown, frame.basis(shown)))
    frame.how("data_set")
    st.stop()

study, evidence = frame.opened("data_set")
dataset, leakage, display = evidence.results.whole.dataset, evidence.results.audit.leakage, study.classes.display
frame.answer(text_data.answer(dataset, leakage, study.classes))

exports.chart(study, charts.splits(evidence), name="splits", alt="Scans by split, stacked by class")
names = cut_names([display[name] for name in study.classes.names])
st.caption(escaped(f"n = {dataset.n:,}. {text_data.imbalance(dataset, leakage.split)} {names}"))

st.header("Who is in it", anchor=False)
members = text_data.class_rows(dataset, study.classes)
exports.table(study, members, what="classes", alt="Scans, groups and patients by class, all splits")
st.caption(escaped(text_data.missing(evidence.results.whole.images)))

st.header("Shared with training", anchor=False)
shared = [
    {
        "Class": display.get(row.name, "All"),
        "Group": full(row.group),
        "Copy": full(row.copy),
        "Patient, where known": full(row.patient),
    }
    for row in (leakage.overall, *leakage.classes)
]
exports.table(study, shared, what="shared", alt="Share of cases that training has seen, by class")
st.caption(f"{counted(leakage.groups, 'group')}; the largest holds {counted(leakage.largest_group, 'scan')}.")
st.caption(f"Training counts every scan that the model was fitted on: {text.fitted_on(leakage.split)}.")

if evidence.results.audit.twin_kinds:
    st.header("Copies across splits", anchor=False)
    exports.table(
        study, text_data.twins(evidence.results.audit.twin_kinds), what="copies", alt="Copies of training scans by kind"
    )
    pairs.examples(study, evidence)
st.caption(text_data.copies_sought(study.cases, study.pairs))
pairs.links(evidence)

st.header(text_audit.STEPS_TITLE, anchor=False)
steps = text_audit.narrow_step_rows(evidence.results.published, HEADLINES)
exports.table(study, steps, what="steps", alt="Headline numbers without what training has seen, step by step")
st.caption(text_audit.STEPS_CAPTION)

st.header("Class by source", anchor=False)
sources = text_data.source_rows(dataset, study.classes)
exports.table(study, sources, what="sources", alt="Scans by class and source")
behind.levels(study, evidence, "source")
if evidence.results.whole.confounding:
    st.header("What else answers 'any tumour?'", anchor=False)
    factors = text_data.confounding(evidence.results.whole.confounding)
    exports.table(study, factors, what="factors", alt="How far other factors alone answer 'any tumour?'")
    for key in ("site", "plane"):
        behind.levels(study, evidence, key)
else:
    st.caption(text_data.NO_FACTOR)
if brightness := text_data.greys(evidence.results.whole.images, study.classes):
    st.caption(escaped(brightness))

st.header("Examples", anchor=False)
folder = compute.linked(study)
if tiles.images_note(study) and folder is not None:
    if note := text_data.linked(folder):
        st.caption(note)
    for half, (name, ids) in zip(frame.in_pairs(len(evidence.examples)), evidence.examples.items(), strict=True):
        with half:
            st.markdown(f"**{escaped(display[name])}**")
            tiles.strip(study, [evidence.cases[case_id] for case_id in ids])
st.header("Details", anchor=False)
images.contents(study, evidence)
images.missing(study, evidence)
if evidence.rejected:
    frame.folded(
        f"Files that could not be used ({len(evidence.rejected):,})",
        key="rejected",
        draw=lambda: table(text_data.rejected(evidence.rejected), alt="Rejected files"),
    )
frame.how("data_set")
