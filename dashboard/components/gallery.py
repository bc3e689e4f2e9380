"""The cases of a gallery: which, by filters in one line, and page by page."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.selection import FILTERS, SUBGROUP, Selection
from neuroval.dashboard.components import exports
from neuroval.dashboard.session import state
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import cases as text
from neuroval.dashboard.words import subgroups as text_subgroups
from neuroval.dashboard.words.formats import escaped
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study

FIRST = FILTERS[:3]  # the others wait behind a button
LISTED = 500  # values of a filter sent to the browser, at most; further ones can be typed


def passing(selection: Selection) -> NDArray[np.int64]:
    """Return the rows of the cases that pass the filters in the address, in their order."""
    wanted = {key: state.named(key, selection.known(key), default=state.ALL) for key in state.held(FILTERS)}
    active = {key: value for key, value in wanted.items() if value != state.ALL}
    if selection.results.subgroup_named(state.subgroup()) is not None:
        active[SUBGROUP] = state.subgroup()
    return selection.rows(active, everything=state.everything())


def filters(selection: Selection, classes: ClassOrder) -> None:
    """Draw which cases are shown, and the filters that can tell them apart."""
    rows = selection.rows({}, everything=state.everything())
    values = {key: selection.values(key, rows) for key in FILTERS}
    active = [key for key in FILTERS if state.named(key, selection.known(key), default=state.ALL) != state.ALL]
    more = [key for key in FILTERS if key not in FIRST and (len(values[key]) > 1 or key in active)]
    with st.container(horizontal=True, vertical_alignment="top"):
        st.segmented_control(
            "Shown",
            list(text.GALLERIES),
            format_func=text.GALLERIES.__getitem__,
            key=state.CASES,
            required=True,
            on_change=state.everything_chosen,
        )
        for key in FIRST:
            _filter(key, values[key], selection, classes)
        if more:
            number = len(set(active) & set(more))
            label = f"More filters ({number})" if number else "More filters"
            beside = st.container(width="content", height="stretch", vertical_alignment="bottom")  # it has no label
            with beside.popover(label, icon=":material/filter_list:"):
                for key in more:
                    _filter(key, values[key], selection, classes)
    hidden = {key: state.named(key, selection.known(key), default=state.ALL) for key in active if key in more}
    if hidden:
        st.caption(escaped(text.active(hidden, classes)))
    subgroup = selection.results.subgroup_named(state.subgroup())
    if subgroup is not None:
        words = escaped(text_subgroups.filtered(*subgroup))
        st.button(words, key="leave-subgroup", icon=":material/close:", on_click=state.leave_subgroup)


def _filter(key: str, values: Sequence[str], selection: Selection, classes: ClassOrder) -> None:
    chosen = state.named(key, selection.known(key), default=state.ALL)
    listed = list(values[:LISTED])
    if chosen not in (state.ALL, *listed):
        listed.append(chosen)
    state.follow(key, selection.known(key), default=state.ALL)
    st.selectbox(
        text.FILTERS[key],
        [state.ALL, *listed],
        format_func=lambda value: text.filter_value(key, value, classes),
        key=key,
        width=165,  # two beside each other on a phone
        accept_new_options=len(values) > LISTED,
        on_change=state.filter_chosen,
        args=(key,),
    )


def page_of(number: int, *, total: int, noun: str, size: int) -> slice:
    """Draw the count and the page picker and return the part of ``number`` things that is on the page."""
    pages = max(1, math.ceil(number / size))
    line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    with line:
        count = st.empty()
        page = st.pagination(pages, key=state.PAGE, bind="query-params") if pages > 1 else 1
    first = (min(page, pages) - 1) * size
    last = min(first + size, number)
    count.caption(text.shown(first + 1, last, number, total, noun=noun))
    return slice(first, last)


def on_target(study: Study, evidence: Evidence) -> None:
    """Draw whether the evidence lies on the tumour, by class; nothing for a study without maps."""
    if study.gradcam is None:
        return
    st.header(text_audit.SALIENCY_TITLE, anchor=False)
    rows = text_audit.narrow_saliency_rows(evidence.results.saliency, evidence.results.evidence_share, study.classes)
    if not rows:
        st.caption(text_audit.NO_OUTLINES)
        return
    if guided := text_audit.guided(study.manifest):
        st.markdown(escaped(guided), width=860)
    exports.table(study, rows, what="saliency", alt="Grad-CAM of the reference class against the outline, by class")
    left_out = text_audit.without_evidence(evidence.results.saliency, study.classes)
    st.caption(escaped(f"{left_out} {text_audit.SALIENCY}".strip()))
