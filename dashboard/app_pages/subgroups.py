"""Whom do the averages hide? Each rate by the levels of what is recorded, and its difference to the rest."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components import subgroups as shown
from neuroval.dashboard.words import subgroups as text
from neuroval.dashboard.words.formats import escaped

study, evidence = frame.opened("subgroups")
if not evidence.results.subgroups.columns:
    st.info(text.NOTHING)
else:
    place = st.container()
    table, key = shown.chosen(evidence)
    with place:
        frame.answer(text.answer(table, key, study.classes))
        frame.seen(evidence)
    shown.forest(study, table, key)
    st.caption(escaped(f"{text.of_what(table, evidence.basis)} {text.DRAWN} {text.CLICK}"))
    frame.answer(text.test(table, key, study.classes))
    st.header("The scans behind it", anchor=False)
    shown.scans(study, evidence, table, key)
    st.header(text.TABLE, anchor=False)
    exports.table(study, text.rows(table, key, study.classes), what="subgroup", alt="Subgroups with one number")
    exports.csv_button(
        study, lambda: text.all_rows(table, study.classes), what="subgroups", label="CSV of every number"
    )
frame.how("subgroups")
