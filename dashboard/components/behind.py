"""The way from a number to its scans: from a tier or a bin of confidence, and from a finding."""

import streamlit as st

from analysis.findings import Finding
from dashboard import state
from dashboard import text_cases as text
from dashboard.components import cases
from dashboard.components.frame import LABELS, PAGE_FILES
from dashboard.evidence import Evidence
from dashboard.text import finding as said
from data.study import Study

FIRST = 4  # scans shown; the gallery holds all
FINDINGS = {  # by code, page and settings that show the cases of a finding; other findings lead to their page
    "shared_groups": ("data_set", {state.PAIRS: "across"}),
    "label_conflicts": ("data_set", {state.PAIRS: "labels"}),
    "leakage_unchecked": ("errors", {state.CASES: state.EVERY, "shared": "unknown"}),
}


def finding(study: Study, found: Finding) -> None:
    """Draw a finding, and the link to its cases or to the page that shows it."""
    page, settings = FINDINGS.get(found.code, (found.page, {}))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(said(found), width="stretch")
        if page in PAGE_FILES:
            label = text.SEE_SCANS if settings else f"See {LABELS[page].lower()}"
            query = state.link(study.path.name, None, **settings)
            st.page_link(PAGE_FILES[page], label=f":blue[{label}]", icon="", query_params=query)


def confidence(study: Study, evidence: Evidence) -> None:
    """Draw the choice of a tier or a bin and its first scans; a click on the diagram chooses a bin."""
    found = evidence.confidence
    bins = [f"bin-{index}" for index, one in enumerate(found.reliability.top_label.bins, start=1) if one.n]
    tiers = {one.tier: one.at_least for one in found.tiers if one.share.plain.count}
    options = [*(f"tier-{tier}" for tier in tiers), *bins]
    chosen = state.named(state.OF, options, default=options[0])
    state.follow(state.OF, options, default=options[0])
    st.selectbox(
        "Scans of",
        options,
        format_func=lambda value: text.behind(value, tiers),
        key=state.OF,
        width=260,
        on_change=state.class_chosen,
        args=(state.OF,),
    )
    kind, _, value = chosen.partition("-")
    key = "confidence" if kind == "tier" else "bin"
    rows = evidence.selection.rows({key: value}, everything=True)
    st.caption(text.scans_behind(len(rows), evidence.selection.wrong(rows)))
    first = [evidence.cases[case_id] for case_id in evidence.selection.ids(rows[:FIRST])]
    cases.tiles(study, first, columns=FIRST, pictures=cases.images_note(study))
    in_gallery(study, len(rows), **{key: value})


def in_gallery(study: Study, number: int, **filters: str) -> None:
    """Draw a link to the gallery of all evaluated scans with these filters."""
    query = state.link(study.path.name, None, **{state.CASES: state.EVERY}, **filters)
    label = f":blue[{text.see_all(number)}]"
    st.page_link(cases.ERRORS_PAGE, label=label, icon="", query_params=query)
