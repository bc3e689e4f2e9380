"""Where is it wrong? The gallery of errors or of all scans, or one case in full."""

import streamlit as st

from dashboard import state, text
from dashboard import text_cases as words
from dashboard.components import case_view, cases, frame, gallery
from dashboard.compute import evidence as evidence_of
from dashboard.figures.formats import escaped
from dashboard.listed import listed_case

case_id = state.case_id()
study = frame.chosen()
evidence = evidence_of(study)
listed = listed_case(study, case_id) if case_id else None
selection, everything = evidence.selection, state.everything()
chosen = gallery.passing(selection)

if listed is not None:
    case = evidence.cases.get(listed.case_id)
    heading = words.listed_title(listed, study.classes) if case is None else words.case_title(case, study.classes)
    frame.title(study, escaped(heading))
    whole = selection.ids(selection.rows({}, everything=everything))
    case_view.case_view(study, evidence, listed, chosen if listed.case_id in chosen else whole)
else:
    frame.title(study, text.TITLES["errors"])
    frame.answer(text.errors(evidence.errors))
    if case_id:
        st.warning(text.NO_SUCH_CASE)
    pictures = cases.images_note(study)
    gallery.filters(selection, study.classes)
    total, noun = (evidence.errors.n, "scan") if everything else (evidence.errors.count, "error")
    page = gallery.page_of(chosen, total=total, noun=noun)
    cases.tiles(study, [evidence.cases[name] for name in page], columns=4, pictures=pictures, here=True)
frame.how("errors")
