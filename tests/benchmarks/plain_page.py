"""What the page benchmark compares with: one Streamlit script that does the same work at every rerun, without caches.

Run by ``pages.py``; the study's folder and that of its images come from the environment.
"""

import os
from pathlib import Path

import streamlit as st

from neuroval.analysis.core.metrics import Metric, read
from neuroval.analysis.performance.per_class import ClassPerformance, Performance
from neuroval.dashboard.cases.evidence import evidence_of
from neuroval.dashboard.figures import scan
from neuroval.dashboard.figures.forest_plot import Row, forest, lowest
from neuroval.dashboard.figures.matrix import matrix_figure
from neuroval.dashboard.figures.reliability import reliability_figure
from neuroval.dashboard.figures.risk_coverage import risk_coverage_figure
from neuroval.dashboard.words import confusion as text_confusion
from neuroval.dashboard.words import findings as text_findings
from neuroval.dashboard.words import overview as text_overview
from neuroval.dashboard.words import per_class as text_classes
from neuroval.data.study.folder import read_study


def _rows(judged: Performance, rate: Metric[ClassPerformance]) -> list[Row]:
    colour = study.classes.colour
    found = [(one.name, value.headline) for one in judged.classes for _, value in read((rate,), one)]
    return [Row(label=name, colour=colour[name], estimate=value) for name, value in found]


study = read_study(Path(os.environ["PLAIN_STUDY"]))
source = evidence_of(study)
images = os.environ.get("PLAIN_IMAGES")
page = st.sidebar.radio("Page", ["overview", "per_class", "confusion", "confidence", "errors"])
st.title(page)
if page == "overview":
    st.write(text_overview.answer(source))
    st.dataframe([{"finding": text_findings.text(found)} for found in source.results.findings])
elif page == "per_class":
    judged = source.results.performance
    st.write(text_classes.answer(judged, study.classes))
    for rates in (text_classes.RATES[:2], text_classes.RATES[2:]):
        sections = [(rate.label, _rows(judged, rate)) for rate in rates]
        found = [row.estimate for _, rows in sections for row in rows]
        st.plotly_chart(forest(sections, start=lowest(found)), key=rates[0].key)
elif page == "confusion":
    st.plotly_chart(matrix_figure(source.results.performance.matrix, study.classes, harm=study.manifest.harm))
    st.write(text_confusion.answer(source.results.pairs, study.classes, source.results.performance.matrix.n))
elif page == "confidence":
    found = source.results.confidence
    st.plotly_chart(reliability_figure(found.reliability.top_label, x="Confidence", y="Accuracy"))
    st.plotly_chart(risk_coverage_figure(found.risk_coverage, referred=found.referral.referred.plain.value))
    st.dataframe([{"tier": one.tier, "n": one.share.plain.count} for one in source.results.confidence.tiers])
else:
    names = study.classes.names
    reference = st.selectbox("Reference", ["all", *names])
    wrong = [one for one in source.results.errors.cases if reference in ("all", one.reference)]
    paths = dict(zip(study.cases["case_id"], study.cases["image_path"], strict=True))
    for column, one in zip(st.columns(4) * 6, wrong[:24], strict=False):
        path = None if images is None else Path(images) / paths[one.case_id]
        if path is not None:
            column.image(scan.render(study, one.case_id, path, class_name=one.predicted, size="pair"))
        column.caption(f"{one.reference} called {one.predicted} {one.confidence:.2f}")
st.write("done")
