"""How good is it on each class? A forest plot of each rate, and the numbers behind it."""

import streamlit as st

from dashboard import compute, text
from dashboard.components import exports, frame
from dashboard.components.tables import rate_rows, row_name
from dashboard.figures.forest import Row, forest, lowest
from dashboard.figures.look import ACCENT

study, evidence = frame.opened("per_class")
judged, classes = evidence.performance, study.classes
frame.answer(text.per_class(judged, classes))

measures = [(one, getattr(one, rate)) for rate in text.RATES for one in compute.rows(judged)]
start = lowest([measure.headline for _, measure in measures])
for pair in (("sensitivity", "specificity"), ("ppv", "npv")):
    for column, rate in zip(st.columns(2, gap="medium"), pair, strict=True):
        rows = [
            Row(
                label=row_name(one.name, classes),
                colour=classes.colour.get(one.name, ACCENT),
                estimate=getattr(one, rate).headline,
            )
            for one in compute.rows(judged)
        ]
        figure = forest(text.RATES[rate], rows, start=start)
        with column:
            exports.chart(study, figure, name=rate, alt=f"{text.RATES[rate]} by class with intervals")
st.caption(f"n = {judged.matrix.n:,} {evidence.split} scans. Lines are 95% intervals, the wider of the two below.")

st.subheader("Plain and cluster-adjusted", anchor=False)
table = rate_rows(compute.rows(judged), classes)
st.dataframe(
    table, hide_index=True, height="content", alt="Every rate with its plain and its cluster-adjusted interval"
)
exports.csv_button(study, table, what="per-class")
frame.how("per_class")
