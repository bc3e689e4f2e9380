"""What every page has: sidebar, opened study, answer, and how it was computed."""

import importlib.metadata
import math
from collections.abc import Callable

import streamlit as st

from neuroval.dashboard.access import sign_in
from neuroval.dashboard.access.streamlit_private import DeltaGenerator
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.pages import GROUPS, PAGES, Page
from neuroval.dashboard.permissions import may
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import audit as text_audit
from neuroval.dashboard.words import basis as text_basis
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import InputError
from neuroval.data.storage.home import studies
from neuroval.data.study.folder import Study
from neuroval.data.study.manifest import About

VERSION = importlib.metadata.version("neuroval")


def pages() -> list[st.Page]:
    """Return the pages for the navigation, the overview first. They have no icon: the browser tab would fetch it.

    The default page has no address of its own but the root: ``/overview`` leads there.
    """
    first, *others = PAGES.values()
    home = st.Page(first.file, title=first.label, url_path="home", default=True)

    def overview() -> None:
        st.switch_page(home, query_params=state.query())

    return [
        home,
        st.Page(overview, title=first.label, url_path=first.name, visibility="hidden"),
        *(st.Page(page.file, title=page.label, url_path=page.name) for page in others),
    ]


def stands_alone(page: st.Page) -> bool:
    """Return whether a page needs no study."""
    return page.url_path in PAGES and not PAGES[page.url_path].needs_study


def sidebar() -> Study | None:
    """Draw the sidebar and return the chosen study; none after saying why it cannot be opened."""
    folders = studies()
    unknown = state.follow_address(folders)
    with st.sidebar:
        st.markdown("## NeuroVal")
        if folders:
            st.selectbox(
                "Study",
                list(folders),
                format_func=text.told_apart(compute.titles(folders)).__getitem__,
                key=state.STUDY,
                on_change=state.study_chosen,
            )
        judged_on = st.container()
        for group in GROUPS:
            with st.container(gap="xsmall"):
                st.caption(group)
                for page in [page for page in PAGES.values() if page.group == group and _is_listed(page)]:
                    query = state.link(named := state.study_name() or next(iter(folders)))
                    if page.name == "errors" and state.reading() == ("", ""):  # a blind reader sees no filter
                        query |= state.kept_filters(named)
                    st.page_link(page.file, query_params=query, width="stretch")
        below = st.container()
    if not folders:
        below.caption(text.RESEARCH)
        st.info(text.NO_STUDY)
        return None
    if unknown:
        st.info(text.OTHER_STUDY)
    name = state.study_name() or next(iter(folders))
    try:
        study = compute.study(name)
    except InputError as error:
        below.caption(text.RESEARCH)
        message = escaped(str(error).replace(str(folders[name]), name))
        st.error(f"{message}\n\n{text.BROKEN_HELP}", title=text.BROKEN)
        return None
    with judged_on:
        _basis(study)
    with below:
        _facts(study.manifest.about, study.fingerprint, name)
    return study


def _is_listed(page: Page) -> bool:
    return page.only is None or may(sign_in.signed_in(), page.only)


def _basis(study: Study) -> None:
    """Draw the choice of what is judged."""
    held, default = compute.results(study).bases, compute.results(study).default_basis
    state.basis(held, default=default)
    st.selectbox(
        text_basis.LABEL,
        list(held),
        format_func=text_basis.LABELS.__getitem__,
        key=state.BASIS,
        help=text_basis.HELP,
        on_change=state.basis_chosen,
        args=(default,),
    )


def basis(study: Study) -> str:
    """Return what is judged: what the address says, else what the study opens with."""
    held = compute.results(study)
    return state.named(state.BASIS, held.bases, default=held.default_basis)


def _facts(about: About, fingerprint: str, name: str) -> None:
    st.badge("Synthetic" if about.synthetic else "Research", color="orange" if about.synthetic else "gray")
    st.caption(escaped(f"{about.title} ({name})"))  # whole: the list above cuts off what is long
    st.caption(f"Fingerprint `{fingerprint[:12]}`  \nNeuroVal {VERSION}  \n{text.RESEARCH}")


def chosen() -> Study:
    """Return the study that the sidebar has opened."""
    return compute.study(state.study_name() or next(iter(studies())))


def opened(page: str) -> tuple[Study, Evidence]:
    """Return the chosen study with its numbers, under the page's question."""
    study = chosen()
    title(study, PAGES[page].question)
    with st.spinner("Computing intervals"):
        evidence = compute.evidence(study, basis(study))
        if PAGES[page].judges:
            judged_on(evidence)
        return study, evidence


def judged_on(evidence: Evidence) -> None:
    """Say in one line what the numbers of a page are of, with the other choices beside it."""
    others = [name for name in evidence.results.of_study.bases if name != evidence.basis]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(escaped(text_basis.line(evidence.results)), width="content")
        for name in others:
            st.button(
                f":small[:blue[{text_basis.LABELS[name]}]]",
                key=f"basis-{name}",
                type="tertiary",
                on_click=state.choose_basis,
                args=(name, evidence.results.of_study.default_basis),
            )


def title(study: Study, words: str) -> None:
    """Write a page's title, and under it that the study is synthetic if it is."""
    st.title(words, anchor=False)
    if study.manifest.about.synthetic:  # here too: on a narrow screen the sidebar is folded away
        st.markdown(text.SYNTHETIC)


def answer(sentence: str) -> None:
    """Write the answer of a page, plain text."""
    st.markdown(escaped(sentence), width=860)


def seen(evidence: Evidence) -> None:
    """Say, where it is so, that the network that called them knows some of the scans from its training."""
    if evidence.published is evidence and (warning := text_audit.seen(evidence.results.findings)):
        st.markdown(f":orange[{escaped(warning)}]", width=860)


def folded(label: str, *, key: str, draw: Callable[[], None]) -> None:
    """Fold details away; they are drawn, and cost anything, only while they are open."""
    detail = st.expander(label, key=key, on_change="rerun")
    if detail.open:
        with detail:
            draw()


def in_pairs(number: int) -> list[DeltaGenerator]:
    """Return places for so many things, two beside each other; on a phone below each other in the same order."""
    rows = [st.columns(2, gap="medium") for _ in range(math.ceil(number / 2))]
    return [place for row in rows for place in row][:number]


def how(page: str) -> None:
    """Say how the page's numbers were computed, folded away."""
    with st.expander("How this was computed"):
        st.markdown(PAGES[page].how)
    study = chosen() if PAGES[page].needs_study else None
    st.caption(text.RESEARCH if study is None else escaped(text.foot(study.manifest.about.title, study.fingerprint)))
    if study is not None:
        compute.make_ready(study, basis(study), then=charts.make_ready)
