"""The filters of the error gallery, in one line, and its pages."""

import math
from collections.abc import Sequence

import streamlit as st

from dashboard import state, text
from dashboard.compute import Case
from data.classes import ClassOrder

PAGE_SIZE = 24


def passing(cases: Sequence[Case], classes: ClassOrder) -> list[Case]:
    """Return the cases that pass the filters in the address, in their order."""
    reference, predicted = (
        state.named_class(key, classes.names, default=state.ALL) for key in (state.REFERENCE, state.PREDICTED)
    )
    return [
        case
        for case in cases
        if reference in (state.ALL, case.reference)
        and predicted in (state.ALL, case.predicted)
        and (not state.only_high() or case.tier == "high")
    ]


def filters(classes: ClassOrder) -> None:
    """Draw the filters."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, key in (("Reference", state.REFERENCE), ("Predicted", state.PREDICTED)):
            state.follow_class(key, classes.names, default=state.ALL)
            st.selectbox(
                label,
                [state.ALL, *classes.names],
                format_func=lambda name: classes.display.get(name, "All classes"),
                key=key,
                width=220,
                on_change=state.filter_chosen,
                args=(key,),
            )
        state.follow_high()
        st.toggle("Only high confidence", key=state.HIGH, on_change=state.filter_chosen, args=(state.HIGH,))


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
