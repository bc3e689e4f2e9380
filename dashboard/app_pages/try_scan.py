"""What does the model say of a scan? Uploaded, read and forgotten; what looks like it in the study beside it."""

import streamlit as st

from dashboard import state, text, text_scan
from dashboard.components import frame, scan_form, scan_view
from dashboard.figures.formats import escaped

study = frame.chosen()
frame.title(study, text.TITLES["try_scan"])
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
