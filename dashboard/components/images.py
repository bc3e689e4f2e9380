"""The details of a data set's images, which wait behind their titles."""

import streamlit as st

from neuroval.dashboard.cases.evidence import Evidence
from neuroval.dashboard.components import exports, frame
from neuroval.dashboard.components.tables import table
from neuroval.dashboard.words import data_set as text
from neuroval.data.study.folder import Study


def contents(study: Study, evidence: Evidence) -> None:
    """Fold away size, format and grey values of the images, by class and by source."""

    def draw() -> None:
        by_class = text.image_rows(evidence.results.whole.images.classes, "Class", study.classes)
        by_source = text.image_rows(evidence.results.whole.images.sources, "Source", study.classes)
        for rows, alt in ((by_class, "Images by class"), (by_source, "Images by source")):
            st.dataframe(rows, hide_index=True, height="content", alt=alt)
            exports.csv_button(study, rows, what=alt.lower().replace(" ", "-"))
        st.caption(text.SPREADS)

    frame.folded("Size, file format and grey values, by class and source", key="image-contents", draw=draw)


def missing(study: Study, evidence: Evidence) -> None:
    """Fold away what is not recorded, by class."""
    rows = text.missing_rows(evidence.results.whole.images, study.classes)

    def draw() -> None:
        table(rows, alt="Missing metadata by class")
        exports.csv_button(study, rows, what="missing")

    if rows:
        frame.folded("What is not recorded, by class", key="missing", draw=draw)
