"""How was it trained? The curves, what chose the weights, the readings of the test split, the recipe."""

import streamlit as st

from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.session import page_figures as charts
from neuroval.dashboard.words import training as text

study, evidence = frame.opened("training")
manifest = study.manifest
run = evidence.results.whole.final_run
frame.answer(text.answer(run, manifest.test_reads, manifest))
if both := text.tuning_and_test(evidence.published):
    frame.answer(both)

if run is not None:
    for column, title in zip(st.columns(2, gap="medium"), charts.COURSES, strict=True):
        with column:
            figure = charts.course(run, title)
            exports.chart(study, figure, name=title.lower(), alt=f"{title} by epoch, train and tuning")
    st.caption(text.curves(manifest))

st.header("Readings of the test split", anchor=False)
if manifest.test_reads:
    exports.table(study, text.reading_rows(manifest.test_reads), what="readings", alt="Readings of the test split")
else:
    st.caption(text.readings(()))

if manifest.model is not None and manifest.model.recipe:
    st.header("Settings", anchor=False)
    recipe = manifest.model.recipe
    table(text.recipe_rows(recipe, first=True), alt="The settings that are read first")
    frame.folded(
        f"All settings ({len(text.recipe_rows(recipe))})",
        key="settings",
        draw=lambda: exports.table(study, text.recipe_rows(recipe), what="settings", alt="Settings of the training"),
    )
frame.how("training")
