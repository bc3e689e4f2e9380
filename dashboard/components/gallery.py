"""The cases of a gallery: which, by filters in one line, and page by page."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.reviews import REVIEW_FILTERS
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
    state.keep_filters((*FILTERS, SUBGROUP, *REVIEW_FILTERS))
    return selection.rows(active(selection), everything=state.everything())


def active(selection: Selection) -> dict[str, str]:
    """Return the filters that are set, in their order, each with its value."""
    wanted = {key: state.named(key, selection.known(key), default=state.ALL) for key in state.held(FILTERS)}
    wanted = {key: value for key, value in wanted.items() if value != state.ALL}
    if selection.results.subgroups.named(state.subgroup()) is not None:
        wanted[SUBGROUP] = state.subgroup()
    return wanted


def headline(selection: Selection, classes: ClassOrder) -> None:
    """Say how often the model is wrong on the scans that pass the filters; nothing without filters."""
    if wanted := active(selection):
        named = selection.results.subgroups.named(wanted.get(SUBGROUP, ""))
        parts = [text.spoken_filter(key, value, classes) for key, value in wanted.items() if key != SUBGROUP]
        parts += [] if named is None else [text_subgroups.subgroup(*named)]
        st.markdown(escaped(text.filtered(selection.rate(wanted), parts)), width=860)


def _said(selection: Selection, key: str, value: str, classes: ClassOrder) -> str:
    """Return a filter that is set, in words."""
    if key == SUBGROUP and (named := selection.results.subgroups.named(value)) is not None:
        return text_subgroups.filtered(*named)
    return text.chip(key, value, classes)


def filters(selection: Selection, classes: ClassOrder) -> None:
    """Draw which cases are shown, and the filters that can tell them apart."""
    rows = selection.rows({}, everything=state.everything())
    values = {key: selection.values(key, rows) for key in FILTERS}
    wanted = active(selection)
    more = [key for key in FILTERS if key not in FIRST and (len(values[key]) > 1 or key in wanted)]
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
            number = len(set(wanted) & set(more))
            label = f"More filters ({number})" if number else "More filters"
            beside = st.container(width="content", height="stretch", vertical_alignment="bottom")  # it has no label
            with beside.popover(label, icon=":material/filter_list:"):
                for key in more:
                    _filter(key, values[key], selection, classes)
    if wanted:
        _chips(selection, wanted, classes)


def _chips(selection: Selection, wanted: Mapping[str, str], classes: ClassOrder) -> None:
    """Draw each filter that is set as a button that takes it off."""
    with st.container(horizontal=True, gap="xsmall"):
        for key, value in wanted.items():
            st.button(
                escaped(_said(selection, key, value, classes)),
                icon=":material/close:",
                icon_position="right",
                key=f"chip-{key}",
                help=text.TAKE_OFF,
                on_click=state.filter_cleared,
                args=((key,),),
            )
        if len(wanted) > 1:
            st.button(
                text.TAKE_ALL_OFF,
                key="chip-all",
                type="tertiary",
                on_click=state.filter_cleared,
                args=((*FILTERS, SUBGROUP),),
            )


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
    results = evidence.mapped.results
    if results.maps is None:
        return
    st.header(text_audit.SALIENCY_TITLE, anchor=False)
    if note := text_audit.of_network_itself(evidence.basis, results.basis):
        st.caption(note)
    rows = text_audit.narrow_saliency_rows(results.saliency, results.evidence_share, study.classes)
    if not rows:
        st.caption(text_audit.NO_OUTLINES)
        return
    if guided := text_audit.guided(study.manifest):
        st.markdown(escaped(guided), width=860)
    exports.table(study, rows, what="saliency", alt="Grad-CAM of the reference class against the outline, by class")
    left_out = text_audit.without_evidence(results.saliency, study.classes)
    st.caption(escaped(f"{left_out} {text_audit.SALIENCY}".strip()))
