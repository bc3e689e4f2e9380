"""What does the model say of a scan? Uploaded, read and forgotten; what looks like it in the study beside it."""

import streamlit as st

from neuroval.dashboard.components import frame, scan_form, scan_view
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.session import state
from neuroval.dashboard.words import try_scan as text_scan
from neuroval.dashboard.words.formats import escaped

study = frame.chosen()
frame.title(study, PAGES["try_scan"].question)
reader = scan_form.reader(study)

if reader is not None:
    if text_scan.drawn(reader.card, study.manifest):
        st.warning(text_scan.DRAWN)
    form, result = st.columns([2, 5], gap="large")
    with form:
        st.caption(escaped(text_scan.model(reader.card)))
        files = scan_form.files()
    with result:
        if files:
            scan_view.show(study, reader, files)
        else:
            state.forget_scans()
            st.caption(text_scan.NO_SCAN)
frame.how("try_scan")
