"""Cases that belong together side by side: copies across splits, copies with different labels, patients across."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports, frame, gallery
from neuroval.dashboard.components.tiles import images_note, thumbnail
from neuroval.dashboard.session import state
from neuroval.dashboard.session.cache import linked
from neuroval.dashboard.words import cases as words
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study

SIZE = 12  # sets a page
SIDE = 3  # scans of a patient on each side
MOST = 6  # scans of one image
COLUMNS = 3
FILES = {"across": "copies-across-splits", "labels": "copies-with-two-labels", "patients": "patients-across-splits"}
WIDTH = 106  # pixels of a scan: four kinds in a row, two scans on a phone


def asked_for() -> bool:
    """Return whether the address asks for cases side by side instead of the page."""
    return state.pairs() is not None


def links(evidence: Evidence) -> None:
    """Draw the ways to the cases side by side."""
    held = {key: len(sets) for key, sets in _sets(evidence).items() if sets}
    with st.container(horizontal=True, gap="small"):
        for key, number in held.items():
            label = f"{words.PAIRS[key]}, side by side ({number:,})"
            icon = ":material/compare:"
            st.button(label, key=f"show-{key}", icon=icon, on_click=state.show_pairs, args=(key,))


def examples(study: Study, evidence: Evidence) -> None:
    """Draw an example of each kind of copy."""
    if linked(study) is None:
        return
    with st.container(horizontal=True):
        for twin_kind in evidence.results.audit.twin_kinds:
            with st.container(width=2 * WIDTH + 16, gap="xsmall"):  # both scans in a row
                _across(study, evidence, (*twin_kind.example, twin_kind.kind))


def view(study: Study, evidence: Evidence) -> None:
    """Draw one kind of cases that belong together, page by page."""
    frame.title(study, words.PAIRS_TITLE)
    sets = {key: pairs_of_set for key, pairs_of_set in _sets(evidence).items() if pairs_of_set}
    frame.answer(words.pairs_answer({key: len(pairs_of_set) for key, pairs_of_set in sets.items()}))
    st.button("Back to the data set", icon=":material/arrow_back:", on_click=state.close_pairs, shortcut="Escape")
    if not sets:
        return
    state.follow(state.PAIRS, sets, default=next(iter(sets)))
    chosen = state.named(state.PAIRS, sets, default=next(iter(sets)))
    st.segmented_control(
        "Shown",
        list(sets),
        format_func=words.PAIRS.__getitem__,
        key=state.PAIRS,
        required=True,
        on_change=state.pairs_chosen,
    )
    kinds = _kinds(evidence) if chosen == "across" else ()
    pairs_of_kind = [pair for pair in sets[chosen] if not kinds or pair[2] in kinds]
    rows = partial(words.pair_rows, chosen, pairs_of_kind, evidence.listed, evidence.results.audit.split)
    exports.csv_button(study, rows, what=FILES[chosen], label=words.TAKE_AWAY)
    images_note(study)
    page = gallery.page_of(len(pairs_of_kind), total=len(sets[chosen]), noun=words.NOUNS[chosen], size=SIZE)
    if chosen in ("across", "labels"):
        st.caption(words.ACROSS if chosen == "across" else words.ODD)
    draw: Mapping[str, Callable[[Study, Evidence, Any], None]] = {
        "across": _across,
        "labels": _labels,
        "patients": _patient,
    }
    on_page = pairs_of_kind[page]
    for start in range(0, len(on_page), COLUMNS):
        for column, pair in zip(st.columns(COLUMNS), on_page[start : start + COLUMNS], strict=False):
            with column.container(border=True, gap="xsmall", height="stretch"):
                draw[chosen](study, evidence, pair)


def _kinds(evidence: Evidence) -> tuple[str, ...]:
    """Draw the choice of a kind of copy and return those shown."""
    known = [twin_kind.kind for twin_kind in evidence.results.audit.twin_kinds]
    state.follow(state.KIND, known, default=state.ALL)
    chosen: str = st.selectbox(
        "Kind of copy",
        [state.ALL, *known],
        format_func=lambda kind: "All" if kind == state.ALL else text.KINDS[kind],
        key=state.KIND,
        width=200,
        on_change=state.filter_chosen,
        args=(state.KIND,),
    )
    return tuple(known) if chosen == state.ALL else (chosen,)


def _sets(evidence: Evidence) -> dict[str, Sequence[Any]]:
    """Return each kind of cases that belong together; copies with two labels first."""
    return {
        "across": evidence.across,
        "labels": evidence.results.whole.odd_labels,
        "patients": evidence.results.audit.patients_across,
    }


def _across(study: Study, evidence: Evidence, pair: tuple[str, str, str]) -> None:
    test, train, kind = pair
    labels = [evidence.listed[case_id][1] for case_id in (test, train)]
    st.markdown(f"**{words.pair_kind(kind, labels)}**")
    _row(study, evidence, (test, train))


def _labels(study: Study, evidence: Evidence, pair: Any) -> None:
    st.markdown(f"**{escaped(words.votes(pair, study.classes))}**")
    _row(study, evidence, pair.case_ids[:MOST])
    if len(pair.case_ids) > MOST:
        st.caption(f"{MOST} of {len(pair.case_ids):,} shown.")


def _patient(study: Study, evidence: Evidence, pair: tuple[str, int, int]) -> None:
    name, evaluated, fitted = pair
    st.markdown(f"**{escaped(words.patient(name, evaluated, fitted, evidence.results.audit.split))}**")
    ids = evidence.of_patient(name)
    here = [case_id for case_id in ids if evidence.listed[case_id][0] == evidence.results.audit.split]
    there = [case_id for case_id in ids if evidence.listed[case_id][0] in evidence.results.audit.leakage.against]
    for side in (here, there):
        _row(study, evidence, side[:SIDE])


def _row(study: Study, evidence: Evidence, ids: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for case_id in ids:
            split, label = evidence.listed[case_id]
            thumbnail(
                study, case_id, study.classes.display[label], note=split, width=WIDTH
            )  # in one line it is cut off
