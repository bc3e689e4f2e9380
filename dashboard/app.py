"""Entry of the dashboard: navigation and sidebar around one page."""

import streamlit as st

from neuroval.dashboard.access import sign_in as login
from neuroval.dashboard.components import print_style, tables
from neuroval.dashboard.components.frame import pages, sidebar, stands_alone
from neuroval.dashboard.figures.look import STYLE
from neuroval.dashboard.pages import SCAN_PAGE
from neuroval.dashboard.session import state

st.set_page_config(page_title="NeuroVal", layout="wide")  # an icon would be fetched from the internet
st.html(f"<style>{STYLE}{tables.STYLE}{print_style.STYLE}</style>")
page = st.navigation(pages(), position="hidden")
if page.url_path != SCAN_PAGE:
    state.leave_scans()
with st.container(width=1200):
    if login.passed() and (sidebar() is not None or stands_alone(page)):
        page.run()
