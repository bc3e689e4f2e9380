"""Entry of the dashboard: navigation and sidebar around one page."""

import streamlit as st

from dashboard.components.frame import PAGE_FILES, sidebar

NAVIGATION = {
    "Verdict": [("overview", "Overview", "verified")],
    "Evidence": [
        ("data_set", "Data set", "dataset"),
        ("per_class", "Per class", "table_rows"),
        ("confusion", "Confusion", "grid_on"),
        ("errors", "Errors", "error_outline"),
    ],
}

st.set_page_config(page_title="NeuroVal", page_icon=":material/neurology:", layout="wide")
page = st.navigation(
    {
        group: [
            st.Page(PAGE_FILES[name], title=title, icon=f":material/{icon}:", url_path=name, default=name == "overview")
            for name, title, icon in pages
        ]
        for group, pages in NAVIGATION.items()
    }
)
if sidebar() is not None:
    with st.container(width=1200):
        page.run()
