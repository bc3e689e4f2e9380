"""Entry of the dashboard: navigation and sidebar around one page."""

import streamlit as st

from dashboard import login
from dashboard.components.frame import pages, sidebar, stands_alone

st.set_page_config(page_title="NeuroVal", layout="wide")  # an icon would be fetched from the internet
page = st.navigation(pages(), position="hidden")
with st.container(width=1200):
    if login.passed() and (sidebar() is not None or stands_alone(page)):
        page.run()
