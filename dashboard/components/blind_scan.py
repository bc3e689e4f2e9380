"""The scan of a reading list alone, and the buttons and keys that give it a class with a confidence."""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import streamlit as st

from neuroval.analysis.readers.lists import CONFIDENCES, ReadingList
from neuroval.dashboard.access.address_names import name_in_list
from neuroval.dashboard.components.review import CHOSEN, KEYS
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import reading as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.classes import ClassOrder
from neuroval.data.study.folder import Study

CLASS, CONFIDENCE = "class", "confidence"  # of a draft
UNREADABLE = "unreadable"
WIDTH = 620  # of a scan at most


def address(study: Study, reading_list: ReadingList, case_id: str) -> str:
    """Return the address of the scan alone, which says nothing of the case."""
    page = urlsplit(st.context.url or "http://localhost")
    base = f"{page.scheme}://{page.netloc}/{st.get_option('server.baseUrlPath') or ''}".rstrip("/")
    return (
        f"{base}/images/{quote(study.path.name, safe='')}/blind/{reading_list.id}/"
        f"{name_in_list(reading_list.id, case_id)}.webp"
    )


def picture(study: Study, reading_list: ReadingList, case_id: str) -> None:
    """Draw the scan alone, or say that it is not here."""
    if not compute.has_image(study, case_id):
        st.info(text.IMAGE_AWAY, icon=":material/image:")
        return
    with st.container(width=WIDTH):
        st.image(address(study, reading_list, case_id), width="stretch", alt=text.ALT)


def classes(order: ClassOrder, what: str, *, also: str) -> str | None:
    """Draw a button for each class, and one for a scan without one; return which is chosen.

    ``what`` is the draft that the choice is kept in, ``also`` the label of the last button.
    """
    chosen: str | None = state.draft(what).get(CLASS)
    st.caption(text.WHICH)
    with st.container(horizontal=True, gap="small"):
        for number, name in enumerate(order.names, start=1):
            _choice(order.display[name], CLASS, name, what, chosen=chosen, key=str(number) if number <= KEYS else None)
        _choice(also, CLASS, UNREADABLE, what, chosen=chosen, key="X")
    return chosen


def confidence(what: str) -> int | None:
    """Draw the four steps of confidence; return which is chosen."""
    chosen: int | None = state.draft(what).get(CONFIDENCE)
    st.caption(text.HOW_SURE)
    with st.container(horizontal=True, gap="small"):
        for step, key in zip(CONFIDENCES, text.CONFIDENCE_KEYS, strict=True):
            _choice(text.CONFIDENCE[step], CONFIDENCE, step, what, chosen=chosen, key=key)
    return chosen


def _choice(label: str, kind: str, value: str | int, what: str, *, chosen: str | int | None, key: str | None) -> None:
    words = escaped(label)
    st.button(
        f"**{words}**" if value == chosen else words,
        icon=CHOSEN if value == chosen else ":material/radio_button_unchecked:",
        key=f"blind-{kind}-{value}",
        shortcut=key,
        on_click=state.draft_chosen,
        args=(what,),
        kwargs={kind: value},
    )


def numbers_read(order: Sequence[str], reading_list: ReadingList, who: str) -> list[int]:
    """Return the places, counted from 1, of the scans that this reader has read."""
    return [number for number, case_id in enumerate(order, start=1) if reading_list.given(case_id, who)]
