"""The filters of the error gallery, in one line, and its pages."""

import math
from collections.abc import Sequence

import streamlit as st

from dashboard import state, text
from dashboard.evidence import Case
from data.classes import ClassOrder

PAGE_SIZE = 24
FIRST = ("reference", "predicted", "confidence")  # the others wait behind a button


def passing(cases: Sequence[Case]) -> list[Case]:
    """Return the cases that pass the filters in the address, in their order."""
    wanted = {key: state.named(key, values, default=state.ALL) for key, values in _values(cases).items()}
    active = {key: value for key, value in wanted.items() if value != state.ALL}
    return [case for case in cases if all(case.filters.get(key) == value for key, value in active.items())]


def filters(cases: Sequence[Case], classes: ClassOrder) -> None:
    """Draw the filters that can tell the cases apart."""
    values = _values(cases)
    more = [key for key in values if key not in FIRST]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key in FIRST:
            _filter(key, values[key], classes)
        active = sum(state.named(key, values[key], default=state.ALL) != state.ALL for key in more)
        if more:
            label = f"More filters ({active})" if active else "More filters"
            with st.popover(label, icon=":material/filter_list:"):
                for key in more:
                    _filter(key, values[key], classes)


def _values(cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return each filter with the values that occur, in the order of first use; a single value filters nothing."""
    found: dict[str, dict[str, None]] = {key: {} for key in FIRST}
    for case in cases:
        for key, value in case.filters.items():
            found.setdefault(key, {})[value] = None
    return {key: sorted(values) for key, values in found.items() if key in FIRST or len(values) > 1}


def _filter(key: str, values: Sequence[str], classes: ClassOrder) -> None:
    known = classes.names if key in ("reference", "predicted") else tuple(text.FILTER_VALUES)
    ordered = sorted(values, key=lambda value: known.index(value) if value in known else len(known))
    state.follow(key, values, default=state.ALL)
    st.selectbox(
        text.FILTERS[key],
        [state.ALL, *ordered],
        format_func=lambda value: text.filter_value(key, value, classes),
        key=key,
        width=200,
        on_change=state.filter_chosen,
        args=(key,),
    )


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
