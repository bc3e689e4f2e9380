"""The choices for a report, and the report itself: preview and download."""

import time

import streamlit as st

from neuroval.analysis.study.results import LEVEL
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components.exports import file_name, noted
from neuroval.dashboard.report.options import LONGEST, SECTIONS, Options
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import report as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study

LEVELS = (0.9, LEVEL, 0.99)
HEIGHT = 860
ON_ITS_WAY = 0.3  # seconds in which what was typed last arrives


def choices(evidence: Evidence) -> tuple[Options, bool]:
    """Draw the choices and return them as they stand, and whether the report was asked for just now.

    The report is on the basis that the reader has chosen for the pages.

    They are no form: what is typed there is known only once it is sent, and a file without it could be taken away.
    """
    with st.container(border=True):
        reviewer = st.text_input(text.REVIEWER, max_chars=LONGEST["reviewer"])
        site = st.text_input(text.SITE, max_chars=LONGEST["site"])
        remarks = st.text_area(text.REMARKS, max_chars=LONGEST["remarks"], height=120)
        sections = st.pills(
            text.SECTIONS_SHOWN, SECTIONS, selection_mode="multi", default=SECTIONS, format_func=text.LABELS.__getitem__
        )
        st.caption(text.ALWAYS_SHOWN)
        all_errors = st.checkbox(text.EVERY_ERROR)
        with st.expander(text.SETTINGS_POST_HOC):
            st.caption(text.POST_HOC_MEANS)
            level = st.selectbox(
                text.LEVEL_LABEL, LEVELS, index=LEVELS.index(LEVEL), format_func=text.level_of, key="report-level"
            )
            prevalence = st.number_input(
                text.PREVALENCE_LABEL, min_value=0.01, max_value=99.9, value=None, placeholder=text.prevalence_of(None)
            )
            threshold = None
            if evidence.study.classes.negative is not None:
                threshold = st.number_input(
                    text.THRESHOLD_LABEL, min_value=0.001, max_value=0.999, value=None, format="%.3f"
                )
        asked = st.button(text.MAKE, width="stretch")
    usual = evidence.results.of_study.default_basis
    options = Options(
        basis=None if evidence.basis == usual else evidence.basis,
        sections=tuple(name for name in SECTIONS if name in sections),
        level=level,
        prevalence=None if prevalence is None else round(prevalence / 100, 6),
        threshold=threshold,
        all_errors=all_errors,
        reviewer=reviewer.strip(),
        site=site.strip(),
        remarks=remarks,
    )
    return options, asked


def result(study: Study, options: Options, *, asked: bool) -> None:
    """Draw the report as it is filed, with its download above; nothing but a remark while the choices are others."""
    latest = state.report_choices(options, study.fingerprint, asked=asked)
    if latest.made != options:
        st.info(text.NOT_IN_FILE)
        return
    try:
        with st.spinner(text.MAKING):
            content = compute.report(study, options)
    except InputError as error:
        st.error(escaped(str(error)))
        return

    def file() -> bytes:
        """Return the report of the choices at the click: leaving a field and the click are two messages, close by."""
        time.sleep(ON_ITS_WAY)
        return content if latest.options == options else compute.report(study, latest.options)

    name = f"{file_name(study, 'report')}.pdf"
    icon = ":material/download:"
    st.download_button(
        text.DOWNLOAD, noted(study, "report", file), name, "application/pdf", on_click="ignore", icon=icon
    )
    st.caption(escaped(text.made_for(options)))
    st.caption(text.size(len(content)))
    st.pdf(content, height=HEIGHT, key="report-pdf", alt=text.PREVIEW_ALT)
