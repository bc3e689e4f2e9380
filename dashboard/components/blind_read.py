"""A blind read: the scan alone, a class and a confidence, then the next; what the model says comes only after."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from neuroval.analysis.readers.lists import ReadingList
from neuroval.dashboard.cases.reading import record_read
from neuroval.dashboard.components import blind_scan as scan
from neuroval.dashboard.components import frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.permissions import may
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import reading as text
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.roles import MAY_NOT
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study

AGAIN, REASON = "blind-again", "blind-reason"


def blind_read(study: Study, reading_list: ReadingList, *, who: str) -> None:
    """Draw the scan that this reader reads next, or the end of the list."""
    if not who or not (
        who in reading_list.readers or any(reading_list.given(name, who) for name in reading_list.cases)
    ):
        frame.title(study, text.QUESTION)
        _back()
        st.info(text.NOT_YOURS if who else text.NAME_FIRST)
        return
    if not may(who, "read"):
        frame.title(study, text.QUESTION)
        _back()
        st.info(MAY_NOT["read"])
        return
    order, left = reading_list.order(who), reading_list.left(who)
    number, after = state.scan_number(len(order)), state.shown_after()
    again = number is not None and bool(reading_list.given(order[number - 1], who))
    frame.title(study, text.QUESTION if left or again or after else text.DONE_TITLE)
    if problem := state.take_not_saved():
        st.error(escaped(problem))
    if after in order and reading_list.reveal == "once" and reading_list.given(after, who):
        _shown(study, reading_list, after, order, who=who)
    elif again and number is not None:
        _scan(study, reading_list, order[number - 1], order, who=who)
    elif left and who in reading_list.readers:
        _scan(study, reading_list, left[0], order, who=who)
    else:
        _end(study, reading_list, order, who=who)


def _scan(study: Study, reading_list: ReadingList, case_id: str, order: Sequence[str], *, who: str) -> None:
    """Draw one scan to be read, or to be read again."""
    number, before = order.index(case_id) + 1, reading_list.given(case_id, who)
    what = f"{reading_list.id}/{number}"
    state.seconds_shown(what)
    done = len(order) - len(reading_list.left(who))
    st.progress(done / len(order), text.place(number if before else done + 1, len(order)))
    left, right = st.columns([3, 2], gap="large")
    with left:
        scan.picture(study, reading_list, case_id)
    with right:
        if before:
            st.caption(escaped(text.kept(before, study.classes)))
        choice = scan.classes(study.classes, what, also=text.UNREADABLE)
        sure = None if choice == scan.UNREADABLE else scan.confidence(what)
        if before:
            st.text_input(text.REASON, key=f"{REASON}-{number}", max_chars=500)
        st.button(
            text.SAVE_CORRECTION if before else text.SAVE_NEXT,
            key="blind-save",
            shortcut=None if before else "Enter",
            disabled=choice is None or (choice != scan.UNREADABLE and sure is None),
            on_click=_save,
            args=(study, reading_list, case_id, what, who),
        )
        st.caption(text.BLIND_ONCE if reading_list.reveal == "once" else text.BLIND)
        _further(reading_list, order, who=who, here=number if before else None)


def _further(reading_list: ReadingList, order: Sequence[str], *, who: str, here: int | None = None) -> None:
    """Draw the ways to a scan that was read before, to the next one, and out."""
    read = scan.numbers_read(order, reading_list, who)
    if read:
        st.selectbox(
            text.AGAIN,
            read,
            index=read.index(here) if here in read else None,
            format_func=partial(text.place, total=len(order)),
            key=f"{AGAIN}-{here}-{len(read)}",
            placeholder="",
            help=text.AGAIN_HELP,
            width=240,
            on_change=state.scan_chosen,
            args=(f"{AGAIN}-{here}-{len(read)}",),
        )
    with st.container(horizontal=True, gap="small"):
        if here is not None:
            st.button(text.GO_BACK, key="blind-on", type="tertiary", on_click=state.open_scan, args=(None,))
        _back()


def _back() -> None:
    st.button(text.CLOSE, key="blind-close", icon=":material/list:", type="tertiary", on_click=state.close_list)


def _save(study: Study, reading_list: ReadingList, case_id: str, what: str, who: str) -> None:
    """Append what was chosen; what could not be saved is said by the page that follows. Callback of a button."""
    chosen, again = state.draft(what), bool(reading_list.given(case_id, who))
    name = chosen.get(scan.CLASS)
    if name is None:
        return
    try:
        record_read(
            study,
            reading_list,
            case_id,
            who=who,
            choice=None if name == scan.UNREADABLE else name,
            confidence=chosen.get(scan.CONFIDENCE),
            seconds=state.seconds_shown(what),
            reason=str(state.typed(f"{REASON}-{reading_list.order(who).index(case_id) + 1}") or "") if again else "",
        )
    except InputError as error:
        state.not_saved(str(error))
        return
    state.open_scan(None)
    if reading_list.reveal == "once" and not again:
        state.show_after(case_id)


def _shown(study: Study, reading_list: ReadingList, case_id: str, order: Sequence[str], *, who: str) -> None:
    """Draw what model and reference say of the scan that was just read."""
    done = len(order) - len(reading_list.left(who))
    st.progress(done / len(order), text.place(done, len(order)))
    left, right = st.columns([3, 2], gap="large")
    with left:
        scan.picture(study, reading_list, case_id)
    with right:
        st.markdown(escaped(text.kept(reading_list.given(case_id, who), study.classes)))
        model, label = said_of(study, case_id)
        st.markdown(escaped(text.shown(model, label, study.classes)))
        st.button(text.NEXT_SCAN, key="blind-next", shortcut="Enter", on_click=state.show_after, args=("",))
        _back()


def said_of(study: Study, case_id: str) -> tuple[str | None, str]:
    """Return the model's call of a case, none where it has not judged it, and its label."""
    evidence = compute.evidence(study, frame.basis(study))
    case = evidence.cases.get(case_id)
    return (None if case is None else case.predicted), evidence.listed[case_id][1]


def _end(study: Study, reading_list: ReadingList, order: Sequence[str], *, who: str) -> None:
    """Draw all reads of a finished list beside model and label."""
    read = scan.numbers_read(order, reading_list, who)
    rows = [(number, reading_list.given(order[number - 1], who), *said_of(study, order[number - 1])) for number in read]
    choices = [(reads[-1].choice, model, label) for _, reads, model, label in rows]
    frame.answer(
        text.done(
            len(rows),
            sum(choice == label for choice, _, label in choices),
            sum(choice == model for choice, model, _ in choices if model is not None),
            sum(model is not None for _, model, _ in choices),
        )
    )
    table(text.own_rows(rows, study.classes), alt="Your reads beside model and label")
    _further(reading_list, order, who=who)
