"""What goes on file? The reviewer's choices at the left, the report at the right."""

import streamlit as st

from neuroval.dashboard.components import frame, report_form
from neuroval.dashboard.words import report as text

study, evidence = frame.opened("report")
frame.answer(text.answer(evidence.results.criteria, evidence.results.findings))
left, right = st.columns([1, 2], gap="medium")
with left:
    options, asked = report_form.choices(evidence)
with right:
    report_form.result(study, options, asked=asked)
frame.how("report")
