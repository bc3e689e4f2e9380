"""How good is it on each class? A forest plot of each rate, what a call is worth elsewhere, and the numbers."""

import streamlit as st

from neuroval.analysis.study.results import rows as rows_of
from neuroval.dashboard.components import behind, exports, frame, performance
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words import per_class as text_classes
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import cut_names, escaped

study, evidence = frame.opened("per_class")
judged, classes = evidence.results.performance, study.classes
frame.answer(text_classes.answer(judged, classes))
frame.seen(evidence)

for column, rates in zip(st.columns(2, gap="medium"), charts.RATES, strict=True):
    name, titles = "-".join(rate.key for rate in rates), " and ".join(rate.label for rate in rates)
    with column:
        exports.chart(study, charts.rates(evidence, rates), name=name, alt=f"{titles} by class with intervals")
shown = [text.row_name(rates.name, classes) for rates in rows_of(judged)]
st.caption(escaped(f"{of_scans(judged.matrix.n, evidence.basis)} {text.LINES} {cut_names(shown)}"))
performance.label_errors(evidence)

behind.classes(study, evidence)
performance.no_result(study, evidence)

question = performance.at_the_clinic(study, evidence)
moved = performance.at_a_threshold(study, evidence)
performance.curves(study, evidence, question, moved)
performance.by_patient(study, evidence)
performance.details(study, evidence)
frame.how("per_class")
