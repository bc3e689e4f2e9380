"""Is it stable? Each number over the folds, grouped against ungrouped, and the pooled matrix."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components import label_suspects as suspects
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import cross_validation as text_cross_validation
from neuroval.dashboard.words.confusion import matrix_rows
from neuroval.dashboard.words.formats import cut_names, escaped

study, evidence = frame.opened("cross_validation")
grouped, ungrouped, classes = evidence.results.whole.grouped, evidence.results.whole.ungrouped, study.classes
frame.answer(text_cross_validation.answer(grouped, ungrouped, evidence.results.whole.grouping))

if kinds := charts.kinds_of_folds(evidence):
    if note := text_cross_validation.lighter(study.manifest):
        st.caption(escaped(note))
    alt = "Numbers in each fold, with mean and corrected interval"
    exports.chart(study, charts.folds(evidence), name="folds", alt=alt)
    st.caption(text_cross_validation.DOTS)

    st.header("Over the folds", anchor=False)
    over = text_cross_validation.fold_rows(grouped, ungrouped, classes)
    exports.table(study, over, what="folds", alt="Numbers over the folds")
    label, _, pooled = kinds[0]
    if pooled.performance is not None:
        st.header(f"{label}, all folds pooled", anchor=False)
        st.caption(text_cross_validation.basis(pooled, classes))
        matrix = pooled.performance.matrix
        alt = "Pooled confusion matrix: rows reference standard, columns predicted"
        exports.chart(study, charts.pooled(evidence, matrix), name="pooled", alt=alt)
        if names := cut_names([classes.display[name] for name in matrix.classes]):
            st.caption(escaped(names))
        exports.csv_button(study, matrix_rows(matrix, classes), what="pooled-matrix")
elif study.manifest.model is not None:
    st.info(text_cross_validation.HOW_TO_FOLD)
suspects.suspects(study, evidence)
frame.how("cross_validation")
