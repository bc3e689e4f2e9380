"""Reading lists: how far their readers are, the ways to read and to adjudicate them, and how a list is made."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from neuroval.analysis.readers.lists import ReadingList, Source
from neuroval.dashboard.access import sign_in
from neuroval.dashboard.cases import reading
from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.cases.reviews import Reviews
from neuroval.dashboard.components import review, tiles
from neuroval.dashboard.permissions import may
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.words import reading as text
from neuroval.dashboard.words.formats import escaped
from neuroval.dashboard.words.roles import MAY_NOT
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study

SHOWN = 20  # lists on the page, the last made first
SIZE, SEED = 30, 1  # of a new list
LONGEST_NAMES = 1000  # letters of all readers of a list
Cases = Callable[[int, int], Sequence[str]]  # of a source, by the most there may be and a seed


def section(study: Study, evidence: Evidence, reviews: Reviews) -> None:
    """Draw who reads, all lists, and how one is made."""
    st.header(text.LISTS, anchor=False)
    who = review.reader()
    reading_lists(study, reviews, who=who)
    if who and not may(who, "make-list"):
        st.caption(MAY_NOT["make-list"])
    elif tiles.images_note(study):
        maker(study, reviews, sources_of(study, evidence, reviews), who=who, key="new-list")


def reading_lists(study: Study, reviews: Reviews, *, who: str) -> None:
    """Draw each list with its progress and what this reader can do with it."""
    if not reviews.lists:
        st.caption(text.NO_LISTS)
    for reading_list in reviews.lists[::-1][:SHOWN]:
        with st.container(border=True, gap="small"):
            _reading_list(study, reading_list, who=who)
    if len(reviews.lists) > SHOWN:
        st.caption(f"The last {SHOWN} of {len(reviews.lists):,} lists.")


def _reading_list(study: Study, reading_list: ReadingList, *, who: str) -> None:
    busy = reading_list.busy(who)
    st.markdown(f"**{escaped(reading_list.name)}**")
    st.caption(escaped(text.about(reading_list, hidden=busy)))
    st.markdown(escaped(f"{text.progress(reading_list)}. {'' if busy else text.stands(reading_list)}".strip()))
    if note := text.too_few_readers(reading_list):
        st.caption(note)
    with st.container(horizontal=True, gap="small"):
        mine = any(reading_list.given(case_id, who) for case_id in reading_list.cases)
        if busy:
            label = text.GO_ON if mine else text.READ
            if may(who, "read"):
                _way(reading_list, label, state.READING, icon="play_arrow", main=True)
            else:
                st.caption(MAY_NOT["read"])
        elif mine:
            _way(reading_list, text.RESULTS, state.READING, icon="fact_check")
        if reading_list.standing_at("differ", "decided") and who and not busy:
            _way(reading_list, text.ADJUDICATE, state.DECIDING, icon="balance")
        if may(who, "make-list") and who:
            _members(study, reading_list, who=who)


def _way(reading_list: ReadingList, label: str, what: str, *, icon: str, main: bool = False) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"{what}-{reading_list.id}",
        type="secondary" if main else "tertiary",
        on_click=state.open_list,
        args=(reading_list.id, what),
    )


def _members(study: Study, reading_list: ReadingList, *, who: str) -> None:
    """Draw how a further reader gets the list, and how it is taken from one."""
    with st.popover(text.MEMBERS, icon=":material/group:", type="tertiary"):
        st.caption(escaped(text.members(reading_list)))
        names = f"add-{reading_list.id}-{len(reading_list.readers)}"
        st.text_input(text.READERS, key=names, max_chars=LONGEST_NAMES, help=text.READERS_HELP)
        st.button(
            text.ASSIGN, key=f"assign-{reading_list.id}", on_click=_assign, args=(study, reading_list, names, who)
        )
        if not reading_list.readers:
            return
        gone, why = (f"{what}-{reading_list.id}-{len(reading_list.readers)}" for what in ("withdraw", "why"))
        st.selectbox(text.WITHDRAW, reading_list.readers, key=gone)
        st.text_input(text.WITHDRAW_WHY, key=why, max_chars=500)
        st.button("Take", key=f"take-{reading_list.id}", on_click=_withdraw, args=(study, reading_list, gone, why, who))
        st.caption(text.STAY)


def maker(
    study: Study, reviews: Reviews, cases: Mapping[Source, Cases], *, who: str, key: str, most: int = SIZE
) -> None:
    """Draw how a list is made from one of these sources of cases, ``most`` of them unless another size is set."""
    if compute.linked(study) is None:
        return
    with st.popover(text.MAKE, icon=":material/playlist_add:"):
        if not who:
            st.caption(text.NAME_FIRST)
            return
        number = len(reviews.lists) + 1
        fields = {name: f"{key}-{name}-{number}" for name in ("name", "readers", "from", "size", "seed", "reveal")}
        st.text_input(
            text.NAME,
            value=text.list_name(number),
            key=fields["name"],
            max_chars=reading.LONGEST_NAME,
            help=text.NAME_HELP,
        )
        st.text_input(text.READERS, value=who, key=fields["readers"], max_chars=LONGEST_NAMES, help=text.READERS_HELP)
        sources = list(cases)
        if len(sources) > 1:
            st.segmented_control(
                text.FROM,
                sources,
                format_func=text.SOURCES.__getitem__,
                default=sources[0],
                key=fields["from"],
                required=True,
                help=text.SOURCE_HELP,
            )
        with st.container(horizontal=True):
            st.number_input(
                text.SIZE, 1, reading.MOST_CASES, min(most, reading.MOST_CASES), key=fields["size"], help=text.SIZE_HELP
            )
            if "sample" in cases:
                st.number_input(text.SEED, 0, 2**31 - 1, SEED, key=fields["seed"])
        st.segmented_control(
            text.REVEAL,
            list(text.REVEALS),
            format_func=text.REVEALS.__getitem__,
            default="end",
            key=fields["reveal"],
            required=True,
        )
        st.button(text.MAKE_BUTTON, key=f"{key}-make", on_click=_make, args=(study, cases, fields, who))


def sources_of(study: Study, evidence: Evidence, reviews: Reviews) -> dict[Source, Cases]:
    """Return the sources of cases that need no gallery."""

    def of_source(source: Source) -> Cases:
        def cases(size: int, seed: int) -> Sequence[str]:
            return reading.cases_of(evidence, reviews, source, size=size, seed=seed, have=_with_image(study))

        return cases

    return {source: of_source(source) for source in ("sample", "suspects", "differ")}


def from_gallery(study: Study, reviews: Reviews | None, case_ids: Sequence[str], *, who: str) -> None:
    """Draw how a list is made of the scans that a gallery shows now."""

    def cases(size: int, _: int) -> Sequence[str]:
        have = _with_image(study)
        return [case_id for case_id in case_ids if case_id in have][:size]

    if reviews is not None and case_ids and may(who, "make-list"):
        maker(study, reviews, {"gallery": cases}, who=who, key="gallery-list", most=len(case_ids))


def _with_image(study: Study) -> set[str]:
    """Return the cases whose image is on this machine."""
    folder = compute.linked(study)
    if folder is None:
        return set()
    return {case_id for case_id, path in compute.known_ids(study).items() if folder.path(path) is not None}


def outcome() -> None:
    """Say what could not be saved, or what was made."""
    if problem := state.take_not_saved():
        st.error(escaped(problem))
    if told := state.take_told():
        st.success(escaped(told))


def _make(study: Study, cases: Mapping[Source, Cases], fields: Mapping[str, str], who: str) -> None:
    """Make a list of what stands in the fields; callback of a button."""
    values = {name: state.typed(key) for name, key in fields.items()}
    source: Source = values["from"] or next(iter(cases))
    seed = int(values["seed"]) if source == "sample" and values["seed"] is not None else None
    ids = cases[source](int(values["size"] or SIZE), seed or 0)
    wanted = reading.Wanted(
        name=str(values["name"] or ""),
        readers=reading.names_of(str(values["readers"] or ""), folded=sign_in.required()),
        source=source,
        reveal="once" if values["reveal"] == "once" else "end",
        seed=seed,
    )
    try:
        if not ids:
            raise InputError(text.NO_CASES)
        reading.make_list(study, wanted, ids, who=who)
    except InputError as error:
        state.not_saved(str(error))
    else:
        state.tell(text.made(wanted.name, len(ids)))


def _assign(study: Study, reading_list: ReadingList, field: str, who: str) -> None:
    try:
        for reader in reading.names_of(str(state.typed(field) or ""), folded=sign_in.required()):
            reading.assign(study, reading_list, reader, who=who)
    except InputError as error:
        state.not_saved(str(error))


def _withdraw(study: Study, reading_list: ReadingList, reader: str, why: str, who: str) -> None:
    try:
        reason = str(state.typed(why) or "")
        reading.withdraw(study, reading_list, str(state.typed(reader)), who=who, reason=reason)
    except InputError as error:
        state.not_saved(str(error))
