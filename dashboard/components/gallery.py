"""The filters of the error gallery, in one line, and its pages."""

import math
from collections.abc import Sequence

import streamlit as st

from dashboard import state, text
from dashboard.compute import Case
from data.classes import ClassOrder

PAGE_SIZE = 24
ALL = "all"


def filtered(cases: Sequence[Case], classes: ClassOrder) -> list[Case]:
    """Draw the filters and return the cases that pass them, in their order."""
    options = [ALL, *classes.names]

    def shown(name: str) -> str:
        return classes.display.get(name, "All classes")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox(
            "Reference",
            options,
            format_func=shown,
            key=state.REFERENCE,
            bind="query-params",
            width=220,
            on_change=state.first_page,
        )
        predicted = st.selectbox(
            "Predicted",
            options,
            format_func=shown,
            key=state.PREDICTED,
            bind="query-params",
            width=220,
            on_change=state.first_page,
        )
        high = st.toggle("Only high confidence", key=state.HIGH, bind="query-params", on_change=state.first_page)
    return [
        case
        for case in cases
        if reference in (ALL, case.reference)
        and predicted in (ALL, case.predicted)
        and (not high or case.tier == "high")
    ]


def page_of(cases: Sequence[Case], *, total: int) -> Sequence[Case]:
    """Draw the count and the page picker and return the cases of the page."""
    pages = max(1, math.ceil(len(cases) / PAGE_SIZE))
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    with line:
        count = st.empty()
        page = st.pagination(pages, key=state.PAGE, bind="query-params") if pages > 1 else 1
    first = (min(page, pages) - 1) * PAGE_SIZE
    chosen = cases[first : first + PAGE_SIZE]
    count.caption(text.shown(first + 1, first + len(chosen), len(cases), total))
    return chosen
