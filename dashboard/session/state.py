"""The only session and address state: the study, the case and the filters, so that a link opens what one sees.

Choices are not bound to the address by Streamlit: that would put their labels there, and a label may change. The
address holds names of the study and fixed words. How images are reached:

``basis=new-patients``, ``test``, ``external`` or ``tuning``, on every page
    What is judged, where it is not what the study opens with.
``errors?case=ID``
    One case of any split in full; ``&opacity=40`` percent of the map, ``&cells=shown`` the cells of its grid.
``errors?cases=all&KEY=VALUE``
    The gallery; without ``cases=all`` of the errors only. KEY is a filter: ``reference``, ``predicted``, ``confidence``
    (high, review, expert), ``bin`` (1 to 15, of the reliability diagram), ``plane``, ``source``, ``site``,
    ``evidence`` (on, off), ``shared`` (yes, no, unknown), ``twin`` (yes, no), ``patient``; ``&page=2``.
    ``subgroup`` is one of ``subgroups`` below.
    ``review`` is where the review stands (none, agree, label-wrong, unsure, unusable, differ), ``reader``, ``tag``.
    A patient, a reader, a tag, and a case whose id an import has brought, stands there by a key
    (``access/address_names.py``).
``confusion?row=CLASS&column=CLASS`` and ``confidence?of=tier-high`` or ``of=bin-15``
    The first cases behind a cell, a tier or a bin, beside the figure.
``confidence?refer=0.9&day=120``
    Scans of a lower confidence go to an expert, in a department with so many scans a day.
``subgroups?by=COLUMN&cross=COLUMN&number=KEY&level=COLUMN=VALUE``
    Rates by a column, crossed with another; ``level`` is the subgroup whose scans are shown (``site=north&sex=F``).
``map?colour=KEY&region=X,Y;X,Y;X,Y``
    The map of the cases by a column, and the corners of the part of it whose scans are shown.
``readers?list=ID&do=read`` or ``do=decide``, and ``&scan=3``
    A reading list, read blind or adjudicated; the scan is counted in the order of who reads.
``data_set?pairs=across``, ``labels`` or ``patients``
    Copies across splits (``&kind=mirrored``), copies with different labels, patients across splits: side by side.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from neuroval.dashboard.access import address_names
from neuroval.dashboard.access.streamlit_private import forget_files
from neuroval.dashboard.cases.reviews import READER, TAG
from neuroval.dashboard.figures.scan import OPACITIES
from neuroval.dashboard.figures.scan import OPACITY as USUAL_OPACITY
from neuroval.dashboard.report.options import Options

STUDY, BASIS, CASE, PATIENT = "study", "basis", "case", "patient"
PAGE = "page"
ROW, COLUMN, MATRIX = "row", "column", "matrix"
CLAIM, CLAIMS = "claim", "claims"
OTHER = "with"
ALL = "all"
ABOUT, PREVALENCE, THRESHOLD, THRESHOLD_KIND = "about", "prevalence", "threshold", "threshold-kind"
CURVES, DECISION = "curves", "decision"
REFER, DAY = "refer", "day"
MAP, COLOUR, REGION = "map", "colour", "region"
CORNERS = 40  # of a region in the address, at most
ARGMAX, TUNING, OWN = "argmax", "tuning", "own"
SHOWN = "shown"
CASES, EVERY, ERRORS = "cases", "all", "errors"
OPACITY, CELLS = "opacity", "cells"
OF, RELIABILITY = "of", "reliability"
PAIRS, KIND = "pairs", "kind"
SPOILT = "spoilt"
BY, CROSS, NUMBER, LEVEL, FOREST = "by", "cross", "number", "level", "forest"
SUBGROUP = "subgroup"
SCANS, SCAN, FRAME = "scans", "scan", "frame"
KEPT, READINGS, FRAMES = "kept", "readings", "frames"
START = 0.5  # of an own threshold
WATCHED, GALLERY, LAST_OPENED = "watched", "gallery", "last-opened"
LIST, DO, DRAFT, SINCE, SHOWN_AFTER, TOLD = "list", "do", "draft", "since", "shown-after", "told"
READING, DECIDING = "read", "decide"
REVIEWER, REVIEWER_KEPT, NOT_SAVED = "reviewer", "reviewer-kept", "not-saved"
KEYED = (PATIENT, READER, TAG)  # filters whose values name people, or are typed by them: by a key in the address

T = TypeVar("T")


def study_name() -> str | None:
    """Return the study chosen in the sidebar."""
    value = st.session_state.get(STUDY)
    return value if isinstance(value, str) else None


def follow_address(known: Collection[str]) -> bool:
    """Let the address choose the study; return whether it names one that is not known."""
    named = st.query_params.get(STUDY)
    if named in known:
        st.session_state[STUDY] = named
    return named is not None and named not in known


def study_chosen() -> None:
    """Carry the selector's study into the address; case and filters of the former study are left."""
    st.query_params.from_dict({STUDY: st.session_state[STUDY]})


def basis(known: Collection[str], *, default: str) -> str:
    """Return what the address says is judged, and let the selector follow."""
    follow(BASIS, known, default=default)
    value: str = st.session_state[BASIS]
    return value


def basis_chosen(default: str) -> None:
    """Carry into the address what is judged; a gallery starts at its first page."""
    setting_chosen(BASIS, default)
    st.session_state[PAGE] = 1


def choose_basis(name: str, default: str) -> None:
    """Judge on another basis; for buttons."""
    st.session_state[BASIS] = name
    basis_chosen(default)


def case_id() -> str | None:
    """Return by what name the address names a case; ``cache.case_named`` says which it is."""
    value = st.query_params.get(CASE)
    return value or None


def open_case(name: str) -> None:
    """Show one case; for buttons."""
    st.query_params[CASE] = address_names.name_of_case(name)


def close_case() -> None:
    """Go back to the gallery, to where the case stands; for buttons."""
    st.session_state[LAST_OPENED] = st.query_params.pop(CASE, "")


def last_opened() -> str:
    """Return the name in the address of the case that the reader came back from; empty before any."""
    return str(st.session_state.get(LAST_OPENED, ""))


def query() -> dict[str, str]:
    """Return all that the address says, for a page that leads on to another."""
    return dict(st.query_params)


def link(study: str, case: str | None = None, **more: str) -> dict[str, str]:
    """Return the query of a link that keeps study and basis and, if given, opens a case or sets ``more``."""
    kept = {BASIS: st.query_params[BASIS]} if BASIS in st.query_params and study == study_name() else {}
    return {STUDY: study, **kept, **({} if case is None else {CASE: address_names.name_of_case(case)}), **more}


def address() -> str:
    """Return the address of what one sees, to be sent to a colleague."""
    return f"{(st.context.url or '').split('?')[0]}?{urlencode(query())}"


def everything() -> bool:
    """Return whether the gallery holds all evaluated cases, not only the errors, and let its switch follow."""
    st.session_state[CASES] = named(CASES, (EVERY,), default=ERRORS)
    return bool(st.session_state[CASES] == EVERY)


def everything_chosen() -> None:
    """Carry into the address which cases the gallery holds, and start at its first page."""
    if st.session_state[CASES] == EVERY:
        st.query_params[CASES] = EVERY
    else:
        st.query_params.pop(CASES, None)
    st.session_state[PAGE] = 1


def pairs() -> str | None:
    """Return which cases that belong together the address asks for side by side; none when it does not."""
    return st.query_params.get(PAIRS) or None


def show_pairs(which: str) -> None:
    """Show cases that belong together side by side; for buttons."""
    st.query_params[PAIRS] = which
    st.session_state[PAGE] = 1


def pairs_chosen() -> None:
    """Carry into the address which of them are shown, and start at the first page."""
    st.query_params[PAIRS] = st.session_state[PAIRS]
    st.query_params.pop(KIND, None)
    st.session_state[PAGE] = 1


def close_pairs() -> None:
    """Go back to the page; for buttons."""
    for key in (PAIRS, KIND, PAGE):
        st.query_params.pop(key, None)


def other_study() -> str | None:
    """Return the study to compare with that the address names."""
    return st.query_params.get(OTHER) or None


def held(keys: Collection[str]) -> list[str]:
    """Return which of the keys the address holds."""
    return [key for key in keys if key in st.query_params]


def named(key: str, known: Collection[str], *, default: str) -> str:
    """Return what the address names under ``key``; ``default`` when that is not known."""
    value = st.query_params.get(key)
    if key in KEYED and value is not None:
        value = address_names.named(value, known)
    return value if value is not None and value in known else default


def follow(key: str, known: Collection[str], *, default: str) -> None:
    """Let the address say where the selector ``key`` stands."""
    st.session_state[key] = named(key, known, default=default)


def class_chosen(key: str) -> None:
    """Carry the selector ``key`` into the address."""
    _write(key, st.session_state[key])


def filter_chosen(key: str) -> None:
    """Carry a filter of the gallery into the address and start at its first page."""
    _write(key, st.session_state[key])
    st.session_state[PAGE] = 1


def filter_cleared(keys: Sequence[str]) -> None:
    """Take filters of the gallery off, and start at its first page."""
    for key in keys:
        st.query_params.pop(key, None)
    st.session_state[PAGE] = 1


def keep_filters(keys: Collection[str]) -> None:
    """Remember the filters of the gallery, for when the reader comes back to it."""
    held = {key: st.query_params[key] for key in (CASES, *keys) if key in st.query_params}
    st.session_state[GALLERY] = (study_name(), held)


def kept_filters(study: str) -> dict[str, str]:
    """Return the filters with which the reader left the gallery of a study, as its address has them."""
    of, held = st.session_state.get(GALLERY, ("", {}))
    return dict(held) if of == study else {}


def take_clicked_cell() -> None:
    """Carry a click on the matrix into the address, which the two selectors follow."""
    chosen = st.session_state[MATRIX]["selection"]["points"]
    data = next((point["customdata"] for point in chosen if point.get("customdata")), None)
    if data:
        _write(ROW, data[0])
        _write(COLUMN, data[1])


def take_clicked_bin() -> None:
    """Carry a click on the reliability diagram into the address, which the selector follows."""
    chosen = st.session_state[RELIABILITY]["selection"]["points"]
    data = next((point["customdata"] for point in chosen if point.get("customdata")), None)
    if data:
        st.query_params[OF] = f"bin-{data[0]}"


def take_clicked_subgroup() -> None:
    """Carry a click on the forest plot of subgroups into the address, which the selector follows."""
    chosen = st.session_state[FOREST]["selection"]["points"]
    data = next((point["customdata"] for point in chosen if point.get("customdata")), None)
    if data:
        st.query_params[LEVEL] = data[0]


def take_drawn_region() -> None:
    """Carry what was drawn on the map of cases into the address, as corners; nothing drawn leaves it as it is."""
    drawn = [*st.session_state[MAP]["selection"]["lasso"], *st.session_state[MAP]["selection"]["box"]]
    if not drawn:
        return
    x, y = drawn[-1]["x"], drawn[-1]["y"]
    if len(x) == 2:  # two corners of a box
        x, y = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
    step = -(-len(x) // CORNERS)
    st.query_params[REGION] = ";".join(f"{a:.4g},{b:.4g}" for a, b in zip(x[::step], y[::step], strict=True))


def region() -> NDArray[np.float64]:
    """Return the corners (m, 2) of the part of the map that the address holds; without rows where it holds none."""
    try:
        corners = [[float(part) for part in corner.split(",")] for corner in st.query_params.get(REGION, "").split(";")]
        found = np.array(corners, dtype=np.float64)
    except ValueError:
        return np.zeros((0, 2))
    fits = found.ndim == 2 and found.shape[1] == 2 and 3 <= len(found) <= CORNERS and np.isfinite(found).all()
    return found if fits else np.zeros((0, 2))


def forget_region() -> None:
    """Show the whole map again; for a button."""
    st.query_params.pop(REGION, None)


def subgroup() -> str:
    """Return which subgroup the address asks a gallery for; empty when it asks for none."""
    return st.query_params.get(SUBGROUP, "")


def follow_row(key: str, row: int) -> None:
    """Let the table ``key`` show a row as chosen."""
    st.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}


def claim_chosen() -> None:
    """Carry the selector of claims into the address."""
    st.query_params[CLAIM] = st.session_state[CLAIM]


def take_clicked_claim(ids: Sequence[str]) -> None:
    """Carry a click on the table of claims into the address, which the selector follows."""
    chosen = st.session_state[CLAIMS]["selection"]
    rows = [row for row, _ in chosen["cells"]] or chosen["rows"]  # a click into the row, or on its button
    if rows:
        st.query_params[CLAIM] = ids[rows[0]]


def _write(key: str, value: str) -> None:
    if value == ALL:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = address_names.name_of(value) if key in KEYED else value


def number_in(key: str, *, low: float, high: float) -> float | None:
    """Return the number that the address holds under ``key``; none when it is no number from ``low`` to ``high``."""
    try:
        value = float(st.query_params.get(key, ""))
    except ValueError:
        return None
    return value if low <= value <= high else None


def follow_number(key: str, value: float) -> None:
    """Let the slider ``key`` stand at ``value``."""
    st.session_state[key] = value


def setting_chosen(key: str, default: str | float | None = None) -> None:
    """Carry the setting ``key`` into the address; its default is left out."""
    value = st.session_state[key]
    _write(key, ALL if value == default else f"{value:g}" if isinstance(value, float) else str(value))


def map_opacity() -> int:
    """Return the opacity of maps in percent that the address holds, in steps of 10; the usual one where it has none."""
    given = number_in(OPACITY, low=OPACITIES[0], high=OPACITIES[-1])
    return USUAL_OPACITY if given is None else round(given / 10) * 10


def map_cells() -> bool:
    """Return whether the address has maps drawn in the cells of their grid."""
    return st.query_params.get(CELLS) == SHOWN


def maps_set(*, opacity: object, cells: object) -> None:
    """Carry opacity (percent) and cells of maps into the address; what is usual is left out."""
    if isinstance(opacity, int) and opacity in OPACITIES:
        _write(OPACITY, ALL if opacity == USUAL_OPACITY else str(opacity))
    _write(CELLS, SHOWN if cells is True else ALL)


def threshold_kind(known: Collection[str]) -> str:
    """Return which threshold the address asks for and let the selector follow; argmax when it names none."""
    kind = named(THRESHOLD, known, default=ARGMAX)
    if kind == ARGMAX and number_in(THRESHOLD, low=0, high=1) is not None:
        kind = OWN
    st.session_state[THRESHOLD_KIND] = kind
    return kind


def threshold_kind_chosen() -> None:
    """Carry the kind of threshold into the address; an own one starts in the middle."""
    kind = st.session_state[THRESHOLD_KIND]
    _write(THRESHOLD, {ARGMAX: ALL, OWN: f"{START:g}"}.get(kind, kind))


def shown(key: str) -> bool:
    """Return whether the address asks for a figure that is drawn on demand, and let its switch follow."""
    st.session_state[key] = st.query_params.get(key) == SHOWN
    return bool(st.session_state[key])


def shown_chosen(key: str) -> None:
    """Carry the switch ``key`` into the address."""
    _write(key, SHOWN if st.session_state[key] else ALL)


def watch(asked: str | None) -> None:
    """Remember which running evaluation this reader has seen: its study opens when it is done."""
    st.session_state[WATCHED] = asked


def watched() -> str | None:
    """Return which evaluation this reader has seen running."""
    value = st.session_state.get(WATCHED)
    return value if isinstance(value, str) else None


def reviewer() -> str:
    """Return the name under which this reader reviews, where no sign-in is required; empty when none was given."""
    return str(st.session_state.get(REVIEWER_KEPT, ""))


def reviewer_chosen() -> None:
    """Keep the name of the reviewer for the session."""
    st.session_state[REVIEWER_KEPT] = str(st.session_state[REVIEWER]).strip()


def tell(message: str) -> None:
    """Keep what was done, for the page to say."""
    st.session_state[TOLD] = message


def take_told() -> str:
    """Return, once, what was done; empty when nothing was."""
    return str(st.session_state.pop(TOLD, ""))


def reading() -> tuple[str, str]:
    """Return which reading list the address names, and what is done with it: ``read`` or ``decide``; else nothing."""
    name, what = st.query_params.get(LIST, ""), st.query_params.get(DO, "")
    return (name, what) if name and what in (READING, DECIDING) else ("", "")


def open_list(name: str, what: str) -> None:
    """Read or adjudicate a reading list; for buttons."""
    close_list()
    st.query_params.update({LIST: name, DO: what})


def close_list() -> None:
    """Go back to all reading lists; for buttons."""
    for key in (LIST, DO, SCAN):
        st.query_params.pop(key, None)
    for key in (DRAFT, SINCE, SHOWN_AFTER):
        st.session_state.pop(key, None)


def scan_number(total: int) -> int | None:
    """Return which scan of a list, counted from 1, the address asks for; none when it asks for none."""
    number = number_in(SCAN, low=1, high=total)
    return None if number is None else int(number)


def open_scan(number: int | None) -> None:
    """Show a scan of a list by its place, none for the next one to be read; for buttons."""
    st.session_state.pop(DRAFT, None)
    if number is None:
        st.query_params.pop(SCAN, None)
    else:
        st.query_params[SCAN] = str(number)


def scan_chosen(key: str) -> None:
    """Show the scan that the selector ``key`` names."""
    if (number := st.session_state[key]) is not None:
        open_scan(number)


def draft(what: str) -> dict[str, Any]:
    """Return what was chosen for a scan and not saved yet; empty for another one."""
    name, chosen = st.session_state.get(DRAFT, ("", {}))
    return dict(chosen) if name == what else {}


def draft_chosen(what: str, **chosen: Any) -> None:
    """Keep what was chosen for a scan until it is saved."""
    st.session_state[DRAFT] = (what, {**draft(what), **chosen})


def seconds_shown(what: str) -> float:
    """Return for how long a scan has been shown; it begins with the first call."""
    name, since = st.session_state.get(SINCE, ("", 0.0))
    if name != what:
        since = time.monotonic()
        st.session_state[SINCE] = (what, since)
    return time.monotonic() - float(since)


def show_after(what: str) -> None:
    """Remember the scan that was just read, to show what model and label say of it; empty for none."""
    st.session_state[SHOWN_AFTER] = what


def shown_after() -> str:
    """Return the scan that was just read and whose answers are to be shown."""
    return str(st.session_state.get(SHOWN_AFTER, ""))


def typed(key: str) -> Any:
    """Return what stands in a field."""
    return st.session_state.get(key)


def not_saved(message: str) -> None:
    """Keep what could not be saved, and why, for the page to say."""
    st.session_state[NOT_SAVED] = message


def take_not_saved() -> str:
    """Return, once, why the last review was not saved; empty when it was."""
    return str(st.session_state.pop(NOT_SAVED, ""))


def once(what: str, keys: Sequence[str], make: Callable[[int], T]) -> list[T]:
    """Return for each key of an uploaded scan what ``make`` returns for its place; made once in this session.

    It is kept under ``what`` as long as its key is among them, and until the page is left.
    """
    kept: dict[str, dict[str, T]] = st.session_state.setdefault(KEPT, {})
    before = kept.get(what, {})
    kept[what] = {key: before[key] if key in before else make(place) for place, key in enumerate(keys)}
    return [kept[what][key] for key in keys]


def forget_scans() -> None:
    """Forget what was read of uploaded scans."""
    st.session_state.pop(KEPT, None)


def leave_scans() -> None:
    """Forget uploaded scans and what was read of them: the page with the form is left."""
    forget_scans()
    forget_files()


@dataclass(slots=True, kw_only=True)
class ReportChoices:
    """The choices for a report as they stand, and those that the report at hand was made with."""

    options: Options
    made: Options


def report_choices(options: Options, fingerprint: str, *, asked: bool) -> ReportChoices:
    """Return the choices for the report of a study, kept for the session, after taking in what stands in the fields.

    The report at hand is that of the choices when it was ``asked`` for; without any choice but the basis it is the
    whole one.
    """
    held = st.session_state.setdefault(f"report-{fingerprint}", ReportChoices(options=options, made=options))
    held.options = options
    if asked or options == Options(basis=options.basis):
        held.made = options
    return held  # type: ignore[no-any-return]
