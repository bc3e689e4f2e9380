"""Who saw what? The access log, for an auditor and an administrator."""

import streamlit as st

from neuroval.dashboard.components import access_log, frame
from neuroval.dashboard.pages import PAGES

st.title(PAGES["access_log"].question, anchor=False)
access_log.access_log()
frame.how("access_log")
