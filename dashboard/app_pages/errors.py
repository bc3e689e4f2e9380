"""Where is it wrong? The gallery of errors, or one case in full."""

import streamlit as st

from dashboard import state, text
from dashboard.components import cases, frame, gallery
from dashboard.compute import evidence as evidence_of
from dashboard.figures.formats import escaped

case_id = state.case_id()
study = frame.chosen()
evidence = evidence_of(study)
case = evidence.cases.get(case_id) if case_id else None
chosen = gallery.passing(evidence.wrong)

if case is not None:
    frame.title(study, escaped(text.case_title(case, study.classes)))
    cases.case_view(study, evidence, case, chosen if case in chosen else evidence.wrong)
else:
    frame.title(study, text.TITLES["errors"])
    frame.answer(text.errors(evidence.errors))
    if case_id:
        st.warning(text.NO_SUCH_CASE)
    if evidence.errors.count:
        pictures = cases.images_note(study)
        gallery.filters(evidence.wrong, study.classes)
        page = gallery.page_of(chosen, total=evidence.errors.count)
        cases.tiles(study, page, columns=4, pictures=pictures, here=True)
frame.how("errors")
