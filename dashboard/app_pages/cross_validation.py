"""Is it stable? Each number over the folds, grouped against ungrouped, and the pooled matrix."""

import streamlit as st

from dashboard import compute
from dashboard import text_training as text
from dashboard.components import exports, frame, suspects
from dashboard.figures.fold_dots import Row, fold_dots, start_of
from dashboard.figures.formats import escaped
from dashboard.figures.look import ACCENT
from dashboard.figures.matrix import CORRECT, matrix_figure
from dashboard.text import matrix_rows

study, evidence = frame.opened("cross_validation")
grouped, ungrouped, classes = evidence.grouped, evidence.ungrouped, study.classes
frame.answer(text.cross_validation(grouped, ungrouped, evidence.grouping))

both = (("Grouped", ACCENT, grouped), ("Not grouped", CORRECT, ungrouped))
kinds = [kind for kind in both if kind[2].performance is not None]
if kinds:
    if note := text.lighter(study.manifest):
        st.caption(escaped(note))
    shown = {name: label for name, label in text.NAMES.items() if any(one.name == name for one in kinds[0][2].numbers)}
    start = start_of([number for _, _, one in kinds for number in one.numbers if number.name in shown])
    for column, (name, title) in zip(frame.in_pairs(len(shown)), shown.items(), strict=True):
        rows = tuple(Row(label=label, colour=colour, number=text.number_of(one, name)) for label, colour, one in kinds)
        figure = compute.figure(fold_dots, title, rows, start=start)
        with column:
            alt = f"{title} in each fold, with mean and corrected interval"
            exports.chart(study, figure, name=f"folds-{name}", alt=alt)
    st.caption(text.DOTS)

    st.header("Over the folds", anchor=False)
    over = text.fold_rows(grouped, ungrouped, classes)
    exports.table(study, over, what="folds", alt="Numbers over the folds")
    label, _, pooled = kinds[0]
    if pooled.performance is not None:
        st.header(f"{label}, all folds pooled", anchor=False)
        st.caption(text.basis(pooled, classes))
        figure = compute.figure(matrix_figure, pooled.performance.matrix, classes, harm=study.manifest.harm)
        alt = "Pooled confusion matrix: rows reference standard, columns predicted"
        exports.chart(study, figure, name="pooled", alt=alt)
        exports.csv_button(study, matrix_rows(pooled.performance.matrix, classes), what="pooled-matrix")
elif study.manifest.model is not None:
    st.info(text.HOW_TO_FOLD)
suspects.suspects(study, evidence)
frame.how("cross_validation")
