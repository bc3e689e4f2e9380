"""How does a model do on other scans? An evaluation into a new study: the form, and how far it has come."""

import streamlit as st

from neuroval.dashboard.components import frame, run
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.words import run as text_run

st.title(PAGES["run"].question, anchor=False)
frame.answer(text_run.ANSWER)
left, right = st.columns(2, gap="large")
with left:
    run.form()
with right:
    st.header("Last evaluation", anchor=False)
    run.outcome()
frame.how("run")
