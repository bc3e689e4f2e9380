"""How good is it on each class? A forest plot of each rate, what a call is worth elsewhere, and the numbers."""

import streamlit as st

from dashboard import compute, text
from dashboard.components import behind, exports, frame, performance
from dashboard.figures.forest import Row, forest, lowest
from dashboard.figures.look import ACCENT
from dashboard.results import rows as rows_of

study, evidence = frame.opened("per_class")
judged, classes = evidence.performance, study.classes
frame.answer(text.per_class(judged, classes))
frame.seen(evidence)

measures = [(one, getattr(one, rate)) for rate in text.RATES for one in rows_of(judged)]
start = lowest([measure.headline for _, measure in measures])
for pair in (("sensitivity", "specificity"), ("ppv", "npv")):
    for column, rate in zip(st.columns(2, gap="medium"), pair, strict=True):
        rows = tuple(
            Row(
                label=text.row_name(one.name, classes),
                colour=classes.colour.get(one.name, ACCENT),
                estimate=getattr(one, rate).headline,
            )
            for one in rows_of(judged)
        )
        figure = compute.figure(forest, text.RATES[rate], rows, start=start)
        with column:
            exports.chart(study, figure, name=rate, alt=f"{text.RATES[rate]} by class with intervals")
st.caption(f"n = {judged.matrix.n:,} {evidence.split} scans. Lines are 95% intervals, the wider of two.")

behind.classes(study, evidence)

question = performance.at_the_clinic(study, evidence)
moved = performance.at_a_threshold(study, evidence)
performance.curves(study, evidence, question, moved)
performance.ranking(study, evidence)
left, right = st.columns(2, gap="large")
with left:
    performance.overall(study, evidence)
with right:
    performance.by_patient(study, evidence)
frame.folded(
    "Plain and cluster-adjusted intervals",
    key="intervals",
    draw=lambda: performance.plain_and_clustered(study, evidence),
)
frame.how("per_class")
