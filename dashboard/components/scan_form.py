"""Choosing scans to read, and the frame of one that has several."""

from collections.abc import Sequence

import streamlit as st
from streamlit.typing import UploadedFile

from neuroval.dashboard.access.sign_in import signed_in
from neuroval.dashboard.permissions import note
from neuroval.dashboard.session import cache as compute
from neuroval.dashboard.session import state
from neuroval.dashboard.settings import current_settings
from neuroval.dashboard.words import try_scan as text_scan
from neuroval.dashboard.words.formats import escaped
from neuroval.data.exceptions import InputError
from neuroval.data.study.folder import Study
from neuroval.model.inference.scan_reader import Reader


def reader(study: Study) -> Reader | None:
    """Return the model of a study; none after saying calmly why no scan can be read with it."""
    if study.manifest.model is None:
        st.info(text_scan.IMPORTED)
        return None
    try:
        loaded = compute.reader(study)
    except InputError as error:
        st.error(escaped(str(error)))
        return None
    if loaded is None:
        st.info(text_scan.NO_MODEL)
    return loaded


def files() -> list[UploadedFile]:
    """Draw the form and return the files chosen."""
    limit = current_settings().widget_mb
    # Any name: DICOM files often have no ending.
    chosen = st.file_uploader("Scans", accept_multiple_files=True, key=state.SCANS, max_upload_size=limit)
    st.caption(f"{text_scan.FORM} {text_scan.FORGOTTEN}")
    if len(chosen) > (most := current_settings().batch_files):
        st.warning(text_scan.too_many(len(chosen), most))
    if chosen:
        try:
            note("view", who=signed_in(), what="an uploaded scan")
        except InputError as error:
            st.error(escaped(str(error)))
            return []
    return chosen[:most]


def place(names: Sequence[str]) -> int:
    """Draw the choice of one of several scans and return its place."""
    if len(names) == 1:
        return 0
    places = list(range(len(names)))
    chosen = st.selectbox("Scan", places, format_func=lambda name: names[name], key=state.SCAN, width=400)
    return chosen if chosen in places else 0


def middle(number: int) -> int:
    """Return the frame in the middle of so many; 1 where there is one."""
    return (number + 1) // 2


def frame(file: UploadedFile, number: int) -> int:
    """Draw the choice of a frame where there are several, from the middle on, and return it."""
    if number == 1:
        return 1
    return st.slider("Frame", 1, number, middle(number), key=f"{state.FRAME}-{file.file_id}", width=400)
