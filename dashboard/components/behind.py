"""The way from a number to its scans: from a finding, a class, a source, a tier or a bin of confidence."""

import streamlit as st

from neuroval.analysis.core.confusion import ConfusionMatrix
from neuroval.analysis.core.finding import Finding
from neuroval.analysis.performance.subgroups import name_of
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import tiles
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.session import state
from neuroval.dashboard.words import cases as text
from neuroval.dashboard.words.confusion import matrix_rows
from neuroval.dashboard.words.findings import badge
from neuroval.dashboard.words.formats import escaped
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study

FIRST = 4  # scans shown; the gallery holds all
LINKS = 8
FINDINGS = {  # by code, page and settings that show the cases of a finding; other findings lead to their page
    "shared_groups": ("data_set", {state.PAIRS: "across"}),
    "label_conflicts": ("data_set", {state.PAIRS: "labels"}),
    "leakage_unchecked": ("errors", {state.CASES: state.EVERY, "shared": "unknown"}),
}


def finding(study: Study, finding: Finding) -> None:
    """Draw a finding, and the link to its cases or to the page that shows it."""
    page, settings = FINDINGS.get(finding.code, (finding.page, {}))
    there = {**settings, **_subgroup(finding)}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(badge(finding), width="stretch")
        if page in PAGES:
            label = text.SEE_SCANS if settings else f"See {PAGES[page].label.lower()}"
            query = state.link(study.path.name, None, **there)
            st.page_link(PAGES[page].file, label=f":blue[{label}]", icon="", query_params=query)


def _subgroup(finding: Finding) -> dict[str, str]:
    """Return the settings of the page of subgroups that show the subgroup of a finding; none for other findings."""
    if finding.page != "subgroups":
        return {}
    by, values = finding.facts["by"], finding.facts["values"]
    chosen = {state.BY: by[0], state.NUMBER: finding.facts["key"], state.LEVEL: name_of(by, values)}
    return chosen if len(by) == 1 else {**chosen, state.CROSS: by[1]}


def confidence(study: Study, evidence: Evidence) -> None:
    """Draw the choice of a tier or a bin and its first scans; a click on the diagram chooses a bin."""
    scores = evidence.results.confidence
    bins = [
        f"bin-{index}"
        for index, bin_of_curve in enumerate(scores.reliability.top_label.bins, start=1)
        if bin_of_curve.n
    ]
    tiers: dict[str, float] = {tier.tier: tier.at_least for tier in scores.tiers if tier.share.plain.count}
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
    tiles.tiles(study, first, columns=FIRST, pictures=tiles.images_note(study))
    in_gallery(study, len(rows), **{key: value})


def levels(study: Study, evidence: Evidence, key: str) -> None:
    """Draw a link to the evaluated scans of each source, site or plane, the first of many; nothing for a single one."""
    selection = evidence.selection
    rows = selection.rows({}, everything=True)
    values = selection.values(key, rows)
    if len(values) < 2:
        return
    with st.container(horizontal=True, gap="small"):
        for value in values[:LINKS]:
            number = len(selection.rows({key: value}, everything=True))
            _to_gallery(study, text.scans_of(value, number, evidence.basis), everything=True, **{key: value})


def classes(study: Study, evidence: Evidence) -> None:
    """Draw links to the errors on each class, and to the scans wrongly called it, the most frequent first."""
    selection, names = evidence.selection, study.classes
    ways = [
        (len(selection.rows({key: name}, everything=False)), key, name)
        for key in ("reference", "predicted")
        for name in names.names
    ]
    with st.container(horizontal=True, gap="small"):
        for number, key, name in sorted(ways, key=lambda way: -way[0])[:LINKS]:
            if number:
                _to_gallery(study, text.errors_of(number, key, name, names), everything=False, **{key: name})


def _to_gallery(study: Study, words: str, *, everything: bool, **filters: str) -> None:
    whole = {state.CASES: state.EVERY} if everything else {}
    query = state.link(study.path.name, None, **whole, **filters)
    st.page_link(tiles.ERRORS_PAGE, label=f":blue[{escaped(words)}]", icon="", query_params=query)


def in_gallery(study: Study, number: int, **filters: str) -> None:
    """Draw a link to the gallery of all evaluated scans with these filters."""
    _to_gallery(study, text.see_all(number), everything=True, **filters)


def matrix(matrix: ConfusionMatrix, classes: ClassOrder) -> None:
    """Draw the numbers of a confusion matrix that is too large to hold them."""
    st.dataframe(matrix_rows(matrix, classes), hide_index=True, alt="Confusion matrix in numbers")
