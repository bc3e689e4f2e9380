"""Whether people agree: open disagreements, readers and model against the label, agreement, help by the model."""

import streamlit as st

from neuroval.analysis.readers.blind import BlindNumbers
from neuroval.dashboard.cases.reviews import REVIEW, Reviews
from neuroval.dashboard.components import exports
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.components.tiles import ERRORS_PAGE
from neuroval.dashboard.figures.forest_plot import Row, forest, lowest
from neuroval.dashboard.figures.palette import ACCENT, INK
from neuroval.dashboard.session import state
from neuroval.dashboard.words import readers as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study


def open_disagreements(study: Study, reviews: Reviews, *, who: str) -> None:
    """Draw the scans on which readers differ and nobody has decided, each with the way to its adjudication."""
    differ = reviews.counts()["differ"]
    if not reviews.lists and not differ:
        return
    st.header(text.OPEN, anchor=False)
    open_cases = [
        (reading_list, case_id) for reading_list in reviews.lists for case_id in reading_list.standing_at("differ")
    ]
    if differ:
        query = state.link(study.path.name, **{state.CASES: state.EVERY, REVIEW: "differ"})
        st.page_link(ERRORS_PAGE, label=text.in_sight(differ), icon=":material/grid_view:", query_params=query)
    if not open_cases:
        st.caption(text.OPEN_NONE)
        return
    rows = st.container(gap=None)
    for reading_list, case_id in open_cases[: text.OPEN_MOST]:
        number = list(reading_list.cases).index(case_id) + 1
        with rows.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                escaped(f"{reading_list.name}, scan {number}"),
                key=f"open-{reading_list.id}-{number}",
                icon=":material/balance:",
                type="tertiary",
                disabled=not who,
                on_click=_open,
                args=(reading_list.id, number),
            )
            st.caption(escaped(text.disagreement(reading_list.blind(case_id), study.classes)), width="content")
    if note := text.first_open(min(len(open_cases), text.OPEN_MOST), len(open_cases)):
        st.caption(note)


def _open(list_id: str, number: int) -> None:
    state.open_list(list_id, state.DECIDING)
    state.open_scan(number)


def readers_and_model(study: Study, numbers: BlindNumbers) -> None:
    """Draw how often each reader and the model give the label, and the adjudicated label."""
    sections = text.sections(numbers)
    if not sections:
        return
    st.header(text.RATES, anchor=False)
    rates = [
        (
            title,
            [
                *(Row(label=rate.who, colour=INK, estimate=rate.right.headline) for rate in against.readers),
                Row(label=text.MODEL, colour=ACCENT, estimate=against.model.headline),
            ],
        )
        for title, against in sections
    ]
    start = lowest([row.estimate for _, rows in rates for row in rows])
    exports.chart(study, forest(rates, start=start), name="readers", alt=text.ALT)
    st.caption(f"{text.OF_LIST} {text.CIRCULAR if numbers.against_adjudicated is not None else ''}".strip())
    if note := text.seen_before(numbers):
        st.caption(escaped(note))
    exports.table(study, text.reader_rows(numbers), what="readers", alt="Each reader beside the model")
    st.caption(text.LESS)
    if told := text.corrected(numbers):
        st.subheader(text.CORRECTED, anchor=False)
        st.markdown(escaped(told), width=860)


def agreement(study: Study, numbers: BlindNumbers) -> None:
    """Draw how far readers agree beyond chance."""
    if not numbers.readers:
        return
    st.header(text.AGREE, anchor=False)
    rows = text.agreement_rows(numbers)
    if rows:
        exports.table(study, rows, what="agreement", alt=text.AGREE_ALT)
    else:
        st.caption(text.ONE_READER)


def with_help(numbers: BlindNumbers) -> None:
    """Draw each reader blind and with the model in sight, on the same scans."""
    if not numbers.readers:
        return
    st.header(text.HELP, anchor=False)
    rows = text.help_rows(numbers)
    if not rows:
        st.caption(text.HELP_NONE)
        return
    table(rows, alt=text.HELP_ALT)
    st.caption(text.HELP_CAPTION)
