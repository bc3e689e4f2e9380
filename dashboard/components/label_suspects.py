"""Labels that cross-validation contradicts with confidence, each with the way to its scan."""

import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports, gallery, tiles
from neuroval.dashboard.words import cases as text
from neuroval.dashboard.words.formats import escaped
from neuroval.data.study.folder import Study

SIZE = 12  # suspects a page
WIDTH = 170  # of a scan: two side by side on a phone


def suspects(study: Study, evidence: Evidence) -> None:
    """Draw the suspects page by page; nothing without grouped cross-validation."""
    suspects_of_study = evidence.results.whole.suspects
    if suspects_of_study is None:
        return
    st.header("Labels to look at again", anchor=False)
    st.markdown(escaped(text.suspects(suspects_of_study)), width=860)
    st.caption(text.SUSPECTS)
    if not suspects_of_study.cases:
        return
    tiles.images_note(study)
    shown = evidence.suspect_images
    page = gallery.page_of(len(shown), total=len(shown), noun="image", size=SIZE)
    with st.container(horizontal=True, gap="small"):
        for suspect, copies in shown[page]:
            words, note = text.suspect(suspect, study.classes), text.suspect_note(suspect, copies=copies)
            tiles.thumbnail(study, suspect.case_id, words, note=note, width=WIDTH)
    rows = [
        text.suspect_row(suspect, evidence.listed[suspect.case_id][0], study.classes)
        for suspect in suspects_of_study.cases
    ]
    exports.csv_button(study, rows, what="suspects")
