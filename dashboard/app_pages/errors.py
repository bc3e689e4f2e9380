"""Where is it wrong? The gallery of errors or of all scans, or one case in full."""

from functools import partial

import streamlit as st

from dashboard import state, text
from dashboard import text_cases as words
from dashboard.components import case_view, cases, exports, frame, gallery
from dashboard.compute import evidence as evidence_of
from dashboard.figures.formats import escaped
from dashboard.listed import listed_case

case_id = state.case_id()
study = frame.chosen()
evidence = evidence_of(study)
listed = listed_case(study, case_id) if case_id else None
selection, everything = evidence.selection, state.everything()
rows = gallery.passing(selection)

if listed is not None:
    case = evidence.cases.get(listed.case_id)
    heading = words.listed_title(listed, study.classes) if case is None else words.case_title(case, study.classes)
    frame.title(study, escaped(heading))
    order = selection.ids(rows)
    if listed.case_id not in order:
        order = selection.ids(selection.rows({}, everything=everything))
    case_view.case_view(study, evidence, listed, order)
else:
    frame.title(study, text.TITLES["errors"])
    frame.answer(text.errors(evidence.errors))
    frame.seen(evidence)
    if case_id:
        st.warning(text.NO_SUCH_CASE)
    pictures = cases.images_note(study)
    gallery.filters(selection, study.classes)
    total, noun = (evidence.errors.n, "scan") if everything else (evidence.errors.count, "error")
    page = gallery.page_of(len(rows), total=total, noun=noun)
    shown = [evidence.cases[name] for name in selection.ids(rows[page])]
    cases.tiles(study, shown, columns=4, pictures=pictures, here=True)
    exports.csv_button(study, partial(selection.records, rows), what="cases")
    gallery.on_target(study, evidence)
frame.how("errors")
