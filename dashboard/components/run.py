"""An evaluation from a page: the form, and what became of the last one, which looks again by itself."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from neuroval.dashboard.access.sign_in import may_run, signed_in
from neuroval.dashboard.jobs import job as jobs
from neuroval.dashboard.jobs.image_folders import data_sets
from neuroval.dashboard.jobs.job import Progress, State, Status
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.permissions import check, note
from neuroval.dashboard.session import state
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import run as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import InputError
from neuroval.data.storage.access_log import AccessKind
from neuroval.data.storage.home import models, studies
from neuroval.model.card import ModelCard, read_card

EVERY = 1.0  # seconds between two looks at a running evaluation


def form() -> None:
    """Draw the choices and start what is asked for, for whom the settings let start evaluations."""
    if not may_run():
        st.info(text.OTHERS_MAY)
        return
    known = models()
    if not known:
        st.info(text.NO_MODEL)
        return
    roots = current_settings().image_roots
    model = st.selectbox("Model", list(known), index=_first_choice(known, roots), key="run-model")
    try:
        card = read_card(known[model])
    except InputError as error:
        st.error(escaped(str(error).replace(str(known[model]), model)))
        return
    st.caption(escaped(text.of_model(card)))
    folders = data_sets(roots, card.classes.names)
    if not folders:
        st.info(text.NO_FOLDER)
        return
    images = st.selectbox("Images", list(folders), index=_own(card, folders) or 0, key=f"run-images-{model}")
    data = st.text_input(
        "Name of the data set", folders[images].name, key=f"run-data-{images}", help=text.DATA_HELP, max_chars=80
    ).strip()
    study = st.text_input(
        "Name of the new study",
        _free_name(f"{data}-{model}"),
        key=f"run-study-{data}-{model}",
        help=text.STUDY_HELP,
        max_chars=80,
    ).strip()
    job = _status()
    wait = "" if job is None else jobs.UNFINISHED.get(job.state, "")
    if st.button("Evaluate", disabled=bool(wait)):
        _do(
            "start",
            study,
            lambda: jobs.start(model=model, images=str(folders[images]), data=data, study=study, roots=roots),
        )
    if wait:
        st.caption(wait)


def _own(card: ModelCard, folders: Mapping[str, Path]) -> int | None:
    """Return the place of the folder that is called like the data set of a model; none when none is."""
    name = card.data.get("name")
    return next((place for place, folder in enumerate(folders.values()) if folder.name == name), None)


def _first_choice(known: Mapping[str, Path], roots: tuple[Path, ...]) -> int:
    """Return the place of a model whose own data set is under the roots, that of the API first; else of the latter."""
    order = sorted(known, key=lambda name: name != current_settings().model)
    for name in order:
        try:
            card = read_card(known[name])
        except InputError:  # said once it is chosen
            continue
        if _own(card, data_sets(roots, card.classes.names)) is not None:
            return list(known).index(name)
    return list(known).index(order[0])


def _free_name(wanted: str) -> str:
    taken = studies()
    return next(name for name in (wanted, *(f"{wanted}-{number}" for number in range(2, 1000))) if name not in taken)


def _status() -> Status | None:
    try:
        return jobs.status()
    except InputError:  # said where the last evaluation is shown
        return None


def outcome() -> None:
    """Draw what became of the last evaluation; while it runs, look again by itself."""
    job = _status()
    running = job is not None and job.state == State.RUNNING
    if job is not None and running:
        state.watch(job.job.asked)
    st.fragment(_outcome, run_every=EVERY if running else None)(was_running=running)


def _outcome(*, was_running: bool) -> None:
    try:
        job = jobs.status()
    except InputError as error:
        st.error(escaped(str(error)))
        if may_run():
            st.button("Discard", on_click=_allowed, args=("discard", "", jobs.discard))
        return
    if was_running and (job is None or job.state != State.RUNNING):
        st.rerun()  # the whole page: the form is open again
    if job is None:
        st.caption(text.NONE_YET)
        return
    if job.state == State.DONE and state.watched() == job.job.asked:
        state.watch(None)
        st.switch_page(PAGES["overview"].file, query_params=state.link(job.job.study))
    st.markdown(text.asked(job.job))
    if job.state == State.RUNNING:
        _under_way(job.progress, job.job.study)
    elif job.state == State.DONE:
        st.success(text.done(job.job))
        query = state.link(job.job.study)
        st.page_link(PAGES["overview"].file, label="Open the study", query_params=query, width="content")
    else:
        _go_on(job)


def _under_way(progress: Progress | None, study: str) -> None:
    share = progress.done / progress.total if progress is not None and progress.total else 0.0
    st.progress(min(share, 1.0), text.progress(progress))
    st.caption(text.OPENS)
    if may_run():
        st.button("Cancel", on_click=_allowed, args=("cancel", study, jobs.cancel))


def _go_on(status: Status) -> None:
    """Offer to resume what was stopped, or to forget it."""
    (st.error if status.state == State.FAILED else st.warning)(text.stopped(status))
    if not may_run():
        return
    with st.container(horizontal=True):
        again = st.button("Resume")
        st.button("Discard", on_click=_allowed, args=("discard", status.job.study, jobs.discard))
    if again:
        _do("resume", status.job.study, lambda: jobs.resume(roots=current_settings().image_roots))


def _allowed(kind: AccessKind, study: str, action: Callable[[], object]) -> None:
    """Do it and write it down, for whom the settings let. Raises ``InputError`` for others."""
    who = signed_in()
    check(who, "run")
    if not may_run():
        raise InputError(text.OTHERS_MAY)
    note(kind, who=who, what="evaluation", study=study)
    action()


def _do(kind: AccessKind, study: str, action: Callable[[], object]) -> None:
    try:
        _allowed(kind, study, action)
    except InputError as error:
        st.error(escaped(str(error)))
    else:
        st.rerun()
