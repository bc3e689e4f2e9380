"""What is mistaken for what? The matrix, the cases of one cell, and what each error costs."""

import streamlit as st

from neuroval.dashboard.components import behind, decisions, exports, frame, tiles
from neuroval.dashboard.components.tables import cost_list
from neuroval.dashboard.figures.matrix import FEW, MANY
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.session import state
from neuroval.dashboard.words import confusion as text_confusion
from neuroval.dashboard.words.basis import of_scans
from neuroval.dashboard.words.formats import counted, cut_names, escaped

SHOWN = 6  # cases of a cell
LISTED = 12  # kinds of error: all of them for four classes

study, evidence = frame.opened("confusion")
matrix, classes, manifest = evidence.results.performance.matrix, study.classes, study.manifest
frame.answer(text_confusion.answer(evidence.results.pairs, classes, matrix.n))
frame.seen(evidence)

ranked = evidence.costliest
for key, name in zip((state.ROW, state.COLUMN), charts.worst_cell(evidence), strict=True):
    state.follow(key, classes.names, default=name)

wide = len(classes) > FEW  # then the cells of half a page have no room for their numbers
left, right = (st.container(), st.container()) if wide else st.columns([11, 9], gap="large")
with right:
    with st.container(horizontal=True):
        row, column = (
            st.selectbox(
                label,
                classes.names,
                format_func=classes.display.__getitem__,
                key=key,
                width=165,
                on_change=state.class_chosen,
                args=(key,),
            )
            for label, key in (("Reference", state.ROW), ("Predicted", state.COLUMN))
        )
    chosen = evidence.cell(row, column)
    st.markdown(f"**{counted(len(chosen), 'case')}**, the most confident first")
    if chosen:
        shown = [evidence.cases[case_id] for case_id in chosen[:SHOWN]]
        tiles.tiles(study, shown, columns=2, pictures=tiles.images_note(study, evidence))
    if len(chosen) > SHOWN:
        behind.in_gallery(study, len(chosen), reference=row, predicted=column)
with left:
    exports.chart(
        study,
        charts.confusion(evidence, row, column),
        name="confusion",
        key=state.MATRIX,
        on_select=state.take_clicked_cell,
        selection_mode="points",
        alt="Confusion matrix: rows reference standard, columns predicted",
    )
    st.caption(
        f"{of_scans(matrix.n, evidence.basis)} Area is the number of cases, colour the harm. "
        "Click a cell or use the two selectors."
    )
    if names := cut_names([classes.display[name] for name in classes.names]):
        st.caption(escaped(names))
    if len(classes) > MANY:
        frame.folded("All numbers", key="matrix-numbers", draw=lambda: behind.matrix(matrix, classes))
    exports.csv_button(study, text_confusion.matrix_rows(matrix, classes), what="matrix")

st.header("What each error costs", anchor=False)
decisions.harm(study, evidence)
st.caption(text_confusion.ORDER if manifest.harm else text_confusion.ORDER_WITHOUT_HARM)
seen, unseen = ([pair for pair in ranked if bool(pair.count) is there] for there in (True, False))
cost_list(seen[:LISTED], manifest)
if len(seen) > LISTED:
    st.caption(f"The first {LISTED} of {len(seen):,} kinds of error; the download holds all.")
if unseen:
    listed = f", the first {LISTED} listed" if len(unseen) > LISTED else ""
    frame.folded(
        f"Kinds of error that did not occur ({len(unseen):,}{listed})",
        key="unseen-errors",
        draw=lambda: cost_list(unseen[:LISTED], manifest),
    )
exports.csv_button(study, [text_confusion.pair_row(pair, manifest) for pair in ranked], what="errors")
decisions.decision_curve(study, evidence)
frame.how("confusion")
