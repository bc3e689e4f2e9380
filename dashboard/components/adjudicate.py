"""Adjudication: a scan on which readers differ, their reads side by side, and what is decided, with a reason."""

from functools import partial

import streamlit as st

from neuroval.analysis.readers.lists import By, ReadingList
from neuroval.dashboard.cases.reading import decide
from neuroval.dashboard.components import blind_scan as scan
from neuroval.dashboard.components import frame
from neuroval.dashboard.components.blind_read import said_of
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.permissions import may
from neuroval.dashboard.session import state
from neuroval.dashboard.words import reading as text
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.roles import MAY_NOT
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study

REASON, BY, PICK = "decide-reason", "decide-by", "decide-pick"


def adjudicate(study: Study, reading_list: ReadingList, *, who: str) -> None:
    """Draw the first scan on which readers differ and nobody has decided, or the one that the address names."""
    frame.title(study, text.DECIDE_QUESTION)
    if problem := state.take_not_saved():
        st.error(escaped(problem))
    if not who or reading_list.busy(who):
        st.info(text.BUSY if who else text.NAME_FIRST)
        _back()
        return
    differ, decided = (reading_list.standing_at(name) for name in ("differ", "decided"))
    cases = (*differ, *decided)
    st.caption(text.to_decide(len(differ), len(decided)))
    if not cases:
        st.info(text.NOTHING_TO_DECIDE)
        _back()
        return
    order = tuple(reading_list.cases)
    number = state.scan_number(len(order))
    asked = None if number is None else order[number - 1]
    case_id = asked if asked in cases else cases[0]
    left, right = st.columns([3, 2], gap="large")
    with left:
        scan.picture(study, reading_list, case_id)
    with right:
        table(text.side_by_side(reading_list, case_id, study.classes), alt="Reads of this scan, a row a reader")
        for decision in reading_list.decisions.get(case_id, ()):
            st.markdown(escaped(text.decision(decision, study.classes)))
        if reading_list.decision(case_id) is None:
            st.caption(text.AFTER_DECISION)
        else:
            st.caption(escaped(text.shown(*said_of(study, case_id), study.classes)))
            if differ:
                st.button(text.NEXT_SCAN, key="decide-next", on_click=state.open_scan, args=(None,))
        if may(who, "decide"):
            _form(study, reading_list, case_id, who=who)
        else:
            st.caption(MAY_NOT["decide"])
        places = [order.index(name) + 1 for name in cases]
        st.selectbox(
            "Scan",
            places,
            index=places.index(order.index(case_id) + 1),
            format_func=partial(text.place, total=len(order)),
            key=f"{PICK}-{order.index(case_id)}",
            width=240,
            on_change=state.scan_chosen,
            args=(f"{PICK}-{order.index(case_id)}",),
        )
        _back()


def _form(study: Study, reading_list: ReadingList, case_id: str, *, who: str) -> None:
    what = f"decide/{reading_list.id}/{case_id}"
    choice = scan.classes(study.classes, what, also=text.CANNOT_BE_USED)
    may_alone = who not in reading_list.blind(case_id)
    ways: tuple[By, ...] = ("third", "consensus") if may_alone else ("consensus",)
    st.segmented_control(
        text.DECIDED_BY, ways, format_func=text.BY.__getitem__, default=ways[0], key=f"{BY}-{len(ways)}", required=True
    )
    number = len(reading_list.decisions.get(case_id, ()))
    reason = f"{REASON}-{list(reading_list.cases).index(case_id)}-{number}"
    st.text_input(text.DECIDE_REASON, key=reason, max_chars=1000)
    st.button(
        text.DECIDE,
        key="decide-save",
        disabled=choice is None,
        on_click=_save,
        args=(study, reading_list, case_id, what, who, f"{BY}-{len(ways)}", reason),
    )


def _save(study: Study, reading_list: ReadingList, case_id: str, what: str, who: str, by: str, reason: str) -> None:
    """Append a decision; the page that follows shows it beside what the model says. Callback of a button."""
    name = state.draft(what).get(scan.CLASS)
    try:
        decide(
            study,
            reading_list,
            case_id,
            who=who,
            choice=None if name == scan.UNREADABLE else name,
            by="consensus" if state.typed(by) == "consensus" else "third",
            reason=str(state.typed(reason) or ""),
        )
    except InputError as error:
        state.not_saved(str(error))
        return
    state.open_scan(list(reading_list.cases).index(case_id) + 1)


def _back() -> None:
    st.button(text.CLOSE, key="decide-close", icon=":material/list:", type="tertiary", on_click=state.close_list)
