"""The review of a case by pointer and keys, and the filters of the gallery by where the review stands."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from neuroval.analysis.readers.state import Opinion
from neuroval.dashboard.access import sign_in
from neuroval.dashboard.cases.any_case import ListedCase
from neuroval.dashboard.cases.reviews import REASONS, REVIEW_FILTERS, Reviews, event_on, record
from neuroval.dashboard.cases.selection import Selection
from neuroval.dashboard.permissions import may
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import reviews as text
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.roles import MAY_NOT
from neuroval.data.classes import ClassOrder
from neuroval.data.exceptions import InputError
from neuroval.data.reviews.event import Kind
from neuroval.data.study.folder import Study

KEYS = 9  # classes that a digit chooses; further ones wait in a list
LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 2000, 40, 20
CHOSEN = ":material/check_circle:"


def standing(study: Study) -> Reviews | None:
    """Return what readers say of the cases of a study; none after saying why the store cannot be read."""
    try:
        return compute.reviews(study)
    except InputError as error:
        st.error(escaped(str(error)))
        return None


def passing(
    reviews: Reviews | None, selection: Selection, rows: NDArray[np.int64], *, case_id: str | None = None
) -> NDArray[np.int64]:
    """Return those of the rows that pass the filters in the address; the case that is open stays in its place."""
    wanted = {} if reviews is None else _wanted(reviews)
    if reviews is None or not wanted:
        return rows
    kept = reviews.passing(selection.results.evaluated.case_ids, rows, wanted)
    if case_id is not None and not kept.all():
        kept |= np.array(selection.ids(rows), dtype=object) == case_id
    return rows[kept]


def filters(reviews: Reviews | None, selection: Selection, rows: NDArray[np.int64]) -> None:
    """Draw the filters by review and how many of the cases nobody has looked at yet."""
    if reviews is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key in REVIEW_FILTERS:
            values = reviews.values(key)
            if not values:
                continue
            state.follow(key, values, default=state.ALL)
            st.selectbox(
                text.FILTERS[key],
                [state.ALL, *values],
                format_func=partial(text.filter_value, key),
                key=key,
                width=190,
                on_change=state.filter_chosen,
                args=(key,),
            )
        st.caption(
            text.left_to_look_at(reviews.left(selection.results.evaluated.case_ids, rows), len(rows)), width="content"
        )


def _wanted(reviews: Reviews) -> dict[str, str]:
    values = {key: state.named(key, reviews.values(key), default=state.ALL) for key in state.held(REVIEW_FILTERS)}
    return {key: value for key, value in values.items() if value != state.ALL}


def case_review(study: Study, reviews: Reviews | None, listed: ListedCase, order: Sequence[str]) -> None:
    """Draw what this reader says of the case, and the buttons and keys to say it."""
    if reviews is None:
        return
    if problem := state.take_not_saved():
        st.error(escaped(problem))
    with st.container(border=True, gap="small"):
        who = reader()
        opinion, allowed = reviews.opinion(listed.case_id, who), may(who, "judge")
        _judgements(study, listed, opinion, allowed=allowed)
        _next(reviews, listed, order, who=who)
        if not who:
            st.caption(text.NAME_FIRST)
            return
        if not allowed:
            st.caption(MAY_NOT["judge"])
            if given := reviews.by_case.get(listed.case_id, ()):
                st.caption(escaped(text.others(given, study.classes)))
            return
        if opinion.judgement == "label-wrong":
            _classes(study, listed, opinion)
        elif opinion.judgement == "unusable":
            _reasons(study, listed, opinion)
        st.caption(escaped(text.yours(opinion, study.classes)))
        others = [given for given in reviews.by_case.get(listed.case_id, ()) if given.who != who]
        if others and opinion.judgement is not None:  # what others say is shown to who has judged
            st.caption(escaped(text.others(others, study.classes)))
        _note_and_tags(study, listed, opinion, known=reviews.tags)


def named_reader() -> str:
    """Return who reviews; empty where nobody has given a name yet."""
    return sign_in.signed_in() or current_settings().reviewer or state.reviewer()


def reader() -> str:
    """Return who reviews: who has signed in, else whom the settings name, else who typed a name."""
    if who := sign_in.signed_in() or current_settings().reviewer:
        return who
    who = state.reviewer()
    st.text_input(
        text.NAME,
        value=who,
        key=state.REVIEWER,
        max_chars=200,
        help=text.NAME_HELP,
        width=300,
        on_change=state.reviewer_chosen,
    )
    return who


def _judgements(study: Study, listed: ListedCase, opinion: Opinion, *, allowed: bool) -> None:
    judgements: tuple[tuple[Kind, str, str, str], ...] = (
        ("agree", text.AGREE, "A", "check"),
        ("label-wrong", text.WRONG, "W", "close"),
        ("unsure", text.UNSURE, "U", "question_mark"),
        ("unusable", text.UNUSABLE, "X", "block"),
    )
    with st.container(horizontal=True, gap="small"):
        for kind, label, key, icon in judgements:
            st.button(
                f"**{label}**" if opinion.judgement == kind else label,
                icon=CHOSEN if opinion.judgement == kind else f":material/{icon}:",
                key=f"review-{kind}",
                shortcut=key,
                disabled=not (opinion.who and allowed),
                on_click=_judge,
                args=(study, listed, opinion, kind),
            )
        st.button(
            text.UNDO,
            icon=":material/undo:",
            key="review-undo",
            shortcut="Z",
            type="tertiary",
            disabled=not (opinion.last and allowed),
            on_click=_add,
            args=(study, listed.case_id, opinion.who, "undo", {"event": opinion.last}),
        )


def _next(reviews: Reviews, listed: ListedCase, order: Sequence[str], *, who: str) -> None:
    """Draw the way to the next case that this reader has not judged, from here on and round."""
    left = reviews.next_to_judge(order, listed.case_id, who=who)
    st.button(
        text.NEXT,
        icon=":material/skip_next:",
        key="review-next",
        shortcut="N",
        type="tertiary",
        disabled=left is None,
        on_click=state.open_case,
        args=(left or "",),
    )
    if who and left is None and reviews.status(listed.case_id, who=who) != "none":
        st.caption(text.ALL_SEEN)


def _classes(study: Study, listed: ListedCase, opinion: Opinion) -> None:
    """Draw which class it is instead: nothing is proposed, so that the call of the model does not lead the reader."""
    names = [name for name in study.classes.names if name != listed.label]
    if len(names) == 1:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(text.WHICH_CLASS, width="content")
        for number, name in enumerate(names, start=1):
            st.button(
                escaped(study.classes.display[name]),
                key=f"review-class-{name}",
                shortcut=str(number) if number <= KEYS else None,
                icon=CHOSEN if opinion.choice == name else None,
                on_click=_add,
                args=(study, listed.case_id, opinion.who, "label-wrong", {"class": name}),
            )


def _reasons(study: Study, listed: ListedCase, opinion: Opinion) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(text.WHY_UNUSABLE, width="content")
        for number, name in enumerate(REASONS, start=1):
            st.button(
                text.REASONS[name],
                key=f"review-reason-{name}",
                shortcut=str(number),
                icon=CHOSEN if opinion.reason == name else None,
                on_click=_add,
                args=(study, listed.case_id, opinion.who, "unusable", {}, name),
            )


def _note_and_tags(study: Study, listed: ListedCase, opinion: Opinion, *, known: Sequence[str]) -> None:
    with st.popover(text.NOTE_AND_TAGS, icon=":material/edit_note:"):
        note, tags = (f"review-{field}-{listed.case_id}-{opinion.last}" for field in ("note", "tags"))
        st.text_area(text.NOTE, value=opinion.note, key=note, max_chars=LONGEST_NOTE)
        st.text_input(
            text.TAGS,
            value=", ".join(opinion.tags),
            key=tags,
            max_chars=MOST_TAGS * LONGEST_TAG,
            help=text.tags_help(sorted(known)),
        )
        st.button(text.SAVE, key="review-save", on_click=_save, args=(study, listed.case_id, opinion, note, tags))
        st.caption(text.RECORD)


def _judge(study: Study, listed: ListedCase, opinion: Opinion, kind: Kind) -> None:
    """Add a judgement, callback of its button; one that stands already is not said twice."""
    if opinion.judgement == kind:
        return
    payload = {}
    if kind == "label-wrong":
        payload = {"class": _only_other(study.classes, listed.label)}
    _add(study, listed.case_id, opinion.who, kind, payload)


def _only_other(classes: ClassOrder, label: str) -> str | None:
    """Return the class that a wrong label leaves, where there are two."""
    rest = [name for name in classes.names if name != label]
    return rest[0] if len(rest) == 1 else None


def _save(study: Study, case_id: str, opinion: Opinion, note: str, tags: str) -> None:
    """Add what was changed of note and tags; callback of a button."""
    written = str(state.typed(note) or "").strip()
    typed = str(state.typed(tags) or "").split(",")
    wanted = list(dict.fromkeys(tag.strip()[:LONGEST_TAG] for tag in typed))[:MOST_TAGS]
    if written != opinion.note:
        _add(study, case_id, opinion.who, "note", {"text": written})
    for tag in wanted:
        if tag and tag not in opinion.tags:
            _add(study, case_id, opinion.who, "tag", {"text": tag})
    for tag in opinion.tags:
        if tag not in wanted:
            _add(study, case_id, opinion.who, "untag", {"text": tag})


def _add(study: Study, case_id: str, who: str, kind: Kind, payload: dict[str, str | None], reason: str = "") -> None:
    """Append an event; what could not be saved is said by the page that follows. Callback of buttons."""
    try:
        record(event_on(study, case_id, who=who, kind=kind, payload=payload, reason=reason))
    except InputError as error:
        state.not_saved(str(error))
