"""The access log: who saw, took or did what, with filters and a way out as CSV."""

import streamlit as st

from neuroval.dashboard.access import sign_in
from neuroval.dashboard.components import frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.documents.access_log_document import log_as_csv
from neuroval.dashboard.permissions import check, may, note, roles_are_named
from neuroval.dashboard.words import roles as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import InputError
from neuroval.data.storage.access_log import ACCESS_KINDS, Wanted, accesses, count, people

PAGE = "the access log"


def access_log() -> None:
    """Draw the log for whom the settings let see it, else why it is not shown."""
    if not sign_in.required():
        st.info(text.NOT_KEPT)
        return
    who = sign_in.signed_in()
    if not roles_are_named():
        st.info(text.NOBODY_NAMED)
        return
    try:
        check(who, "see-log")
        note("view", who=who, what=PAGE)
        _log(who)
    except InputError as error:
        st.error(escaped(str(error) if may(who, "see-log") else text.MAY_NOT["see-log"]))


def _log(who: str) -> None:
    known = people()
    frame.answer(text.answer(count(Wanted()), len(known)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.selectbox(text.PERSON, ["", *known], format_func=text.person, key="log-person", width=280)
        kind = st.selectbox(text.KIND, ["", *ACCESS_KINDS], format_func=text.kind, key="log-kind", width=200)
        day = st.date_input(text.DAY, value=None, key="log-day", help=text.DAY_HELP, width=200)
    wanted = Wanted(who=person, kind=kind, day="" if day is None else day.isoformat())
    entries, total = accesses(wanted, most=text.SHOWN), count(wanted)
    if not entries:
        st.caption(text.NONE_PASS)
        return
    table(text.rows(entries), alt="The access log, the last entry first")
    st.caption(text.shown(len(entries), total))

    def taken() -> bytes:
        note("export", who=who, what=PAGE)
        return log_as_csv(accesses(wanted)).encode("utf-8-sig")

    st.download_button(
        text.CSV,
        taken,
        "access-log.csv",
        "text/csv",
        key="log-csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )
