"""Where is it wrong? The gallery of errors or of all scans, or one case in full."""

from functools import partial

import streamlit as st

from neuroval.dashboard.cases.any_case import listed_case
from neuroval.dashboard.components import exports, frame, gallery, reading_lists, review, tile_grid, tiles
from neuroval.dashboard.components import one_case as case_view
from neuroval.dashboard.pages import PAGES
from neuroval.dashboard.session import state
from neuroval.dashboard.session.cache import case_named
from neuroval.dashboard.session.cache import evidence as evidence_of
from neuroval.dashboard.words import cases as words
from neuroval.dashboard.words import errors as text_errors
from neuroval.dashboard.words import general as text
from neuroval.dashboard.words.formats import escaped

TILES = 120  # on a page

named = state.case_id()
study = frame.chosen()
evidence = evidence_of(study, frame.basis(study))
case_id = case_named(study, named) if named else None
listed = listed_case(study, case_id) if case_id else None
selection, everything = evidence.selection, state.everything()
reviews = review.standing(study)
filtered = gallery.passing(selection)
rows = review.passing(reviews, selection, filtered, case_id=case_id)

if listed is not None:
    case = evidence.cases.get(listed.case_id)
    heading = words.listed_title(listed, study.classes) if case is None else words.case_title(case, study.classes)
    frame.title(study, escaped(heading))
    order = selection.ids(rows)
    if listed.case_id not in order:
        order = selection.ids(selection.rows({}, everything=everything))
    case_view.case_view(study, evidence, listed, order, reviews)
else:
    frame.title(study, PAGES["errors"].question)
    frame.judged_on(evidence)
    frame.answer(text_errors.answer(evidence.results.errors))
    frame.seen(evidence)
    if named:
        st.warning(text.NO_SUCH_CASE)
    pictures = tiles.images_note(study, evidence)
    gallery.filters(selection, study.classes)
    gallery.headline(selection, study.classes)
    reading_lists.outcome()
    review.filters(reviews, selection, filtered)
    total, noun = (evidence.results.errors.n, "scan") if everything else (evidence.results.errors.count, "error")
    page = gallery.page_of(len(rows), total=total, noun=noun, size=TILES)
    shown = [evidence.cases[name] for name in selection.ids(rows[page])]
    selected = tile_grid.show(study, shown, reviews=reviews, pictures=pictures)
    reading_lists.from_gallery(study, reviews, selection.ids(rows), who=review.named_reader())
    exports.csv_button(study, partial(selection.records, rows), what="cases")
    if selected:
        kept = rows[page][[case.case_id in selected for case in shown]]
        label = words.selected_csv(len(selected))
        exports.csv_button(study, partial(selection.records, kept), what="selected-cases", label=label)
    gallery.on_target(study, evidence)
frame.how("errors")
